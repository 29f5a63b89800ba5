/*
 * One session at a time, for the benchmark.
 * popone retr|retrpipe HOST PORT USER PASS COUNT
 *	RETR 1 to COUNT, one by one or pipelined.  mbps is 10^6 octets of
 *	replies a second, and the clock runs from the first RETR to the last
 *	terminator.
 * popone session HOST PORT USER PASS COMMAND...
 *	Says the commands one by one, and prints for each its first word and
 *	how long the answer took, in milliseconds; the time that the server
 *	takes to close the connection, behind the last one, is CLOSE.
 *	USER and PASS come first, and are timed, too.  "fsync PATH" is no
 *	command: that file is synced.
 * popone tlsretr|tlsretrpipe|tlssession ...
 *	The same by TLS at once.
 * The exit status is 0 only if every reply was +OK.
 */
#define _DEFAULT_SOURCE
#include <sys/socket.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "popnet.h"
#include "poptlsnet.h"

/* What the server said and was not looked at yet. */
struct replies {
	int in_body;
	size_t have;
	unsigned long long octets; /* all that came */
	char buf[1 << 18];
};

static struct replies rep;
static SSL *tls;     /* NULL: there is none */
static int tls_more; /* it may have octets that poll(2) does not know of */

static void
await(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (tls_more)
		return;
	if (poll(&p, 1, DEADLINE * 1000) == 0)
		errx(1, "no progress in %d seconds", DEADLINE);
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

/* Replies, at most max, that are complete; multi says if they have a body. */
static int
complete(int max, int multi)
{
	size_t used = 0;
	int done = 0, over;
	char *line, *nl;

	while (done < max) {
		line = rep.buf + used;
		if (rep.in_body) {
			used += body(line, rep.have - used, &over);
			if (!over)
				break;
			rep.in_body = 0;
			done++;
			continue;
		}
		nl = memchr(line, '\n', rep.have - used);
		if (nl == NULL)
			break;
		if (nl - line < 4 || memcmp(line, "+OK", 3) != 0 ||
		    nl[-1] != '\r')
			errx(1, "refused: %.*s", (int)(nl - line), line);
		used = (size_t)(nl + 1 - rep.buf);
		if (!multi) {
			done++;
			continue;
		}
		used -= 2;
		rep.in_body = 1;
	}
	rep.have -= used;
	memmove(rep.buf, rep.buf + used, rep.have);
	return done;
}

static ssize_t
say(int fd, const char *what, size_t len)
{
	if (tls != NULL)
		return tls_send(tls, what, len);
	return send(fd, what, len, MSG_NOSIGNAL);
}

/* Takes what has come; 0 at the end of the connection. */
static int
take(int fd)
{
	ssize_t n;

	if (rep.have == sizeof(rep.buf))
		errx(1, "a reply without an end");
	if (tls != NULL)
		n = tls_recv(
		    tls, rep.buf + rep.have, sizeof(rep.buf) - rep.have);
	else
		n = recv(fd, rep.buf + rep.have, sizeof(rep.buf) - rep.have, 0);
	tls_more = tls != NULL && n == (ssize_t)(sizeof(rep.buf) - rep.have);
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		err(1, "recv");
	if (n > 0) {
		rep.have += (size_t)n;
		rep.octets += (unsigned long long)n;
	}
	return n != 0;
}

/* Says a command (or nothing) and waits for the reply; the milliseconds. */
static double
command(int fd, const char *verb, const char *arg)
{
	double begin = now();
	char buf[1024];
	int len = snprintf(buf, sizeof(buf), "%s%s\r\n", verb, arg);
	int multi = strcmp(verb, "UIDL") == 0 || strcmp(verb, "LIST") == 0 ||
	    strncmp(verb, "RETR ", 5) == 0 || strncmp(verb, "TOP ", 4) == 0;

	if (*verb != '\0' && say(fd, buf, (size_t)len) != len)
		err(1, "send");
	do {
		await(fd, POLLIN);
		if (!take(fd))
			errx(1, "%s: the connection ended", verb);
	} while (complete(1, multi) == 0);
	return (now() - begin) * 1e3;
}

static double
sync_file(const char *path)
{
	double begin = now();
	int fd = open(path, O_RDWR);

	if (fd == -1 || fsync(fd) == -1)
		err(1, "%s", path);
	close(fd);
	return (now() - begin) * 1e3;
}

/* Waits till the server has closed the connection, and so is done. */
static double
await_close(int fd)
{
	double begin = now();

	do
		await(fd, POLLIN);
	while (take(fd));
	if (rep.have != 0)
		errx(1, "something behind the last reply");
	return (now() - begin) * 1e3;
}

/* A connection that the server has greeted. */
static int
greeted(int by_tls)
{
	int r, fd = dial();

	if (by_tls) {
		await(fd, POLLOUT);
		tls_begin();
		tls = tls_open(fd, NULL);
		while ((r = tls_shake(tls)) == 0)
			await(fd, tls_events(tls));
		if (r == -1)
			err(1, "the handshake");
	}
	command(fd, "", "");
	return fd;
}

static int
session(int fd, const char *user, const char *pass, char **cmds)
{
	printf("USER %.3f", command(fd, "USER ", user));
	printf(" PASS %.3f", command(fd, "PASS ", pass));
	for (; *cmds != NULL; cmds++) {
		if (strncmp(*cmds, "fsync ", 6) == 0)
			printf(" fsync %.3f", sync_file(*cmds + 6));
		else
			printf(" %.*s %.3f", (int)strcspn(*cmds, " "), *cmds,
			    command(fd, *cmds, ""));
	}
	printf(" CLOSE %.3f\n", await_close(fd));
	return 0;
}

static int
retr(int fd, const char *user, const char *pass, int count, int pipelined)
{
	char *cmds = malloc((size_t)count * 20 + 1);
	size_t *ends = malloc((size_t)count * sizeof(*ends));
	size_t sent = 0, allowed, n = 0;
	double begin, seconds;
	ssize_t w;
	int i, done = 0;

	if (cmds == NULL || ends == NULL)
		err(1, NULL);
	for (i = 0; i < count; i++)
		ends[i] = n += (size_t)sprintf(cmds + n, "RETR %d\r\n", i + 1);
	command(fd, "USER ", user);
	command(fd, "PASS ", pass);

	rep.octets = 0;
	begin = now();
	while (done < count) {
		/* Many commands do not fit at once: send while receiving. */
		allowed = ends[pipelined ? count - 1 : done];
		w = 0;
		if (sent < allowed)
			w = say(fd, cmds + sent, allowed - sent);
		if (w == -1 && errno != EAGAIN)
			err(1, "send");
		sent += w > 0 ? (size_t)w : 0;
		await(fd, sent < allowed ? POLLIN | POLLOUT : POLLIN);
		if (!take(fd))
			errx(1, "RETR %d: the connection ended", done + 1);
		done += complete(count - done, 1);
	}
	seconds = now() - begin;
	command(fd, "QUIT", "");
	await_close(fd);
	printf("messages %d octets %llu seconds %.4f mbps %.1f rate %.0f\n",
	    done, rep.octets, seconds, (double)rep.octets / 1e6 / seconds,
	    done / seconds);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	int by_tls = strncmp(mode, "tls", 3) == 0;
	int fd, one;

	mode += by_tls ? 3 : 0;
	one = strcmp(mode, "retr") == 0 || strcmp(mode, "retrpipe") == 0;
	if ((argc != 7 || !one) && (argc < 7 || strcmp(mode, "session") != 0))
		errx(2,
		    "usage: [tls]retr|[tls]retrpipe HOST PORT USER PASS COUNT "
		    "| [tls]session HOST PORT USER PASS COMMAND...");
	find_server(argv[2], argv[3]);
	fd = greeted(by_tls);
	if (!one)
		return session(fd, argv[4], argv[5], argv + 6);
	return retr(fd, argv[4], argv[5], number(argv[6], 10000000),
	    strcmp(mode, "retrpipe") == 0);
}
