/* SPDX-License-Identifier: GPL-2.0-only */
/* What libnflua's files share and its users do not see. */
#ifndef _NFLUA_INTERNAL_H
#define _NFLUA_INTERNAL_H

#include <libmnl/libmnl.h>

#include "libnflua.h"

/* Most multicast groups that are asked for at once. */
#define NFLUA_MAX_GROUPS	3

/**
 * struct nflua_family - what the kernel tells about a generic netlink family
 * @name: which one
 * @names: names of its multicast groups that are wanted
 * @ngroups: number of @names
 * @id: its message type
 * @groups: the numbers of @names, 0 for one that there is not
 */
struct nflua_family {
	const char *name;
	const char *const *names;
	unsigned int ngroups;
	uint16_t id;
	uint32_t groups[NFLUA_MAX_GROUPS];
};

/**
 * struct nflua - a connection to the kernel's half
 * @sock: generic netlink socket
 * @family: message type of the family "nflua"
 * @seq: sequence number of the request last sent
 * @buf: the message last received
 * @bufsize: bytes that @buf holds
 * @script_error: %NFLUA_A_SCRIPT_ERROR of the last exchange, or NULL
 * @script_output: %NFLUA_A_SCRIPT_OUTPUT beside it, or NULL
 * @script_output_size: bytes of it
 * @sentence: whether @message came from the kernel
 * @message: sentence of the last failure, or NULL
 * @subscribed: nflua_subscribe() was called: there are no answers any more
 * @group: one of the family's groups that nflua_subscribe() joined, or 0
 * @next: what nflua_receive() looks at next, in @buf
 * @left: bytes of @buf from @next on
 */
struct nflua {
	struct mnl_socket *sock;
	uint16_t family;
	uint32_t seq;
	char *buf;
	size_t bufsize;
	char *script_error;
	char *script_output;
	size_t script_output_size;
	bool sentence;
	char *message;
	bool subscribed;
	uint32_t group;
	const struct nlmsghdr *next;
	int left;
};

/* Called for each message that answers a request; 0 or a negative errno. */
typedef int (*nflua_reply_fn)(const struct nlmsghdr *nlh, void *data);

struct nlmsghdr *nflua_request(struct nflua *nl, void *buf, uint8_t cmd, uint16_t flags);
int nflua_exchange(struct nflua *nl, struct nlmsghdr *nlh, nflua_reply_fn fn, void *data);
int nflua_dump(struct nflua *nl, uint8_t cmd, nflua_reply_fn take, void (*clear)(void *list),
	       void *list);
int nflua_resolve(struct nflua *nl, struct nflua_family *family);
ssize_t nflua_datagram(struct nflua *nl, int flags);
int nflua_fail(struct nflua *nl, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void nflua_limits_put(struct nlmsghdr *nlh, const struct nflua_limits *limits);
void nflua_limits_parse(const struct nlattr *attr, struct nflua_limits *limits);
int nflua_time_parse(const struct nlattr *nest, struct nflua_time **timep);
void nflua_time_free(struct nflua_time *time);
char *nflua_attr_strdup(const struct nlattr *attr);
char *nflua_attr_output(const struct nlattr *attr, size_t *size);
uint64_t nflua_attr_uint(const struct nlattr *attr);

#endif /* _NFLUA_INTERNAL_H */
