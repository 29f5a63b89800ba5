/* SPDX-License-Identifier: MIT */
/* runs as: the front, the user */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "confine.h"

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#elif defined(__i386__)
#define THIS_ARCH AUDIT_ARCH_I386
#elif defined(__riscv)
#define THIS_ARCH AUDIT_ARCH_RISCV64
#endif

/* A sanitizer makes calls of its own, so its builds go without a filter. */
#if defined(__SANITIZE_ADDRESS__) || !defined(THIS_ARCH)
#define HAVE_FILTER 0
#else
#define HAVE_FILTER 1
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#undef HAVE_FILTER
#define HAVE_FILTER 0
#endif
#endif

#if HAVE_FILTER

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define IF(test, k, yes, no) \
	BPF_JUMP(BPF_JMP | (test) | BPF_K, (unsigned)(k), (yes), (no))
#define PASS SECCOMP_RET_ALLOW
#define KILL SECCOMP_RET_KILL_PROCESS
#define FAIL(number) (SECCOMP_RET_ERRNO | (number))
#define NR offsetof(struct seccomp_data, nr)

#define OF_THIS_ARCH \
	LOAD(offsetof(struct seccomp_data, arch)), \
	    IF(BPF_JEQ, THIS_ARCH, 1, 0), RETURN(KILL)

static int
install(const struct sock_filter *code, size_t n, struct err *e)
{
	struct sock_fprog prog = { (unsigned short)n,
		(struct sock_filter *)code };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == -1)
		return err_sys(
		    e, ERR_PERM, "Unable to set", "a seccomp filter");
	return 0;
}

int
confine_front(struct err *e)
{
#define ALLOW(nr) IF(BPF_JEQ, nr, 0, 1), RETURN(PASS)
	static const struct sock_filter code[] = { OF_THIS_ARCH, LOAD(NR),
		ALLOW(SYS_read), ALLOW(SYS_write), ALLOW(SYS_sendto),
		ALLOW(SYS_recvfrom),
#ifdef SYS_poll
		ALLOW(SYS_poll),
#endif
		ALLOW(SYS_ppoll), ALLOW(SYS_clock_gettime),
		ALLOW(SYS_restart_syscall), ALLOW(SYS_exit_group),
		RETURN(KILL) };

	return install(code, sizeof code / sizeof code[0], e);
}

#else

int
confine_front(struct err *e)
{
	(void)e;
	return 0;
}

#endif

/* Arguments are looked at, which are pairs of words. */
#if HAVE_FILTER && defined(__LP64__) && \
    __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

/* calls that not all machines have */
#define NONE 9999
#ifdef SYS_poll
#define POLL SYS_poll
#define FORK SYS_fork
#define VFORK SYS_vfork
#define TIME SYS_time
#else
#define POLL NONE
#define FORK NONE
#define VFORK NONE
#define TIME NONE
#endif
#ifdef SYS_renameat
#define RENAMEAT SYS_renameat
#else
#define RENAMEAT NONE
#endif
#ifdef SYS_newfstatat
#define FSTATAT SYS_newfstatat
#else
#define FSTATAT SYS_fstatat
#endif

/*
 * Whatever their arguments are: they work on fds that are open, on names in
 * folders that are open, or on nothing.  The libc's are among them: memory,
 * clocks, what abort(3) and signals need.
 */
