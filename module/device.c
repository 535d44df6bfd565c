// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hooks on devices: they are named by the device, which may come, go, and
 * change its name while the script is loaded.
 *
 * A hook is registered with netfilter while a device of its name is in its
 * namespace, and waits otherwise. All of that happens under RTNL, inside the
 * load_lock of the namespace and never inside its other lock, which nf_tables
 * takes under RTNL when it destroys rules.
 */
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/ratelimit.h>
#include <linux/rtnetlink.h>
#include <linux/string.h>
#include "hook.h"

/* Context: RTNL */
static int attach(struct nflua_hook *hook, struct net_device *dev)
{
	int err;

	hook->ops.dev = dev;
	err = nf_register_net_hook(hook->nn->net, &hook->ops);
	if (err) {
		hook->ops.dev = NULL;
		return err;
	}
	WRITE_ONCE(hook->hooked, true);
	return 0;
}

/*
 * Packets may still be in the hook; whoever frees it or the device waits for
 * them. Context: RTNL
 */
static void detach(struct nflua_hook *hook)
{
	if (!hook->hooked)
		return;
	nf_unregister_net_hook(hook->nn->net, &hook->ops);
	hook->ops.dev = NULL;
	WRITE_ONCE(hook->hooked, false);
}

static void device_came(struct nflua_hook *hook, struct net_device *dev)
{
	int err;

	if (hook->hooked || strcmp(hook->device, dev->name))
		return;
	err = attach(hook, dev);
	if (err && __ratelimit(&hook->nn->limit))
		pr_warn("nflua: netfilter refused hook '%s': error %d\n",
			hook->name, -err);
}

/*
 * A device that moves to another namespace unregisters in the one and registers
 * in the other. Context: RTNL, of all devices of one namespace
 */
static int device_event(struct notifier_block *nb, unsigned long event,
			void *info)
{
	struct nflua_net *nn = container_of(nb, struct nflua_net, devices);
	struct net_device *dev = netdev_notifier_info_to_dev(info);
	struct nflua_hook *hook;

	list_for_each_entry(hook, &nn->on_devices, on) {
		switch (event) {
		case NETDEV_UNREGISTER:
			if (hook->ops.dev == dev)
				detach(hook);
			break;
		case NETDEV_CHANGENAME:
			if (hook->ops.dev == dev &&
			    strcmp(hook->device, dev->name))
				detach(hook);
			fallthrough;
		case NETDEV_REGISTER:
			device_came(hook, dev);
			break;
		}
	}
	return NOTIFY_DONE;
}

/* Context: load_lock; takes RTNL */
static int follow_devices(struct nflua_net *nn)
{
	int err;

	if (nn->devices.notifier_call)
		return 0;
	nn->devices.notifier_call = device_event;
	err = register_netdevice_notifier_net(nn->net, &nn->devices);
	if (err)
		nn->devices.notifier_call = NULL;
	return err;
}

/**
 * nflua_device_add() - register a hook on its device, now or when it comes
 * @hook: the hook
 *
 * Only the name that a device has counts, not an alternative one.
 *
 * Context: process, load_lock; sleeps, takes RTNL
 * Return: 0 or what netfilter answered
 */
int nflua_device_add(struct nflua_hook *hook)
{
	struct net_device *dev;
	int err;

	err = follow_devices(hook->nn);
	if (err)
		return err;
	rtnl_lock();
	dev = __dev_get_by_name(hook->nn->net, hook->device);
	if (dev && !strcmp(dev->name, hook->device))
		err = attach(hook, dev);
	if (!err)
		list_add_tail(&hook->on, &hook->nn->on_devices);
	rtnl_unlock();
	return err;
}

/**
 * nflua_device_remove() - unregister a hook for good
 * @hook: the hook
 *
 * Context: process, load_lock; sleeps, takes RTNL
 */
void nflua_device_remove(struct nflua_hook *hook)
{
	rtnl_lock();
	list_del_init(&hook->on);
	detach(hook);
	rtnl_unlock();
}

/**
 * nflua_device_forget() - follow the devices of a namespace no more
 * @nn: a dying namespace, of whose hooks none is left on a device
 *
 * Context: process, sleeps, takes RTNL
 */
void nflua_device_forget(struct nflua_net *nn)
{
	if (nn->devices.notifier_call)
		unregister_netdevice_notifier_net(nn->net, &nn->devices);
	nn->devices.notifier_call = NULL;
}
