/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "fromline.h"

/* The words of the line from one on; the text is the caller's. */
struct words {
	const char *p, *end;
};

struct word {
	const char *s;
	size_t n;
};

static bool
next(struct words *w, struct word *out)
{
	while (w->p < w->end && (*w->p == ' ' || *w->p == '\t'))
		w->p++;
	out->s = w->p;
	while (w->p < w->end && *w->p != ' ' && *w->p != '\t')
		w->p++;
	out->n = (size_t)(w->p - out->s);
	return out->n > 0;
}

static bool
is_name(const struct word *w, const char *list)
{
	for (; *list != '\0'; list += 3) {
		if (w->n == 3 && memcmp(w->s, list, 3) == 0)
			return true;
	}
	return false;
}

static bool
is_month(const struct word *w)
{
	return is_name(w, "JanFebMarAprMayJunJulAugSepOctNovDec");
}

/* "Thu", or "Thu," of RFC 822 */
static bool
is_weekday(const struct word *w, bool *comma)
{
	struct word day = *w;

	*comma = day.n == 4 && day.s[3] == ',';
	if (*comma)
		day.n = 3;
	return is_name(&day, "SunMonTueWedThuFriSat");
}

static bool
is_number(const struct word *w, size_t least, size_t most)
{
	size_t i;

	if (w->n < least || w->n > most)
		return false;
	for (i = 0; i < w->n; i++) {
		if (w->s[i] < '0' || w->s[i] > '9')
			return false;
	}
	return true;
}

/* 1:02, 01:02 or 01:02:03 */
static bool
is_time(const struct word *w)
{
	size_t i;
	size_t digits = 0;
	size_t colons = 0;

	for (i = 0; i < w->n; i++) {
		if (w->s[i] == ':') {
			if (digits == 0 || digits > 2)
				return false;
			colons++;
			digits = 0;
		} else if (w->s[i] >= '0' && w->s[i] <= '9') {
			digits++;
		} else {
			return false;
		}
	}
	return (colons == 1 || colons == 2) && digits == 2;
}

/* EST, MEZ, UT, +0100, GMT+1, (CET): short, and no year */
static bool
is_zone(const struct word *w)
{
	size_t i;

	if (w->n == 0 || w->n > 10)
		return false;
	if (w->s[0] >= '0' && w->s[0] <= '9')
		return false;
	for (i = 0; i < w->n; i++) {
		if (w->s[i] == '\0' ||
		    strchr(
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			"0123456789+-():",
			w->s[i]) == NULL)
			return false;
	}
	return true;
}

static bool
is_year(const struct word *w)
{
	return is_number(w, 4, 4) || is_number(w, 2, 2);
}

/* What may follow a whole date: zones, and "remote from HOST". */
static bool
is_tail(struct words w)
{
	struct word x;
	int zones = 0;

	while (next(&w, &x)) {
		if (x.n == 6 && memcmp(x.s, "remote", 6) == 0)
			return next(&w, &x) && x.n == 4 &&
			    memcmp(x.s, "from", 4) == 0 && next(&w, &x);
		if (!is_zone(&x) || ++zones > 2)
			return false;
	}
	return true;
}

/* Jan  1 00:00:00 [zone [zone]] 1970 ... */
static bool
date_ctime(struct words w)
{
	struct word x;
	int zones;

	if (!next(&w, &x) || !is_month(&x) || !next(&w, &x) ||
	    !is_number(&x, 1, 2) || !next(&w, &x) || !is_time(&x))
		return false;
	for (zones = 0; next(&w, &x) && zones <= 2; zones++) {
		if (is_year(&x))
			return is_tail(w);
		if (!is_zone(&x))
			return false;
	}
	return false;
}

/* 1 Jan 1970 00:00:00 [zone] ... */
static bool
date_822(struct words w)
{
	struct word x;

	return next(&w, &x) && is_number(&x, 1, 2) && next(&w, &x) &&
	    is_month(&x) && next(&w, &x) && is_year(&x) && next(&w, &x) &&
	    is_time(&x) && is_tail(w);
}

/* The line ends with a date as ctime(3) writes it: nearly all of them do. */
static bool
ends_plainly(const char *s, size_t n)
{
	static const char form[] = " www mmm 00 00:00:00 0000";
	const char *p = s + n;
	struct word day = { NULL, 3 };
	struct word month = { NULL, 3 };
	bool comma;
	size_t i;

	if (n < 4 + sizeof form - 1)
		return false;
	p -= sizeof form - 1;
	for (i = 0; form[i] != '\0'; i++) {
		bool digit = p[i] >= '0' && p[i] <= '9';

		if (form[i] == '0' ? !digit && !(i == 9 && p[i] == ' ')
				   : form[i] < 'a' && p[i] != form[i])
			return false;
	}
	day.s = p + 1;
	month.s = p + 5;
	return is_month(&month) && is_weekday(&day, &comma);
}

bool
fromline_valid(const char *s, size_t n)
{
	struct words w;
	struct word x;

	if (n < 5 || n > FROMLINE_MAX || memcmp(s, "From ", 5) != 0)
		return false;
	if (ends_plainly(s, n))
		return true;
	w.p = s + 5;
	w.end = s + n;
	/* the date may begin at any word: addresses can hold blanks */
	while (next(&w, &x)) {
		bool comma;

		if (is_weekday(&x, &comma) &&
		    ((!comma && date_ctime(w)) || date_822(w)))
			return true;
		if (is_number(&x, 1, 2)) {
			struct words here = { x.s, w.end };

			if (date_822(here))
				return true;
		}
	}
	return false;
}
