// SPDX-License-Identifier: GPL-2.0-only
/* The help of an extension, as iptables -m NAME --help prints it. */
#include <stdlib.h>
#include <string.h>

#include "declaration.h"

/* Columns of what is left of an option's description. */
#define LEFT	30

/* Pushes the text of "help" of the declaration, or of option @n from 1, or nil. */
static const char *push_help(const struct declaration *d, unsigned int n)
{
	lua_State *L = d->file->L;

	lua_rawgeti(L, LUA_REGISTRYINDEX, d->table);
	if (n) {
		/* read again as it was read: options is a list of tables */
		lua_pushliteral(L, "options");
		lua_rawget(L, -2);
		lua_remove(L, -2);
		if (lua_istable(L, -1)) {
			lua_rawgeti(L, -1, n);
			lua_remove(L, -2);
		}
	}
	/* The body may have changed what it had declared. */
	if (!lua_istable(L, -1))
		return NULL;
	lua_pushliteral(L, "help");
	lua_rawget(L, -2);
	lua_remove(L, -2);
	return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

/**
 * struct line - what is said of an option
 * @to: where
 * @sep: what comes before the next fact
 */
struct line {
	FILE *to;
	const char *sep;
};

static void add_fact(struct line *line, const char *before, const char *fact)
{
	if (!fact)
		return;
	fprintf(line->to, "%s%s%s", line->sep, before, fact);
	line->sep = "; ";
}

/* The other options of its group. */
static void add_group(struct line *line, const struct declaration *d,
		      const struct nflua_extension_option *option)
{
	const char *group = nflua_extension_pool(&d->spec, option->group);
	char flag[NFLUA_EXTENSION_OPTION];
	const struct nflua_extension_option *other;
	bool mandatory = false, any = false;
	unsigned int i;

	for (i = 0; i < d->spec.noptions; i++) {
		other = &d->spec.options[i];
		if (!other->group || strcmp(nflua_extension_pool(&d->spec, other->group), group))
			continue;
		mandatory |= other->mandatory;
		if (other == option)
			continue;
		option_flag(other, flag);
		if (!any)
			add_fact(line, "not with --", flag);
		else
			fprintf(line->to, ", --%s", flag);
		any = true;
	}
	if (mandatory)
		add_fact(line, "", any ? "one of them mandatory" : "mandatory");
}

/* What the declaration says of a value, behind what its author says. */
static void add_facts(struct line *line, const struct declaration *d,
		      const struct nflua_extension_option *option)
{
	const bool six = d->spec.families == NFLUA_EXTENSION_IPV6;
	const unsigned int family = six ? NFPROTO_IPV6 : NFPROTO_IPV4;
	const bool any = d->spec.families == (NFLUA_EXTENSION_IPV4 | NFLUA_EXTENSION_IPV6);
	char *text = NULL, number[32];

	if (any && option->type == NFLUA_EXTENSION_ADDRESS)
		text = strdup("an IP address");
	else if (any && option->type == NFLUA_EXTENSION_PREFIX)
		text = strdup("an IP address or a prefix, as 10.0.0.0/8");
	else if (option->type != NFLUA_EXTENSION_BOOL)
		text = value_wanted(d, option, family);
	add_fact(line, "", text);
	free(text);
	if (option->repeated > 1) {
		snprintf(number, sizeof(number), "up to %u", option->repeated);
		add_fact(line, "", number);
		if (option_has_list(option))
			fprintf(line->to, ", with commas between");
	}
	if (option->mandatory && !option->group)
		add_fact(line, "", "mandatory");
	if (option->group)
		add_group(line, d, option);
	if (option->has_default) {
		text = value_text(d, option, family, nflua_extension_pool(&d->spec, option->def));
		add_fact(line, "default: ", text);
		free(text);
	}
}

static void print_option(const struct declaration *d, unsigned int n, FILE *to)
{
	const struct nflua_extension_option *option = &d->spec.options[n];
	const char *argument = option_argument(option);
	char flag[NFLUA_EXTENSION_OPTION], start[LEFT + 3];
	struct line line = { to, start };
	int width;

	option_flag(option, flag);
	width = fprintf(to, "%s--%s%s%s%s", option->invertible ? "[!] " : "    ", flag,
			argument ? " " : "", argument ? argument : "",
			option_has_list(option) ? "[,...]" : "");
	snprintf(start, sizeof(start), "%s%*s", width < LEFT ? "" : "\n",
		 width < LEFT ? LEFT - width : LEFT, "");
	add_fact(&line, "", push_help(d, n + 1));
	add_facts(&line, d, option);
	fputc('\n', to);
	lua_pop(d->file->L, 1);
}

/* Runs the function on top of the stack, which prints. */
static bool call_help(struct declared *file, FILE *to)
{
	lua_State *L = file->L;
	bool good;

	file->help = to;
	good = lua_pcall(L, 0, 0, 0) == LUA_OK;
	file->help = NULL;
	if (!good) {
		declared_fail(file, "%s", lua_isstring(L, -1) ? lua_tostring(L, -1) :
			      "its error is no message");
		lua_pop(L, 1);
	}
	return good;
}

/**
 * declaration_help() - print the help
 * @d: the extension
 * @to: where
 *
 * Return: whether a function of the declaration that prints it went well; if not,
 * the file's error says why
 */
bool declaration_help(const struct declaration *d, FILE *to)
{
	lua_State *L = d->file->L;
	unsigned int i;
	const char *help;
	bool good = true;

	fprintf(to, "%s %s options:\n", d->spec.name, declaration_kind(d));
	if (d->plain_match)
		fprintf(to, "the same as -m lua --script %s, with its options\n", d->spec.name);
	if (d->plain_target)
		fprintf(to, "the same as -j LUA --script %s, with its options\n", d->spec.name);
	help = push_help(d, 0);
	if (lua_isfunction(L, -1)) {
		good = call_help(d->file, to);
	} else {
		if (help)
			fprintf(to, "%s%s", help,
				*help && help[strlen(help) - 1] != '\n' ? "\n" : "");
		lua_pop(L, 1);
	}
	for (i = 0; i < d->spec.noptions; i++)
		print_option(d, i, to);
	return good;
}
