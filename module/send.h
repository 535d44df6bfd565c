/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_SEND_H
#define _NFLUA_SEND_H

#include <linux/gfp.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include "packet.h"

struct net_device;
struct nflua_held;
struct nflua_net;
struct nflua_state;

#define NFLUA_SEND_MAX		256	/* packets that wait on one CPU */
#define NFLUA_SEND_DEPTH	8	/* answers to answers */
#define NFLUA_MESSAGE_SEND_MAX	16384	/* bytes of payload that a script gives */

/* As a state's memory, but nobody's in particular: what waits is bounded. */
#define NFLUA_GFP_SEND		(GFP_NOWAIT | __GFP_NOWARN)

/* What becomes of a packet that waits. */
enum nflua_send_how {
	NFLUA_SEND_ROUTED,	/* it was made here, and leaves as this host's own */
	NFLUA_SEND_FRAME,	/* it leaves through its device, as it is */
	NFLUA_SEND_REJECT,	/* the kernel is to answer it; it does not leave */
	NFLUA_SEND_ON,		/* it goes on behind the hook that took it */
};

int nflua_send(struct sk_buff *skb, const struct nf_hook_state *hs,
	       enum nflua_send_how how, u8 code);
int nflua_send_held(struct nflua_state *st, struct nflua_packet *p,
		    enum nflua_send_how how);
int nflua_send_room(void);
int nflua_send_route(struct sk_buff *skb, const struct nf_hook_state *hs);
int nflua_send_frame(struct nflua_packet *p, struct sk_buff *skb);
bool nflua_send_is_routed(const struct nflua_packet *p);
struct nflua_packet *nflua_send_check(lua_State *L, const char *act);
int nflua_send_refused(lua_State *L, const char *why, int errno);
int nflua_send_result(lua_State *L, int err);
int nflua_send_shown(lua_State *L, struct nflua_packet *p, const char *fmt,
		     ...) __printf(3, 4);
void nflua_send_drain(const struct nflua_net *nn);
void nflua_send_forget(const struct net_device *dev);
int nflua_send_init(void);
void nflua_send_exit(void);

/* reply.c, reject.c: acts of a packet */
bool nflua_reply_possible(struct nflua_packet *p);
int nflua_reply_tcp(lua_State *L);
int nflua_reply(lua_State *L);
int nflua_reject(lua_State *L);
void nflua_reject_send(struct net *net, struct sk_buff *skb, u8 pf, u8 code,
		       unsigned int hook);

/* bridge.c */
void nflua_bridge_tag(const struct nf_hook_state *hs, struct sk_buff *skb);

/* resend.c: packets that a script held */
int nflua_resend(lua_State *L);
void nflua_send_on(struct nflua_held *held, const void *hook);

#endif /* _NFLUA_SEND_H */
