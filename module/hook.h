/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_HOOK_H
#define _NFLUA_HOOK_H

#include <linux/if.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include "script.h"

/**
 * struct nflua_hook - a hook of a script
 * @node: in &nflua_script.hooks, or in the list of a load's new ones
 * @point: what it calls; NULL before it is published, and after its handle
 *	unregistered it
 * @ops: its registration; of a hook on a device, @ops.dev is the device, NULL
 *	while there is none of its name. Under RTNL then
 * @nn: the namespace
 * @on: in &nflua_net.on_devices, if it belongs to a device
 * @device: name of the device, or empty
 * @hooked: it is registered with netfilter
 * @dead: its handle unregistered it, and it is off the packets' path
 * @name: the entry point's
 */
struct nflua_hook {
	struct list_head node;
	struct nflua_point point;
	struct nf_hook_ops ops;
	struct nflua_net *nn;
	struct list_head on;
	char device[IFNAMSIZ];
	bool hooked;
	bool dead;
	char name[NFLUA_FUNCTION_SIZE];
};

int nflua_hooks_prepare(struct nflua_script *script,
			struct nflua_generation *gen, struct list_head *fresh,
			struct netlink_ext_ack *extack);
void nflua_hooks_abort(struct list_head *fresh);
void nflua_hooks_publish(struct nflua_script *script,
			 struct nflua_generation *gen, struct list_head *fresh);
void nflua_hooks_prune(struct nflua_script *script,
		       struct nflua_generation *old, bool added);
void nflua_hooks_unhook(struct nflua_script *script);
void nflua_hooks_free(struct nflua_script *script);
bool nflua_hook_unregister(struct nflua_state *st, const char *name);
int nflua_hook_state(const struct nflua_entry *entry);
void nflua_hooks_init(struct nflua_net *nn);

/* device.c: hooks that come and go with their devices */
int nflua_device_add(struct nflua_hook *hook);
void nflua_device_remove(struct nflua_hook *hook);
void nflua_device_forget(struct nflua_net *nn);

/* hook_spec.c: nft's words */
const char *nflua_family_word(unsigned int pf);
const char *nflua_hook_word(unsigned int pf, unsigned int hooknum);
bool nflua_hook_has_device(unsigned int pf, unsigned int hooknum);
int nflua_hook_parse(lua_State *L, int spec, struct nflua_reg *reg);

#endif /* _NFLUA_HOOK_H */
