/* SPDX-License-Identifier: MIT */
/*
 * Certificates of clients: which are good, and who they say they are.
 * t/lib/Certs.pm makes them.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "identity.h"
#include "pem.h"
#include "tlspair.h"
#include "unit.h"

static const char make[] =
    "perl -It/lib -MCerts -e '"
    "my $c = Certs->new($ARGV[0]);"
    "my $ca = q(basicConstraints=critical,CA:TRUE);"
    "$c->key(qq($_.key)) for qw(root between leaf alien);"
    "$c->key(q(rsa.key), q(RSA), q(rsa_keygen_bits:2048));"
    "$c->key(q(p384.key), q(P-384));"
    "$c->key(q(p521.key), q(P-521));"
    "$c->key(q(ed.key), q(ED25519));"
    "$c->key(q(weak.key), q(RSA), q(rsa_keygen_bits:1024));"
    "$c->key(qq($_.key)) for qw(wide);"
    "$c->cert($_, ext => $ca, subject => qq(/O=Example, Inc/CN=$_))"
    "    for qw(root rsa p384 alien weak);"
    "$c->join_files(q(weak-ca), q(weak.crt));"
    "$c->cert(q(between), by => q(root), ext => $ca);"
    "$c->join_files(q(cas), q(rsa.crt), q(root.crt), q(p384.crt));"
    "my @leaf = (ext => q(), subject => q(/O=Example/CN=bob/CN=rob)"
    "    . q(/emailAddress=bob@example.org));"
    "sub leaf { my ($n, $by, @how) = @_;"
    "    $c->cert(q(leaf), by => $by, @leaf, @how);"
    "    $c->join_files(qq($n.chain), q(leaf.crt), $by eq q(between) ?"
    "	q(between.crt) : ()); }"
    "leaf(q(good), q(between));"
    "$c->join_files(q(lone.chain), q(leaf.crt));"
    "leaf(q(direct), q(root));"
    "leaf(q(by-rsa), q(rsa));"
    "leaf(q(by-p384), q(p384));"
    "leaf(q(alien), q(alien));"
    "leaf(q(old), q(root), from => q(190101000000Z),"
    "    until => q(200101000000Z));"
    "leaf(q(sha1), q(root), md => q(sha1));"
    "leaf(q(server), q(root), ext => q(extendedKeyUsage=serverAuth));"
    "leaf(q(client), q(root), ext => q(extendedKeyUsage=clientAuth));"
    "leaf(q(any), q(root), ext => q(extendedKeyUsage=2.5.29.37.0));"
    "leaf(q(cipher), q(root), ext => q(keyUsage=keyEncipherment));"
    "leaf(q(long), q(root), ext => q(nsComment=) . q(x) x 8000);"
    "leaf(q(sly), q(root), subject => q(/CN=bob,O=Evil\\+CN=\"x\"))"
    "    ;"
    "$c->cert(q(wide), by => q(root), ext => $ca, subject =>"
    "    join q(), map { qq(/O=$_) . q(x) x 60 } 1 .. 6);"
    "for (qw(weak p521 ed)) {"
    "    $c->cert($_, by => q(root), ext => q());"
    "    $c->join_files(qq($_.chain), qq($_.crt)); }"
    "' \"$CLIENT_DIR\"";

static char dir[] = "/tmp/popper-client.XXXXXX";

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL || setenv("CLIENT_DIR", dir, 1) == -1)
		return -1;
	return system(make) == 0 ? 0 : -1; /* NOLINT: ours */
}

static int
tear_down(void **state)
{
	(void)state;
	return system("rm -rf \"$CLIENT_DIR\""); /* NOLINT: ours */
}

