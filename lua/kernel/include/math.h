/* SPDX-License-Identifier: GPL-2.0-only */
/* Lua includes <math.h>; nothing of it is used in the kernel. */
