/* SPDX-License-Identifier: MIT */
/* runs as: root */
#include "log.h"
#include "servermode.h"

static bool
in_group(const char *option, const char *name, const struct auth_ident *id,
    servermode_ask *ask)
{
	struct userdb_group g;
	struct err e;
	int r = ask(&userdb_system, name, id->user, &g, &e);

	if (r == 1)
		return g.lists || g.gid == id->gid;
	if (r == 0)
		log_line("option %s: there is no group \"%.64s\", so it counts "
			 "for nobody: make it, or change the option",
		    option, name);
	else
		log_line("option %s: unable to look up the group \"%.64s\", so "
			 "it counts for nobody: %s",
		    option, name, e.text);
	return false;
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
