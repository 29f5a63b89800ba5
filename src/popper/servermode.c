/* SPDX-License-Identifier: MIT */
/* runs as: root */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "servermode.h"

/* octets of a group's entry, with all its members */
#define MEM_FIRST 4096
#define MEM_MAX (8U << 20)

static bool
is_member(const struct group *gr, const struct auth_ident *id)
{
	char **m;

	if (gr->gr_gid == id->gid)
		return true;
	for (m = gr->gr_mem; *m != NULL; m++) {
		if (strcmp(*m, id->user) == 0)
			return true;
	}
	return false;
}

static bool
in_group(const char *option, const char *name, const struct auth_ident *id,
    servermode_ask *ask)
{
	struct group gr;
	struct group *found = NULL;
	char *mem = NULL;
	size_t n = MEM_FIRST;
	int sys = ERANGE;
	bool member = false;

	for (; sys == ERANGE && n <= MEM_MAX; n *= 4) {
		free(mem);
		mem = malloc(n);
		sys = mem == NULL ? ENOMEM : ask(name, &gr, mem, n, &found);
	}
	if (sys == 0 && found != NULL)
		member = is_member(found, id);
	else if (sys == 0 || sys == ENOENT || sys == ESRCH)
		log_line("option %s: there is no group \"%.64s\", so it counts "
			 "for nobody: make it, or change the option",
		    option, name);
	else
		log_line("option %s: unable to look up the group \"%.64s\", so "
			 "it counts for nobody: %s (%d)",
		    option, name, strerror(sys), sys);
	free(mem);
	return member;
}

void
servermode_groups(
    struct config *c, const struct auth_ident *id, servermode_ask *ask)
{
	if (c->group_server_mode != NULL &&
	    in_group("group-server-mode", c->group_server_mode, id, ask))
		c->server_mode = true;
	if (c->group_no_server_mode != NULL &&
	    in_group("group-no-server-mode", c->group_no_server_mode, id, ask))
		c->server_mode = false;
}
