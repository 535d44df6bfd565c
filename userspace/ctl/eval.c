// SPDX-License-Identifier: GPL-2.0-only
/* nfluactl eval: run a chunk in a script's control state. */
#include <errno.h>

#include "ctl.h"
#include "print.h"

static int finish(struct ctl *ctl, const struct source *chunk, int err,
		  struct nflua_script *answer)
{
	const char *error = nflua_script_error(ctl->nl);
	const char *output;
	size_t size;

	if (err) {
		output = nflua_script_output(ctl->nl, &size);
		if (output)
			submit_output(output, size);
		if (!error || err != -EINVAL)
			return ctl_refused(ctl, err, ctl->operands[0]);
		ctl_script_error(chunk, error);
		return CTL_REFUSED;
	}
	output = answer->output ? answer->output : "";
	submit_output(output, answer->output_size);
	if (out_is_json()) {
		out_object(NULL);
		out_string("name", NULL, ctl->operands[0]);
		out_block("output", NULL, output, answer->output_size);
		out_object_end();
	}
	nflua_script_free(answer);
	return CTL_OK;
}

static int run(struct ctl *ctl)
{
	const char *name = ctl->operands[0];
	struct nflua_script *answer = NULL;
	struct source chunk;
	int err;

	if (!nflua_name_valid(name))
		return ctl_usage(ctl, "'%s' is no name for a script", name);
	err = source_chunk(&chunk, ctl->operands[1]);
	if (!err)
		err = ctl_connect(ctl);
	if (!err) {
		err = nflua_eval(ctl->nl, name, chunk.text, chunk.size, &answer);
		err = finish(ctl, &chunk, err, answer);
	}
	source_free(&chunk);
	return err;
}

static const struct ctl_command eval = {
	.name = "eval",
	.operands = "NAME CHUNK|-",
	.word = CTL_WORD_SCRIPT,
	.min = 2,
	.max = 2,
	.help = "run a chunk in a script's control state",
	.details = "CHUNK is an expression, whose values are printed, or a Lua chunk; '-' reads it\n"
		   "from standard input. It sees the globals that the script's body left in the\n"
		   "control state, not those of the packet states.",
	.run = run,
};
CTL_COMMAND(eval);
