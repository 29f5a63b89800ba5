/* SPDX-License-Identifier: MIT */
/* runs as: root (poppassd, until confined) */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "dialog.h"
#include "io.h"
#include "priv.h"
#include "split.h"
#include "text.h"
#include "version.h"

#define GRACE_MS 10000
#define IN_OCTETS 4096
#define OUT_OCTETS 1024

enum state {
	WANT_USER,
	WANT_OLD,
	WANT_NEW,
	WANT_QUIT
};

struct dialog {
	const struct session *s;
	int fd_in, fd_out;
	struct in in;
	struct out out;
	enum state state;
	unsigned tries; /* of a new password */
	char user[USERNAME_MAX];
	struct passwords pw;
};

/* What comes of a command: the session goes on, or why it does not. */
enum next {
	NEXT_ON = -1,
	NEXT_OVER = END_OVER,
	NEXT_REFUSED = END_REFUSED
};

static enum next
say(struct dialog *d, unsigned code, const char *text)
{
	char head[8];

	snprintf(head, sizeof head, "%u ", code);
	out_str(&d->out, head);
	out_str(&d->out, text);
	out_str(&d->out, "\r\n");
	return NEXT_ON;
}

static void
send_whole(const struct dialog *d, const void *data, size_t n)
{
	if (send(d->s->link, data, n, MSG_NOSIGNAL) != (ssize_t)n)
		_exit(111); /* the monitor is gone */
}

static void
tell(const struct dialog *d, enum ask_op op, enum end code, const char *text)
{
	struct ask a;

	memset(&a, 0, sizeof a);
	a.op = (uint8_t)op;
	a.code = (uint8_t)code;
	text_copy(a.user, sizeof a.user, d->user);
	text_safe(a.text, sizeof a.text, text);
	send_whole(d, &a, sizeof a);
}

static enum verdict
ask(struct dialog *d, enum ask_op op, struct answer *a)
{
	int64_t deadline = clock_ms() + (int64_t)d->s->limit * 1000 + GRACE_MS;

	/* replies that were made before belong before this one's wait */
	out_flush(&d->out);
	tell(d, op, END_OVER, "");
	send_whole(d, &d->pw, sizeof d->pw);
	if (io_recv(d->s->link, a, sizeof *a, deadline) != (ssize_t)sizeof *a)
		_exit(111);
	a->text[sizeof a->text - 1] = '\0';
	return (enum verdict)a->verdict;
}

static enum next
run_user(struct dialog *d, const char *arg)
{
	if (d->state > WANT_OLD)
		return say(d, 500, "The user is known already.");
	d->state = WANT_USER;
	d->user[0] = '\0';
	if (!username_ok(arg))
		return say(d, 500, "That can be no user's name.");
	text_copy(d->user, sizeof d->user, arg);
	d->state = WANT_OLD;
	return say(d, 200, "Your password, please.");
}

/* Equal in text and time, whatever the reason of a refusal. */
static enum next
run_pass(struct dialog *d, const char *arg)
{
	int64_t asked = clock_ms();
	struct answer a;
	enum verdict v;

	if (d->state != WANT_OLD)
		return say(d, 500, "Not now: user, pass, newpass, quit.");
	if (arg[0] == '\0' || text_copy(d->pw.old, sizeof d->pw.old, arg) == -1)
		return say(d, 500, "A password has 1 to 255 octets.");
	v = ask(d, ASK_CHECK, &a);
	if (v == VERDICT_YES) {
		d->state = WANT_NEW;
		return say(d, 200, "Your new password, please.");
	}
	split_wait_refusal(asked);
	if (v == VERDICT_NO)
		say(d, 500, "Old password is incorrect.");
	else
		say(d, 400, "Not possible at present, try again later.");
	return NEXT_REFUSED;
}

