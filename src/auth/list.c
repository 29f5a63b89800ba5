/* SPDX-License-Identifier: MIT */
/* runs as: root (checker) */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"
#include "list.h"
#include "safefile.h"
#include "text.h"

#define ANY_SHELL "/POPPER/ANY/SHELL"

struct wanted {
	const char *word, *other; /* either; other may be NULL */
	bool lower, trim;	  /* lines are treated as names of users are */
};

static bool
matches(const struct wanted *w, char *s)
{
	if (w->lower)
		text_lower(s);
	if (w->trim)
		s[strcspn(s, "@")] = '\0';
	return strcmp(s, w->word) == 0 ||
	    (w->other != NULL && strcmp(s, w->other) == 0);
}

static int
file_has(const char *path, const struct wanted *w, struct err *e)
{
	char mem[4096];
	struct lines l;
	char *s;
	size_t n;
	int found = 0;
	int r = 1;
	int fd = safefile_open_admin(path, e);

	if (fd == -1)
		return -1;
	lines_init(&l, fd, mem, sizeof mem);
	while (found == 0 && (r = lines_next(&l, &s, &n)) == 1) {
		while (n > 0 && strchr(" \t\r", s[n - 1]) != NULL)
			s[--n] = '\0';
		s += strspn(s, " \t");
		found = matches(w, s);
	}
	if (r == -1)
		err_sys(e, ERR_PERM, "Unable to read", path);
	lines_free(&l);
	close(fd);
	return r == -1 ? -1 : found;
}

int
list_admits(const struct auth_cfg *cfg, const struct records *rec,
    const char *user, struct err *e)
{
	const struct wanted w = { user, NULL, cfg->downcase, cfg->trim };
	int r;

	if (cfg->allow != NULL && (r = file_has(cfg->allow, &w, e)) != 1)
		return r;
	if (cfg->deny != NULL && (r = file_has(cfg->deny, &w, e)) != 0)
		return r == 1 ? 0 : -1;
	return !rec->denied && (!rec->allow_list || rec->allowed);
}

int
list_shell(const char *shells, const char *shell, struct err *e)
{
	const struct wanted w = { shell[0] != '\0' ? shell : "/bin/sh",
		ANY_SHELL, false, false };

	if (strcmp(shell, ANY_SHELL) == 0)
		return 1;
	return file_has(shells, &w, e);
}
