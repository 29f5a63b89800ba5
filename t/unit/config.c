/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "config.h"

static void
fresh(struct config *c)
{
	struct err e;

	assert_int_equal(config_init(c, &e), 0);
}

static int
read_text(struct config *c, const char *text, unsigned where, struct err *e)
{
	char *copy = strdup(text);
	struct lines l;
	int rc;

	assert_non_null(copy);
	e->text[0] = '\0';
	lines_text(&l, copy, strlen(copy));
	rc = config_lines(c, &l, "conf", where, e);
	free(copy);
	return rc;
}

static void
defaults(void **state)
{
	struct config c;

	(void)state;
	fresh(&c);
	assert_int_equal(c.timeout, 120);
	assert_int_equal(c.announce_expire, NEVER);
	assert_int_equal(c.announce_login_delay, 0);
	assert_int_equal(c.bulldb_max_tries, 75);
	assert_int_equal(c.mail_lock_check, 500);
	assert_int_equal(c.max_bulletins, 1);
	assert_int_equal(c.clear_text_password, CLEAR_DEFAULT);
	assert_true(c.check_hash_dir && c.check_old_spool_loc);
	assert_true(c.check_password_expired && c.reverse_lookup);
	assert_true(c.update_on_abort && c.update_status_headers);
	assert_true(c.xtnd_xmit);
	assert_false(c.shy || c.statistics || c.user_options || c.debug);
	assert_false(c.spool_options || c.allow_low_uids || c.trim_domain);
	assert_string_equal(c.temp_name, ".%s.pop");
	assert_string_equal(c.cache_name, ".%s.cache");
	assert_string_equal(c.kerberos_service, "rcmd");
	assert_null(c.tracefile);
	assert_null(c.log_login);
	config_free(&c);
	config_free(&c);
}

