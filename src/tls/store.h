/* SPDX-License-Identifier: MIT */
#ifndef TLS_STORE_H
#define TLS_STORE_H

#include <bearssl.h>
#include <stdint.h>

#include "err.h"

/*
 * Sessions that can be resumed (RFC 5246 section 7.3), kept across connections,
 * each of which is a process of its own: a memory file that poptls-cache(8)
 * makes before tcpserver starts, and that every engine inherits.
 *
 * An entry is sealed with a key that is derived from the session's id, which
 * only the client and the engine that made it know, besides who reads the
 * network; its place in the file is another digest of the id.  So an engine
 * that was taken over can spoil entries, but read none of another client's.
 * Entries are written and read whole, without a lock: one that was torn, or
 * is too old, or of another scope, is none.
 *
 * The scope is what a session must not leave: the name that the client asked
 * for, and the digest of the certificate that it was shown.
 */
#define STORE_ENV "POPTLS_CACHE" /* the number of the file's fd */
#define STORE_ENTRIES 20000	 /* as poptls-cache has it if not told */
#define STORE_SECONDS 3600

/* A new file, sealed against growing and shrinking: its fd, or -1. */
int store_make(uint32_t entries, uint32_t seconds, struct err *e);

struct store {
	const br_ssl_session_cache_class *vtable; /* first: BearSSL calls it */
	int fd;
	uint32_t entries, seconds;
	unsigned char base[32]; /* of the scope: digest of the certificate */
};

/*
 * The cache of one connection, for br_ssl_server_set_cache.  After this only
 * pread, pwrite and clock_gettime are called.  base is 32 octets that stand
 * for what the server shows and allows.  -1: fd is no such file.
 */
int store_open(
    struct store *s, int fd, const unsigned char base[32], struct err *e);

#endif
