/* SPDX-License-Identifier: GPL-2.0-only */
/* Lua includes <locale.h>; nothing of it is used in the kernel. */
