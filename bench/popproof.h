#ifndef POPPROOF_H
#define POPPROOF_H

#include <stddef.h>

/*
 * What a client computes to log in without its password on the wire.  Its
 * part should cost little: what depends on user, salt and password only is
 * computed once.
 */

#define PROOF_LINE 600 /* octets that a line of these takes at most */

/* The digest of APOP (RFC 1939) for a stamp of n octets, in hexadecimal. */
void proof_apop(char hex[33], const char *stamp, size_t n, const char *pass);

/* A conversation of SCRAM-SHA-256 (RFC 5802, RFC 7677) in POP3 (RFC 5034). */
struct scram {
	int user;
	char nonce[32];
	char server[45]; /* the signature that the server has to know */
};

/*
 * Computes what users 0 to users-1 need, who all have this password, for the
 * salts of the benchmark's verifiers; for another salt it is computed when
 * the server tells it.
 */
void scram_users(int users, const char *pass);

/* The first command, without its CRLF: the user is "u" and the number. */
void scram_begin(struct scram *s, int user, char line[PROOF_LINE]);

/* The answer to the first challenge, "+ ..."; -1 if that is wrong. */
int scram_answer(struct scram *s, const char *challenge, char line[PROOF_LINE]);

/* Is the second challenge the signature of who knows the password? */
int scram_right(const struct scram *s, const char *challenge);

/* What a server keeps of each user: "NAME ITERATIONS SALT STORED SERVER". */
void scram_verifiers(int users);

#endif
