// SPDX-License-Identifier: GPL-2.0-only
/*
 * nfluactl check: would this script load? The kernel answers, by loading it
 * into states that it throws away; without the module the compiler that is
 * built in answers for the syntax.
 */
#include <errno.h>
#include <stdlib.h>

#include "ctl.h"
#include "print.h"

/* @code: what to exit with if nothing can be said, for @reason. */
static int check_syntax(const struct source *source, const char *reason, int code)
{
	char *error;

	if (!syntax_available()) {
		ctl_error("cannot check %s: %s, and this nfluactl was built without a compiler",
			  source->file, reason);
		return code;
	}
	error = syntax_check(source->name, source->text, source->size);
	if (error) {
		ctl_script_error(source, error);
		free(error);
		return CTL_REFUSED;
	}
	out_array(NULL);
	out_object(NULL);
	out_string("name", NULL, source->name);
	out_string("checked", NULL, "syntax");
	out_object_end();
	out_array_end();
	out_text("%s: only the syntax was checked, and it is right (%s)\n", source->file, reason);
	return CTL_OK;
}

static int check_kernel(struct ctl *ctl, const struct source *source,
			const struct nflua_source *request)
{
	struct nflua_script *script = NULL;
	const char *reason;
	size_t i;
	int err;

	err = nflua_load(ctl->nl, request, &script);
	if (err == -EPERM) {
		reason = nflua_kernel_message(ctl->nl);
		return check_syntax(source, reason ? reason :
				    "the kernel's check needs the capability CAP_NET_ADMIN",
				    CTL_REFUSED);
	}
	if (err)
		return submit_finish(ctl, source, err, script);
	if (script->output && !out_is_json())
		text_sanitized(stdout, script->output, script->output_size, "");
	out_array(NULL);
	out_object(NULL);
	out_string("name", NULL, source->name);
	out_string("checked", NULL, "load");
	out_text("%s: would load, with %zu entry point%s%s\n", source->file, script->nentries,
		 script->nentries == 1 ? "" : "s", script->nentries ? ":" : "");
	out_array("entries");
	for (i = 0; i < script->nentries; i++)
		script_print_entry(&script->entries[i], SCRIPT_ANSWER);
	out_array_end();
	out_block("output", NULL, script->output ? script->output : "", script->output_size);
	out_object_end();
	out_array_end();
	nflua_script_free(script);
	return CTL_OK;
}

static int run(struct ctl *ctl)
{
	struct nflua_source request;
	struct source source;
	int err;

	err = submit_prepare(ctl, &source, &request);
	request.flags |= NFLUA_SCRIPT_F_CHECK;
	if (!err)
		err = ctl_connect_or_not(ctl);
	if (err == CTL_NO_MODULE)
		err = check_syntax(&source, "the kernel module nflua is not loaded", err);
	else if (!err)
		err = check_kernel(ctl, &source, &request);
	source_free(&source);
	return err;
}

static const struct ctl_command check = {
	.name = "check",
	.operands = "FILE|-",
	.word = CTL_WORD_FILE,
	.min = 1,
	.max = 1,
	.options = submit_options,
	.help = "say whether a script would load, and what it would offer",
	.details = "The kernel loads the script into states that it throws away. Without the module,\n"
		   "or without the capability to load, only the syntax is checked.",
	.run = run,
};
CTL_COMMAND(check);
