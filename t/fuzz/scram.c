/* SPDX-License-Identifier: MIT */
/*
 * What a client says of SCRAM: two messages, a NUL between them.  What is
 * taken has the parts that it was made of, and nothing is longer than it may.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "fuzz.h"
#include "scrammsg.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *first = malloc(n + 2);
	char whole[SCRAM_NAME_MAX + 8 + SCRAM_BARE_MAX];
	char without[SCRAM_FINAL_MAX];
	char out[4096];
	uint8_t proof[SCRAM_KEY];
	struct scram_first f;
	struct scram_verifier v;
	const char *final;
	int len;

	if (first == NULL)
		abort();
	memcpy(first, data, n);
	first[n] = first[n + 1] = '\0';
	final = first + strlen(first) + 1;
	len = base64_decode(out, sizeof out, first);
	if (len >= 0) {
		char again[6000];

		base64_encode(again, sizeof again, out, (size_t)len);
		if (strcmp(again, first) != 0)
			abort();
	}
	if (scram_parse(&v, first) == 0 &&
	    (scram_text(&v, out, sizeof out) == -1 ||
		strlen(out) > strlen(first)))
		abort();
	if (scram_read_first(&f, first) == 0) {
		snprintf(whole, sizeof whole, "%s%s", f.gs2, f.bare);
		if (strcmp(whole, first) != 0 || f.user[0] == '\0' ||
		    f.nonce[0] == '\0' || strchr(f.nonce, ',') != NULL)
			abort();
		if (scram_read_final(&f, "0123", final, without, proof) == 0 &&
		    (strncmp(without, final, strlen(without)) != 0 ||
			strstr(without, "0123") == NULL))
			abort();
	}
	free(first);
	return 0;
}
