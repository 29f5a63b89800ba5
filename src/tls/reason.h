/* SPDX-License-Identifier: MIT */
#ifndef TLS_REASON_H
#define TLS_REASON_H

#include <stddef.h>

#define REASON_MAX 120

/*
 * What br_ssl_engine_last_error means, for the log.  dst has n octets.
 * Returns dst.
 */
char *reason_text(char *dst, size_t n, int error);

#endif
