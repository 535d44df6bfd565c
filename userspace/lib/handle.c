// SPDX-License-Identifier: GPL-2.0-only
/*
 * The socket: finding the family, one request and its answers, and what the
 * kernel says when it refuses.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/genetlink.h>

#include "internal.h"

/* Enough for most answers; a longer one makes the buffer grow. */
#define BUFFER_SIZE	(64 * 1024)

/* A request for a list has no attributes. */
#define DUMP_SIZE	64

/* How often a list is begun anew while what it has comes and goes. */
#define DUMP_TRIES	64

/* What the last failure said. */
static void forget(struct nflua *nl)
{
	free(nl->script_error);
	free(nl->script_output);
	free(nl->message);
	nl->script_error = NULL;
	nl->script_output = NULL;
	nl->message = NULL;
	nl->sentence = false;
}

/**
 * nflua_fail() - keep the sentence of a failure
 * @nl: handle
 * @err: negative errno
 * @fmt: the sentence, without a full stop or a newline
 *
 * What the kernel said of the script before is forgotten: this is no refusal.
 *
 * Return: @err
 */
int nflua_fail(struct nflua *nl, int err, const char *fmt, ...)
{
	va_list ap;

	forget(nl);
	va_start(ap, fmt);
	if (vasprintf(&nl->message, fmt, ap) < 0)
		nl->message = NULL;
	va_end(ap);
	return err;
}

/**
 * nflua_message() - why the last call failed
 * @nl: handle
 *
 * Return: the best sentence there is, in this order: the Lua message or the
 *	completed sentence that the kernel sent, the extended acknowledgement,
 *	the text of the errno. Valid until the next call with @nl.
 */
const char *nflua_message(const struct nflua *nl)
{
	if (nl->script_error)
		return nl->script_error;
	return nl->message ? nl->message : "no error";
}

/**
 * nflua_script_error() - the kernel's own text about the script
 * @nl: handle
 *
 * Return: the text as it came with the last refusal, for a Lua error
 *	"NAME:LINE: text", perhaps with a traceback behind it; NULL if the
 *	last call brought none. Valid until the next call with @nl.
 */
const char *nflua_script_error(const struct nflua *nl)
{
	return nl->script_error;
}

/**
 * nflua_script_output() - what a chunk printed before it failed
 * @nl: handle
 * @size: gets its length; it may contain NULs, and has one behind it
 *
 * Return: the text, or NULL. Valid until the next call with @nl.
 */
const char *nflua_script_output(const struct nflua *nl, size_t *size)
{
	*size = nl->script_output_size;
	return nl->script_output;
}

/**
 * nflua_kernel_message() - the sentence that the kernel sent
 * @nl: handle
 *
 * Return: nflua_message(), but NULL if the last failure came without a
 *	sentence of the kernel. Valid until the next call with @nl.
 */
const char *nflua_kernel_message(const struct nflua *nl)
{
	if (nl->script_error)
		return nl->script_error;
	return nl->sentence ? nl->message : NULL;
}

/**
 * nflua_attr_strdup() - copy a string attribute
 * @attr: attribute, with or without a terminating NUL
 *
 * Return: the string, or NULL without memory
 */
char *nflua_attr_strdup(const struct nlattr *attr)
{
	return strndup(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
}

/**
 * nflua_attr_output() - copy what a script printed
 * @attr: attribute, with a NUL behind the text, which may contain others
 * @size: gets the length of the text
 *
 * Return: the text with that NUL, or NULL without memory
 */
char *nflua_attr_output(const struct nlattr *attr, size_t *size)
{
	const char *text = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);
	char *output;

	if (len && !text[len - 1])
		len--;
	output = malloc(len + 1);
	if (!output)
		return NULL;
	memcpy(output, text, len);
	output[len] = 0;
	*size = len;
	return output;
}

/**
 * nflua_attr_uint() - read an unsigned attribute of any width
 * @attr: attribute
 *
 * Return: its value; 0 for a width that no integer has
 */
uint64_t nflua_attr_uint(const struct nlattr *attr)
{
	switch (mnl_attr_get_payload_len(attr)) {
	case sizeof(uint8_t):
		return mnl_attr_get_u8(attr);
	case sizeof(uint16_t):
		return mnl_attr_get_u16(attr);
	case sizeof(uint32_t):
		return mnl_attr_get_u32(attr);
	case sizeof(uint64_t):
		return mnl_attr_get_u64(attr);
	default:
		return 0;
	}
}

/**
 * nflua_request() - begin a request to the family
 * @nl: handle
 * @buf: zeroed or not, large enough for what follows
 * @cmd: &enum nflua_cmd
 * @flags: NLM_F_* beside NLM_F_REQUEST
 *
 * Return: the message, for attributes to be put
 */
struct nlmsghdr *nflua_request(struct nflua *nl, void *buf, uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = nl->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = NFLUA_GENL_VERSION;
	return nlh;
}

