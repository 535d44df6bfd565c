// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which revisions of a match or a target the kernel has. iptables can tell, but of
 * revision 0 it always says yes, and prints a warning if that is not true.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define XTABLES_INTERNAL
#include <xtables.h>

#include "revision.h"

/* What the kernel's one function behind both ways answers, as an errno. */
static enum revision verdict(int error)
{
	if (!error)
		return REVISION_THERE;
	return error == ENOENT || error == EPROTONOSUPPORT ? REVISION_MISSING : REVISION_UNKNOWN;
}

/* As iptables-legacy asks; there is nobody to answer while ip_tables is not loaded. */
static enum revision ask_tables(const char *name, unsigned int revision, int target)
{
	struct xt_get_revision question = { .revision = revision };
	socklen_t size = sizeof(question);
	int fd = socket(afinfo->family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	int error = 0;

	if (fd < 0)
		return REVISION_UNKNOWN;
	strncpy(question.name, name, sizeof(question.name) - 1);
	if (getsockopt(fd, afinfo->ipproto,
		       target ? afinfo->so_rev_target : afinfo->so_rev_match, &question,
		       &size) < 0)
		error = errno;
	close(fd);
	return verdict(error);
}

/* As iptables-nft asks. */
static enum revision ask_nft(const char *name, unsigned int revision, int target)
{
	struct {
		struct nlmsghdr nlh;
		struct nfgenmsg nfg;
		struct nlattr name_head;
		char name[NLA_ALIGN(XT_EXTENSION_MAXNAMELEN)];
		struct nlattr revision_head;
		__u32 revision;
		struct nlattr type_head;
		__u32 type;
	} question = {
		.nlh = {
			.nlmsg_len = sizeof(question),
			.nlmsg_type = NFNL_SUBSYS_NFT_COMPAT << 8 | NFNL_MSG_COMPAT_GET,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.nfg = { .nfgen_family = afinfo->family, .version = NFNETLINK_V0 },
		.name_head = { NLA_HDRLEN + XT_EXTENSION_MAXNAMELEN, NFTA_COMPAT_NAME },
		.revision_head = { NLA_HDRLEN + sizeof(__u32), NFTA_COMPAT_REV },
		.revision = htonl(revision),
		.type_head = { NLA_HDRLEN + sizeof(__u32), NFTA_COMPAT_TYPE },
		.type = htonl(target),
	};
	union {
		struct nlmsghdr nlh;
		char bytes[512];
	} answer;
	const struct nlmsgerr *error = NLMSG_DATA(&answer.nlh);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	ssize_t size = -1;

	if (fd < 0)
		return REVISION_UNKNOWN;
	strncpy(question.name, name, XT_EXTENSION_MAXNAMELEN - 1);
	if (send(fd, &question, sizeof(question), 0) == sizeof(question))
		size = recv(fd, &answer, sizeof(answer), 0);
	close(fd);
	if (size < (ssize_t)NLMSG_LENGTH(sizeof(*error)))
		return REVISION_UNKNOWN;
	return verdict(answer.nlh.nlmsg_type == NLMSG_ERROR ? -error->error : 0);
}

/**
 * revision_ask() - has the kernel this revision, for the program's family?
 * @name: of the match or the target
 * @revision: which one
 * @target: it is a target
 */
enum revision revision_ask(const char *name, unsigned int revision, int target)
{
	enum revision said = ask_tables(name, revision, target);

	return said == REVISION_UNKNOWN ? ask_nft(name, revision, target) : said;
}