#define HARMLESS(X, w) \
	(X(w, SYS_read) | X(w, SYS_write) | X(w, SYS_readv) | \
	    X(w, SYS_writev) | X(w, SYS_pread64) | X(w, SYS_pwrite64) | \
	    X(w, SYS_preadv) | X(w, SYS_pwritev) | X(w, SYS_preadv2) | \
	    X(w, SYS_pwritev2) | X(w, SYS_lseek) | X(w, SYS_close) | \
	    X(w, SYS_recvfrom) | X(w, SYS_shutdown) | X(w, POLL) | \
	    X(w, SYS_ppoll) | X(w, SYS_fstat) | X(w, FSTATAT) | \
	    X(w, SYS_statx) | X(w, SYS_fstatfs) | X(w, SYS_flock) | \
	    X(w, SYS_ftruncate) | X(w, SYS_fallocate) | X(w, SYS_fsync) | \
	    X(w, SYS_fdatasync) | X(w, SYS_sync_file_range) | \
	    X(w, SYS_fadvise64) | X(w, SYS_umask) | X(w, SYS_fchown) | \
	    X(w, SYS_fgetxattr) | X(w, SYS_fsetxattr) | \
	    X(w, SYS_fremovexattr) | X(w, RENAMEAT) | X(w, SYS_brk) | \
	    X(w, SYS_munmap) | X(w, SYS_mremap) | X(w, SYS_madvise) | \
	    X(w, SYS_clock_gettime) | X(w, SYS_clock_nanosleep) | \
	    X(w, SYS_nanosleep) | X(w, SYS_gettimeofday) | X(w, TIME) | \
	    X(w, SYS_getrandom) | X(w, SYS_getpid) | X(w, SYS_gettid) | \
	    X(w, SYS_getuid) | X(w, SYS_geteuid) | X(w, SYS_getgid) | \
	    X(w, SYS_getegid) | X(w, SYS_futex) | X(w, SYS_restart_syscall) | \
	    X(w, SYS_rt_sigprocmask) | X(w, SYS_rt_sigreturn) | \
	    X(w, SYS_exit) | X(w, SYS_exit_group))

/*
 * Nothing in popper or a libc tries one of these here, so who does has taken
 * the session over: it ends, and the log tells.
 */
#define DEADLY(X, w) \
	(X(w, SYS_execve) | X(w, SYS_execveat) | X(w, FORK) | X(w, VFORK) | \
	    X(w, SYS_clone) | X(w, SYS_ptrace) | X(w, SYS_process_vm_readv) | \
	    X(w, SYS_process_vm_writev) | X(w, SYS_kill) | X(w, SYS_tkill) | \
	    X(w, SYS_tgkill) | X(w, SYS_rt_sigqueueinfo) | X(w, SYS_socket) | \
	    X(w, SYS_socketpair) | X(w, SYS_connect) | X(w, SYS_bind) | \
	    X(w, SYS_listen) | X(w, SYS_accept) | X(w, SYS_accept4) | \
	    X(w, SYS_sendmsg) | X(w, SYS_sendmmsg) | X(w, SYS_setuid) | \
	    X(w, SYS_setgid) | X(w, SYS_setresuid) | X(w, SYS_setresgid) | \
	    X(w, SYS_setgroups) | X(w, SYS_setns) | X(w, SYS_unshare) | \
	    X(w, SYS_mount) | X(w, SYS_umount2) | X(w, SYS_pivot_root) | \
	    X(w, SYS_chroot) | X(w, SYS_bpf) | X(w, SYS_perf_event_open) | \
	    X(w, SYS_userfaultfd) | X(w, SYS_add_key) | \
	    X(w, SYS_request_key) | X(w, SYS_keyctl) | \
	    X(w, SYS_open_by_handle_at) | X(w, SYS_init_module) | \
	    X(w, SYS_finit_module) | X(w, SYS_kexec_load))

/* A list as a set of bits; words of 32 numbers need no sorting. */
#define BIT_IN(w, nr) ((nr) / 32 == (w) ? 1U << ((nr) % 32) : 0U)
#define WORDS 11
/* the word's bits to A, and then behind all words */
#define WORD(list, w) \
	IF(BPF_JGE, 32 * ((w) + 1), 2, 0), \
	    BPF_STMT(BPF_LD | BPF_IMM, list(BIT_IN, w)), \
	    BPF_JUMP(BPF_JMP | BPF_JA, 3 * (WORDS - 1 - (w)) + 1, 0, 0)
