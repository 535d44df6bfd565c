// SPDX-License-Identifier: GPL-2.0-only
/* Scripts: sending their source, asking for them, taking the answers apart. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>

#include "internal.h"

/* Room for every attribute of a request but the source. */
#define HEAD_SIZE	1024

/* The scripts of one exchange, in the order of their arrival. */
struct list {
	struct nflua_script **scripts;
	size_t count;
};

static void entry_clear(struct nflua_entry *entry)
{
	free(entry->name);
	free(entry->device);
	free(entry->last_error);
	nflua_time_free(entry->time);
}

/**
 * nflua_script_free() - free what nflua_load(), nflua_replace() or nflua_get()
 *	returned
 * @script: may be NULL
 */
void nflua_script_free(struct nflua_script *script)
{
	size_t i;

	if (!script)
		return;
	for (i = 0; i < script->nentries; i++)
		entry_clear(&script->entries[i]);
	free(script->entries);
	free(script->memory_states);
	free(script->output);
	free(script);
}

/* Counters beyond @max belong to a newer kernel and are left out. */
static void parse_counters(const struct nlattr *nest, uint64_t *counters, unsigned int max)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) <= max &&
		    mnl_attr_get_payload_len(attr) == sizeof(uint64_t))
			counters[mnl_attr_get_type(attr)] = mnl_attr_get_u64(attr);
}

static int replace_string(char **to, const struct nlattr *attr)
{
	free(*to);
	*to = nflua_attr_strdup(attr);
	return *to ? 0 : -ENOMEM;
}

static int parse_entry(const struct nlattr *nest, struct nflua_entry *entry)
{
	const struct nlattr *attr;
	int err = 0;

	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case NFLUA_A_ENTRY_KIND:
			entry->kind = nflua_attr_uint(attr);
			break;
		case NFLUA_A_ENTRY_NAME:
			err = replace_string(&entry->name, attr);
			break;
		case NFLUA_A_ENTRY_LINE:
			entry->line = nflua_attr_uint(attr);
			break;
		case NFLUA_A_ENTRY_FAMILY:
			entry->family = nflua_attr_uint(attr);
			break;
		case NFLUA_A_ENTRY_HOOKNUM:
			entry->hooknum = nflua_attr_uint(attr);
			break;
		case NFLUA_A_ENTRY_PRIORITY:
			entry->priority = (int32_t)nflua_attr_uint(attr);
			break;
		case NFLUA_A_ENTRY_DEVICE:
			err = replace_string(&entry->device, attr);
			break;
		case NFLUA_A_ENTRY_STATE:
			entry->state = nflua_attr_uint(attr);
			break;
		case NFLUA_A_ENTRY_PROTO:
			entry->proto = nflua_attr_uint(attr);
			break;
		case NFLUA_A_ENTRY_ON_ERROR:
			entry->on_error = nflua_attr_uint(attr);
			break;
		case NFLUA_A_ENTRY_AS:
			entry->as = nflua_attr_uint(attr);
			break;
		case NFLUA_A_ENTRY_REVISION:
			entry->revision = nflua_attr_uint(attr);
			break;
		case NFLUA_A_ENTRY_RULES:
			entry->rules = nflua_attr_uint(attr);
			break;
		case NFLUA_A_ENTRY_CALLS:
			entry->calls = nflua_attr_uint(attr);
			break;
		case NFLUA_A_ENTRY_OUTCOMES:
			parse_counters(attr, entry->outcomes, NFLUA_A_OUTCOME_MAX);
			break;
		case NFLUA_A_ENTRY_ERRORS:
			parse_counters(attr, entry->errors, NFLUA_A_ERROR_MAX);
			break;
		case NFLUA_A_ENTRY_LAST_ERROR:
			err = replace_string(&entry->last_error, attr);
			break;
		case NFLUA_A_ENTRY_LAST_ERROR_TIME:
			entry->last_error_time = nflua_attr_uint(attr);
			break;
		case NFLUA_A_ENTRY_TIME:
			err = nflua_time_parse(attr, &entry->time);
			break;
		}
		if (err)
			return err;
	}
	if (!entry->name)
		entry->name = strdup("?");
	return entry->name ? 0 : -ENOMEM;
}

static int add_entry(struct nflua_script *script, const struct nlattr *nest)
{
	struct nflua_entry *entries, entry = { .state = -1 };
	int err;

	entries = reallocarray(script->entries, script->nentries + 1, sizeof(entry));
	if (!entries)
		return -ENOMEM;
	script->entries = entries;
	err = parse_entry(nest, &entry);
	if (err) {
		entry_clear(&entry);
		return err;
	}
	entries[script->nentries++] = entry;
	return 0;
}

