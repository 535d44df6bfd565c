/* SPDX-License-Identifier: GPL-2.0-only */
/* Lua includes <stdio.h>; nothing of it is used in the kernel. */
