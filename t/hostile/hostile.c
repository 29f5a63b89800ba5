/* SPDX-License-Identifier: MIT */
/*
 * What popper-hostile has in place of session_loop: the front, and the
 * session, as they are when somebody has taken them over.  Lines come from
 * the client, and each is answered by one:
 *
 *	call NAME ARG ...	a system call: "RESULT ERRNO"; NAME is also a
 *				number, ARG a number, @TEXT, or &OCTETS of zeros
 *	sweep FROM TO		calls of these numbers, none of which can do
 *				anything with these arguments: "NUMBER ERRNO"
 *				each, and then "end"
 *	numbers			"NAME NUMBER" of the calls that are known by
 *				name, and then "end"
 *	fds			the fds that are open
 *	messages		the sizes of struct mon_msg and struct auth_try,
 *				and "NAME=NUMBER" of the operations
 *	msg TIMES HEX		that to the monitor: how many times it went
 *	verdict			of the monitor: what it says, or "nothing"
 *	read FD			what is in it, as hexadecimal digits
 *	quit			goes on as if the client had gone
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "cmd.h"
#include "monitor.h"
#include "session.h"

#define LINE 4096
#define ARGS 6
#define FDS 1024

enum session_end __wrap_session_loop(
    struct session *s, const struct cmd *table, int64_t total);

static char line[LINE];
static char zeros[LINE];

static void
say(const char *text)
{
	size_t n = strlen(text);

	/* the front may use no other calls than it needs */
	if (send(1, text, n, MSG_NOSIGNAL) != (ssize_t)n)
		_exit(1);
}

/* Octet by octet: nothing is read ahead. */
static int
next_line(void)
{
	size_t n = 0;

	while (n + 1 < sizeof line && read(0, line + n, 1) == 1) {
		if (line[n] == '\n') {
			line[n] = '\0';
			return 0;
		}
		n++;
	}
	return -1;
}

static long
number_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].number;
	}
	return strtol(name, NULL, 10);
}

static void
result(long r)
{
	char text[64];

	snprintf(text, sizeof text, "%ld %d\n", r, r == -1 ? errno : 0);
	say(text);
}

static void
call(char *words)
{
	long arg[ARGS] = { 0 };
	long number = number_of(strsep(&words, " "));
	int i;

	for (i = 0; i < ARGS && words != NULL; i++) {
		const char *w = strsep(&words, " ");

		arg[i] = w[0] == '@' ? (long)(w + 1)
		    : w[0] == '&'    ? (long)zeros
				     : strtol(w, NULL, 0);
	}
	errno = 0;
	result(syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]));
}

/* These end the process, or wait for ever, as they should. */
static int
is_left_out(long number)
{
	return number == SYS_exit || number == SYS_exit_group ||
	    number == SYS_rt_sigreturn || number == SYS_ppoll;
}

static void
sweep(const char *words)
{
	char *end;
	long at = strtol(words, &end, 10);
	long to = strtol(end, NULL, 10);
	char text[64];

	for (; at <= to; at++) {
		if (is_left_out(at))
			continue;
		snprintf(text, sizeof text, "%ld ", at);
		say(text);
		errno = 0;
		if (syscall(at, -1L, 0L, 0L, 0L, 0L, 0L) != -1)
			errno = 0;
		snprintf(text, sizeof text, "%d\n", errno);
		say(text);
	}
	say("end\n");
}

static void
numbers(void)
{
	char text[64];
	size_t i;

	for (i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		snprintf(text, sizeof text, "%s %d\n", calls[i].name,
		    calls[i].number);
		say(text);
	}
	say("end\n");
}

static void
fds(void)
{
	char text[LINE] = "fds";
	size_t n = 3;
	int fd;

	for (fd = 0; fd < FDS; fd++) {
		struct pollfd p = { .fd = fd };

		if (poll(&p, 1, 0) != -1 && (p.revents & POLLNVAL) == 0)
			n += (size_t)snprintf(
			    text + n, sizeof text - n, " %d", fd);
	}
	snprintf(text + n, sizeof text - n, "\n");
	say(text);
}

static void
msg(const struct session *s, const char *words)
{
	static char data[LINE];
	char *end;
	long times = strtol(words, &end, 10);
	long went = 0;
	size_t n = 0;
	unsigned octet;

	for (end += *end == ' '; sscanf(end, "%2x", &octet) == 1; end += 2)
		data[n++] = (char)octet;
	while (went < times && send(s->mon, data, n, MSG_NOSIGNAL) != -1)
		went++;
	result(went);
}

static void
verdict(const struct session *s)
{
	struct pollfd p = { .fd = s->mon, .events = POLLIN };
	unsigned char v;

	if (poll(&p, 1, 20000) == 1 && recv(s->mon, &v, 1, 0) == 1)
		result(v);
	else
		say("nothing\n");
}

static void
show(const char *words)
{
	int fd = (int)strtol(words, NULL, 10);
	char data[512];
	char text[3];
	off_t at = 0;
	ssize_t n;
	ssize_t i;

	while ((n = pread(fd, data, sizeof data, at)) > 0) {
		for (i = 0; i < n; i++) {
			snprintf(text, sizeof text, "%02x",
			    (unsigned)(unsigned char)data[i]);
			say(text);
		}
		at += n;
	}
	say("\n");
}

static void
carry_out(const struct session *s, char *words)
{
	const char *what = strsep(&words, " ");
	char none[1] = "";
	char text[128];

	if (words == NULL)
		words = none;
	if (strcmp(what, "call") == 0) {
		call(words);
	} else if (strcmp(what, "sweep") == 0) {
		sweep(words);
	} else if (strcmp(what, "numbers") == 0) {
		numbers();
	} else if (strcmp(what, "fds") == 0) {
		fds();
	} else if (strcmp(what, "msg") == 0) {
		msg(s, words);
	} else if (strcmp(what, "verdict") == 0) {
		verdict(s);
	} else if (strcmp(what, "read") == 0) {
		show(words);
	} else if (strcmp(what, "messages") == 0) {
		snprintf(text, sizeof text,
		    "%zu %zu said=%d did=%d kinds=%d salt=%d try=%d taken=%d "
		    "end=%d stls=%d\n",
		    sizeof(struct mon_msg), sizeof(struct auth_try), MON_SAID,
		    MON_DID, MON_KINDS, MON_SALT, MON_TRY, MON_TAKEN, MON_END,
		    MON_STLS);
		say(text);
	} else {
		say("what?\n");
	}
}

enum session_end __real_session_loop(
    struct session *s, const struct cmd *table, int64_t total);

/* HOSTILE=front: the front is; else the session is, and one can log in. */
enum session_end
__wrap_session_loop(struct session *s, const struct cmd *table, int64_t total)
{
	const char *when = getenv("HOSTILE");
	bool front = when != NULL && strcmp(when, "front") == 0;

	if (front != !s->in_transaction)
		return __real_session_loop(s, table, total);
	out_flush(&s->out);
	while (next_line() == 0 && strcmp(line, "quit") != 0)
		carry_out(s, line);
	return END_EOF;
}
