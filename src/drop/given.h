/* SPDX-License-Identifier: MIT */
#ifndef POPPER_GIVEN_H
#define POPPER_GIVEN_H

#include "drop.h"

/*
 * What another server has told of messages, for a change over to popper: in
 * normal mode only.
 */

/*
 * After drop_open: the unique-id of message i is this one from now on, n octets
 * that header_uid_good likes.  drop_commit writes it into the header, in place
 * of what is there, whatever d->headers says.  That all ids of the maildrop are
 * different is the caller's business.  1 the header has it already, 0; 2 there
 * is no room for one, because the header has no empty line behind it; or -1
 * with e.
 */
int given_uid(
    struct drop *d, uint32_t i, const char *uid, size_t n, struct err *e);

/*
 * After drop_open: what another server may have sent as message i, in octets
 * with CRLF line ends: which of the fields that servers write it shows is its
 * own business.
 */
int given_sizes(
    struct drop *d, uint32_t i, uint64_t *least, uint64_t *most, struct err *e);

/*
 * After drop_enter: mail that another server had, an mbox, from fd to its end,
 * goes into the spool, all of it or nothing.  ERR_CONF: there is mail already,
 * or this is no mbox; or with add, it goes in front of that, which has to be an
 * mbox that does not begin with this mail.  *count is how many messages it has.
 * -1 with e: nothing was done.  1 with e: it is decided, and the next session
 * finishes it.
 */
int given_mail(
    struct drop *d, int fd, bool add, uint32_t *count, struct err *e);

#endif
