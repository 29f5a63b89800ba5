/* SPDX-License-Identifier: MIT */
/* runs as: root (poptls: the engine, until it is confined) */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cert.h"
#include "client.h"
#include "oid.h"
#include "pem.h"

#define DAY 86400
#define DAYS_TO_1970 719528 /* from year 0, where BearSSL begins to count */
#define RSA_OCTETS_MIN 256
#define RSA_OCTETS_MAX 512
#define NAMES_MAX 65535 /* octets of a CertificateRequest's names */

struct client_cas_memory {
	br_x509_trust_anchor anchors[CLIENT_CAS_MAX];
	br_x500_name names[CLIENT_CAS_MAX];
	struct pem file;
};

/* The certificates in the file lie there as long as the anchors. */
static unsigned char *
own(const struct pem_object *o, const struct der *d)
{
	return o->data + (d->at - o->data);
}

static int
rsa_key(br_x509_pkey *to, const struct pem_object *o, struct der d)
{
	struct der in;
	struct der n;
	struct der e;

	if (der_take(&d, DER_SEQUENCE, &in) == -1 || d.left != 0 ||
	    der_number(&in, &n) == -1 || der_number(&in, &e) == -1 ||
	    in.left != 0 || n.left < RSA_OCTETS_MIN ||
	    n.left > RSA_OCTETS_MAX || e.left == 0)
		return -1;
	to->key_type = BR_KEYTYPE_RSA;
	to->key.rsa =
	    (br_rsa_public_key){ own(o, &n), n.left, own(o, &e), e.left };
	return 0;
}

static int
ec_key(br_x509_pkey *to, const struct pem_object *o, const struct der *point,
    struct der params)
{
	struct der oid;
	int curve;

	if (der_take(&params, DER_OID, &oid) == -1)
		return -1;
	if (DER_IS(&oid, OID_P256))
		curve = BR_EC_secp256r1;
	else if (DER_IS(&oid, OID_P384))
		curve = BR_EC_secp384r1;
	else
		return -1;
	to->key_type = BR_KEYTYPE_EC;
	to->key.ec = (br_ec_public_key){ curve, own(o, point), point->left };
	return 0;
}

static int
public_key(br_x509_pkey *to, const struct pem_object *o, const struct cert *c)
{
	if (DER_IS(&c->key_kind, OID_RSA))
		return rsa_key(to, o, c->key);
	if (DER_IS(&c->key_kind, OID_EC))
		return ec_key(to, o, &c->key, c->key_of);
	return -1;
}

static int
refuse(const struct client_cas *cas, const struct cert *c, const char *why,
    struct err *e)
{
	char name[100];

	return err_set(e, ERR_PERM,
	    "%.200s: certificate %zu (%s) %s: take it out, or put that of "
	    "another authority in",
	    cas->memory->file.path, cas->count + 1,
	    cert_name(&c->subject, name, sizeof name), why);
}

static int
add(struct client_cas *cas, const struct pem_object *o, size_t *octets,
    struct err *e)
{
	br_x509_trust_anchor *a = &cas->anchors[cas->count];
	struct cert c;

	if (o->encrypted || cert_read(&c, o->data, o->len) == -1)
		return err_set(e, ERR_PERM,
		    "%.200s: certificate %zu is damaged: take it from where "
		    "it came from once more",
		    cas->memory->file.path, cas->count + 1);
	if (!c.ca)
		return refuse(cas, &c, "is no authority's", e);
	if (public_key(&a->pkey, o, &c) == -1)
		return refuse(cas, &c,
		    "has a key that is not RSA of 2048 to 4096 bits, nor EC on "
		    "P-256 or P-384",
		    e);
	/* each has two octets for its length */
	*octets += c.subject.left + 2;
	if (*octets > NAMES_MAX || cas->count == CLIENT_CAS_MAX)
		return refuse(cas, &c, "is one too many", e);
	a->dn = (br_x500_name){ own(o, &c.subject), c.subject.left };
	a->flags = BR_X509_TA_CA;
	cas->names[cas->count] = a->dn;
	cas->count++;
	return 0;
}

static int
read_all(struct client_cas *cas, struct err *e)
{
	struct pem *file = &cas->memory->file;
	struct pem_object o;
	size_t octets = 0;
	int r;

	while ((r = pem_next(file, &o, e)) == 1)
		if (strcmp(o.label, "CERTIFICATE") == 0 &&
		    add(cas, &o, &octets, e) == -1)
			return -1;
	if (r == 0 && cas->count == 0)
		return err_set(e, ERR_PERM,
		    "%.200s: it has no certificate: put those of the "
		    "authorities in that sign clients' certificates, in PEM",
		    file->path);
	return r;
}

int
client_cas_load(struct client_cas *c, const char *file, struct err *e)
{
	struct client_cas_memory *m = calloc(1, sizeof *m);

	*c = (struct client_cas){ .memory = m };
	if (m == NULL)
		return err_sys(e, ERR_TEMP, "Unable to load", file);
	c->anchors = m->anchors;
	c->names = m->names;
	if (pem_open(&m->file, file, CLIENT_CAS_FILE_MAX, e) == 0 &&
	    read_all(c, e) == 0)
		return 0;
	client_cas_free(c);
	return -1;
}

