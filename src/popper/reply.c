/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "reply.h"
#include "text.h"

void
reply_text(enum reply r, const char *arg, char *dst, size_t n)
{
	/* without an after, there is no argument */
	static const struct {
		const char *before, *after;
	} row[REPLY_COUNT] = {
		[REPLY_UNKNOWN] = { "Unknown command: \"", "\"." },
		[REPLY_STATE] = { "The ",
		    " command is not valid at this point of the session." },
		[REPLY_TOO_FEW] = { "Too few arguments for the ", " command." },
		[REPLY_TOO_MANY] = { "Too many arguments for the ",
		    " command." },
		[REPLY_LONG] = { "The command line is too long.", NULL },
		[REPLY_NUL] = { "The command line has a NUL in it.", NULL },
		[REPLY_CR] = { "The command line has a CR in it.", NULL },
		[REPLY_BAD_USER] = { "This cannot be a user name.", NULL },
		[REPLY_NO_USER] = { "Give the user name first.", NULL },
		[REPLY_BAD_DIGEST] = { "The digest has to be 32 hexadecimal "
				       "digits.",
		    NULL },
		[REPLY_BAD_NUMBER] = { "\"", "\" is not a number." },
		[REPLY_NO_MESSAGE] = { "Message ", " does not exist." },
		[REPLY_GONE] = { "Message ", " has been deleted." },
		[REPLY_MECH] = { "Unknown authentication mechanism: ", "" },
		[REPLY_MECH_CLEAR] = { "The mechanism ",
		    " sends the password in the clear, which is not allowed "
		    "on this connection." },
		[REPLY_CANCELLED] = { "Authentication cancelled.", NULL },
		[REPLY_BAD_SASL] = { "This is no response of the mechanism.",
		    NULL },
		[REPLY_OTHER_USER] = { "Nobody can log in as somebody else.",
		    NULL },
		[REPLY_TLS_ON] = { "TLS is on already.", NULL },
		[REPLY_NO_TLS] = { "TLS is not on offer here.", NULL },
		[REPLY_REFUSED] = { "[AUTH] Password supplied for \"",
		    "\" is incorrect." },
		[REPLY_TEMP] = { "[SYS/TEMP] Log-in is not possible now, try "
				 "again later.",
		    NULL },
	};
	const char *after = row[r].after;
	char shown[REPLY_ARG_MAX + 1];

	text_safe(shown, sizeof shown, after != NULL ? arg : "");
	snprintf(
	    dst, n, "%s%s%s", row[r].before, shown, after != NULL ? after : "");
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
