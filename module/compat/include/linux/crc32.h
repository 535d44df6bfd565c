/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_COMPAT_LINUX_CRC32_H
#define _NFLUA_COMPAT_LINUX_CRC32_H

#include <linux/version.h>
#include_next <linux/crc32.h>

/* Before 6.15 crc32c() was in a module of its own, and this one built in. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
#define crc32c(crc, data, len)	__crc32c_le(crc, data, len)
#endif

#endif /* _NFLUA_COMPAT_LINUX_CRC32_H */
