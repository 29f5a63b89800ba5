/* SPDX-License-Identifier: MIT */
/* runs as: the front, look-ups, poptls's engine, the user */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "confine.h"

/* Arguments are looked at, which are pairs of words. */
#if defined(__LP64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define THIS_ARCH AUDIT_ARCH_RISCV64
#endif
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

#define ARG(i) offsetof(struct seccomp_data, args[i])
#define NO_BITS(nr, i, bits, otherwise) \
	IF(BPF_JEQ, nr, 0, 4), LOAD(ARG(i)), IF(BPF_JSET, bits, 0, 1), \
	    RETURN(otherwise), LOAD(NR)
#define NULL_POINTER(nr, i, otherwise) \
	IF(BPF_JEQ, nr, 0, 6), LOAD(ARG(i)), IF(BPF_JEQ, 0, 0, 2), \
	    LOAD(ARG(i) + 4), IF(BPF_JEQ, 0, 1, 0), RETURN(otherwise), \
	    LOAD(NR)

#define NOT_OF(nr, fd, otherwise) \
	IF(BPF_JEQ, nr, 0, 4), LOAD(ARG(0)), IF(BPF_JEQ, fd, 0, 1), \
	    RETURN(otherwise), LOAD(NR)
#define NOT_LOG(nr) NOT_OF(nr, log, FAIL(EPERM))
#define ALL_BITS 0xffffffffU
/* as the log does it: other places and flags write over what is there */
#define ONLY_AT_END(otherwise) \
	IF(BPF_JEQ, SYS_pwritev2, 0, 8), LOAD(ARG(3)), \
	    IF(BPF_JEQ, ALL_BITS, 0, 4), LOAD(ARG(3) + 4), \
	    IF(BPF_JEQ, ALL_BITS, 0, 2), LOAD(ARG(5)), \
	    IF(BPF_JEQ, RWF_NOWAIT, 1, 0), RETURN(otherwise), LOAD(NR)

#define ALLOW(nr) IF(BPF_JEQ, nr, 0, 1), RETURN(PASS)

