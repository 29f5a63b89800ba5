/* SPDX-License-Identifier: MIT */
#ifndef POPPAM_STACK_H
#define POPPAM_STACK_H

#include <pwd.h>

#include "talk.h"

/*
 * One user going through the modules of a PAM service.  Functions return 0,
 * or with e the exit code: 1 refused, 111 cannot tell now.  e's text never
 * has a password in it.
 */
struct stack {
	pam_handle_t *pam;
	int rc; /* of the last call, for the modules' cleaning up */
	struct talk talk;
	struct passwd pw;
	char mem[16384]; /* the strings of pw */
};

/* host: the client's address, or NULL.  given has to live as long. */
int stack_open(struct stack *s, const char *service, const char *host,
    const struct given *given, struct err *e);

/*
 * The password, and whether the account may be used.  expired: an old
 * password will do, an account that is over will not.
 */
int stack_check(struct stack *s, bool expired, struct err *e);

/* Fills s->pw, of the name that the modules made of the user's. */
int stack_account(struct stack *s, struct err *e);

/* Credentials, and a session that is closed again at once. */
int stack_session(struct stack *s, struct err *e);

/* Changes the password.  s->talk.said is what a module said against it. */
int stack_change(struct stack *s, struct err *e);

void stack_close(struct stack *s);

#endif
