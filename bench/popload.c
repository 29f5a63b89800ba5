/*
 * Many sessions at once, for the benchmark.
 * popload login HOST PORT CONC COUNT USERS PASS
 *	COUNT sessions, CONC at once, of USER, PASS, STAT and QUIT as the
 *	users u0 to u(USERS-1).  A session lasts until the server closes, and
 *	no user has two at once.  cpu is what the client itself used, in
 *	microseconds a session.
 * popload apop|scram HOST PORT CONC COUNT USERS PASS
 *	The same by APOP, or by AUTH SCRAM-SHA-256.
 * popload tls|stls HOST PORT CONC COUNT USERS PASS
 *	The same as login, by TLS at once, or by STLS, with a full handshake
 *	each.  The end of the connection has to be one of TLS, too.
 * popload tlsresume HOST PORT CONC COUNT USERS PASS
 *	The same by TLS at once, and each user resumes the session of his
 *	last connection.  Each one's first is before all that: then the first
 *	line is printed and end of file on standard input is waited for.
 * popload verifiers USERS PASS
 *	What a server keeps of these users for SCRAM-SHA-256, a line a user.
 * popload idle HOST PORT FIRST COUNT PASS
 *	COUNT sessions at once, as u(FIRST) and those behind it, say USER,
 *	PASS and STAT.  When all have, or failed, the first line is printed
 *	and end of file on standard input is waited for; then they say NOOP
 *	and QUIT, and the second line is printed.
 * popload tlsidle HOST PORT FIRST COUNT PASS
 *	The same by TLS at once.
 * The exit status is 0 only if every reply was +OK, and every handshake of the
 * kind that was asked for.
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
#include "poptlsnet.h"

enum step {
	GREETING,
	STLS,
	SHAKE, /* the handshake of TLS, which can also come first */
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
	SSL *tls;	/* NULL: there is none yet */
	enum step step; /* what is waited for */
	struct scram scram;
	size_t len;
	char line[1024];
};

static const char *pass;
static enum step way = USER;	   /* the first step of a log-in */
static enum step first = GREETING; /* the first step of all */
static int stls;
static int idle; /* sessions stop after STAT's answer */
static int held; /* how many did */

static SSL_SESSION **kept; /* of each user, if they are to be resumed */
static int resuming;	   /* now */
static int shaken;	   /* handshakes of this kind */
static char suite[100];	   /* protocol and suite of the last one */

/* 0 if all went to the socket, else -1. */
static int
say(struct session *s, int fd)
{
	static const char *const words[] = { [STLS] = "STLS",
		[EMPTY] = "",
		[STAT] = "STAT",
		[NOOP] = "NOOP",
		[QUIT] = "QUIT" };
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
	if (s->tls != NULL)
		return tls_send(s->tls, cmd, (size_t)len) == len ? 0 : -1;
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
		return stls ? STLS : way;
	case SHAKE:
		return stls ? way : GREETING;
	case PASS:
	case APOP:
		return STAT;
	case STAT:
		return idle ? NOOP : QUIT;
	default:
		return step + 1;
	}
}

/* Goes on with the handshake: -1 if it failed, or is of the wrong kind. */
static int
shake(struct session *s, int fd)
{
	int r;

	if (s->tls == NULL)
		s->tls = tls_open(fd, kept != NULL ? &kept[s->user] : NULL);
	if ((r = tls_shake(s->tls)) != 1)
		return r;
	if (tls_resumed(s->tls) != resuming)
		return -1;
	shaken++;
	snprintf(suite, sizeof(suite), "%s %s", SSL_get_version(s->tls),
	    SSL_get_cipher_name(s->tls));
	s->progress = now();
	s->step = following(SHAKE);
	return s->step == GREETING ? 0 : say(s, fd);
}

static ssize_t
receive(struct session *s, int fd)
{
	char *to = s->line + s->len;
	size_t room = sizeof(s->line) - 1 - s->len;

	if (s->tls != NULL)
		return tls_recv(s->tls, to, room);
	return recv(fd, to, room, 0);
}

/* What has arrived: 1 if the session is over, -1 if it failed, else 0. */
static int
serve(struct session *s, int fd)
{
	ssize_t n;

	if (s->step == SHAKE)
		return shake(s, fd);
	n = receive(s, fd);
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
	if (s->step == SHAKE)
		return shake(s, fd);
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
		if (s[i].tls != NULL)
			p[i].events = tls_events(s[i].tls);
		if (r == 0 && now() - s[i].progress > DEADLINE)
			r = -1;
		if (r == 0)
			continue;
		failures += r == -1;
		tls_end(s[i].tls);
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
		(*p)[i].fd = -1;
}

