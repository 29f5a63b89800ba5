/*
 * A load generator for POP3 servers.
 * popload login HOST PORT CONC COUNT USERS PASS
 *	COUNT sessions, CONC at once, of USER, PASS, STAT and QUIT as the
 *	users u0 to u(USERS-1).  A session lasts until the server closes, and
 *	no user has two at once.
 * popload retr|retrpipe HOST PORT USER PASS COUNT
 *	One session: RETR 1 to COUNT, one by one or pipelined.  Bytes are all
 *	those received, mbps is 10^6 bits a second, and the clock runs from
 *	the first RETR to the last terminator.
 * The exit status is 0 only if every reply was +OK.
 */
#define _DEFAULT_SOURCE
#include <sys/socket.h>
#include <netinet/tcp.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE 60 /* seconds without progress */

enum step {
	GREETING,
	USER,
	PASS,
	STAT,
	QUIT,
	CLOSE
};

struct session {
	double progress; /* when something last arrived */
	int user;
	enum step step; /* what is waited for */
	size_t len;
	char line[1024];
};

static struct addrinfo *server;

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
number(const char *s, int max)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (end == s || *end != '\0' || n < 1 || n > max)
		errx(2, "bad number: %s", s);
	return (int)n;
}

/* A nonblocking socket whose connection may still be under way. */
static int
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

/* What has arrived: 1 if the session is over, -1 if it failed, else 0. */
static int
serve(struct session *s, int fd, const char *pass)
{
	char cmd[600];
	int len;
	ssize_t n = recv(fd, s->line + s->len, sizeof(s->line) - s->len, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n == 0 && s->step == CLOSE)
		return 1;
	if (n <= 0 || s->step == CLOSE)
		return -1;
	s->progress = now();
	s->len += (size_t)n;
	if (memchr(s->line, '\n', s->len) == NULL)
		return s->len == sizeof(s->line) ? -1 : 0;
	/* One command was sent, so one reply must be all there is. */
	if (s->len < 3 || memcmp(s->line, "+OK", 3) != 0 ||
	    memchr(s->line, '\n', s->len) != s->line + s->len - 1)
		return -1;
	s->len = 0;
	s->step++;
	if (s->step == CLOSE)
		return 0;
	if (s->step == USER)
		len = snprintf(cmd, sizeof(cmd), "USER u%d\r\n", s->user);
	else if (s->step == PASS)
		len = snprintf(cmd, sizeof(cmd), "PASS %s\r\n", pass);
	else
		len = snprintf(cmd, sizeof(cmd), "%s\r\n",
		    s->step == STAT ? "STAT" : "QUIT");
	/* The socket's buffer is empty: a short write means it is dead. */
	return send(fd, cmd, (size_t)len, MSG_NOSIGNAL) == len ? 0 : -1;
}

