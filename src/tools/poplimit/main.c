/* SPDX-License-Identifier: MIT */
/* runs as: root (before popper) */
#include <arpa/inet.h>
#include <bearssl.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"
#include "num.h"
#include "safefile.h"
#include "text.h"

/*
 * A session holds a lock on one octet of a file that stays empty.  The lock
 * belongs to the open file, which popper inherits, so the kernel frees it when
 * the last process of the session ends, whatever ends it.
 */
#define SLOT_BITS 10 /* octets of the file that an address has */
#define SLOTS_MAX 1000
#define SLOTS_IPV6 ((uint64_t)1 << 62) /* above all of IPv4 */

struct options {
	const char *dir;
	uint32_t slots;
	bool quiet; /* the client waits for TLS, not for text */
};

static _Noreturn void
refuse(const struct options *o, const char *reply, int code)
{
	char line[120];
	int n = snprintf(line, sizeof line, "-ERR %s\r\n", reply);

	signal(SIGPIPE, SIG_IGN);
	if (!o->quiet && write(STDOUT_FILENO, line, (size_t)n) == -1)
		log_line("and the client has gone");
	exit(code);
}

/* What cannot be counted is not let in: a limit must not vanish silently. */
static _Noreturn void
fail(const struct options *o, const struct err *e)
{
	log_line("%s: refused", e->text);
	refuse(o,
	    e->kind == ERR_TEMP
		? "[SYS/TEMP] Connections cannot be counted now, try again "
		  "later."
		: "[SYS/PERM] Connections cannot be counted.",
	    111);
}

static int
usage(const char *why)
{
	log_line("%s; usage: poplimit -n 1..%d [-d dir] [-q] program [arg ...]",
	    why, SLOTS_MAX);
	return 100;
}

static int
options_read(struct options *o, int argc, char **argv)
{
	int c;

	opterr = 0;
	/* +: what stands behind the program's name is the program's */
	while ((c = getopt(argc, argv, "+d:n:q")) != -1) {
		switch (c) {
		case 'd':
			o->dir = optarg;
			break;
		case 'n':
			if (num_u32(optarg, &o->slots) == -1 || o->slots == 0 ||
			    o->slots > SLOTS_MAX)
				return usage("this is no number for -n");
			break;
		case 'q':
			o->quiet = true;
			break;
		default:
			return usage("there is no such option, or it lacks its "
				     "argument");
		}
	}
	if (o->slots == 0)
		return usage("-n is missing");
	return optind < argc ? 0 : usage("there is no program to run");
}

/* From tcpserver, or else from the socket; IPv4 is mapped into IPv6. */
static int
client(struct in6_addr *a, char *name, size_t n)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const char *ip = getenv("TCPREMOTEIP");
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;

	memset(&ss, 0, sizeof ss);
	if (ip == NULL || *ip == '\0') {
		ip = "the client";
		getpeername(STDIN_FILENO, (struct sockaddr *)&ss, &len);
		if (ss.ss_family == AF_INET)
			ip = inet_ntop(AF_INET,
			    &((struct sockaddr_in *)&ss)->sin_addr, name,
			    (socklen_t)n);
		else if (ss.ss_family == AF_INET6)
			ip = inet_ntop(AF_INET6,
			    &((struct sockaddr_in6 *)&ss)->sin6_addr, name,
			    (socklen_t)n);
	}
	if (ip != name)
		text_safe(name, n, ip);
	memcpy(a, mapped, sizeof mapped);
	if (inet_pton(AF_INET, name, a->s6_addr + sizeof mapped) == 1)
		return 0;
	/* a zone, as in fe80::1%eth0, is none of its octets */
	name[strcspn(name, "%")] = '\0';
	return inet_pton(AF_INET6, name, a) == 1 ? 0 : -1;
}

/*
 * The first octet of an address.  IPv4 has 2^32 of them, each its own, but for
 * the loopback, which any user of this host has the whole of.  The 2^64
 * networks of IPv6 do not fit below 2^63, so 51 bits of a digest stand for
 * one: that two of a million networks share their slots has a chance of one in
 * 4,500, and to find a network that shares those of a given one takes 2^51
 * tries, and as many networks to choose from.
 */
static uint64_t
first_slot(const struct in6_addr *a)
{
	const uint8_t *v4 = a->s6_addr + 12;
	uint8_t digest[br_sha256_SIZE];
	br_sha256_context c;
	uint64_t n = 0;
	size_t i;

	if (IN6_IS_ADDR_V4MAPPED(a)) {
		if (v4[0] == IN_LOOPBACKNET)
			return (uint64_t)INADDR_LOOPBACK << SLOT_BITS;
		for (i = 0; i < 4; i++)
			n = n << 8 | v4[i];
		return n << SLOT_BITS;
	}
	br_sha256_init(&c);
	br_sha256_update(&c, a->s6_addr, 8);
	br_sha256_out(&c, digest);
	for (i = 0; i < 8; i++)
		n = n << 8 | digest[i];
	return SLOTS_IPV6 | n >> 13 << SLOT_BITS;
}

/* The file, at a number above 2 and open for popper, too; or -1 with e. */
static int
slots_open(const char *dir, struct err *e)
{
	char path[300];
	struct stat st;
	int fd;
	int slots;

	snprintf(path, sizeof path, "%.250s/slots", dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT &&
	    (mkdir(dir, 0700) == 0 || errno == EEXIST))
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		return err_sys(e, ERR_PERM, "Unable to open or make", dir);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & 022) != 0)
		return err_set(e, ERR_PERM,
		    "%.200s (owner %ld, mode %04o) can be changed by others",
		    dir, (long)st.st_uid, (unsigned)st.st_mode & 07777);
	slots = safefile_open_user(
	    fd, "slots", path, O_RDWR | O_CREAT, geteuid(), &st, e);
	close(fd);
	if (slots == -1)
		return -1;
	/* fd 2 may have been closed: no log line belongs there */
	fd = fcntl(slots, F_DUPFD, 3);
	close(slots);
	return fd == -1 ? err_sys(e, ERR_TEMP, "Unable to keep", path) : fd;
}

/* 1: this session has a slot.  0: all are taken.  -1: e tells. */
static int
slot_take(int fd, uint64_t first, uint32_t slots, struct err *e)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1
	};
	uint32_t i;

	for (i = 0; i < slots; i++) {
		lock.l_start = (off_t)(first + i);
		if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
			return 1;
		if (errno != EAGAIN && errno != EACCES)
			return err_sys(e, ERR_PERM, "Unable to lock", "a slot");
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct options o = { .dir = POPPER_RUN };
	struct in6_addr a;
	char name[64];
	struct err e;
	int fd;
	int got;
	int code;

	log_open("poplimit", false, STDIN_FILENO, LOG_MAIL);
	code = options_read(&o, argc, argv);
	if (code != 0)
		return code;
	if (client(&a, name, sizeof name) == -1) {
		err_set(&e, ERR_PERM, "\"%s\" is no address", name);
		fail(&o, &e);
	}
	fd = slots_open(o.dir, &e);
	got = fd == -1 ? -1 : slot_take(fd, first_slot(&a), o.slots, &e);
	if (got == -1)
		fail(&o, &e);
	if (got == 0) {
		log_line("%s has %u sessions already: refused", name, o.slots);
		refuse(&o,
		    "[SYS/TEMP] Too many connections from your address, try "
		    "again later.",
		    1);
	}
	execvp(argv[optind], argv + optind);
	err_sys(&e, ERR_PERM, "Unable to run", argv[optind]);
	fail(&o, &e);
}
