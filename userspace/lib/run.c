// SPDX-License-Identifier: GPL-2.0-only
/* Test runs: bytes put to an entry point, and what it made of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>

#include "internal.h"

/* Room for every attribute of a request but the packet and the rule. */
#define HEAD_SIZE	1024

/**
 * nflua_run_free() - free what nflua_run() filled in
 * @result: the result; not @result itself
 */
void nflua_run_free(struct nflua_run_result *result)
{
	free(result->entry);
	free(result->text);
	free(result->output);
	free(result->data);
	memset(result, 0, sizeof(*result));
}

static int replace_bytes(char **to, size_t *size, const struct nlattr *attr, bool add)
{
	size_t old = add ? *size : 0, len = mnl_attr_get_payload_len(attr);
	char *bytes;

	bytes = realloc(*to, old + len + 1);
	if (!bytes)
		return -ENOMEM;
	memcpy(bytes + old, mnl_attr_get_payload(attr), len);
	bytes[old + len] = 0;
	*to = bytes;
	*size = old + len;
	return 0;
}

/* What is a sum over all calls is added to what former requests brought. */
static int take_result(const struct nlmsghdr *nlh, void *data)
{
	struct nflua_run_result *result = data;
	const struct nlattr *attr;
	size_t size;
	int err = 0;

	/* What the last answer does not have is not so. */
	result->by_policy = false;
	free(result->data);
	result->data = NULL;
	result->size = 0;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case NFLUA_A_RUN_KIND:
			result->kind = nflua_attr_uint(attr);
			break;
		case NFLUA_A_RUN_ENTRY:
			err = replace_bytes(&result->entry, &size, attr, false);
			break;
		case NFLUA_A_RUN_FAMILY:
			result->family = nflua_attr_uint(attr);
			break;
		case NFLUA_A_RUN_HOOKNUM:
			result->hooknum = nflua_attr_uint(attr);
			break;
		case NFLUA_A_RUN_OUTCOME:
			result->outcome = nflua_attr_uint(attr);
			break;
		case NFLUA_A_RUN_POLICY:
			result->by_policy = true;
			break;
		case NFLUA_A_RUN_MARK:
			result->mark = nflua_attr_uint(attr);
			break;
		case NFLUA_A_RUN_FAILED:
			result->failed += nflua_attr_uint(attr);
			break;
		case NFLUA_A_RUN_ERROR_KIND:
			result->error = nflua_attr_uint(attr);
			break;
		case NFLUA_A_RUN_TEXT:
			err = replace_bytes(&result->text, &size, attr, false);
			break;
		case NFLUA_A_RUN_OUTPUT:
			if (mnl_attr_get_payload_len(attr) > NFLUA_OUTPUT_MAX)
				result->output_cut = true;
			err = replace_bytes(&result->output, &result->output_size, attr, true);
			/* without the NUL behind it */
			if (!err && result->output_size)
				result->output_size--;
			break;
		case NFLUA_A_RUN_CALLS:
			result->calls += nflua_attr_uint(attr);
			break;
		case NFLUA_A_RUN_TIME:
			result->time += nflua_attr_uint(attr);
			break;
		case NFLUA_A_RUN_CPU:
			result->cpu = nflua_attr_uint(attr);
			break;
		case NFLUA_A_RUN_DATA:
			err = replace_bytes(&result->data, &result->size, attr, false);
			break;
		}
		if (err)
			return err;
	}
	return 0;
}

static int ask(struct nflua *nl, const struct nflua_run *run, char *buf, uint32_t repeat,
	       struct nflua_run_result *result)
{
	struct nlmsghdr *nlh = nflua_request(nl, buf, NFLUA_CMD_RUN, 0);

