// SPDX-License-Identifier: GPL-2.0-only
/* The options of a rule. */
#include <stdio.h>
#include <string.h>

#include "rule.h"

#define LETTERS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS	"0123456789"

const struct rule_kind rule_match = {
	.name = "lua",
	.registers = "nf:match",
	.on_errors = {
		[NFLUA_ON_ERROR_NOMATCH] = "nomatch",
		[NFLUA_ON_ERROR_MATCH] = "match",
		[NFLUA_ON_ERROR_DROP] = "drop",
	},
	.on_error = NFLUA_ON_ERROR_NOMATCH,
};

const struct rule_kind rule_target = {
	.name = "LUA",
	.registers = "nf:target",
	.on_errors = {
		[NFLUA_ON_ERROR_CONTINUE] = "continue",
		[NFLUA_ON_ERROR_ACCEPT] = "accept",
		[NFLUA_ON_ERROR_DROP] = "drop",
	},
	.on_error = NFLUA_ON_ERROR_CONTINUE,
};

static void put_words(const struct rule_kind *kind, char *buf, size_t size)
{
	const char *sep = "";
	size_t i, used = 0;

	for (i = 0; i < __NFLUA_ON_ERROR_MAX; i++) {
		if (!kind->on_errors[i])
			continue;
		used += snprintf(buf + used, size - used, "%s%s", sep, kind->on_errors[i]);
		sep = ", ";
	}
}

/**
 * rule_help_options() - explain the options but --script
 * @kind: match or target
 */
void rule_help_options(const struct rule_kind *kind)
{
	char words[64];

	put_words(kind, words, sizeof(words));
	printf("    --function name    call this global function of the script\n"
	       "                       (default: the one that it gave to %s)\n"
	       "    --on-error what    when the function fails: %s\n"
	       "                       (default: %s)\n"
	       "    --payload          only TCP and UDP packets with payload\n"
	       "    --mask bits        only while netfilter.mask() of the script has one of them\n"
	       "    --arg key=value    give it to the function, as a field of its second argument;\n"
	       "                       may be repeated\n",
	       kind->registers, words, kind->on_errors[kind->on_error]);
}

/**
 * rule_help() - explain the options
 * @kind: match or target
 */
void rule_help(const struct rule_kind *kind)
{
	printf("%s options:\n", kind->name);
	if (kind->on_errors[NFLUA_ON_ERROR_MATCH])
		printf("[!] --script name      script that decides, as 'nfluactl list' shows it;\n"
		       "                       with ! the rule matches what the script does not\n");
	else
		printf("    --script name      script that decides, as 'nfluactl list' shows it\n");
	rule_help_options(kind);
}

/**
 * rule_init() - fill a rule with the defaults
 * @kind: match or target
 * @info: the rule's data, all zero
 */
void rule_init(const struct rule_kind *kind, struct xt_lua_info *info)
{
	info->on_error = kind->on_error;
}

static void parse_script(const struct rule_kind *kind, const char *arg, struct xt_lua_info *info)
{
	size_t len = strlen(arg);

	if (!len || len >= sizeof(info->script) || strspn(arg, LETTERS DIGITS "_.-") != len)
		xtables_error(PARAMETER_PROBLEM,
			      "%s: '%s' is no name of a script: 1 to %zu letters, digits, dots, dashes and underscores are",
			      kind->name, arg, sizeof(info->script) - 1);
	memcpy(info->script, arg, len + 1);
}

static void parse_function(const struct rule_kind *kind, const char *arg,
			   struct xt_lua_info *info)
{
	size_t len = strlen(arg);

	if (!len || len >= sizeof(info->function) || strchr(DIGITS, arg[0]) ||
	    strspn(arg, LETTERS DIGITS "_") != len)
		xtables_error(PARAMETER_PROBLEM,
			      "%s: '%s' is no name of a global function: 1 to %zu letters, digits and underscores are, with no digit first",
			      kind->name, arg, sizeof(info->function) - 1);
	memcpy(info->function, arg, len + 1);
}

static void parse_on_error(const struct rule_kind *kind, const char *arg,
			   struct xt_lua_info *info)
{
	char words[64];
	unsigned int i;

	for (i = 0; i < __NFLUA_ON_ERROR_MAX; i++) {
		if (kind->on_errors[i] && !strcmp(kind->on_errors[i], arg)) {
			info->on_error = i;
			return;
		}
	}
	put_words(kind, words, sizeof(words));
	xtables_error(PARAMETER_PROBLEM, "%s: --on-error '%s' is not one of: %s", kind->name, arg,
		      words);
}

