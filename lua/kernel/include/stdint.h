/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/types.h>

#ifndef UINTPTR_MAX
#define UINTPTR_MAX	ULONG_MAX
#endif
