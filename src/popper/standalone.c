/* SPDX-License-Identifier: MIT */
/* runs as: root (before tcpserver) */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "num.h"
#include "peer.h"
#include "poptls.h"
#include "programs.h"
#include "standalone.h"
#include "text.h"
#include "wrapper.h"

#define PORT "110" /* RFC 1939 section 3 */
/* the numbers of service/qpopper/settings, and what they can be */
#define LIMIT 40
#define LIMIT_MAX 100000
#define PERHOST 10
#define PERHOST_MAX 1000
#define CACHE 20000
#define CACHE_MAX 1000000
/* a session needs little, but a yescrypt hash takes 17 MB */
#define DATA_MAX ((rlim_t)64 << 20)

/* The command line that popper becomes; its words point into it. */
struct chain {
	const char **word;
	size_t count;
	char self[PROGRAMS_PATH], cache[PROGRAMS_PATH],
	    tcpserver[PROGRAMS_PATH], rules[PROGRAMS_PATH],
	    poplimit[PROGRAMS_PATH];
	char host[128];
	char entries[12], limit[12], perhost[12];
};

#define CHAIN_WORDS 24 /* of ours, before popper's arguments */

static int
not_there(const char *word, const char *why, struct err *e)
{
	char shown[64];

	text_safe(shown, sizeof shown, word);
	return err_set(e, ERR_CONF,
	    "command line: \"%s\": %s; a first argument without \"-\" is where "
	    "to listen: 8110, :8110, 192.0.2.1:8110, [2001:db8::1]:8110, or an "
	    "address alone for port " PORT,
	    shown, why);
}

/* What stands in front of the port: an address, or nothing. */
static int
parse_ip(struct standalone *at, const char *word, const char *from, size_t n,
    struct err *e)
{
	struct in6_addr a;
	bool v6 = word[0] == '[';
	char ip[INET6_ADDRSTRLEN] = "";

	if (n == 0 && !v6) {
		text_copy(at->ip, sizeof at->ip, "0");
		return 0;
	}
	/* what is too long is no address */
	if (n < sizeof ip)
		memcpy(ip, from, n);
	if (inet_pton(v6 ? AF_INET6 : AF_INET, ip, &a) != 1 ||
	    inet_ntop(v6 ? AF_INET6 : AF_INET, &a, at->ip, sizeof at->ip) ==
		NULL)
		return not_there(word,
		    v6 ? "there is no IPv6 address in the brackets"
		       : "this is no IPv4 address and no port, and names are "
			 "not looked up",
		    e);
	/* tcpserver of ucspi-tcp-ipv6 wants to look "::" up */
	if (v6 && IN6_IS_ADDR_UNSPECIFIED(&a))
		text_copy(at->ip, sizeof at->ip, "0:0:0:0:0:0:0:0");
	return 0;
}

static int
parse_port(
    struct standalone *at, const char *word, const char *port, struct err *e)
{
	uint32_t n;

	if (num_u32(port, &n) == -1 || n == 0 || n > 65535)
		return not_there(word, "a port is a number from 1 to 65535", e);
	snprintf(at->port, sizeof at->port, "%u", n);
	return 0;
}

int
standalone_parse(struct standalone *at, const char *word, struct err *e)
{
	const char *from = word;
	size_t n = strcspn(word, ":");
	const char *rest = word + n;

	if (word[0] == '[') {
		from = word + 1;
		n = strcspn(from, "]");
		if (from[n] == '\0')
			return not_there(word, "there is no \"]\"", e);
		rest = from + n + 1;
	} else if (*rest == '\0' && strspn(word, "0123456789") == n && n > 0) {
		text_copy(at->ip, sizeof at->ip, "0");
		return parse_port(at, word, word, e);
	} else if (*rest == ':' && strchr(rest + 1, ':') != NULL) {
		return not_there(word, "an IPv6 address stands in brackets", e);
	}
	if (n == 0 && *rest == '\0')
		return not_there(word, "there is nothing in it", e);
	if (*rest != ':' && *rest != '\0')
		return not_there(word, "a port follows \"]:\"", e);
	if (parse_ip(at, word, from, n, e) == -1)
		return -1;
	return parse_port(at, word, *rest == ':' ? rest + 1 : PORT, e);
}

