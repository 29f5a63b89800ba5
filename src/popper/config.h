/* SPDX-License-Identifier: MIT */
#ifndef POPPER_CONFIG_H
#define POPPER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "auth.h"
#include "err.h"
#include "lines.h"

/*
 * The options, and the one table that the command line, configuration files,
 * users' files, --print-config, --help and the test of the manual page read.
 */

#define NEVER UINT32_MAX /* announce-expire = never */
#define NOT_SET UINT32_MAX

/* chunky-writes */
enum chunky {
	CHUNKY_ALWAYS,
	CHUNKY_NEVER,
	CHUNKY_TLS
};

/* tls-support */
enum tls_support {
	TLS_DEFAULT, /* as the wrapper has it */
	TLS_NONE,    /* no STLS */
	TLS_STLS,
	TLS_ALTERNATE
};

/* tls-version: the least one */
enum tls_version {
	TLS_1_2,
	TLS_1_1,
	TLS_1_0
};

/* tls-client-name */
enum tls_client_name {
	TLS_NAME_NONE,
	TLS_NAME_CN,
	TLS_NAME_EMAIL
};

#define CONFIG_OPTIONS 96 /* at most */
#define CONFIG_TEXT 512

struct config {
	bool allow_low_uids, any_kerberos_principal, auto_delete,
	    bulldb_nonfatal, check_hash_dir, check_old_spool_loc,
	    check_password_expired, check_shell, content_length, debug,
	    downcase_user, fast_update, group_bulletins, home_dir_misc,
	    keep_temp_drop, kerberos, ksockinst, kuserok, no_atomic_open,
	    old_style_uid, reverse_lookup, server_mode, shy, spool_options,
	    statistics, timing, tls_client_required, tls_workarounds,
	    trace_message_bodies, trim_domain, update_on_abort,
	    update_status_headers, user_options, uw_kluge, xtnd_xmit;
	uint32_t announce_expire, announce_login_delay, block_uid,
	    bulldb_max_tries, hash_spool, mail_lock_check, max_bulletins,
	    timeout, tls_options;
	uint32_t chunky_writes, clear_text_password, log_facility,
	    tls_client_name, tls_support, tls_version;
	char *auth_file, *nonauth_file, *bulldb, *bulldir, *cache_dir,
	    *cache_name, *cdb_dir, *checkpassword, *config_file, *drac_host,
	    *empty_dir, *front_user, *group_no_server_mode, *group_server_mode,
	    *home_dir_mail, *kerberos_service, *log_login, *mail_command,
	    *popbulldir, *program_dir, *sasl_mechanisms, *spool_dir, *temp_dir,
	    *temp_name, *tls_cipher_list, *tls_client_ca_file,
	    *tls_identity_file, *tls_names_dir, *tls_passphrase,
	    *tls_private_key_file, *tls_server_cert_file, *tracefile;

	/* private: where each option of the table was set */
	struct config_origin {
		const char *file; /* NULL: built in */
		unsigned line;
	} origin[CONFIG_OPTIONS];
	unsigned depth;	  /* of files that name files */
	FILE *tell;	  /* see config_tell */
	bool version;	  /* -v */
	unsigned wrong;	  /* mistakes that were told, or passed over */
	const char *file; /* the last one that origin got */
	/* texts are kept until all are freed; the first ones lie here */
	struct config_text *more;
	size_t used;
	char text[CONFIG_TEXT];
};

enum opt_type {
	OPT_BOOL,
	OPT_INT,
	OPT_EXPIRE, /* an integer, or "never" */
	OPT_STRING,
	OPT_TEMPLATE, /* a string with one %s, for the user */
	OPT_MNEMONIC,
	OPT_FACILITY, /* a mnemonic that is also known as LOG_NAME */
	OPT_FILE,     /* a configuration file, read where it stands */
};

/* Where an option may be set. */
enum {
	IN_CLI = 1,
	IN_FILE = 2,  /* the administrator's: -f, and files that it names */
	IN_HOME = 4,  /* ~/.qpopper-options */
	IN_SPOOL = 8, /* .USER.qpopper-options */
};

/* How an option behaves. */
enum {
	OPT_NEGATED = 1, /* its letter means reset */
	OPT_PATH = 2,	 /* an absolute path */
	OPT_BELOW = 4,	 /* a path below a folder */
	OPT_VOID = 8,	 /* checked, but there is nothing that it could mean */
};

struct opt_name {
	const char *name;
	uint32_t value; /* NOT_SET: it is refused */
	int number;	/* the letter's argument that means it, or -1 */
};

struct opt {
	const char *name;
	const char *other; /* a second and third spelling, or NULL */
	const char *third;
	char letter; /* or 0 */
	enum opt_type type;
	size_t field;	     /* its offset in struct config */
	const char *def;     /* NULL: not set */
	const char *implied; /* the value of "set NAME" alone, or NULL */
	const struct opt_name *names;
	uint32_t min, max, home_max; /* of an integer; home_max 0: as max */
	unsigned where, flags;
	const char *missing; /* it is refused: what is not there, what to do */
	const char *help;
};

extern const struct opt optab[];
extern const size_t optab_count;

/* The option of this name, in any of its spellings, or NULL. */
const struct opt *opt_find(const char *name);
const struct opt *opt_letter(char letter);

int config_init(struct config *c, struct err *e); /* the defaults */
void config_free(struct config *c);

/*
 * After config_init: a mistake does not end the reading, so that all are found.
 * Each is written to this stream, in a line, and counted in c->wrong; the
 * hundredth ends the reading.
 */
void config_tell(struct config *c, FILE *to);

/* What a reader does with a mistake: 0 to go on, -1 to stop. */
int config_mistake(struct config *c, const struct err *e);

/* The command line: letters and their arguments.  ERR_CONF. */
int config_argv(struct config *c, int argc, char *const *argv, struct err *e);

/*
 * A file that config-file names: opened if no other user can write to it,
 * or -1 with e; then read and closed.  where is IN_FILE, or IN_SPOOL for
 * one that the spool folder's file names.
 */
int config_open(const struct config *c, const char *path, struct err *e);
int config_nested(
    struct config *c, int fd, const char *path, unsigned where, struct err *e);

/* An open file of a user, which stays open; where is IN_HOME or IN_SPOOL. */
int config_fd(
    struct config *c, int fd, const char *path, unsigned where, struct err *e);
int config_lines(struct config *c, struct lines *l, const char *path,
    unsigned where, struct err *e);

/*
 * Sets one option from text.  value NULL: "set NAME" alone.  file and line
 * tell where, for errors and --print-config; line 0 is the command line.
 */
struct config_at {
	const char *file;
	unsigned line;
	unsigned where;
	int fd; /* of the file, or -1 */
};
int config_set(struct config *c, const struct opt *o, const char *value,
    const struct config_at *at, struct err *e);

/*
 * What is wrong with an option, found out later: -1, with where it was set.
 * value is told, too, unless it is empty.
 */
int config_fail(const struct config *c, const char *name, const char *why,
    const char *value, struct err *e);

/* What a session has no use for is overwritten: it is set, that is all. */
void config_forget(struct config *c);

/* Nobody has set this option. */
bool config_built_in(const struct config *c, const char *name);

/* The effective options in the syntax of a configuration file. */
void config_print(const struct config *c, FILE *to);

/* One line for each option that was set and means nothing. */
void config_notes(const struct config *c, FILE *to);

/* One line for each path that was set and is not there. */
void config_paths(const struct config *c, FILE *to);

/* One line an option: the command line's help. */
void config_help(FILE *to);

#endif
