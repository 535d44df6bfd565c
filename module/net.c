// SPDX-License-Identifier: GPL-2.0-only
/*
 * What nflua keeps for each network namespace.
 */
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include "binding.h"
#include "held.h"
#include "helper.h"
#include "hook.h"
#include "map.h"
#include "script.h"
#include "send.h"
#include "upload.h"

static unsigned int net_id;

struct pernet {
	struct nflua_net *nn;
};

/**
 * nflua_net() - what nflua knows of a namespace
 * @net: a namespace that is alive
 */
struct nflua_net *nflua_net(struct net *net)
{
	struct pernet *pernet = net_generic(net, net_id);

	return pernet->nn;
}

/**
 * nflua_net_get() - take a reference
 * @nn: the namespace's data
 */
void nflua_net_get(struct nflua_net *nn)
{
	kref_get(&nn->ref);
}

static void net_release(struct kref *ref)
{
	kfree(container_of(ref, struct nflua_net, ref));
}

/**
 * nflua_net_put() - give a reference back
 * @nn: the namespace's data
 */
void nflua_net_put(struct nflua_net *nn)
{
	kref_put(&nn->ref, net_release);
}

static int __net_init net_init(struct net *net)
{
	struct pernet *pernet = net_generic(net, net_id);
	struct nflua_net *nn;

	nn = kzalloc(sizeof(*nn), GFP_KERNEL_ACCOUNT);
	if (!nn)
		return -ENOMEM;
	kref_init(&nn->ref);
	nn->net = net;
	nn->defaults.memory = NFLUA_MEMORY_DEFAULT;
	nn->defaults.budget = NFLUA_CALL_NS;
	mutex_init(&nn->load_lock);
	mutex_init(&nn->lock);
	ratelimit_state_init(&nn->limit, 5 * HZ, 10);
	ratelimit_set_flags(&nn->limit, RATELIMIT_MSG_ON_RELEASE);
	INIT_LIST_HEAD(&nn->scripts);
	INIT_LIST_HEAD(&nn->uploads);
	INIT_LIST_HEAD(&nn->helpers);
	nflua_hooks_init(nn);
	init_waitqueue_head(&nn->idle);
	mutex_init(&nn->map_lock);
	INIT_LIST_HEAD(&nn->maps);
	nflua_held_init_net(nn);
	nn->map_bytes_max = net->user_ns == &init_user_ns ?
			    NFLUA_MAP_BYTES : NFLUA_MAP_BYTES_USER;
	pernet->nn = nn;
	return 0;
}

/*
 * Unhook and detach. Between this and net_exit() the kernel waits for RCU
 * readers, once for all namespaces that die together.
 */
static void __net_exit net_pre_exit(struct net *net)
{
	struct nflua_net *nn = nflua_net(net);
	struct nflua_script *script;

	/* against unhook(): nothing is loaded any more */
	mutex_lock(&nn->load_lock);
	list_for_each_entry(script, &nn->scripts, node) {
		nflua_hooks_unhook(script);
		nflua_helpers_unlink(script, NULL, &script->helpers);
	}
	mutex_unlock(&nn->load_lock);
	nflua_device_forget(nn);
	mutex_lock(&nn->lock);
	list_for_each_entry(script, &nn->scripts, node) {
		if (script->gen)
			WRITE_ONCE(script->gen->retired, true);
		nflua_bindings_detach(script);
	}
	mutex_unlock(&nn->lock);
	nflua_held_exit_net(nn);
}

static void __net_exit net_exit(struct net *net)
{
	struct nflua_net *nn = nflua_net(net);
	struct nflua_script *script, *next;

	/* The last packets have passed, and may have unregistered hooks. */
	cancel_work_sync(&nn->unhook);
	list_for_each_entry_safe(script, next, &nn->scripts, node)
		nflua_script_free(script);
	INIT_LIST_HEAD(&nn->scripts);
	nflua_upload_drop_all(nn);
	/* No script sends any more: the last packets of this namespace. */
	nflua_send_drain(nn);
	nn->net = NULL;
	/* Rules that are destroyed after us still hold it. */
	nflua_net_put(nn);
}

static struct pernet_operations net_ops = {
	.init = net_init,
	.pre_exit = net_pre_exit,
	.exit = net_exit,
	.id = &net_id,
	.size = sizeof(struct pernet),
};

/**
 * nflua_net_init() - start to follow namespaces
 *
 * Context: process, sleeps
 */
int nflua_net_init(void)
{
	return register_pernet_subsys(&net_ops);
}

/**
 * nflua_net_exit() - undo nflua_net_init(): every script is unloaded
 */
void nflua_net_exit(void)
{
	unregister_pernet_subsys(&net_ops);
}