int
confine_front(struct err *e)
{
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

int
confine_engine(struct err *e)
{
	static const struct sock_filter code[] = { OF_THIS_ARCH, LOAD(NR),
		/* as for the session: no address, and of the log its end */
		NULL_POINTER(SYS_sendto, 4, KILL),
		NOT_OF(SYS_pwrite64, STDERR_FILENO, KILL), ONLY_AT_END(KILL),
		ALLOW(SYS_recvfrom), ALLOW(SYS_sendto),
#ifdef SYS_poll
		ALLOW(SYS_poll),
#endif
		ALLOW(SYS_ppoll), ALLOW(SYS_clock_gettime), ALLOW(SYS_read),
		ALLOW(SYS_write), ALLOW(SYS_pread64), ALLOW(SYS_pwrite64),
		ALLOW(SYS_pwritev2), ALLOW(SYS_shutdown), ALLOW(SYS_close),
		ALLOW(SYS_getpid), ALLOW(SYS_restart_syscall),
		ALLOW(SYS_exit_group), RETURN(KILL) };

	return install(code, sizeof code / sizeof code[0], e);
}

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
 * They work on names in folders that are open, or on nothing, and harm nobody
 * whatever fd they get.  The libc's are among them: memory, clocks, signals.
 * Arguments of some were looked at before.
 */
#define HARMLESS(X, w) \
	(X(w, POLL) | X(w, SYS_ppoll) | X(w, SYS_fstat) | X(w, FSTATAT) | \
	    X(w, SYS_statx) | X(w, SYS_fstatfs) | X(w, SYS_fsync) | \
	    X(w, SYS_fdatasync) | X(w, SYS_sync_file_range) | \
	    X(w, SYS_fadvise64) | X(w, SYS_umask) | X(w, SYS_openat) | \
	    X(w, SYS_unlinkat) | X(w, SYS_linkat) | X(w, RENAMEAT) | \
	    X(w, SYS_renameat2) | X(w, SYS_mmap) | X(w, SYS_mprotect) | \
	    X(w, SYS_brk) | X(w, SYS_munmap) | X(w, SYS_mremap) | \
	    X(w, SYS_madvise) | X(w, SYS_clock_gettime) | \
	    X(w, SYS_clock_nanosleep) | X(w, SYS_nanosleep) | \
	    X(w, SYS_gettimeofday) | X(w, TIME) | X(w, SYS_getrandom) | \
	    X(w, SYS_getpid) | X(w, SYS_gettid) | X(w, SYS_getuid) | \
	    X(w, SYS_geteuid) | X(w, SYS_getgid) | X(w, SYS_getegid) | \
	    X(w, SYS_futex) | X(w, SYS_restart_syscall) | \
	    X(w, SYS_rt_sigprocmask) | X(w, SYS_rt_sigreturn) | \
	    X(w, SYS_exit) | X(w, SYS_exit_group))

/*
 * Nothing in popper or a libc tries one of these here, but abort(3), which
 * ends the process anyway.  So who does has taken the session over: it ends,
 * and the log tells.
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

/*
 * Calls by what their fd may be: the log for all of them, or the client for
 * those and the second kind, or else one of the set, which is that of the
 * maildrop's files.  A folder could be opened to others, the log emptied, and
 * what popper inherited, for instance the file whose lock counts this session,
 * written to, locked, or closed.
 */
#define FDS 64
#define CALL(nr, skip) IF(BPF_JEQ, nr, skip, 0)
#define FD_CALLS 18 /* of the third kind */
#define BY_FD(set, in, out, log) \
	CALL(SYS_write, 3), CALL(SYS_writev, 2), CALL(SYS_pwritev2, 1), \
	    IF(BPF_JEQ, SYS_sendto, 0, 2), LOAD(ARG(0)), \
	    IF(BPF_JEQ, log, FD_CALLS + 19, 4), CALL(SYS_read, 3), \
	    CALL(SYS_recvfrom, 2), CALL(SYS_shutdown, 1), \
	    BPF_JUMP(BPF_JMP | BPF_JA, 3, 0, 0), LOAD(ARG(0)), \
	    IF(BPF_JEQ, in, FD_CALLS + 13, 0), \
	    IF(BPF_JEQ, out, FD_CALLS + 12, FD_CALLS), CALL(SYS_readv, 17), \
	    CALL(SYS_pread64, 16), CALL(SYS_pwrite64, 15), \
	    CALL(SYS_preadv, 14), CALL(SYS_pwritev, 13), \
	    CALL(SYS_preadv2, 12), CALL(SYS_lseek, 11), CALL(SYS_close, 10), \
	    CALL(SYS_flock, 9), CALL(SYS_fcntl, 8), CALL(SYS_ftruncate, 7), \
	    CALL(SYS_fallocate, 6), CALL(SYS_fchmod, 5), CALL(SYS_fchown, 4), \
	    CALL(SYS_utimensat, 3), CALL(SYS_fgetxattr, 2), \
	    CALL(SYS_fsetxattr, 1), IF(BPF_JEQ, SYS_fremovexattr, 0, 13), \
	    LOAD(ARG(0)), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 31), \
	    BPF_STMT(BPF_MISC | BPF_TAX, 0), LOAD(ARG(0)), \
	    IF(BPF_JGE, FDS, 6, 0), IF(BPF_JGE, 32, 2, 0), \
	    BPF_STMT(BPF_LD | BPF_IMM, (uint32_t)(set)), \
	    BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0), \
	    BPF_STMT(BPF_LD | BPF_IMM, (uint32_t)((set) >> 32)), \
	    BPF_STMT(BPF_ALU | BPF_RSH | BPF_X, 0), IF(BPF_JSET, 1, 1, 0), \
	    RETURN(FAIL(EPERM)), RETURN(PASS)

