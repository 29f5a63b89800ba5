/* SPDX-License-Identifier: MIT */
/* runs as: root, the front, the user */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fds.h"
#include "log.h"

#define LOG_OCTETS 1024
#define LOG_PATIENCE_MS 1000

static struct {
	const char *name;
	const char *tag; /* in syslog */
	int fd;		 /* fd 2, the trace file, or the socket of syslog */
	bool syslog, trace, debug;
	bool plain; /* a regular file: no write to it waits for a reader */
	int facility;
	unsigned lost;
} lg = { .name = "popper", .fd = STDERR_FILENO };

static int
syslog_socket(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX,
		.sun_path = "/dev/log" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd != -1 && connect(fd, (struct sockaddr *)&a, sizeof a) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

void
log_open(const char *name, bool closed, int client, int facility)
{
	struct stat st = { .st_mode = 0 };

	lg.name = lg.tag = name;
	lg.facility = facility;
	closed = closed || fstat(STDERR_FILENO, &st) == -1;
	lg.plain = S_ISREG(st.st_mode);
	if (closed || fds_same_socket(STDERR_FILENO, client)) {
		lg.syslog = true;
		lg.fd = syslog_socket();
	}
}

void
log_tag(const char *tag)
{
	lg.tag = tag;
}

void
log_facility(int facility)
{
	lg.facility = facility;
}

void
log_syslog(void)
{
	int fd;

	if (lg.syslog || lg.trace)
		return;
	fd = syslog_socket();
	if (fd == -1) {
		log_line("Nobody listens at /dev/log: this log does not go to "
			 "syslog");
		return;
	}
	lg.syslog = true;
	lg.plain = false;
	lg.fd = fd;
}

int
log_trace(const char *path)
{
	int fd = open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    0600);

	if (fd == -1)
		return -1;
	if (lg.trace || lg.syslog)
		close(lg.fd);
	lg.fd = fd;
	lg.trace = true;
	lg.syslog = lg.plain = false;
	return 0;
}

void
log_debugging(bool on)
{
	lg.debug = on;
}

int
log_settle(void)
{
	/* the time zone's file */
	if (lg.syslog || lg.trace)
		tzset();
	return lg.fd;
}

/* One try that does not block, where the kernel can do that for this fd. */
static ssize_t
write_nowait(char *s, size_t n)
{
	struct iovec v = { .iov_base = s, .iov_len = n };
	ssize_t r;

	if (lg.plain)
		return write(lg.fd, s, n);
	r = pwritev2(lg.fd, &v, 1, -1, RWF_NOWAIT);
	if (r == -1 && (errno == EOPNOTSUPP || errno == ESPIPE)) {
		struct pollfd p = { .fd = lg.fd, .events = POLLOUT };

		if (poll(&p, 1, 0) == 0) {
			errno = EAGAIN;
			return -1;
		}
		r = write(lg.fd, s, n);
	}
	return r;
}

static int
write_whole(char *s, size_t n)
{
	int64_t deadline = clock_ms() + LOG_PATIENCE_MS;

	for (;;) {
		struct pollfd p = { .fd = lg.fd, .events = POLLOUT };
		ssize_t r = write_nowait(s, n);

		if (r >= 0)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return -1;
		if (clock_left(deadline) == 0 ||
		    poll(&p, 1, clock_left(deadline)) == 0)
			return -1;
	}
}

/* The part before the text: its length. */
static size_t
head(char *line, size_t n, int priority)
{
	char stamp[40] = "";
	time_t now = 0;
	struct tm tm;
	int k;

	if (lg.syslog || lg.trace) {
		time(&now);
		if (localtime_r(&now, &tm) != NULL)
			strftime(stamp, sizeof stamp, "%b %e %T ", &tm);
	}
	if (lg.syslog)
		k = snprintf(line, n, "<%d>%s%s[%ld]: ", lg.facility | priority,
		    stamp, lg.tag, (long)getpid());
	else
		k = snprintf(
		    line, n, "%s%s[%ld]: ", stamp, lg.name, (long)getpid());
	return (size_t)k;
}

static void __attribute__((format(printf, 2, 0)))
emit(int priority, const char *fmt, va_list ap)
{
	char line[LOG_OCTETS];
	size_t n = head(line, sizeof line, priority);
	int k;

	if (lg.lost > 0)
		n += (size_t)snprintf(
		    line + n, sizeof line - n, "(%u lines lost) ", lg.lost);
	k = vsnprintf(line + n, sizeof line - n - 1, fmt, ap);
	if (k > 0)
		n += (size_t)k;
	if (n > sizeof line - 2)
		n = sizeof line - 2;
	if (!lg.syslog)
		line[n++] = '\n';
	if (write_whole(line, n) == -1)
		lg.lost++;
	else
		lg.lost = 0;
}

bool
log_is_lost(void)
{
	return lg.lost > 0;
}

void
log_line(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_NOTICE, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	if (!lg.debug)
		return;
	va_start(ap, fmt);
	emit(LOG_DEBUG, fmt, ap);
	va_end(ap);
}
