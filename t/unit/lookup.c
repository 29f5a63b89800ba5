/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine.h"
#include "priv.h"

/*
 * What a process that looks names up may do, and what not: each case runs in a
 * process of its own that is confined so.
 */

static int
read_hosts(void)
{
	return open("/etc/hosts", O_RDONLY | O_CLOEXEC);
}

static int
read_passwd(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static int
write_hosts(void)
{
	return open("/etc/hosts", O_WRONLY | O_CLOEXEC);
}

static int
make_file(void)
{
	return open("/tmp/popper-unit-lookup", O_RDONLY | O_CREAT, 0600);
}

static int
datagrams(void)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static int
stream(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int
raw(void)
{
	return socket(AF_INET, SOCK_RAW, 1);
}

static int
local_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM, 0);
}

static int
run_program(void)
{
	static char *const argv[] = { "true", NULL };

	return execve("/bin/true", argv, NULL);
}

static int
send_signal(void)
{
	return kill(getppid(), 0);
}

static int
signal_by_fd(void)
{
	return fcntl(0, F_SETOWN, 1);
}

static int
code(void)
{
	return syscall(SYS_mprotect, NULL, (size_t)4096, 4) == -1 ? -1 : 0;
}

/* of the log, a file here, and at its end but for these calls */
#define LOG 60

static int
log_end(void)
{
	return write(LOG, "x", 1) == 1 ? 0 : -1;
}

static int
log_elsewhere(void)
{
	return lseek(LOG, 0, SEEK_SET) == -1 ? -1 : 0;
}

static int
log_at(off_t place, int flags)
{
	struct iovec v = { (char[]){ 'y' }, 1 };

	return pwritev2(LOG, &v, 1, place, flags) == -1 ? -1 : 0;
}

static int
log_over(void)
{
	return log_at(0, RWF_NOWAIT);
}

static int
log_not_added(void)
{
	return log_at(-1, 0x20); /* RWF_NOAPPEND */
}

static int
log_connect(void)
{
	struct sockaddr a = { .sa_family = AF_UNIX };

	return connect(LOG, &a, sizeof a);
}

static int
log_bind(void)
{
	struct sockaddr a = { .sa_family = AF_UNIX };

	return bind(LOG, &a, sizeof a);
}

static int
log_send(void)
{
	return send(LOG, "x", 1, 0) == -1 ? -1 : 0;
}

static int
log_message(void)
{
	struct msghdr m = { .msg_name = NULL };

	return sendmsg(LOG, &m, 0) == -1 ? -1 : 0;
}

static int
log_messages(void)
{
	return syscall(SYS_sendmmsg, LOG, NULL, 0U, 0) == -1 ? -1 : 0;
}

#define OK 0
static const struct {
	const char *what;
	int (*run)(void);
	int want;	   /* errno, or OK */
	bool needs_filter; /* there is none in builds with a sanitizer */
	bool needs_rules;  /* of Landlock's */
} row[] = {
	{ "/etc/hosts", read_hosts, OK, false, false },
	{ "/etc/passwd", read_passwd, EACCES, false, true },
	{ "writing", write_hosts, EACCES, false, false },
	{ "a new file", make_file, EACCES, true, false },
	{ "datagrams", datagrams, OK, false, false },
	{ "a stream", stream, EPERM, true, false },
	{ "a raw socket", raw, EPERM, true, false },
	{ "a local socket", local_socket, EAFNOSUPPORT, true, false },
	{ "a program", run_program, ENOSYS, true, false },
	{ "a signal", send_signal, ENOSYS, true, false },
	{ "a signal by fd", signal_by_fd, ENOSYS, true, false },
	{ "code", code, EPERM, true, false },
	{ "the log", log_end, OK, false, false },
	{ "its place", log_elsewhere, EPERM, true, false },
	{ "over the log", log_over, EPERM, true, false },
	{ "not added to it", log_not_added, EPERM, true, false },
	{ "another syslog", log_connect, EPERM, true, false },
	{ "an address", log_bind, EPERM, true, false },
	{ "to an address", log_send, EPERM, true, false },
	{ "a message", log_message, EPERM, true, false },
	{ "messages", log_messages, EPERM, true, false },
};

#define HIGH_ID 0x70000001
#define NOT_CONFINED 255

static int
outcome_of(int (*run)(void))
{
	pid_t pid = fork();
	int st = 0;

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		struct err e;

		if (priv_confine_lookup(HIGH_ID, HIGH_ID, LOG, &e) == -1)
			_exit(NOT_CONFINED);
		_exit(run() == -1 ? errno : OK);
	}
	assert_int_equal(waitpid(pid, &st, 0), pid);
	CHECK(WIFEXITED(st), "ended by signal %d", WTERMSIG(st));
	return WEXITSTATUS(st);
}

static void
confined(void **state)
{
	/* the version of what the kernel has */
	const bool rules = syscall(444, NULL, (size_t)0, 1U) > 0;
#ifdef __SANITIZE_ADDRESS__
	const bool filter = false;
#else
	const bool filter = true;
#endif
	FILE *log = tmpfile();
	size_t i;

	(void)state;
	assert_non_null(log);
	assert_int_equal(dup2(fileno(log), LOG), LOG);
	for (i = 0; i < COUNT(row); i++) {
		int got;

		if ((row[i].needs_filter && !filter) ||
		    (row[i].needs_rules && !rules))
			continue;
		got = outcome_of(row[i].run);
		CHECK(got == row[i].want, "%s: %d, not %d", row[i].what, got,
		    row[i].want);
	}
	close(LOG);
	fclose(log);
}

/* An engine of TLS cannot write over the log, either. */
static void
engine(void **state)
{
	static int (*const over[])(void) = { log_over, log_not_added };
	FILE *log = tmpfile();
	size_t i;

	(void)state;
	assert_non_null(log);
	assert_int_equal(dup2(fileno(log), LOG), LOG);
	for (i = 0; i < COUNT(over); i++) {
		pid_t pid = fork();
		int st = 0;

		if (pid == 0) {
			struct err e;

			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
			if (confine_engine(&e) == -1 || log_end() == -1)
				_exit(NOT_CONFINED);
			over[i]();
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &st, 0), pid);
#ifndef __SANITIZE_ADDRESS__
		CHECK(WIFSIGNALED(st) && WTERMSIG(st) == SIGSYS, "%zu: %d", i,
		    st);
#endif
	}
	close(LOG);
	fclose(log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(confined),
		cmocka_unit_test(engine) };

	return cmocka_run_group_tests_name("lookup", tests, NULL, NULL);
}
