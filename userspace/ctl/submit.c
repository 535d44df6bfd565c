// SPDX-License-Identifier: GPL-2.0-only
/* What load, replace and check have in common: options, request, answer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "print.h"

const struct ctl_option submit_options[] = {
	SUBMIT_OPTIONS,
	{ }
};

/**
 * submit_prepare() - read the source and fill the request
 * @ctl: the run
 * @source: where the source goes; source_free() it whatever is returned
 * @request: where the request goes
 *
 * Return: %CTL_OK, or another exit code with everything said
 */
int submit_prepare(struct ctl *ctl, struct source *source, struct nflua_source *request)
{
	int err;

	memset(request, 0, sizeof(*request));
	memset(source, 0, sizeof(*source));
	err = limits_parse(ctl, &request->limits);
	if (!err)
		err = source_read(ctl, source);
	if (err)
		return err;
	request->name = source->name;
	request->text = source->text;
	request->size = source->size;
	request->flags = ctl_value(ctl, "single") ? NFLUA_SCRIPT_F_SINGLE : 0;
	return CTL_OK;
}

/**
 * submit_output() - show what a body or a chunk printed
 * @output: the text, or NULL
 * @size: bytes of @output
 *
 * JSON has it in an object; but that it was cut is said there, too.
 */
void submit_output(const char *output, size_t size)
{
	if (output && !out_is_json())
		text_sanitized(stdout, output, size, "");
	if (size >= NFLUA_OUTPUT_MAX)
		ctl_error("what the script printed is cut after %d bytes", NFLUA_OUTPUT_MAX);
}

/**
 * submit_finish() - tell the user what became of the request
 * @ctl: the run
 * @source: what was sent
 * @err: what the library returned
 * @script: the kernel's answer, freed here; NULL after a failure
 *
 * Return: &enum ctl_exit
 */
int submit_finish(struct ctl *ctl, const struct source *source, int err,
		  struct nflua_script *script)
{
	const char *error = nflua_script_error(ctl->nl);

	if (err) {
		/* The kernel says so for what Lua finds wrong, and for nothing else. */
		if (!error || err != -EINVAL)
			return ctl_refused(ctl, err, source->name);
		ctl_script_error(source, error);
		return CTL_REFUSED;
	}
	submit_output(script->output, script->output_size);
	if (out_is_json()) {
		out_array(NULL);
		script_print(script, SCRIPT_ANSWER);
		out_array_end();
	}
	nflua_script_free(script);
	return CTL_OK;
}