void
client_cas_free(struct client_cas *c)
{
	if (c->memory != NULL)
		pem_close(&c->memory->file);
	free(c->memory);
	*c = (struct client_cas){ 0 };
}

static struct client_check *
check_of(const br_x509_class **ctx)
{
	return (struct client_check *)(void *)ctx;
}

static void
start_chain(const br_x509_class **ctx, const char *server_name)
{
	struct client_check *k = check_of(ctx);

	(void)server_name; /* a client has none */
	k->leaf_len = k->certificates = 0;
	k->too_long = k->good = false;
	k->error = BR_ERR_X509_INVALID_VALUE;
	br_x509_minimal_vtable.start_chain(&k->minimal.vtable, NULL);
}

static void
start_cert(const br_x509_class **ctx, uint32_t length)
{
	struct client_check *k = check_of(ctx);

	k->certificates++;
	br_x509_minimal_vtable.start_cert(&k->minimal.vtable, length);
}

static void
append(const br_x509_class **ctx, const unsigned char *buf, size_t len)
{
	struct client_check *k = check_of(ctx);

	if (k->certificates == 1) {
		if (len > sizeof k->leaf - k->leaf_len) {
			k->too_long = true;
		} else {
			memcpy(k->leaf + k->leaf_len, buf, len);
			k->leaf_len += len;
		}
	}
	br_x509_minimal_vtable.append(&k->minimal.vtable, buf, len);
}

static void
end_cert(const br_x509_class **ctx)
{
	br_x509_minimal_vtable.end_cert(&check_of(ctx)->minimal.vtable);
}

/* Whose signatures every engine verifies. */
static bool
is_known(const br_x509_pkey *key)
{
	return key->key_type == BR_KEYTYPE_RSA ||
	    key->key.ec.curve == BR_EC_secp256r1 ||
	    key->key.ec.curve == BR_EC_secp384r1;
}

static unsigned
judge(struct client_check *k)
{
	unsigned r = br_x509_minimal_vtable.end_chain(&k->minimal.vtable);
	const br_x509_pkey *key;
	unsigned usages = 0;
	struct cert c;

	if (r != 0)
		return r;
	if (k->too_long)
		return BR_ERR_X509_LIMIT_EXCEEDED;
	if (cert_read(&c, k->leaf, k->leaf_len) == -1)
		return BR_ERR_X509_INVALID_VALUE;
	key = br_x509_minimal_vtable.get_pkey(&k->minimal.vtable, &usages);
	if (key == NULL || !is_known(key))
		return BR_ERR_X509_WRONG_KEY_TYPE;
	if ((usages & BR_KEYTYPE_SIGN) == 0 || !cert_may(&c, CERT_CLIENT))
		return BR_ERR_X509_FORBIDDEN_KEY_USAGE;
	return 0;
}

static unsigned
end_chain(const br_x509_class **ctx)
{
	struct client_check *k = check_of(ctx);

	k->error = judge(k);
	k->good = k->error == 0;
	return k->error;
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	const struct client_check *k =
	    (const struct client_check *)(const void *)ctx;

	return br_x509_minimal_vtable.get_pkey(&k->minimal.vtable, usages);
}

static const br_x509_class check_vtable = { sizeof(struct client_check),
	start_chain, start_cert, append, end_cert, end_chain, get_pkey };

void
client_check_init(struct client_check *k, const struct client_cas *cas)
{
	int64_t now = (int64_t)time(NULL);

	k->vtable = &check_vtable;
	k->leaf_len = k->certificates = 0;
	k->too_long = k->good = false;
	k->error = BR_ERR_X509_INVALID_VALUE;
	br_x509_minimal_init_full(&k->minimal, cas->anchors, cas->count);
	br_x509_minimal_set_hash(&k->minimal, br_md5_ID, NULL);
	br_x509_minimal_set_hash(&k->minimal, br_sha1_ID, NULL);
	br_x509_minimal_set_minrsa(&k->minimal, RSA_OCTETS_MIN);
	br_x509_minimal_set_time(&k->minimal,
	    (uint32_t)(now / DAY + DAYS_TO_1970), (uint32_t)(now % DAY));
}

unsigned
client_error(const struct client_check *k)
{
	return k->certificates > 0 && !k->good ? k->error : 0;
}

bool
client_subject(const struct client_check *k, char subject[CLIENT_SUBJECT_MAX],
    char cn[CLIENT_SUBJECT_MAX], char email[CLIENT_SUBJECT_MAX])
{
	struct cert c;

	if (!k->good || cert_read(&c, k->leaf, k->leaf_len) == -1)
		return false;
	cert_name(&c.subject, subject, CLIENT_SUBJECT_MAX);
	cert_attribute(&c.subject, CERT_CN, cn, CLIENT_SUBJECT_MAX);
	cert_attribute(&c.subject, CERT_EMAIL, email, CLIENT_SUBJECT_MAX);
	return true;
}
