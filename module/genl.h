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

struct nflua_net;
struct nflua_script;

extern struct genl_family nflua_genl_family;

int nflua_genl_init(void);
void nflua_genl_exit(void);

int nflua_genl_name(struct genl_info *info, int attr, const char **name);
struct nflua_script *nflua_genl_script(struct nflua_net *nn, const char *name,
				       struct netlink_ext_ack *extack);
void nflua_genl_error(struct genl_info *info, int attr, const char *error);
int nflua_genl_may_load(struct net *net, struct netlink_ext_ack *extack);

/* genl_script.c: what each command does; uapi/nflua.h says what it takes */
int nflua_genl_load(struct sk_buff *skb, struct genl_info *info);
int nflua_genl_unload(struct sk_buff *skb, struct genl_info *info);
int nflua_genl_get(struct sk_buff *skb, struct genl_info *info);
int nflua_genl_dump_start(struct netlink_callback *cb);
int nflua_genl_dump(struct sk_buff *skb, struct netlink_callback *cb);
int nflua_genl_limits(struct sk_buff *skb, struct genl_info *info);
int nflua_genl_resume(struct sk_buff *skb, struct genl_info *info);
int nflua_genl_eval(struct sk_buff *skb, struct genl_info *info);
int nflua_genl_timing(struct sk_buff *skb, struct genl_info *info);

/* genl_run.c */
extern const struct nla_policy nflua_genl_run_policy[];
int nflua_genl_run(struct sk_buff *skb, struct genl_info *info);

/* genl_map.c: the same of maps, which have attributes of their own */
extern const struct nla_policy nflua_genl_map_policy[];
int nflua_genl_map_get(struct sk_buff *skb, struct genl_info *info);
int nflua_genl_map_dump_start(struct netlink_callback *cb);
int nflua_genl_map_dump(struct sk_buff *skb, struct netlink_callback *cb);
int nflua_genl_map_entry_get(struct sk_buff *skb, struct genl_info *info);
int nflua_genl_map_entry_dump(struct sk_buff *skb, struct netlink_callback *cb);
int nflua_genl_map_entry_set(struct sk_buff *skb, struct genl_info *info);
int nflua_genl_map_entry_delete(struct sk_buff *skb, struct genl_info *info);

#endif /* _NFLUA_GENL_H */
