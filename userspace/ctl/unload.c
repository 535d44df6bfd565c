// SPDX-License-Identifier: GPL-2.0-only
/* nfluactl unload: remove a script. */
#include "ctl.h"

static const struct ctl_option options[] = {
	{ "force", 0, NULL, CTL_WORD_NONE, "also while rules refer to it" },
	{ }
};

static int run(struct ctl *ctl)
{
	const char *name = ctl->operands[0];
	int err;

	if (!nflua_name_valid(name))
		return ctl_usage(ctl, "'%s' is no name for a script", name);
	err = ctl_connect(ctl);
	if (err)
		return err;
	err = nflua_unload(ctl->nl, name, ctl_value(ctl, "force") ? NFLUA_SCRIPT_F_FORCE : 0);
	return err ? ctl_refused(ctl, err, name) : CTL_OK;
}

static const struct ctl_command unload = {
	.name = "unload",
	.operands = "NAME",
	.word = CTL_WORD_SCRIPT,
	.min = 1,
	.max = 1,
	.options = options,
	.help = "remove a script",
	.details = "Refused while iptables rules refer to the script, but for --force: then the rules\n"
		   "follow their failure policy, until a script of this name is loaded again.",
	.run = run,
};
CTL_COMMAND(unload);
