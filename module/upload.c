// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources that are too large for one message are sent in parts. A socket has
 * at most one unfinished source in a namespace, which goes with the socket.
 */
#include <linux/mm.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "upload.h"

#define UPLOADS_MAX	16	/* unfinished, in one namespace */

/**
 * struct nflua_upload - a source that is not complete yet
 * @node: in &nflua_net.uploads
 * @portid: the socket that sends it
 * @size: bytes it will have
 * @have: bytes it has
 * @source: the bytes, with room for all and a NUL
 * @name: of the script
 */
struct nflua_upload {
	struct list_head node;
	u32 portid;
	u32 size;
	u32 have;
	char *source;
	char name[NFLUA_NAME_SIZE];
};

static struct nflua_upload *find(struct nflua_net *nn, u32 portid)
{
	struct nflua_upload *up;

	list_for_each_entry(up, &nn->uploads, node)
		if (up->portid == portid)
			return up;
	return NULL;
}

static void drop(struct nflua_net *nn, struct nflua_upload *up)
{
	list_del(&up->node);
	nn->nuploads--;
	kvfree(up->source);
	kfree(up);
}

static struct nflua_upload *begin(struct nflua_net *nn, u32 portid,
				  const char *name, u32 size,
				  struct netlink_ext_ack *extack)
{
	struct nflua_upload *up;

	if (nn->nuploads >= UPLOADS_MAX) {
		NL_SET_ERR_MSG(extack, "too many sources are being sent at once");
		return ERR_PTR(-EBUSY);
	}
	up = kzalloc(sizeof(*up), GFP_KERNEL_ACCOUNT);
	if (!up)
		return ERR_PTR(-ENOMEM);
	up->source = kvmalloc(size + 1, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!up->source) {
		kfree(up);
		return ERR_PTR(-ENOMEM);
	}
	up->portid = portid;
	up->size = size;
	strscpy(up->name, name, sizeof(up->name));
	list_add_tail(&up->node, &nn->uploads);
	nn->nuploads++;
	return up;
}

/**
 * nflua_upload_part() - take a part of a source
 * @nn: the namespace
 * @portid: the socket it came from
 * @name: the script's name, the same in all parts
 * @size: bytes of the whole, the same in all parts
 * @offset: where the part begins; 0 begins anew
 * @part: the bytes
 * @len: how many
 * @source: gets the whole when it is complete, to be kvfree()d, else NULL
 * @extack: gets a sentence
 *
 * Context: process, lock of the namespace
 * Return: 0 or an error, after which the unfinished source is gone
 */
int nflua_upload_part(struct nflua_net *nn, u32 portid, const char *name,
		      u32 size, u32 offset, const void *part, u32 len,
		      char **source, struct netlink_ext_ack *extack)
{
	struct nflua_upload *up = find(nn, portid);

	*source = NULL;
	if (up && !offset) {
		drop(nn, up);
		up = NULL;
	}
	if (!up && !offset) {
		up = begin(nn, portid, name, size, extack);
		if (IS_ERR(up))
			return PTR_ERR(up);
	}
	if (!up || up->have != offset || up->size != size ||
	    strcmp(up->name, name) || len > size - offset ||
	    (!len && offset < size)) {
		NL_SET_ERR_MSG(extack,
			       "this part of the source does not continue the last one");
		if (up)
			drop(nn, up);
		return -EINVAL;
	}
	memcpy(up->source + offset, part, len);
	up->have += len;
	if (up->have < size)
		return 0;
	up->source[size] = 0;
	*source = up->source;
	up->source = NULL;
	drop(nn, up);
	return 0;
}

/**
 * nflua_upload_drop_all() - forget all unfinished sources
 * @nn: a namespace that dies
 */
void nflua_upload_drop_all(struct nflua_net *nn)
{
	struct nflua_upload *up, *next;

	list_for_each_entry_safe(up, next, &nn->uploads, node)
		drop(nn, up);
}

/* A netlink socket was closed: what it had not finished goes. */
static int socket_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	const struct netlink_notify *n = ptr;
	struct nflua_upload *up;
	struct nflua_net *nn;

	if (event != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	nn = nflua_net(n->net);
	/* Nearly every socket: do not make it wait for a load that runs. */
	if (!READ_ONCE(nn->nuploads))
		return NOTIFY_DONE;
	mutex_lock(&nn->lock);
	up = find(nn, n->portid);
	if (up)
		drop(nn, up);
	mutex_unlock(&nn->lock);
	return NOTIFY_DONE;
}

static struct notifier_block socket_notifier = {
	.notifier_call = socket_event,
};

/**
 * nflua_upload_init() - start to watch sockets
 */
int nflua_upload_init(void)
{
	return netlink_register_notifier(&socket_notifier);
}

/**
 * nflua_upload_exit() - undo nflua_upload_init()
 */
void nflua_upload_exit(void)
{
	netlink_unregister_notifier(&socket_notifier);
}
