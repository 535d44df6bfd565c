/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_COMPAT_CRYPTO_SHA2_H
#define _NFLUA_COMPAT_CRYPTO_SHA2_H

/* It was crypto/sha.h before 5.11. */
#if __has_include_next(<crypto/sha2.h>)
#include_next <crypto/sha2.h>
#else
#include <crypto/sha.h>
#endif

#endif /* _NFLUA_COMPAT_CRYPTO_SHA2_H */
