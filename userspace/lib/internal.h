/* SPDX-License-Identifier: GPL-2.0-only */
/* What libnflua's files share and its users do not see. */
#ifndef _NFLUA_INTERNAL_H
#define _NFLUA_INTERNAL_H

#include <libmnl/libmnl.h>

#include "libnflua.h"

/**
 * struct nflua - a connection to the kernel's half
 * @sock: generic netlink socket
 * @family: message type of the family "nflua"
 * @seq: sequence number of the request last sent
 * @buf: the message last received
 * @bufsize: bytes that @buf holds
 * @script_error: %NFLUA_A_SCRIPT_ERROR of the last exchange, or NULL
 * @script_output: %NFLUA_A_SCRIPT_OUTPUT beside it, or NULL
 * @sentence: whether @message came from the kernel
 * @message: sentence of the last failure, or NULL
 */
struct nflua {
	struct mnl_socket *sock;
	uint16_t family;
	uint32_t seq;
	char *buf;
	size_t bufsize;
	char *script_error;
	char *script_output;
	bool sentence;
	char *message;
};

/* Called for each message that answers a request; 0 or a negative errno. */
typedef int (*nflua_reply_fn)(const struct nlmsghdr *nlh, void *data);

struct nlmsghdr *nflua_request(struct nflua *nl, void *buf, uint8_t cmd, uint16_t flags);
int nflua_exchange(struct nflua *nl, struct nlmsghdr *nlh, nflua_reply_fn fn, void *data);
int nflua_fail(struct nflua *nl, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

char *nflua_attr_strdup(const struct nlattr *attr);
uint64_t nflua_attr_uint(const struct nlattr *attr);

#endif /* _NFLUA_INTERNAL_H */
