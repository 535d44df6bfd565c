/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LUA_LIMITS_H
#define _LUA_LIMITS_H

#include <linux/limits.h>
#include <linux/kernel.h>

/* the kernel's are casts, which the preprocessor can't calculate with */
#undef CHAR_BIT
#undef UCHAR_MAX
#undef INT_MAX
#undef INT_MIN
#undef UINT_MAX
#undef LONG_MAX
#undef ULONG_MAX
#undef LLONG_MAX

#define CHAR_BIT	8
#define UCHAR_MAX	255
#define INT_MAX		2147483647
#define INT_MIN		(-INT_MAX - 1)
#define UINT_MAX	4294967295U
#define LONG_MAX	9223372036854775807L
#define ULONG_MAX	18446744073709551615UL
#define LLONG_MAX	9223372036854775807LL

#endif
