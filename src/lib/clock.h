/* SPDX-License-Identifier: MIT */
#ifndef POPPER_CLOCK_H
#define POPPER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Milliseconds of CLOCK_MONOTONIC: what every deadline here is made of. */
int64_t clock_ms(void);

/* Time left till a deadline, for poll(2): 0 when it is over. */
int clock_left(int64_t deadline);

/* Waits, whatever signals come, until the deadline. */
void clock_wait(int64_t deadline);

/* Is a later than b?  For times of files. */
bool clock_later(const struct timespec *a, const struct timespec *b);

#endif
