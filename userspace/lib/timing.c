// SPDX-License-Identifier: GPL-2.0-only
/* How long calls take: switched on and off, taken from answers, and summed up. */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

/**
 * nflua_set_timing() - measure the calls of a script, or no more, or anew
 * @nl: handle
 * @name: its name
 * @timing: what to do
 *
 * Return: 0, also if it was so; -ENOENT if there is no script of this name, or
 *	another negative errno
 */
int nflua_set_timing(struct nflua *nl, const char *name, enum nflua_timing timing)
{
	char buf[256] = {};
	struct nlmsghdr *nlh;

	if (!nflua_name_valid(name))
		return nflua_fail(nl, -EINVAL, "'%s' is no name for a script", name);
	nlh = nflua_request(nl, buf, NFLUA_CMD_SCRIPT_TIMING, NLM_F_ACK);
	mnl_attr_put_strz(nlh, NFLUA_A_SCRIPT_NAME, name);
	mnl_attr_put_u8(nlh, NFLUA_A_SCRIPT_TIMING, timing);
	return nflua_exchange(nl, nlh, NULL, NULL);
}

static int add_bucket(struct nflua_time *time, const struct nlattr *nest)
{
	struct nflua_bucket *buckets, *bucket;
	const struct nlattr *attr;

	buckets = reallocarray(time->buckets, time->nbuckets + 1, sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	time->buckets = buckets;
	bucket = &buckets[time->nbuckets++];
	*bucket = (struct nflua_bucket){};
	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case NFLUA_A_BUCKET_FROM:
			bucket->from = nflua_attr_uint(attr);
			break;
		case NFLUA_A_BUCKET_TO:
			bucket->to = nflua_attr_uint(attr);
			break;
		case NFLUA_A_BUCKET_CALLS:
			bucket->calls = nflua_attr_uint(attr);
			break;
		}
	}
	return 0;
}

/**
 * nflua_time_free() - free what nflua_time_parse() made
 * @time: may be NULL
 */
void nflua_time_free(struct nflua_time *time)
{
	if (!time)
		return;
	free(time->buckets);
	free(time);
}

/**
 * nflua_time_parse() - take the times of an entry point from an answer
 * @nest: %NFLUA_A_ENTRY_TIME
 * @timep: where they go, to be freed with nflua_time_free(); what is there is
 *	freed
 *
 * Return: 0 or -ENOMEM
 */
int nflua_time_parse(const struct nlattr *nest, struct nflua_time **timep)
{
	struct nflua_time *time = calloc(1, sizeof(*time));
	const struct nlattr *attr;
	int err = 0;

	nflua_time_free(*timep);
	*timep = time;
	if (!time)
		return -ENOMEM;
	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case NFLUA_A_TIME_BUCKET:
			err = add_bucket(time, attr);
			break;
		case NFLUA_A_TIME_CALLS:
			time->calls = nflua_attr_uint(attr);
			break;
		case NFLUA_A_TIME_TOTAL:
			time->total = nflua_attr_uint(attr);
			break;
		case NFLUA_A_TIME_LONGEST:
			time->longest = nflua_attr_uint(attr);
			break;
		}
		if (err)
			return err;
	}
	return 0;
}

/**
 * nflua_time_mean() - how long a call took on average
 * @time: times of an entry point
 *
 * Return: nanoseconds, 0 if there was no call
 */
uint64_t nflua_time_mean(const struct nflua_time *time)
{
	return time->calls ? time->total / time->calls : 0;
}

/**
 * nflua_time_percentile() - how long the quickest of the calls took at most
 * @time: times of an entry point
 * @percent: how many of them, 1 to 100
 *
 * It is the upper end of a bucket: no less than the true value, and at most a
 * quarter more.
 *
 * Return: nanoseconds, never more than the longest call; 0 if there was none
 */
uint64_t nflua_time_percentile(const struct nflua_time *time, unsigned int percent)
{
	/* rounded up, without a product that may overflow */
	uint64_t left = time->calls / 100 * percent + (time->calls % 100 * percent + 99) / 100;
	size_t i;

	for (i = 0; i + 1 < time->nbuckets; i++) {
		if (time->buckets[i].calls >= left)
			return time->buckets[i].to;
		left -= time->buckets[i].calls;
	}
	/* The longest call is in the last one. */
	return time->longest;
}
