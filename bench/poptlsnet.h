#ifndef POPTLSNET_H
#define POPTLSNET_H

#include <openssl/ssl.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * TLS for the clients of the benchmark, by OpenSSL with its defaults, over
 * nonblocking sockets.  Certificates are read, and not verified: they are of
 * nobody.  Two variables of the environment change the defaults: BENCH_TLS=1.2
 * allows no later protocol, and BENCH_SUITE names the only suite, as OpenSSL
 * does, and so the protocol, too.
 */

/* Before all else, once. */
void tls_begin(void);

/*
 * The client's end of a connection, which tls_end() frees.  If kept is not
 * NULL, the session that *kept holds is offered, if it does, and each one that
 * the server gives takes its place.
 */
SSL *tls_open(int fd, SSL_SESSION **kept);

/* Goes on with the handshake: 1 when it is over, 0 if not yet, -1: failed. */
int tls_shake(SSL *tls);

/* Was an earlier session resumed by the handshake? */
int tls_resumed(const SSL *tls);

/*
 * As recv(2), but all that has come and has room: if it is less than len,
 * poll(2) knows of all that follows.  0 is the end of TLS, as it should be, and
 * then of the connection; one without the other is EPROTO.
 */
ssize_t tls_recv(SSL *tls, void *buf, size_t len);

/* As send(2), but after EAGAIN the same octets have to come first. */
ssize_t tls_send(SSL *tls, const void *buf, size_t len);

/* What the connection waits for, as poll(2) has it. */
short tls_events(const SSL *tls);

void tls_end(SSL *tls);

#endif
