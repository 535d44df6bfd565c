// SPDX-License-Identifier: GPL-2.0-only
/* nfluactl replace: a new source for a loaded script. */
#include <errno.h>

#include "ctl.h"

static const struct ctl_option options[] = {
	SUBMIT_OPTIONS,
	{ "or-load", 0, NULL, CTL_WORD_NONE, "load the script if there is none of this name" },
	{ }
};

static int run(struct ctl *ctl)
{
	struct nflua_script *script = NULL;
	struct nflua_source request;
	struct source source;
	int err;

	err = submit_prepare(ctl, &source, &request);
	if (!err)
		err = ctl_connect(ctl);
	if (!err) {
		err = nflua_replace(ctl->nl, &request, &script);
		if (err == -ENOENT && ctl_value(ctl, "or-load"))
			err = nflua_load(ctl->nl, &request, &script);
		err = submit_finish(ctl, &source, err, script);
	}
	source_free(&source);
	return err;
}

static const struct ctl_command replace = {
	.name = "replace",
	.operands = "FILE|-",
	.word = CTL_WORD_FILE,
	.min = 1,
	.max = 1,
	.options = options,
	.help = "give a loaded script a new source",
	.details = "Rules and hooks switch to the new source without missing a packet. If it is\n"
		   "refused, the old one goes on. Limits that are not given stay as they were;\n"
		   "--single is not kept: give it again. A suspended script is resumed.",
	.run = run,
};
CTL_COMMAND(replace);