/* A good text and what one option of it is then. */
static const struct {
	const char *text;
	enum {
		IS_BOOL,
		IS_INT,
		IS_STRING
	} type;
	size_t field;
	uint32_t n;
	const char *s;
} row[] = {
#define B(f) IS_BOOL, offsetof(struct config, f)
#define N(f) IS_INT, offsetof(struct config, f)
#define S(f) IS_STRING, offsetof(struct config, f), 0
	{ "", B(shy), 0, NULL },
	{ "\n\r\n \t \n# set shy\n  # set shy\n#", B(shy), 0, NULL },
	/* Boolean */
	{ "set shy", B(shy), 1, NULL },
	{ "SET Shy", B(shy), 1, NULL },
	{ "set shy\r\n", B(shy), 1, NULL },
	{ "\t set \t shy \t\n", B(shy), 1, NULL },
	{ "set shy # reset shy", B(shy), 1, NULL },
	{ "set shy#x", B(shy), 1, NULL },
	{ "set shy = true", B(shy), 1, NULL },
	{ "set shy=TRUE", B(shy), 1, NULL },
	{ "set shy = 1", B(shy), 1, NULL },
	{ "set shy = \"true\"", B(shy), 1, NULL },
	{ "set shy\nset shy = false", B(shy), 0, NULL },
	{ "set shy\nset shy = 0", B(shy), 0, NULL },
	{ "set shy\nreset shy", B(shy), 0, NULL },
	{ "set shy\nReset\tSHY # gone", B(shy), 0, NULL },
	{ "reset shy\nset shy", B(shy), 1, NULL },
	{ "reset reverse-lookup", B(reverse_lookup), 0, NULL },
	/* integers */
	{ "set timeout = 600", N(timeout), 600, NULL },
	{ "set timeout=600", N(timeout), 600, NULL },
	{ "set\ttimeout\t=\t600\t# ten minutes", N(timeout), 600, NULL },
	{ "set timeout = 600#x", N(timeout), 600, NULL },
	{ "set timeout = '600'", N(timeout), 600, NULL },
	{ "set timeout = 0x258", N(timeout), 600, NULL },
	{ "set timeout = 0X258", N(timeout), 600, NULL },
	{ "set timeout = 01130", N(timeout), 600, NULL },
	{ "set timeout = 1", N(timeout), 1, NULL },
	{ "set timeout = 86400", N(timeout), 86400, NULL },
	{ "set timeout = 1\nset timeout = 2", N(timeout), 2, NULL },
	{ "set tls-options = 0xffffffff", N(tls_options), UINT32_MAX, NULL },
	{ "set announce-expire = 0", N(announce_expire), 0, NULL },
	{ "set announce-expire = 30\nset announce-expire = Never",
	    N(announce_expire), NEVER, NULL },
	/* strings */
	{ "set spool-dir = /a", S(spool_dir), "/a" },
	{ "set spool-dir = /a#b", S(spool_dir), "/a" },
	{ "set spool-dir = \"/a b\"", S(spool_dir), "/a b" },
	{ "set spool-dir = \"/a#b\" # c", S(spool_dir), "/a#b" },
	{ "set spool-dir = \"/a=b\"", S(spool_dir), "/a=b" },
	{ "set spool-dir = '/a\"b`c'", S(spool_dir), "/a\"b`c" },
	{ "set spool-dir = \"/a'b`c\"", S(spool_dir), "/a'b`c" },
	{ "set spool-dir = `/a'b\"c`", S(spool_dir), "/a'b\"c" },
	{ "set spool-dir=`/a`#'", S(spool_dir), "/a" },
	{ "set log-login", S(log_login),
	    "(v%0) POP login by user \"%1\" at (%2) %3" },
	{ "set log-login = '\"%1\" from %3'", S(log_login), "\"%1\" from %3" },
	{ "set temp-name = .%s.drop", S(temp_name), ".%s.drop" },
	{ "set temp-name = .%s.pop", S(temp_name), ".%s.pop" },
	{ "set temp-name = .d-%s.x", S(temp_name), ".d-%s.x" },
	{ "set cache-name = .%s.c", S(cache_name), ".%s.c" },
	{ "set temp-dir = /a", S(temp_dir), "/a" },
	{ "set cache-dir = /a", S(cache_dir), "/a" },
	{ "set home-dir-mail", S(home_dir_mail), ".mail" },
	{ "set home-dir-mail = mail/inbox", S(home_dir_mail), "mail/inbox" },
	{ "set home-dir-mail = ..a/b..", S(home_dir_mail), "..a/b.." },
	{ "set group-server-mode = users", S(group_server_mode), "users" },
	{ "set group-sever-mode = users", S(group_server_mode), "users" },
	{ "set group-no-server-mode = w", S(group_no_server_mode), "w" },
	{ "set hash-spool = 2", N(hash_spool), 2, NULL },
	{ "set home-dir-misc", B(home_dir_misc), 1, NULL },
	/* mnemonics */
	{ "set clear-text-password = never", N(clear_text_password),
	    CLEAR_NEVER, NULL },
	{ "set clear-text-password = ALWAYS", N(clear_text_password),
	    CLEAR_ALWAYS, NULL },
	{ "set clear-text-password = local", N(clear_text_password),
	    CLEAR_LOCAL, NULL },
	{ "set clear-text-password = tls", N(clear_text_password), CLEAR_TLS,
	    NULL },
	{ "set clear-text-password = 'ssl'", N(clear_text_password), CLEAR_TLS,
	    NULL },
	{ "set log-facility = local3", N(log_facility), LOG_LOCAL3, NULL },
	{ "set log-facility = LOG_LOCAL7", N(log_facility), LOG_LOCAL7, NULL },
	{ "set log-facility = log_mail", N(log_facility), LOG_MAIL, NULL },
	{ "set tls-support = default", N(tls_support), TLS_DEFAULT, NULL },
	{ "set tls-support = none", N(tls_support), TLS_NONE, NULL },
	{ "set tls-support = STLS", N(tls_support), TLS_STLS, NULL },
	{ "set tls-support = alternate-port", N(tls_support), TLS_ALTERNATE,
	    NULL },
	{ "set tls-version = all", N(tls_version), TLS_1_2, NULL },
	{ "set tls-version = SSLv23", N(tls_version), TLS_1_2, NULL },
	{ "set tls-version = TLSv1.2", N(tls_version), TLS_1_2, NULL },
	{ "set tls-version = TLSv1.1", N(tls_version), TLS_1_1, NULL },
	{ "set tls-version = TLSv1", N(tls_version), TLS_1_0, NULL },
	{ "set tls-workarounds", B(tls_workarounds), 1, NULL },
	{ "set tls-client-required", B(tls_client_required), 1, NULL },
	{ "set tls-names-dir = /a", S(tls_names_dir), "/a" },
	{ "set chunky-writes = always", N(chunky_writes), CHUNKY_ALWAYS, NULL },
	{ "set chunky-writes = never", N(chunky_writes), CHUNKY_NEVER, NULL },
	{ "set chunky-writes = tls", N(chunky_writes), CHUNKY_TLS, NULL },
	{ "set chunky-writes = SSL", N(chunky_writes), CHUNKY_TLS, NULL },
	{ "set chunky-writes = ss", N(chunky_writes), CHUNKY_TLS, NULL },
	{ "set content-length", B(content_length), 1, NULL },
	{ "set content-length\nreset content-length", B(content_length), 0,
	    NULL },
	/* second spellings */
	{ "set bulldb-max-retries = 75", N(bulldb_max_tries), 75, NULL },
	{ "set bulldb-max-retires = 0x4b", N(bulldb_max_tries), 75, NULL },
	{ "reset check-hash-spool", B(check_hash_dir), 0, NULL },
	{ "reset reverse-lookups", B(reverse_lookup), 0, NULL },
	{ "reset uw-kludge", B(uw_kluge), 0, NULL },
};

