// SPDX-License-Identifier: GPL-2.0-only
/*
 * nfluactl check: would this script load? The kernel answers, by loading it
 * into states that it throws away; without the kernel the body runs here, with
 * built-in modules that only record.
 */
#include <errno.h>
#include <string.h>

#include "ctl.h"
#include "print.h"

/* @checked: how it is known. @why: in text, why the kernel did not say it; or NULL */
static void put_answer(const struct source *source, const struct nflua_script *script,
		       const char *output, size_t size, const char *checked, const char *why)
{
	size_t i;

	submit_output(output, size);
	out_array(NULL);
	out_object(NULL);
	out_string("name", NULL, source->name);
	out_string("checked", NULL, checked);
	out_string(NULL, "%s", source->file);
	out_text(": would load, with %zu entry point%s%s\n", script->nentries,
		 script->nentries == 1 ? "" : "s", script->nentries ? ":" : "");
	out_array("entries");
	for (i = 0; i < script->nentries; i++)
		script_print_entry(&script->entries[i], SCRIPT_ANSWER);
	out_array_end();
	out_block("output", NULL, output ? output : "", size);
	out_object_end();
	out_array_end();
	if (why)
		out_string(NULL, "checked without the kernel: %s\n", why);
}

/* @why: not the kernel; @code: what to exit with if nothing can be said */
static int check_offline(const struct source *source, const struct nflua_source *request,
			 const char *why, int code)
{
	struct offline_answer answer;
	int err;

	err = offline_check(request, &answer);
	if (err)
		submit_output(answer.output, answer.output_size);
	switch (err) {
	case 0:
		put_answer(source, answer.script, answer.output, answer.output_size, "stubs",
			   why);
		break;
	case -EINVAL:
		ctl_script_error(source, answer.error);
		ctl_hint("checked without the kernel: %s", why);
		code = CTL_REFUSED;
		break;
	case -ERANGE:
		ctl_error("cannot check %s: %s", source->name, answer.error);
		code = CTL_REFUSED;
		break;
	case -EOPNOTSUPP:
		ctl_error("cannot check %s without the kernel: %s (%s)", source->file,
			  answer.error, why);
		break;
	default:
		ctl_error("cannot check %s: %s", source->name, strerror(-err));
		code = CTL_REFUSED;
	}
	offline_clear(&answer);
	return err ? code : CTL_OK;
}

static int check_kernel(struct ctl *ctl, const struct source *source,
			const struct nflua_source *request)
{
	struct nflua_script *script = NULL;
	const char *reason;
	int err;

	err = nflua_load(ctl->nl, request, &script);
	/* What it says of the script is the answer, with the same number. */
	if (err == -EPERM && !nflua_script_error(ctl->nl)) {
		reason = nflua_kernel_message(ctl->nl);
		return check_offline(source, request, reason ? reason :
				     "the kernel's check needs the capability CAP_NET_ADMIN",
				     CTL_REFUSED);
	}
	if (err)
		return submit_finish(ctl, source, err, script);
	put_answer(source, script, script->output, script->output_size, "load", NULL);
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
	if (err)
		goto free;
	if (ctl_value(ctl, "no-kernel")) {
		err = check_offline(&source, &request, "as --no-kernel says", CTL_REFUSED);
		goto free;
	}
	err = ctl_connect_or_not(ctl);
	if (err == CTL_NO_MODULE)
		err = check_offline(&source, &request, "the kernel module nflua is not loaded",
				    err);
	else if (!err)
		err = check_kernel(ctl, &source, &request);
free:
	source_free(&source);
	return err;
}

static const struct ctl_option options[] = {
	SUBMIT_OPTIONS,
	{ "no-kernel", 0, NULL, CTL_WORD_NONE, "do not ask the kernel, also where it could say" },
	{ }
};

static const struct ctl_command check = {
	.name = "check",
	.operands = "FILE|-",
	.word = CTL_WORD_FILE,
	.min = 1,
	.max = 1,
	.options = options,
	.help = "say whether a script would load, and what it would offer",
	.details = "The kernel loads the script into states that it throws away. Without the module,\n"
		   "or without the capability to load, the body runs in nfluactl itself, with\n"
		   "built-in modules that accept and refuse what the kernel's do, and only record\n"
		   "what is registered. The answer says which it was. Callbacks do not run.",
	.run = run,
};
CTL_COMMAND(check);