/* newer calls than these are in no list */
#define IF_IN(list, then) \
	WORD(list, 0), WORD(list, 1), WORD(list, 2), WORD(list, 3), \
	    WORD(list, 4), WORD(list, 5), WORD(list, 6), WORD(list, 7), \
	    WORD(list, 8), WORD(list, 9), WORD(list, 10), \
	    BPF_STMT(BPF_LD | BPF_IMM, 0), \
	    BPF_STMT(BPF_ALU | BPF_RSH | BPF_X, 0), IF(BPF_JSET, 1, 0, 1), \
	    RETURN(then), LOAD(NR)

#define ARG(i) offsetof(struct seccomp_data, args[i])
#define NO_BITS(nr, i, bits, otherwise) \
	IF(BPF_JEQ, nr, 0, 4), LOAD(ARG(i)), IF(BPF_JSET, bits, 1, 0), \
	    RETURN(PASS), RETURN(otherwise)
#define NULL_POINTER(nr, i, otherwise) \
	IF(BPF_JEQ, nr, 0, 6), LOAD(ARG(i)), IF(BPF_JEQ, 0, 0, 3), \
	    LOAD(ARG(i) + 4), IF(BPF_JEQ, 0, 0, 1), RETURN(PASS), \
	    RETURN(otherwise)

/* a set-group-id program would have the group of the spool folder */
#define ID_BITS 07000
/* an unnamed file is a bit more than O_DIRECTORY, which is in O_TMPFILE */
#define UNNAMED (O_TMPFILE & ~O_DIRECTORY)
#define ALL_BITS 0xffffffffU

int
confine_session(struct err *e)
{
	static const struct sock_filter code[] = {
		OF_THIS_ARCH,
		LOAD(NR),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 31),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		LOAD(NR),
		IF_IN(HARMLESS, PASS),

		/* what is made here; nothing that was there before */
		IF(BPF_JEQ, SYS_openat, 0, 9),
		LOAD(ARG(2)),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K,
		    O_CREAT | O_EXCL | O_PATH | UNNAMED),
		IF(BPF_JEQ, O_CREAT | O_EXCL, 2, 0),
		IF(BPF_JEQ, UNNAMED | O_EXCL, 1, 0),
		RETURN(FAIL(EACCES)),
		LOAD(ARG(3)),
		IF(BPF_JSET, ID_BITS, 1, 0),
		RETURN(PASS),
		RETURN(FAIL(EPERM)),

		/* to an address that somebody else listens at */
		NULL_POINTER(SYS_sendto, 4, KILL),
		/* times of a file by name, and that may be another's */
		NULL_POINTER(SYS_utimensat, 1, FAIL(EPERM)),
		NO_BITS(SYS_mmap, 2, PROT_EXEC, KILL),
		NO_BITS(SYS_mprotect, 2, PROT_EXEC, KILL),
		NO_BITS(SYS_fchmod, 1, ID_BITS, FAIL(EPERM)),
		NO_BITS(SYS_unlinkat, 2, ALL_BITS, FAIL(EPERM)),
		NO_BITS(SYS_linkat, 4, ALL_BITS, FAIL(EPERM)),
		NO_BITS(SYS_renameat2, 4, ~RENAME_NOREPLACE, FAIL(EPERM)),
		/* not F_SETOWN, which sends signals */
		IF(BPF_JEQ, SYS_fcntl, 0, 5),
		LOAD(ARG(1)),
		IF(BPF_JEQ, F_OFD_SETLK, 2, 0),
		IF(BPF_JGT, F_GETFL, 0, 1),
		RETURN(FAIL(EPERM)),
		RETURN(PASS),

		IF_IN(DEADLY, KILL),
		RETURN(FAIL(ENOSYS)),
	};

	return install(code, sizeof code / sizeof code[0], e);
}

#else

int
confine_session(struct err *e)
{
	(void)e;
	return 0;
}

#endif