static const char *
file(const char *name)
{
	static char path[100];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

/* Shows a chain to the validator, some octets at a time: its verdict. */
static unsigned
show(struct client_check *k, const char *name, size_t step)
{
	const br_x509_class **ctx = &k->vtable;
	struct pem p;
	struct pem_object o;
	struct err e;
	size_t i;

	if (pem_open(&p, file(name), 100000, &e) == -1)
		fail_msg("%s", e.text);
	(*ctx)->start_chain(ctx, "mail.example.org");
	while (pem_next(&p, &o, &e) == 1) {
		(*ctx)->start_cert(ctx, (uint32_t)o.len);
		for (i = 0; i < o.len; i += step)
			(*ctx)->append(ctx, o.data + i,
			    o.len - i < step ? o.len - i : step);
		(*ctx)->end_cert(ctx);
	}
	pem_close(&p);
	return (*ctx)->end_chain(ctx);
}

static void
test_verdicts(void **state)
{
	static const struct {
		const char *chain;
		unsigned verdict;
	} row[] = {
		{ "good.chain", 0 },
		{ "alien.chain", BR_ERR_X509_NOT_TRUSTED },
		{ "direct.chain", 0 },
		{ "lone.chain", BR_ERR_X509_NOT_TRUSTED },
		{ "by-rsa.chain", 0 },
		{ "old.chain", BR_ERR_X509_EXPIRED },
		{ "by-p384.chain", 0 },
		{ "sha1.chain", BR_ERR_X509_UNSUPPORTED },
		{ "client.chain", 0 },
		{ "server.chain", BR_ERR_X509_FORBIDDEN_KEY_USAGE },
		{ "any.chain", 0 },
		{ "cipher.chain", BR_ERR_X509_FORBIDDEN_KEY_USAGE },
		{ "p521.chain", BR_ERR_X509_WRONG_KEY_TYPE },
		{ "ed.chain", BR_ERR_X509_UNSUPPORTED },
		{ "weak.chain", BR_ERR_X509_WEAK_PUBLIC_KEY },
		{ "long.chain", BR_ERR_X509_LIMIT_EXCEEDED },
		{ "ca.db", BR_ERR_X509_EMPTY_CHAIN },
	};
	char subject[CLIENT_SUBJECT_MAX];
	char cn[CLIENT_SUBJECT_MAX];
	char email[CLIENT_SUBJECT_MAX];
	struct client_check k;
	struct client_cas cas;
	struct err e;
	size_t i;

	(void)state;
	assert_int_equal(client_cas_load(&cas, file("cas"), &e), 0);
	assert_int_equal(cas.count, 3);
	client_check_init(&k, &cas);
	assert_false(client_subject(&k, subject, cn, email));
	assert_int_equal(client_error(&k), 0);
	for (i = 0; i < COUNT(row); i++) {
		unsigned got = show(&k, row[i].chain, 1 + i * 100);

		CHECK(got == row[i].verdict, "%s: %u", row[i].chain, got);
		/* nothing is left of the one before */
		CHECK(client_subject(&k, subject, cn, email) == (got == 0) &&
			k.good == (got == 0),
		    "%s", row[i].chain);
		CHECK(client_error(&k) ==
			(got != BR_ERR_X509_EMPTY_CHAIN ? got : 0),
		    "%s", row[i].chain);
	}
	client_cas_free(&cas);
}

static void
test_subject(void **state)
{
	char subject[CLIENT_SUBJECT_MAX];
	char cn[CLIENT_SUBJECT_MAX];
	char email[CLIENT_SUBJECT_MAX];
	struct client_check k;
	struct client_cas cas;
	struct err e;

	(void)state;
	assert_int_equal(client_cas_load(&cas, file("cas"), &e), 0);
	client_check_init(&k, &cas);
	assert_int_equal(show(&k, "good.chain", 1000), 0);
	assert_true(client_subject(&k, subject, cn, email));
	assert_string_equal(
	    subject, "emailAddress=bob@example.org,CN=rob,CN=bob,O=Example");
	assert_string_equal(cn, "");
	assert_string_equal(email, "bob@example.org");
	assert_int_equal(show(&k, "sly.chain", 1000), 0);
	assert_true(client_subject(&k, subject, cn, email));
	assert_string_equal(subject, "CN=bob?O=Evil?CN=?x?");
	assert_string_equal(cn, "bob?O=Evil?CN=?x?");
	assert_string_equal(email, "");
	client_cas_free(&cas);
}

static void
gather(void *ctx, const void *buf, size_t len)
{
	br_x500_name *dn = ctx;

	memcpy(dn->data + dn->len, buf, len);
	dn->len += len;
}

/* The anchors are what BearSSL's decoder makes of the same certificates. */
static void
test_anchors(void **state)
{
	static const char *const name[] = { "rsa.crt", "root.crt", "p384.crt" };
	struct client_cas cas;
	struct err e;
	size_t i;

	(void)state;
	assert_int_equal(client_cas_load(&cas, file("cas"), &e), 0);
	for (i = 0; i < COUNT(name); i++) {
		const br_x509_trust_anchor *a = &cas.anchors[i];
		unsigned char octets[1000];
		br_x500_name dn = { octets, 0 };
		br_x509_decoder_context d;
		const br_x509_pkey *key;
		struct pem p;
		struct pem_object o;

		assert_int_equal(pem_open(&p, file(name[i]), 100000, &e), 0);
		assert_int_equal(pem_next(&p, &o, &e), 1);
		br_x509_decoder_init(&d, gather, &dn);
		br_x509_decoder_push(&d, o.data, o.len);
		key = br_x509_decoder_get_pkey(&d);
		assert_non_null(key);
		assert_int_equal(a->dn.len, dn.len);
		assert_memory_equal(a->dn.data, octets, dn.len);
		assert_ptr_equal(cas.names[i].data, a->dn.data);
		assert_int_equal(a->pkey.key_type, key->key_type);
		if (key->key_type == BR_KEYTYPE_EC) {
			assert_int_equal(
			    a->pkey.key.ec.curve, key->key.ec.curve);
			assert_int_equal(a->pkey.key.ec.qlen, key->key.ec.qlen);
			assert_memory_equal(
			    a->pkey.key.ec.q, key->key.ec.q, key->key.ec.qlen);
		} else {
			assert_int_equal(a->pkey.key.rsa.nlen, 256);
			assert_memory_equal(a->pkey.key.rsa.n,
			    key->key.rsa.n + key->key.rsa.nlen - 256, 256);
			assert_int_equal(a->pkey.key.rsa.elen, 3);
		}
		pem_close(&p);
	}
	client_cas_free(&cas);
}

/* A file of so many copies of an authority: what loading it comes to. */
static int
load_copies(struct client_cas *cas, const char *name, size_t n, struct err *e)
{
	char path[100];
	struct pem p;
	FILE *f;

	assert_int_equal(pem_open(&p, file(name), 100000, e), 0);
	snprintf(path, sizeof path, "%s/copies", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	for (; n > 0; n--)
		fwrite(p.text, 1, (size_t)p.st.st_size, f);
	assert_int_equal(fclose(f), 0);
	pem_close(&p);
	return client_cas_load(cas, path, e);
}

static void
test_limits(void **state)
{
	struct client_cas cas;
	struct err e;
	size_t fit;

	(void)state;
	assert_int_equal(client_cas_load(&cas, file("weak-ca"), &e), -1);
	assert_non_null(strstr(e.text, "CN=weak"));
	assert_non_null(strstr(e.text, "not RSA of 2048"));
	assert_int_equal(load_copies(&cas, "root.crt", CLIENT_CAS_MAX, &e), 0);
	assert_int_equal(cas.count, CLIENT_CAS_MAX);
	client_cas_free(&cas);
	assert_int_equal(
	    load_copies(&cas, "root.crt", CLIENT_CAS_MAX + 1, &e), -1);
	assert_non_null(strstr(e.text, "201"));
	assert_non_null(strstr(e.text, "one too many"));
	/* names of more octets than a CertificateRequest has room for */
	assert_int_equal(load_copies(&cas, "wide.crt", 1, &e), 0);
	fit = 65535 / (cas.names[0].len + 2);
	client_cas_free(&cas);
	assert_in_range(fit, 2, CLIENT_CAS_MAX - 1);
	assert_int_equal(load_copies(&cas, "wide.crt", fit, &e), 0);
	assert_int_equal(cas.count, fit);
	client_cas_free(&cas);
	assert_int_equal(load_copies(&cas, "wide.crt", fit + 1, &e), -1);
	assert_non_null(strstr(e.text, "one too many"));
}

static br_ssl_server_context server;
static br_ssl_client_context client;
static unsigned char server_buf[BR_SSL_BUFSIZE_BIDI];
static unsigned char client_buf[BR_SSL_BUFSIZE_BIDI];

static bool
carry(br_ssl_engine_context *from, br_ssl_engine_context *to)
{
	size_t n = tlspair_carry(from, to, SIZE_MAX);

	if (n > 0)
		br_ssl_engine_recvrec_ack(to, n);
	return n > 0;
}

/*
 * A handshake with this chain and that key.  True: the server is ready for the
 * client's octets; *error is its error.
 */
static bool
shake(struct client_check *k, const struct client_cas *cas, uint32_t flags,
    const struct identity *shown, const br_ec_private_key *key, int *error)
{
	static br_x509_knownkey_context known;

	br_ssl_server_init_full_ec(
	    &server, &tlspair_chain, 1, BR_KEYTYPE_EC, &tlspair_key);
	br_ssl_engine_set_versions(&server.eng, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_buffer(&server.eng, server_buf, sizeof server_buf, 1);
	br_ssl_engine_set_default_rsavrfy(&server.eng);
	br_ssl_engine_set_default_ecdsa(&server.eng);
	client_check_init(k, cas);
	br_ssl_engine_set_x509(&server.eng, &k->vtable);
	br_ssl_server_set_trust_anchor_names(&server, cas->names, cas->count);
	br_ssl_engine_add_flags(&server.eng, flags);
	assert_int_equal(br_ssl_server_reset(&server), 1);

	tlspair_client(&client, &known, &tlspair_key, client_buf);
	br_ssl_client_set_single_ec(&client, shown->chain, shown->chain_len,
	    key, BR_KEYTYPE_SIGN, BR_KEYTYPE_EC, br_ec_get_default(),
	    br_ecdsa_sign_asn1_get_default());
	assert_int_equal(br_ssl_client_reset(&client, "mail", 0), 1);

	while (
	    carry(&client.eng, &server.eng) || carry(&server.eng, &client.eng))
		;
	*error = br_ssl_engine_last_error(&server.eng);
	return (br_ssl_engine_current_state(&server.eng) & BR_SSL_SENDAPP) != 0;
}

/* A certificate is no secret: who shows it has to have its key. */
static void
test_somebody_elses(void **state)
{
	static const uint32_t flags[] = { 0, BR_OPT_TOLERATE_NO_CLIENT_AUTH };
	static struct identities all;
	struct identity *bob = &all.one[0];
	struct identity *thief = &all.one[1];
	struct client_check k;
	struct client_cas cas;
	struct err e;
	char alien[100];
	int error;
	size_t i;

	(void)state;
	assert_int_equal(client_cas_load(&cas, file("cas"), &e), 0);
	snprintf(alien, sizeof alien, "%s/alien.key", dir);
	assert_int_equal(identity_load(thief, file("alien.crt"), alien, &e), 0);
	snprintf(alien, sizeof alien, "%s/leaf.key", dir);
	assert_int_equal(identity_load(bob, file("good.chain"), alien, &e), 0);
	for (i = 0; i < COUNT(flags); i++) {
		assert_true(
		    shake(&k, &cas, flags[i], bob, &bob->key.ec, &error));
		assert_true(k.good);
		assert_false(
		    shake(&k, &cas, flags[i], bob, &thief->key.ec, &error));
		assert_int_equal(error, BR_ERR_BAD_SIGNATURE);
	}
	all.count = 2;
	identity_free(&all);
	client_cas_free(&cas);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_subject),
		cmocka_unit_test(test_anchors),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_somebody_elses),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
