/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "fuzz.h"
#include "log.h"

static int
read_text(
    const char *s, size_t n, unsigned where, struct config *c, struct err *e)
{
	char *copy = malloc(n + 1);
	struct lines l;
	int rc;

	if (copy == NULL || config_init(c, e) == -1)
		abort();
	memcpy(copy, s, n);
	lines_text(&l, copy, n);
	rc = config_lines(c, &l, "fuzz", where, e);
	free(copy);
	return rc;
}

/* The first octet says where the file is; what is read can be printed. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const unsigned where[] = { IN_FILE, IN_HOME, IN_SPOOL };
	struct config c;
	struct config again;
	struct err e = { .text = "" };
	char *text = NULL;
	char *s;
	size_t len;

	if (n < 2)
		return 0;
	s = strndup((const char *)data + 1, n - 1);
	/* these two open files by name */
	if (s == NULL || strcasestr(s, "tracefile") != NULL ||
	    strcasestr(s, "config-file") != NULL) {
		free(s);
		return 0;
	}
	memcpy(s = realloc(s, n), data + 1, n - 1);
	log_trace("/dev/null");
	if (read_text(s, n - 1, where[data[0] % 3], &c, &e) == 0) {
		FILE *f = open_memstream(&text, &len);

		config_print(&c, f);
		fclose(f);
		if (read_text(text, len, IN_FILE, &again, &e) == -1) {
			fprintf(stderr, "printed: %s\n%s", e.text, text);
			abort();
		}
		config_free(&again);
		free(text);
	} else if (e.kind == ERR_NONE || strncmp(e.text, "fuzz:", 5) != 0) {
		abort();
	}
	config_free(&c);
	free(s);
	return 0;
}
