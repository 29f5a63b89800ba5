/* SPDX-License-Identifier: MIT */
#ifndef POPPER_MUSL_CDEFS_H
#define POPPER_MUSL_CDEFS_H

/* What crypt.h of libxcrypt wants of it; musl has none. */
#define __BEGIN_DECLS
#define __END_DECLS
#define __THROW
#define __nonnull(x)

#endif
