/* SPDX-License-Identifier: MIT */
/*
 * What the pump does with octets that come too early: those of a client who
 * sends them in one segment with his Finished (RFC 7918), and those of the
 * program.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "pump.h"
#include "unit.h"

#define EARLY "sent early"
#define APPLICATION_DATA 23 /* of a record, RFC 5246 section 6.2.1 */
#define A_WHILE 30	    /* ms, in which all is done that can be */

static const unsigned char key_octets[32] = { 1 };
static const br_ec_private_key key = { .curve = BR_EC_secp256r1,
	.x = (unsigned char *)key_octets,
	.xlen = sizeof key_octets };
/* the client does not look into it, but knows the key */
static unsigned char certificate[100];

static br_ssl_server_context server;
static br_ssl_client_context client;
static unsigned char server_buf[BR_SSL_BUFSIZE_BIDI];
static unsigned char client_buf[BR_SSL_BUFSIZE_BIDI];
static struct pump pump;

/* Of each pair the first is ours, the second the pump's. */
static int net[2], from[2], to[2];

static void
server_begin(void)
{
	static const br_x509_certificate chain = { certificate,
		sizeof certificate };

	br_ssl_server_init_full_ec(&server, &chain, 1, BR_KEYTYPE_EC, &key);
	br_ssl_engine_set_versions(&server.eng, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_buffer(&server.eng, server_buf, sizeof server_buf, 1);
	assert_int_equal(br_ssl_server_reset(&server), 1);
}

static void
client_begin(void)
{
	static const uint16_t suites[] = {
		BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
	};
	static br_x509_minimal_context unused;
	static br_x509_knownkey_context known;
	static unsigned char point[BR_EC_KBUF_PUB_MAX_SIZE];
	br_ec_public_key public;

	br_ec_compute_pub(br_ec_get_default(), &public, point, &key);
	br_x509_knownkey_init_ec(
	    &known, &public, BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN);
	br_ssl_client_init_full(&client, &unused, NULL, 0);
	br_ssl_engine_set_suites(&client.eng, suites, COUNT(suites));
	br_ssl_engine_set_x509(&client.eng, &known.vtable);
	br_ssl_engine_set_buffer(&client.eng, client_buf, sizeof client_buf, 1);
	assert_int_equal(br_ssl_client_reset(&client, "mail", 0), 1);
}

/* The client's records; how many octets. */
static size_t
records(unsigned char *dst, size_t room)
{
	unsigned char *p;
	size_t all = 0;
	size_t n;

	while ((p = br_ssl_engine_sendrec_buf(&client.eng, &n)) != NULL) {
		assert_true(n <= room - all);
		memcpy(dst + all, p, n);
		all += n;
		br_ssl_engine_sendrec_ack(&client.eng, n);
	}
	return all;
}

static void
wire(const unsigned char *octets, size_t n)
{
	assert_int_equal(send(net[0], octets, n, 0), n);
}

/* What has come from the server is the client's. */
static void
feed(void)
{
	unsigned char *p;
	ssize_t r;
	size_t n;

	while ((p = br_ssl_engine_recvrec_buf(&client.eng, &n)) != NULL &&
	    (r = recv(net[0], p, n, MSG_DONTWAIT)) > 0)
		br_ssl_engine_recvrec_ack(&client.eng, (size_t)r);
}

/*
 * A record as the client will make them once the handshake is over: BearSSL's
 * clients never send one before, but its records are made with the same keys
 * from the Finished on.
 */
static size_t
false_start(unsigned char *dst)
{
	const br_sslrec_out_class **out = &client.eng.out.vtable;
	unsigned char octets[100];
	size_t n = sizeof EARLY;
	unsigned char *record;

	/* room in front for the header, and behind for the tag */
	memcpy(octets + 20, EARLY, n);
	record =
	    (*out)->encrypt(out, APPLICATION_DATA, BR_TLS12, octets + 20, &n);
	memcpy(dst, record, n);
	return n;
}

static void
test_too_early(void **state)
{
	unsigned char octets[4000];
	size_t n;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, net), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, from), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, to), 0);
	server_begin();
	client_begin();
	pump_init(&pump, &server, NULL, net[1], net[1], from[1], to[1]);
	assert_int_equal(send(from[0], EARLY, sizeof EARLY, 0), sizeof EARLY);

	wire(octets, records(octets, sizeof octets));
	assert_int_equal(
	    pump_handshake(&pump, clock_ms() + A_WHILE), PUMP_LATE);
	feed();
	n = records(octets, sizeof octets - 100);
	assert_true(n > 0);
	wire(octets, n + false_start(octets + n));
	assert_int_equal(pump_handshake(&pump, clock_ms() + 10000), PUMP_UP);
	/* the caller may not want this client, nor the client what comes */
	assert_int_equal(recv(to[0], octets, sizeof octets, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	feed();
	assert_int_equal(br_ssl_engine_last_error(&client.eng), 0);
	assert_null(br_ssl_engine_recvapp_buf(&client.eng, &n));
	assert_non_null(br_ssl_engine_sendapp_buf(&client.eng, &n));

	/* he is accepted */
	br_ssl_engine_close(&client.eng);
	wire(octets, records(octets, sizeof octets));
	assert_int_equal(pump_run(&pump, A_WHILE), PUMP_CLOSED);
	assert_int_equal(
	    recv(to[0], octets, sizeof octets, MSG_DONTWAIT), sizeof EARLY);
	assert_string_equal(octets, EARLY);
	for (n = 0; n < 2; n++) {
		close(net[n]);
		close(from[n]);
		close(to[n]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_too_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