/* Qpopper's FAQ has its own name in front of xinetd's server_args. */
static bool
is_name(const char *word)
{
	return strcmp(word, "qpopper") == 0 || strcmp(word, "popper") == 0;
}

/* What the environment has of this name, or NULL: nothing. */
static const char *
setting(const char *name)
{
	const char *v = getenv(name);

	return v != NULL && v[0] != '\0' ? v : NULL;
}

/*
 * Somebody listens already, and this is a connection: its client may have gone,
 * and a wrapper has a socket or a pipe of its own in its place.
 */
static bool
is_served(void)
{
	struct stat st;

	return setting("TCPREMOTEIP") != NULL ||
	    (fstat(STDIN_FILENO, &st) == 0 && S_ISSOCK(st.st_mode));
}

int
standalone_take(
    struct standalone *at, bool serving, int *argc, char **argv, struct err *e)
{
	const char *word = *argc > 1 ? argv[1] : "-";

	at->wanted = false;
	if (word[0] == '-')
		return 0;
	memmove(argv + 1, argv + 2, (size_t)(*argc - 1) * sizeof *argv);
	--*argc;
	if (is_name(word))
		return 0;
	if (serving && is_served())
		return not_there(word,
		    "standard input is a socket, or TCPREMOTEIP is set, so "
		    "somebody listens already",
		    e);
	at->wanted = true;
	return standalone_parse(at, word, e);
}

static void
add(struct chain *h, const char *word)
{
	h->word[h->count++] = word;
}

static void
add_value(struct chain *h, const char *letter, const char *value)
{
	add(h, letter);
	add(h, value);
}

/* A number of the environment as a word; def if it is not there. */
static int
number(char word[12], const char *name, uint32_t def, uint32_t min,
    uint32_t max, struct err *e)
{
	const char *v = setting(name);
	char shown[40];
	uint32_t n = def;

	if (v != NULL && (num_u32(v, &n) == -1 || n < min || n > max)) {
		text_safe(shown, sizeof shown, v);
		return err_set(e, ERR_CONF,
		    "%s in the environment is \"%s\", and has to be a number "
		    "from %u to %u",
		    name, shown, min, max);
	}
	snprintf(word, 12, "%u", n);
	return 0;
}

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    access(path, X_OK) == 0;
}

/* tcpserver in the folders of PATH, those that do not change with ours. */
static int
find_tcpserver(struct chain *h, struct err *e)
{
	const char *path = setting("PATH");
	const char *p = path != NULL ? path : "/usr/local/bin:/usr/bin:/bin";
	char shown[150];

	for (; *p != '\0'; p += *p == ':') {
		int n = (int)strcspn(p, ":");
		int k = snprintf(
		    h->tcpserver, sizeof h->tcpserver, "%.*s/tcpserver", n, p);

		if (*p == '/' && k < (int)sizeof h->tcpserver &&
		    is_program(h->tcpserver))
			return 0;
		p += n;
	}
	return err_set(e, ERR_CONF,
	    "popper needs tcpserver to listen, and it is in none of PATH's "
	    "folders (%s): install ucspi-tcp-ipv6 or ucspi-tcp",
	    path != NULL ? text_safe(shown, sizeof shown, path)
			 : "PATH is not set");
}

/* In front of all: clients find their TLS sessions again. */
static int
add_cache(struct chain *h, struct err *e)
{
	if (number(h->entries, "CACHE", CACHE, 0, CACHE_MAX, e) == -1 ||
	    programs_beside(h->cache, h->self, "poptls-cache", e) == -1)
		return -1;
	if (strcmp(h->entries, "0") == 0 || access(h->cache, X_OK) == -1)
		return 0;
	add(h, h->cache);
	add_value(h, "-n", h->entries);
	return 0;
}

