/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_HELPER_H
#define _NFLUA_HELPER_H

#include <linux/kconfig.h>
#include <linux/list.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netlink.h>
#include <linux/types.h>
#include "script.h"
#include "lua/kernel/lua_internal.h"

/* What nfluactl checks scripts for is a kernel that has it all. */
#if IS_ENABLED(CONFIG_NF_CONNTRACK) || !defined(__KERNEL__)
#define NFLUA_HELPERS
#endif

#define NFLUA_EXPECT_MAX	255	/* NF_CT_EXPECT_MAX_CNT */
#define NFLUA_EXPECT_TIMEOUT	604800	/* seconds: a week */

struct nf_conn;
struct nflua_ct;
struct sk_buff;

/* helper_spec.c: the table given to nf:helper */
void nflua_helper_parse(lua_State *L, int spec, struct nflua_reg *reg);
bool nflua_helpers_overlap(const struct nflua_reg *a, const struct nflua_reg *b);

#ifdef NFLUA_HELPERS
int nflua_helper_call(lua_State *L);
#endif

#if IS_ENABLED(CONFIG_NF_CONNTRACK)

/* helper.c: the helpers of scripts */
int nflua_helpers_prepare(struct nflua_script *script,
			  struct nflua_generation *gen, struct list_head *fresh,
			  char **error, struct netlink_ext_ack *extack);
void nflua_helpers_publish(struct nflua_script *script,
			   struct nflua_generation *gen,
			   struct list_head *fresh);
void nflua_helpers_unlink(struct nflua_script *script,
			  const struct nflua_generation *old,
			  struct list_head *gone);
void nflua_helpers_free(struct list_head *helpers);
int nflua_helper_help(struct sk_buff *skb, unsigned int protoff,
		      struct nf_conn *ct, enum ip_conntrack_info ctinfo);
const struct nflua_helper_spec *nflua_helper_now(const struct nflua_state *st);
void nflua_helper_grown(struct nflua_state *st, __be32 seq, int by);

/* registration.c: what netfilter knows of them */
int nflua_helper_known(const char *name, u8 family, u8 proto, bool may_register);
bool nflua_registrations_closing(void);
void nflua_registrations_close(void);
void nflua_registrations_free(void);

/* helper_data.c: the 32 bytes of a connection that are its helper's own */
void nflua_helper_get_data(lua_State *L, const struct nflua_ct *c,
			   unsigned int record, StkId val);
void nflua_helper_set_data(lua_State *L, const struct nflua_ct *c,
			   const TValue *val);
int nflua_helper_swap_data(lua_State *L);

/* expect.c, mangle.c: what a helper does */
int nflua_expect(lua_State *L);
int nflua_mangle(lua_State *L);

#else

static inline int nflua_helpers_prepare(struct nflua_script *script,
					struct nflua_generation *gen,
					struct list_head *fresh, char **error,
					struct netlink_ext_ack *extack)
{
	return 0;
}

static inline void nflua_helpers_publish(struct nflua_script *script,
					 struct nflua_generation *gen,
					 struct list_head *fresh) { }
static inline void nflua_helpers_unlink(struct nflua_script *script,
					const struct nflua_generation *old,
					struct list_head *gone) { }
static inline void nflua_helpers_free(struct list_head *helpers) { }
static inline void nflua_registrations_close(void) { }
static inline void nflua_registrations_free(void) { }

#endif /* CONFIG_NF_CONNTRACK */

#endif /* _NFLUA_HELPER_H */
