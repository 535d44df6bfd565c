/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_VERSION_H
#define _NFLUA_VERSION_H

/* dkms.conf says the same; a selftest compares them. */
#define NFLUA_VERSION	"0.1.0"

#endif /* _NFLUA_VERSION_H */
