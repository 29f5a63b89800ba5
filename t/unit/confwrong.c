/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"

/* Every wrong line names its file and line, and the option if there is one. */

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define LONG_256 FIFTY FIFTY FIFTY FIFTY FIFTY "012345"

static int
read_text(const char *text, size_t n, unsigned where, struct err *e)
{
	struct config c;
	char *copy = malloc(n + 1);
	struct lines l;
	int rc;

	assert_non_null(copy);
	memcpy(copy, text, n);
	memset(e, 0, sizeof *e);
	assert_int_equal(config_init(&c, e), 0);
	lines_text(&l, copy, n);
	rc = config_lines(&c, &l, "conf", where, e);
	free(copy);
	config_free(&c);
	return rc;
}

static const struct wrong {
	unsigned where;
	unsigned line;
	const char *text;
	const char *want; /* behind "conf:LINE: " */
} row[] = {
/* the line itself */
#define VERB "a line begins with set, reset or #, and not"
#define UNNAMED "the name of an option is missing"
#define UNKNOWN "there is no option of this name, see qpopper.conf(5): "
	{ IN_FILE, 1, "foo", VERB " (foo)" },
	{ IN_FILE, 1, "timeout = 5", VERB " (timeout)" },
	{ IN_FILE, 1, "unset shy", VERB " (unset)" },
	{ IN_FILE, 1, "sets shy", VERB " (sets)" },
	{ IN_FILE, 1, "=", VERB },
	{ IN_FILE, 1, "\"set\" shy", VERB " (set)" },
	{ IN_FILE, 1, "; remark", VERB " (;)" },
	{ IN_FILE, 1, "// remark", VERB " (//)" },
	{ IN_FILE, 1, "se\x01t shy", VERB " (se?t)" },
	{ IN_FILE, 3, "set shy\n\nfoo\nset shy\n", VERB " (foo)" },
	{ IN_FILE, 4, "# a\r\n\r\n \t\r\nfoo\r\n", VERB " (foo)" },
	{ IN_FILE, 1, "set", UNNAMED },
	{ IN_FILE, 1, "reset", UNNAMED },
	{ IN_FILE, 1, "set # shy", UNNAMED },
	{ IN_FILE, 1, "set = 5", UNNAMED },
	{ IN_FILE, 1, "set \"shy\"", UNNAMED },
	{ IN_FILE, 1, "set nosuch", UNKNOWN "(nosuch)" },
	{ IN_FILE, 1, "set nosuch = 5", UNKNOWN "(nosuch)" },
	{ IN_FILE, 1, "reset nosuch", UNKNOWN "(nosuch)" },
	{ IN_FILE, 1, "set shyy", UNKNOWN "(shyy)" },
	{ IN_FILE, 1, "set sh", UNKNOWN "(sh)" },
	{ IN_FILE, 1, "set user_options", UNKNOWN "(user_options)" },
	{ IN_FILE, 2, "\nset shy\x80", UNKNOWN "(shy?)" },
	{ IN_HOME, 1, "set nosuch", UNKNOWN "(nosuch)" },
/* between name and value */
#define AFTER "a = is missing behind the name of the option"
#define VALUE "a value is missing behind =, for "
#define ONE "one value to a line; a value with blanks has to be quoted "
#define MORE \
	"behind the closing quote stands more; a value that has one kind of " \
	"quotes in it goes into another kind of \", ' and ` "
	{ IN_FILE, 1, "set shy true", AFTER " (shy)" },
	{ IN_FILE, 1, "set timeout 5", AFTER " (timeout)" },
	{ IN_FILE, 1, "set timeout \"5\"", AFTER " (timeout)" },
	{ IN_FILE, 1, "set timeout: 5", UNKNOWN "(timeout:)" },
	{ IN_FILE, 1, "set timeout =", VALUE "(timeout)" },
	{ IN_FILE, 1, "set timeout = # 5", VALUE "(timeout)" },
	{ IN_FILE, 1, "set timeout = = 5", VALUE "(timeout)" },
	{ IN_FILE, 1, "set timeout == 5", VALUE "(timeout)" },
	{ IN_FILE, 1, "set shy =", VALUE "(shy)" },
	{ IN_FILE, 1, "set timeout = 5 6", ONE "(timeout)" },
	{ IN_FILE, 1, "set spool-dir = /a b", ONE "(spool-dir)" },
	{ IN_FILE, 1, "set spool-dir = \"/a\" b", MORE "(spool-dir)" },
	{ IN_FILE, 1, "set spool-dir = \"/a\"b", MORE "(spool-dir)" },
	{ IN_FILE, 1, "set spool-dir = \"/a\"\"b\"", MORE "(spool-dir)" },
	{ IN_FILE, 1, "set timeout = 5 = 6", ONE "(timeout)" },
	{ IN_FILE, 1, "set timeout = 5=6", ONE "(timeout)" },
	{ IN_FILE, 1, "reset timeout",
	    "reset is for Boolean options, not for (timeout)" },
	{ IN_FILE, 1, "reset spool-dir",
	    "reset is for Boolean options, not for (spool-dir)" },
	{ IN_FILE, 1, "reset tls-support",
	    "reset is for Boolean options, not for (tls-support)" },
	{ IN_FILE, 1, "reset shy = true", "reset takes no value (shy)" },
	{ IN_FILE, 1, "reset shy now", "reset takes no value (shy)" },
/* quotes */
#define OPEN "a quote is not closed, in the value of (spool-dir)"
	{ IN_FILE, 1, "set spool-dir = \"/a", OPEN },
	{ IN_FILE, 1, "set spool-dir = '/a\"", OPEN },
	{ IN_FILE, 1, "set spool-dir = `/a'", OPEN },
	{ IN_FILE, 1, "set spool-dir = \"", OPEN },
	{ IN_FILE, 1, "set spool-dir = \"/a # b\nset shy\"", OPEN },
/* values */
#define NEEDS "needs a value: set NAME = VALUE"
#define BOOL "is true, false, 1 or 0, and not"
#define RESTRICTED \
	"is restricted: it cannot be set in this file, but in the " \
	"administrator's (popper -f)"
#define INT(least, most) "needs an integer from " least " to " most
#define EXPIRE "needs never, or an integer from 0 to 99999"
#define STRING "needs 1 to 255 printable characters"
	{ IN_FILE, 1, "set timeout", "option timeout: " NEEDS },
	{ IN_FILE, 1, "set spool-dir", "option spool-dir: " NEEDS },
	{ IN_FILE, 1, "set tls-version", "option tls-version: " NEEDS },
	{ IN_FILE, 1, "set announce-expire", "option announce-expire: " NEEDS },
	{ IN_FILE, 1, "set shy = yes", "option shy: " BOOL " (yes)" },
	{ IN_FILE, 1, "set shy = 2", "option shy: " BOOL " (2)" },
	{ IN_FILE, 1, "set shy = \"\"", "option shy: " BOOL },
	{ IN_FILE, 1, "set shy = truest", "option shy: " BOOL " (truest)" },
	{ IN_FILE, 2, "#\nset timeout = x",
	    "option timeout: " INT("1", "86400") " (x)" },
	{ IN_FILE, 1, "set timeout = ''",
	    "option timeout: " INT("1", "86400") },
	{ IN_FILE, 1, "set timeout = -1",
	    "option timeout: " INT("1", "86400") " (-1)" },
	{ IN_FILE, 1, "set timeout = 5s",
	    "option timeout: " INT("1", "86400") " (5s)" },
	{ IN_FILE, 1, "set timeout = '5 '",
	    "option timeout: " INT("1", "86400") " (5 )" },
	{ IN_FILE, 1, "set timeout = 08",
	    "option timeout: " INT("1", "86400") " (08)" },
	{ IN_FILE, 1, "set timeout = 0x",
	    "option timeout: " INT("1", "86400") " (0x)" },
	{ IN_FILE, 1, "set timeout = 86401",
	    "option timeout: " INT("1", "86400") " (86401)" },
	{ IN_FILE, 1, "set timeout = 0x15181",
	    "option timeout: " INT("1", "86400") " (0x15181)" },
	{ IN_FILE, 1, "set timeout = never",
	    "option timeout: " INT("1", "86400") " (never)" },
	{ IN_FILE, 1, "set announce-expire = 100000",
	    "option announce-expire: " EXPIRE " (100000)" },
	{ IN_FILE, 1, "set tls-options = 4294967296",
	    "option tls-options: " INT("0", "4294967295") " (4294967296)" },
	{ IN_FILE, 1, "set timeout = 0",
	    "option timeout: " INT("1", "86400") " (0)" },
	{ IN_FILE, 1, "set spool-dir = mail",
	    "option spool-dir: has to be an absolute path (mail)" },
	{ IN_FILE, 1, "set auth-file = users",
	    "option auth-file: has to be an absolute path (users)" },
	{ IN_FILE, 1, "set checkpassword = poppam",
	    "option checkpassword: has to be an absolute path (poppam)" },
	{ IN_FILE, 1, "set sasl-mechanisms = 'PLAIN DIGEST-MD5'",
	    "option sasl-mechanisms: has names of mechanisms, with blanks "
	    "between them: EXTERNAL SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN (PLAIN "
	    "DIGEST-MD5)" },
	{ IN_FILE, 1, "set temp-name = .%s.lk",
	    "option temp-name: would clash with the name of a lock or of "
	    "another user's file (.%s.lk)" },
	{ IN_FILE, 1, "set temp-name = .%s",
	    "option temp-name: would clash with the name of a lock or of "
	    "another user's file (.%s)" },
	{ IN_FILE, 1, "set hash-spool = 3",
	    "option hash-spool: " INT("0", "2") " (3)" },
	{ IN_HOME, 1, "set timeout = 1801",
	    "option timeout: " INT("1", "1800") " (1801)" },
	{ IN_FILE, 1, "set spool-dir = \"\"", "option spool-dir: " STRING },
	{ IN_FILE, 1, "set spool-dir = " LONG_256,
	    "option spool-dir: " STRING },
	{ IN_FILE, 1, "set spool-dir = /a\x7f", "option spool-dir: " STRING },
	{ IN_FILE, 1, "set spool-dir = /\xe4", "option spool-dir: " STRING },
	{ IN_FILE, 1, "set spool-dir = '/a\tb'", "option spool-dir: " STRING },
	{ IN_FILE, 1, "set clear-text-password = 2",
	    "option clear-text-password: is none of default never always local "
	    "tls ssl (2)" },
	{ IN_FILE, 1, "set log-facility = local8",
	    "option log-facility: is none of mail local0 local1 local2 local3 "
	    "local4 local5 local6 local7 (local8)" },
	{ IN_FILE, 1, "set tls-version = TLSv1.3",
	    "option tls-version: is none of default all SSLv23 TLSv1.2 TLSv1.1 "
	    "TLSv1 (TLSv1.3)" },
#define BROKEN \
	"option tls-version: this value is not safe, and not offered: remove " \
	"the option, or name a newer one "
	{ IN_FILE, 2, "\nset tls-version = SSLv3", BROKEN "(SSLv3)" },
	{ IN_FILE, 1, "set tls-version = sslv2", BROKEN "(sslv2)" },
	{ IN_FILE, 1, "set tls-server-cert-file = cert.pem",
	    "option tls-server-cert-file: has to be an absolute path "
	    "(cert.pem)" },
#define TEMPLATE "needs a file name with one %s for the user, and no slash"
#define DOT "has to begin with a dot, so that it is never a user's spool"
	{ IN_FILE, 1, "set temp-name = .pop",
	    "option temp-name: " TEMPLATE " (.pop)" },
	{ IN_FILE, 1, "set temp-name = .%d",
	    "option temp-name: " TEMPLATE " (.%d)" },
	{ IN_FILE, 1, "set temp-name = .%s%s",
	    "option temp-name: " TEMPLATE " (.%s%s)" },
	{ IN_FILE, 1, "set temp-name = .%s%n",
	    "option temp-name: " TEMPLATE " (.%s%n)" },
	{ IN_FILE, 1, "set temp-name = .x/%s",
	    "option temp-name: " TEMPLATE " (.x/%s)" },
	{ IN_FILE, 1, "set temp-name = %s.pop",
	    "option temp-name: " DOT " (%s.pop)" },
#define CLASH "would clash with the name of a lock or of another user's file"
	{ IN_FILE, 1, "set cache-name = %s.cache",
	    "option cache-name: " DOT " (%s.cache)" },
	{ IN_FILE, 1, "set cache-name = .c/%s.c",
	    "option cache-name: " TEMPLATE " (.c/%s.c)" },
	{ IN_FILE, 1, "set cache-name = .%s.pop",
	    "option cache-name: " CLASH " (.%s.pop)" },
	{ IN_FILE, 1, "set temp-name = .x%s.pop",
	    "option temp-name: " CLASH " (.x%s.pop)" },
	{ IN_FILE, 1, "set temp-name = .%s.a.pop",
	    "option temp-name: " CLASH " (.%s.a.pop)" },
	{ IN_FILE, 1, "set temp-name = .%sop",
	    "option temp-name: " CLASH " (.%sop)" },
	{ IN_FILE, 1, "set temp-name = .%s.left",
	    "option temp-name: " CLASH " (.%s.left)" },
	{ IN_FILE, 1, "set temp-name = .%s.cache",
	    "option temp-name: would clash with a name of cache-name "
	    "(.%s.cache)" },
	{ IN_FILE, 2, "set temp-name = .%s.t\nset cache-name = .%s.c.t",
	    "option cache-name: would clash with a name of temp-name "
	    "(.%s.c.t)" },
#define ABSOLUTE "has to be an absolute path"
#define BELOW \
	"has to be the name of a file below the home, as mail or mail/inbox, " \
	"without .."
	{ IN_FILE, 1, "set temp-dir = tmp",
	    "option temp-dir: " ABSOLUTE " (tmp)" },
	{ IN_FILE, 1, "set cache-dir = ../cache",
	    "option cache-dir: " ABSOLUTE " (../cache)" },
	{ IN_FILE, 1, "set temp-dir", "option temp-dir: " NEEDS },
	{ IN_FILE, 1, "set home-dir-mail = ''",
	    "option home-dir-mail: " STRING },
	{ IN_FILE, 1, "set home-dir-mail = ../x",
	    "option home-dir-mail: " BELOW " (../x)" },
	{ IN_FILE, 1, "set home-dir-mail = mail/../../x",
	    "option home-dir-mail: " BELOW " (mail/../../x)" },
	{ IN_FILE, 1, "set home-dir-mail = mail/..",
	    "option home-dir-mail: " BELOW " (mail/..)" },
	{ IN_FILE, 1, "set home-dir-mail = .",
	    "option home-dir-mail: " BELOW " (.)" },
	{ IN_FILE, 1, "set home-dir-mail = /mail",
	    "option home-dir-mail: " BELOW " (/mail)" },
	{ IN_FILE, 1, "set home-dir-mail = mail/",
	    "option home-dir-mail: " BELOW " (mail/)" },
	{ IN_FILE, 1, "set home-dir-mail = mail//inbox",
	    "option home-dir-mail: " BELOW " (mail//inbox)" },
	{ IN_FILE, 1, "set hash-spool = -1",
	    "option hash-spool: " INT("0", "2") " (-1)" },
	{ IN_FILE, 1, "set hash-spool", "option hash-spool: " NEEDS },
	{ IN_HOME, 1, "set home-dir-mail",
	    "option home-dir-mail: " RESTRICTED },
	{ IN_SPOOL, 1, "set temp-dir = /x", "option temp-dir: " RESTRICTED },
	{ IN_SPOOL, 1, "set trace-message-bodies",
	    "option trace-message-bodies: " RESTRICTED },
	{ IN_FILE, 1, "set trace-message-bodies = yes",
	    "option trace-message-bodies: " BOOL " (yes)" },
/* what is not there yet, unless it asks for nothing */
#define REMOVE " in this version: remove the option; "
#define KERBEROS \
	"there is no Kerberos" REMOVE \
	"PAM can ask it for passwords, see poppam(8)"
#define BULLETINS "there are no bulletins" REMOVE "mail to all users, instead"
#define DRAC \
	"there is no notice to a DRAC host" REMOVE \
	"have clients send with SMTP AUTH"
#define XMIT "there is no XTND XMIT" REMOVE "clients send by SMTP"
	{ IN_FILE, 1, "set kerberos", "option kerberos: " KERBEROS },
	{ IN_FILE, 1, "set kerberos-service = pop",
	    "option kerberos-service: " KERBEROS },
	{ IN_FILE, 1, "set any-kerberos-principal",
	    "option any-kerberos-principal: " KERBEROS },
	{ IN_FILE, 1, "set ksockinst", "option ksockinst: " KERBEROS },
	{ IN_FILE, 1, "set kuserok = 1", "option kuserok: " KERBEROS },
	{ IN_FILE, 1, "set bulldir = /b", "option bulldir: " BULLETINS },
	{ IN_FILE, 1, "set bulldb = /b", "option bulldb: " BULLETINS },
	{ IN_FILE, 1, "set bulldb = b",
	    "option bulldb: has to be an absolute path (b)" },
	{ IN_FILE, 1, "set popbulldir = /b", "option popbulldir: " BULLETINS },
	{ IN_FILE, 1, "set group-bulletins",
	    "option group-bulletins: " BULLETINS },
	{ IN_FILE, 1, "set max-bulletins = 2",
	    "option max-bulletins: " BULLETINS },
	{ IN_FILE, 1, "set max-bulletins = x",
	    "option max-bulletins: " INT("0", "1000000") " (x)" },
	{ IN_FILE, 1, "set bulldb-max-retries = 10",
	    "option bulldb-max-tries: " BULLETINS },
	{ IN_FILE, 1, "set drac-host = localhost", "option drac-host: " DRAC },
	{ IN_FILE, 1, "set mail-command = /usr/lib/sendmail",
	    "option mail-command: " XMIT },
	{ IN_FILE, 1, "set xtnd-xmit", "option xtnd-xmit: " XMIT },
	{ IN_FILE, 1, "set block-uid = -1",
	    "option block-uid: " INT("0", "65535") " (-1)" },
	/* places */
	{ IN_HOME, 1, "set shy", "option shy: " RESTRICTED },
	{ IN_HOME, 1, "set content-length",
	    "option content-length: " RESTRICTED },
	{ IN_SPOOL, 1, "set content-length",
	    "option content-length: " RESTRICTED },
	{ IN_HOME, 1, "reset shy", "option shy: " RESTRICTED },
	{ IN_HOME, 1, "set tracefile = /x", "option tracefile: " RESTRICTED },
	{ IN_HOME, 1, "set bulldir = /x", "option bulldir: " RESTRICTED },
	{ IN_HOME, 1, "set config-file = /x",
	    "option config-file: " RESTRICTED },
	{ IN_HOME, 1, "set drac-host = x", "option drac-host: " RESTRICTED },
	{ IN_HOME, 2, "set statistics\nset debug",
	    "option debug: " RESTRICTED },
	{ IN_HOME, 1, "set tls-support = none",
	    "option tls-support: " RESTRICTED },
	{ IN_SPOOL, 1, "set tls-names-dir = /x",
	    "option tls-names-dir: " RESTRICTED },
	{ IN_SPOOL, 1, "set user-options", "option user-options: " RESTRICTED },
	{ IN_SPOOL, 1, "set spool-dir = /x", "option spool-dir: " RESTRICTED },
	{ IN_SPOOL, 1, "set cdb-dir = /x", "option cdb-dir: " RESTRICTED },
};

