/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_XTABLES_ALIAS_H
#define _NFLUA_XTABLES_ALIAS_H

struct declaration;

void alias_register(const struct declaration *d);

#endif /* _NFLUA_XTABLES_ALIAS_H */