/* Adds "key=value" to the others. */
static void parse_arg(const struct rule_kind *kind, const char *arg, struct xt_lua_info *info)
{
	const size_t key = strspn(arg, LETTERS DIGITS "_");
	const size_t size = strlen(arg) + 1;
	size_t at = 0;
	const char *p;

	if (!key || strchr(DIGITS, arg[0]) || arg[key] != '=')
		xtables_error(PARAMETER_PROBLEM,
			      "%s: --arg '%s' is no key=value: a key is letters, digits and underscores, with no digit first",
			      kind->name, arg);
	for (p = arg; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			xtables_error(PARAMETER_PROBLEM,
				      "%s: --arg '%.*s' has a control character", kind->name,
				      (int)key, arg);
	while (at < sizeof(info->args) && info->args[at]) {
		if (!strncmp(info->args + at, arg, key + 1))
			xtables_error(PARAMETER_PROBLEM, "%s: --arg '%.*s' is there twice",
				      kind->name, (int)key, arg);
		at += strlen(info->args + at) + 1;
	}
	if (size > sizeof(info->args) - at)
		xtables_error(PARAMETER_PROBLEM, "%s: all --arg together have room for %zu bytes",
			      kind->name, sizeof(info->args));
	memcpy(info->args + at, arg, size);
}

/**
 * rule_parse() - take an option
 * @kind: match or target
 * @cb: the option
 */
void rule_parse(const struct rule_kind *kind, struct xt_option_call *cb)
{
	struct xt_lua_info *info = cb->data;

	xtables_option_parse(cb);
	switch (cb->entry->id) {
	case RULE_SCRIPT:
		parse_script(kind, cb->arg, info);
		if (cb->invert)
			info->flags |= XT_LUA_INVERT;
		break;
	case RULE_FUNCTION:
		parse_function(kind, cb->arg, info);
		break;
	case RULE_ON_ERROR:
		parse_on_error(kind, cb->arg, info);
		break;
	case RULE_PAYLOAD:
		info->flags |= XT_LUA_PAYLOAD;
		break;
	case RULE_MASK:
		if (!cb->val.u32)
			xtables_error(PARAMETER_PROBLEM, "%s: --mask 0 would leave out everything",
				      kind->name);
		info->flags |= XT_LUA_MASK;
		info->mask = cb->val.u32;
		break;
	case RULE_ARG:
		parse_arg(kind, cb->arg, info);
		break;
	}
}

/* The word for the rule's policy; a rule of a newer kernel may have another. */
static const char *on_error_word(const struct rule_kind *kind, const struct xt_lua_info *info)
{
	if (info->on_error < __NFLUA_ON_ERROR_MAX && kind->on_errors[info->on_error])
		return kind->on_errors[info->on_error];
	return "unknown";
}

/* The arguments one after the other; the kernel has seen that they end. */
static const char *first_arg(const struct xt_lua_info *info)
{
	return *info->args ? info->args : NULL;
}

static const char *next_arg(const struct xt_lua_info *info, const char *arg)
{
	arg += strlen(arg) + 1;
	return arg < info->args + sizeof(info->args) && *arg ? arg : NULL;
}

/**
 * rule_print() - show a rule's data to people
 * @kind: match or target
 * @info: the data
 */
void rule_print(const struct rule_kind *kind, const struct xt_lua_info *info)
{
	const char *arg;

	printf(" %s%s script %s", kind->name, info->flags & XT_LUA_INVERT ? " !" : "",
	       info->script);
	if (info->function[0])
		printf(" function %s", info->function);
	if (info->on_error != kind->on_error)
		printf(" on-error %s", on_error_word(kind, info));
	if (info->flags & XT_LUA_PAYLOAD)
		printf(" payload");
	if (info->flags & XT_LUA_MASK)
		printf(" mask 0x%x", info->mask);
	for (arg = first_arg(info); arg; arg = next_arg(info, arg))
		printf(" arg %s", arg);
}

/**
 * rule_save() - write a rule's data as options
 * @kind: match or target
 * @info: the data
 */
void rule_save(const struct rule_kind *kind, const struct xt_lua_info *info)
{
	const char *arg;

	printf("%s --script", info->flags & XT_LUA_INVERT ? " !" : "");
	xtables_save_string(info->script);
	if (info->function[0]) {
		printf(" --function");
		xtables_save_string(info->function);
	}
	if (info->on_error != kind->on_error)
		printf(" --on-error %s", on_error_word(kind, info));
	if (info->flags & XT_LUA_PAYLOAD)
		printf(" --payload");
	if (info->flags & XT_LUA_MASK)
		printf(" --mask 0x%x", info->mask);
	for (arg = first_arg(info); arg; arg = next_arg(info, arg)) {
		printf(" --arg");
		xtables_save_string(arg);
	}
}

/**
 * rule_xlate() - refuse to translate a rule for nft
 * @kind: match or target
 *
 * nft calls this for every rule that it lists, too, and says the rest itself:
 * the sentence is for the translating programs only, whose output takes
 * comments.
 *
 * Return: 0, that is, no translation
 */
int rule_xlate(const struct rule_kind *kind)
{
	if (strstr(xt_params->program_name, "translate"))
		printf("# nft has no expression for '%s': use nf:hook in the script instead, see nflua(7)\n",
		       kind->name);
	return 0;
}
