/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_GENL_H
#define _NFLUA_GENL_H

#include <linux/types.h>
#include <net/genetlink.h>

/* in the order of the family's table */
enum nflua_group {
	NFLUA_GROUP_EVENTS,
	NFLUA_GROUP_LOG,
	NFLUA_GROUP_ERRORS,
};

extern struct genl_family nflua_genl_family;

int nflua_genl_init(void);
void nflua_genl_exit(void);

#endif /* _NFLUA_GENL_H */