/* The rules for addresses; they are asked for each connection. */
static int
add_rules(struct chain *h, const struct config *c, struct err *e)
{
	struct stat st;

	snprintf(h->rules, sizeof h->rules, "%s/access.cdb", c->cdb_dir);
	if (stat(h->rules, &st) == 0)
		add_value(h, "-x", h->rules);
	else if (errno != ENOENT && errno != ENOTDIR)
		return err_sys(e, ERR_PERM, "Unable to look at", h->rules);
	return 0;
}

static int
add_poplimit(struct chain *h, const struct config *c, struct err *e)
{
	const char *run = setting("RUN");

	if (number(h->perhost, "PERHOST", PERHOST, 0, PERHOST_MAX, e) == -1 ||
	    programs_beside(h->poplimit, h->self, "poplimit", e) == -1)
		return -1;
	if (strcmp(h->perhost, "0") == 0)
		return 0;
	if (access(h->poplimit, X_OK) == -1)
		/* a limit that was asked for must not vanish silently */
		return setting("PERHOST") == NULL
		    ? 0
		    : err_sys(e, ERR_CONF, "PERHOST is set: unable to run",
			  h->poplimit);
	add(h, h->poplimit);
	if (c->tls_support == TLS_ALTERNATE)
		add(h, "-q");
	add_value(h, "-n", h->perhost);
	if (run != NULL)
		add_value(h, "-d", run);
	return 0;
}

static int
build(struct chain *h, const struct standalone *at, const struct config *c,
    bool tls, struct err *e)
{
	const char *host = setting("HOST");

	if (programs_self(h->self, e) == -1 || find_tcpserver(h, e) == -1 ||
	    number(h->limit, "LIMIT", LIMIT, 1, LIMIT_MAX, e) == -1)
		return -1;
	if (tls && add_cache(h, e) == -1)
		return -1;
	add(h, h->tcpserver);
	/* a name counts only if it has the address, too: anybody can choose
	 * what his address is called */
	add(h, c->reverse_lookup ? "-hpRD" : "-HRD");
	peer_own_name(h->host, sizeof h->host);
	add_value(h, "-l", host != NULL ? host : h->host);
	add_value(h, "-c", h->limit);
	if (add_rules(h, c, e) == -1)
		return -1;
	add(h, at->ip);
	add(h, at->port);
	if (add_poplimit(h, c, e) == -1)
		return -1;
	add(h, h->self);
	return 0;
}

/* The memory of each process that listens, or serves. */
static void
limit_data(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_DATA, &r) == 0 && r.rlim_cur > DATA_MAX) {
		r.rlim_cur = DATA_MAX;
		setrlimit(RLIMIT_DATA, &r);
	}
}

int
standalone_start(const struct standalone *at, const struct config *c, int argc,
    char **argv, struct err *e)
{
	struct poptls tls;
	struct chain *h;

	/* what each connection would only find out by itself */
	if (poptls_command(&tls, c, e) == -1)
		return -1;
	h = calloc(1, sizeof *h);
	if (h != NULL)
		h->word = calloc(CHAIN_WORDS + (size_t)argc, sizeof *h->word);
	if (h == NULL || h->word == NULL) {
		free(h);
		return err_set(e, ERR_TEMP, "No memory to start tcpserver");
	}
	if (build(h, at, c, tls.count > 0, e) == 0) {
		memcpy(
		    h->word + h->count, argv + 1, (size_t)argc * sizeof *argv);
		limit_data();
		/* no wrapper is between tcpserver and popper, and a stray
		 * word of one would let passwords through in the clear */
		wrapper_unset();
		unsetenv(POPTLS_STARTED);
		signal(SIGPIPE, SIG_DFL);
		execv(h->word[0], (char *const *)h->word);
		err_sys(e, ERR_CONF, "Unable to run", h->word[0]);
		signal(SIGPIPE, SIG_IGN);
	}
	free(h->word);
	free(h);
	return -1;
}