static void
good(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		struct config c;
		struct err e;
		const char *at = (char *)&c + row[i].field;
		bool same;

		fresh(&c);
		CHECK(read_text(&c, row[i].text, IN_FILE, &e) == 0,
		    "\"%s\": %s", row[i].text, e.text);
		if (row[i].type == IS_BOOL)
			same = *(const bool *)at == (row[i].n != 0);
		else if (row[i].type == IS_INT)
			same = *(const uint32_t *)(const void *)at == row[i].n;
		else
			same = strcmp(*(char *const *)(const void *)at,
				   row[i].s) == 0;
		CHECK(same, "\"%s\": another value", row[i].text);
		config_free(&c);
	}
}

static void
string_255(void **state)
{
	char text[400];
	struct config c;
	struct err e;
	int n;

	(void)state;
	n = snprintf(text, sizeof text, "set log-login = %0255d", 7);
	assert_int_equal(n, 16 + 255);
	fresh(&c);
	assert_int_equal(read_text(&c, text, IN_FILE, &e), 0);
	assert_int_equal(strlen(c.log_login), 255);
	config_free(&c);
}

static bool
listed(const char *const *list, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(list[i], name) == 0)
			return true;
	}
	return false;
}

/* Which options a user's file may hold: harmless ones, CVE-2005-1151. */
static void
places(void **state)
{
	static const char *const home[] = { "announce-expire",
		"announce-login-delay", "auto-delete", "bulldb-nonfatal",
		"chunky-writes", "fast-update", "keep-temp-drop",
		"mail-lock-check", "max-bulletins", "server-mode", "statistics",
		"timeout", "timing", "update-on-abort", "update-status-headers",
		"uw-kluge" };
	static const char *const spool[] = { "bulldb-max-tries", "bulldir",
		"config-file", "debug", "drac-host", "old-style-uid",
		"tracefile" };
	size_t i;

	(void)state;
	for (i = 0; i < optab_count; i++) {
		const struct opt *o = &optab[i];
		bool in_home = listed(home, COUNT(home), o->name);
		bool in_spool = in_home || listed(spool, COUNT(spool), o->name);

		CHECK(((o->where & IN_HOME) != 0) == in_home, "%s in home",
		    o->name);
		CHECK(((o->where & IN_SPOOL) != 0) == in_spool, "%s in spool",
		    o->name);
		CHECK((o->where & (IN_CLI | IN_FILE)) == (IN_CLI | IN_FILE),
		    "%s", o->name);
	}
}