/* a set-group-id program would have the group of the spool folder */
#define ID_BITS 07000
/* an unnamed file is a bit more than O_DIRECTORY, which is in O_TMPFILE */
#define UNNAMED (O_TMPFILE & ~O_DIRECTORY)
/* memory of a file reads it, and these are not counted as data */
#define KINDS (MAP_ANONYMOUS | MAP_SHARED | MAP_GROWSDOWN)
#define OWN 16	/* more than a session has of files that it makes */
#define STEP 16 /* poll(2) takes no more than may be open */

static uint64_t
bit(int fd)
{
	return fd >= 0 && fd < FDS ? (uint64_t)1 << fd : 0;
}

/* All that are not open: files that a session makes have their numbers. */
static uint64_t
unused(void)
{
	struct pollfd p[STEP];
	uint64_t set = 0;
	int fd;
	int i;

	for (fd = 0; fd < FDS; fd += STEP) {
		for (i = 0; i < STEP; i++)
			p[i] = (struct pollfd){ .fd = fd + i };
		poll(p, STEP, 0);
		for (i = 0; i < STEP; i++) {
			if ((p[i].revents & POLLNVAL) != 0)
				set |= bit(fd + i);
		}
	}
	return set;
}

static int
find_files(uint64_t *set, const struct confine_fds *fds, struct err *e)
{
	bool fit;
	size_t i;

	*set = unused();
	fit = __builtin_popcountll(*set) >= OWN;
	for (i = 0; i < fds->files; i++) {
		*set |= bit(fds->file[i]);
		fit = fit && fds->file[i] < FDS;
	}
	if (fit)
		return 0;
	return err_set(e, ERR_TEMP,
	    "Unable to confine the session: too many files were open when it "
	    "was started");
}

int
confine_session(const struct confine_fds *fds, struct err *e)
{
	uint64_t files;

	if (find_files(&files, fds, e) == -1)
		return -1;

	const struct sock_filter code[] = {
		OF_THIS_ARCH,
		LOAD(NR),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 31),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		LOAD(NR),

		/* what is made here; nothing that was there before */
		IF(BPF_JEQ, SYS_openat, 0, 9),
		LOAD(ARG(2)),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K,
		    O_CREAT | O_EXCL | O_PATH | UNNAMED),
		IF(BPF_JEQ, O_CREAT | O_EXCL, 2, 0),
		IF(BPF_JEQ, UNNAMED | O_EXCL, 1, 0),
		RETURN(FAIL(EACCES)),
		LOAD(ARG(3)),
		IF(BPF_JSET, ID_BITS, 0, 1),
		RETURN(FAIL(EPERM)),
		LOAD(NR),

		/* to an address that somebody else listens at */
		NULL_POINTER(SYS_sendto, 4, KILL),
		/* times of a file by name, and that may be another's */
		NULL_POINTER(SYS_utimensat, 1, FAIL(EPERM)),
		NO_BITS(SYS_mmap, 2, PROT_EXEC, KILL),
		NO_BITS(SYS_mprotect, 2, PROT_EXEC, KILL),
		IF(BPF_JEQ, SYS_mmap, 0, 5),
		LOAD(ARG(3)),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, KINDS),
		IF(BPF_JEQ, MAP_ANONYMOUS, 1, 0),
		RETURN(FAIL(EPERM)),
		LOAD(NR),
		NO_BITS(SYS_fchmod, 1, ID_BITS, FAIL(EPERM)),
		NO_BITS(SYS_unlinkat, 2, ALL_BITS, FAIL(EPERM)),
		NO_BITS(SYS_linkat, 4, ALL_BITS, FAIL(EPERM)),
		NO_BITS(SYS_renameat2, 4, ~RENAME_NOREPLACE, FAIL(EPERM)),
		/* not F_SETOWN, which sends signals, nor F_DUPFD: a number
		   tells what a file is */
		IF(BPF_JEQ, SYS_fcntl, 0, 6),
		LOAD(ARG(1)),
		IF(BPF_JEQ, F_OFD_SETLK, 3, 0),
		IF(BPF_JEQ, F_DUPFD, 1, 0),
		IF(BPF_JGT, F_GETFL, 0, 1),
		RETURN(FAIL(EPERM)),
		LOAD(NR),
		ONLY_AT_END(FAIL(EPERM)),

		IF_IN(HARMLESS, PASS),
		BY_FD(files, fds->in, fds->out, fds->log),
		IF_IN(DEADLY, KILL),
		RETURN(FAIL(ENOSYS)),
	};

	return install(code, sizeof code / sizeof code[0], e);
}