static enum next
run_newpass(struct dialog *d, const char *arg)
{
	struct answer a;
	enum verdict v;

	if (d->state != WANT_NEW)
		return say(d, 500, "Not now: user, pass, newpass, quit.");
	if (arg[0] == '\0' || text_copy(d->pw.new, sizeof d->pw.new, arg) == -1)
		return say(d, 500, "A password has 1 to 255 octets.");
	v = ask(d, ASK_CHANGE, &a);
	explicit_bzero(d->pw.new, sizeof d->pw.new);
	if (v == VERDICT_YES) {
		explicit_bzero(&d->pw, sizeof d->pw);
		d->state = WANT_QUIT;
		return say(d, 200, "Password changed, thank you.");
	}
	if (v != VERDICT_NO)
		say(d, 400, "Not possible at present, try again later.");
	else
		say(d, 500,
		    a.text[0] != '\0' ? a.text : "New password is refused.");
	return ++d->tries < NEW_TRIES ? NEXT_ON : NEXT_REFUSED;
}

static enum next
run_quit(struct dialog *d, const char *arg)
{
	(void)arg;
	say(d, 200, "Bye.");
	return NEXT_OVER;
}

static const struct command {
	const char *name;
	enum next (*run)(struct dialog *d, const char *arg);
} commands[] = {
	{ "user", run_user },
	{ "pass", run_pass },
	{ "newpass", run_newpass },
	{ "quit", run_quit },
};

/* One blank ends the word; what follows is taken as it is. */
static enum next
run_line(struct dialog *d, char *line)
{
	size_t n = strcspn(line, " ");
	char *arg = line[n] == ' ' ? line + n + 1 : line + n;
	enum next next;
	size_t i;

	line[n] = '\0';
	for (i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		if (!text_equal(line, commands[i].name))
			continue;
		next = commands[i].run(d, arg);
		/* it may be a password */
		explicit_bzero(arg, strlen(arg));
		return next;
	}
	return say(d, 500, "Unknown command: user, pass, newpass, quit.");
}

static void
greet(struct dialog *d)
{
	out_str(&d->out, "200 ");
	out_str(&d->out, d->s->peer.us);
	out_str(&d->out,
	    " poppassd (version " POPPER_VERSION ") hello, who are you?\r\n");
}

static enum end
loop(struct dialog *d)
{
	const int64_t idle = (int64_t)d->s->timeout * 1000;
	const int64_t total = clock_ms() + 2 * idle;
	enum next next = NEXT_ON;

	greet(d);
	while (next == NEXT_ON) {
		int64_t deadline = clock_ms() + idle;
		char *line;

		if (!in_pending(&d->in) && out_flush(&d->out) == -1)
			return END_OVER;
		if (clock_left(total) == 0)
			return END_TIMEOUT;
		switch (in_line(
		    &d->in, &line, deadline < total ? deadline : total)) {
		case IO_LINE:
			next = run_line(d, line);
			break;
		case IO_EOF:
		case IO_FAIL:
			return END_OVER;
		case IO_TIMEOUT:
			return END_TIMEOUT;
		case IO_NUL:
		case IO_CR:
			say(d, 500, "A line has no NUL and no single CR.");
			break;
		case IO_LONG:
		default:
			say(d, 500, "That line is too long.");
			break;
		}
	}
	return (enum end)next;
}

void
dialog_run(const struct session *s, uid_t uid, gid_t gid)
{
	static char in_mem[IN_OCTETS];
	static char out_mem[OUT_OCTETS];
	static struct dialog d;
	struct err e;
	enum end end;

	d.s = s;
	d.fd_in = STDIN_FILENO;
	d.fd_out = STDOUT_FILENO;
	in_init(&d.in, io_fd_read, &d.fd_in, in_mem, sizeof in_mem);
	out_init(&d.out, io_fd_write, &d.fd_out, out_mem, sizeof out_mem,
	    s->timeout);
	split_close_others(s->link);
	if (priv_confine(s->empty_dir, uid, gid, &e) == -1) {
		tell(&d, ASK_END, END_UNCONFINED, e.text);
		_exit(111);
	}
	end = loop(&d);
	out_flush(&d.out);
	tell(&d, ASK_END, end, "");
	_exit(0);
}
