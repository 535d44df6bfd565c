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
		lua_rawgeti(L, -1, n);
		lua_remove(L, -2);
	}
	lua_pushliteral(L, "help");
	lua_rawget(L, -2);
	lua_remove(L, -2);
	return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

static void print_rest(const char *sep, const char *text)
{
	if (text)
		printf("%s%s", sep, text);
}

/* What the declaration says of a value, behind what its author says. */
static void print_facts(const struct declaration *d, const struct nflua_extension_option *option,
			const char *sep)
{
	const bool one_family = d->spec.families == NFLUA_EXTENSION_IPV6;
	const unsigned int family = one_family ? NFPROTO_IPV6 : NFPROTO_IPV4;
	const bool any = d->spec.families == (NFLUA_EXTENSION_IPV4 | NFLUA_EXTENSION_IPV6);
	char *text;

	if (option->type == NFLUA_EXTENSION_ADDRESS || option->type == NFLUA_EXTENSION_PREFIX)
		text = strdup(any ? "of the rule's family" : one_family ? "IPv6" : "IPv4");
	else
		text = option->type == NFLUA_EXTENSION_BOOL ? NULL :
		       value_wanted(d, option, family);
	print_rest(sep, text);
	if (text)
		sep = "; ";
	free(text);
	if (option->repeated > 1) {
		printf("%sup to %u%s", sep, option->repeated,
		       option_has_list(option) ? ", with commas between" : "");
		sep = "; ";
	}
	if (option->mandatory && !option->group) {
		printf("%smandatory", sep);
		sep = "; ";
	}
	if (option->group) {
		printf("%s%sone of group %s", sep, option->mandatory ? "" : "at most ",
		       nflua_extension_pool(&d->spec, option->group));
		sep = "; ";
	}
	if (option->has_default) {
		text = value_text(d, option, family, nflua_extension_pool(&d->spec, option->def));
		print_rest(sep, "default: ");
		print_rest("", text);
		free(text);
	}
}

static void print_option(const struct declaration *d, unsigned int n)
{
	const struct nflua_extension_option *option = &d->spec.options[n];
	const char *argument = option_argument(option);
	char flag[NFLUA_EXTENSION_OPTION];
	const char *help;
	int width;

	option_flag(option, flag);
	width = printf("%s--%s%s%s%s", option->invertible ? "[!] " : "    ", flag,
		       argument ? " " : "", argument ? argument : "",
		       option_has_list(option) ? "[,...]" : "");
	if (width >= LEFT)
		printf("\n%*s", LEFT, "");
	else
		printf("%*s", LEFT - width, "");
	help = push_help(d, n + 1);
	if (help)
		printf("%s", help);
	print_facts(d, option, help ? "; " : "");
	printf("\n");
	lua_pop(d->file->L, 1);
}

/**
 * declaration_help() - print the help
 * @d: the extension
 *
 * Return: whether a function of the declaration that prints it went well; if not,
 * the file's error says why
 */
bool declaration_help(const struct declaration *d)
{
	lua_State *L = d->file->L;
	unsigned int i;
	const char *help;
	bool good = true;

	printf("%s %s options:\n", d->spec.name, d->spec.target ? "target" : "match");
	help = push_help(d, 0);
	if (help) {
		printf("%s%s", help, *help && help[strlen(help) - 1] != '\n' ? "\n" : "");
		lua_pop(L, 1);
	} else if (lua_isfunction(L, -1)) {
		d->file->helping = true;
		good = lua_pcall(L, 0, 0, 0) == LUA_OK;
		d->file->helping = false;
		if (!good) {
			declared_fail(d->file, "%s", lua_isstring(L, -1) ?
				      lua_tostring(L, -1) : "its error is no message");
			lua_pop(L, 1);
		}
	} else {
		lua_pop(L, 1);
	}
	for (i = 0; i < d->spec.noptions; i++)
		print_option(d, i);
	return good;
}
