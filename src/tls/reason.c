/* SPDX-License-Identifier: MIT */
/* runs as: poptls's engine */
#include <bearssl.h>
#include <stdio.h>

#include "reason.h"

static const struct {
	int error;
	const char *text;
} reasons[] = {
	{ BR_ERR_UNSUPPORTED_VERSION,
	    "the client has no version of TLS that "
	    "is allowed here" },
	{ BR_ERR_BAD_VERSION, "a record of another version" },
	{ BR_ERR_BAD_LENGTH, "a record of an impossible length" },
	{ BR_ERR_TOO_LARGE, "a record that is too long" },
	{ BR_ERR_BAD_MAC, "a record that was changed on its way" },
	{ BR_ERR_UNKNOWN_TYPE, "this is not TLS" },
	{ BR_ERR_UNEXPECTED, "a message out of order" },
	{ BR_ERR_BAD_CCS, "a bad ChangeCipherSpec" },
	{ BR_ERR_BAD_ALERT, "a bad alert" },
	{ BR_ERR_BAD_HANDSHAKE,
	    "a bad message, or nothing in common: suites, "
	    "curves, kinds of signature" },
	{ BR_ERR_OVERSIZED_ID, "a session's id that is too long" },
	{ BR_ERR_BAD_CIPHER_SUITE, "no cipher suite in common" },
	{ BR_ERR_BAD_COMPRESSION, "the client insists on compression" },
	{ BR_ERR_BAD_FRAGLEN, "a bad length of fragments" },
	{ BR_ERR_BAD_SECRENEG, "a bad renegotiation" },
	{ BR_ERR_BAD_SNI, "a bad server name" },
	{ BR_ERR_LIMIT_EXCEEDED, "a message that is too long" },
	{ BR_ERR_BAD_FINISHED, "the two sides do not agree on what was said" },
	{ BR_ERR_INVALID_ALGORITHM, "an algorithm that is not supported" },
	{ BR_ERR_BAD_SIGNATURE, "a bad signature" },
	{ BR_ERR_WRONG_KEY_USAGE, "the client's certificate is not for this" },
	{ BR_ERR_NO_CLIENT_AUTH, "the client has no certificate" },
	{ BR_ERR_X509_EXPIRED,
	    "the client's certificate has expired, or is "
	    "not valid yet" },
	{ BR_ERR_X509_NOT_TRUSTED,
	    "the client's certificate is of no CA that "
	    "is known here" },
	{ BR_ERR_X509_BAD_SIGNATURE,
	    "the client's certificate has a bad "
	    "signature" },
	{ BR_ERR_X509_NOT_CA,
	    "the client's certificate was signed by one that "
	    "is no CA's" },
	{ BR_ERR_X509_WEAK_PUBLIC_KEY, "the client's key is too short" },
	{ BR_ERR_X509_EMPTY_CHAIN, "the client has no certificate" },
	{ BR_ERR_X509_FORBIDDEN_KEY_USAGE,
	    "the client's certificate is not "
	    "for clients" },
};

/* RFC 5246 section 7.2 */
static const struct {
	int alert;
	const char *text;
} alerts[] = {
	{ 40, "handshake failure" },
	{ 42, "bad certificate" },
	{ 43, "unsupported certificate" },
	{ 44, "certificate revoked" },
	{ 45, "certificate expired" },
	{ 46, "certificate unknown" },
	{ 47, "illegal parameter" },
	{ 48, "unknown CA" },
	{ 49, "access denied" },
	{ 50, "decode error" },
	{ 51, "decrypt error" },
	{ 70, "protocol version" },
	{ 71, "insufficient security" },
	{ 80, "internal error" },
	{ 90, "cancelled by the user" },
};

static const char *
alert_text(int alert)
{
	size_t i;

	for (i = 0; i < sizeof alerts / sizeof alerts[0]; i++) {
		if (alerts[i].alert == alert)
			return alerts[i].text;
	}
	return "see RFC 5246";
}

/* Of those that BearSSL sends by itself. */
static const char *
sent_text(int alert)
{
	switch (alert) {
	case 40:
		return "no version, suite, curve or kind of signature in "
		       "common";
	case 70:
		return "the client's version of TLS is too old";
	default:
		return alert_text(alert);
	}
}

char *
reason_text(char *dst, size_t n, int error)
{
	size_t i;

	if (error >= BR_ERR_SEND_FATAL_ALERT) {
		int alert = error - BR_ERR_SEND_FATAL_ALERT;

		snprintf(dst, n, "refused with alert %d (%s)", alert,
		    sent_text(alert));
		return dst;
	}
	if (error >= BR_ERR_RECV_FATAL_ALERT) {
		int alert = error - BR_ERR_RECV_FATAL_ALERT;

		snprintf(dst, n, "the client refused with alert %d (%s)", alert,
		    alert_text(alert));
		return dst;
	}
	for (i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		if (reasons[i].error == error) {
			snprintf(dst, n, "%s", reasons[i].text);
			return dst;
		}
	}
	snprintf(dst, n, "error %d of BearSSL", error);
	return dst;
}
