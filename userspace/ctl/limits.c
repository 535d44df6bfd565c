// SPDX-License-Identifier: GPL-2.0-only
/* nfluactl limits: what scripts may use, shown and set while they run. */
#include "ctl.h"
#include "print.h"

/**
 * limits_parse() - read the options that set limits
 * @ctl: the run
 * @limits: where they go; zeroed
 *
 * Return: %CTL_OK, or %CTL_USAGE with everything said
 */
int limits_parse(const struct ctl *ctl, struct nflua_limits *limits)
{
	const char *memory = ctl_value(ctl, "memory");
	const char *budget = ctl_value(ctl, "budget");
	const char *errors = ctl_value(ctl, "errors");
	uint64_t number;

	if (memory && (!ctl_parse_size(memory, &limits->memory) || !limits->memory))
		return ctl_usage(ctl, "'%s' is no size: give bytes, or a number with K, M or G",
				 memory);
	if (budget && (!ctl_parse_time(budget, &limits->budget) || !limits->budget))
		return ctl_usage(ctl, "'%s' is no time: give a number with ns, us, ms or s",
				 budget);
	if (errors) {
		if (!ctl_parse_number(errors, &number) || number > UINT32_MAX)
			return ctl_usage(ctl, "'%s' is no number of errors", errors);
		limits->errors = number;
		limits->has_errors = true;
	}
	return CTL_OK;
}

/**
 * limits_print() - write limits, in text without a line break
 * @limits: all of them
 */
void limits_print(const struct nflua_limits *limits)
{
	out_bytes("memory_limit", "memory of a state %s", limits->memory);
	out_duration("budget", ", time of a call %s", limits->budget);
	out_uint("errors_max", limits->errors ? ", errors in a row %s" : NULL, limits->errors);
}

static int run(struct ctl *ctl)
{
	const char *name = ctl->noperands ? ctl->operands[0] : NULL;
	struct nflua_limits limits = {};
	int err;

	if (name && !nflua_name_valid(name))
		return ctl_usage(ctl, "'%s' is no name for a script", name);
	err = limits_parse(ctl, &limits);
	if (!err)
		err = ctl_connect(ctl);
	if (err)
		return err;
	err = nflua_change_limits(ctl->nl, name, &limits);
	if (err)
		return ctl_refused(ctl, err, name);
	out_array(NULL);
	out_object(NULL);
	if (name)
		out_string("name", "%s: ", name);
	else
		out_null("name", NULL);
	limits_print(&limits);
	out_text("\n");
	out_object_end();
	out_array_end();
	return CTL_OK;
}

static const struct ctl_option options[] = {
	LIMITS_OPTIONS,
	{ }
};

static const struct ctl_command limits_command = {
	.name = "limits",
	.operands = "[NAME]",
	.word = CTL_WORD_SCRIPT,
	.max = 1,
	.options = options,
	.verb = "limit",
	.help = "show and set what a script, or each new one, may use",
	.details = "The options set limits: of the script, at once; without NAME those of scripts that are\n"
		   "loaded in this namespace from now on and bring none of their own.",
	.run = run,
};
CTL_COMMAND(limits_command);
