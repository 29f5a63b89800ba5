/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <syslog.h>

#include "config.h"
#include "text.h"

/* a field of another type does not compile */
#define FIELD(f, selected) \
	offsetof(struct config, f) + 0 * sizeof(char[(selected)])
#define FLAG(f) FIELD(f, _Generic(((struct config *)0)->f, bool : 1))
#define NUMBER(f) FIELD(f, _Generic(((struct config *)0)->f, uint32_t : 1))
#define TEXT(f) FIELD(f, _Generic(((struct config *)0)->f, char * : 1))

#define BOOL(f) .type = OPT_BOOL, .field = FLAG(f)
#define INT(f, most) .type = OPT_INT, .field = NUMBER(f), .max = (most)
#define STRING(f) .type = OPT_STRING, .field = TEXT(f)
#define TEMPLATE(f) .type = OPT_TEMPLATE, .field = TEXT(f)
#define MNEMONIC(f, list) \
	.type = OPT_MNEMONIC, .field = NUMBER(f), .names = (list)

#define ADMIN (IN_CLI | IN_FILE)
#define NOT_HOME (IN_CLI | IN_FILE | IN_SPOOL)
#define ANY (IN_CLI | IN_FILE | IN_SPOOL | IN_HOME)

static const struct opt_name chunky[] = {
	{ "default", CHUNKY_ALWAYS, -1 },
	{ "always", CHUNKY_ALWAYS, -1 },
	{ "never", CHUNKY_NEVER, -1 },
	{ "tls", CHUNKY_TLS, -1 },
	{ "ssl", CHUNKY_TLS, -1 },
	{ "ss", CHUNKY_TLS, -1 }, /* a misprint in Qpopper's guide */
	{ NULL, 0, 0 },
};
static const struct opt_name clear_text[] = {
	{ "default", CLEAR_DEFAULT, 0 },
	{ "never", CLEAR_NEVER, 1 },
	{ "always", CLEAR_ALWAYS, 2 },
	{ "local", CLEAR_LOCAL, 3 },
	{ "tls", CLEAR_TLS, 4 },
	{ "ssl", CLEAR_TLS, 4 },
	{ NULL, 0, 0 },
};
static const struct opt_name facilities[] = {
	{ "mail", LOG_MAIL, -1 },
	{ "local0", LOG_LOCAL0, -1 },
	{ "local1", LOG_LOCAL1, -1 },
	{ "local2", LOG_LOCAL2, -1 },
	{ "local3", LOG_LOCAL3, -1 },
	{ "local4", LOG_LOCAL4, -1 },
	{ "local5", LOG_LOCAL5, -1 },
	{ "local6", LOG_LOCAL6, -1 },
	{ "local7", LOG_LOCAL7, -1 },
	{ NULL, 0, 0 },
};
static const struct opt_name tls_client_name[] = {
	{ "none", TLS_NAME_NONE, -1 },
	{ "cn", TLS_NAME_CN, -1 },
	{ "email", TLS_NAME_EMAIL, -1 },
	{ NULL, 0, 0 },
};
static const struct opt_name tls_support[] = {
	{ "default", TLS_DEFAULT, 0 },
	{ "none", TLS_NONE, -1 },
	{ "stls", TLS_STLS, 1 },
	{ "alternate-port", TLS_ALTERNATE, 2 },
	{ NULL, 0, 0 },
};
static const struct opt_name tls_version[] = {
	{ "default", TLS_1_2, -1 },
	{ "all", TLS_1_2, -1 },
	{ "SSLv23", TLS_1_2, -1 },
	{ "TLSv1.2", TLS_1_2, -1 },
	{ "TLSv1.1", TLS_1_1, -1 },
	{ "TLSv1", TLS_1_0, -1 },
	{ "SSLv3", NOT_SET, -1 }, /* RFC 7568 */
	{ "SSLv2", NOT_SET, -1 }, /* RFC 6176 */
	{ NULL, 0, 0 },
};

