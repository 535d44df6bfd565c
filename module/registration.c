// SPDX-License-Identifier: GPL-2.0-only
/*
 * The helpers that netfilter knows of.
 *
 * A helper is global in the kernel, known by its name, family and transport
 * protocol, while scripts belong to namespaces. So there is one registration for
 * all scripts that have a helper of a name, and for each of the two families;
 * which script a packet is for is found when it comes (helper.c), and where there
 * is none it passes.
 *
 * How long a registration stays
 *
 *	Until the module goes. To unregister one takes it from connections in all
 *	namespaces, empties the queues of NFQUEUE, and, in kernels that number
 *	the generations of extensions, makes every template that a rule with -j CT
 *	has forget its helper, also one of another module: the rule does nothing
 *	from then on, and when it goes the reference to its helper is lost. So
 *	nothing of that happens because a script or a namespace goes. A
 *	registration that no script uses lets all packets pass, and serves again
 *	if a script of its name comes back, for the connections that have it, too.
 *	There may be %REGISTRATIONS_MAX of them.
 *
 *	When the module goes, no rule is left, for each has kept it.
 */
#include <linux/in.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_expect.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include "helper.h"

#define REGISTRATIONS_MAX	256	/* in the kernel, of one family each */

/**
 * struct nflua_registration - a helper as netfilter knows it
 * @node: in the list of all
 * @helper: netfilter's
 * @name: its name
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 */
struct nflua_registration {
	struct list_head node;
	struct nf_conntrack_helper *helper;
	char name[NFLUA_HELPER_NAME];
	u8 family;
	u8 proto;
};

static_assert(NFLUA_HELPER_NAME == NF_CT_HELPER_NAME_LEN);
static_assert(NFLUA_HELPER_CLASSES == NF_CT_MAX_EXPECT_CLASSES);

/* Taken inside the locks of a namespace, also where one is dying. */
static DEFINE_MUTEX(lock);
static LIST_HEAD(registrations);
static unsigned int count;
static bool closing;

#define POLICY							\
	{							\
		.max_expected = NFLUA_EXPECT_MAX,		\
		.timeout = NFLUA_EXPECT_POLICY_TIMEOUT,		\
		.name = "nflua",				\
	}

/* As loose as can be: each namespace's script has its own, see expect.c. */
static const struct nf_conntrack_expect_policy policies[] = {
	POLICY, POLICY, POLICY, POLICY,
};

static_assert(ARRAY_SIZE(policies) == NFLUA_HELPER_CLASSES);

/* Has anybody else a helper of this name, for whatever connections? */
static bool is_foreign(const char *name)
{
	static const u8 families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	static const u8 protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
	const struct nf_conntrack_helper *helper;
	bool foreign = false;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < 4 && !foreign; i++) {
		helper = __nf_conntrack_helper_find(name, families[i % 2],
						    protocols[i / 2]);
		foreign = helper && helper->me != THIS_MODULE;
	}
	rcu_read_unlock();
	return foreign;
}

/* Context: @lock */
static int create(const char *name, u8 family, u8 proto)
{
	struct nf_conntrack_helper template = {};
	struct nflua_registration *reg;
	int err;

	if (count >= REGISTRATIONS_MAX)
		return -ENOSPC;
	reg = kzalloc(sizeof(*reg), GFP_KERNEL_ACCOUNT);
	if (!reg)
		return -ENOMEM;
	strscpy(reg->name, name, sizeof(reg->name));
	reg->family = family;
	reg->proto = proto;
	nf_ct_helper_init(&template, family, proto, name, policies,
			  ARRAY_SIZE(policies) - 1, nflua_helper_help, NULL,
			  THIS_MODULE);
	err = nf_conntrack_helper_register(&template, &reg->helper);
	if (err) {
		kfree(reg);
		return err;
	}
	list_add_tail(&reg->node, &registrations);
	count++;
	return 0;
}

/* Context: @lock */
static bool is_registered(const char *name, u8 family, u8 proto)
{
	struct nflua_registration *reg;

	list_for_each_entry(reg, &registrations, node)
		if (reg->family == family && reg->proto == proto &&
		    !strcmp(reg->name, name))
			return true;
	return false;
}

/**
 * nflua_helper_known() - make a helper known to netfilter, if it is not
 * @name: its name
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @may_register: it may become known to the whole kernel
 *
 * Rests on nf_conntrack_helper_register().
 *
 * Context: process, load_lock of a namespace that is alive; sleeps
 * Return: 0; -EEXIST if another module has a helper of this name, -ENOSPC if
 * there are too many, -EPERM if it is not known and may not become so, or
 * netfilter's error
 */
int nflua_helper_known(const char *name, u8 family, u8 proto, bool may_register)
{
	int err = 0;

	if (is_foreign(name))
		return -EEXIST;
	mutex_lock(&lock);
	if (!is_registered(name, family, proto))
		err = may_register ? create(name, family, proto) : -EPERM;
	mutex_unlock(&lock);
	/* of user space: such a helper may be of no family */
	return err == -EBUSY ? -EEXIST : err;
}

/**
 * nflua_registrations_closing() - is the module about to go?
 *
 * Then no helper runs that has not begun.
 *
 * Context: any
 */
bool nflua_registrations_closing(void)
{
	return READ_ONCE(closing);
}

/* Context: nf_conntrack_expect_lock */
static bool is_ours(struct nf_conntrack_expect *exp, void *data)
{
	const struct nf_conn_help *help = nfct_help(exp->master);
	const struct nf_conntrack_helper *helper;

	helper = help ? rcu_dereference_protected(help->helper, 1) : NULL;
	return helper && helper->me == THIS_MODULE;
}

/**
 * nflua_registrations_close() - unregister all helpers; the module goes
 *
 * They are still there for the scripts that are left.
 *
 * Not every kernel lets go of what a helper expects when it is unregistered: some
 * look for what the expected connection is to have. So first there are no new
 * expectations, then no old ones.
 *
 * Context: process, no lock of nflua held; sleeps
 */
void nflua_registrations_close(void)
{
	struct nflua_registration *reg;

	WRITE_ONCE(closing, true);
	synchronize_rcu();
	nf_ct_expect_iterate_destroy(is_ours, NULL);
	list_for_each_entry(reg, &registrations, node)
		nf_conntrack_helper_unregister(reg->helper);
}

/**
 * nflua_registrations_free() - free what nflua_registrations_close() left
 *
 * Context: process, no namespace is left
 */
void nflua_registrations_free(void)
{
	struct nflua_registration *reg, *next;

	list_for_each_entry_safe(reg, next, &registrations, node)
		kfree(reg);
}
