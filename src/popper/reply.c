/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "reply.h"
#include "text.h"

void
reply_text(enum reply r, const char *arg, char *dst, size_t n)
{
	static const struct {
		const char *before, *after;
	} row[REPLY_COUNT] = {
		[REPLY_UNKNOWN] = { "Unknown command: \"", "\"." },
		[REPLY_STATE] = { "The ",
		    " command is not valid at this point of the session." },
		[REPLY_TOO_FEW] = { "Too few arguments for the ", " command." },
		[REPLY_TOO_MANY] = { "Too many arguments for the ",
		    " command." },
		[REPLY_LONG] = { "The command line is too long.", "" },
		[REPLY_NUL] = { "The command line has a NUL in it.", "" },
		[REPLY_CR] = { "The command line has a CR in it.", "" },
		[REPLY_BAD_USER] = { "This cannot be a user name.", "" },
		[REPLY_NO_USER] = { "Give the user name first.", "" },
		[REPLY_BAD_DIGEST] = { "The digest has to be 32 hexadecimal "
				       "digits.",
		    "" },
		[REPLY_BAD_NUMBER] = { "\"", "\" is not a number." },
		[REPLY_NO_MESSAGE] = { "Message ", " does not exist." },
		[REPLY_GONE] = { "Message ", " has been deleted." },
		[REPLY_REFUSED] = { "[AUTH] Password supplied for \"",
		    "\" is incorrect." },
		[REPLY_TEMP] = { "[SYS/TEMP] Log-in is not possible now, try "
				 "again later.",
		    "" },
	};
	char shown[REPLY_ARG_MAX + 1];

	text_safe(shown, sizeof shown, *row[r].after != '\0' ? arg : "");
	snprintf(dst, n, "%s%s%s", row[r].before, shown, row[r].after);
}

const char *
reply_code(enum err_kind kind)
{
	switch (kind) {
	case ERR_BUSY:
		return "[IN-USE] ";
	case ERR_PERM:
	case ERR_CONF:
		return "[SYS/PERM] ";
	case ERR_NONE:
	case ERR_TEMP:
	default:
		return "[SYS/TEMP] ";
	}
}
