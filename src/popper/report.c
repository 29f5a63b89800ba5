/* SPDX-License-Identifier: MIT */
/* runs as: root (monitor) */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "report.h"
#include "text.h"
#include "version.h"

#define NAME_OCTETS USERNAME_MAX

/* A name as the log shows it, whatever it holds. */
static const char *
safe(char dst[NAME_OCTETS], const char *user)
{
	if (user[0] == '\0')
		return "(null)";
	return text_safe(dst, NAME_OCTETS, user);
}

void
report_err(const char *user, const struct peer *p, const char *text)
{
	char name[NAME_OCTETS];

	log_line(
	    "%s at %s (%s): -ERR %s", safe(name, user), p->host, p->ip, text);
}

void
report_failed(
    const char *user, const struct peer *p, const struct auth_ident *id)
{
	char name[NAME_OCTETS];

	/* trouble of our own is nothing to ban a client for */
	if (id->rc != AUTH_TEMP)
		log_line("[AUTH] Failed attempted login to %s from host (%s) "
			 "%s",
		    safe(name, user), p->host, p->ip);
	log_line("Log-in of %s refused: %s%s%s", safe(name, user),
	    auth_reason(id->rc), id->why[0] != '\0' ? ": " : "", id->why);
}

void
report_probe(const char *user, const struct peer *p)
{
	char name[NAME_OCTETS];

	log_line("Possible probe of account %s from host %s (%s)",
	    safe(name, user), p->host, p->ip);
}

void
report_timeout(const char *user, const struct peer *p, uint32_t seconds)
{
	char name[NAME_OCTETS];

	log_line("Timeout (%u secs) during nw read from %s at %s (%s)", seconds,
	    safe(name, user), p->host, p->ip);
	report_err(user, p, "POP timeout");
}

void
report_gone(const char *user, const struct peer *p, int sig, int sys)
{
	const char *flagged = NULL;
	char text[80];

	if (sig == SIGTERM)
		flagged = "SIGTERM flagged";
	else if (sig != 0)
		flagged = "SIGHUP or SIGPIPE flagged: SIGHUP";
	else if (sys == EPIPE)
		flagged = "SIGHUP or SIGPIPE flagged: SIGPIPE";
	if (flagged != NULL)
		snprintf(text, sizeof text, "POP hangup (%s)", flagged);
	else
		snprintf(text, sizeof text, "POP EOF or I/O Error (%d)", sys);
	report_err(user, p, text);
}

void
report_apop(const char *user)
{
	char name[NAME_OCTETS];

	log_line("apop \"%s\"", safe(name, user));
}

void
report_no_tls(const struct peer *p, const char *why)
{
	log_line("No TLS with %s (%s): %s", p->host, p->ip, why);
}

void
report_tls(const struct wrapper *w)
{
	log_debug("TLS: %s, %s", w->protocol,
	    w->cipher[0] != '\0' ? w->cipher : "cipher not told");
}

void
report_certificate(const char *user, const char *subject)
{
	char name[NAME_OCTETS];

	log_line("Certificate of the client of \"%s\": %s", safe(name, user),
	    subject);
}

void
report_login(const char *format, const char *user, const struct peer *p)
{
	char line[900];
	char name[NAME_OCTETS];
	const char *value[4];
	size_t n = 0;

	if (format == NULL)
		return;
	value[0] = POPPER_VERSION;
	value[1] = safe(name, user);
	value[2] = p->host;
	value[3] = p->ip;
	for (; *format != '\0' && n + 1 < sizeof line; format++) {
		if (format[0] == '%' && format[1] >= '0' && format[1] <= '3') {
			const char *v = value[*++format - '0'];

			n += (size_t)snprintf(
			    line + n, sizeof line - n, "%s", v);
			if (n >= sizeof line)
				n = sizeof line - 1;
		} else {
			line[n++] = *format;
		}
	}
	line[n] = '\0';
	log_line("%s", line);
}

void
report_stats(
    const char *user, const struct peer *p, const struct report_stats *st)
{
	char name[NAME_OCTETS];

	log_line("Stats: %s %" PRIu32 " %" PRIu64 " %" PRIu32 " %" PRIu64
		 " %s %s",
	    safe(name, user), st->deleted, st->octets_deleted, st->left,
	    st->octets_left, p->host, p->ip);
}

void
report_timing(const char *user, const struct peer *p, bool normal, int64_t auth,
    int64_t init, int64_t clean)
{
	char name[NAME_OCTETS];

	log_line("Timing for %s@%s (%s) auth=%" PRId64 " init=%" PRId64
		 " clean=%" PRId64,
	    safe(name, user), p->host, normal ? "normal" : "error", auth, init,
	    clean);
}

void
report_cmd(const char *user, const char *name, const char *shown)
{
	char who[NAME_OCTETS];
	char arg[NAME_OCTETS];

	log_debug("%s: %s %s", safe(who, user), name,
	    text_safe(arg, sizeof arg, shown));
}
