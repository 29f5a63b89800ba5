/* SPDX-License-Identifier: MIT */
/*
 * What the pump, and the engine around it, do with octets that come too early:
 * those of a client who sends them in one segment with his Finished (RFC 7918),
 * and those of the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "engine.h"
#include "identity.h"
#include "pump.h"
#include "tlspair.h"
#include "unit.h"

#define EARLY "sent early"
#define APPLICATION_DATA 23 /* of a record, RFC 5246 section 6.2.1 */
#define A_WHILE 30	    /* ms, in which all is done that can be */

static br_ssl_server_context server;
static br_ssl_client_context client;
static unsigned char server_buf[BR_SSL_BUFSIZE_BIDI];
static unsigned char client_buf[BR_SSL_BUFSIZE_BIDI];
static struct pump pump;

static const char make[] =
    "perl -It/lib -MCerts -e '"
    "my $c = Certs->new($ARGV[0]);"
    "$c->key(qq($_.key)) for qw(root alien mail bob);"
    "$c->cert($_, ext => q(basicConstraints=critical,CA:TRUE))"
    "    for qw(root alien);"
    "$c->cert(q(mail));"
    "$c->cert(q(bob), by => q(alien));"
    "$c->join_files(q(mail.pem), q(mail.crt), q(mail.key));"
    "mkdir qq($ARGV[0]/empty), 0755 or die;"
    "chmod 0755, qq($ARGV[0]/empty);"
    "' \"$PUMP_DIR\"";

static char dir[] = "/tmp/popper-pump.XXXXXX";

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL || setenv("PUMP_DIR", dir, 1) == -1)
		return -1;
	return system(make) == 0 ? 0 : -1; /* NOLINT: ours */
}

static int
tear_down(void **state)
{
	(void)state;
	return system("rm -rf \"$PUMP_DIR\""); /* NOLINT: ours */
}

static const char *
file(char path[100], const char *name)
{
	snprintf(path, 100, "%s/%s", dir, name);
	return path;
}

/* Of each pair the first is ours, the second the pump's. */
static int net[2], from[2], to[2];

static void
server_begin(void)
{
	br_ssl_server_init_full_ec(
	    &server, &tlspair_chain, 1, BR_KEYTYPE_EC, &tlspair_key);
	br_ssl_engine_set_versions(&server.eng, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_buffer(&server.eng, server_buf, sizeof server_buf, 1);
	assert_int_equal(br_ssl_server_reset(&server), 1);
}

/* pinned: the server's key; bob: who the client is, or NULL. */
static void
client_begin(const br_ec_private_key *pinned, const struct identity *bob)
{
	static const uint16_t suites[] = {
		BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
	};
	static br_x509_knownkey_context known;

	tlspair_client(&client, &known, pinned, client_buf);
	br_ssl_engine_set_suites(&client.eng, suites, COUNT(suites));
	if (bob != NULL)
		br_ssl_client_set_single_ec(&client, bob->chain, bob->chain_len,
		    &bob->key.ec, BR_KEYTYPE_SIGN, BR_KEYTYPE_EC,
		    br_ec_get_default(), br_ecdsa_sign_asn1_get_default());
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
make_sockets(void)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, net), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, from), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, to), 0);
}

static void
close_sockets(size_t side)
{
	close(net[side]);
	close(from[side]);
	close(to[side]);
}

static void
test_too_early(void **state)
{
	unsigned char octets[4000];
	size_t n;

	(void)state;
	make_sockets();
	server_begin();
	client_begin(&tlspair_key, NULL);
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
	close_sockets(0);
	close_sockets(1);
}

/* poptls -s -a: a client with a certificate of another authority's. */
static pid_t
start_engine(int control, int other)
{
	char paths[4][100];
	const struct tls_options o = { .ca = file(paths[0], "root.crt"),
		.cert = file(paths[1], "mail.pem"),
		.dir = file(paths[2], "empty"),
		.on_request = true,
		.seconds = 10 };
	const struct engine_fds f = { net[1], net[1], control, from[1], to[1],
		-1 };
	pid_t pid = fork();

	if (pid == 0) {
		int log = open(file(paths[3], "log"), O_WRONLY | O_CREAT, 0600);

		dup2(log, STDERR_FILENO);
		close(other);
		engine_run(&o, &f, "nobody");
	}
	assert_int_not_equal(pid, -1);
	close(control);
	close_sockets(1);
	return pid;
}

static void
test_bad_client(void **state)
{
	static struct identities all;
	struct identity *mail = &all.one[0];
	struct identity *bob = &all.one[1];
	struct pollfd answer;
	unsigned char octets[4000];
	char path[100];
	char key_path[100];
	char line[300];
	FILE *log;
	struct err e;
	int control[2];
	size_t n;
	pid_t pid;
	int st;

	(void)state;
	assert_int_equal(
	    identity_load(mail, file(path, "mail.pem"), NULL, &e), 0);
	assert_int_equal(identity_load(bob, file(path, "bob.crt"),
			     file(key_path, "bob.key"), &e),
	    0);
	make_sockets();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, control), 0);
	/* which the engine takes at a proper end only */
	assert_int_equal(send(to[0], "", 1, 0), 1);
	pid = start_engine(control[1], control[0]);
	assert_int_equal(send(control[0], "y", 1, 0), 1);
	client_begin(&mail->key.ec, bob);
	wire(octets, records(octets, sizeof octets));
	answer = (struct pollfd){ .fd = net[0], .events = POLLIN };
	while ((n = records(octets, sizeof octets - 100)) == 0 &&
	    poll(&answer, 1, 10000) == 1)
		feed();
	assert_true(n > 0);
	wire(octets, n + false_start(octets + n));
	assert_int_equal(recv(to[0], octets, sizeof octets, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	close(control[0]);
	close_sockets(0);
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), 1);
	log = fopen(file(path, "log"), "r");
	assert_non_null(log);
	assert_non_null(fgets(line, sizeof line, log));
	assert_non_null(strstr(line, "handshake with nobody failed"));
	assert_int_equal(fgetc(log), EOF);
	fclose(log);
	all.count = 2;
	identity_free(&all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_too_early),
		cmocka_unit_test(test_bad_client),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
