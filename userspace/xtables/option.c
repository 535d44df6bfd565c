// SPDX-License-Identifier: GPL-2.0-only
/*
 * The options of a rule as they are given on a command line: the declaration's
 * own functions first, then what the types say.
 */
#include <string.h>

#include "declaration.h"

/**
 * options_begin() - a rule to which no option was given yet
 * @d: the extension
 * @family: of the rule
 * @info: the rule's data, zero
 *
 * Return: whether it went well; if not, the file's error says why
 */
bool options_begin(const struct declaration *d, unsigned int family, struct xt_nflua_info *info)
{
	nflua_extension_seal(&d->spec, info);
	return callback_init(d, family, info);
}

static void clear(const struct nflua_extension_spec *spec, unsigned int n,
		  struct xt_nflua_info *info)
{
	const struct nflua_extension_option *option = &spec->options[n];

	memset(info->data + option->offset, 0, option->size * option->repeated);
	info->count[n] = 0;
	info->inverted &= ~(1U << n);
}

/* Takes what is not of the command line from the options that exclude option @n. */
static void clear_group(const struct nflua_extension_spec *spec, unsigned int n, u32 given,
			struct xt_nflua_info *info)
{
	const char *group = nflua_extension_pool(spec, spec->options[n].group);
	unsigned int i;

	for (i = 0; i < spec->noptions && spec->options[n].group; i++)
		if (!(given & 1U << i) && spec->options[i].group &&
		    !strcmp(nflua_extension_pool(spec, spec->options[i].group), group))
			clear(spec, i, info);
}

/**
 * options_take() - put an option into a rule
 * @d: the extension
 * @n: which option
 * @family: of the rule
 * @text: what follows it; not read for a bool
 * @inverted: with "!" in front
 * @given: which options the rule has been given before
 * @info: the rule's data
 *
 * Return: whether it went well; if not, the file's error says why
 */
bool options_take(const struct declaration *d, unsigned int n, unsigned int family,
		 const char *text, bool inverted, u32 given, struct xt_nflua_info *info)
{
	const struct nflua_extension_option *option = &d->spec.options[n];
	char flag[NFLUA_EXTENSION_OPTION];
	const u32 bit = 1U << n;
	bool taken = false;

	/* The command line replaces what the declaration's init has set. */
	if (!(given & bit)) {
		clear(&d->spec, n, info);
		clear_group(&d->spec, n, given, info);
	} else if (!(info->inverted & bit) != !inverted) {
		option_flag(option, flag);
		return declared_fail(d->file, "there is ! in front of each --%s of a rule, or of none",
				     flag);
	}
	if (!callback_parse(d, n, family, text, inverted, info, &taken))
		return false;
	if (!taken && !values_take(d, n, family, text, info))
		return false;
	if (inverted)
		info->inverted |= bit;
	return true;
}

/**
 * options_finish() - may a rule be as it was given?
 * @d: the extension
 * @family: of the rule
 * @info: the rule's data, which the declaration may change
 *
 * Return: whether it may; if not, the file's error says why
 */
bool options_finish(const struct declaration *d, unsigned int family, struct xt_nflua_info *info)
{
	/* The declaration's function sees only what may be, and leaves only that. */
	return values_check(d, family, info) && callback_final_check(d, family, info) &&
	       values_check(d, family, info);
}
