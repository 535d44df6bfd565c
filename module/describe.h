/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_DESCRIBE_H
#define _NFLUA_DESCRIBE_H

#include <linux/skbuff.h>
#include "script.h"

int nflua_describe_limits(struct sk_buff *skb,
			  const struct nflua_limits *limits);
int nflua_describe_output(struct sk_buff *skb, const struct nflua_state *st);
int nflua_describe_script(struct sk_buff *skb,
			  const struct nflua_script *script,
			  const struct nflua_generation *gen, bool brief);

#endif /* _NFLUA_DESCRIBE_H */
