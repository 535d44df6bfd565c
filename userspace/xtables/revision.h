/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_XTABLES_REVISION_H
#define _NFLUA_XTABLES_REVISION_H

/* What the kernel says of a revision; REVISION_UNKNOWN: nobody is there to ask. */
enum revision { REVISION_UNKNOWN, REVISION_MISSING, REVISION_THERE };

enum revision revision_ask(const char *name, unsigned int revision, int target);

#endif /* _NFLUA_XTABLES_REVISION_H */
