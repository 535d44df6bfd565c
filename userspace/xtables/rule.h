/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the match "lua" and the target "LUA" have in common: both carry a
 * struct xt_lua_info, with the same options.
 */
#ifndef _NFLUA_XTABLES_RULE_H
#define _NFLUA_XTABLES_RULE_H

#include <stddef.h>
#include <xtables.h>

#include "uapi/xt_nflua.h"

/* Bytes of a rule's data; the kernel's own pointer is neither compared nor kept. */
#define RULE_SIZE	XT_ALIGN(sizeof(struct xt_lua_info))
#define RULE_USER_SIZE	offsetof(struct xt_lua_info, binding)

enum {
	RULE_SCRIPT,
	RULE_FUNCTION,
	RULE_ON_ERROR,
	RULE_PAYLOAD,
	RULE_MASK,
	RULE_ARG,
};

/* The options; only a match can be inverted. */
#define RULE_OPTIONS(inversion)								\
	{										\
		.name = "script", .id = RULE_SCRIPT, .type = XTTYPE_STRING,		\
		.flags = XTOPT_MAND | (inversion),					\
	}, RULE_OTHER_OPTIONS

/* Those that a script's own name leaves, which stands for --script. */
#define RULE_OTHER_OPTIONS								\
	{										\
		.name = "function", .id = RULE_FUNCTION, .type = XTTYPE_STRING,		\
	}, {										\
		.name = "on-error", .id = RULE_ON_ERROR, .type = XTTYPE_STRING,		\
	}, {										\
		.name = "payload", .id = RULE_PAYLOAD, .type = XTTYPE_NONE,		\
	}, {										\
		.name = "mask", .id = RULE_MASK, .type = XTTYPE_UINT32,			\
	}, {										\
		.name = "arg", .id = RULE_ARG, .type = XTTYPE_STRING,			\
		.flags = XTOPT_MULTI,							\
	}, XTOPT_TABLEEND

/**
 * struct rule_kind - how match and target differ
 * @name: what messages call the extension
 * @registers: how a script offers itself to a rule without --function
 * @on_errors: words of --on-error, indexed by &enum nflua_on_error; NULL for
 *	those that don't fit
 * @on_error: the default
 */
struct rule_kind {
	const char *name;
	const char *registers;
	const char *on_errors[__NFLUA_ON_ERROR_MAX];
	enum nflua_on_error on_error;
};

extern const struct rule_kind rule_match;
extern const struct rule_kind rule_target;

void rule_help_options(const struct rule_kind *kind);
void rule_help(const struct rule_kind *kind);
void rule_init(const struct rule_kind *kind, struct xt_lua_info *info);
void rule_parse(const struct rule_kind *kind, struct xt_option_call *cb);
void rule_print(const struct rule_kind *kind, const struct xt_lua_info *info);
void rule_save(const struct rule_kind *kind, const struct xt_lua_info *info);
int rule_xlate(const struct rule_kind *kind);

#endif /* _NFLUA_XTABLES_RULE_H */
