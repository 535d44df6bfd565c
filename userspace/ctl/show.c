// SPDX-License-Identifier: GPL-2.0-only
/* nfluactl show: a script, or all of them, with entry points and counters. */
#include <errno.h>

#include "ctl.h"
#include "print.h"

/* What the scripts of a namespace are printed with. */
struct walk {
	struct nflua *nl;
	bool begun;
};

/*
 * A list has no last errors, so each script is asked for by itself. One that
 * went meanwhile is left out.
 */
static int show_next(const struct nflua_script *listed, void *data)
{
	struct nflua_script *script;
	struct walk *walk = data;
	int err;

	err = nflua_get(walk->nl, listed->name, &script);
	if (err)
		return err == -ENOENT ? 0 : err;
	if (walk->begun)
		out_text("\n");
	walk->begun = true;
	script_print(script, SCRIPT_FULL);
	nflua_script_free(script);
	return 0;
}

static int show_all(struct ctl *ctl)
{
	struct walk walk = { .nl = ctl->nl };
	int err;

	out_list();
	err = nflua_each(ctl->nl, show_next, &walk);
	out_list_end(!err);
	return err;
}

static int show_one(struct ctl *ctl, const char *name)
{
	struct nflua_script *script;
	int err;

	err = nflua_get(ctl->nl, name, &script);
	if (err)
		return err;
	out_array(NULL);
	script_print(script, SCRIPT_FULL);
	out_array_end();
	nflua_script_free(script);
	return 0;
}

static int run(struct ctl *ctl)
{
	const char *name = ctl->noperands ? ctl->operands[0] : NULL;
	int err;

	if (name && !nflua_name_valid(name))
		return ctl_usage(ctl, "'%s' is no name for a script", name);
	err = ctl_connect(ctl);
	if (err)
		return err;
	err = name ? show_one(ctl, name) : show_all(ctl);
	return err ? ctl_refused(ctl, err, name) : CTL_OK;
}

static const struct ctl_command show = {
	.name = "show",
	.operands = "[NAME]",
	.word = CTL_WORD_SCRIPT,
	.max = 1,
	.help = "show a script, or all, with entry points and counters",
	.run = run,
};
CTL_COMMAND(show);
