/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_COMPAT_CRYPTO_SHA2_H
#define _NFLUA_COMPAT_CRYPTO_SHA2_H

#include <linux/version.h>

/* It was crypto/sha.h before 5.11. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#include <crypto/sha.h>
#else
#include_next <crypto/sha2.h>
#endif

#endif /* _NFLUA_COMPAT_CRYPTO_SHA2_H */
