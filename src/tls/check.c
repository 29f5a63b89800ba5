/* SPDX-License-Identifier: MIT */
/* runs as: root (poptls --check) */
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cert.h"
#include "check.h"
#include "client.h"
#include "identity.h"
#include "oid.h"
#include "priv.h"
#include "suites.h"
#include "verify.h"

#define DAY 86400
#define SOON ((int64_t)14 * DAY)
#define LABEL_MAX 100

struct checking {
	FILE *out, *faults;
	int64_t now;
	int wrong;
	bool named;	  /* what is looked at is one of the names' */
	bool stopped;	  /* no client can have TLS */
	const char *file; /* that is looked at */
	uint16_t suites[SUITES_MAX];
	size_t suite_count;
};

struct chain {
	const struct identity *id;
	struct cert cert[IDENTITY_CHAIN_MAX];
	char label[IDENTITY_CHAIN_MAX][LABEL_MAX]; /* for people */
};

static void __attribute__((format(printf, 2, 3)))
fault(struct checking *k, const char *fmt, ...)
{
	va_list ap;

	fprintf(k->faults, "poptls: %s: ", k->file);
	va_start(ap, fmt);
	vfprintf(k->faults, fmt, ap);
	va_end(ap);
	putc('\n', k->faults);
	k->wrong++;
}

static void __attribute__((format(printf, 2, 3)))
warn(struct checking *k, const char *fmt, ...)
{
	va_list ap;

	fprintf(k->faults, "poptls: warning: %s: ", k->file);
	va_start(ap, fmt);
	vfprintf(k->faults, fmt, ap);
	va_end(ap);
	putc('\n', k->faults);
}

/* What was wrong last stops all, unless it is one name's. */
static void
stops(struct checking *k)
{
	k->stopped = k->stopped || !k->named;
}

/* e names the file itself. */
static void
refused(void *ctx, const struct err *e)
{
	struct checking *k = ctx;

	fprintf(k->faults, "poptls: %s\n", e->text);
	k->wrong++;
	stops(k);
}

