/* SPDX-License-Identifier: MIT */
#ifndef POPPER_LOCATE_H
#define POPPER_LOCATE_H

#include "auth.h"
#include "config.h"
#include "folder.h"

/*
 * Where a maildrop lies, by the options (docs/DESIGN.md, "Where a maildrop
 * lies").  It is found in two steps, because folders of the administrator's
 * are opened, and made, by root, and what lies in a home is never touched
 * but by its user:
 *
 *	locate_open	as root: spool-dir, temp-dir, cache-dir, hashed
 *	locate_mode	once it is known if this is server mode
 *	locate_settle	as the user: the home; then at can go to spool_init,
 *			which takes over the folders
 *
 * After locate_open, locate_close is always right.
 */
struct locate {
	struct spool_place at;

	struct folder base; /* of spool-dir, or of the MAILDROP; for options */
	gid_t group;	    /* the session's, or 0 for the user's own */
	bool home_mail;	    /* the spool is in the home */

	/* private */
	bool given;	/* a MAILDROP of users.cdb */
	bool home_misc; /* so are the files beside it */
	bool fleeting;	/* temp is lost at a reboot */
	struct folder spool, temp, cache, old;
	char name[SPOOL_PATH_MAX];
	char temp_name[SPOOL_NAME_MAX];
	char cache_name[SPOOL_NAME_MAX];
	char old_name[SPOOL_NAME_MAX];
};

int locate_open(struct locate *l, const struct config *c,
    const struct auth_ident *id, struct err *e);
int locate_mode(const struct locate *l, bool server_mode, struct err *e);
int locate_settle(struct locate *l, const struct config *c,
    const struct auth_ident *id, struct err *e);
void locate_close(struct locate *l);

#endif
