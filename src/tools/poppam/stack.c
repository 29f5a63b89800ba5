/* SPDX-License-Identifier: MIT */
/* runs as: root (poppam) */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "stack.h"
#include "text.h"

static const char *
name_of(const struct stack *s)
{
	return s->talk.given->user;
}

/* What cannot be held against the user is temporary trouble. */
static int
exit_code(int rc)
{
	switch (rc) {
	case PAM_SUCCESS:
		return 0;
	case PAM_AUTH_ERR:
	case PAM_USER_UNKNOWN:
	case PAM_MAXTRIES:
	case PAM_PERM_DENIED:
	case PAM_ACCT_EXPIRED:
	case PAM_CRED_EXPIRED:
	case PAM_NEW_AUTHTOK_REQD:
	case PAM_AUTHTOK_EXPIRED:
	case PAM_AUTHTOK_ERR:
	case PAM_AUTHTOK_RECOVERY_ERR:
	case PAM_AUTHTOK_DISABLE_AGING:
		return 1;
	default:
		return 111;
	}
}

/* The exit code for s->rc, and the log's line for it. */
static int
result(const struct stack *s, const char *what, struct err *e)
{
	int code = exit_code(s->rc);
	const char *said = s->talk.said;

	if (code != 0)
		err_set(e, code == 1 ? ERR_PERM : ERR_TEMP,
		    "%s of %s %s: %s%s%s", what, name_of(s),
		    code == 1 ? "refused" : "failed",
		    pam_strerror(s->pam, s->rc), said[0] != '\0' ? ": " : "",
		    said);
	return code;
}

/* popper lets every refusal wait for the same time; here nobody waits. */
static void
no_delay(int rc, unsigned usec, void *data)
{
	(void)rc;
	(void)usec;
	(void)data;
}

/*
 * For a service that it does not know libpam takes the rules of "other",
 * which refuse all on one host and allow much on another one.
 */
static int
service_known(const char *service, struct err *e)
{
	static const char *const dir[] = { "/etc/pam.d", "/usr/lib/pam.d" };
	char path[128];
	size_t i;

	if (access(dir[0], F_OK) == -1)
		return 0; /* then /etc/pam.conf counts */
	for (i = 0; i < sizeof dir / sizeof dir[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", dir[i], service);
		if (access(path, R_OK) == 0)
			return 0;
	}
	err_set(e, ERR_PERM, "There is no %s/%s: see poppam(8) for one", dir[0],
	    service);
	return 111;
}

int
stack_open(struct stack *s, const char *service, const char *host,
    const struct given *given, struct err *e)
{
	void (*delay)(int, unsigned, void *) = no_delay;
	const struct pam_conv conv = { talk_conv, &s->talk };
	char rhost[64];
	void *p;

	memset(s, 0, sizeof *s);
	s->talk.given = given;
	if (service_known(service, e) != 0)
		return 111;
	s->rc = pam_start(service, name_of(s), &conv, &s->pam);
	if (s->rc != PAM_SUCCESS) {
		err_set(e, ERR_TEMP, "PAM cannot start service %s", service);
		return 111;
	}
	/* ISO C has no other way from a function to a void pointer */
	memcpy(&p, &delay, sizeof p);
	s->rc = pam_set_item(s->pam, PAM_FAIL_DELAY, p);
	if (s->rc == PAM_SUCCESS)
		s->rc = pam_set_item(s->pam, PAM_TTY, "popper");
	if (s->rc == PAM_SUCCESS && host != NULL)
		s->rc = pam_set_item(
		    s->pam, PAM_RHOST, text_safe(rhost, sizeof rhost, host));
	return result(s, "Log-in", e);
}

int
stack_check(struct stack *s, bool expired, struct err *e)
{
	const int flags = PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK;
	int code;

	s->rc = pam_authenticate(s->pam, flags);
	code = result(s, "Log-in", e);
	if (code != 0)
		return code;
	s->rc = pam_acct_mgmt(s->pam, flags);
	if (s->rc == PAM_NEW_AUTHTOK_REQD && expired)
		return 0;
	return result(s, "Account", e);
}

int
stack_account(struct stack *s, struct err *e)
{
	const void *item = NULL;
	struct passwd *found = NULL;
	char name[64] = "";
	int r;

	s->rc = pam_get_item(s->pam, PAM_USER, &item);
	if (s->rc != PAM_SUCCESS || item == NULL) {
		err_set(e, ERR_TEMP, "PAM has lost the user's name");
		return 111;
	}
	text_safe(name, sizeof name, item);
	r = getpwnam_r(item, &s->pw, s->mem, sizeof s->mem, &found);
	if (r != 0) {
		err_set(e, ERR_TEMP, "%s cannot be looked up in passwd: %s",
		    name, strerror(r));
		return 111;
	}
	if (found == NULL) {
		err_set(e, ERR_PERM,
		    "%s refused: the name has no entry in passwd", name);
		return 1;
	}
	return 0;
}

int
stack_session(struct stack *s, struct err *e)
{
	int code;

	s->rc = pam_setcred(s->pam, PAM_ESTABLISH_CRED | PAM_SILENT);
	code = result(s, "Credentials", e);
	if (code != 0)
		return code;
	s->rc = pam_open_session(s->pam, PAM_SILENT);
	code = result(s, "Session", e);
	if (code != 0)
		return code;
	s->rc = pam_close_session(s->pam, PAM_SILENT);
	return result(s, "Session", e);
}

int
stack_change(struct stack *s, struct err *e)
{
	/*
	 * As passwd(1): the user's real uid and root's effective one.  For a
	 * real uid of root modules would leave out their rules about passwords.
	 */
	if (setresuid(s->pw.pw_uid, 0, 0) == -1) {
		err_sys(
		    e, ERR_TEMP, "Unable to change the real uid of", "poppam");
		return 111;
	}
	s->talk.changing = true;
	s->talk.asked = 0;
	s->talk.said[0] = '\0';
	s->rc = pam_chauthtok(s->pam, 0);
	return result(s, "New password", e);
}

void
stack_close(struct stack *s)
{
	if (s->pam != NULL)
		pam_end(s->pam, s->rc);
	s->pam = NULL;
}
