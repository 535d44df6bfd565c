/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Around 7.2 a registered helper became an object of the kernel's own, a counted
 * copy of what was given: connections and rules keep it, and unregistering takes
 * its function away. Before, it was the module's, found by the port of its
 * tuple, too; only rules were counted, and unregistering took it from all
 * connections. Ports were given up a little later. Kbuild looks which it is, for
 * distributions took the changes over.
 */
#ifndef _NFLUA_COMPAT_NF_CONNTRACK_HELPER_H
#define _NFLUA_COMPAT_NF_CONNTRACK_HELPER_H

#include_next <net/netfilter/nf_conntrack_helper.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#ifndef NFLUA_HELPER_OBJECTS

static inline int
nflua_helper_register_copy(struct nf_conntrack_helper *template,
			   struct nf_conntrack_helper **ptr)
{
	struct nf_conntrack_helper *helper;
	int err;

	helper = kmemdup(template, sizeof(*helper), GFP_KERNEL_ACCOUNT);
	if (!helper)
		return -ENOMEM;
	err = nf_conntrack_helper_register(helper);
	if (err)
		kfree(helper);
	else
		*ptr = helper;
	return err;
}
#define nf_conntrack_helper_register	nflua_helper_register_copy

static inline void
nflua_helper_unregister_and_free(struct nf_conntrack_helper *helper)
{
	nf_conntrack_helper_unregister(helper);
	/* Not every kernel has waited for those that found it in a connection. */
	synchronize_rcu();
	kfree(helper);
}
#define nf_conntrack_helper_unregister	nflua_helper_unregister_and_free

/*
 * Unregistering a helper takes it from the connections in the table, and waits for
 * packets in NFQUEUE. A packet of another connection would call what is no more.
 *
 * Context: RCU read section, until the packet has gone
 */
static inline void nflua_helper_forget(const struct sk_buff *skb)
{
	struct nf_conn_help *help = NULL;
	enum ip_conntrack_info info;
	struct nf_conn *ct;

	ct = nf_ct_get(skb, &info);
	if (ct && !nf_ct_is_template(ct) && nf_ct_is_dying(ct))
		help = nfct_help(ct);
	if (help)
		RCU_INIT_POINTER(help->helper, NULL);
}

#else

static inline void nflua_helper_forget(const struct sk_buff *skb)
{
}

#endif /* NFLUA_HELPER_OBJECTS */

#ifdef NFLUA_HELPER_PORTED

/* No connection has this port, so that none gets the helper by it. */
#define NFLUA_HELPER_PORT	0
/* Where that is taken: ports that nobody's helper has, from the end. */
#define NFLUA_HELPER_PORTS	1024

static inline void
nflua_ct_helper_init(struct nf_conntrack_helper *helper, u16 l3num,
		     u16 protonum, const char *name,
		     const struct nf_conntrack_expect_policy *policy,
		     u32 class_max,
		     int (*help)(struct sk_buff *skb, unsigned int protoff,
				 struct nf_conn *ct,
				 enum ip_conntrack_info ctinfo),
		     int (*from_nlattr)(struct nlattr *attr,
					struct nf_conn *ct),
		     struct module *module)
{
	nf_ct_helper_init(helper, l3num, protonum, name, NFLUA_HELPER_PORT,
			  NFLUA_HELPER_PORT, 0, policy, class_max, help,
			  from_nlattr, module);
}
#define nf_ct_helper_init	nflua_ct_helper_init

static inline int
nflua_helper_register(struct nf_conntrack_helper *template,
		      struct nf_conntrack_helper **ptr)
{
	unsigned int i;
	int err;

	for (i = 0; i < NFLUA_HELPER_PORTS; i++) {
		template->tuple.src.u.all = htons(NFLUA_HELPER_PORT - i);
		err = nf_conntrack_helper_register(template, ptr);
		if (err != -EBUSY)
			break;
	}
	return err;
}
#undef nf_conntrack_helper_register
#define nf_conntrack_helper_register	nflua_helper_register

#endif /* NFLUA_HELPER_PORTED */

#endif /* _NFLUA_COMPAT_NF_CONNTRACK_HELPER_H */
