/* SPDX-License-Identifier: GPL-2.0-only */
/* Lua includes <float.h>; nothing of it is used in the kernel. */