static void
begin_session(struct session *s, struct pollfd *p, int user)
{
	*p = (struct pollfd){ .fd = dial() };
	/* With TLS at once the client is the first to say something. */
	p->events = first == SHAKE ? POLLOUT : POLLIN;
	*s = (struct session){ .user = user, .step = first, .progress = now() };
}

/* Whoever reads standard output says so when it is time to go on. */
static void
await_eof(void)
{
	fflush(stdout);
	while (getchar() != EOF)
		;
}

static double
cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* The number of sessions that failed. */
static int
log_in(int conc, int count, int users)
{
	struct session *s;
	struct pollfd *p;
	int i, n, started = 0, active = 0, failures = 0;

	allocate(conc, &s, &p);
	for (i = 0; i < conc; i++)
		s[i].user = i - conc;
	while (started < count || active > 0) {
		for (i = 0; i < conc && started < count; i++) {
			if (p[i].fd != -1)
				continue;
			/* Each slot has users of its own: i, i + conc, ... */
			n = s[i].user + conc < users ? s[i].user + conc : i;
			begin_session(&s[i], &p[i], n);
			started++;
			active++;
		}
		failures += serve_all(s, p, conc, &active);
	}
	free(s);
	free(p);
	return failures;
}

/* The first session of each user, which the later ones will resume. */
static int
prime(int users)
{
	int failures;

	if ((kept = calloc((size_t)users, sizeof(*kept))) == NULL)
		err(1, NULL);
	failures = log_in(users, users, users);
	printf("first %d failures %d full %d\n", users, failures, shaken);
	await_eof();
	shaken = 0;
	resuming = 1;
	return failures;
}

static int
login(int conc, int count, int users, int resume)
{
	double seconds, begin, cpu_before;
	int failures = 0;

	if (users < conc || conc < 1 || count < 1)
		errx(2, "fewer users than connections, or none");
	if (resume)
		failures = prime(users);
	begin = now();
	cpu_before = cpu();
	failures += log_in(conc, count, users);
	seconds = now() - begin;
	printf("sessions %d seconds %.3f rate %.1f cpu %.1f failures %d", count,
	    seconds, count / seconds, (cpu() - cpu_before) / count, failures);
	if (*suite != '\0')
		printf(" %s %d %s", resume ? "resumed" : "full", shaken, suite);
	putchar('\n');
	return failures != 0;
}

static int
stay(int user, int count)
{
	struct session *s;
	struct pollfd *p;
	double begin = now();
	int i, active = count, failures = 0;

	allocate(count, &s, &p);
	idle = 1;
	for (i = 0; i < count; i++)
		begin_session(&s[i], &p[i], user + i);
	while (held < active)
		failures += serve_all(s, p, count, &active);
	printf("idle %d seconds %.3f failures %d\n", active, now() - begin,
	    failures);
	await_eof();
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

static const struct mode {
	const char *name;
	int argc;
	enum step first, way;
	int stls, resume;
} modes[] = {
	{ "login", 8, GREETING, USER, 0, 0 },
	{ "apop", 8, GREETING, APOP, 0, 0 },
	{ "scram", 8, GREETING, AUTH, 0, 0 },
	{ "tls", 8, SHAKE, USER, 0, 0 },
	{ "stls", 8, GREETING, USER, 1, 0 },
	{ "tlsresume", 8, SHAKE, USER, 0, 1 },
	{ "idle", 7, GREETING, USER, 0, 0 },
	{ "tlsidle", 7, SHAKE, USER, 0, 0 },
	{ "verifiers", 4, GREETING, AUTH, 0, 0 },
};

static const struct mode *
find_mode(int argc, char **argv)
{
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (modes[i].argc == argc &&
		    strcmp(modes[i].name, argv[1]) == 0)
			return &modes[i];
	errx(2,
	    "usage: login|apop|scram|tls|stls|tlsresume HOST PORT CONC COUNT "
	    "USERS PASS | idle|tlsidle HOST PORT FIRST COUNT PASS | "
	    "verifiers USERS PASS");
}

int
main(int argc, char **argv)
{
	const struct mode *m = find_mode(argc, argv);

	first = m->first;
	way = m->way;
	stls = m->stls;
	pass = argv[argc - 1];
	if (argc == 4) {
		scram_users(number(argv[2], 1000000), pass);
		scram_verifiers(number(argv[2], 1000000));
		return 0;
	}
	find_server(argv[2], argv[3]);
	if (first == SHAKE || stls)
		tls_begin();
	if (way == AUTH)
		scram_users(number(argv[6], 1000000), pass);
	if (argc == 8)
		return login(number(argv[4], 10000), number(argv[5], 100000000),
		    number(argv[6], 1000000), m->resume);
	return stay(number(argv[4], 1000000), number(argv[5], 10000));
}
