// SPDX-License-Identifier: GPL-2.0-only
/*
 * Digests of declarations, and what of two differs. The digest tells a rule
 * that was made from another declaration; it is no protection against who
 * wants two to look the same, for the values of a rule are checked anyway.
 *
 * Built for the kernel, for nfluactl and for the plugin of iptables.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "extension_spec.h"

/* FNV-1a of 64 bits: https://www.rfc-editor.org/rfc/rfc9923 */
static u64 add_bytes(u64 hash, const void *bytes, size_t size)
{
	const u8 *p = bytes;

	while (size--)
		hash = (hash ^ *p++) * 0x100000001b3ULL;
	return hash;
}

/* Byte by byte, so that it is the same wherever it is computed. */
static u64 add_number(u64 hash, u64 n)
{
	u8 bytes[8];
	int i;

	for (i = 0; i < 8; i++)
		bytes[i] = n >> 8 * i;
	return add_bytes(hash, bytes, sizeof(bytes));
}

static u64 add_string(u64 hash, const char *s)
{
	return add_bytes(hash, s, strlen(s) + 1);
}

static u64 head_digest(const struct nflua_extension_spec *spec)
{
	u64 hash = 0xcbf29ce484222325ULL;

	hash = add_string(hash, spec->name);
	hash = add_number(hash, spec->target);
	hash = add_number(hash, spec->revision);
	hash = add_number(hash, spec->families);
	hash = add_number(hash, spec->on_error);
	hash = add_number(hash, spec->tables);
	hash = add_number(hash, spec->hooks);
	hash = add_number(hash, spec->protocol);
	return add_number(hash, spec->noptions);
}

static u64 option_digest(const struct nflua_extension_spec *spec,
			 const struct nflua_extension_option *option)
{
	u64 hash = 0xcbf29ce484222325ULL;
	unsigned int i;

	hash = add_string(hash, option->name);
	hash = add_number(hash, option->type);
	hash = add_number(hash, option->repeated);
	hash = add_number(hash, option->mandatory);
	hash = add_number(hash, option->invertible);
	hash = add_number(hash, option->size);
	hash = add_number(hash, option->min);
	hash = add_number(hash, option->max);
	hash = add_string(hash, nflua_extension_pool(spec, option->group));
	for (i = 0; i < option->nwords; i++)
		hash = add_string(hash, nflua_extension_word(spec, option, i));
	hash = add_number(hash, option->has_default);
	if (option->has_default)
		hash = add_bytes(hash, nflua_extension_pool(spec, option->def),
				 option->size);
	return hash;
}

static u16 fold(u64 hash)
{
	return hash ^ hash >> 16 ^ hash >> 32 ^ hash >> 48;
}

/**
 * nflua_extension_digest() - compute the digests of a declaration
 * @spec: the declaration
 */
void nflua_extension_digest(struct nflua_extension_spec *spec)
{
	u64 hash = head_digest(spec);
	unsigned int i;

	spec->digest = hash;
	spec->parts[0] = fold(hash);
	for (i = 0; i < spec->noptions; i++) {
		hash = option_digest(spec, &spec->options[i]);
		spec->digest = add_number(spec->digest, hash);
		spec->parts[i + 1] = fold(hash);
	}
}

/* What of two options of one name differs; NULL for their values. */
static const char *option_differs(const struct nflua_extension_spec *have,
				  const struct nflua_extension_option *a,
				  const struct nflua_extension_spec *want,
				  const struct nflua_extension_option *b)
{
	unsigned int i;

	if (a->type != b->type)
		return "type";
	if (a->size != b->size)
		return "size";
	if (a->repeated != b->repeated)
		return "repeated";
	if (a->mandatory != b->mandatory)
		return "mandatory";
	if (a->invertible != b->invertible)
		return "invertible";
	if (a->min != b->min)
		return "min";
	if (a->max != b->max)
		return "max";
	if (strcmp(nflua_extension_pool(have, a->group),
		   nflua_extension_pool(want, b->group)))
		return "group";
	if (a->nwords != b->nwords)
		return "values";
	for (i = 0; i < a->nwords; i++)
		if (strcmp(nflua_extension_word(have, a, i),
			   nflua_extension_word(want, b, i)))
			return "values";
	if (a->has_default != b->has_default ||
	    (a->has_default &&
	     memcmp(nflua_extension_pool(have, a->def),
		    nflua_extension_pool(want, b->def), a->size)))
		return "default";
	return NULL;
}

static const char *head_differs(const struct nflua_extension_spec *have,
				const struct nflua_extension_spec *want)
{
	if (have->target != want->target)
		return "one is a match, the other a target";
	if (have->families != want->families)
		return "families differ";
	if (have->tables != want->tables)
		return "tables differ";
	if (have->hooks != want->hooks)
		return "hooks differ";
	if (have->protocol != want->protocol)
		return "protocol differs";
	if (have->on_error != want->on_error)
		return "on_error differs";
	return NULL;
}

/**
 * nflua_extension_differs() - are two declarations of one name not the same?
 * @have: the one
 * @want: the other, of the same name and revision
 * @why: gets what differs, %NFLUA_EXTENSION_WHY bytes
 */
bool nflua_extension_differs(const struct nflua_extension_spec *have,
			     const struct nflua_extension_spec *want, char *why)
{
	const char *what = head_differs(have, want);
	unsigned int i;

	if (what) {
		snprintf(why, NFLUA_EXTENSION_WHY, "%s", what);
		return true;
	}
	for (i = 0; i < have->noptions || i < want->noptions; i++) {
		const struct nflua_extension_option *a = &have->options[i];
		const struct nflua_extension_option *b = &want->options[i];

		if (strcmp(a->name, b->name)) {
			snprintf(why, NFLUA_EXTENSION_WHY,
				 "option %u is %s%s%s, not %s%s%s", i + 1,
				 *b->name ? "'" : "", *b->name ? b->name : "missing",
				 *b->name ? "'" : "", *a->name ? "'" : "",
				 *a->name ? a->name : "missing", *a->name ? "'" : "");
			return true;
		}
		what = option_differs(have, a, want, b);
		if (what) {
			snprintf(why, NFLUA_EXTENSION_WHY,
				 "option '%s' has another '%s'", a->name, what);
			return true;
		}
	}
	return false;
}

/**
 * nflua_extension_rule_differs() - was a rule made from another declaration?
 * @spec: the declaration
 * @info: the rule's data
 * @why: gets what differs, %NFLUA_EXTENSION_WHY bytes
 */
bool nflua_extension_rule_differs(const struct nflua_extension_spec *spec,
				  const struct xt_nflua_info *info, char *why)
{
	unsigned int i;

	if (info->digest == spec->digest)
		return false;
	for (i = 1; i <= XT_NFLUA_OPTIONS; i++) {
		if (info->parts[i] == spec->parts[i])
			continue;
		if (i <= spec->noptions)
			snprintf(why, NFLUA_EXTENSION_WHY, "option %u, '%s', differs",
				 i, spec->options[i - 1].name);
		else
			snprintf(why, NFLUA_EXTENSION_WHY, "there is an option %u", i);
		return true;
	}
	snprintf(why, NFLUA_EXTENSION_WHY,
		 "families, tables, hooks, protocol or on_error differ");
	return true;
}
