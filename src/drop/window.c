/* SPDX-License-Identifier: MIT */
/* runs as: the user */
#include <errno.h>
#include <sys/mman.h>

#include "fileio.h"
#include "window.h"

/* Not by malloc: what is given back is gone from the process. */
static int
get_memory(struct window *w)
{
	void *p;

	if (w->mem != NULL)
		return 0;
	p = mmap(NULL, WINDOW_OCTETS, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -1;
	w->mem = p;
	return 0;
}

const char *
window_read(struct window *w, int fd, uint64_t at, uint64_t ahead, size_t *n)
{
	size_t want = WINDOW_OCTETS;
	ssize_t r;

	w->n = 0;
	if (get_memory(w) == -1)
		return NULL;
	if (ahead - at < want)
		want = (size_t)(ahead - at);
	r = file_read(fd, w->mem, want, at);
	if (r <= 0) {
		if (r == 0)
			errno = 0;
		return NULL;
	}
	w->fd = fd;
	w->at = at;
	w->n = *n = (size_t)r;
	return w->mem;
}

bool
window_holds(const struct window *w, int fd, uint64_t at, uint64_t end)
{
	return fd == w->fd && at >= w->at && end <= w->at + w->n;
}

const char *
window_look(struct window *w, int fd, uint64_t at, uint64_t ahead, size_t *n)
{
	if (!window_holds(w, fd, at, at + 1))
		return window_read(w, fd, at, ahead, n);
	*n = w->n - (size_t)(at - w->at);
	return w->mem + (at - w->at);
}

void
window_forget(struct window *w)
{
	if (w->mem != NULL)
		munmap(w->mem, WINDOW_OCTETS);
	w->mem = NULL;
	w->n = 0;
}
