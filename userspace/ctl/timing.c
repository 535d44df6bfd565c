// SPDX-License-Identifier: GPL-2.0-only
/* nfluactl timing: measure how long the calls of a script take. */
#include "ctl.h"

static int run(struct ctl *ctl)
{
	const char *name = ctl->operands[0];
	int timing = nflua_timing_find(ctl->operands[1]);
	int err;

	if (!nflua_name_valid(name))
		return ctl_usage(ctl, "'%s' is no name for a script", name);
	if (timing < 0)
		return ctl_usage(ctl, "a timing is switched on, off or reset, not '%s'",
				 ctl->operands[1]);
	err = ctl_connect(ctl);
	if (err)
		return err;
	err = nflua_set_timing(ctl->nl, name, timing);
	return err ? ctl_refused(ctl, err, name) : CTL_OK;
}

static const struct ctl_command timing_command = {
	.name = "timing",
	.operands = "NAME on|off|reset",
	.word = CTL_WORD_TIMING,
	.min = 2,
	.max = 2,
	.verb = "time",
	.help = "measure how long the calls of a script take",
	.details = "show tells what was measured: mean, 50th and 99th percentile, and the longest call of\n"
		   "each entry point. off keeps it, reset forgets it. What is replaced is measured on.",
	.run = run,
};
CTL_COMMAND(timing_command);
