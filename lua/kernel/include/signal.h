/* SPDX-License-Identifier: GPL-2.0-only */
/* Lua includes <signal.h>; nothing of it is used in the kernel. */
