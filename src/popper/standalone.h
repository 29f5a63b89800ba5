/* SPDX-License-Identifier: MIT */
#ifndef POPPER_STANDALONE_H
#define POPPER_STANDALONE_H

#include <netinet/in.h>

#include "config.h"

/*
 * Qpopper's stand-alone mode: a first argument that says where to listen.
 * popper does not listen; it becomes tcpserver, which starts popper with the
 * other arguments for each connection.
 */
struct standalone {
	char ip[INET6_ADDRSTRLEN]; /* as tcpserver takes it; "0": all */
	char port[sizeof "65535"];
	bool wanted;
};

/*
 * Takes a first argument that does not begin with "-" out of argv.  wanted, if
 * it is where to listen: not if it is popper's own name, as in Qpopper's line
 * for xinetd.  -1 with e, and wanted, if that is wrong; without wanted, if
 * standard input is a socket, or TCPREMOTEIP is set: a client's connection.
 * Without serving the words are only looked at, wherever that is.
 */
int standalone_take(
    struct standalone *at, bool serving, int *argc, char **argv, struct err *e);

/*
 * That argument, [address][:port]: an IPv4 address, or one of IPv6 in
 * brackets; port alone and :port mean all addresses, no port 110.  Nothing is
 * looked up.  ERR_CONF.
 */
int standalone_parse(struct standalone *at, const char *word, struct err *e);

/*
 * Becomes tcpserver on at, with what service/qpopper/run gives it: a limit,
 * cdb-dir's access.cdb if there is one, poplimit if it is beside popper,
 * poptls-cache for TLS.  LIMIT, PERHOST, HOST, RUN and CACHE of the environment
 * are as in the service's settings; what a TLS wrapper could have told is not
 * handed on.  argv: popper's own, without the first argument.  Returns only to
 * fail: -1 with e.
 */
int standalone_start(const struct standalone *at, const struct config *c,
    int argc, char **argv, struct err *e);

#endif
