/* SPDX-License-Identifier: MIT */
/* runs as: root (until confined), then a number of its own */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "clock.h"
#include "crypto.h"
#include "engine.h"
#include "identity.h"
#include "io.h"
#include "log.h"
#include "policy.h"
#include "priv.h"
#include "pump.h"
#include "reason.h"
#include "split.h"
#include "store.h"
#include "suites.h"
#include "vars.h"

#define ENTROPY 48	/* octets for BearSSL's generator */
#define HANDSHAKE 22	/* the first octet of all that is TLS */
#define ALERT_WAIT 1000 /* ms for a last alert */

struct engine {
	br_ssl_server_context tls;
	struct identities all;
	struct policy policy;
	br_ec_impl curves;
	struct store store;
	int store_fd; /* or -1 */
	struct client_cas cas;
	struct client_check client;
	struct pump pump;
	unsigned char records[BR_SSL_BUFSIZE_BIDI];
};

/* 'y' or 'Y'; 0: there will be no TLS. */
static char
wait_for_start(int control)
{
	char c;
	ssize_t r;

	do {
		r = recv(control, &c, 1, 0);
	} while (r == -1 && errno == EINTR);
	if (r == 1 && (c == 'y' || c == 'Y'))
		return c;
	return 0;
}

/* -1 with errno: the kernel is older than Linux 5.9. */
static int
close_others(const struct engine_fds *f)
{
	int keep[] = { f->net_in, f->net_out, STDERR_FILENO, log_settle(),
		f->control, f->from, f->to, f->store };
	int last = -1;

	for (;;) {
		int next = -1;
		size_t i;

		for (i = 0; i < sizeof keep / sizeof keep[0]; i++) {
			if (keep[i] > last && (next == -1 || keep[i] < next))
				next = keep[i];
		}
		if (next == -1)
			break;
		if (next > last + 1 &&
		    close_range((unsigned)last + 1, (unsigned)next - 1, 0) ==
			-1)
			return -1;
		last = next;
	}
	return close_range((unsigned)last + 1, ~0U, 0);
}

static void
log_fault(void *ctx, const struct err *wrong)
{
	(void)ctx;
	log_line("%s", wrong->text);
}

static int
load(struct engine *n, const struct tls_options *o, struct err *e)
{
	if (identity_load(&n->all.one[0], o->cert, o->key, e) == -1)
		return -1;
	n->all.count = 1;
	/* one name's fault is not the others' */
	if (o->names != NULL &&
	    identity_load_dir(&n->all, o->names, log_fault, NULL, e) == -1)
		return -1;
	if (o->ca != NULL && client_cas_load(&n->cas, o->ca, e) == -1)
		return -1;
	return 0;
}

static void
ask_clients(struct engine *n, const struct tls_options *o)
{
	client_check_init(&n->client, &n->cas);
	br_ssl_engine_set_x509(&n->tls.eng, &n->client.vtable);
	br_ssl_server_set_trust_anchor_names(
	    &n->tls, n->cas.names, n->cas.count);
	if (!o->require)
		br_ssl_engine_add_flags(
		    &n->tls.eng, BR_OPT_TOLERATE_NO_CLIENT_AUTH);
}

static void
close_store(struct engine *n)
{
	if (n->store_fd != -1)
		close(n->store_fd);
	n->store_fd = -1;
}

/*
 * A session must not be resumed where it would not have been made: after a
 * change of the certificate, the versions or the suites.  A store that somebody
 * has spoiled must stop nobody.
 */
static void
use_store(
    struct engine *n, const uint16_t *suites, size_t count, unsigned least)
{
	struct err e;
	unsigned char base[br_sha256_SIZE];
	br_sha256_context c;
	size_t i;

	br_sha256_init(&c);
	for (i = 0; i < n->all.count; i++) {
		const struct identity *id = &n->all.one[i];

		if (id->name != NULL)
			br_sha256_update(&c, id->name, strlen(id->name) + 1);
		br_sha256_update(&c, id->chain[0].data, id->chain[0].data_len);
	}
	br_sha256_update(&c, suites, count * sizeof *suites);
	br_sha256_update(&c, &least, sizeof least);
	br_sha256_out(&c, base);
	if (store_open(&n->store, n->store_fd, base, &e) == -1) {
		log_line("%s: sessions are not resumed", e.text);
		close_store(n);
		return;
	}
	br_ssl_server_set_cache(&n->tls, &n->store.vtable);
}

static int
add_entropy(struct engine *n, struct err *e)
{
	unsigned char random[ENTROPY];

	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return err_sys(
		    e, ERR_TEMP, "No random octets from", "the kernel");
	br_ssl_engine_inject_entropy(&n->tls.eng, random, sizeof random);
	explicit_bzero(random, sizeof random);
	return 0;
}

/* All that needs a file, or rights. */
static int
prepare(struct engine *n, const struct tls_options *o, struct err *e)
{
	br_ssl_engine_context *eng = &n->tls.eng;
	uint16_t suites[SUITES_MAX];
	size_t count;
	unsigned least;

	if (suites_version(&least, o->version, e) == -1 ||
	    suites_select(suites, &count, o->suites, least, NULL, NULL, e) ==
		-1 ||
	    load(n, o, e) == -1)
		return -1;
	br_ssl_server_zero(&n->tls);
	br_ssl_engine_set_versions(eng, least, BR_TLS12);
	br_ssl_engine_set_suites(eng, suites, count);
	crypto_use(
	    eng, least, suites_cbc(suites, count), o->ca != NULL, &n->curves);
	br_ssl_engine_add_flags(
	    eng, BR_OPT_ENFORCE_SERVER_PREFERENCES | BR_OPT_NO_RENEGOTIATION);
	policy_init(&n->policy, &n->all, least < BR_TLS12);
	br_ssl_server_set_policy(&n->tls, &n->policy.vtable);
	/* a resumed session has no certificate, so it would have no name */
	if (o->ca != NULL) {
		ask_clients(n, o);
		close_store(n);
	} else if (n->store_fd != -1) {
		use_store(n, suites, count, least);
	}
	br_ssl_engine_set_buffer(eng, n->records, sizeof n->records, 1);
	if (add_entropy(n, e) == -1)
		return -1;
	if (br_ssl_server_reset(&n->tls) == 0)
		return err_set(e, ERR_TEMP, "BearSSL does not start: error %d",
		    br_ssl_engine_last_error(eng));
	return 0;
}

