/* SPDX-License-Identifier: MIT */
#ifndef TLS_PEM_H
#define TLS_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "err.h"

/*
 * The objects of a PEM file (RFC 7468).  Between "-----BEGIN LABEL-----" and
 * "-----END LABEL-----" lines may have any length, and blanks and CRs at their
 * ends; what stands outside is passed over.  The file is read whole, and each
 * object is decoded where it lies.
 *
 * BearSSL has a decoder, too, which takes 200 ns for a character: 0.8 ms for
 * each connection.  base64_decode takes 10 us for all.
 */
struct pem {
	const char *path;
	struct stat st;
	char *text, *at; /* at: what was not looked at yet */
	size_t size;
	size_t line; /* of at */
};

struct pem_object {
	const char *label;
	unsigned char *data;
	size_t len;
	bool encrypted; /* its header says so (RFC 1421): data is nothing */
};

/*
 * A file of the administrator's of at most max octets.  0, or -1 with e,
 * nothing is held.  path has to stay.
 */
int pem_open(struct pem *p, const char *path, size_t max, struct err *e);

/* The next object, which stays till pem_close: 1; 0: none; -1 with e. */
int pem_next(struct pem *p, struct pem_object *o, struct err *e);

/* What was read is overwritten. */
void pem_close(struct pem *p);

#endif