static int add_memory(struct nflua_script *script, const struct nlattr *nest)
{
	struct nflua_memory *states, *state;
	const struct nlattr *attr;

	states = reallocarray(script->memory_states, script->nmemory_states + 1, sizeof(*states));
	if (!states)
		return -ENOMEM;
	script->memory_states = states;
	state = &states[script->nmemory_states++];
	*state = (struct nflua_memory){ .cpu = -1 };
	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case NFLUA_A_STATE_CONTROL:
			state->control = true;
			break;
		case NFLUA_A_STATE_CPU:
			state->cpu = nflua_attr_uint(attr);
			break;
		case NFLUA_A_STATE_MEMORY:
			state->used = nflua_attr_uint(attr);
			break;
		case NFLUA_A_STATE_PEAK:
			state->peak = nflua_attr_uint(attr);
			break;
		}
	}
	return 0;
}

static int parse_script(const struct nlmsghdr *nlh, struct nflua_script *script)
{
	const struct nlattr *attr;
	int err = 0;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case NFLUA_A_SCRIPT_GENERATION:
			script->generation = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_FLAGS:
			script->flags = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_SUSPENDED:
			script->suspended = true;
			break;
		case NFLUA_A_SCRIPT_LOADED:
			script->loaded = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_STATES:
			script->states = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_MEMORY:
			script->memory = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_MEMORY_PEAK:
			script->memory_peak = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_STATE:
			err = add_memory(script, attr);
			break;
		case NFLUA_A_SCRIPT_DIGEST:
			if (mnl_attr_get_payload_len(attr) == sizeof(script->digest))
				memcpy(script->digest, mnl_attr_get_payload(attr),
				       sizeof(script->digest));
			break;
		case NFLUA_A_SCRIPT_TIMING:
			script->timing = nflua_attr_uint(attr) == NFLUA_TIMING_ON;
			break;
		case NFLUA_A_SCRIPT_LOG_DROPPED:
			script->log_dropped = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_ERRORS_DROPPED:
			script->errors_dropped = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_HELD:
			script->held = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_FORGOTTEN:
			script->forgotten = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_LOST:
			script->lost = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_SENT:
			script->sent = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_UNSENT:
			script->unsent = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_KEPT:
			script->kept = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_RULES:
			script->rules = nflua_attr_uint(attr);
			break;
		case NFLUA_A_SCRIPT_ENTRY:
			err = add_entry(script, attr);
			break;
		case NFLUA_A_SCRIPT_OUTPUT:
			free(script->output);
			script->output = nflua_attr_output(attr, &script->output_size);
			err = script->output ? 0 : -ENOMEM;
			break;
		default:
			nflua_limits_parse(attr, &script->limits);
			break;
		}
		if (err)
			return err;
	}
	return 0;
}

static struct nflua_script *list_add(struct list *list, const char *name)
{
	struct nflua_script **scripts, *script;

	scripts = reallocarray(list->scripts, list->count + 1, sizeof(*scripts));
	if (!scripts)
		return NULL;
	list->scripts = scripts;
	script = calloc(1, sizeof(*script));
	if (!script)
		return NULL;
	strcpy(script->name, name);
	scripts[list->count++] = script;
	return script;
}

static void list_clear(void *data)
{
	struct list *list = data;
	size_t i;

	for (i = 0; i < list->count; i++)
		nflua_script_free(list->scripts[i]);
	free(list->scripts);
	list->scripts = NULL;
	list->count = 0;
}

/* Messages in a row with one name describe one script: its entry points may be too many for one. */
static int take_script(const struct nlmsghdr *nlh, void *data)
{
	struct nflua_script *script = NULL;
	char name[NFLUA_NAME_SIZE] = "";
	const struct nlattr *attr;
	struct list *list = data;
	size_t len;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) != NFLUA_A_SCRIPT_NAME)
			continue;
		len = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
		if (len >= sizeof(name))
			return -EBADMSG;
		memcpy(name, mnl_attr_get_payload(attr), len);
	}
	if (list->count)
		script = list->scripts[list->count - 1];
	if (!script || strcmp(script->name, name))
		script = list_add(list, name);
	return script ? parse_script(nlh, script) : -ENOMEM;
}

/* Hand the only script of @list to the caller, who may not want it. */
static int list_single(struct nflua *nl, struct list *list, struct nflua_script **script)
{
	if (!script)
		return 0;
	if (list->count != 1)
		return nflua_fail(nl, -EBADMSG, "the kernel's answer has no script");
	*script = list->scripts[0];
	list->count = 0;
	return 0;
}

