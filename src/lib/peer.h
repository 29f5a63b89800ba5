/* SPDX-License-Identifier: MIT */
#ifndef POPPER_PEER_H
#define POPPER_PEER_H

#include <stdbool.h>
#include <stddef.h>

#define PEER_IP_MAX 64 /* octets of an address, with the NUL */

/* Who the client is, and who we are to him (UCSPI-TCP's environment). */
struct peer {
	char ip[PEER_IP_MAX];
	char host[128]; /* the client's name, or its address again */
	char us[128];	/* our full name, for the greeting */
	bool local;	/* the client is on the loopback */
	bool told;	/* ip is TCPREMOTEIP */
};

/*
 * The address and port at the socket's other end; IPv4 in IPv6 is IPv4.  -1:
 * it has none.
 */
int peer_address(int fd, char ip[PEER_IP_MAX], unsigned *port);

/*
 * Our own name, of TCPLOCALHOST or else of this machine: n octets with the
 * NUL, 128 or fewer.
 *
 * It is always a name that clients take in a stamp of APOP (RFC 1939 section
 * 7): letters, digits, "-" and "_", with single dots between them.  Dots too
 * many are left out; a TCPLOCALHOST with anything else in it, or of n octets
 * or more, does not count, nor does such a name of this machine: then it is
 * "localhost".
 */
void peer_own_name(char *dst, size_t n);

/*
 * From TCPREMOTEIP, TCPREMOTEHOST and peer_own_name, or else from the socket
 * fd.  names: TCPREMOTEHOST counts.
 */
void peer_find(struct peer *p, int fd, bool names);

#endif
