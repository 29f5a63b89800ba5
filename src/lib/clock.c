/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <poll.h>
#include <stddef.h>

#include "clock.h"

int64_t
clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int
clock_left(int64_t deadline)
{
	int64_t left = deadline - clock_ms();

	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

void
clock_wait(int64_t deadline)
{
	int left;

	while ((left = clock_left(deadline)) > 0)
		poll(NULL, 0, left);
}

bool
clock_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec ? a->tv_nsec > b->tv_nsec
				      : a->tv_sec > b->tv_sec;
}
