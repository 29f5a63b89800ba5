/* SPDX-License-Identifier: MIT */
/*
 * A file of sessions that an engine has written to which somebody took over.
 * The data lies over the head or over the entries, where one is honest, each
 * octet added to what is there: a session that is found is the honest one.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "store.h"

#define HEAD 512
#define SIZE (HEAD + 4 * STORE_ENTRY)

static const unsigned char base[32];
static br_ssl_server_context nameless;
static unsigned char honest[SIZE];
static struct store store;

static void
must(bool so)
{
	if (!so)
		abort();
}

static br_ssl_session_parameters
session(void)
{
	br_ssl_session_parameters p = { .session_id_len = 32,
		.version = BR_TLS12 };

	memset(p.session_id, 7, sizeof p.session_id);
	memset(p.master_secret, 8, sizeof p.master_secret);
	return p;
}

static void
begin(void)
{
	br_ssl_session_parameters p = session();
	struct err e;
	int fd = store_make(4, STORE_SECONDS_MAX, &e);

	must(fd != -1 && store_open(&store, fd, base, &e) == 0);
	store.vtable->save(&store.vtable, &nameless, &p);
	must(pread(fd, honest, SIZE, 0) == SIZE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	unsigned char file[SIZE];
	br_ssl_session_parameters want = session();
	br_ssl_session_parameters p = want;
	struct store s;
	struct err e;
	size_t at;
	size_t i;

	if (store.vtable == NULL)
		begin();
	if (n == 0)
		return 0;
	at = data[0] % 2 == 0 ? HEAD : 0;
	memcpy(file, honest, sizeof file);
	for (i = 1; i < n && at < sizeof file; i++)
		file[at++] += data[i];
	must(pwrite(store.fd, file, sizeof file, 0) == SIZE);
	if (store_open(&s, store.fd, base, &e) == -1)
		return 0;
	memset(p.master_secret, 0, sizeof p.master_secret);
	if (s.vtable->load(&s.vtable, &nameless, &p) == 0)
		return 0;
	must(memcmp(p.master_secret, want.master_secret,
		 sizeof p.master_secret) == 0 &&
	    p.version == BR_TLS12 && store_suits(&s, &nameless));
	return 0;
}
