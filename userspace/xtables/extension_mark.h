/* SPDX-License-Identifier: GPL-2.0-only */
/* What tells the object of user-defined extensions from others in iptables' directory. */
#ifndef _NFLUA_XTABLES_EXTENSION_MARK_H
#define _NFLUA_XTABLES_EXTENSION_MARK_H

#define EXTENSION_MARK	"nflua: iptables extension declared in Lua"

#endif /* _NFLUA_XTABLES_EXTENSION_MARK_H */
