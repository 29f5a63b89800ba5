/* SPDX-License-Identifier: MIT */
/* runs as: root (before poptls's engine is confined) */
#include "crypto.h"

#define CURVES \
	(1U << BR_EC_curve25519 | 1U << BR_EC_secp256r1 | 1U << BR_EC_secp384r1)

void
crypto_use(br_ssl_engine_context *eng, unsigned least, bool cbc, bool clients,
    br_ec_impl *curves)
{
	static const struct {
		int id;
		const br_hash_class *hash;
	} hashes[] = {
		{ br_sha256_ID, &br_sha256_vtable },
		{ br_sha384_ID, &br_sha384_vtable },
		{ br_sha512_ID, &br_sha512_vtable },
	};
	size_t i;

	for (i = 0; i < sizeof hashes / sizeof hashes[0]; i++)
		br_ssl_engine_set_hash(eng, hashes[i].id, hashes[i].hash);
	if (cbc)
		br_ssl_engine_set_hash(eng, br_sha1_ID, &br_sha1_vtable);
	if (least < BR_TLS12) {
		br_ssl_engine_set_hash(eng, br_md5_ID, &br_md5_vtable);
		br_ssl_engine_set_prf10(eng, &br_tls10_prf);
	}
	br_ssl_engine_set_prf_sha256(eng, &br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(eng, &br_tls12_sha384_prf);
	br_ssl_engine_set_default_aes_gcm(eng);
	br_ssl_engine_set_default_chapol(eng);
	if (cbc)
		br_ssl_engine_set_default_aes_cbc(eng);
	if (clients) {
		br_ssl_engine_set_default_rsavrfy(eng);
		br_ssl_engine_set_default_ecdsa(eng);
	}
	/* behind that, which sets all curves; P-521 gives no client anything,
	   and costs most */
	*curves = *crypto_ec();
	curves->supported_curves &= CURVES;
	br_ssl_engine_set_ec(eng, curves);
}

const br_ec_impl *
crypto_ec(void)
{
	return br_ec_get_default();
}

static const char *
aes(void)
{
	if (br_aes_x86ni_ctr_get_vtable() != NULL)
		return "AES-NI";
	return br_aes_pwr8_ctr_get_vtable() != NULL ? "POWER8" : "ct64";
}

static const char *
ghash(void)
{
	if (br_ghash_pclmul_get() != NULL)
		return "PCLMULQDQ";
	return br_ghash_pwr8_get() != NULL ? "POWER8" : "ctmul64";
}

static const char *
rsa(void)
{
	br_rsa_private f = br_rsa_private_get_default();

	if (f == br_rsa_i62_private_get())
		return "i62";
	return f == br_rsa_i15_private ? "i15" : "i31";
}

void
crypto_tell(FILE *to)
{
	fprintf(to, "AES: %s\n", aes());
	fprintf(to, "GHASH: %s\n", ghash());
	fprintf(to, "ChaCha20: %s\n",
	    br_chacha20_sse2_get() != NULL ? "SSE2" : "ct");
	fprintf(to, "Poly1305: %s\n",
	    br_poly1305_ctmulq_get() != NULL ? "ctmulq" : "ctmul");
	fprintf(to, "RSA: %s\n", rsa());
	fprintf(to, "EC: %s\n",
	    crypto_ec() == &br_ec_all_m31	? "m31"
		: crypto_ec() == &br_ec_all_m15 ? "m15"
						: "other");
}
