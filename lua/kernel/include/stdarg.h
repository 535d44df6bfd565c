/* SPDX-License-Identifier: GPL-2.0-only */
/* the kernel has its own since 5.15 */
#if __has_include(<linux/stdarg.h>)
#include <linux/stdarg.h>
#else
#include_next <stdarg.h>
#endif
