/* SPDX-License-Identifier: MIT */
/* runs as: root (monitor) */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fds.h"
#include "io.h"
#include "num.h"
#include "text.h"
#include "wrapper.h"

static bool
is_name(const char *var, size_t n, const char *name)
{
	return strlen(name) == n && memcmp(var, name, n) == 0;
}

/* A user's name, if it is what the certificate has: "?" stands for others. */
static void
take_name(char dst[WRAPPER_NAME_MAX], const char *value)
{
	if (text_copy(dst, WRAPPER_NAME_MAX, value) == -1 ||
	    strchr(value, '?') != NULL)
		dst[0] = '\0';
}

/* One variable; what it is called has n octets. */
static void
take(struct wrapper *w, const char *var, size_t n, const char *value)
{
	if (is_name(var, n, "SSL_PROTOCOL"))
		text_safe(w->protocol, sizeof w->protocol, value);
	else if (is_name(var, n, "SSL_CIPHER"))
		text_safe(w->cipher, sizeof w->cipher, value);
	else if (is_name(var, n, "SSL_CLIENT_VERIFY"))
		w->verified = strcmp(value, "SUCCESS") == 0;
	else if (is_name(var, n, "SSL_CLIENT_S_DN"))
		text_safe(w->subject, sizeof w->subject, value);
	else if (is_name(var, n, "SSL_CLIENT_S_DN_CN"))
		take_name(w->cn, value);
	else if (is_name(var, n, "SSL_CLIENT_S_DN_Email"))
		take_name(w->email, value);
}

static void
forget(struct wrapper *w)
{
	w->protocol[0] = w->cipher[0] = '\0';
	w->subject[0] = w->cn[0] = w->email[0] = '\0';
	w->verified = false;
}

/* A name that nobody has vouched for is none. */
static void
settle(struct wrapper *w)
{
	if (!w->verified || w->protocol[0] == '\0')
		w->subject[0] = w->cn[0] = w->email[0] = '\0';
}

/* The fd that a variable names, or -1 with e; fds 0 to 2 are the client's. */
static int
fd_of(const char *name, struct err *e)
{
	const char *value = getenv(name);
	char shown[40];
	uint32_t n;

	if (value == NULL)
		return err_set(e, ERR_CONF,
		    "The TLS wrapper tells half: of SSLCTLFD, SSLREADFD and "
		    "SSLWRITEFD there is no %s in the environment",
		    name);
	if (num_u32(value, &n) == -1 || n > INT_MAX || n <= STDERR_FILENO ||
	    fcntl((int)n, F_GETFD) == -1)
		return err_set(e, ERR_CONF,
		    "The TLS wrapper's %s (%s) is not the number of an open "
		    "file above 2",
		    name, text_safe(shown, sizeof shown, value));
	return (int)n;
}

static int
find_fds(struct wrapper *w, struct err *e)
{
	if ((w->control = fd_of("SSLCTLFD", e)) == -1 ||
	    (w->in = fd_of("SSLREADFD", e)) == -1 ||
	    (w->out = fd_of("SSLWRITEFD", e)) == -1)
		return -1;
	if (w->control == w->in || w->control == w->out)
		return err_set(e, ERR_CONF,
		    "The TLS wrapper's SSLCTLFD is one of SSLREADFD and "
		    "SSLWRITEFD, too");
	return 0;
}

/* What the environment tells of TLS that is on. */
static const char *const told[] = { "SSL_PROTOCOL", "SSL_CIPHER",
	"SSL_CLIENT_VERIFY", "SSL_CLIENT_S_DN", "SSL_CLIENT_S_DN_CN",
	"SSL_CLIENT_S_DN_Email" };
#define TOLD (sizeof told / sizeof told[0])

int
wrapper_find(struct wrapper *w, struct err *e)
{
	size_t i;

	forget(w);
	w->control = w->in = w->out = -1;
	for (i = 0; i < TOLD; i++) {
		const char *value = getenv(told[i]);

		if (value != NULL)
			take(w, told[i], strlen(told[i]), value);
	}
	settle(w);
	if (getenv("SSLCTLFD") == NULL && getenv("SSLREADFD") == NULL &&
	    getenv("SSLWRITEFD") == NULL)
		return 0;
	/* one of them is a stray, and passwords may depend on which */
	if (wrapper_tls(w))
		return err_set(e, ERR_CONF,
		    "The TLS wrapper tells that TLS is on (SSL_PROTOCOL) and "
		    "that it is not (SSLCTLFD)");
	return find_fds(w, e);
}

