/* SPDX-License-Identifier: MIT */
#ifndef TLS_STORE_H
#define TLS_STORE_H

#include <bearssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/*
 * Sessions that can be resumed (RFC 5246 section 7.3), kept across connections,
 * each of which is a process of its own: a memory file that poptls-cache(8)
 * makes before tcpserver starts, and that every engine inherits.
 *
 * An entry is sealed with a key that is derived from the session's id, and
 * found by another part of what is derived.  The id is random; the client, the
 * engines that served it, and who reads the network know it.  Entries are
 * written and read whole, without a lock: one that was torn, or is too old, or
 * was made for another base, is none.
 *
 * An engine that was taken over has the file open for writing.  It can spoil
 * or remove entries and the head, so that sessions begin with a full handshake;
 * no loss lasts longer than the service.  It cannot read entries, unless it is
 * told their ids by somebody who reads the network: then it has the master
 * secrets of sessions whose entries are there, and what was recorded of them
 * can be read.  It can make entries that hold what it likes, and a client can
 * then resume a session that never was: to be resumed proves nothing of a
 * client, so where clients show certificates there must be no cache.
 */
#define STORE_ENV "POPTLS_CACHE" /* the number of the file's fd */
#define STORE_ENTRIES 20000	 /* as poptls-cache has it if not told */
#define STORE_ENTRIES_MAX 1000000
#define STORE_ENTRY 128 /* octets of memory that one takes */
#define STORE_SECONDS 3600
#define STORE_SECONDS_MAX 86400 /* RFC 5246 section F.1.4 */

/*
 * A new file, sealed against growing and shrinking: its fd, with FD_CLOEXEC, or
 * -1 with e.  There can be up to 3 entries more than asked for.  Memory is
 * taken when an entry is written.
 */
int store_make(uint32_t entries, uint32_t seconds, struct err *e);

struct store {
	const br_ssl_session_cache_class *vtable; /* first: BearSSL calls it */
	int fd;
	uint32_t sets, seconds;
	unsigned char base[br_sha256_SIZE];
	unsigned char name[br_sha224_SIZE]; /* of the session that was found */
	bool asked;   /* a connection resumes once, and that with its hello */
	bool resumed; /* once the handshake is over: this session is older */
};

/*
 * The cache of one connection, for br_ssl_server_set_cache; it stays where it
 * is as long as the connection.  After this only pread, pwrite and
 * clock_gettime are called: a look-up is one pread, to keep a session one pread
 * and one pwrite.  base is 32 octets that stand for what the server shows and
 * allows: certificates, versions, suites.  -1 with e: fd is no such file.
 */
int store_open(
    struct store *s, int fd, const unsigned char base[32], struct err *e);

/*
 * BearSSL resumes a session before it reads the name that the client asks for,
 * and a session must not be resumed for another name (RFC 6066 section 3).
 * False: this one was made for another name, or for none.  It is asked when the
 * hello was read, before the answer leaves: hello_received does it.
 */
bool store_suits(const struct store *s, const br_ssl_server_context *server);

#endif