static const char *
date(int64_t when, char dst[24])
{
	time_t t = (time_t)when;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(dst, 24, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		snprintf(dst, 24, "?");
	return dst;
}

static int
read_chain(struct checking *k, struct chain *ch)
{
	const struct identity *id = ch->id;
	size_t i;

	for (i = 0; i < id->chain_len; i++) {
		char name[LABEL_MAX - 40];

		if (cert_read(&ch->cert[i], id->chain[i].data,
			id->chain[i].data_len) == -1) {
			fault(k,
			    "certificate %zu is damaged: take it from where "
			    "it came from once more",
			    i + 1);
			return -1;
		}
		cert_name(&ch->cert[i].subject, name, sizeof name);
		snprintf(ch->label[i], LABEL_MAX, "certificate %zu (%s)", i + 1,
		    name[0] != '\0' ? name : "no subject");
	}
	return 0;
}

static void
check_key(struct checking *k, const struct chain *ch)
{
	const char *key = ch->id->key_file;
	const struct cert *c = &ch->cert[0];
	char of[OID_TEXT_MAX];
	char kind[OID_TEXT_MAX];
	struct der params = c->key_of;
	struct der curve;

	switch (verify_key(ch->id)) {
	case VERIFY_GOOD:
		break;
	case VERIFY_BAD:
		fault(k,
		    "%s is not for the private key%s%s: put the certificate "
		    "of this key first, or name the key that it was made for",
		    ch->label[0], key != NULL ? " of " : "",
		    key != NULL ? key : "");
		stops(k);
		break;
	case VERIFY_UNKNOWN:
		oid_text(&c->key_kind, kind);
		of[0] = '\0';
		if (der_take(&params, DER_OID, &curve) == 0)
			oid_text(&curve, of);
		fault(k,
		    "%s has a key of the kind %s %s, which poptls does not "
		    "have: make a key of RSA, or EC on P-256 or P-384, and a "
		    "certificate",
		    ch->label[0], kind, of);
		stops(k);
		break;
	}
}

static void
check_dates(struct checking *k, const struct chain *ch)
{
	char text[24];
	size_t i;

	for (i = 0; i < ch->id->chain_len; i++) {
		const struct cert *c = &ch->cert[i];

		if (k->now < c->from)
			fault(k,
			    "%s is not good before %s: set the clock, or wait",
			    ch->label[i], date(c->from, text));
		else if (k->now > c->until)
			fault(k, "%s was good until %s: renew it", ch->label[i],
			    date(c->until, text));
		else if (c->until - k->now < SOON)
			warn(k, "%s is good until %s: renew it", ch->label[i],
			    date(c->until, text));
	}
}

/* A certificate, and the next one, which has to be its issuer's. */
static void
check_link(struct checking *k, const struct chain *ch, size_t i)
{
	const struct cert *c = &ch->cert[i];
	char issuer[LABEL_MAX];

	if (!der_equal(&c->issuer, &ch->cert[i + 1].subject)) {
		fault(k,
		    "%s is not the issuer's of %s, which is %s: put each "
		    "issuer's certificate behind the one that it signed",
		    ch->label[i + 1], ch->label[i],
		    cert_name(&c->issuer, issuer, sizeof issuer));
		return;
	}
	if (!ch->cert[i + 1].ca && !cert_own(&ch->cert[i + 1]))
		fault(k,
		    "%s is not that of an authority, so clients do not trust "
		    "%s: take the chain from the authority once more",
		    ch->label[i + 1], ch->label[i]);
	switch (verify_signature(c, &ch->id->chain[i + 1])) {
	case VERIFY_GOOD:
		break;
	case VERIFY_BAD:
		fault(k,
		    "%s was not signed with the key of %s: take the chain from "
		    "the authority once more",
		    ch->label[i], ch->label[i + 1]);
		break;
	case VERIFY_UNKNOWN:
		warn(k,
		    "%s has a signature of a kind that poptls cannot verify: "
		    "try it with openssl verify",
		    ch->label[i]);
		break;
	}
}

static void
check_chain(struct checking *k, const struct chain *ch)
{
	size_t last = ch->id->chain_len - 1;
	char issuer[LABEL_MAX];
	const char *weak;
	size_t i;

	for (i = 0; i < last; i++)
		check_link(k, ch, i);
	if (last > 0 && cert_own(&ch->cert[last]))
		warn(k,
		    "%s is a root, which clients have themselves: leave it out",
		    ch->label[last]);
	else if (last == 0 && ch->cert[0].issuer_told)
		warn(k,
		    "the chain ends with the server's certificate: put that of "
		    "%s behind it, unless this is a root",
		    cert_name(&ch->cert[0].issuer, issuer, sizeof issuer));
	for (i = 0; i <= last; i++) {
		weak = verify_weak(&ch->cert[i]);
		/* nobody looks at what a root says of itself */
		if (weak != NULL && !cert_own(&ch->cert[i]))
			warn(k,
			    "%s is signed with %s, which clients refuse: have "
			    "a "
			    "new one made",
			    ch->label[i], weak);
	}
}

static void
check_names(struct checking *k, const struct chain *ch)
{
	const struct cert *c = &ch->cert[0];
	const char *name = ch->id->name;

	if (!c->has_names)
		warn(k,
		    "%s has no subjectAltName, and clients do not look for "
		    "names elsewhere: have one made with it",
		    ch->label[0]);
	if (name != NULL && !cert_is_for(c, name))
		fault(k,
		    "%s is not for %s, which is the entry's name: rename the "
		    "entry, or have a certificate made for this name",
		    ch->label[0], name);
	if (!cert_may(c, CERT_SERVER))
		fault(k,
		    "%s is for other purposes than servers "
		    "(extendedKeyUsage): have one made for a server",
		    ch->label[0]);
	if (c->usage.left > 0 && (c->usage.at[0] & 0x80) == 0)
		fault(k,
		    "%s may not be signed with (keyUsage without "
		    "digitalSignature): have one made for a TLS server",
		    ch->label[0]);
}

static void
check_suites(struct checking *k, const struct identity *id)
{
	size_t i;

	for (i = 0; i < k->suite_count; i++)
		if (suite_find(k->suites[i])->key_type == id->key_type)
			return;
	if (k->suite_count == 0)
		return;
	fault(k,
	    "its key is %s, which none of the suites (-p) can be used "
	    "with: add some, or have a key and certificate of the "
	    "other kind",
	    id->key_type == BR_KEYTYPE_RSA ? "RSA" : "EC");
	stops(k);
}

/* What is good is told, too. */
static void
praise(struct checking *k, const struct chain *ch)
{
	const struct identity *id = ch->id;
	const struct cert *c = &ch->cert[0];
	struct der names = c->names;
	struct der name;
	char text[256];

	fprintf(k->out, "%s: %s, ", id->file,
	    cert_name(&c->subject, text, sizeof text));
	if (id->key_type == BR_KEYTYPE_RSA)
		fprintf(k->out, "RSA %u bits", id->key.rsa.n_bitlen);
	else
		fprintf(k->out, "EC %s",
		    id->key.ec.curve == BR_EC_secp256r1 ? "P-256" : "P-384");
	fprintf(k->out, ", until %s", date(c->until, text));
	if (cert_next_name(&names, &name) == 0) {
		fputs(", for", k->out);
		do {
			fprintf(k->out, " %s",
			    cert_octets(&name, text, sizeof text));
		} while (cert_next_name(&names, &name) == 0);
	}
	putc('\n', k->out);
}

static void
check_identity(struct checking *k, const struct identity *id)
{
	struct chain ch = { .id = id };
	int before = k->wrong;

	k->file = id->file;
	if (read_chain(k, &ch) == -1)
		return;
	check_key(k, &ch);
	check_dates(k, &ch);
	check_chain(k, &ch);
	check_names(k, &ch);
	check_suites(k, id);
	if (k->wrong == before)
		praise(k, &ch);
}

static void
check_cas(struct checking *k, const char *file)
{
	struct client_cas cas;
	struct err e;

	if (client_cas_load(&cas, file, &e) == -1) {
		refused(k, &e);
		return;
	}
	fprintf(k->out, "%s: %zu that sign clients' certificates\n", file,
	    cas.count);
	client_cas_free(&cas);
}

static void
skipped(void *ctx, const char *word)
{
	struct checking *k = ctx;

	warn(k, "%s is passed over: poptls does not have it", word);
}

static void
select_suites(struct checking *k, const struct tls_options *o)
{
	unsigned least;
	struct err e;

	k->file = "-p";
	if (suites_version(&least, o->version, &e) == -1 ||
	    suites_select(k->suites, &k->suite_count, o->suites, least, skipped,
		k, &e) == -1) {
		refused(k, &e);
		k->suite_count = 0;
		return;
	}
	if (least < BR_TLS12 && !suites_cbc(k->suites, k->suite_count)) {
		k->file = "-v";
		warn(k,
		    "%s has no suite without CBC, and -p names none with it: "
		    "only TLS 1.2 is there",
		    suite_version(least));
	}
}

/* Only root can give the engine another root. */
static void
check_root(struct checking *k, const char *dir)
{
	struct err e;
	int fd = priv_open_empty(dir, &e);

	if (fd == -1)
		refused(k, &e);
	else
		close(fd);
}

int
check_run(const struct tls_options *o, FILE *out, FILE *faults)
{
	struct checking k = {
		.out = out, .faults = faults, .now = (int64_t)time(NULL)
	};
	struct identities all = { .count = 0 };
	struct err e;
	size_t i;

	select_suites(&k, o);
	if (identity_load(&all.one[0], o->cert, o->key, &e) == 0)
		all.count = 1;
	else
		refused(&k, &e);
	for (i = 0; i < all.count; i++)
		check_identity(&k, &all.one[i]);
	k.named = true;
	if (o->names != NULL &&
	    identity_load_dir(&all, o->names, refused, &k, &e) == -1) {
		k.named = false;
		refused(&k, &e);
	}
	for (; i < all.count; i++)
		check_identity(&k, &all.one[i]);
	k.named = false;
	identity_free(&all);
	if (o->ca != NULL)
		check_cas(&k, o->ca);
	if (geteuid() == 0)
		check_root(&k, o->dir);
	if (k.stopped)
		return 100;
	return k.wrong == 0 ? 0 : 1;
}