	mnl_attr_put_strz(nlh, NFLUA_A_RUN_NAME, run->script);
	if (run->kind >= 0)
		mnl_attr_put_u8(nlh, NFLUA_A_RUN_KIND, run->kind);
	if (run->entry)
		mnl_attr_put_strz(nlh, NFLUA_A_RUN_ENTRY, run->entry);
	if (run->as)
		mnl_attr_put_u8(nlh, NFLUA_A_RUN_AS, run->as);
	if (run->flags)
		mnl_attr_put_u32(nlh, NFLUA_A_RUN_FLAGS, run->flags);
	if (run->hooknum >= 0)
		mnl_attr_put_u8(nlh, NFLUA_A_RUN_HOOKNUM, run->hooknum);
	if (run->family)
		mnl_attr_put_u8(nlh, NFLUA_A_RUN_FAMILY, run->family);
	if (run->iif)
		mnl_attr_put_strz(nlh, NFLUA_A_RUN_IIF, run->iif);
	if (run->oif)
		mnl_attr_put_strz(nlh, NFLUA_A_RUN_OIF, run->oif);
	if (run->mark)
		mnl_attr_put_u32(nlh, NFLUA_A_RUN_MARK, run->mark);
	mnl_attr_put_u32(nlh, NFLUA_A_RUN_REPEAT, repeat);
	if (run->rule)
		mnl_attr_put(nlh, NFLUA_A_RUN_RULE, run->rule_size, run->rule);
	mnl_attr_put(nlh, NFLUA_A_RUN_DATA, run->size, run->data);
	return nflua_exchange(nl, nlh, take_result, result);
}

static int check_name(struct nflua *nl, const char *what, const char *name, size_t max)
{
	if (!name || strlen(name) <= max)
		return 0;
	return nflua_fail(nl, -EINVAL, "'%s' is too long for %s", name, what);
}

/**
 * nflua_run() - call an entry point on bytes, and learn what it does
 * @nl: handle
 * @run: what to call, on which packet
 * @result: where the answer goes, to be freed with nflua_run_free() after
 *	success
 *
 * The calls are made on the CPU that the calling thread is on, and are counted
 * nowhere. The script's variables are those that packets on that CPU see.
 *
 * Return: 0; -ENOENT if there is no such script or entry point; -ENOTUNIQ if
 *	several entry points may be meant; -EPROTO for a packet that no hook
 *	would meet; or another negative errno
 */
int nflua_run(struct nflua *nl, const struct nflua_run *run, struct nflua_run_result *result)
{
	uint32_t repeat = run->repeat ? run->repeat : 1;
	uint64_t before;
	char *buf;
	int err;

	memset(result, 0, sizeof(*result));
	if (!nflua_name_valid(run->script))
		return nflua_fail(nl, -EINVAL, "'%s' is no name for a script", run->script);
	if (run->size > NFLUA_RUN_SIZE_MAX)
		return nflua_fail(nl, -EFBIG, "the packet has %zu bytes, and may have %d",
				  run->size, NFLUA_RUN_SIZE_MAX);
	if (run->rule_size > NFLUA_RUN_RULE_MAX)
		return nflua_fail(nl, -EINVAL, "a rule gives %d bytes at most",
				  NFLUA_RUN_RULE_MAX);
	err = check_name(nl, "an entry point", run->entry, NFLUA_FUNCTION_SIZE - 1);
	if (!err)
		err = check_name(nl, "a device", run->iif, NFLUA_DEVICE_MAX);
	if (!err)
		err = check_name(nl, "a device", run->oif, NFLUA_DEVICE_MAX);
	if (err)
		return err;
	buf = malloc(HEAD_SIZE + NFLUA_RUN_RULE_MAX + NFLUA_RUN_SIZE_MAX);
	if (!buf)
		return nflua_fail(nl, -ENOMEM, "no memory for a message");
	do {
		before = result->calls;
		err = ask(nl, run, buf, repeat - result->calls, result);
		if (!err && (result->calls <= before || !result->entry || result->calls > repeat))
			err = nflua_fail(nl, -EBADMSG, "the kernel's answer has no result");
	} while (!err && result->calls < repeat);
	free(buf);
	if (err)
		nflua_run_free(result);
	return err;
}
