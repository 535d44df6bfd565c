// SPDX-License-Identifier: GPL-2.0-only
/* What scripts may use: in requests, in answers, and changed while they run. */
#include <errno.h>

#include <linux/genetlink.h>

#include "internal.h"

/**
 * nflua_limits_put() - put those limits into a request that are given
 * @nlh: request
 * @limits: the limits
 */
void nflua_limits_put(struct nlmsghdr *nlh, const struct nflua_limits *limits)
{
	if (limits->memory)
		mnl_attr_put_u64(nlh, NFLUA_A_SCRIPT_MEMORY_LIMIT, limits->memory);
	if (limits->budget)
		mnl_attr_put_u64(nlh, NFLUA_A_SCRIPT_BUDGET, limits->budget);
	if (limits->has_errors)
		mnl_attr_put_u32(nlh, NFLUA_A_SCRIPT_ERRORS_MAX, limits->errors);
}

/**
 * nflua_limits_parse() - take a limit from an answer
 * @attr: attribute, which may be none of them
 * @limits: where it goes
 */
void nflua_limits_parse(const struct nlattr *attr, struct nflua_limits *limits)
{
	switch (mnl_attr_get_type(attr)) {
	case NFLUA_A_SCRIPT_MEMORY_LIMIT:
		limits->memory = nflua_attr_uint(attr);
		break;
	case NFLUA_A_SCRIPT_BUDGET:
		limits->budget = nflua_attr_uint(attr);
		break;
	case NFLUA_A_SCRIPT_ERRORS_MAX:
		limits->errors = nflua_attr_uint(attr);
		limits->has_errors = true;
		break;
	}
}

static int take_limits(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		nflua_limits_parse(attr, data);
	return 0;
}

/**
 * nflua_change_limits() - set limits, and learn them
 * @nl: handle
 * @name: of a script; NULL: what scripts that are loaded from now on get
 * @limits: those that are given are set, all or none; then it has all of them
 *
 * Return: 0, -ENOENT if there is no script of this name, -ERANGE for a limit
 *	that is out of range, or another negative errno
 */
int nflua_change_limits(struct nflua *nl, const char *name, struct nflua_limits *limits)
{
	char buf[256] = {};
	struct nlmsghdr *nlh;

	if (name && !nflua_name_valid(name))
		return nflua_fail(nl, -EINVAL, "'%s' is no name for a script", name);
	nlh = nflua_request(nl, buf, NFLUA_CMD_SCRIPT_LIMITS, NLM_F_ACK);
	if (name)
		mnl_attr_put_strz(nlh, NFLUA_A_SCRIPT_NAME, name);
	nflua_limits_put(nlh, limits);
	return nflua_exchange(nl, nlh, take_limits, limits);
}
