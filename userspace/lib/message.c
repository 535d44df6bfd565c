// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel tells unasked: joining the multicast groups, and listening. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/sock_diag.h>

#include "internal.h"

/* A few thousand messages: packets do not wait for whoever reads. */
#define BUFFER_SIZE	(4 * 1024 * 1024)

/* More than the socket's default needs a capability; what is given is used. */
static void set_buffer(struct nflua *nl, size_t size)
{
	int fd = mnl_socket_get_fd(nl->sock);
	/* The kernel doubles it, for its own part of each message. */
	int value = size > INT_MAX / 2 ? INT_MAX / 2 : size;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &value, sizeof(value)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, sizeof(value));
}

static int join(struct nflua *nl, uint32_t group)
{
	int number = group;

	if (!group)
		return nflua_fail(nl, -EPROTONOSUPPORT,
				  "the kernel module has no such group of messages");
	if (mnl_socket_setsockopt(nl->sock, NETLINK_ADD_MEMBERSHIP, &number, sizeof(number)))
		return nflua_fail(nl, -errno, "%s", strerror(errno));
	return 0;
}

/**
 * nflua_subscribe() - receive the messages of multicast groups
 * @nl: handle; it takes no requests any more
 * @groups: &enum nflua_group, or-ed
 * @buffer: bytes of messages that the kernel keeps for us, about; 0: a default
 *
 * Return: 0, -EPERM without CAP_NET_ADMIN in the network namespace, or another
 *	negative errno
 */
int nflua_subscribe(struct nflua *nl, unsigned int groups, size_t buffer)
{
	static const char *const names[] = {
		NFLUA_MCGRP_EVENTS, NFLUA_MCGRP_LOG, NFLUA_MCGRP_ERRORS,
	};
	static const char *const control_names[] = { "notify" };
	struct nflua_family family = {
		.name = NFLUA_GENL_NAME,
		.names = names,
		.ngroups = MNL_ARRAY_SIZE(names),
	};
	/* This one tells when the module goes, and the groups with it. */
	struct nflua_family control = {
		.name = "nlctrl",
		.names = control_names,
		.ngroups = MNL_ARRAY_SIZE(control_names),
	};
	unsigned int i;
	int err;

	err = nflua_resolve(nl, &family);
	if (!err)
		err = nflua_resolve(nl, &control);
	if (err)
		return err;
	nl->family = family.id;
	set_buffer(nl, buffer ? buffer : BUFFER_SIZE);
	for (i = 0; !err && i < family.ngroups; i++)
		if (groups & 1U << i) {
			nl->group = family.groups[i];
			err = join(nl, nl->group);
		}
	if (!err)
		err = join(nl, control.groups[0]);
	nl->subscribed = !err;
	return err;
}

/* A string with its NUL, or NULL. */
static const char *get_string(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0 ? NULL : mnl_attr_get_str(attr);
}

static void parse_entry(const struct nlattr *nest, struct nflua_message *message)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == NFLUA_A_ENTRY_KIND)
			message->kind = nflua_attr_uint(attr);
		else if (mnl_attr_get_type(attr) == NFLUA_A_ENTRY_NAME)
			message->entry = get_string(attr);
	}
}

/* Return: whether it is a message that a user of the library knows. */
static bool parse(const struct nlmsghdr *nlh, struct nflua_message *message)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	memset(message, 0, sizeof(*message));
	switch (genl->cmd) {
	case NFLUA_CMD_SCRIPT_EVENT:
		message->group = NFLUA_GROUP_EVENTS;
		break;
	case NFLUA_CMD_SCRIPT_LOG:
		message->group = NFLUA_GROUP_LOG;
		break;
	case NFLUA_CMD_SCRIPT_ERROR:
		message->group = NFLUA_GROUP_ERRORS;
		break;
	default:
		return false;
	}
	clock_gettime(CLOCK_REALTIME, &message->time);
	message->cpu = -1;
	mnl_attr_for_each(attr, nlh, sizeof(*genl)) {
		switch (mnl_attr_get_type(attr)) {
		case NFLUA_A_SCRIPT_NAME:
			message->script = get_string(attr);
			break;
		case NFLUA_A_SCRIPT_EVENT:
			message->event = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_GENERATION:
			message->generation = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_CPU:
			message->cpu = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_ENTRY:
			parse_entry(attr, message);
			break;
		case NFLUA_A_SCRIPT_DROPPED:
			message->dropped = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_TEXT:
			message->text = get_string(attr);
			message->size = mnl_attr_get_payload_len(attr);
			break;
		}
	}
	if (message->text) {
		message->size--;
	} else {
		message->text = "";
		message->size = 0;
	}
	if (!message->entry)
		message->entry = "?";
	return message->script;
}

