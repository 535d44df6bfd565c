/* SPDX-License-Identifier: GPL-2.0-only */
/* Lua includes <time.h>; nothing of it is used in the kernel. */
