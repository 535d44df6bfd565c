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
 * What may refer to a registration, and how long it stays
 *
 *	A rule (the template of -j CT, or a ct helper object of nft) counts itself
 *	in with nf_conntrack_helper_try_module_get(), and keeps this module, too;
 *	the kernel lets it go when the rule goes. A packet that passes the rule
 *	carries the template, or its connection the helper, only inside of the
 *	RCU read section of its hooks, or in a queue. Connections, and
 *	expectations, point to the helper: since around 7.2 they count themselves
 *	in; before, unregistering walks through all of them, in all namespaces,
 *	and makes them forget it, and empties the queues of NFQUEUE.
 *
 *	To unregister therefore costs others something, sleeps, and waits for
 *	namespaces that are dying, which wait for locks of ours: it is never done
 *	where a script or namespace goes. A registration that no script uses stays,
 *	lets all packets pass, and serves again if a script of its name comes back,
 *	for the connections that have it, too. Only if more than %IDLE_MAX of them
 *	are unused, a work item unregisters those of them that no rule refers to,
 *	without a lock of ours: it takes the registration off the list first. On
 *	kernels that do not count connections, those that still have one of these
 *	lose it. Where the count is the kernel's old one, taking the last reference
 *	makes sure that no rule comes in between; the newer one keeps the object
 *	for whom it may concern.
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
#include <linux/workqueue.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include "helper.h"

#define REGISTRATIONS_MAX	256	/* in the kernel, of one family each */
#define IDLE_MAX		16

/**
 * struct nflua_registration - a helper as netfilter knows it
 * @node: in the list of all
 * @helper: netfilter's
 * @users: how many helpers of scripts it serves
 * @name: its name
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 */
struct nflua_registration {
	struct list_head node;
	struct nf_conntrack_helper *helper;
	unsigned int users;
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
static bool closed;

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

/* Context: @lock */
static struct nflua_registration *find_idle(void)
{
	struct nflua_registration *reg;

	list_for_each_entry(reg, &registrations, node)
		if (!reg->users && nflua_helper_is_idle(reg->helper))
			return reg;
	return NULL;
}

/* Context: @lock */
static unsigned int count_unused(void)
{
	struct nflua_registration *reg;
	unsigned int n = 0;

	list_for_each_entry(reg, &registrations, node)
		n += !reg->users;
	return n;
}

static void reap(struct work_struct *work)
{
	struct nflua_registration *reg;

	for (;;) {
		mutex_lock(&lock);
		reg = count_unused() > IDLE_MAX ? find_idle() : NULL;
		if (reg) {
			list_del(&reg->node);
			count--;
		}
		mutex_unlock(&lock);
		if (!reg)
			return;
		nf_conntrack_helper_unregister(reg->helper);
		kfree(reg);
	}
}

static DECLARE_WORK(reaper, reap);

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
static struct nflua_registration *create(const char *name, u8 family, u8 proto)
{
	struct nf_conntrack_helper template = {};
	struct nflua_registration *reg;
	int err = -ENOMEM;

	if (count >= REGISTRATIONS_MAX)
		return ERR_PTR(-ENOSPC);
	reg = kzalloc(sizeof(*reg), GFP_KERNEL_ACCOUNT);
	if (!reg)
		return ERR_PTR(-ENOMEM);
	strscpy(reg->name, name, sizeof(reg->name));
	reg->family = family;
	reg->proto = proto;
	nf_ct_helper_init(&template, family, proto, name, policies,
			  ARRAY_SIZE(policies) - 1, nflua_helper_help, NULL,
			  THIS_MODULE);
	err = nf_conntrack_helper_register(&template, &reg->helper);
	if (err) {
		kfree(reg);
		return ERR_PTR(err);
	}
	list_add_tail(&reg->node, &registrations);
	count++;
	return reg;
}

/* Context: @lock */
static struct nflua_registration *find(const char *name, u8 family, u8 proto)
{
	struct nflua_registration *reg;

	list_for_each_entry(reg, &registrations, node)
		if (reg->family == family && reg->proto == proto &&
		    !strcmp(reg->name, name))
			return reg;
	return NULL;
}

/**
 * nflua_registration_get() - make a helper known to netfilter
 * @name: its name
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 *
 * Rests on nf_conntrack_helper_register().
 *
 * Context: process, load_lock of a namespace that is alive; sleeps
 * Return: for nflua_registration_put(), or an ERR_PTR(): -EEXIST if another
 * module has a helper of this name, -ENOSPC if there are too many
 */
struct nflua_registration *nflua_registration_get(const char *name, u8 family,
						  u8 proto)
{
	struct nflua_registration *reg;
	bool again = false;

	if (is_foreign(name))
		return ERR_PTR(-EEXIST);
	do {
		mutex_lock(&lock);
		reg = find(name, family, proto) ?: create(name, family, proto);
		if (!IS_ERR(reg))
			reg->users++;
		mutex_unlock(&lock);
		/* One that is being unregistered may still have the name. */
		again = reg == ERR_PTR(-EBUSY) && !again;
		if (again)
			flush_work(&reaper);
	} while (again);
	return reg;
}

/**
 * nflua_registration_put() - undo nflua_registration_get()
 * @reg: the registration, NULL is none
 *
 * Context: process, may hold what a dying namespace holds; sleeps
 */
void nflua_registration_put(struct nflua_registration *reg)
{
	if (!reg)
		return;
	mutex_lock(&lock);
	if (!--reg->users && !closed && count_unused() > IDLE_MAX)
		schedule_work(&reaper);
	mutex_unlock(&lock);
}

/**
 * nflua_registrations_close() - unregister all helpers; the module goes
 *
 * They are still there for nflua_registration_put().
 *
 * Context: process, no lock of nflua held; sleeps
 */
void nflua_registrations_close(void)
{
	struct nflua_registration *reg;

	mutex_lock(&lock);
	closed = true;
	mutex_unlock(&lock);
	cancel_work_sync(&reaper);
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