static int
login(int conc, int count, int users, const char *pass)
{
	struct session *s = calloc((size_t)conc, sizeof(*s));
	struct pollfd *p = calloc((size_t)conc, sizeof(*p));
	double seconds, begin = now();
	int i, n, r, started = 0, active = 0, failures = 0;

	if (s == NULL || p == NULL)
		err(1, NULL);
	if (users < conc)
		errx(2, "fewer users than connections");
	for (i = 0; i < conc; i++) {
		p[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
		s[i].user = i - conc;
	}
	while (started < count || active > 0) {
		for (i = 0; i < conc && started < count; i++) {
			if (p[i].fd != -1)
				continue;
			p[i].fd = dial();
			/* Each slot has users of its own: i, i + conc, ... */
			n = s[i].user + conc < users ? s[i].user + conc : i;
			s[i] = (struct session){ .user = n, .progress = now() };
			started++;
			active++;
		}
		if (poll(p, (nfds_t)conc, 1000) == -1 && errno != EINTR)
			err(1, "poll");
		for (i = 0; i < conc; i++) {
			if (p[i].fd == -1)
				continue;
			r = p[i].revents ? serve(&s[i], p[i].fd, pass) : 0;
			if (r == 0 && now() - s[i].progress > DEADLINE)
				errx(1, "no progress in %d seconds", DEADLINE);
			if (r == 0)
				continue;
			failures += r == -1;
			close(p[i].fd);
			p[i].fd = -1;
			active--;
		}
	}
	seconds = now() - begin;
	printf("sessions %d seconds %.3f rate %.1f failures %d\n", count,
	    seconds, count / seconds, failures);
	return failures != 0;
}

static void
await(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (poll(&p, 1, DEADLINE * 1000) == 0)
		errx(1, "no progress in %d seconds", DEADLINE);
}

/* Send a command (or none) and wait for its one-line reply. */
static void
command(int fd, const char *verb, const char *arg)
{
	char buf[1024];
	size_t len = 0;
	ssize_t n;
	int cmdlen = snprintf(buf, sizeof(buf), "%s%s\r\n", verb, arg);

	if (*verb != '\0' &&
	    send(fd, buf, (size_t)cmdlen, MSG_NOSIGNAL) != cmdlen)
		err(1, "send");
	do {
		await(fd, POLLIN);
		n = recv(fd, buf + len, sizeof(buf) - len, 0);
		if (n <= 0)
			errx(1, "%s: the connection ended", verb);
		len += (size_t)n;
	} while (buf[len - 1] != '\n' && len < sizeof(buf));
	if (len < 3 || memcmp(buf, "+OK", 3) != 0)
		errx(1, "%s: %.*s", verb, (int)len, buf);
}

/*
 * How much of len bytes of a message is used up; *over says whether the
 * message is.  What comes first is the CRLF of the status line.
 */
static size_t
body(const char *buf, size_t len, int *over)
{
	const char *p = buf + 2, *end = buf + len;

	/* memchr is what keeps the client cheaper than the server. */
	for (; end - p >= 3; p++) {
		p = memchr(p, '.', (size_t)(end - p));
		if (p == NULL || end - p < 3)
			break;
		if (memcmp(p - 2, "\r\n.\r\n", 5) == 0) {
			*over = 1;
			return (size_t)(p + 3 - buf);
		}
	}
	*over = 0;
	return len > 4 ? len - 4 : 0;
}

static int
retr(const char *user, const char *pass, int count, int pipelined)
{
	static char buf[1 << 18];
	char *cmds = malloc((size_t)count * 20), *nl;
	size_t *ends = malloc((size_t)count * sizeof(*ends));
	size_t sent = 0, allowed, have = 0, used, n = 0;
	unsigned long long bytes = 0;
	double begin, seconds;
	ssize_t w;
	int i, fd, done = 0, in_body = 0, over;

	if (cmds == NULL || ends == NULL)
		err(1, NULL);
	for (i = 0; i < count; i++)
		ends[i] = n += (size_t)sprintf(cmds + n, "RETR %d\r\n", i + 1);
	fd = dial();
	command(fd, "", "");
	command(fd, "USER ", user);
	command(fd, "PASS ", pass);

	begin = now();
	while (done < count) {
		/* Many commands do not fit at once: send while receiving. */
		allowed = ends[pipelined ? count - 1 : done];
		w = send(fd, cmds + sent, allowed - sent, MSG_NOSIGNAL);
		if (w == -1 && errno != EAGAIN)
			err(1, "send");
		sent += w > 0 ? (size_t)w : 0;
		await(fd, sent < allowed ? POLLIN | POLLOUT : POLLIN);
		w = recv(fd, buf + have, sizeof(buf) - have, 0);
		if (w == -1 && errno == EAGAIN)
			continue;
		if (w <= 0)
			errx(1, "RETR %d: the connection ended", done + 1);
		bytes += (unsigned long long)w;
		have += (size_t)w;
		for (used = 0; done < count; in_body = !in_body) {
			if (in_body) {
				used += body(buf + used, have - used, &over);
				if (!over)
					break;
				done++;
				continue;
			}
			nl = memchr(buf + used, '\n', have - used);
			if (nl == NULL)
				break;
			if (memcmp(buf + used, "+OK", 3) != 0 || nl[-1] != '\r')
				errx(1, "RETR %d: %.*s", done + 1,
				    (int)(nl - buf - (long)used), buf + used);
			used = (size_t)(nl - 1 - buf);
		}
		have -= used;
		memmove(buf, buf + used, have);
		if (have == sizeof(buf))
			errx(1, "RETR %d: no status line", done + 1);
	}
	seconds = now() - begin;
	command(fd, "QUIT", "");
	printf("messages %d bytes %llu seconds %.3f mbps %.1f\n", done, bytes,
	    seconds, (double)bytes * 8 / 1e6 / seconds);
	return 0;
}

int
main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const char *mode = argc > 1 ? argv[1] : "";

	if ((argc != 8 || strcmp(mode, "login") != 0) &&
	    (argc != 7 ||
		(strcmp(mode, "retr") != 0 && strcmp(mode, "retrpipe") != 0)))
		errx(2,
		    "usage: login HOST PORT CONC COUNT USERS PASS | "
		    "retr|retrpipe HOST PORT USER PASS COUNT");
	if (getaddrinfo(argv[2], argv[3], &hints, &server) != 0)
		errx(1, "no such address: %s port %s", argv[2], argv[3]);
	if (argc == 8)
		return login(number(argv[4], 10000), number(argv[5], 100000000),
		    number(argv[6], 1000000), argv[7]);
	return retr(argv[4], argv[5], number(argv[6], 10000000),
	    strcmp(mode, "retrpipe") == 0);
}