static void
lines(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(row); i++) {
		char want[300];
		struct err e;
		int rc = read_text(
		    row[i].text, strlen(row[i].text), row[i].where, &e);

		snprintf(
		    want, sizeof want, "conf:%u: %s", row[i].line, row[i].want);
		CHECK(
		    rc == -1 && e.kind == ERR_CONF && strcmp(e.text, want) == 0,
		    "\"%s\": %d \"%s\"", row[i].text, rc, e.text);
	}
}

static void
nul(void **state)
{
	static const char text[] = "set shy\nset\0 shy\n";
	struct err e;

	(void)state;
	assert_int_equal(read_text(text, sizeof text - 1, IN_FILE, &e), -1);
	assert_string_equal(e.text, "conf:2: the line has a NUL in it");
	assert_int_equal(e.kind, ERR_CONF);
}

/* The last octet of a line that fits, and the first that does not. */
static void
length(void **state)
{
	static const char *const end[] = { "\n", "", "\nset shy\n" };
	char text[1100];
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(end); i++) {
		memset(text, '#', sizeof text);
		strcpy(text + 1023, end[i]);
		CHECK(read_text(text, strlen(text), IN_FILE, &e) == 0,
		    "%zu: %s", i, e.text);
		memset(text, '#', sizeof text);
		strcpy(text + 1024, end[i]);
		assert_int_equal(
		    read_text(text, strlen(text), IN_FILE, &e), -1);
		assert_string_equal(
		    e.text, "conf:1: the line is longer than 1023 octets");
	}
}

/* What an error shows of a line is bounded and cannot forge a log line. */
static void
shown(void **state)
{
	char text[1000];
	struct err e;
	size_t i;

	(void)state;
	memset(text, '\x1b', sizeof text);
	text[sizeof text - 1] = '\n';
	assert_int_equal(read_text(text, sizeof text, IN_FILE, &e), -1);
	assert_memory_equal(e.text, "conf:1: ", 8);
	for (i = 0; e.text[i] != '\0'; i++)
		assert_in_range(e.text[i], ' ', '~');
	assert_true(i < 200);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(nul),
		cmocka_unit_test(length),
		cmocka_unit_test(shown),
	};

	return cmocka_run_group_tests_name("confwrong", tests, NULL, NULL);
}
