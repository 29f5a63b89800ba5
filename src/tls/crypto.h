/* SPDX-License-Identifier: MIT */
#ifndef TLS_CRYPTO_H
#define TLS_CRYPTO_H

#include <bearssl.h>
#include <stdbool.h>
#include <stdio.h>

/*
 * Which of BearSSL's implementations are used: it has several of most
 * algorithms, all of constant time, and those that the processor helps with
 * are taken where it does.
 */

/*
 * All that the engine needs; cbc: also for suites with CBC and SHA-1, as those
 * before TLS 1.2 are; clients: also what verifies their certificates.
 * curves is filled, and lives as long as the engine: those of the exchange,
 * X25519, P-256 and P-384, which BearSSL prefers in this order.
 */
void crypto_use(br_ssl_engine_context *eng, unsigned least, bool cbc,
    bool clients, br_ec_impl *curves);

/* All curves, for keys. */
const br_ec_impl *crypto_ec(void);

/* One line an algorithm: poptls --version. */
void crypto_tell(FILE *to);

#endif
