/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_COMPAT_LINUX_HEX_H
#define _NFLUA_COMPAT_LINUX_HEX_H

/* What it declares was in linux/kernel.h before 6.4. */
#if __has_include_next(<linux/hex.h>)
#include_next <linux/hex.h>
#else
#include <linux/kernel.h>
#endif

#endif /* _NFLUA_COMPAT_LINUX_HEX_H */
