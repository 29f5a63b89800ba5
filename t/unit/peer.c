/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "peer.h"

#define A60 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"

/* Our name as TCPLOCALHOST has it; NULL: it does not count. */
static void
names(void **state)
{
	static const struct {
		const char *given, *want;
	} row[] = {
		{ "mail.example.org", "mail.example.org" },
		{ "MAIL.Example.ORG", "MAIL.Example.ORG" },
		{ "mail", "mail" },
		{ "0", "0" },
		{ "1and1.example.org", "1and1.example.org" },
		{ "192.0.2.1", "192.0.2.1" },
		{ "my_host.example.org", "my_host.example.org" },
		{ "-x.example-.org", "-x.example-.org" },
		{ "mail.example.org.", "mail.example.org" },
		{ "mail.example.org...", "mail.example.org" },
		{ ".example.org", "example.org" },
		{ "mail..example....org", "mail.example.org" },
		{ A60 "." A60 ".org12", A60 "." A60 ".org12" },
		{ A60 "." A60 ".org12.", NULL },
		{ A60 "." A60 ".org123", NULL },
		{ "", NULL },
		{ ".", NULL },
		{ "....", NULL },
		{ "[192.0.2.1]", NULL },
		{ "2001:db8::1", NULL },
		{ "a@b", NULL },
		{ "a b", NULL },
		{ "a\n", NULL },
		{ "a<b", NULL },
		{ "a>", NULL },
		{ "a!b", NULL },
		{ "a~b", NULL },
		{ "caf\xc3\xa9.org", NULL },
	};
	struct peer p;
	size_t i;

	(void)state;
	setenv("TCPREMOTEIP", "192.0.2.1", 1);
	for (i = 0; i < COUNT(row); i++) {
		memset(&p, 'x', sizeof p);
		setenv("TCPLOCALHOST", row[i].given, 1);
		peer_find(&p, -1, false);
		if (row[i].want != NULL)
			CHECK(strcmp(p.us, row[i].want) == 0,
			    "\"%s\" became \"%s\"", row[i].given, p.us);
		CHECK(p.us[0] != '\0' && p.us[0] != '.' &&
			p.us[strlen(p.us) - 1] != '.' &&
			strstr(p.us, "..") == NULL &&
			p.us[strspn(p.us,
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
			    "qrstuvwxyz0123456789-_.")] == '\0' &&
			(row[i].want != NULL ||
			    strcmp(p.us, row[i].given) != 0),
		    "\"%s\" became \"%s\"", row[i].given, p.us);
	}
	unsetenv("TCPLOCALHOST");
	memset(&p, 'x', sizeof p);
	peer_find(&p, -1, false);
	CHECK(p.us[0] != '\0' && strlen(p.us) < sizeof p.us, "no name");
}

static void
addresses(void **state)
{
	static const struct {
		const char *ip;
		bool local;
	} row[] = {
		{ "127.0.0.1", true },
		{ "127.1.2.3", true },
		{ "::1", true },
		{ "::ffff:127.0.0.1", true },
		{ "192.0.2.1", false },
		{ "128.0.0.1", false },
		{ "2001:db8::1", false },
		{ "::ffff:192.0.2.1", false },
		{ "12", false },
	};
	struct peer p;
	size_t i;

	(void)state;
	setenv("TCPREMOTEHOST", "client.test", 1);
	for (i = 0; i < COUNT(row); i++) {
		setenv("TCPREMOTEIP", row[i].ip, 1);
		peer_find(&p, -1, i % 2 == 0);
		CHECK(strcmp(p.ip, row[i].ip) == 0, "%s", p.ip);
		CHECK(p.local == row[i].local, "%s", p.ip);
		CHECK(strcmp(p.host, i % 2 == 0 ? "client.test" : p.ip) == 0,
		    "%s", p.host);
	}
	unsetenv("TCPREMOTEIP");
	peer_find(&p, -1, false);
	CHECK(strcmp(p.ip, "unknown") == 0, "%s", p.ip);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests_name("peer", tests, NULL, NULL);
}
