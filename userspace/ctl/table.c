// SPDX-License-Identifier: GPL-2.0-only
/* The table of commands, which the linker collects from their files. */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

extern const struct ctl_command *const __start_nfluactl_commands[];
extern const struct ctl_command *const __stop_nfluactl_commands[];

/* Options that every command takes, before it or behind it. */
const struct ctl_option ctl_global_options[] = {
	{ "json", 'j', NULL, CTL_WORD_NONE, "write JSON" },
	{ "pretty", 'p', NULL, CTL_WORD_NONE, "write JSON with line breaks" },
	{ "netns", 'n', "NETNS", CTL_WORD_NETNS, "work in another network namespace: a name, path or pid" },
	{ "help", 'h', NULL, CTL_WORD_NONE, "explain, and do nothing" },
	{ "version", 'V', NULL, CTL_WORD_NONE, "show versions, and do nothing else" },
	{ }
};

/**
 * ctl_command_count() - how many commands there are
 *
 * Return: their number
 */
size_t ctl_command_count(void)
{
	return __stop_nfluactl_commands - __start_nfluactl_commands;
}

/**
 * ctl_command_at() - the commands in the order of their names
 * @i: below ctl_command_count()
 *
 * Return: the command
 */
const struct ctl_command *ctl_command_at(size_t i)
{
	const struct ctl_command *command;
	size_t j, k, before;

	for (j = 0; j < ctl_command_count(); j++) {
		command = __start_nfluactl_commands[j];
		for (k = 0, before = 0; k < ctl_command_count(); k++)
			before += strcmp(__start_nfluactl_commands[k]->name, command->name) < 0;
		if (before == i)
			return command;
	}
	return NULL;
}

/**
 * ctl_command_find() - the command of a name
 * @name: what the user typed
 *
 * Return: the command, or NULL
 */
const struct ctl_command *ctl_command_find(const char *name)
{
	size_t i;

	for (i = 0; i < ctl_command_count(); i++)
		if (!strcmp(__start_nfluactl_commands[i]->name, name))
			return __start_nfluactl_commands[i];
	return NULL;
}

/* Edits (insert, delete, change, swap neighbours) that turn @a into @b. */
static unsigned int distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), i, j;
	unsigned int d[18][18], best;

	if (la > 16 || lb > 16)
		return 99;
	for (i = 0; i <= la; i++)
		d[i][0] = i;
	for (j = 0; j <= lb; j++)
		d[0][j] = j;
	for (i = 1; i <= la; i++) {
		for (j = 1; j <= lb; j++) {
			best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[la][lb];
}

/* What people type who know other tools. */
static const char *synonym(const char *name)
{
	static const char *const words[][2] = {
		{ "add", "load" }, { "insert", "load" }, { "new", "load" },
		{ "del", "unload" }, { "delete", "unload" }, { "remove", "unload" },
		{ "rm", "unload" }, { "ls", "list" }, { "dump", "list" }, { "get", "show" },
		{ "info", "show" }, { "stats", "show" }, { "reload", "replace" },
		{ "update", "replace" }, { "test", "check" }, { "verify", "check" },
		{ "watch", "monitor" }, { "events", "monitor" }, { "log", "monitor" },
		{ "errors", "monitor" }, { "tail", "monitor" },
		{ "set", "limits" }, { "budget", "limits" }, { "continue", "resume" },
		{ "time", "timing" }, { "profile", "timing" }, { "measure", "timing" },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i][0], name))
			return words[i][1];
	return NULL;
}

/**
 * ctl_command_near() - what a mistyped command may have been meant to be
 * @name: what the user typed
 *
 * Return: the name of the nearest command, NULL if none is near
 */
const char *ctl_command_near(const char *name)
{
	const char *best = synonym(name);
	unsigned int least = 3, now;
	size_t i, len = strlen(name);

	if (best)
		return best;
	for (i = 0; i < ctl_command_count(); i++) {
		const char *known = ctl_command_at(i)->name;

		now = len >= 3 && !strncmp(known, name, len) ? 1 : distance(name, known);
		if (now < least && now < strlen(known)) {
			least = now;
			best = known;
		}
	}
	return best;
}
