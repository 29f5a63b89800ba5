/* SPDX-License-Identifier: MIT */
/* runs as: root (monitor) */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"
#include "text.h"

int
peer_address(int fd, char ip[PEER_IP_MAX], unsigned *port)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	const char *got = NULL;

	memset(&ss, 0, sizeof ss);
	if (getpeername(fd, (struct sockaddr *)&ss, &len) == -1)
		return -1;
	if (ss.ss_family == AF_INET) {
		struct sockaddr_in sin;

		memcpy(&sin, &ss, sizeof sin);
		*port = ntohs(sin.sin_port);
		got = inet_ntop(AF_INET, &sin.sin_addr, ip, PEER_IP_MAX);
	} else if (ss.ss_family == AF_INET6) {
		struct sockaddr_in6 sin6;

		memcpy(&sin6, &ss, sizeof sin6);
		*port = ntohs(sin6.sin6_port);
		if (IN6_IS_ADDR_V4MAPPED(&sin6.sin6_addr))
			got = inet_ntop(AF_INET, sin6.sin6_addr.s6_addr + 12,
			    ip, PEER_IP_MAX);
		else
			got = inet_ntop(
			    AF_INET6, &sin6.sin6_addr, ip, PEER_IP_MAX);
	}
	return got == NULL ? -1 : 0;
}

/*
 * The name as every client takes it in a greeting's stamp: a dot-atom (RFC
 * 5322 section 3.2.3) of letters, digits, "-" and "_".  fetchmail refuses
 * empty labels, mpop most other characters.  Empty labels are left out, so
 * that mail.example. is what it means; -1 if it cannot be mended.
 */
static int
host_name(char *dst, size_t n, const char *name)
{
	size_t len = 0;

	for (; *name != '\0'; name++) {
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
			   "wxyz0123456789-_.",
			*name) == NULL ||
		    len + 1 >= n)
			return -1;
		if (*name != '.' || (len > 0 && dst[len - 1] != '.'))
			dst[len++] = *name;
	}
	if (len > 0 && dst[len - 1] == '.')
		len--;
	dst[len] = '\0';
	return len > 0 ? 0 : -1;
}

void
peer_own_name(char *dst, size_t n)
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *ai = NULL;
	const char *given = getenv("TCPLOCALHOST");
	char host[256];
	char full[128];

	if (given != NULL && host_name(dst, n, given) == 0)
		return;
	if (gethostname(host, sizeof host) == -1)
		host[0] = '\0';
	host[sizeof host - 1] = '\0';
	if (host_name(dst, n, host) == -1)
		text_copy(dst, n, "localhost");
	if (strchr(dst, '.') == NULL &&
	    getaddrinfo(dst, NULL, &hints, &ai) == 0) {
		if (ai->ai_canonname != NULL &&
		    host_name(full, sizeof full, ai->ai_canonname) == 0)
			text_copy(dst, n, full);
		freeaddrinfo(ai);
	}
}

void
peer_find(struct peer *p, int fd, bool names)
{
	const char *ip = getenv("TCPREMOTEIP");
	const char *host = getenv("TCPREMOTEHOST");
	unsigned port;

	p->told = ip != NULL && ip[0] != '\0';
	if (p->told)
		text_safe(p->ip, sizeof p->ip, ip);
	else if (peer_address(fd, p->ip, &port) == -1)
		text_copy(p->ip, sizeof p->ip, "unknown");
	if (!names || host == NULL || host[0] == '\0')
		host = p->ip;
	text_safe(p->host, sizeof p->host, host);
	peer_own_name(p->us, sizeof p->us);
	p->local = strncmp(p->ip, "127.", 4) == 0 ||
	    strcmp(p->ip, "::1") == 0 || strncmp(p->ip, "::ffff:127.", 11) == 0;
}
