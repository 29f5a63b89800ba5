/* SPDX-License-Identifier: MIT */
#ifndef POPPAM_TALK_H
#define POPPAM_TALK_H

#include <security/pam_appl.h>
#include <stdbool.h>

#include "given.h"

/* Our side of the conversation with PAM's modules (pam_conv(3)). */
struct talk {
	const struct given *given;
	bool changing;	/* the password, and no longer logging in */
	unsigned asked; /* answers so far */
	char said[200]; /* the last error message of a module, made safe */
};

/*
 * The function for struct pam_conv; data is a struct talk.  In a log-in the
 * password is given once.  In a change, prompts for the old or the current
 * password get that one, all others the new one.
 */
int talk_conv(int n, const struct pam_message **msg, struct pam_response **resp,
    void *data);

#endif
