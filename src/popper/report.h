/* SPDX-License-Identifier: MIT */
#ifndef POPPER_REPORT_H
#define POPPER_REPORT_H

#include <stdint.h>

#include "auth.h"
#include "config.h"
#include "peer.h"
#include "wrapper.h"

/*
 * The log lines that other people's programs parse: their wording is an
 * interface (docs/DESIGN.md, "Log lines").  user may be empty.
 */
#define REPORT_MAX 100 /* -ERRs that are logged, in each state of a session */
void report_err(const char *user, const struct peer *p, const char *text);
void report_failed(
    const char *user, const struct peer *p, const struct auth_ident *id);
void report_probe(const char *user, const struct peer *p);
void report_timeout(const char *user, const struct peer *p, uint32_t seconds);

/*
 * The client went without QUIT: after a signal to us, 0 is none, or else with
 * errno sys, where EPIPE stands for SIGPIPE.
 */
void report_gone(const char *user, const struct peer *p, int sig, int sys);
void report_apop(const char *user);

/* TLS was asked for and is not there. */
void report_no_tls(const struct peer *p, const char *why);
/* Protocol and cipher, for debug. */
void report_tls(const struct wrapper *w);
void report_certificate(const char *user, const char *subject);

/* log-login: %0 version, %1 user, %2 host, %3 IP.  NULL logs nothing. */
void report_login(const char *format, const char *user, const struct peer *p);

struct report_stats {
	uint32_t deleted, left;
	uint64_t octets_deleted, octets_left;
};
void report_stats(
    const char *user, const struct peer *p, const struct report_stats *st);

/* In whole seconds; normal: the session ended with QUIT. */
void report_timing(const char *user, const struct peer *p, bool normal,
    int64_t auth, int64_t init, int64_t clean);

/* A command, for debug; shown has no secret in it. */
void report_cmd(const char *user, const char *name, const char *shown);

#endif
