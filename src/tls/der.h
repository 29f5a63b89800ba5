/* SPDX-License-Identifier: MIT */
#ifndef TLS_DER_H
#define TLS_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * DER (X.690 section 10), as far as keys and certificates need it.  Strict:
 * lengths are definite and as short as they can be, tags are of one octet.
 * Nothing is copied; what is found points into what was given.
 *
 * The functions return 0, or -1 if the next element is another one or none:
 * then d is as it was, so what is optional can be tried for.  What does not
 * fit into what it is in is none.
 */
#define DER_BOOLEAN 0x01
#define DER_INTEGER 0x02
#define DER_BITS 0x03
#define DER_OCTETS 0x04
#define DER_OID 0x06
#define DER_UTC_TIME 0x17
#define DER_TIME 0x18
#define DER_SEQUENCE 0x30
#define DER_SET 0x31
#define DER_CONTEXT 0x80      /* plus the number */
#define DER_CONTEXT_CONS 0xa0 /* the same, of elements */

struct der {
	const unsigned char *at;
	size_t left;
};

/* The next element, whatever its tag. */
int der_next(struct der *d, unsigned *tag, struct der *in);

/* The contents of the next element. */
int der_take(struct der *d, unsigned tag, struct der *in);

/* The same, and whole is the element with tag and length. */
int der_whole(struct der *d, unsigned tag, struct der *whole, struct der *in);

/* An INTEGER that is not negative, without zeros in front: 0 has no octets. */
int der_number(struct der *d, struct der *in);

/* A BIT STRING of whole octets. */
int der_bits(struct der *d, struct der *in);

/* UTCTime or GeneralizedTime as in RFC 5280 section 4.1.2.5: Unix time. */
int der_time(struct der *d, int64_t *t);

bool der_equal(const struct der *a, const struct der *b);

/* Equal to the octets of a string literal. */
#define DER_IS(d, literal) \
	der_equal((d), \
	    &(struct der){ \
		(const unsigned char *)(literal), sizeof(literal) - 1 })

#endif
