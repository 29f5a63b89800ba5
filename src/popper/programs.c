/* SPDX-License-Identifier: MIT */
/* runs as: root */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "programs.h"

static int
too_long(struct err *e)
{
	return err_set(e, ERR_PERM, "The path of popper is too long");
}

int
programs_self(char path[PROGRAMS_PATH], struct err *e)
{
	ssize_t n = readlink("/proc/self/exe", path, PROGRAMS_PATH);

	if (n == -1)
		return err_sys(e, ERR_PERM, "Unable to read", "/proc/self/exe");
	if (n == PROGRAMS_PATH)
		return too_long(e);
	path[n] = '\0';
	if (strchr(path, '/') == NULL)
		return err_set(e, ERR_PERM, "popper has no path");
	return 0;
}

int
programs_beside(
    char path[PROGRAMS_PATH], const char *self, const char *name, struct err *e)
{
	int folder = (int)(strrchr(self, '/') - self);
	int n = snprintf(path, PROGRAMS_PATH, "%.*s/%s", folder, self, name);

	return n < PROGRAMS_PATH ? 0 : too_long(e);
}
