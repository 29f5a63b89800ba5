/*
 * Many sessions at once, for the benchmark.
 * popload login HOST PORT CONC COUNT USERS PASS
 *	COUNT sessions, CONC at once, of USER, PASS, STAT and QUIT as the
 *	users u0 to u(USERS-1).  A session lasts until the server closes, and
 *	no user has two at once.  cpu is what the client itself used, in
 *	microseconds a session.
 * popload apop|scram HOST PORT CONC COUNT USERS PASS
 *	The same by APOP, or by AUTH SCRAM-SHA-256.
 * popload verifiers USERS PASS
 *	What a server keeps of these users for SCRAM-SHA-256, a line a user.
 * popload idle HOST PORT FIRST COUNT PASS
 *	COUNT sessions at once, as u(FIRST) and those behind it, say USER,
 *	PASS and STAT.  When all have, or failed, the first line is printed
 *	and end of file on standard input is waited for; then they say NOOP
 *	and QUIT, and the second line is printed.
 * The exit status is 0 only if every reply was +OK.
 */
#define _DEFAULT_SOURCE
#include <sys/resource.h>
#include <sys/socket.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "popnet.h"
#include "popproof.h"

enum step {
	GREETING,
	USER,
	PASS,
	APOP,
	AUTH,
	PROOF, /* the answer to AUTH's challenge */
	EMPTY, /* that to the server's proof */
	STAT,
	NOOP,
	QUIT,
	CLOSE
};

struct session {
	double progress; /* when something last arrived */
	int user;
	enum step step; /* what is waited for */
	struct scram scram;
	size_t len;
	char line[1024];
};

static const char *pass;
static enum step way = USER; /* the first step of a log-in */
static int idle;	     /* sessions stop after STAT's answer */
static int held;	     /* how many did */

/* 0 if all went to the socket, else -1. */
static int
say(struct session *s, int fd)
{
	static const char *const words[] = {
		[EMPTY] = "", [STAT] = "STAT", [NOOP] = "NOOP", [QUIT] = "QUIT"
	};
	char cmd[PROOF_LINE + 2];
	const char *stamp;
	char digest[33];
	int len;

	switch (s->step) {
	case USER:
		snprintf(cmd, PROOF_LINE, "USER u%d", s->user);
		break;
	case PASS:
		snprintf(cmd, PROOF_LINE, "PASS %s", pass);
		break;
	case APOP:
		if ((stamp = strchr(s->line, '<')) == NULL)
			return -1;
		proof_apop(digest, stamp, strcspn(stamp, ">") + 1, pass);
		snprintf(cmd, PROOF_LINE, "APOP u%d %s", s->user, digest);
		break;
	case AUTH:
		scram_begin(&s->scram, s->user, cmd);
		break;
	case PROOF:
		if (scram_answer(&s->scram, s->line, cmd) == -1)
			return -1;
		break;
	default:
		snprintf(cmd, PROOF_LINE, "%s", words[s->step]);
	}
	len = (int)strlen(cmd);
	memcpy(cmd + len, "\r\n", 2);
	len += 2;
	/* The socket's buffer is empty: a short write means it is dead. */
	return send(fd, cmd, (size_t)len, MSG_NOSIGNAL) == len ? 0 : -1;
}

/* Is this one line, which came for the step, the answer that it needs? */
static int
good(const struct session *s)
{
	if (s->step == AUTH)
		return memcmp(s->line, "+ ", 2) == 0;
	if (s->step == PROOF)
		return scram_right(&s->scram, s->line);
	return s->len >= 3 && memcmp(s->line, "+OK", 3) == 0;
}

static enum step
following(enum step step)
{
	switch (step) {
	case GREETING:
		return way;
	case PASS:
	case APOP:
		return STAT;
	case STAT:
		return idle ? NOOP : QUIT;
	default:
		return step + 1;
	}
}