/* of the calls' arguments: what is not just reading */
#define NOT_READING \
	(O_ACCMODE | O_CREAT | O_TRUNC | O_DIRECTORY | UNNAMED | O_PATH)
#ifdef SYS_open
#define OPEN_TO_READ \
	NO_BITS(SYS_open, 1, NOT_READING, FAIL(EACCES)), ALLOW(SYS_open)
#else
#define OPEN_TO_READ LOAD(NR)
#endif

int
confine_lookup(int log, struct err *e)
{
	const struct sock_filter code[] = { OF_THIS_ARCH, LOAD(NR),
		/* the log is a file, or syslog's socket: nothing else's */
		ONLY_AT_END(FAIL(EPERM)), NOT_LOG(SYS_lseek),
		NOT_LOG(SYS_connect), NOT_LOG(SYS_bind), NOT_LOG(SYS_sendto),
		NOT_LOG(SYS_sendmsg), NOT_LOG(SYS_sendmmsg),
		NO_BITS(SYS_openat, 2, NOT_READING, FAIL(EACCES)),
		ALLOW(SYS_openat), OPEN_TO_READ,
		/* datagrams of IP: of the types that anybody can have, all
		   others have an odd number */
		NO_BITS(SYS_socket, 1, SOCK_STREAM, FAIL(EPERM)),
		IF(BPF_JEQ, SYS_socket, 0, 5), LOAD(ARG(0)),
		IF(BPF_JEQ, AF_INET, 2, 0), IF(BPF_JEQ, AF_INET6, 1, 0),
		RETURN(FAIL(EAFNOSUPPORT)), RETURN(PASS),
		NO_BITS(SYS_mmap, 2, PROT_EXEC, FAIL(EPERM)),
		NO_BITS(SYS_mprotect, 2, PROT_EXEC, FAIL(EPERM)),
#ifdef SYS_poll
		ALLOW(SYS_poll),
#endif
		ALLOW(SYS_ppoll), ALLOW(SYS_read), ALLOW(SYS_readv),
		ALLOW(SYS_pread64), ALLOW(SYS_lseek), ALLOW(SYS_fstat),
		ALLOW(FSTATAT), ALLOW(SYS_close), ALLOW(SYS_bind),
		ALLOW(SYS_connect), ALLOW(SYS_getsockname), ALLOW(SYS_sendto),
		ALLOW(SYS_sendmsg), ALLOW(SYS_sendmmsg), ALLOW(SYS_recvfrom),
		ALLOW(SYS_recvmsg), ALLOW(SYS_setsockopt), ALLOW(SYS_write),
		ALLOW(SYS_pwritev2), ALLOW(SYS_mmap), ALLOW(SYS_mprotect),
		ALLOW(SYS_munmap), ALLOW(SYS_mremap), ALLOW(SYS_madvise),
		ALLOW(SYS_brk), ALLOW(SYS_futex), ALLOW(SYS_clock_gettime),
		ALLOW(SYS_gettimeofday), ALLOW(SYS_getrandom),
		ALLOW(SYS_getpid), ALLOW(SYS_rt_sigprocmask), ALLOW(SYS_uname),
		ALLOW(SYS_restart_syscall), ALLOW(SYS_exit_group),
		RETURN(FAIL(ENOSYS)) };

	return install(code, sizeof code / sizeof code[0], e);
}

#else

int
confine_lookup(int log, struct err *e)
{
	(void)log;
	(void)e;
	return 0;
}

int
confine_front(struct err *e)
{
	(void)e;
	return 0;
}

int
confine_engine(struct err *e)
{
	(void)e;
	return 0;
}

int
confine_session(const struct confine_fds *fds, struct err *e)
{
	(void)fds;
	(void)e;
	return 0;
}

#endif