/* The extended acknowledgement's sentence, or NULL. @skip: what is before it */
static const struct nlattr *extack_message(const struct nlmsghdr *nlh, size_t skip)
{
	const struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || skip > mnl_nlmsg_get_payload_len(nlh))
		return NULL;
	mnl_attr_for_each(attr, nlh, skip)
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
			return attr;
	return NULL;
}

/* What the kernel said of the script with it stays. */
static int refusal(struct nflua *nl, int err, const struct nlattr *sentence)
{
	free(nl->message);
	nl->message = sentence ? nflua_attr_strdup(sentence) : strdup(strerror(-err));
	nl->sentence = sentence && nl->message;
	return err;
}

/* An acknowledgement, perhaps negative. */
static int acknowledged(struct nflua *nl, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	size_t skip = sizeof(*err);

	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += mnl_nlmsg_get_payload_len(&err->msg);
	return err->error ? refusal(nl, err->error, extack_message(nlh, skip)) : 0;
}

/* The end of a list, perhaps too early: then the sentence is behind the number. */
static int done(struct nflua *nl, const struct nlmsghdr *nlh)
{
	const int *err = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*err) || *err >= 0)
		return 0;
	return refusal(nl, *err, extack_message(nlh, sizeof(*err)));
}

/* A message of the family that says why: kept until the refusal comes. */
static int keep_script_error(struct nflua *nl, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const bool run = genl->cmd == NFLUA_CMD_RUN;
	const struct nlattr *attr, *error = NULL, *output = NULL;

	/* Maps have attributes of their own. */
	if (genl->cmd >= NFLUA_CMD_MAP_GET && genl->cmd <= NFLUA_CMD_MAP_ENTRY_DELETE)
		return 0;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == (run ? NFLUA_A_RUN_ERROR : NFLUA_A_SCRIPT_ERROR))
			error = attr;
		else if (!run && mnl_attr_get_type(attr) == NFLUA_A_SCRIPT_OUTPUT)
			output = attr;
	}
	if (!error)
		return 0;
	free(nl->script_error);
	free(nl->script_output);
	nl->script_error = nflua_attr_strdup(error);
	nl->script_output = output ? nflua_attr_output(output, &nl->script_output_size) : NULL;
	return 1;
}

/**
 * nflua_datagram() - read what the kernel sent at once into the handle's buffer
 * @nl: handle
 * @flags: 0, or MSG_DONTWAIT
 *
 * Return: its size, or a negative errno; -EAGAIN if nothing is there
 */
ssize_t nflua_datagram(struct nflua *nl, int flags)
{
	int fd = mnl_socket_get_fd(nl->sock);
	ssize_t len;
	char *buf;

	do {
		len = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC | flags);
	} while (len < 0 && errno == EINTR);
	if (len < 0 && errno == EAGAIN)
		return -EAGAIN;
	if (len < 0)
		return nflua_fail(nl, -errno, "receiving from the kernel failed: %s",
				  strerror(errno));
	if ((size_t)len > nl->bufsize) {
		buf = realloc(nl->buf, len);
		if (!buf)
			return nflua_fail(nl, -ENOMEM, "no memory for an answer of %zd bytes",
					  len);
		nl->buf = buf;
		nl->bufsize = len;
	}
	do {
		len = mnl_socket_recvfrom(nl->sock, nl->buf, nl->bufsize);
	} while (len < 0 && errno == EINTR);
	if (len < 0)
		return nflua_fail(nl, -errno, "receiving from the kernel failed: %s",
				  strerror(errno));
	return len;
}

/*
 * Return: 1 to go on, 0 when the exchange is complete unless an acknowledgement
 * is still to come, or a negative errno
 */
static int answer(struct nflua *nl, const struct nlmsghdr *nlh, nflua_reply_fn fn, void *data,
		  bool *interrupted)
{
	int err;

	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		*interrupted = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_NOOP:
		return 1;
	case NLMSG_ERROR:
		if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct nlmsgerr))
			return nflua_fail(nl, -EBADMSG, "the kernel's answer is cut short");
		return acknowledged(nl, nlh);
	case NLMSG_DONE:
		return done(nl, nlh);
	default:
		if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct genlmsghdr))
			return nflua_fail(nl, -EBADMSG, "the kernel's answer is cut short");
		if (nlh->nlmsg_type == nl->family && keep_script_error(nl, nlh))
			return 1;
		err = fn ? fn(nlh, data) : 0;
		if (err)
			return nflua_fail(nl, err, "%s", strerror(-err));
		return nlh->nlmsg_flags & NLM_F_MULTI ? 1 : 0;
	}
}

/**
 * nflua_exchange() - send one request and take all its answers
 * @nl: handle
 * @nlh: request. Without NLM_F_ACK and NLM_F_DUMP the exchange ends with the
 *	first answer: the way to ask for one that is larger than the socket's
 *	buffer, behind which an acknowledgement would be lost
 * @fn: called for each answer that is no control message, may be NULL; after
 *	it has failed the other answers are read and dropped
 * @data: for @fn
 *
 * Return: 0, -EINTR if a dump was changed under way and has to be repeated,
 *	or a negative errno
 */
