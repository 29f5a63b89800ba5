/* SPDX-License-Identifier: MIT */
/*
 * Sessions resumed by a real client and a real server, of BearSSL both: which
 * are, and which must not be (RFC 6066 section 3).
 */
#include <string.h>
#include <unistd.h>

#include "hello.h"
#include "tlspair.h"
#include "unit.h"

enum outcome {
	FULL,
	RESUMED,
	DROPPED, /* by hello_received */
	BROKEN
};

static const unsigned char base[32] = "what the server shows";
static br_ssl_server_context server;
static br_ssl_client_context client;
static unsigned char server_buf[BR_SSL_BUFSIZE_BIDI];
static unsigned char client_buf[BR_SSL_BUFSIZE_BIDI];
static br_x509_knownkey_context known;
static br_ssl_session_parameters kept; /* by the client */
static struct store store;
static struct hello hello;
static size_t at_once; /* octets that the network carries */

static void
server_begin(int fd)
{
	struct err e;

	br_ssl_server_init_full_ec(
	    &server, &tlspair_chain, 1, BR_KEYTYPE_EC, &tlspair_key);
	br_ssl_engine_set_versions(&server.eng, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_buffer(&server.eng, server_buf, sizeof server_buf, 1);
	assert_int_equal(store_open(&store, fd, base, &e), 0);
	br_ssl_server_set_cache(&server, &store.vtable);
	assert_int_equal(br_ssl_server_reset(&server), 1);
	hello_init(&hello, &server, &store);
}

static void
client_begin(const char *name, const char **protocols, size_t count)
{
	tlspair_client(&client, &known, &tlspair_key, client_buf);
	br_ssl_engine_set_protocol_names(&client.eng, protocols, count);
	br_ssl_engine_set_session_parameters(&client.eng, &kept);
	assert_int_equal(br_ssl_client_reset(&client, name, 1), 1);
}

static size_t
carry(br_ssl_engine_context *from, br_ssl_engine_context *to)
{
	return tlspair_carry(from, to, at_once);
}

/* Octets of the program's get through, so both have the same keys. */
static bool
talk(br_ssl_engine_context *from, br_ssl_engine_context *to)
{
	size_t n;
	unsigned char *p = br_ssl_engine_sendapp_buf(from, &n);

	if (p == NULL)
		return false;
	memcpy(p, "octet", 5);
	br_ssl_engine_sendapp_ack(from, 5);
	br_ssl_engine_flush(from, 0);
	while ((n = carry(from, to)) != 0)
		br_ssl_engine_recvrec_ack(to, n);
	p = br_ssl_engine_recvapp_buf(to, &n);
	return p != NULL && n == 5 && memcmp(p, "octet", 5) == 0;
}

static enum outcome
shake(void)
{
	unsigned char before[32];
	size_t out = 1;
	size_t back = 1;

	memcpy(before, kept.session_id, sizeof before);
	while (out + back > 0) {
		out = carry(&client.eng, &server.eng);
		if (out > 0 && !hello_received(&hello, out))
			return DROPPED;
		back = carry(&server.eng, &client.eng);
		br_ssl_engine_recvrec_ack(&client.eng, back);
	}
	if (!talk(&client.eng, &server.eng) || !talk(&server.eng, &client.eng))
		return BROKEN;
	br_ssl_engine_get_session_parameters(&client.eng, &kept);
	/* the server and the client must agree */
	if ((memcmp(before, kept.session_id, sizeof before) == 0) !=
	    store.resumed)
		return BROKEN;
	return store.resumed ? RESUMED : FULL;
}

/* A client that has what the last one kept connects to a new server. */
static enum outcome
connects(int fd, const char *name)
{
	server_begin(fd);
	client_begin(name, NULL, 0);
	return shake();
}

static int
make(void)
{
	struct err e;
	int fd = store_make(100, STORE_SECONDS, &e);

	assert_int_not_equal(fd, -1);
	memset(&kept, 0, sizeof kept);
	at_once = BR_SSL_BUFSIZE_BIDI;
	return fd;
}

static void
test_resumed(void **state)
{
	int fd = make();
	int other = make();
	int i;

	(void)state;
	assert_int_equal(connects(fd, "a.example"), FULL);
	for (i = 0; i < 3; i++)
		assert_int_equal(connects(fd, "a.example"), RESUMED);
	assert_int_equal(connects(other, "a.example"), FULL);
	assert_int_equal(connects(fd, "a.example"), FULL);
	close(fd);
	close(other);
}

/* NULL: the client asks for no name. */
static void
other_names(int fd)
{
	static const char *const names[][2] = { { "a.example", "b.example" },
		{ "a.example", NULL }, { NULL, "a.example" },
		{ "a.example", "a.exampl" }, { "a.example", "a.example." } };
	size_t i;

	for (i = 0; i < COUNT(names); i++) {
		memset(&kept, 0, sizeof kept);
		CHECK(connects(fd, names[i][0]) == FULL, "%zu", i);
		CHECK(connects(fd, names[i][0]) == RESUMED, "%zu", i);
		CHECK(connects(fd, names[i][1]) == FULL, "%zu", i);
		assert_string_equal(br_ssl_engine_get_server_name(&server.eng),
		    names[i][1] == NULL ? "" : names[i][1]);
		/* that one has been kept, for its own name */
		CHECK(connects(fd, names[i][1]) == RESUMED, "%zu", i);
	}
}

static void
test_other_name(void **state)
{
	int fd = make();

	(void)state;
	other_names(fd);
	at_once = 1;
	other_names(fd);
	close(fd);
}

/* A hello of more octets than are kept. */
static void
test_long_hello(void **state)
{
	static char protocol[256];
	const char *protocols[HELLO_MAX / 255 + 1];
	int fd = make();
	size_t i;

	(void)state;
	memset(protocol, 'p', sizeof protocol - 1);
	for (i = 0; i < COUNT(protocols); i++)
		protocols[i] = protocol;
	assert_int_equal(connects(fd, "a.example"), FULL);
	server_begin(fd);
	client_begin("a.example", protocols, COUNT(protocols));
	assert_int_equal(shake(), RESUMED);
	server_begin(fd);
	client_begin("b.example", protocols, COUNT(protocols));
	assert_int_equal(shake(), DROPPED);
	assert_int_equal(connects(fd, "a.example"), RESUMED);
	close(fd);
}

/* A suite that the client no longer has: BearSSL does not resume. */
static void
test_other_suite(void **state)
{
	static const uint16_t suites[] = {
		BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
	};
	int fd = make();

	(void)state;
	assert_int_equal(connects(fd, "a.example"), FULL);
	server_begin(fd);
	client_begin("a.example", NULL, 0);
	br_ssl_engine_set_suites(&client.eng, suites, COUNT(suites));
	br_ssl_engine_set_session_parameters(&client.eng, &kept);
	assert_int_equal(br_ssl_client_reset(&client, "a.example", 1), 1);
	assert_int_equal(shake(), FULL);
	assert_int_equal(kept.cipher_suite, suites[0]);
	close(fd);
}

static void
test_no_store(void **state)
{
	int fd = make();

	(void)state;
	server_begin(fd);
	br_ssl_server_set_cache(&server, NULL);
	assert_int_equal(br_ssl_server_reset(&server), 1);
	hello_init(&hello, &server, NULL);
	client_begin("a.example", NULL, 0);
	assert_int_equal(shake(), FULL);
	assert_int_equal(connects(fd, "a.example"), FULL);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resumed),
		cmocka_unit_test(test_other_name),
		cmocka_unit_test(test_long_hello),
		cmocka_unit_test(test_other_suite),
		cmocka_unit_test(test_no_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