static void
tell(struct engine *n, int control, const struct tls_options *o)
{
	br_ssl_session_parameters sp;
	char text[VARS_MAX];
	struct vars v = { .version = br_ssl_engine_get_version(&n->tls.eng),
		.server_name = br_ssl_engine_get_server_name(&n->tls.eng),
		.resumed = n->policy.shown == NULL,
		.client = o->ca != NULL ? &n->client : NULL };
	size_t len;

	br_ssl_engine_get_session_parameters(&n->tls.eng, &sp);
	v.suite = sp.cipher_suite;
	explicit_bzero(&sp, sizeof sp);
	len = vars_make(text, &v);
	/* the socket is empty, so it has room */
	if (send(control, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)len)
		log_line("The program does not listen to what it asked for");
}

static const char *
why(char *text, size_t n, const struct pump *p)
{
	if (p->endless)
		return "a handshake without end";
	if (p->refused)
		return "a session of another name, and a hello too long to be "
		       "heard again";
	if (p->first != HANDSHAKE)
		return "this is not TLS";
	return reason_text(text, n, br_ssl_engine_last_error(p->eng));
}

/* What the log says of an end that was not a proper one. */
static void
report(const struct pump *p, enum pump_end end, const char *what,
    const char *client)
{
	char text[REASON_MAX];

	switch (end) {
	case PUMP_FAILED:
		log_line("TLS %s with %s failed: %s", what, client,
		    why(text, sizeof text, p));
		break;
	case PUMP_LATE:
		log_line("TLS %s with %s took too long", what, client);
		break;
	case PUMP_CUT:
		/* who says nothing at all is a watchdog, or a scanner */
		if (p->heard && !p->from_over)
			log_line("TLS %s with %s was cut off%s%s", what, client,
			    p->sys != 0 ? ": " : "",
			    p->sys != 0 ? strerror(p->sys) : "");
		break;
	default:
		break;
	}
}

/*
 * The program learns of it at once: its reads fail, because the octet that
 * waited for us is lost.  Then the client may get an alert.
 */
static _Noreturn void
give_up(struct pump *p, const struct engine_fds *f, int code)
{
	close(f->to);
	close(f->from);
	p->from_end = true;
	p->deadline = clock_ms() + ALERT_WAIT;
	pump_finish(p);
	_exit(code);
}

/* Shakes hands, and looks at who it is.  False: it failed, the log tells. */
static bool
accept_client(struct engine *n, const struct tls_options *o, const char *client)
{
	struct pump *p = &n->pump;
	enum pump_end end;
	char text[REASON_MAX];

	end = pump_handshake(p, clock_ms() + (int64_t)o->seconds * 1000);
	if (end != PUMP_UP) {
		report(p, end, "handshake", client);
		return false;
	}
	if (o->ca == NULL || client_error(&n->client) == 0)
		return true;
	log_line("TLS handshake with %s failed: %s", client,
	    reason_text(text, sizeof text, (int)client_error(&n->client)));
	return false;
}

static _Noreturn void
serve(struct engine *n, const struct tls_options *o, const struct engine_fds *f,
    char asked, const char *client)
{
	struct pump *p = &n->pump;
	enum pump_end end;
	char octet;
	bool good;

	pump_init(p, &n->tls, n->store.vtable != NULL ? &n->store : NULL,
	    f->net_in, f->net_out, f->from, f->to);
	good = accept_client(n, o, client);
	if (good && asked == 'Y')
		tell(n, f->control, o);
	close(f->control);
	close_store(n);
	if (!good)
		give_up(p, f, 1);
	end = pump_run(p, ENGINE_LINGER);
	if (end != PUMP_ENDED && end != PUMP_CLOSED) {
		if (!p->from_end)
			report(p, end, "connection", client);
		give_up(p, f, 0);
	}
	if (end == PUMP_CLOSED && recv(f->to, &octet, 1, MSG_DONTWAIT) == 1)
		shutdown(f->to, SHUT_WR);
	pump_finish(p);
	_exit(0);
}

_Noreturn void
engine_run(
    const struct tls_options *o, const struct engine_fds *f, const char *client)
{
	static struct engine engine;
	uid_t uid = o->uid != 0 ? o->uid : split_id();
	struct err e;
	char asked;

	signal(SIGPIPE, SIG_IGN);
	if (close_others(f) == -1) {
		log_line("Unable to close files: %s", strerror(errno));
		_exit(111);
	}
	asked = wait_for_start(f->control);
	if (asked == 0)
		_exit(0);
	io_tune(f->net_in);
	engine.store_fd = f->store;
	if (prepare(&engine, o, &e) == -1 ||
	    priv_confine_engine(o->dir, uid, (gid_t)uid, &e) == -1) {
		log_line("%s", e.text);
		_exit(err_exit_code(&e));
	}
	serve(&engine, o, f, asked, client);
}
