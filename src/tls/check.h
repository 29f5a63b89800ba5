/* SPDX-License-Identifier: MIT */
#ifndef TLS_CHECK_H
#define TLS_CHECK_H

#include <stdio.h>

#include "options.h"

/*
 * poptls --check: looks at all files that the options name, and writes one
 * line for each identity that is good (its file, subject, key, last day), one
 * for each fault, which names the file and what to do, and warnings for what
 * works but should not stay so.  Faults: what identity_load refuses; a key
 * that is not that of the certificate; a chain of which one certificate is not
 * signed by the next; dates; a purpose other than TLS servers; a name in the
 * folder that the certificate does not have; suites that no key can be used
 * with; versions and suites that are not there; the file of clients'
 * authorities; the engine's root, if root asks.
 *
 * The exit code: 0; 1 when clients are served, but some will not like what they
 * see, or a name has another's certificate; 100 when nobody can have TLS.
 */
int check_run(const struct tls_options *o, FILE *out, FILE *faults);

#endif
