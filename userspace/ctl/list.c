// SPDX-License-Identifier: GPL-2.0-only
/* nfluactl list: the scripts of the namespace, one line each. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "print.h"

struct layout {
	char name_format[16];
	size_t name_width;
};

static int measure(const struct nflua_script *script, void *data)
{
	struct layout *layout = data;

	if (strlen(script->name) > layout->name_width)
		layout->name_width = strlen(script->name);
	return 0;
}

/* The last column, which most scripts leave empty. */
static void print_status(const struct nflua_script *script)
{
	const bool single = script->flags & NFLUA_SCRIPT_F_SINGLE;

	if (!script->generation) {
		out_text(" ");
		script_print_stub_rules(script);
		return;
	}
	if (script->suspended)
		out_text(" suspended");
	if (single)
		out_text("%s single", script->suspended ? "," : "");
}

static int print_line(const struct nflua_script *script, void *data)
{
	const struct layout *layout = data;
	char memory[32];

	text_bytes(memory, sizeof(memory), script->memory);
	out_string(NULL, layout->name_format, script->name);
	out_uint(NULL, " %10s", script->generation);
	out_uint(NULL, " %6s", script->states);
	out_string(NULL, " %10s", memory);
	out_uint(NULL, " %5s", script->rules);
	out_uint(NULL, " %7s", script->nentries);
	out_uint(NULL, " %10s", nflua_script_calls(script));
	out_uint(NULL, " %6s", nflua_script_errors(script));
	print_status(script);
	out_text("\n");
	return 0;
}

static int print_object(const struct nflua_script *script, void *data)
{
	(void)data;
	script_print(script, SCRIPT_BRIEF);
	return 0;
}

static int list_json(struct ctl *ctl)
{
	int err;

	out_list();
	err = nflua_each(ctl->nl, print_object, NULL);
	out_list_end(!err);
	return err;
}

static int list_text(struct ctl *ctl)
{
	struct layout layout = { .name_width = strlen("NAME") };
	int err;

	err = nflua_each(ctl->nl, measure, &layout);
	if (err)
		return err;
	snprintf(layout.name_format, sizeof(layout.name_format), "%%-%ds",
		 (int)layout.name_width);
	out_string(NULL, layout.name_format, "NAME");
	out_text(" GENERATION STATES     MEMORY RULES ENTRIES      CALLS ERRORS STATUS\n");
	return nflua_each(ctl->nl, print_line, &layout);
}

static int run(struct ctl *ctl)
{
	int err;

	err = ctl_connect(ctl);
	if (err)
		return err;
	err = out_is_json() ? list_json(ctl) : list_text(ctl);
	return err ? ctl_refused(ctl, err, NULL) : CTL_OK;
}

static const struct ctl_command list = {
	.name = "list",
	.operands = "",
	.help = "show the loaded scripts, one line each",
	.details = "The JSON is that of show without the last errors.",
	.run = run,
};
CTL_COMMAND(list);
