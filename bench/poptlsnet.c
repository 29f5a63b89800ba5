#define _DEFAULT_SOURCE
#include <sys/socket.h>
#include <err.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "poptlsnet.h"

static SSL_CTX *context;

/* OpenSSL has a session that could be resumed: of TLS 1.3 any number comes. */
static int
keep(SSL *tls, SSL_SESSION *session)
{
	SSL_SESSION **kept = SSL_get_app_data(tls);

	if (kept == NULL)
		return 0;
	SSL_SESSION_free(*kept);
	*kept = session;
	return 1;
}

static int
set_suite(const char *suite)
{
	if (strncmp(suite, "TLS_", 4) == 0)
		return SSL_CTX_set_ciphersuites(context, suite) == 1 &&
		    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1;
	return SSL_CTX_set_cipher_list(context, suite) == 1 &&
	    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION) == 1;
}

void
tls_begin(void)
{
	const char *version = getenv("BENCH_TLS"),
		   *suite = getenv("BENCH_SUITE");

	/* OpenSSL writes to sockets without MSG_NOSIGNAL. */
	signal(SIGPIPE, SIG_IGN);
	if ((context = SSL_CTX_new(TLS_client_method())) == NULL)
		errx(1, "no TLS");
	if (version != NULL && *version != '\0') {
		if (strcmp(version, "1.2") != 0)
			errx(2, "BENCH_TLS is 1.2 or nothing");
		SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
	}
	if (suite != NULL && *suite != '\0' && !set_suite(suite))
		errx(2, "BENCH_SUITE: no such suite: %s", suite);
	SSL_CTX_set_mode(context,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_session_cache_mode(
	    context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context, keep);
}

SSL *
tls_open(int fd, SSL_SESSION **kept)
{
	SSL *tls = SSL_new(context);

	if (tls == NULL || SSL_set_fd(tls, fd) != 1 ||
	    SSL_set_app_data(tls, kept) != 1)
		errx(1, "no connection of TLS");
	if (kept != NULL && *kept != NULL && SSL_set_session(tls, *kept) != 1)
		errx(1, "the session of another connection is refused");
	SSL_set_connect_state(tls);
	return tls;
}

/* Sets errno for a result r of OpenSSL's that is no success. */
static int
reason(const SSL *tls, int r)
{
	switch (SSL_get_error(tls, r)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN;
		break;
	case SSL_ERROR_SYSCALL:
		if (errno == 0 || errno == EAGAIN)
			errno = EPROTO;
		break;
	default:
		errno = EPROTO;
	}
	return -1;
}

int
tls_shake(SSL *tls)
{
	int r;

	ERR_clear_error();
	if ((r = SSL_do_handshake(tls)) == 1)
		return 1;
	return reason(tls, r) == -1 && errno == EAGAIN ? 0 : -1;
}

int
tls_resumed(const SSL *tls)
{
	return SSL_session_reused(tls);
}

/* TLS is closed; is the connection, too? */
static ssize_t
after_close(const SSL *tls)
{
	char c;
	ssize_t n = recv(SSL_get_fd(tls), &c, 1, 0);

	if (n == 1)
		errno = EPROTO;
	if (n == 1 || (n == -1 && (errno == EAGAIN || errno == EINTR)))
		return -1;
	/* A server that does not wait for our close_notify resets it. */
	return 0;
}

ssize_t
tls_recv(SSL *tls, void *buf, size_t len)
{
	size_t n, have = 0;
	int r = 1;

	if (SSL_get_shutdown(tls) & SSL_RECEIVED_SHUTDOWN)
		return after_close(tls);
	/* OpenSSL gives one record at a time. */
	while (have < len) {
		ERR_clear_error();
		errno = 0;
		if ((r = SSL_read_ex(
			 tls, (char *)buf + have, len - have, &n)) != 1)
			break;
		have += n;
	}
	if (have == len)
		return (ssize_t)have;
	/* Servers may wait for the answer before they close the connection. */
	if (SSL_get_error(tls, r) == SSL_ERROR_ZERO_RETURN) {
		SSL_shutdown(tls);
		return have > 0 ? (ssize_t)have : after_close(tls);
	}
	return have > 0 ? (ssize_t)have : reason(tls, r);
}

ssize_t
tls_send(SSL *tls, const void *buf, size_t len)
{
	size_t n;
	int r;

	ERR_clear_error();
	errno = 0;
	r = SSL_write_ex(tls, buf, len, &n);
	return r == 1 ? (ssize_t)n : reason(tls, r);
}

short
tls_events(const SSL *tls)
{
	return SSL_want_write(tls) ? POLLOUT : POLLIN;
}

void
tls_end(SSL *tls)
{
	SSL_free(tls);
}