int nflua_exchange(struct nflua *nl, struct nlmsghdr *nlh, nflua_reply_fn fn, void *data)
{
	bool to_end = nlh->nlmsg_flags & (NLM_F_ACK | NLM_F_DUMP);
	bool interrupted = false, ended = false;
	int err, result = 0;
	ssize_t len;
	int left;

	forget(nl);
	if (nl->subscribed)
		return nflua_fail(nl, -EBUSY, "a connection that receives messages takes no requests");
	nlh->nlmsg_seq = ++nl->seq;
	if (mnl_socket_sendto(nl->sock, nlh, nlh->nlmsg_len) < 0)
		return nflua_fail(nl, -errno, "sending to the kernel failed: %s",
				  strerror(errno));

	while (!ended) {
		len = nflua_datagram(nl, 0);
		if (len < 0)
			return len;
		left = len;
		for (nlh = (struct nlmsghdr *)nl->buf; !ended && mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_seq != nl->seq)
				continue;
			err = answer(nl, nlh, result ? NULL : fn, data, &interrupted);
			if (err < 0)
				result = err;
			ended = nlh->nlmsg_type == NLMSG_ERROR ||
				nlh->nlmsg_type == NLMSG_DONE || (err <= 0 && !to_end);
		}
	}
	if (!result && interrupted)
		return nflua_fail(nl, -EINTR, "what was listed changed meanwhile");
	return result;
}

/**
 * nflua_dump() - send a request for a list and take all of it
 * @nl: handle
 * @cmd: the request
 * @take: called for each answer
 * @clear: empties what @take has filled
 * @list: for both
 *
 * A list that changed while the kernel wrote it is asked for again, so that
 * @list is one that was true at one moment.
 *
 * Return: 0 or a negative errno
 */
int nflua_dump(struct nflua *nl, uint8_t cmd, nflua_reply_fn take, void (*clear)(void *list),
	       void *list)
{
	char buf[DUMP_SIZE] = {};
	unsigned int tries = 0;
	int err;

	do {
		clear(list);
		err = nflua_exchange(nl, nflua_request(nl, buf, cmd, NLM_F_DUMP), take, list);
	} while (err == -EINTR && ++tries < DUMP_TRIES);
	return err;
}

static void take_group(const struct nlattr *nest, struct nflua_family *family)
{
	const struct nlattr *attr;
	const char *name = "";
	uint32_t id = 0;
	unsigned int i;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
			id = nflua_attr_uint(attr);
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME &&
			 mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			name = mnl_attr_get_str(attr);
	}
	for (i = 0; i < family->ngroups; i++)
		if (!strcmp(family->names[i], name))
			family->groups[i] = id;
}

static int take_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr, *nest;
	struct nflua_family *family = data;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			family->id = nflua_attr_uint(attr);
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
			mnl_attr_for_each_nested(nest, attr)
				take_group(nest, family);
	}
	return 0;
}

/**
 * nflua_resolve() - ask for a generic netlink family
 * @nl: handle
 * @family: with name and names; the numbers are filled in
 *
 * Makes the kernel load the module that has it.
 *
 * Return: 0, -ENOENT if there is no such family, or another negative errno
 */
int nflua_resolve(struct nflua *nl, struct nflua_family *family)
{
	char buf[256] = {};
	struct genlmsghdr *genl;
	struct nlmsghdr *nlh;
	int err;

	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = GENL_ID_CTRL;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, family->name);
	err = nflua_exchange(nl, nlh, take_family, family);
	if (!err && !family->id)
		err = -ENOENT;
	return err;
}

/**
 * nflua_open() - connect to the current network namespace's scripts
 * @nlp: where the handle goes
 *
 * Makes the kernel load the module if it is not there and can be found.
 *
 * Return: 0, -ENOENT if the module is not loaded, or another negative errno
 */
int nflua_open(struct nflua **nlp)
{
	struct nflua_family family = { .name = NFLUA_GENL_NAME };
	struct nflua *nl = calloc(1, sizeof(*nl));
	int on = 1, err;

	if (!nl)
		return -ENOMEM;
	nl->seq = time(NULL);
	nl->bufsize = BUFFER_SIZE;
	nl->buf = malloc(nl->bufsize);
	if (!nl->buf) {
		err = -ENOMEM;
		goto fail;
	}
	nl->sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!nl->sock || mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		goto fail;
	}
	/* Without these the sentences stay away; nothing else depends on them. */
	mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(nl->sock, NETLINK_CAP_ACK, &on, sizeof(on));
	err = nflua_resolve(nl, &family);
	if (err)
		goto fail;
	nl->family = family.id;
	*nlp = nl;
	return 0;

fail:
	nflua_close(nl);
	return err;
}

/**
 * nflua_close() - end a connection
 * @nl: handle, may be NULL
 */
void nflua_close(struct nflua *nl)
{
	if (!nl)
		return;
	if (nl->sock)
		mnl_socket_close(nl->sock);
	forget(nl);
	free(nl->buf);
	free(nl);
}
