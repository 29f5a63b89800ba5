/* SPDX-License-Identifier: MIT */
#ifndef POPPER_IO_H
#define POPPER_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Lines in and blocks out, with deadlines.  Every octet goes through an op,
 * so that tests feed and take memory.  The caller owns the buffers.
 */

/* A command line with its line end, in octets (RFC 2449 section 4: 255). */
#define IO_LINE_MAX 512

enum io_line {
	IO_LINE,    /* a whole line; its end, CRLF or LF, is cut off */
	IO_EOF,	    /* the client has gone; what it left unfinished is not
		       a line */
	IO_TIMEOUT, /* the deadline came first */
	IO_FAIL,    /* errno says why */
	IO_LONG,    /* a line over max was thrown away */
	IO_NUL,	    /* a line with a NUL in it, likewise */
	IO_CR,	    /* a line with a CR that ends nothing, likewise */
};

/*
 * Reads up to n octets before the deadline (clock_ms()): their number, 0 at
 * the end, -1 with errno (ETIMEDOUT at the deadline).
 */
typedef ssize_t io_read_op(void *ctx, char *buf, size_t n, int64_t deadline);
/* Writes some of n octets: their number, or -1 with errno. */
typedef ssize_t io_write_op(
    void *ctx, const char *buf, size_t n, int64_t deadline);

struct in {
	io_read_op *op;
	void *ctx;
	char *mem; /* at least max octets */
	size_t cap, pos, len;
	size_t max; /* octets of a line; IO_LINE_MAX at first */
	bool skip;  /* inside a line that is being thrown away */
};

void in_init(struct in *in, io_read_op *op, void *ctx, char *mem, size_t cap);

/*
 * The next line, as a string in the buffer of in that holds until the next
 * call.  *line is set for IO_LINE only.
 */
enum io_line in_line(struct in *in, char **line, int64_t deadline);

/* True if a whole line is there already: its reply can wait for more. */
bool in_pending(const struct in *in);

/* True if the client stopped inside a line. */
bool in_partial(const struct in *in);

/*
 * The octets read ahead, for the hand-over after log-in, and their seeding
 * at the other end: -1 if they do not fit.
 */
const char *in_ahead(const struct in *in, size_t *n);
int in_seed(struct in *in, const char *data, size_t n);

struct out {
	io_write_op *op;
	void *ctx;
	char *mem;
	size_t cap, len;
	uint32_t timeout; /* seconds without progress before it fails */
	bool bad;	  /* sticky: the client is gone */
	int sys;	  /* errno of that */
};

void out_init(struct out *out, io_write_op *op, void *ctx, char *mem,
    size_t cap, uint32_t timeout);
void out_put(struct out *out, const char *data, size_t n);
void out_str(struct out *out, const char *s);
int out_flush(struct out *out); /* -1 once it is bad */

/*
 * A message on its way out: line ends become CRLF, a dot at the beginning of
 * a line is doubled (RFC 1939 section 3), NUL becomes '?'.  Data may be cut
 * anywhere.  out_dot_end ends the last line and sends the final dot.
 */
struct dot {
	bool mid; /* inside a line */
	bool cr;  /* the last octet was a CR */
};

void out_dot(struct out *out, struct dot *d, const char *data, size_t n);
void out_dot_end(struct out *out, struct dot *d);

/* Waits until fd is ready: poll's revents, or -1 with errno (ETIMEDOUT). */
int io_wait(int fd, short events, int64_t deadline);

/*
 * One message of a socket, waited for only if it is not there yet: its
 * octets, or -1 with errno (ETIMEDOUT).
 */
ssize_t io_recv(int fd, void *buf, size_t n, int64_t deadline);

/*
 * What can be read or written without waiting, whatever the flags of the open
 * file: octets, 0 at the end, or -1 with errno, EAGAIN: not now.
 */
ssize_t io_try_read(int fd, void *to, size_t n);
ssize_t io_try_write(int fd, const void *from, size_t n);

/* The ops for file descriptors; ctx points to an int. */
ssize_t io_fd_read(void *ctx, char *buf, size_t n, int64_t deadline);
ssize_t io_fd_write(void *ctx, const char *buf, size_t n, int64_t deadline);

/*
 * From now on reads of fd, if it is a socket, end after that time: those with
 * a deadline that is as far away cost one system call, and not two.
 */
void io_fd_timed(int fd, uint32_t seconds);

/*
 * Keep-alive, TCP_NODELAY and TCP_USER_TIMEOUT, for the socket that fds 0
 * and 1 both are; no error if fd is no TCP socket.
 */
void io_tune(int fd);

#endif
