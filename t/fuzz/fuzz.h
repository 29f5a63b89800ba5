/* SPDX-License-Identifier: MIT */
#ifndef POPPER_FUZZ_H
#define POPPER_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#endif
