// SPDX-License-Identifier: GPL-2.0-only
/* nfluactl load: a new script. */
#include "ctl.h"

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
		err = nflua_load(ctl->nl, &request, &script);
		err = submit_finish(ctl, &source, err, script);
	}
	source_free(&source);
	return err;
}

static const struct ctl_command load = {
	.name = "load",
	.operands = "FILE|-",
	.word = CTL_WORD_FILE,
	.min = 1,
	.max = 1,
	.options = submit_options,
	.help = "load a new script from a file or from standard input",
	.details = "The script takes effect whole or not at all. What its body prints is shown.\n"
		   "Limits that are not given are the namespace's defaults.",
	.run = run,
};
CTL_COMMAND(load);