/* Is it the controller's message that the family is gone? */
static bool says_gone(const struct nflua *nl, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (nlh->nlmsg_type != GENL_ID_CTRL || genl->cmd != CTRL_CMD_DELFAMILY)
		return false;
	mnl_attr_for_each(attr, nlh, sizeof(*genl))
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    nflua_attr_uint(attr) == nl->family)
			return true;
	return false;
}

/*
 * Is the group still there? The kernel takes sockets out of one that goes, and what
 * tells of it may be among the messages that were lost.
 */
static bool is_member(const struct nflua *nl)
{
	uint32_t set[64] = {};
	socklen_t size = sizeof(set);
	const uint32_t bit = nl->group - 1;

	if (!nl->group || bit / 32 >= MNL_ARRAY_SIZE(set) ||
	    getsockopt(nflua_fd(nl), SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, set, &size))
		return true;
	return set[bit / 32] >> bit % 32 & 1;
}

static int fail_gone(struct nflua *nl)
{
	return nflua_fail(nl, -ENODEV, "the kernel module nflua was unloaded");
}

/**
 * nflua_receive() - take the next message
 * @nl: handle, after nflua_subscribe()
 * @message: where it goes; valid until the next call with @nl
 *
 * Does not wait; poll nflua_fd() for POLLIN.
 *
 * Return: 1; 0 if no message is there; -ENOBUFS if messages were lost, which
 *	is told once for each time the buffer was full, and receiving goes on;
 *	-ENODEV when the module was unloaded; or another negative errno
 */
int nflua_receive(struct nflua *nl, struct nflua_message *message)
{
	const struct nlmsghdr *nlh;
	ssize_t len;

	for (;;) {
		while (mnl_nlmsg_ok(nl->next, nl->left)) {
			nlh = nl->next;
			nl->next = mnl_nlmsg_next(nlh, &nl->left);
			if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct genlmsghdr))
				continue;
			if (says_gone(nl, nlh))
				return fail_gone(nl);
			if (nlh->nlmsg_type == nl->family && parse(nlh, message))
				return 1;
		}
		len = nflua_datagram(nl, MSG_DONTWAIT);
		if (len == -EAGAIN)
			return is_member(nl) ? 0 : fail_gone(nl);
		if (len < 0)
			return len;
		nl->next = (const struct nlmsghdr *)nl->buf;
		nl->left = len;
	}
}

/**
 * nflua_fd() - the socket, to be polled
 * @nl: handle
 *
 * Return: its file descriptor
 */
int nflua_fd(const struct nflua *nl)
{
	return mnl_socket_get_fd(nl->sock);
}

/**
 * nflua_lost() - how many messages were lost
 * @nl: handle, after nflua_subscribe()
 *
 * Complete when nflua_receive() has returned 0.
 *
 * Return: number of messages that came when the buffer was full
 */
uint32_t nflua_lost(const struct nflua *nl)
{
	uint32_t info[SK_MEMINFO_VARS] = {};
	socklen_t size = sizeof(info);

	if (getsockopt(nflua_fd(nl), SOL_SOCKET, SO_MEMINFO, info, &size))
		return 0;
	return info[SK_MEMINFO_DROPS];
}