static void
home_maximum(void **state)
{
	struct config c;
	struct err e;

	(void)state;
	fresh(&c);
	assert_int_equal(read_text(&c, "set timeout = 1800", IN_HOME, &e), 0);
	assert_int_equal(c.timeout, 1800);
	assert_int_equal(read_text(&c, "set timeout = 1801", IN_SPOOL, &e), 0);
	assert_int_equal(read_text(&c, "set timeout = 1801", IN_HOME, &e), -1);
	assert_int_equal(c.timeout, 1801);
	config_free(&c);
}

/* Every name and letter means one option only. */
static void
names(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < optab_count; i++) {
		const struct opt *o = &optab[i];

		CHECK(opt_find(o->name) == o, "%s", o->name);
		if (o->other != NULL)
			CHECK(opt_find(o->other) == o, "%s", o->other);
		if (o->third != NULL)
			CHECK(opt_find(o->third) == o, "%s", o->third);
		if (o->letter != 0)
			CHECK(opt_letter(o->letter) == o, "-%c", o->letter);
	}
	assert_null(opt_find(""));
	assert_null(opt_find("time"));
	assert_null(opt_letter('z'));
}

/* What config_print gives of c, without the remarks. */
static char *
print(const struct config *c)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	config_print(c, f);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void
cut_remarks(char *s)
{
	char *to = s;
	bool remark = false;

	for (; *s != '\0'; s++) {
		remark = *s != '\n' && (remark || *s == '\t');
		if (!remark)
			*to++ = *s;
	}
	*to = '\0';
}

static void
round_trip(const char *text)
{
	struct config a;
	struct config b;
	struct err e;
	char *pa;
	char *pb;

	fresh(&a);
	fresh(&b);
	CHECK(read_text(&a, text, IN_FILE, &e) == 0, "%s: %s", text, e.text);
	pa = print(&a);
	CHECK(read_text(&b, pa, IN_FILE, &e) == 0, "%s: printed: %s", text,
	    e.text);
	pb = print(&b);
	cut_remarks(pa);
	cut_remarks(pb);
	assert_string_equal(pa, pb);
	free(pa);
	free(pb);
	config_free(&a);
	config_free(&b);
}

static void
print_again(void **state)
{
	size_t i;

	(void)state;
	round_trip("");
	for (i = 0; i < COUNT(row); i++)
		round_trip(row[i].text);
	round_trip("set spool-dir = '/a # b = c'\nset log-login = \"'\"\n"
		   "set tls-passphrase = `\"'`\nset front-user = nobody\n"
		   "set update-on-abort = false\nset announce-expire = 7\n");
}

/* A word can have quotes of all three kinds. */
static void
print_quotes(void **state)
{
	struct config c;
	struct err e;

	/* what could not be printed is not taken */
	(void)state;
	fresh(&c);
	assert_int_equal(
	    read_text(&c, "\nset tls-passphrase = a\"b'c`d\n", IN_FILE, &e),
	    -1);
	assert_non_null(strstr(e.text, "conf:2: option tls-passphrase: "));
	config_free(&c);
}

static void
print_origin(void **state)
{
	struct config c;
	struct err e;
	char *text;

	(void)state;
	fresh(&c);
	assert_int_equal(
	    read_text(&c, "\nset timeout = 0x10\nset max-bulletins = 1\n",
		IN_FILE, &e),
	    0);
	text = print(&c);
	assert_non_null(strstr(text, "set timeout = 16\t# conf:2\n"));
	assert_non_null(
	    strstr(text, "# max-bulletins = 1\t# conf:3, no effect yet\n"));
	assert_non_null(strstr(text, "set shy = false\t# built in\n"));
	assert_non_null(strstr(text, "# log-login is not set\n"));
	free(text);
	config_free(&c);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(good),
		cmocka_unit_test(string_255),
		cmocka_unit_test(places),
		cmocka_unit_test(home_maximum),
		cmocka_unit_test(names),
		cmocka_unit_test(print_again),
		cmocka_unit_test(print_quotes),
		cmocka_unit_test(print_origin),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