/* What has arrived: 1 if the session is over, -1 if it failed, else 0. */
static int
serve(struct session *s, int fd)
{
	ssize_t n = recv(fd, s->line + s->len, sizeof(s->line) - 1 - s->len, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n == 0 && s->step == CLOSE)
		return 1;
	if (n <= 0 || s->step == CLOSE)
		return -1;
	s->progress = now();
	s->len += (size_t)n;
	if (memchr(s->line, '\n', s->len) == NULL)
		return s->len == sizeof(s->line) - 1 ? -1 : 0;
	s->line[s->len] = '\0';
	/* One command was sent, so one reply must be all there is. */
	if (!good(s) || strchr(s->line, '\n') != s->line + s->len - 1)
		return -1;
	s->len = 0;
	s->step = following(s->step);
	if (s->step == NOOP)
		held++;
	return s->step == CLOSE || s->step == NOOP ? 0 : say(s, fd);
}

/* One round of poll; the number of sessions that failed. */
static int
serve_all(struct session *s, struct pollfd *p, int conc, int *active)
{
	int i, r, failures = 0;

	if (poll(p, (nfds_t)conc, 1000) == -1 && errno != EINTR)
		err(1, "poll");
	for (i = 0; i < conc; i++) {
		if (p[i].fd == -1)
			continue;
		r = p[i].revents ? serve(&s[i], p[i].fd) : 0;
		if (r == 0 && now() - s[i].progress > DEADLINE)
			r = -1;
		if (r == 0)
			continue;
		failures += r == -1;
		close(p[i].fd);
		p[i].fd = -1;
		--*active;
	}
	return failures;
}

static void
allocate(int conc, struct session **s, struct pollfd **p)
{
	int i;

	*s = calloc((size_t)conc, sizeof(**s));
	*p = calloc((size_t)conc, sizeof(**p));
	if (*s == NULL || *p == NULL)
		err(1, NULL);
	for (i = 0; i < conc; i++)
		(*p)[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
}

static double
cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static int
login(int conc, int count, int users)
{
	struct session *s;
	struct pollfd *p;
	double seconds, begin = now(), cpu_before = cpu();
	int i, n, started = 0, active = 0, failures = 0;

	if (users < conc || conc < 1 || count < 1)
		errx(2, "fewer users than connections, or none");
	allocate(conc, &s, &p);
	for (i = 0; i < conc; i++)
		s[i].user = i - conc;
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
		failures += serve_all(s, p, conc, &active);
	}
	seconds = now() - begin;
	printf("sessions %d seconds %.3f rate %.1f cpu %.1f failures %d\n",
	    count, seconds, count / seconds, (cpu() - cpu_before) / count,
	    failures);
	return failures != 0;
}

static int
stay(int first, int count)
{
	struct session *s;
	struct pollfd *p;
	double begin = now();
	int i, active = count, failures = 0;

	allocate(count, &s, &p);
	idle = 1;
	for (i = 0; i < count; i++) {
		p[i].fd = dial();
		s[i] = (struct session){ .user = first + i, .progress = now() };
	}
	while (held < active)
		failures += serve_all(s, p, count, &active);
	printf("idle %d seconds %.3f failures %d\n", active, now() - begin,
	    failures);
	fflush(stdout);
	while (getchar() != EOF)
		;
	begin = now();
	for (i = 0; i < count; i++) {
		s[i].progress = begin;
		if (p[i].fd != -1 && say(&s[i], p[i].fd) == -1)
			failures++;
	}
	while (active > 0)
		failures += serve_all(s, p, count, &active);
	printf("closed %d seconds %.3f failures %d\n", count, now() - begin,
	    failures);
	return failures != 0;
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (strcmp(mode, "apop") == 0)
		way = APOP;
	if (strcmp(mode, "scram") == 0)
		way = AUTH;
	pass = argv[argc - 1];
	if (argc == 4 && strcmp(mode, "verifiers") == 0) {
		scram_users(number(argv[2], 1000000), pass);
		scram_verifiers(number(argv[2], 1000000));
		return 0;
	}
	if ((argc != 8 || (way == USER && strcmp(mode, "login") != 0)) &&
	    (argc != 7 || strcmp(mode, "idle") != 0))
		errx(2,
		    "usage: login|apop|scram HOST PORT CONC COUNT USERS PASS | "
		    "idle HOST PORT FIRST COUNT PASS | verifiers USERS PASS");
	find_server(argv[2], argv[3]);
	if (way == AUTH)
		scram_users(number(argv[6], 1000000), pass);
	if (argc == 8)
		return login(number(argv[4], 10000), number(argv[5], 100000000),
		    number(argv[6], 1000000));
	return stay(number(argv[4], 1000000), number(argv[5], 10000));
}
