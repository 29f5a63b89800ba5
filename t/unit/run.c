/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <signal.h>
#include <string.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exit_codes),
		cmocka_unit_test(unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
