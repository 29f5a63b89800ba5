/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "err.h"

int
err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	e->sys = 0;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	return -1;
}

static enum err_kind
kind_of(int sys, enum err_kind kind)
{
	switch (sys) {
	case ENOSPC:
	case EDQUOT:
	case EIO:
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case EAGAIN:
	case EINTR:
		return ERR_TEMP;
	default:
		return kind;
	}
}

/* What can be done about it, where that does not depend on the file. */
static const char *
advice(int sys)
{
	switch (sys) {
	case ENOSPC:
		return ": free space on that file system";
	case EDQUOT:
		return ": raise the user's quota, or make room";
	case EIO:
		return ": the disk may be failing, see the kernel's log";
	case EROFS:
		return ": the file system is mounted read-only";
	default:
		return "";
	}
}

int
err_sys(struct err *e, enum err_kind kind, const char *what, const char *path)
{
	int sys = errno;

	e->kind = kind_of(sys, kind);
	e->sys = sys;
	snprintf(e->text, sizeof e->text, "%s %.200s: %s (%d)%s", what, path,
	    strerror(sys), sys, advice(sys));
	return -1;
}

void
err_more(struct err *e, const char *fmt, ...)
{
	size_t n = strlen(e->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->text + n, sizeof e->text - n, fmt, ap);
	va_end(ap);
}

int
err_exit_code(const struct err *e)
{
	if (e->kind == ERR_NONE)
		return 0;
	return e->kind == ERR_CONF ? 100 : 111;
}
