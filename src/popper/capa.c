/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "capa.h"
#include "cmd.h"
#include "sasl.h"
#include "version.h"

enum outcome
capa_run(struct session *s, const struct args *a)
{
	(void)a;
	s->more = true;
	snprintf(s->text, sizeof s->text, "Capability list follows");
	return OC_OK;
}

int
capa_body(struct session *s)
{
	struct out *o = &s->out;
	char line[80];
	char mechs[60];
	uint32_t expire;

	out_str(o, "TOP\r\n");
	if (sasl_list(s, mechs, sizeof mechs) > 0) {
		snprintf(line, sizeof line, "SASL%s\r\n", mechs);
		out_str(o, line);
	}
	if (sasl_clear(s))
		out_str(o, "USER\r\n");
	if (session_stls(s))
		out_str(o, "STLS\r\n");
	if (s->cfg.announce_login_delay > 0) {
		snprintf(line, sizeof line, "LOGIN-DELAY %u\r\n",
		    s->cfg.announce_login_delay);
		out_str(o, line);
	}
	/* what is retrieved and deleted at once is not retained */
	expire = s->cfg.auto_delete ? 0 : s->cfg.announce_expire;
	snprintf(line, sizeof line, "EXPIRE %u\r\n", expire);
	out_str(o, expire == NEVER ? "EXPIRE NEVER\r\n" : line);
	out_str(o, "UIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\n");
	if (s->in_transaction || !s->cfg.shy)
		out_str(o,
		    "IMPLEMENTATION " POPPER_NAME "-" POPPER_ANNOUNCED "\r\n");
	out_str(o, ".\r\n");
	return 0;
}