static int send_source(struct nflua *nl, uint8_t cmd, const struct nflua_source *source,
		       struct list *list)
{
	size_t offset = 0, part;
	struct nlmsghdr *nlh;
	bool last;
	int err;
	char *buf;

	buf = malloc(HEAD_SIZE + NFLUA_PART_MAX);
	if (!buf)
		return nflua_fail(nl, -ENOMEM, "no memory for a message");
	do {
		part = source->size - offset;
		if (part > NFLUA_PART_MAX)
			part = NFLUA_PART_MAX;
		last = offset + part == source->size;
		nlh = nflua_request(nl, buf, cmd, last ? 0 : NLM_F_ACK);
		mnl_attr_put_strz(nlh, NFLUA_A_SCRIPT_NAME, source->name);
		if (source->flags)
			mnl_attr_put_u32(nlh, NFLUA_A_SCRIPT_FLAGS, source->flags);
		nflua_limits_put(nlh, &source->limits);
		mnl_attr_put_u32(nlh, NFLUA_A_SCRIPT_SIZE, source->size);
		mnl_attr_put_u32(nlh, NFLUA_A_SCRIPT_OFFSET, offset);
		mnl_attr_put(nlh, NFLUA_A_SCRIPT_SOURCE, part,
			     (const char *)source->text + offset);
		err = nflua_exchange(nl, nlh, take_script, list);
		offset += part;
	} while (!err && !last);
	free(buf);
	return err;
}

static int submit(struct nflua *nl, uint8_t cmd, const struct nflua_source *source,
		  struct nflua_script **script)
{
	struct list list = {};
	int err;

	if (!nflua_name_valid(source->name))
		return nflua_fail(nl, -EINVAL, "'%s' is no name for a script", source->name);
	if (source->size > NFLUA_SOURCE_MAX)
		return nflua_fail(nl, -EFBIG,
				  "the source has %zu bytes, and a script may have %d",
				  source->size, NFLUA_SOURCE_MAX);
	err = send_source(nl, cmd, source, &list);
	if (!err)
		err = list_single(nl, &list, script);
	list_clear(&list);
	return err;
}

/**
 * nflua_load() - load a new script
 * @nl: handle
 * @source: what to load, and how
 * @script: where the answer goes (name, generation, entry points, output), to
 *	be freed with nflua_script_free(); may be NULL
 *
 * Takes effect whole or not at all. With %NFLUA_SCRIPT_F_CHECK it has no
 * effect, and fails as a load would.
 *
 * Return: 0, -EEXIST if the name is taken, or another negative errno
 */
int nflua_load(struct nflua *nl, const struct nflua_source *source, struct nflua_script **script)
{
	return submit(nl, NFLUA_CMD_SCRIPT_LOAD, source, script);
}

/**
 * nflua_replace() - give a loaded script a new source
 * @nl: handle
 * @source: what to load, and how
 * @script: as for nflua_load()
 *
 * Return: 0, -ENOENT if there is no script of this name, or another negative
 *	errno; after a failure the old source goes on
 */
int nflua_replace(struct nflua *nl, const struct nflua_source *source,
		  struct nflua_script **script)
{
	return submit(nl, NFLUA_CMD_SCRIPT_REPLACE, source, script);
}

/* A request that has a name, perhaps flags, and nothing else. */
static int ask_by_name(struct nflua *nl, uint8_t cmd, uint16_t nlm_flags, const char *name,
		       uint32_t flags, nflua_reply_fn fn, void *data)
{
	char buf[HEAD_SIZE] = {};
	struct nlmsghdr *nlh;

	if (!nflua_name_valid(name))
		return nflua_fail(nl, -EINVAL, "'%s' is no name for a script", name);
	nlh = nflua_request(nl, buf, cmd, nlm_flags);
	mnl_attr_put_strz(nlh, NFLUA_A_SCRIPT_NAME, name);
	if (flags)
		mnl_attr_put_u32(nlh, NFLUA_A_SCRIPT_FLAGS, flags);
	return nflua_exchange(nl, nlh, fn, data);
}

/**
 * nflua_unload() - remove a script
 * @nl: handle
 * @name: its name
 * @flags: 0, or %NFLUA_SCRIPT_F_FORCE: also while rules refer to it, which
 *	then follow their failure policy
 *
 * Return: 0, -ENOENT if there is none, -EBUSY while rules refer to it, or
 *	another negative errno
 */
