/* SPDX-License-Identifier: MIT */
/* runs as: root (until confined) */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "lookup.h"
#include "priv.h"
#include "split.h"

#define IPV6_OCTETS 16

/* An address as one of IPv6; -1: it is none. */
static int
address(unsigned char to[IPV6_OCTETS], const char *ip)
{
	static const unsigned char mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0xff, 0xff };
	char text[PEER_IP_MAX];
	size_t zone = strcspn(ip, "%");

	if (zone >= sizeof text)
		return -1;
	memcpy(text, ip, zone);
	text[zone] = '\0';
	memcpy(to, mapped, sizeof mapped);
	return inet_pton(AF_INET, text, to + sizeof mapped) == 1 ||
		inet_pton(AF_INET6, text, to) == 1
	    ? 0
	    : -1;
}

/* What getaddrinfo(3) would take for a name, and is one. */
static bool
is_name(const char *name)
{
	const struct addrinfo numeric = { .ai_flags = AI_NUMERICHOST };
	struct addrinfo *ai;

	if (name[strspn(name,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789-_.")] != '\0')
		return false;
	if (getaddrinfo(name, NULL, &numeric, &ai) != 0)
		return true;
	freeaddrinfo(ai);
	return false;
}

static bool
has_address(const struct addrinfo *ai, const unsigned char *ip)
{
	unsigned char its[IPV6_OCTETS];
	char text[PEER_IP_MAX];

	for (; ai != NULL; ai = ai->ai_next) {
		if (getnameinfo(ai->ai_addr, ai->ai_addrlen, text, sizeof text,
			NULL, 0, NI_NUMERICHOST) == 0 &&
		    address(its, text) == 0 && memcmp(its, ip, sizeof its) == 0)
			return true;
	}
	return false;
}

static void
check(const struct peer *p, const char *name)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *ai = NULL;
	unsigned char ip[IPV6_OCTETS];
	int r =
	    is_name(name) ? getaddrinfo(name, NULL, &hints, &ai) : EAI_NONAME;

	if (address(ip, p->ip) == -1)
		return;
	if (r == EAI_AGAIN || r == EAI_MEMORY || r == EAI_SYSTEM)
		log_line("Unable to look up the host name \"%s\" of the client "
			 "at \"%s\": %s",
		    p->host, p->ip, gai_strerror(r));
	else if (r != 0)
		log_line("Client at \"%s\" resolves to an unknown host name "
			 "\"%s\"",
		    p->ip, p->host);
	else if (!has_address(ai, ip))
		log_line("Client at \"%s\" resolves to the host name \"%s\", "
			 "which has other addresses",
		    p->ip, p->host);
}

/* Ends this process when the other end of the pipe has no owner any more. */
static int
end_with(int alive)
{
	struct pollfd p = { .fd = alive };

	if (signal(SIGIO, SIG_DFL) == SIG_ERR ||
	    fcntl(alive, F_SETOWN, getpid()) == -1 ||
	    fcntl(alive, F_SETFL, O_ASYNC) == -1)
		return -1;
	/* or it was closed before */
	return poll(&p, 1, 0) == 0 ? 0 : -1;
}

static void
close_others(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b);
	unsigned high = (unsigned)(a < b ? b : a);

	if (low > 0)
		close_range(0, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0U, 0);
}

static _Noreturn void
look_up(const struct session *s, const char *name, int alive)
{
	int log = log_settle();
	uid_t own = split_id();
	struct err e;

	session_title(s, "look-up");
	if (log == -1)
		_exit(0);
	close_others(log, alive);
	alarm(LOOKUP_SECONDS);
	if (end_with(alive) == -1)
		_exit(0);
	if (priv_confine_lookup(own, (gid_t)own, log, &e) == -1) {
		log_line("%s: no name is looked up", e.text);
		_exit(111);
	}
	check(&s->peer, name);
	_exit(0);
}

static void
no_process(void)
{
	log_line("no process to look a name up: %s", strerror(errno));
}

/* Its parent's end makes it nobody's child. */
static _Noreturn void
orphan(const struct session *s, const char *name, int alive)
{
	pid_t pid = fork();

	if (pid == 0)
		look_up(s, name, alive);
	if (pid == -1)
		no_process();
	_exit(0);
}

/*
 * The session could not wait for a child, so the process is orphaned.  alive is
 * closed by our end, whatever that is.
 */
static void
start(const struct session *s, const char *name)
{
	int alive[2];
	pid_t pid;

	if (pipe2(alive, O_CLOEXEC) == -1) {
		no_process();
		return;
	}
	pid = fork();
	if (pid == 0)
		orphan(s, name, alive[0]);
	close(alive[0]);
	if (pid == -1) {
		no_process();
		close(alive[1]);
		return;
	}
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
}

void
lookup_start(const struct session *s)
{
	const char *name = getenv("TCPREMOTEHOST");

	if (!s->cfg.reverse_lookup || !s->peer.told)
		return;
	if (name == NULL || name[0] == '\0')
		log_line("Unable to get canonical name of client %s: "
			 "TCPREMOTEHOST is not set",
		    s->peer.ip);
	else
		start(s, name);
}
