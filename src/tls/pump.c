/* SPDX-License-Identifier: MIT */
/* runs as: poptls's engine */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"
#include "pump.h"

#define ROUNDS 200		/* of work before a look at the deadline */
#define LAST_WAIT 1000		/* ms for a client that has all to close */
#define RECORD_MAX (16384 + 85) /* octets of one, with all that TLS adds */

void
pump_init(struct pump *p, br_ssl_server_context *tls, struct store *store,
    int net_in, int net_out, int from, int to)
{
	memset(p, 0, offsetof(struct pump, in));
	p->eng = &tls->eng;
	hello_init(&p->hello, tls, store);
	p->net_in = net_in;
	p->net_out = net_out;
	p->from = from;
	p->to = to;
	p->net_room = p->to_room = true;
	p->linger = INT_MAX;
	p->deadline = INT64_MAX;
}

static bool
not_now(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static void
end_within(struct pump *p, int ms)
{
	int64_t then = clock_ms() + ms;

	if (then < p->deadline)
		p->deadline = then;
}

/* One side has gone: the other one has that long. */
static void
end_soon(struct pump *p)
{
	if (p->deadline == INT64_MAX)
		end_within(p, p->linger);
}

static unsigned
state(const struct pump *p)
{
	return br_ssl_engine_current_state(p->eng);
}

static void
received(struct pump *p, size_t n)
{
	if (!hello_received(&p->hello, n))
		p->refused = true;
	/* alerts without end cost time of the processor */
	if (!p->carries && (p->shaken += n) > PUMP_HANDSHAKE_MAX)
		p->refused = p->endless = true;
}

/* The client's octets to the engine.  True if something was done. */
static bool
take(struct pump *p)
{
	unsigned char *buf;
	size_t n;
	ssize_t r;

	if ((state(p) & BR_SSL_RECVREC) == 0 || p->refused)
		return false;
	buf = br_ssl_engine_recvrec_buf(p->eng, &n);
	if (p->in_pos < p->in_len) {
		size_t have = p->in_len - p->in_pos;

		n = n < have ? n : have;
		memcpy(buf, p->in + p->in_pos, n);
		p->in_pos += n;
		received(p, n);
		return true;
	}
	if (!p->net_ready)
		return false;
	/* a long record goes to its place, short ones come together */
	if (n > sizeof p->in)
		r = io_try_read(p->net_in, buf, n);
	else
		r = io_try_read(p->net_in, p->in, sizeof p->in);
	if (r <= 0) {
		p->net_ready = false;
		p->net_over = r == 0 || !not_now();
		if (p->net_over && r == -1)
			p->sys = errno;
		return false;
	}
	if (!p->heard)
		p->first = p->in[0];
	p->heard = true;
	if (n > sizeof p->in) {
		p->net_ready = (size_t)r == n;
		received(p, (size_t)r);
		return true;
	}
	p->net_ready = (size_t)r == sizeof p->in;
	p->in_pos = 0;
	p->in_len = (size_t)r;
	return true;
}

/* Plain octets to the program. */
static bool
deliver(struct pump *p)
{
	unsigned char *buf;
	size_t n;
	ssize_t r;

	if ((state(p) & BR_SSL_RECVAPP) == 0 || !p->carries || !p->to_room)
		return false;
	buf = br_ssl_engine_recvapp_buf(p->eng, &n);
	r = p->to_broken ? (ssize_t)n : io_try_write(p->to, buf, n);
	if (r == -1 && not_now()) {
		p->to_room = false;
		return false;
	}
	if (r == -1) {
		/* it reads no more, but may still write */
		p->to_broken = true;
		r = (ssize_t)n;
	}
	br_ssl_engine_recvapp_ack(p->eng, (size_t)r);
	return true;
}

/* The program's octets to the engine, as one record. */
static bool
fetch(struct pump *p)
{
	unsigned char *buf;
	size_t n;
	ssize_t r;

	if ((state(p) & BR_SSL_SENDAPP) == 0 || !p->carries || !p->from_ready ||
	    p->from_end || p->net_broken ||
	    p->out_len + RECORD_MAX > sizeof p->out)
		return false;
	buf = br_ssl_engine_sendapp_buf(p->eng, &n);
	r = io_try_read(p->from, buf, n);
	if (r == -1 && not_now()) {
		p->from_ready = false;
		return false;
	}
	if (r <= 0) {
		p->from_end = true;
		return true;
	}
	/* less than was asked for: that was all for now */
	p->from_ready = (size_t)r == n || p->from_over;
	br_ssl_engine_sendapp_ack(p->eng, (size_t)r);
	br_ssl_engine_flush(p->eng, 0);
	return true;
}

/* The engine's records to the buffer of those that leave together. */
static bool
gather(struct pump *p)
{
	unsigned char *buf;
	size_t n;
	size_t room = sizeof p->out - p->out_len;

	if ((state(p) & BR_SSL_SENDREC) == 0 || room == 0 || p->refused)
		return false;
	buf = br_ssl_engine_sendrec_buf(p->eng, &n);
	n = n < room ? n : room;
	memcpy(p->out + p->out_len, buf, n);
	p->out_len += p->net_broken ? 0 : n;
	br_ssl_engine_sendrec_ack(p->eng, n);
	return true;
}

/*
 * The client takes what is left: mail that may be deleted here already.  Who
 * is slow has the time again for each record's worth.
 */
static void
took(struct pump *p, size_t n)
{
	if (p->deadline == INT64_MAX || !p->carries || p->net_broken)
		return;
	p->taken += n;
	if (p->taken >= RECORD_MAX) {
		p->taken = 0;
		p->deadline = clock_ms() + p->linger;
	}
}

static bool
give(struct pump *p)
{
	ssize_t r;

	if (p->out_pos == p->out_len || !p->net_room)
		return false;
	r = io_try_write(
	    p->net_out, p->out + p->out_pos, p->out_len - p->out_pos);
	if (r == -1) {
		p->net_room = false;
		if (!not_now()) {
			/* what he sent before can still be read */
			p->net_broken = true;
			p->sys = errno;
			p->out_pos = p->out_len = 0;
			end_soon(p);
		}
		return false;
	}
	p->out_pos += (size_t)r;
	took(p, (size_t)r);
	if (p->out_pos < p->out_len)
		return true;
	/* who only ever has more to send has to listen now and then */
	p->net_ready = p->net_ready || p->out_len > RECORD_MAX;
	p->out_pos = p->out_len = 0;
	return true;
}

/*
 * What can be done without waiting; full writes before short ones.  True: there
 * may be more, but the deadline, and who else there is, have their turn.
 */
static bool
work(struct pump *p)
{
	int rounds = ROUNDS;
	bool did;

	do {
		did = gather(p);
		did = take(p) || did;
		did = deliver(p) || did;
		did = fetch(p) || did;
		if (!did || p->out_len + RECORD_MAX > sizeof p->out)
			did = give(p) || did;
		/* what was put to the client's buffer before has to be gone */
		if (p->from_end && !p->shut &&
		    (state(p) & BR_SSL_SENDREC) == 0) {
			br_ssl_engine_close(p->eng);
			p->shut = did = true;
		}
	} while (did && --rounds > 0);
	return did;
}

enum fd {
	NET_IN,
	NET_OUT,
	FROM,
	TO,
	FDS
};

static void
want(const struct pump *p, struct pollfd f[FDS])
{
	unsigned st = state(p);
	bool room = !p->net_broken && p->out_len + RECORD_MAX <= sizeof p->out;

	/* that one of them has ended is of interest when nothing can be read,
	   too, but once */
	f[NET_IN] = (struct pollfd){ .fd = p->net_over ? -1 : p->net_in };
	if ((st & BR_SSL_RECVREC) != 0)
		f[NET_IN].events = POLLIN;
	else if (p->net_told)
		f[NET_IN].fd = -1;
	f[FROM] = (struct pollfd){ .fd = p->from_end ? -1 : p->from };
	if ((st & BR_SSL_SENDAPP) != 0 && p->carries && room)
		f[FROM].events = POLLIN;
	else if (p->from_over)
		f[FROM].fd = -1;
	f[NET_OUT] = (struct pollfd){ .fd = -1, .events = POLLOUT };
	if (p->out_pos < p->out_len)
		f[NET_OUT].fd = p->net_out;
	f[TO] = (struct pollfd){ .fd = -1, .events = POLLOUT };
	if ((st & BR_SSL_RECVAPP) != 0 && p->carries)
		f[TO].fd = p->to;
}

/* Waits, unless there is more to do.  -1: the deadline came. */
static int
wait_for(struct pump *p, bool more)
{
	struct pollfd f[FDS];
	int left = -1;

	want(p, f);
	if (p->deadline != INT64_MAX && (left = clock_left(p->deadline)) == 0)
		return -1;
	if (poll(f, FDS, more ? 0 : left) == -1)
		return 0;
	if (f[NET_IN].revents != 0) {
		p->net_ready = true;
		p->net_told = p->net_told || f[NET_IN].revents != POLLIN;
	}
	if (f[NET_OUT].revents != 0)
		p->net_room = true;
	if (f[TO].revents != 0)
		p->to_room = true;
	if (f[FROM].revents != 0)
		p->from_ready = true;
	if ((f[FROM].revents & (POLLHUP | POLLERR)) != 0) {
		p->from_over = true;
		end_soon(p);
	}
	return 0;
}

static bool
all_sent(const struct pump *p)
{
	/* what the engine has for a session of another name is not sent */
	return p->out_pos == p->out_len &&
	    (p->refused || (state(p) & BR_SSL_SENDREC) == 0);
}

/* True: it is over, and how. */
static bool
over(const struct pump *p, enum pump_end *end)
{
	unsigned st = state(p);

	if (p->refused)
		*end = PUMP_FAILED;
	else if (p->shut && all_sent(p))
		*end = p->net_broken ? PUMP_CUT : PUMP_ENDED;
	else if (st == BR_SSL_CLOSED)
		*end = br_ssl_engine_last_error(p->eng) == BR_ERR_OK
		    ? PUMP_CLOSED
		    : PUMP_FAILED;
	/* the program has all that came before, and may have ended since */
	else if (p->net_over && !p->from_end && (st & BR_SSL_RECVAPP) == 0)
		*end = PUMP_CUT;
	else
		return false;
	return true;
}

enum pump_end
pump_handshake(struct pump *p, int64_t deadline)
{
	enum pump_end end;

	p->deadline = deadline;
	for (;;) {
		bool more = work(p);

		if (over(p, &end))
			return end;
		if ((state(p) & BR_SSL_SENDAPP) != 0 && all_sent(p))
			break;
		/* nobody waits for this handshake any more */
		if (p->from_over)
			return PUMP_CUT;
		if (wait_for(p, more) == -1)
			return PUMP_LATE;
	}
	p->deadline = INT64_MAX;
	return PUMP_UP;
}

enum pump_end
pump_run(struct pump *p, int linger)
{
	enum pump_end end;

	p->carries = true;
	p->linger = linger;
	for (;;) {
		bool more = work(p);

		if (over(p, &end))
			return end;
		if (p->from_end)
			end_soon(p);
		if (wait_for(p, more) == -1)
			return p->net_broken ? PUMP_CUT : PUMP_LATE;
	}
}

/* Throws away some of what there is; true at the end. */
static bool
drain(struct pump *p, int fd)
{
	ssize_t r = io_try_read(fd, p->in, sizeof p->in);

	return r == 0 || (r == -1 && !not_now());
}

void
pump_finish(struct pump *p)
{
	struct pollfd f[] = { { .fd = p->net_in, .events = POLLIN },
		{ .fd = p->from_end ? -1 : p->from, .events = POLLIN },
		{ .fd = p->net_out, .events = POLLOUT } };

	end_soon(p);
	while (clock_left(p->deadline) > 0) {
		while (gather(p))
			;
		p->net_room = true;
		give(p);
		if (f[2].fd != -1 && (p->net_broken || all_sent(p))) {
			shutdown(p->net_out, SHUT_WR);
			f[2].fd = -1;
		}
		if (p->net_over)
			f[0].fd = -1;
		/* the client has all, and the program has ended */
		if (f[2].fd == -1 && f[1].fd == -1) {
			if (f[0].fd == -1)
				return;
			end_within(p, LAST_WAIT);
		}
		poll(f, 3, clock_left(p->deadline));
		if (f[0].revents != 0 && drain(p, p->net_in))
			f[0].fd = -1;
		if (f[1].revents != 0 && drain(p, p->from))
			f[1].fd = -1;
	}
}
