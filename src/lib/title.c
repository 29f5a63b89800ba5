/* SPDX-License-Identifier: MIT */
/* runs as: root (monitor) */
#include <string.h>

#include "title.h"

void
title_init(struct title *t, char *const *argv, char **envp)
{
	char *const begin = argv[0];
	char *end = begin;
	size_t moved = 0;

	t->at = NULL;
	for (; *argv != NULL && *argv == end; argv++)
		end += strlen(end) + 1;
	if (*argv != NULL || end == begin)
		return;
	t->at = begin;
	t->args = (size_t)(end - begin);
	for (; *envp == end && end - begin < TITLE_MAX; envp++) {
		size_t n = strlen(end) + 1;

		if (n > sizeof t->moved - moved)
			break;
		memcpy(t->moved + moved, end, n);
		*envp = t->moved + moved;
		moved += n;
		end += n;
	}
	t->room = (size_t)(end - begin);
}

/*
 * The kernel shows all that argv had; or, if the last octet of that is no NUL
 * any more, all up to the first one.
 */
void
title_set(const struct title *t, const char *text)
{
	size_t n = strlen(text);

	if (t->at == NULL)
		return;
	if (n >= t->room)
		n = t->room - 1;
	memcpy(t->at, text, n);
	t->at[n] = '\0';
	if (n < t->args)
		memset(t->at + n, 0, t->args - n);
}
