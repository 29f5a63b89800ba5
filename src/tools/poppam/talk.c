/* SPDX-License-Identifier: MIT */
/* runs as: root (poppam) */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "talk.h"
#include "text.h"

/* Modules may ask for a new password again, but not without end. */
#define ASKED_MAX 16

static bool
has_word(const char *text, const char *word)
{
	size_t n = strlen(word);
	const char *s = text;

	while ((s = strcasestr(s, word)) != NULL) {
		if ((s == text || !isalpha((unsigned char)s[-1])) &&
		    !isalpha((unsigned char)s[n]))
			return true;
		s += n;
	}
	return false;
}

/*
 * An application cannot set PAM_OLDAUTHTOK, so modules that want the old
 * password ask for it, and nothing but the prompt tells which one is meant.
 * A wrong guess makes them refuse.
 */
static const char *
secret(const struct talk *t, const char *prompt)
{
	const struct given *g = t->given;

	if (!t->changing)
		return t->asked == 0 ? g->password : NULL;
	if (has_word(prompt, "new"))
		return g->third;
	if (has_word(prompt, "current") || has_word(prompt, "old"))
		return g->password;
	return g->third;
}

static bool
answer(struct talk *t, const struct pam_message *m, char **to)
{
	const char *text = m->msg != NULL ? m->msg : "";
	const char *s = NULL;

	switch (m->msg_style) {
	case PAM_ERROR_MSG:
		text_safe(t->said, sizeof t->said, text);
		return true;
	case PAM_TEXT_INFO:
		return true;
	case PAM_PROMPT_ECHO_ON:
		s = t->given->user;
		break;
	case PAM_PROMPT_ECHO_OFF:
		s = secret(t, text);
		t->asked++;
		break;
	default:
		break;
	}
	if (s == NULL || t->asked > ASKED_MAX)
		return false;
	*to = strdup(s);
	return *to != NULL;
}

static void
forget(struct pam_response *r, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		if (r[i].resp != NULL)
			explicit_bzero(r[i].resp, strlen(r[i].resp));
		free(r[i].resp);
	}
	free(r);
}

int
talk_conv(int n, const struct pam_message **msg, struct pam_response **resp,
    void *data)
{
	struct talk *t = data;
	struct pam_response *r;
	int i;

	if (n <= 0 || n > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	r = calloc((size_t)n, sizeof *r);
	if (r == NULL)
		return PAM_BUF_ERR;
	for (i = 0; i < n; i++) {
		if (!answer(t, msg[i], &r[i].resp)) {
			forget(r, n);
			return PAM_CONV_ERR;
		}
	}
	*resp = r;
	return PAM_SUCCESS;
}
