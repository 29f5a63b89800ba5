/* SPDX-License-Identifier: MIT */
#ifndef POPPER_TLSPAIR_H
#define POPPER_TLSPAIR_H

#include <bearssl.h>
#include <stddef.h>

/*
 * A server and a client of TLS in one process, of BearSSL both: the client
 * knows the server's key, so nobody looks into the certificate.
 */
extern const br_ec_private_key tlspair_key;
extern const br_x509_certificate tlspair_chain;

/*
 * A client that knows the public half of pinned, to be reset; buf has
 * BR_SSL_BUFSIZE_BIDI octets.  There can be one at a time.
 */
void tlspair_client(br_ssl_client_context *c, br_x509_knownkey_context *known,
    const br_ec_private_key *pinned, unsigned char *buf);

/*
 * Up to max octets of records from one to the other, who has still to
 * acknowledge them; how many.
 */
size_t tlspair_carry(
    br_ssl_engine_context *from, br_ssl_engine_context *to, size_t max);

#endif
