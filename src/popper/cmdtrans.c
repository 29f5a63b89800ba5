/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bodylog.h"
#include "capa.h"
#include "clock.h"
#include "cmd.h"
#include "message.h"
#include "num.h"
#include "report.h"
#include "trans.h"

/*
 * The commands of RFC 1939 section 5, TOP and UIDL of section 7, and LAST of
 * RFC 1460.  Message numbers count from 1 here and from 0 in the maildrop.
 */

/* The message that the argument names, into s->msg: OC_OK or an error. */
static enum outcome
message(struct session *s, const char *arg)
{
	struct err e;
	uint32_t n;
	int gone;

	if (num_u32(arg, &n) == -1)
		return session_refuse(s, REPLY_BAD_NUMBER, arg);
	if (n == 0 || n > s->drop.ix.count)
		return session_refuse(s, REPLY_NO_MESSAGE, arg);
	gone = drop_is_gone(&s->drop, n - 1, &e);
	if (gone != 0)
		return gone == -1 ? session_error(s, &e)
				  : session_refuse(s, REPLY_GONE, arg);
	s->msg = n - 1;
	return OC_OK;
}

static uint32_t
count(const struct session *s)
{
	return s->drop.ix.count - s->drop.gone_count;
}

static uint64_t
octets(const struct session *s)
{
	return s->drop.octets - s->drop.gone_octets;
}

static enum outcome
run_stat(struct session *s, const struct args *a)
{
	(void)a;
	snprintf(s->text, sizeof s->text, "%" PRIu32 " %" PRIu64, count(s),
	    octets(s));
	return OC_OK;
}

/* Later than +OK an error can only be logged, and the connection cut. */
static int
too_late(const struct session *s, const struct err *e)
{
	if (e->kind != ERR_NONE)
		report_err(s->user, &s->peer, e->text);
	return -1;
}

/*
 * What LIST and UIDL have in common: one line, or all that are left.  A line
 * goes to dst, as a string; its length, or -1 with e.
 */
#define ONE_LINE (UID_MAX + 40)
typedef int one_line(struct session *s, char dst[ONE_LINE], struct err *e);

