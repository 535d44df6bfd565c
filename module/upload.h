/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_UPLOAD_H
#define _NFLUA_UPLOAD_H

#include <linux/netlink.h>
#include "script.h"

int nflua_upload_part(struct nflua_net *nn, u32 portid, const char *name,
		      u32 size, u32 offset, const void *part, u32 len,
		      char **source, struct netlink_ext_ack *extack);
void nflua_upload_drop_all(struct nflua_net *nn);
int nflua_upload_init(void);
void nflua_upload_exit(void);

#endif /* _NFLUA_UPLOAD_H */
