/* SPDX-License-Identifier: MIT */
#ifndef POPPER_NUM_H
#define POPPER_NUM_H

#include <stdint.h>

/*
 * Strict decimal: digits only, no sign, no blank, nothing behind them, in
 * range.  Returns 0, or -1 and leaves *v alone.
 */
int num_u32(const char *s, uint32_t *v);
int num_u64(const char *s, uint64_t *v);

/*
 * An integer of a configuration file: decimal, 0x hexadecimal or 0 octal,
 * at most max (qpopper.conf(5)).
 */
int num_conf(const char *s, uint32_t max, uint32_t *v);

/* The value of a hexadecimal digit of either case, or -1. */
int num_hexdigit(char c);

#endif
