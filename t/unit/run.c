/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

static int
run(const char *script, char *out, size_t n, struct err *e)
{
	char text[64];
	char sh[] = "/bin/sh";
	char option[] = "-c";
	char *argv[] = { sh, option, text, NULL };
	char *envp[] = { NULL };
	struct run r = { .argv = argv,
		.envp = envp,
		.out = out,
		.out_size = n,
		.limit = 20000 };

	memcpy(text, script, strlen(script) + 1);
	return run_program(&r, e);
}

static void
exit_codes(void **state)
{
	char out[16];
	struct err e;

	(void)state;
	CHECK(run("exit 0", out, sizeof out, &e) == 0, "0: %s", e.text);
	CHECK(run("exit 1", out, sizeof out, &e) == 1, "1: %s", e.text);
	CHECK(run("echo x; exit 7", out, sizeof out, &e) == 7, "7: %s", e.text);
	CHECK(strcmp(out, "x\n") == 0, "it wrote %s", out);
	CHECK(run("kill -9 $$", out, sizeof out, &e) == -1, "killed");
	CHECK(strstr(e.text, "signal 9") != NULL, "%s", e.text);
}

/* Whoever ignores SIGCHLD learns no exit code: that is no yes. */
static void
unknown(void **state)
{
	char out[16];
	struct err e;
	int r;

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	r = run("exit 1", out, sizeof out, &e);
	signal(SIGCHLD, SIG_DFL);
	CHECK(r == -1, "exit code %d", r);
	CHECK(e.kind == ERR_TEMP, "%d", (int)e.kind);
}

/* As fds_hold leaves it: a program without fd 2 would open its files there. */
static void
standard_error(void **state)
{
	int old = dup(STDERR_FILENO);
	int null = open("/dev/null", O_RDWR);
	char out[16];
	struct err e;
	int r;

	(void)state;
	dup3(null, STDERR_FILENO, O_CLOEXEC);
	close(null);
	r = run("test -e /proc/self/fd/2", out, sizeof out, &e);
	dup2(old, STDERR_FILENO);
	close(old);
	CHECK(r == 0, "exit code %d", r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exit_codes),
		cmocka_unit_test(unknown),
		cmocka_unit_test(standard_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
