/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "standalone.h"

static const struct {
	const char *word, *ip, *port;
} good[] = {
	{ "8110", "0", "8110" },
	{ ":8110", "0", "8110" },
	{ "1", "0", "1" },
	{ "65535", "0", "65535" },
	{ "0110", "0", "110" },
	{ "199.46.50.7:8110", "199.46.50.7", "8110" },
	{ "199.46.50.7", "199.46.50.7", "110" },
	{ "0.0.0.0:8110", "0.0.0.0", "8110" },
	{ "255.255.255.255:65535", "255.255.255.255", "65535" },
	{ "[::1]:8110", "::1", "8110" },
	{ "[::1]", "::1", "110" },
	{ "[2001:DB8:0:0::7]:1", "2001:db8::7", "1" },
	{ "[1111:2222:3333:4444:5555:6666:7777:8888]:65535",
	    "1111:2222:3333:4444:5555:6666:7777:8888", "65535" },
	{ "[::ffff:192.0.2.1]:8110", "::ffff:192.0.2.1", "8110" },
	/* tcpserver would look "::" up */
	{ "[::]:8110", "0:0:0:0:0:0:0:0", "8110" },
};

static void
addresses(void **state)
{
	struct standalone at;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		CHECK(standalone_parse(&at, good[i].word, &e) == 0, "%s: %s",
		    good[i].word, e.text);
		CHECK(strcmp(at.ip, good[i].ip) == 0, "%s became %s",
		    good[i].word, at.ip);
		CHECK(strcmp(at.port, good[i].port) == 0, "%s: port %s",
		    good[i].word, at.port);
	}
}

static const struct {
	const char *word, *why;
} bad[] = {
	{ "", "nothing in it" },
	{ ":", "a port is" },
	{ "foo", "no IPv4 address and no port" },
	{ "8110x", "no IPv4 address and no port" },
	{ "+8110", "no IPv4 address and no port" },
	{ " 8110", "no IPv4 address and no port" },
	{ "0x10", "no IPv4 address and no port" },
	{ "0", "a port is" },
	{ "70000", "a port is" },
	{ "65536", "a port is" },
	{ "4294967406", "a port is" },
	{ "99999999999999999999", "a port is" },
	{ ":8110x", "a port is" },
	{ ":-1", "a port is" },
	{ "1.2.3.4:", "a port is" },
	{ "1.2.3.4:0", "a port is" },
	{ "1.2.3.4:pop3", "a port is" },
	{ "1.2.3.4:1:2", "brackets" },
	{ "1.2.3", "no IPv4 address" },
	{ "1.2.3.256:110", "no IPv4 address" },
	{ "1.2.3.4.5", "no IPv4 address" },
	{ "mail.example.org:110", "names are not looked up" },
	{ "localhost", "names are not looked up" },
	{ "*:110", "no IPv4 address" },
	{ "::1", "brackets" },
	{ "2001:db8::1:110", "brackets" },
	{ "[::1", "there is no \"]\"" },
	{ "[", "there is no \"]\"" },
	{ "[]:110", "no IPv6 address" },
	{ "[::1]:", "a port is" },
	{ "[::1]8110", "a port follows" },
	{ "[::1]]:8110", "a port follows" },
	{ "[1.2.3.4]:110", "no IPv6 address" },
	{ "[fe80::1%eth0]:110", "no IPv6 address" },
	{ "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb]:110",
	    "no IPv6 address" },
	{ "11111111111111111111111111111111111111111111111.2.3.4:110",
	    "no IPv4 address" },
	{ "\n\x1b[1m", "\"??[1m\"" },
};

static void
nonsense(void **state)
{
	struct standalone at;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		CHECK(standalone_parse(&at, bad[i].word, &e) == -1,
		    "%s was taken for %s %s", bad[i].word, at.ip, at.port);
		CHECK(strstr(e.text, bad[i].why) != NULL, "%s: %s", bad[i].word,
		    e.text);
		CHECK(e.kind == ERR_CONF, "%s: %d", bad[i].word, (int)e.kind);
		/* what to do comes last, and fits */
		CHECK(strstr(e.text, "for port 110") != NULL, "%s: %s",
		    bad[i].word, e.text);
	}
}

static const struct {
	const char *arg;
	int left; /* words, with the program's name */
	bool wanted;
} word[] = {
	{ NULL, 1, false },
	{ "-S", 2, false },
	{ "8110", 1, true },
	{ "qpopper", 1, false },
	{ "popper", 1, false },
};

/* Standard input is no client's. */
static void
first_argument(void **state)
{
	int null = open("/dev/null", O_RDONLY);
	size_t i;

	(void)state;
	CHECK(dup2(null, STDIN_FILENO) == 0, "/dev/null");
	close(null);
	unsetenv("TCPREMOTEIP");
	for (i = 0; i < COUNT(word); i++) {
		char name[] = "popper";
		char text[16] = "";
		char *argv[] = { name, word[i].arg != NULL ? text : NULL,
			NULL };
		int argc = word[i].arg != NULL ? 2 : 1;
		struct standalone at;
		struct err e;

		if (word[i].arg != NULL)
			memcpy(text, word[i].arg, strlen(word[i].arg) + 1);
		CHECK(standalone_take(&at, true, &argc, argv, &e) == 0,
		    "%zu: %s", i, e.text);
		CHECK(argc == word[i].left, "%zu: %d left", i, argc);
		CHECK(argv[argc] == NULL, "%zu: no end", i);
		CHECK(at.wanted == word[i].wanted, "%zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(first_argument),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
