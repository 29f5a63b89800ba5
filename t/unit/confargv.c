/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <string.h>
#include <syslog.h>

#include "config.h"

#define ARGS 6

static int
parse(struct config *c, const char *const *arg, struct err *e)
{
	char *argv[ARGS + 2] = { (char *)(uintptr_t) "popper" };
	int n = 0;

	for (; n < ARGS && arg[n] != NULL; n++)
		argv[n + 1] = (char *)(uintptr_t)arg[n];
	e->kind = ERR_NONE;
	e->text[0] = '\0';
	assert_int_equal(config_init(c, e), 0);
	return config_argv(c, n + 1, argv, e);
}

#define F(f) offsetof(struct config, f), sizeof(((struct config *)0)->f)

static const struct {
	const char *arg[ARGS];
	size_t field, size;
	uint32_t want;
} row[] = {
	{ { NULL }, F(timeout), 120 },
	{ { "-T600" }, F(timeout), 600 },
	{ { "-T", "600" }, F(timeout), 600 },
	{ { "-T0x10" }, F(timeout), 16 },
	{ { "-T", "5", "-T", "6" }, F(timeout), 6 },
	{ { "-s" }, F(statistics), 1 },
	{ { "-sS" }, F(statistics), 1 },
	{ { "-sS" }, F(server_mode), 1 },
	{ { "-s", "-S" }, F(server_mode), 1 },
	{ { "-sST", "7" }, F(timeout), 7 },
	{ { "-sST7" }, F(timeout), 7 },
	{ { "-sST7" }, F(server_mode), 1 },
	{ { "-T7", "-s" }, F(statistics), 1 },
	{ { "-T", "7", "-s" }, F(statistics), 1 },
	/* their letters mean reset */
	{ { "-R" }, F(reverse_lookup), 0 },
	{ { "-x" }, F(xtnd_xmit), 0 },
	{ { "-V" }, F(version), 1 },
	{ { "-sv" }, F(version), 1 },
	{ { "-sRc" }, F(reverse_lookup), 0 },
	{ { "-sRc" }, F(downcase_user), 1 },
	{ { "-a" }, F(allow_low_uids), 1 },
	{ { "-C" }, F(trim_domain), 1 },
	{ { "-F" }, F(fast_update), 1 },
	{ { "-u" }, F(user_options), 1 },
	{ { "-U" }, F(spool_options), 1 },
	{ { "-u" }, F(spool_options), 0 },
	{ { "-L", "10" }, F(mail_lock_check), 10 },
	/* -M means nothing */
	{ { "-M" }, F(timeout), 120 },
	{ { "-MsM" }, F(statistics), 1 },
	/* two options by one letter */
	{ { "-e", "login_delay=3,expire=7" }, F(announce_login_delay), 3 },
	{ { "-e", "login_delay=3,expire=7" }, F(announce_expire), 7 },
	{ { "-elogin_delay=3,expire=7" }, F(announce_expire), 7 },
	{ { "-e", "expire=7,login_delay=3" }, F(announce_login_delay), 3 },
	{ { "-e", "EXPIRE=0" }, F(announce_expire), 0 },
	{ { "-e", "expire=never" }, F(announce_expire), NEVER },
	{ { "-e", "login_delay=3" }, F(announce_expire), NEVER },
	{ { "-e", "expire=1", "-e", "expire=2" }, F(announce_expire), 2 },
	/* mnemonics, and numbers for them */
	{ { "-p", "0" }, F(clear_text_password), CLEAR_DEFAULT },
	{ { "-p1" }, F(clear_text_password), CLEAR_NEVER },
	{ { "-p", "2" }, F(clear_text_password), CLEAR_ALWAYS },
	{ { "-p", "3" }, F(clear_text_password), CLEAR_LOCAL },
	{ { "-p4" }, F(clear_text_password), CLEAR_TLS },
	{ { "-p", "always" }, F(clear_text_password), CLEAR_ALWAYS },
	{ { "-p", "ssl" }, F(clear_text_password), CLEAR_TLS },
	{ { "-l", "0" }, F(tls_support), TLS_DEFAULT },
	{ { "-l1" }, F(tls_support), TLS_STLS },
	{ { "-l", "2" }, F(tls_support), TLS_ALTERNATE },
	{ { "-l", "none" }, F(tls_support), TLS_NONE },
	{ { "-y", "local1" }, F(log_facility), LOG_LOCAL1 },
	{ { "-y", "LOG_LOCAL1" }, F(log_facility), LOG_LOCAL1 },
	{ { "-yLOCAL1" }, F(log_facility), LOG_LOCAL1 },
};