/* snprintf takes its time, and here come lines by the hundred thousand. */
static size_t
put_number(char *dst, uint64_t v)
{
	char digit[20];
	size_t n = sizeof digit;

	do {
		digit[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	memcpy(dst, digit + n, sizeof digit - n);
	return sizeof digit - n;
}

static int
each(struct session *s, one_line *line)
{
	char text[ONE_LINE + 2];
	struct err e;
	int n;

	for (s->msg = 0; s->msg < s->drop.ix.count; s->msg++) {
		int gone = drop_is_gone(&s->drop, s->msg, &e);

		if (gone == 1)
			continue;
		if (gone == -1 || (n = line(s, text, &e)) == -1)
			return too_late(s, &e);
		text[n++] = '\r';
		text[n++] = '\n';
		out_put(&s->out, text, (size_t)n);
	}
	out_str(&s->out, ".\r\n");
	return s->out.bad ? -1 : 0;
}

static int
list_line(struct session *s, char dst[ONE_LINE], struct err *e)
{
	uint64_t size;
	size_t n;

	if (drop_octets(&s->drop, s->msg, &size, e) == -1)
		return -1;
	n = put_number(dst, s->msg + 1);
	dst[n++] = ' ';
	n += put_number(dst + n, size);
	dst[n] = '\0';
	return (int)n;
}

static int
uidl_line(struct session *s, char dst[ONE_LINE], struct err *e)
{
	size_t n = put_number(dst, s->msg + 1);

	dst[n++] = ' ';
	if (drop_uid(&s->drop, s->msg, dst + n, e) == -1)
		return -1;
	return (int)(n + strlen(dst + n));
}

static int
list_body(struct session *s)
{
	return each(s, list_line);
}

static int
uidl_body(struct session *s)
{
	return each(s, uidl_line);
}

static enum outcome
one_or_all(
    struct session *s, const struct args *a, one_line *line, const char *what)
{
	struct err e;
	enum outcome oc;

	if (a->count == 0) {
		s->more = true;
		snprintf(s->text, sizeof s->text,
		    "%" PRIu32 " %s (%" PRIu64 " octets)", count(s), what,
		    octets(s));
		return OC_OK;
	}
	oc = message(s, a->arg[0]);
	if (oc == OC_OK && line(s, s->text, &e) == -1)
		oc = session_error(s, &e);
	return oc;
}

static enum outcome
run_list(struct session *s, const struct args *a)
{
	return one_or_all(s, a, list_line, "visible messages");
}

static enum outcome
run_uidl(struct session *s, const struct args *a)
{
	struct err e;
	char uid[UID_MAX + 1];
	uint32_t n = s->drop.ix.count;

	/* all ids are made before +OK, so that an error can still be told */
	if (a->count == 0 && n > 0) {
		if (drop_verify_all(&s->drop, &e) == -1)
			return session_error(s, &e);
		if (drop_uid(&s->drop, n - 1, uid, &e) == -1)
			return session_error(s, &e);
		message_forget(&s->drop);
	}
	return one_or_all(s, a, uidl_line, "unique-ids");
}

static enum outcome
run_retr(struct session *s, const struct args *a)
{
	struct err e;
	uint64_t size;
	char uid[UID_MAX + 1];
	enum outcome oc = message(s, a->arg[0]);

	if (oc != OC_OK)
		return oc;
	/* asked for now, so that an error can still be told */
	if (drop_verify(&s->drop, s->msg, &e) == -1 ||
	    drop_octets(&s->drop, s->msg, &size, &e) == -1 ||
	    drop_uid(&s->drop, s->msg, uid, &e) == -1)
		return session_error(s, &e);
	s->lines = DROP_ALL;
	s->more = true;
	snprintf(s->text, sizeof s->text, "%" PRIu64 " octets", size);
	return OC_OK;
}

static enum outcome
run_top(struct session *s, const struct args *a)
{
	enum outcome oc;
	uint32_t lines;

	if (num_u32(a->arg[1], &lines) == -1)
		return session_refuse(s, REPLY_BAD_NUMBER, a->arg[1]);
	oc = run_retr(s, a);
	if (oc == OC_OK) {
		s->lines = lines;
		snprintf(s->text, sizeof s->text, "Message follows");
	}
	return oc;
}

struct sending {
	struct session *s;
	struct dot dot;
	struct bodylog *log; /* or NULL */
};

static int
sink(void *ctx, const char *data, size_t n)
{
	struct sending *w = ctx;

	out_dot(&w->s->out, &w->dot, data, n);
	if (w->log != NULL)
		bodylog_octets(w->log, data, n);
	return w->s->out.bad ? -1 : 0;
}

static int
retr_body(struct session *s)
{
	struct bodylog log;
	struct sending w = { s, { false, false }, NULL };
	struct err e;

	if (s->cfg.debug && s->cfg.trace_message_bodies) {
		bodylog_init(&log, s->user);
		w.log = &log;
	}
	if (drop_send(&s->drop, s->msg, s->lines, sink, &w, &e) == -1)
		return too_late(s, &e);
	if (w.log != NULL)
		bodylog_end(w.log);
	out_dot_end(&s->out, &w.dot);
	return s->out.bad ? -1 : 0;
}

static enum outcome
run_dele(struct session *s, const struct args *a)
{
	struct err e;
	enum outcome oc = message(s, a->arg[0]);

	if (oc != OC_OK)
		return oc;
	if (drop_delete(&s->drop, s->msg, &e) == -1)
		return session_error(s, &e);
	snprintf(s->text, sizeof s->text,
	    "Message %" PRIu32 " has been deleted.", s->msg + 1);
	return OC_OK;
}

static enum outcome
run_noop(struct session *s, const struct args *a)
{
	(void)s;
	(void)a;
	return OC_OK;
}

static enum outcome
run_rset(struct session *s, const struct args *a)
{
	(void)a;
	drop_reset(&s->drop);
	snprintf(s->text, sizeof s->text,
	    "Maildrop has %" PRIu32 " messages (%" PRIu64 " octets)", count(s),
	    octets(s));
	return OC_OK;
}

static enum outcome
run_last(struct session *s, const struct args *a)
{
	(void)a;
	snprintf(s->text, sizeof s->text,
	    "%" PRIu32 " is the last message seen.", s->drop.last);
	return OC_OK;
}

static enum outcome
run_quit(struct session *s, const struct args *a)
{
	struct err e;

	(void)a;
	s->t_end = clock_ms();
	/* mail that the client asked for in one breath, and did not get */
	if (out_flush(&s->out) == -1) {
		s->gone = END_CUT;
		return OC_GONE;
	}
	if (trans_commit(s, &e) == -1) {
		session_error(s, &e);
		return OC_FAIL;
	}
	return OC_BYE;
}

const struct cmd cmd_transaction[] = {
	{ "stat", 0, 0, false, NULL, run_stat, NULL },
	{ "list", 0, 1, false, NULL, run_list, list_body },
	{ "retr", 1, 1, false, NULL, run_retr, retr_body },
	{ "dele", 1, 1, false, NULL, run_dele, NULL },
	{ "noop", 0, 0, false, NULL, run_noop, NULL },
	{ "rset", 0, 0, false, NULL, run_rset, NULL },
	{ "top", 2, 2, false, NULL, run_top, retr_body },
	{ "uidl", 0, 1, false, NULL, run_uidl, uidl_body },
	{ "last", 0, 0, false, NULL, run_last, NULL },
	{ "capa", 0, 0, false, NULL, capa_run, capa_body },
	{ "quit", 0, 0, false, NULL, run_quit, NULL },
	{ NULL, 0, 0, false, NULL, NULL, NULL },
};
