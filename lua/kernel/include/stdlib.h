/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/bug.h>

/* an error outside of any protected call: a bug of the embedder */
#define abort()		BUG()