/* what is not in this version, and what to do then */
#define LATER(what, instead) \
	what " in this version: remove the option; " instead
#define BULLETINS LATER("there are no bulletins", "mail to all users, instead")
#define KERBEROS \
	LATER("there is no Kerberos", \
	    "PAM can ask it for passwords, " \
	    "see poppam(8)")
#define DRAC \
	LATER("there is no notice to a DRAC host", \
	    "have clients send with SMTP AUTH")
#define XMIT LATER("there is no XTND XMIT", "clients send by SMTP")

#define LOG_LOGIN "(v%0) POP login by user \"%1\" at (%2) %3"

/* clang-format off */
const struct opt optab[] = {
	{ .name = "allow-low-uids", .letter = 'a', BOOL(allow_low_uids),
	    .where = ADMIN, .help = "users with any uid but 0 may log in" },
	{ .name = "announce-expire", .type = OPT_EXPIRE,
	    .field = NUMBER(announce_expire), .def = "never",
	    .max = 99999, .where = ANY,
	    .help = "days, or never: EXPIRE in the reply to CAPA" },
	{ .name = "announce-login-delay", INT(announce_login_delay, 99999999),
	    .def = "0", .where = ANY,
	    .help = "seconds: LOGIN-DELAY in the reply to CAPA, 0 for none" },
	{ .name = "any-kerberos-principal", BOOL(any_kerberos_principal),
	    .where = ADMIN, .missing = KERBEROS,
	    .help = "any principal of Kerberos may be any user" },
	{ .name = "auth-file", STRING(auth_file), .where = ADMIN,
	    .flags = OPT_PATH, .help = "only users in this list may log in" },
	{ .name = "auto-delete", BOOL(auto_delete), .where = ANY,
	    .help = "delete what was retrieved" },
	{ .name = "block-uid", INT(block_uid, 65535), .def = "10",
	    .where = ADMIN,
	    .help = "users with this uid, or one below, may not log in" },
	{ .name = "bulldb", STRING(bulldb), .where = ADMIN, .flags = OPT_PATH,
	    .missing = BULLETINS, .help = "folder of the bulletin database" },
	{ .name = "bulldb-max-tries", .other = "bulldb-max-retries",
	    .third = "bulldb-max-retires", INT(bulldb_max_tries, 1000),
	    .def = "75", .where = NOT_HOME, .missing = BULLETINS,
	    .help = "tries to lock the bulletin database" },
	{ .name = "bulldb-nonfatal", .letter = 'B', BOOL(bulldb_nonfatal),
	    .where = ANY, .missing = BULLETINS,
	    .help = "go on without the bulletin database" },
	{ .name = "bulldir", .letter = 'b', STRING(bulldir), .where = NOT_HOME,
	    .missing = BULLETINS, .help = "folder of bulletins" },
	{ .name = "cache-dir", STRING(cache_dir), .where = ADMIN,
	    .flags = OPT_PATH, .help = "folder of cache files" },
	{ .name = "cache-name", TEMPLATE(cache_name), .def = ".%s.cache",
	    .where = ADMIN,
	    .help = "name of a cache file, %s is the user" },
	{ .name = "cdb-dir", STRING(cdb_dir), .def = POPPER_CDB,
	    .where = ADMIN, .flags = OPT_PATH, .help = "folder of secrets.cdb and users.cdb" },
	{ .name = "check-hash-dir", .other = "check-hash-spool",
	    BOOL(check_hash_dir), .def = "true", .where = ADMIN,
	    .help = "make missing folders of a hashed spool" },
	{ .name = "check-old-spool-loc", BOOL(check_old_spool_loc),
	    .def = "true", .where = ADMIN,
	    .help = "look for a left-over drop in its old place" },
	{ .name = "check-password-expired", BOOL(check_password_expired),
	    .def = "true", .where = ADMIN,
	    .help = "refuse users whose password has expired" },
	{ .name = "check-shell", BOOL(check_shell), .where = ADMIN,
	    .help = "refuse users whose shell is not in /etc/shells" },
	{ .name = "checkpassword", STRING(checkpassword), .where = ADMIN,
	    .flags = OPT_PATH,
	    .help = "program, and its arguments, that checks passwords" },
	{ .name = "chunky-writes", MNEMONIC(chunky_writes, chunky),
	    .def = "default", .where = ANY,
	    .help = "when replies are gathered in large blocks" },
	{ .name = "clear-text-password", .letter = 'p',
	    MNEMONIC(clear_text_password, clear_text), .def = "default",
	    .where = ADMIN, .help = "when USER and PASS are accepted" },
	{ .name = "config-file", .letter = 'f', .type = OPT_FILE,
	    .field = TEXT(config_file), .where = NOT_HOME,
	    .help = "read options from this file, too" },
	{ .name = "content-length", BOOL(content_length), .where = ADMIN,
	    .help = "Content-Length tells where a message ends" },
	{ .name = "debug", .letter = 'd', BOOL(debug), .where = NOT_HOME,
	    .help = "log what happens in detail" },
	{ .name = "downcase-user", .letter = 'c', BOOL(downcase_user),
	    .where = ADMIN, .help = "user names to lower case" },
	{ .name = "drac-host", .letter = 'D', STRING(drac_host),
	    .where = NOT_HOME, .missing = DRAC,
	    .help = "host to tell of log-ins" },
	{ .name = "empty-dir", STRING(empty_dir), .def = POPPER_EMPTY,
	    .where = ADMIN,
	    .flags = OPT_PATH, .help = "empty folder that is the root before log-in" },
	{ .name = "fast-update", .letter = 'F', BOOL(fast_update),
	    .where = ANY, .help = "update by rename" },
	{ .name = "front-user", STRING(front_user), .where = ADMIN,
	    .help = "account before log-in; else a number of its own" },
	{ .name = "group-bulletins", BOOL(group_bulletins), .where = ADMIN,
	    .missing = BULLETINS, .help = "bulletins for groups" },
	{ .name = "group-no-server-mode", STRING(group_no_server_mode),
	    .where = ADMIN,
	    .help = "group that is served without server mode" },
	{ .name = "group-server-mode", .other = "group-sever-mode",
	    STRING(group_server_mode), .where = ADMIN,
	    .help = "group that is served in server mode" },
	{ .name = "hash-spool", INT(hash_spool, 2), .def = "0", .where = ADMIN,
	    .help = "method of hashing spool folders" },
	{ .name = "home-dir-mail", STRING(home_dir_mail), .implied = ".mail",
	    .where = ADMIN, .flags = OPT_BELOW,
	    .help = "name of the spool in the home folder" },
	{ .name = "home-dir-misc", BOOL(home_dir_misc), .where = ADMIN,
	    .help = "helper files in the home folder" },
	{ .name = "keep-temp-drop", BOOL(keep_temp_drop), .where = ANY,
	    .help = "keep the temporary drop" },
	{ .name = "kerberos", .letter = 'k', BOOL(kerberos), .where = ADMIN,
	    .missing = KERBEROS, .help = "Kerberos authentication" },
	{ .name = "kerberos-service", .letter = 'K', STRING(kerberos_service),
	    .def = "rcmd", .where = ADMIN, .missing = KERBEROS,
	    .help = "Kerberos service name" },
	{ .name = "ksockinst", BOOL(ksockinst), .where = ADMIN,
	    .missing = KERBEROS,
	    .help = "Kerberos instance by the local address" },
	{ .name = "kuserok", BOOL(kuserok), .where = ADMIN,
	    .missing = KERBEROS, .help = "Kerberos users by their .k5login" },
	{ .name = "log-facility", .letter = 'y', .type = OPT_FACILITY,
	    .field = NUMBER(log_facility), .names = facilities,
	    .def = "mail", .where = ADMIN,
	    .help = "facility, where the log goes to syslog" },
	{ .name = "log-login", STRING(log_login), .implied = LOG_LOGIN,
	    .where = ADMIN,
	    .help = "line for a log-in: %0 version %1 user %2 host %3 IP" },
	{ .name = "mail-command", STRING(mail_command),
	    .def = "/usr/sbin/sendmail", .where = ADMIN, .missing = XMIT,
	    .help = "program that XTND XMIT gives mail to" },
	{ .name = "mail-lock-check", .letter = 'L',
	    INT(mail_lock_check, 1000000), .def = "500", .where = ANY,
	    .help = "look at the mail lock every so many messages" },
	{ .name = "max-bulletins", INT(max_bulletins, 1000000), .def = "1",
	    .where = ANY, .missing = BULLETINS,
	    .help = "bulletins for a new user" },
	{ .name = "no-atomic-open", BOOL(no_atomic_open), .where = ADMIN,
	    .help = "only the link count tells of a lock" },
	{ .name = "nonauth-file", STRING(nonauth_file), .where = ADMIN,
	    .flags = OPT_PATH, .help = "users in this list may not log in" },
	{ .name = "old-style-uid", BOOL(old_style_uid), .where = NOT_HOME,
	    .help = "unique-ids of 32 digits" },
	{ .name = "popbulldir", STRING(popbulldir), .where = ADMIN,
	    .flags = OPT_PATH, .missing = BULLETINS,
	    .help = "folder of what users have seen of the bulletins" },
	{ .name = "program-dir", STRING(program_dir), .def = POPPER_LIBEXEC,
	    .where = ADMIN, .flags = OPT_PATH,
	    .help = "folder of popid and other helpers" },
	{ .name = "reverse-lookup", .other = "reverse-lookups", .letter = 'R',
	    BOOL(reverse_lookup), .def = "true", .where = ADMIN,
	    .flags = OPT_NEGATED,
	    .help = "log the client's name from TCPREMOTEHOST" },
	{ .name = "sasl-mechanisms", STRING(sasl_mechanisms),
	    .def = "EXTERNAL SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN", .where = ADMIN,
	    .help = "mechanisms of AUTH that clients can use" },
	{ .name = "server-mode", .letter = 'S', BOOL(server_mode),
	    .where = ANY,
	    .help = "scan the spool in place" },
	{ .name = "shy", BOOL(shy), .where = ADMIN,
	    .help = "no name and version before log-in" },
	{ .name = "spool-dir", STRING(spool_dir), .def = "/var/mail",
	    .where = ADMIN, .flags = OPT_PATH, .help = "folder of the spools" },
	{ .name = "spool-options", .letter = 'U', BOOL(spool_options),
	    .where = ADMIN,
	    .help = "read .USER.qpopper-options in the spool folder" },
	{ .name = "statistics", .letter = 's', BOOL(statistics), .where = ANY,
	    .help = "log a line of numbers for each session" },
	{ .name = "temp-dir", STRING(temp_dir), .where = ADMIN,
	    .flags = OPT_PATH, .help = "folder of temporary drops" },
	{ .name = "temp-name", TEMPLATE(temp_name), .def = ".%s.pop",
	    .where = ADMIN,
	    .help = "name of the temporary drop, %s is the user" },
	{ .name = "timeout", .letter = 'T', INT(timeout, 86400), .def = "120",
	    .min = 1, .home_max = 1800, .where = ANY,
	    .help = "seconds that a client may be silent" },
	{ .name = "timing", BOOL(timing), .where = ANY,
	    .help = "log how long log-in, opening and update took" },
	{ .name = "tls-cipher-list", STRING(tls_cipher_list), .where = ADMIN,
	    .help = "cipher suites, the best one first" },
	{ .name = "tls-client-ca-file", STRING(tls_client_ca_file),
	    .where = ADMIN, .flags = OPT_PATH,
	    .help = "who signs clients' certificates" },
	{ .name = "tls-client-name",
	    MNEMONIC(tls_client_name, tls_client_name), .def = "none",
	    .where = ADMIN,
	    .help = "what of a client's certificate is a user's name" },
	{ .name = "tls-client-required", BOOL(tls_client_required),
	    .where = ADMIN, .help = "no TLS without a client's certificate" },
	{ .name = "tls-identity-file", STRING(tls_identity_file),
	    .where = ADMIN, .flags = OPT_PATH,
	    .help = "certificate and key in one file" },
	{ .name = "tls-names-dir", STRING(tls_names_dir), .where = ADMIN,
	    .flags = OPT_PATH, .help = "certificates by the name asked for" },
	{ .name = "tls-options", INT(tls_options, UINT32_MAX), .def = "0",
	    .where = ADMIN, .flags = OPT_VOID,
	    .help = "of OpenSSL, without meaning here" },
	{ .name = "tls-passphrase", STRING(tls_passphrase), .where = ADMIN,
	    .help = "pass phrase of the key, for tls-unlock" },
	{ .name = "tls-private-key-file", STRING(tls_private_key_file),
	    .where = ADMIN, .flags = OPT_PATH,
	    .help = "key, if not with the certificate" },
	{ .name = "tls-server-cert-file", STRING(tls_server_cert_file),
	    .where = ADMIN, .flags = OPT_PATH,
	    .help = "certificate, and those that signed it" },
	{ .name = "tls-support", .letter = 'l',
	    MNEMONIC(tls_support, tls_support), .def = "default",
	    .where = ADMIN, .help = "TLS: none, by STLS, or from the start" },
	{ .name = "tls-version", MNEMONIC(tls_version, tls_version),
	    .def = "default", .where = ADMIN, .help = "the least version" },
	{ .name = "tls-workarounds", BOOL(tls_workarounds), .where = ADMIN,
	    .flags = OPT_VOID, .help = "of OpenSSL, without meaning here" },
	{ .name = "trace-message-bodies", BOOL(trace_message_bodies),
	    .where = ADMIN,
	    .help = "with debug: log what RETR and TOP send" },
	{ .name = "tracefile", .letter = 't', STRING(tracefile),
	    .where = NOT_HOME, .help = "append the log to this file" },
	{ .name = "trim-domain", .letter = 'C', BOOL(trim_domain),
	    .where = ADMIN, .help = "cut user names at the first @" },
	{ .name = "update-on-abort", BOOL(update_on_abort), .def = "true",
	    .where = ANY,
	    .help = "deletions count also if the client just goes away" },
	{ .name = "update-status-headers", BOOL(update_status_headers),
	    .def = "true", .where = ANY,
	    .help = "write Status and X-UIDL into the spool" },
	{ .name = "user-options", .letter = 'u', BOOL(user_options),
	    .where = ADMIN,
	    .help = "read .qpopper-options in the home folder" },
	{ .name = "uw-kluge", .other = "uw-kludge", BOOL(uw_kluge),
	    .where = ANY,
	    .help = "hide the status message of UW IMAP" },
	{ .name = "xtnd-xmit", .letter = 'x', BOOL(xtnd_xmit), .def = "true",
	    .where = ADMIN, .flags = OPT_NEGATED, .missing = XMIT,
	    .help = "mail can be sent by XTND XMIT" },
};
/* clang-format on */

const size_t optab_count = sizeof optab / sizeof optab[0];
_Static_assert(sizeof optab / sizeof optab[0] <= CONFIG_OPTIONS,
    "each option has its origin");

const struct opt *
opt_find(const char *name)
{
	size_t i;

	for (i = 0; i < optab_count; i++) {
		const struct opt *o = &optab[i];

		if (text_equal(o->name, name) ||
		    (o->other != NULL && text_equal(o->other, name)) ||
		    (o->third != NULL && text_equal(o->third, name)))
			return o;
	}
	return NULL;
}

const struct opt *
opt_letter(char letter)
{
	size_t i;

	for (i = 0; i < optab_count; i++) {
		if (optab[i].letter == letter)
			return &optab[i];
	}
	return NULL;
}
