// SPDX-License-Identifier: GPL-2.0-only
/* A script's body without the kernel, and the answer as the kernel would give it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

#ifdef HAVE_LUA
#include "stubs.h"

/* Return: the script as far as it is known, NULL for no memory */
static struct nflua_script *make_answer(const struct stubs_run *run)
{
	struct nflua_script *script = calloc(1, sizeof(*script));
	size_t i;

	if (!script)
		return NULL;
	strncat(script->name, run->name, sizeof(script->name) - 1);
	script->entries = calloc(run->nentries ? run->nentries : 1, sizeof(*script->entries));
	if (!script->entries)
		goto free;
	for (i = 0; i < run->nentries; i++) {
		const struct stubs_entry *from = &run->entries[i];
		struct nflua_entry *entry = &script->entries[i];

		entry->name = strdup(from->name);
		if (!entry->name)
			goto free;
		script->nentries++;
		entry->kind = from->kind;
		entry->line = from->line;
		entry->family = from->family;
		entry->hooknum = from->hooknum;
		entry->proto = from->proto;
		entry->priority = from->priority;
		entry->state = -1;
		if (*from->device) {
			entry->device = strdup(from->device);
			if (!entry->device)
				goto free;
		}
		entry->on_error = from->on_error;
		entry->as = from->as;
		entry->revision = from->revision;
	}
	return script;

free:
	nflua_script_free(script);
	return NULL;
}

/**
 * offline_check() - run a script's body without the kernel
 * @request: the script
 * @answer: gets what came of it, to be cleared with offline_clear() whatever is
 *	returned
 *
 * Return: 0 with @answer->script; -EINVAL with @answer->error, the script's;
 *	-ERANGE with @answer->error, about a limit; -EOPNOTSUPP with
 *	@answer->error, why nothing can be said; -ENOMEM
 */
int offline_check(const struct nflua_source *request, struct offline_answer *answer)
{
	struct stubs_run run = {
		.name = request->name,
		.text = request->text,
		.size = request->size,
		.memory = request->limits.memory,
		.budget = request->limits.budget,
		.errors = request->limits.errors,
	};
	int err;

	memset(answer, 0, sizeof(*answer));
	err = stubs_check(&run);
	answer->output = run.output;
	answer->output_size = run.output_size;
	answer->error = run.error;
	run.output = NULL;
	run.error = NULL;
	if (err == -EOPNOTSUPP) {
		free(answer->error);
		answer->error = NULL;
		if (asprintf(&answer->error,
			     "it requires the module '%s', which only the kernel has",
			     run.module) < 0) {
			answer->error = NULL;
			err = -ENOMEM;
		}
	}
	if (!err) {
		answer->script = make_answer(&run);
		if (!answer->script)
			err = -ENOMEM;
	}
	stubs_free(&run);
	return err;
}

#else /* !HAVE_LUA */

int offline_check(const struct nflua_source *request, struct offline_answer *answer)
{
	(void)request;
	memset(answer, 0, sizeof(*answer));
	answer->error = strdup("this nfluactl was built without a compiler");
	return answer->error ? -EOPNOTSUPP : -ENOMEM;
}

#endif /* HAVE_LUA */

/**
 * offline_clear() - free what offline_check() answered
 * @answer: the answer
 */
void offline_clear(struct offline_answer *answer)
{
	nflua_script_free(answer->script);
	free(answer->output);
	free(answer->error);
}
