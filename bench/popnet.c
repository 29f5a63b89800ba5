#define _DEFAULT_SOURCE
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <time.h>

#include "popnet.h"

static struct addrinfo *server;

double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int
number(const char *s, int max)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (end == s || *end != '\0' || n < 0 || n > max)
		errx(2, "bad number: %s", s);
	return (int)n;
}

void
find_server(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };

	if (getaddrinfo(host, port, &hints, &server) != 0)
		errx(1, "no such address: %s port %s", host, port);
}

int
dial(void)
{
	int on = 1;
	int fd = socket(server->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd == -1)
		err(1, "socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, server->ai_addr, server->ai_addrlen) == -1 &&
	    errno != EINPROGRESS)
		err(1, "connect");
	return fd;
}
