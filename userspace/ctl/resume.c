// SPDX-License-Identifier: GPL-2.0-only
/* nfluactl resume: let packets enter a suspended script again. */
#include "ctl.h"

static int run(struct ctl *ctl)
{
	const char *name = ctl->operands[0];
	int err;

	if (!nflua_name_valid(name))
		return ctl_usage(ctl, "'%s' is no name for a script", name);
	err = ctl_connect(ctl);
	if (err)
		return err;
	err = nflua_resume(ctl->nl, name);
	return err ? ctl_refused(ctl, err, name) : CTL_OK;
}

static const struct ctl_command resume = {
	.name = "resume",
	.operands = "NAME",
	.word = CTL_WORD_SCRIPT,
	.min = 1,
	.max = 1,
	.help = "let packets enter a suspended script again",
	.details = "A script is suspended after the number of errors in a row that its limits allow.\n"
		   "Does nothing if it is not.",
	.run = run,
};
CTL_COMMAND(resume);
