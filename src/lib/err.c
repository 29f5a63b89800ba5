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

int
err_sys(struct err *e, enum err_kind kind, const char *what, const char *path)
{
	int sys = errno;

	e->kind = kind_of(sys, kind);
	e->sys = sys;
	snprintf(e->text, sizeof e->text, "%s %.200s: %s (%d)", what, path,
	    strerror(sys), sys);
	return -1;
}

int
err_exit_code(const struct err *e)
{
	if (e->kind == ERR_NONE)
		return 0;
	return e->kind == ERR_CONF ? 100 : 111;
}