int nflua_unload(struct nflua *nl, const char *name, uint32_t flags)
{
	return ask_by_name(nl, NFLUA_CMD_SCRIPT_UNLOAD, NLM_F_ACK, name, flags, NULL, NULL);
}

/**
 * nflua_resume() - let packets enter a suspended script again
 * @nl: handle
 * @name: its name
 *
 * Return: 0, also if it was not suspended; -ENOENT if there is none, or
 *	another negative errno
 */
int nflua_resume(struct nflua *nl, const char *name)
{
	return ask_by_name(nl, NFLUA_CMD_SCRIPT_RESUME, NLM_F_ACK, name, 0, NULL, NULL);
}

/**
 * nflua_get() - describe one script
 * @nl: handle
 * @name: its name
 * @script: where the description goes, to be freed with nflua_script_free()
 *
 * Return: 0, -ENOENT if there is none, or another negative errno
 */
int nflua_get(struct nflua *nl, const char *name, struct nflua_script **script)
{
	struct list list = {};
	int err;

	err = ask_by_name(nl, NFLUA_CMD_SCRIPT_GET, 0, name, 0, take_script, &list);
	if (!err)
		err = list_single(nl, &list, script);
	list_clear(&list);
	return err;
}

/**
 * nflua_eval() - run a chunk in a script's control state
 * @nl: handle
 * @name: the script's name
 * @chunk: an expression or a chunk
 * @size: its length, at most %NFLUA_PART_MAX
 * @answer: where the answer goes, of which only @output is filled: what the
 *	chunk printed, and its results as the last line; to be freed with
 *	nflua_script_free()
 *
 * Return: 0, -ENOENT if there is no script of this name, or another negative
 *	errno
 */
int nflua_eval(struct nflua *nl, const char *name, const void *chunk, size_t size,
	       struct nflua_script **answer)
{
	struct list list = {};
	struct nlmsghdr *nlh;
	char *buf;
	int err;

	if (!nflua_name_valid(name))
		return nflua_fail(nl, -EINVAL, "'%s' is no name for a script", name);
	if (size > NFLUA_PART_MAX)
		return nflua_fail(nl, -EFBIG, "the chunk has %zu bytes, and may have %d", size,
				  NFLUA_PART_MAX);
	buf = malloc(HEAD_SIZE + NFLUA_PART_MAX);
	if (!buf)
		return nflua_fail(nl, -ENOMEM, "no memory for a message");
	nlh = nflua_request(nl, buf, NFLUA_CMD_SCRIPT_EVAL, 0);
	mnl_attr_put_strz(nlh, NFLUA_A_SCRIPT_NAME, name);
	mnl_attr_put(nlh, NFLUA_A_SCRIPT_SOURCE, size, chunk);
	err = nflua_exchange(nl, nlh, take_script, &list);
	if (!err)
		err = list_single(nl, &list, answer);
	list_clear(&list);
	free(buf);
	return err;
}

/**
 * nflua_each() - describe all scripts of the namespace
 * @nl: handle
 * @fn: called for each script, once the whole list is there; a negative value
 *	that it returns ends the walk and is returned. It may use @nl.
 * @data: for @fn
 *
 * The list was true at one moment.
 *
 * Return: 0 or a negative errno
 */
int nflua_each(struct nflua *nl, int (*fn)(const struct nflua_script *script, void *data),
	       void *data)
{
	struct list list = {};
	size_t i;
	int err;

	err = nflua_dump(nl, NFLUA_CMD_SCRIPT_GET, take_script, list_clear, &list);
	for (i = 0; !err && i < list.count; i++) {
		err = fn(list.scripts[i], data);
		if (err > 0)
			err = 0;
	}
	list_clear(&list);
	return err;
}

/**
 * nflua_entry_errors() - how often an entry point failed
 * @entry: the entry point
 *
 * Return: the sum over all kinds
 */
uint64_t nflua_entry_errors(const struct nflua_entry *entry)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i <= NFLUA_A_ERROR_MAX; i++)
		sum += entry->errors[i];
	return sum;
}

/**
 * nflua_script_errors() - how often a script's entry points failed
 * @script: the script
 *
 * Return: the sum over all entry points
 */
uint64_t nflua_script_errors(const struct nflua_script *script)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < script->nentries; i++)
		sum += nflua_entry_errors(&script->entries[i]);
	return sum;
}

/**
 * nflua_script_calls() - how often a script's entry points were called
 * @script: the script
 *
 * Return: the sum over all entry points
 */
uint64_t nflua_script_calls(const struct nflua_script *script)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < script->nentries; i++)
		sum += script->entries[i].calls;
	return sum;
}
