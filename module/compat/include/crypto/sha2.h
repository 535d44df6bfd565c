/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own <crypto/sha2.h>, from 5.11, is found before this one; until
 * then sha256() is in <crypto/sha.h>.
 */
#include <crypto/sha.h>
