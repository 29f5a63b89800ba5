/* SPDX-License-Identifier: MIT */
/*
 * A front that says anything: the monitor ends, asks the checker no more often
 * than it may, and nobody is logged in whom the checker has not let in.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "checker.h"
#include "clock.h"
#include "fuzz.h"
#include "log.h"
#include "monitor.h"

#define MESSAGES 64

static struct {
	const uint8_t *data;
	size_t n;
	unsigned tries, salts, kinds;
	bool yes;
} fuzz;

static unsigned
octet(void)
{
	if (fuzz.n == 0)
		return 0;
	fuzz.n--;
	return *fuzz.data++;
}

void
checker_try(const struct session *s, int mon, struct auth_ident *id)
{
	struct auth_try try;

	(void)s;
	memset(id, 0, sizeof *id);
	io_recv(mon, &try, sizeof try, clock_ms());
	id->rc = octet() % 2 == 0 ? AUTH_YES : (enum auth_rc)(octet() % 10);
	id->mech = (enum auth_mech)(octet() % AUTH_MECHS);
	fuzz.yes = id->rc == AUTH_YES;
	fuzz.tries++;
}

int
checker_salt(
    const struct session *s, const char *user, struct scram_verifier *v)
{
	(void)s;
	if (!username_ok(user))
		abort();
	memset(v, 0, sizeof *v);
	fuzz.salts++;
	return octet() % 2 == 0 ? 0 : -1;
}

int
checker_kinds(const struct session *s, unsigned *kinds)
{
	(void)s;
	*kinds = octet();
	fuzz.kinds++;
	return 0;
}

/* One message: most have the right size and an op that there is. */
static void
say(int fd)
{
	uint8_t msg[5000];
	unsigned how = octet();
	size_t n = sizeof(struct mon_msg);
	size_t i;

	memset(msg, 'x', sizeof msg);
	if (how % 8 == 0)
		n = octet() * 19 + 1;
	for (i = 0; i < 4 + octet() % 64U; i++)
		msg[i] = (uint8_t)octet();
	if (how % 4 != 0)
		msg[0] %= MON_OPS;
	if (how % 3 != 0)
		memset(msg + 2, 0, 2);
	send(fd, msg, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct session s = { .cfg = { .timeout = 1,
					.empty_dir = (char *)"/" } };
	static struct monitor m;
	enum mon_end end;
	bool stls;
	int sv[2];
	int i;

	fuzz.data = data;
	fuzz.n = n;
	fuzz.tries = fuzz.salts = fuzz.kinds = 0;
	fuzz.yes = false;
	log_trace("/dev/null");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv) == -1)
		abort();
	for (i = 0; i < MESSAGES && fuzz.n > 0; i++)
		say(sv[1]);
	shutdown(sv[1], SHUT_WR);
	fuzz.data = data;
	fuzz.n = n;
	memset(&m, 0, sizeof m);
	m.s = &s;
	m.fd = sv[0];
	s.wrapper.control = octet() % 2 == 0 ? sv[0] : -1;
	s.tls = octet() % 2 == 0;
	s.mechs = 0;
	stls = s.wrapper.control != -1 && !s.tls;
	end = monitor_listen(&m);
	close(sv[0]);
	close(sv[1]);
	if (end == MON_ON || (end == MON_LOGGED_IN && !fuzz.yes) ||
	    fuzz.tries > 1 || fuzz.kinds > 1 || fuzz.salts > MECHS_MAX ||
	    (end == MON_SECURE && (!stls || fuzz.tries > 0)) ||
	    s.mechs >= MECHS_MAX || m.ahead_len > sizeof m.ahead)
		abort();
	return 0;
}
