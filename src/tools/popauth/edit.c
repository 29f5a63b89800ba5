/* SPDX-License-Identifier: MIT */
/* runs as: root (popauth) */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "edit.h"
#include "scram.h"

static void
hold_signals(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, before);
}

static int
make_verifier(const char *password, char text[SCRAM_TEXT_MAX], struct err *e)
{
	struct scram_verifier v = { .iterations = SCRAM_ITERATIONS,
		.salt_len = SCRAM_SALT };

	if (getrandom(v.salt, SCRAM_SALT, 0) != SCRAM_SALT)
		return err_sys(e, ERR_TEMP, "Unable to get", "random octets");
	scram_make(&v, password);
	if (scram_text(&v, text, SCRAM_TEXT_MAX) == -1)
		return err_set(e, ERR_PERM, "The verifier does not fit");
	return 0;
}

static int
refused(struct err *e, const char *text)
{
	err_set(e, ERR_PERM, "%s", text);
	return 1;
}

static int
no_secret(struct err *e, const char *path)
{
	err_set(e, ERR_PERM, "There is no secret in %.200s", path);
	return 1;
}

static int
may(const struct secrets *s, const struct edit *d, struct err *e)
{
	struct secrets_entry entry;
	bool right;

	if (secrets_find(s, d->name, &entry, e) == -1)
		return -1;
	if (!entry.apop && !entry.scram)
		return d->must_have ? no_secret(e, s->path) : 0;
	right = !d->proves || (d->old != NULL && secrets_is(&entry, d->old));
	explicit_bzero(&entry, sizeof entry);
	return right ? 0 : refused(e, "The old password is wrong");
}

static int
replace(struct store *st, const struct secrets *s, const struct edit *d,
    const char *verifier, struct err *e)
{
	size_t room = SECRETS_ROOM(s->n);
	size_t n;
	char *text = malloc(room);
	int r;

	if (text == NULL)
		return err_sys(e, ERR_TEMP, "Unable to change", s->path);
	r = secrets_change(s, d->name, d->new, verifier, text, &n, e);
	if (r == 0)
		r = store_put(st, text, n, e);
	explicit_bzero(text, room);
	free(text);
	return r;
}

static int
locked(
    struct store *st, const struct edit *d, const char *verifier, struct err *e)
{
	struct err other;
	struct secrets s;
	int r = store_load(st, e);

	if (r == -1)
		return -1;
	if (r == 0 && d->must_have)
		return no_secret(e, st->path);
	if (r == 0)
		return err_set(e, ERR_CONF,
		    "%.200s is not there: root has to run popauth -init",
		    st->path);
	s = store_secrets(st);
	r = may(&s, d, e);
	if (r == 0 && !d->only_check)
		return replace(st, &s, d, verifier, e);
	/* somebody was killed between two renames */
	if (r != -1 && st->stale && store_put(st, s.text, s.n, &other) == -1) {
		*e = other;
		return -1;
	}
	return r;
}

int
edit_do(struct store *st, const struct edit *d, struct err *e)
{
	char verifier[SCRAM_TEXT_MAX] = "";
	sigset_t before;
	int r;

	if (d->new != NULL && make_verifier(d->new, verifier, e) == -1)
		return -1;
	hold_signals(&before);
	r = store_lock(st, e);
	if (r == 0)
		r = locked(st, d, verifier, e);
	store_unlock(st);
	store_free(st);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

int
edit_init(struct store *st, bool overwrite, struct err *e)
{
	sigset_t before;
	int r;

	hold_signals(&before);
	r = store_lock(st, e);
	if (r == 0) {
		r = store_load(st, e);
		if (r == 1 && !overwrite && st->stale)
			r = store_put(st, st->text, st->n, e) == -1 ? -1 : 1;
		else if (r == 0 || (r == 1 && overwrite))
			r = store_put(st, "", 0, e);
	}
	store_unlock(st);
	store_free(st);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
