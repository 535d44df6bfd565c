/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_COMPAT_LINUX_UNALIGNED_H
#define _NFLUA_COMPAT_LINUX_UNALIGNED_H

/* It was asm/unaligned.h before 6.12. */
#if __has_include_next(<linux/unaligned.h>)
#include_next <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#endif /* _NFLUA_COMPAT_LINUX_UNALIGNED_H */
