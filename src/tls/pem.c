/* SPDX-License-Identifier: MIT */
/* runs as: root (poptls: the engine, until it is confined) */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base64.h"
#include "fileio.h"
#include "pem.h"
#include "safefile.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

static int
judge(const struct pem *p, struct err *e)
{
	if (p->size == 0)
		return err_set(e, ERR_PERM,
		    "%.200s: it is empty: put a certificate or a key in, in "
		    "PEM",
		    p->path);
	if (p->text[0] == 0x30)
		return err_set(e, ERR_PERM,
		    "%.200s: it is DER or PKCS#12, not PEM: convert it with "
		    "openssl x509, pkey or pkcs12",
		    p->path);
	if (memchr(p->text, '\0', p->size) != NULL)
		return err_set(e, ERR_PERM,
		    "%.200s: it is no text, and so not PEM: convert it",
		    p->path);
	return 0;
}

static int
fill(struct pem *p, int fd, struct err *e)
{
	ssize_t n = file_read(fd, p->text, p->size, 0);

	if (n == -1)
		return err_sys(e, ERR_PERM, "Unable to read", p->path);
	p->size = (size_t)n;
	p->text[n] = '\0';
	return judge(p, e);
}

int
pem_open(struct pem *p, const char *path, size_t max, struct err *e)
{
	int rc = -1;
	int fd;

	*p = (struct pem){ .path = path, .line = 1 };
	fd = safefile_open_admin(path, e);
	if (fd == -1)
		return -1;
	if (fstat(fd, &p->st) == -1) {
		err_sys(e, ERR_PERM, "Unable to look at", path);
	} else if ((unsigned long long)p->st.st_size > max) {
		err_set(e, ERR_PERM,
		    "%.200s: it has more than %zu octets: it is no file of "
		    "certificates and keys, or has too many",
		    path, max);
	} else if ((p->text = malloc((size_t)p->st.st_size + 1)) == NULL) {
		err_sys(e, ERR_TEMP, "Unable to read", path);
	} else {
		p->at = p->text;
		p->size = (size_t)p->st.st_size;
		rc = fill(p, fd, e);
		if (rc == -1)
			pem_close(p);
	}
	close(fd);
	return rc;
}

/* The next line, without what is blank at its end; false: there is none. */
static bool
next_line(struct pem *p, char **line, size_t *n)
{
	char *lf;

	if (*p->at == '\0')
		return false;
	*line = p->at;
	lf = strchr(p->at, '\n');
	if (lf != NULL) {
		*n = (size_t)(lf - p->at);
		p->at = lf + 1;
	} else {
		*n = strlen(p->at);
		p->at += *n;
	}
	p->line++;
	while (*n > 0 && strchr(" \t\r", (*line)[*n - 1]) != NULL)
		(*n)--;
	return true;
}

/* True if the line is a boundary; then label is its string. */
static bool
boundary(char *line, size_t n, const char *word, const char **label)
{
	size_t w = strlen(word);
	size_t d = strlen(DASHES);

	if (n < w + d || strncmp(line, word, w) != 0 ||
	    strncmp(line + n - d, DASHES, d) != 0)
		return false;
	line[n - d] = '\0';
	*label = line + w;
	return true;
}

static int
damaged(const struct pem *p, const char *label, size_t line, const char *why,
    struct err *e)
{
	return err_set(e, ERR_PERM,
	    "%.200s: the %.60s that begins in line %zu %s: the file was cut or "
	    "changed, take it from where it came from once more",
	    p->path, label, line, why);
}

/*
 * The header of the encryption of old: lines with a colon, and an empty one.
 * True if the line belongs to it.
 */
static bool
header(struct pem_object *o, const char *line, size_t n, bool *in_header)
{
	static const char proc[] = "Proc-Type: 4,ENCRYPTED";

	if (memchr(line, ':', n) != NULL) {
		*in_header = true;
		if (n >= sizeof proc - 1 &&
		    strncmp(line, proc, sizeof proc - 1) == 0)
			o->encrypted = true;
		return true;
	}
	/* a field can go on in the next line */
	if (n == 0)
		*in_header = false;
	return *in_header;
}

/* The lines up to END, put together in the place of the first one. */
static int
collect(struct pem *p, struct pem_object *o, char **text, struct err *e)
{
	size_t from = p->line - 1;
	bool in_header = false;
	const char *label;
	char *to = p->at;
	char *line;
	size_t n;

	*text = p->at;
	for (;;) {
		if (!next_line(p, &line, &n))
			return damaged(p, o->label, from, "has no END", e);
		if (boundary(line, n, END, &label))
			break;
		if (boundary(line, n, BEGIN, &label))
			return damaged(p, o->label, from, "has no END", e);
		if (to == *text && header(o, line, n, &in_header))
			continue;
		memmove(to, line, n);
		to += n;
	}
	if (strcmp(label, o->label) != 0)
		return damaged(p, o->label, from, "has the END of another", e);
	*to = '\0';
	return 0;
}

int
pem_next(struct pem *p, struct pem_object *o, struct err *e)
{
	char *line;
	char *text;
	size_t from;
	size_t n;
	int len;

	*o = (struct pem_object){ 0 };
	do {
		if (!next_line(p, &line, &n))
			return 0;
	} while (!boundary(line, n, BEGIN, &o->label));
	from = p->line - 1;
	if (collect(p, o, &text, e) == -1)
		return -1;
	if (o->encrypted)
		return 1;
	len = base64_decode(text, strlen(text) + 1, text);
	if (len <= 0)
		return damaged(p, o->label, from, "is not base64", e);
	o->data = (unsigned char *)text;
	o->len = (size_t)len;
	return 1;
}

void
pem_close(struct pem *p)
{
	if (p->text != NULL)
		explicit_bzero(p->text, (size_t)p->st.st_size);
	free(p->text);
	p->text = NULL;
}
