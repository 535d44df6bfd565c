// SPDX-License-Identifier: GPL-2.0-only
/* Entering a network namespace by its name, its file or a process in it. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/limits.h>

#include "internal.h"

static int open_netns(const char *netns)
{
	char path[PATH_MAX];
	int fd, err;

	if (strchr(netns, '/'))
		return open(netns, O_RDONLY | O_CLOEXEC);
	if (!*netns || !strcmp(netns, ".") || !strcmp(netns, "..") ||
	    strlen(netns) > NAME_MAX) {
		errno = EINVAL;
		return -1;
	}
	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 || errno != ENOENT || netns[strspn(netns, "0123456789")])
		return fd;
	snprintf(path, sizeof(path), "/proc/%s/ns/net", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	err = errno;
	if (fd < 0 && err == ENOENT)
		errno = ESRCH;
	return fd;
}

/**
 * nflua_netns_enter() - move the calling thread to another network namespace
 * @netns: a name as "ip netns" shows it, a path (anything with a slash), or,
 *	if there is no such name, the number of a process
 *
 * Return: 0, -ENOENT or -ESRCH if there is no such namespace, -EINVAL if it is
 *	something else, -EPERM without the capability, or another negative errno
 */
int nflua_netns_enter(const char *netns)
{
	int fd = open_netns(netns);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (setns(fd, CLONE_NEWNET))
		err = -errno;
	close(fd);
	return err;
}
