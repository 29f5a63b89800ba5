/* SPDX-License-Identifier: MIT */
#ifndef CALLS_H
#define CALLS_H

#include <sys/syscall.h>

/* -1: this machine has no such call. */
#ifndef SYS_poll
#define SYS_creat (-1)
#define SYS_fork (-1)
#define SYS_open (-1)
#define SYS_poll (-1)
#define SYS_time (-1)
#define SYS_vfork (-1)
#endif
#ifndef SYS_renameat
#define SYS_renameat (-1)
#endif

#define CALL(name) \
	{ \
#name, SYS_##name \
	}

static const struct {
	const char *name;
	int number;
} calls[] = {
	CALL(read),
	CALL(write),
	CALL(readv),
	CALL(writev),
	CALL(pread64),
	CALL(pwrite64),
	CALL(preadv),
	CALL(pwritev),
	CALL(preadv2),
	CALL(pwritev2),
	CALL(lseek),
	CALL(close),
	CALL(recvfrom),
	CALL(shutdown),
	CALL(poll),
	CALL(ppoll),
	CALL(fstat),
	CALL(newfstatat),
	CALL(statx),
	CALL(fstatfs),
	CALL(flock),
	CALL(ftruncate),
	CALL(fallocate),
	CALL(fsync),
	CALL(fdatasync),
	CALL(sync_file_range),
	CALL(fadvise64),
	CALL(umask),
	CALL(fchown),
	CALL(fgetxattr),
	CALL(fsetxattr),
	CALL(fremovexattr),
	CALL(renameat),
	CALL(brk),
	CALL(munmap),
	CALL(mremap),
	CALL(madvise),
	CALL(clock_gettime),
	CALL(clock_nanosleep),
	CALL(nanosleep),
	CALL(gettimeofday),
	CALL(time),
	CALL(getrandom),
	CALL(getpid),
	CALL(gettid),
	CALL(getuid),
	CALL(geteuid),
	CALL(getgid),
	CALL(getegid),
	CALL(futex),
	CALL(restart_syscall),
	CALL(rt_sigprocmask),
	CALL(rt_sigreturn),
	CALL(exit),
	CALL(exit_group),
	CALL(openat),
	CALL(sendto),
	CALL(utimensat),
	CALL(mmap),
	CALL(mprotect),
	CALL(fchmod),
	CALL(unlinkat),
	CALL(linkat),
	CALL(renameat2),
	CALL(fcntl),
	CALL(execve),
	CALL(execveat),
	CALL(fork),
	CALL(vfork),
	CALL(clone),
	CALL(ptrace),
	CALL(process_vm_readv),
	CALL(process_vm_writev),
	CALL(kill),
	CALL(tkill),
	CALL(tgkill),
	CALL(rt_sigqueueinfo),
	CALL(socket),
	CALL(socketpair),
	CALL(connect),
	CALL(bind),
	CALL(listen),
	CALL(accept),
	CALL(accept4),
	CALL(sendmsg),
	CALL(sendmmsg),
	CALL(setuid),
	CALL(setgid),
	CALL(setresuid),
	CALL(setresgid),
	CALL(setgroups),
	CALL(setns),
	CALL(unshare),
	CALL(mount),
	CALL(umount2),
	CALL(pivot_root),
	CALL(chroot),
	CALL(bpf),
	CALL(perf_event_open),
	CALL(userfaultfd),
	CALL(add_key),
	CALL(request_key),
	CALL(keyctl),
	CALL(open_by_handle_at),
	CALL(init_module),
	CALL(finit_module),
	CALL(kexec_load),
	CALL(open),
	CALL(creat),
	CALL(openat2),
	CALL(truncate),
	CALL(name_to_handle_at),
	CALL(mkdirat),
	CALL(symlinkat),
	CALL(fchmodat),
	CALL(chdir),
	CALL(readlinkat),
	CALL(getdents64),
	CALL(clone3),
	CALL(io_uring_setup),
	CALL(memfd_create),
	CALL(pidfd_open),
	CALL(prctl),
	CALL(seccomp),
};

#endif