void
wrapper_unset(void)
{
	size_t i;

	for (i = 0; i < TOLD; i++)
		unsetenv(told[i]);
	unsetenv("SSLCTLFD");
	unsetenv("SSLREADFD");
	unsetenv("SSLWRITEFD");
}

bool
wrapper_tls(const struct wrapper *w)
{
	return w->protocol[0] != '\0';
}

bool
wrapper_can(const struct wrapper *w)
{
	return w->control != -1;
}

/* NAME=VALUE: the length of its name, or 0. */
static size_t
name_length(const char *var)
{
	size_t n = strcspn(var, "=");
	size_t i;

	for (i = 0; i < n; i++) {
		if (var[i] <= ' ' || var[i] >= 0x7f)
			return 0;
	}
	return var[n] == '=' ? n : 0;
}

int
wrapper_told(struct wrapper *w, const char *text, size_t n, struct err *e)
{
	const char *end = text + n;
	const char *nul;
	unsigned vars = 0;

	forget(w);
	for (; (nul = memchr(text, '\0', (size_t)(end - text))) != NULL;
	     text = nul + 1) {
		size_t name = name_length(text);

		if (nul == text && nul + 1 == end) {
			settle(w);
			if (wrapper_tls(w))
				return 1;
			return err_set(e, ERR_TEMP,
			    "The TLS wrapper did not tell SSL_PROTOCOL");
		}
		if (name == 0 || ++vars > WRAPPER_VARS_MAX)
			return err_set(e, ERR_TEMP,
			    "The TLS wrapper told what is no list of "
			    "variables");
		take(w, text, name, text + name + 1);
	}
	return 0;
}

/* Reads until all was told. */
static int
listen_to(struct wrapper *w, int64_t deadline, struct err *e)
{
	char text[WRAPPER_TELLS_MAX];
	size_t n = 0;
	int r;

	while (n < sizeof text) {
		ssize_t k = io_fd_read(
		    &w->control, text + n, sizeof text - n, deadline);

		if (k == 0)
			return err_set(e, ERR_TEMP, "The handshake failed");
		if (k == -1)
			return err_set(e, ERR_TEMP, "%s",
			    errno == ETIMEDOUT ? "The handshake took too long"
					       : "The TLS wrapper has gone");
		n += (size_t)k;
		/* from the beginning: it comes at once, or nearly so */
		r = wrapper_told(w, text, n, e);
		if (r != 0)
			return r == 1 ? 0 : -1;
	}
	return err_set(e, ERR_TEMP, "The TLS wrapper told too much");
}

/* inetd's third copy of the client's socket; the log goes to syslog then. */
static int
leave_socket(void)
{
	int fd;
	int r;

	if (!fds_same_socket(STDIN_FILENO, STDERR_FILENO))
		return 0;
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	r = fd == -1 ? -1 : dup3(fd, STDERR_FILENO, 0);
	if (fd != -1)
		close(fd);
	return r == -1 ? -1 : 0;
}

int
wrapper_begin(struct wrapper *w, int64_t deadline, struct err *e)
{
	if (io_fd_write(&w->control, "Y", 1, deadline) != 1)
		return err_set(e, ERR_TEMP, "The TLS wrapper has gone");
	if (listen_to(w, deadline, e) == -1)
		return -1;
	if (leave_socket() == -1 || dup3(w->in, STDIN_FILENO, 0) == -1 ||
	    dup3(w->out, STDOUT_FILENO, 0) == -1)
		return err_sys(e, ERR_TEMP, "Unable to go over to", "TLS");
	wrapper_close(w);
	return 0;
}

void
wrapper_close(struct wrapper *w)
{
	const int fd[] = { w->control, w->in, w->out == w->in ? -1 : w->out };
	size_t i;

	for (i = 0; i < sizeof fd / sizeof fd[0]; i++) {
		if (fd[i] != -1)
			close(fd[i]);
	}
	w->control = w->in = w->out = -1;
}