static void
good(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		struct config c;
		struct err e;
		const char *at = (const char *)&c + row[i].field;
		uint32_t got;

		CHECK(parse(&c, row[i].arg, &e) == 0, "row %zu: %s", i, e.text);
		got = row[i].size == sizeof(bool)
		    ? *(const bool *)at
		    : *(const uint32_t *)(const void *)at;
		CHECK(got == row[i].want, "row %zu, %s: %u", i,
		    row[i].arg[0] != NULL ? row[i].arg[0] : "nothing", got);
		config_free(&c);
	}
}

static void
wrong(void **state)
{
#define LISTEN \
	" is no option; an address to listen on stands before all options"
#define SHAPE "-e takes login_delay=N and expire=N, with a comma between them"
#define INT(least, most) "needs an integer from " least " to " most
#define EXPIRE "needs never, or an integer from 0 to 99999"
	static const struct {
		const char *arg[ARGS];
		const char *want; /* behind "command line" */
	} bad[] = {
		{ { "-z" }, ": there is no -z; see popper --help" },
		{ { "-sz" }, ": there is no -z; see popper --help" },
		{ { "-s-" }, ": there is no --; see popper --help" },
		{ { "-\x01" }, ": there is no -?; see popper --help" },
		{ { "-\xe4" }, ": there is no -?; see popper --help" },
		{ { "--nosuch" },
		    ": there is no --nosuch here; see popper --help" },
		{ { "-T" }, ": -T needs an argument" },
		{ { "-s", "-sT" }, ": -T needs an argument" },
		{ { "-e" }, ": -e needs an argument" },
		{ { "-f" }, ": -f needs an argument" },
		{ { "-T", "x" },
		    ": option timeout: " INT("1", "86400") " (x)" },
		{ { "-T", "" }, ": option timeout: " INT("1", "86400") },
		{ { "-T", "-s" },
		    ": option timeout: " INT("1", "86400") " (-s)" },
		{ { "-Ts" }, ": option timeout: " INT("1", "86400") " (s)" },
		{ { "-T", "86401" },
		    ": option timeout: " INT("1", "86400") " (86401)" },
		{ { "-p", "5" },
		    ": option clear-text-password: is none of default never "
		    "always local tls ssl (5)" },
		{ { "-y", "LOG_DAEMON" },
		    ": option log-facility: is none of mail local0 local1 "
		    "local2 local3 local4 local5 local6 local7 (DAEMON)" },
		{ { "-B" },
		    ": option bulldb-nonfatal: there are no bulletins in this "
		    "version: remove the option; mail to all users, instead" },
		{ { "-k" },
		    ": option kerberos: there is no Kerberos in this version: "
		    "remove the option; PAM can ask it for passwords, see "
		    "poppam(8)" },
		{ { "-l", "3" },
		    ": option tls-support: is none of default none stls "
		    "alternate-port (3)" },
		{ { "110" }, ": \"110\"" LISTEN },
		{ { "-s", "0.0.0.0:110" }, ": \"0.0.0.0:110\"" LISTEN },
		{ { "-" }, ": \"-\"" LISTEN },
		{ { "" }, ": \"\"" LISTEN },
		{ { "-e", "" }, ": " SHAPE },
		{ { "-e", "expire=00000000000000000000000000000007" },
		    ": " SHAPE },
		{ { "-e", "login_delay" }, ": " SHAPE },
		{ { "-e", "delay=3" }, ": " SHAPE },
		{ { "-e", "expire=7," }, ": " SHAPE },
		{ { "-e", ",expire=7" }, ": " SHAPE },
		{ { "-e", "expire=7;login_delay=3" },
		    " -e: option announce-expire: " EXPIRE
		    " (7;login_delay=3)" },
		{ { "-e", "expire=" }, " -e: option announce-expire: " EXPIRE },
		{ { "-e", "expire=-1" },
		    " -e: option announce-expire: " EXPIRE " (-1)" },
		{ { "-e", "login_delay=never" },
		    " -e: option announce-login-delay: " INT(
			"0", "99999999") " (never)" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		char want[300];
		struct config c;
		struct err e;
		int rc = parse(&c, bad[i].arg, &e);

		snprintf(want, sizeof want, "command line%s", bad[i].want);
		CHECK(
		    rc == -1 && e.kind == ERR_CONF && strcmp(e.text, want) == 0,
		    "row %zu: %d %s", i, rc, e.text);
		config_free(&c);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(wrong),
	};

	return cmocka_run_group_tests_name("confargv", tests, NULL, NULL);
}
