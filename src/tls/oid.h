/* SPDX-License-Identifier: MIT */
#ifndef TLS_OID_H
#define TLS_OID_H

#include "der.h"

/*
 * Object identifiers (X.660): the contents of those that the code compares
 * with, and texts for people.
 */
#define OID_RSA "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
#define OID_EC "\x2a\x86\x48\xce\x3d\x02\x01"
#define OID_P256 "\x2a\x86\x48\xce\x3d\x03\x01\x07"
#define OID_P384 "\x2b\x81\x04\x00\x22"

#define OID_TEXT_MAX 48

/*
 * What people call a curve, a kind of key or an attribute of a name, or else
 * the numbers, "1.2.840.113549.1.1.1", cut if they are too many.  Returns dst.
 */
const char *oid_text(const struct der *oid, char dst[OID_TEXT_MAX]);

#endif
