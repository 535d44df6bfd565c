/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own <linux/unaligned.h>, from 6.12, is found before this one;
 * until then the same is in <asm/unaligned.h>.
 */
#include <asm/unaligned.h>
