/* SPDX-License-Identifier: MIT */
#ifndef POPPER_PEER_H
#define POPPER_PEER_H

#include <stdbool.h>

/* Who the client is, and who we are to him (UCSPI-TCP's environment). */
struct peer {
	char ip[64];
	char host[128]; /* the client's name, or its address again */
	char us[128];	/* our full name, for the greeting */
	bool local;	/* the client is on the loopback */
};

/*
 * From TCPREMOTEIP, TCPREMOTEHOST and TCPLOCALHOST, or else from the socket
 * fd and this machine's name.  names: TCPREMOTEHOST counts.
 */
void peer_find(struct peer *p, int fd, bool names);

#endif
