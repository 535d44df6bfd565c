// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions of a declaration that are called in user space: init, parse,
 * final_check, print and save. They see the values of a rule as the kernel's
 * function does, but for addresses, which are strings, and may change them.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "declaration.h"

/**
 * struct call - a call of such a function
 * @d: the extension
 * @name: of the function
 * @family: of the rule
 * @info: the rule's data
 * @n: of parse: the option
 * @text: of parse: what follows the option, NULL for a bool
 * @flag: of parse: inverted; of print: numbers are wanted
 * @taken: there was such a function, and it did what was to be done
 * @result: of print and save: what to write, to be freed
 */
struct call {
	const struct declaration *d;
	const char *name;
	unsigned int family;
	struct xt_nflua_info *info;
	unsigned int n;
	const char *text;
	bool flag;
	bool taken;
	char *result;
};

/* What addresses are for callbacks; the kernel's own are luapacket's. */
void nflua_extension_push_address(lua_State *L, unsigned int family, const void *addr,
				  unsigned int plen)
{
	const bool six = family == NFPROTO_IPV6;
	char text[INET6_ADDRSTRLEN];

	inet_ntop(six ? AF_INET6 : AF_INET, addr, text, sizeof(text));
	if (plen < (six ? 128 : 32))
		lua_pushfstring(L, "%s/%d", text, (int)plen);
	else
		lua_pushstring(L, text);
}

/* Pushes the function. Is there one? */
static bool push_function(lua_State *L, const struct declaration *d, const char *name)
{
	lua_rawgeti(L, LUA_REGISTRYINDEX, d->table);
	lua_pushstring(L, name);
	lua_rawget(L, -2);
	lua_remove(L, -2);
	if (lua_isfunction(L, -1))
		return true;
	lua_pop(L, 1);
	return false;
}

/* Flags as a list of words, which they are in a declaration; from a table of booleans. */
static void list_flags(lua_State *L, const struct nflua_extension_spec *spec,
		       const struct nflua_extension_option *option)
{
	const int value = lua_gettop(L);
	unsigned int i, n = 0;

	if (lua_type(L, value) != LUA_TTABLE || lua_rawlen(L, value))
		return;
	lua_newtable(L);
	for (i = 0; i < option->nwords; i++) {
		lua_getfield(L, value, nflua_extension_word(spec, option, i));
		if (lua_toboolean(L, -1)) {
			lua_pushstring(L, nflua_extension_word(spec, option, i));
			lua_rawseti(L, value + 1, ++n);
		}
		lua_pop(L, 1);
	}
	lua_remove(L, value);
}

/* Puts the value on top of the stack behind those that @info has of the option. */
static void add_value(lua_State *L, const struct call *c, unsigned int n,
		      struct xt_nflua_info *info)
{
	const struct nflua_extension_spec *spec = &c->d->spec;
	const struct nflua_extension_option *option = &spec->options[n];

	if (info->count[n] >= option->repeated)
		luaL_error(L, "option '%s' has more than %d values", option->name,
			   option->repeated);
	if (option->type == NFLUA_EXTENSION_FLAGS_TYPE)
		list_flags(L, spec, option);
	nflua_extension_encode(L, -1, spec, option, c->family,
			       info->data + option->offset + info->count[n] * option->size);
	info->count[n]++;
	lua_pop(L, 1);
}

/* Was an option that is not given left at its default? */
static bool is_default(const struct call *c, unsigned int n, const struct xt_nflua_info *info)
{
	const struct nflua_extension_option *option = &c->d->spec.options[n];

	return !c->info->count[n] && option->has_default &&
	       !memcmp(info->data + option->offset,
		       nflua_extension_pool(&c->d->spec, option->def), option->size);
}

/* Puts the list on top of the stack into the values of a repeated option. */
static void add_list(lua_State *L, const struct call *c, unsigned int n,
		     struct xt_nflua_info *info)
{
	const lua_Unsigned size = lua_rawlen(L, -1);
	lua_Unsigned i, keys = 0;

	lua_pushnil(L);
	for (; lua_next(L, -2); keys++)
		lua_pop(L, 1);
	/* What is not at 1 and so on would be lost, as that of a range without its list. */
	if (keys != size)
		luaL_error(L, "option '%s' may have several values: it must be a list of them",
			   c->d->spec.options[n].name);
	for (i = 1; i <= size; i++) {
		lua_rawgeti(L, -1, i);
		add_value(L, c, n, info);
	}
	lua_pop(L, 1);
}

/* Puts the field of an option of the table at @t into @info. */
static void store_option(lua_State *L, const struct call *c, int t, unsigned int n,
			 struct xt_nflua_info *info)
{
	const struct nflua_extension_option *option = &c->d->spec.options[n];

	lua_pushstring(L, option->name);
	switch (lua_rawget(L, t)) {
	case LUA_TNIL:
		break;
	case LUA_TBOOLEAN:
		if (option->type != NFLUA_EXTENSION_BOOL)
			luaL_error(L, "option '%s' cannot be true or false", option->name);
		info->count[n] = lua_toboolean(L, -1);
		break;
	case LUA_TTABLE:
		if (option->repeated > 1) {
			add_list(L, c, n, info);
			return;
		}
		/* fall through */
	default:
		add_value(L, c, n, info);
		if (!is_default(c, n, info))
			return;
		memset(info->data + option->offset, 0, option->size);
		info->count[n] = 0;
		return;
	}
	lua_pop(L, 1);
}

/*
 * Which options the table "inverted" of the table at @t names. With what was
 * taken from an option goes its "!".
 */
static u32 read_inverted(lua_State *L, const struct call *c, int t,
			 const struct xt_nflua_info *info)
{
	const struct nflua_extension_spec *spec = &c->d->spec;
	u32 inverted = 0;
	unsigned int i;

	lua_pushliteral(L, "inverted");
	if (lua_rawget(L, t) != LUA_TTABLE)
		luaL_error(L, "'inverted' is not a table any more");
	for (i = 0; i < spec->noptions; i++) {
		lua_pushstring(L, spec->options[i].name);
		lua_rawget(L, -2);
		if (lua_toboolean(L, -1) && (info->count[i] || !c->info->count[i]))
			inverted |= 1U << i;
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	return inverted;
}

/* Puts the table at @t, which a callback may have changed, into the rule. */
static void store(lua_State *L, const struct call *c, int t)
{
	const struct nflua_extension_spec *spec = &c->d->spec;
	struct xt_nflua_info *info;
	unsigned int i;
	size_t size = nflua_extension_usersize(spec);

	lua_pushnil(L);
	while (lua_next(L, t)) {
		lua_pop(L, 1);
		for (i = 0; i < spec->noptions && lua_type(L, -1) == LUA_TSTRING; i++)
			if (!strcmp(spec->options[i].name, lua_tostring(L, -1)))
				break;
		if (lua_type(L, -1) != LUA_TSTRING ||
		    (i == spec->noptions && strcmp(lua_tostring(L, -1), "inverted")))
			luaL_error(L, "extension '%s' has no option '%s'", spec->name,
				   lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) :
								    luaL_typename(L, -1));
	}
	info = lua_newuserdatauv(L, size, 0);
	memset(info, 0, size);
	nflua_extension_seal(spec, info);
	for (i = 0; i < spec->noptions; i++)
		store_option(L, c, t, i, info);
	info->inverted = read_inverted(L, c, t, info);
	memcpy(c->info, info, size);
	lua_pop(L, 1);
}

/* Raises if a function has answered nil or false and why, or only false. */
static void check_answer(lua_State *L, const struct call *c, int first)
{
	if (lua_toboolean(L, first))
		return;
	if (lua_type(L, first + 1) == LUA_TSTRING)
		luaL_error(L, "%s", lua_tostring(L, first + 1));
	if (lua_isboolean(L, first))
		luaL_error(L, "the extension's function '%s' refuses it", c->name);
}

/* Context: inside lua_pcall(), as all that follows */
static int call_on_values(lua_State *L)
{
	struct call *c = lua_touserdata(L, 1);

	c->taken = push_function(L, c->d, c->name);
	if (!c->taken)
		return 0;
	nflua_extension_push(L, &c->d->spec, c->family, c->info);
	lua_insert(L, 2);
	lua_pushvalue(L, 2);
	lua_call(L, 1, 2);
	/* Errors of ours have no position of Lua's; the function's answers do not need one. */
	check_answer(L, c, 3);
	store(L, c, 2);
	return 0;
}

static int call_parse(lua_State *L)
{
	struct call *c = lua_touserdata(L, 1);
	const unsigned int had = c->info->count[c->n];

	nflua_extension_push(L, &c->d->spec, c->family, c->info);
	if (!push_function(L, c->d, c->name))
		return 0;
	lua_pushstring(L, c->d->spec.options[c->n].name);
	lua_pushstring(L, c->text);
	lua_pushboolean(L, c->flag);
	lua_pushvalue(L, 2);
	lua_call(L, 4, 2);
	check_answer(L, c, 3);
	lua_settop(L, 3);
	store(L, c, 2);
	if (lua_toboolean(L, 3))
		add_value(L, c, c->n, c->info);
	/* It may have returned the value, or have written it. */
	c->taken = c->info->count[c->n] != had;
	return 0;
}

static int call_for_text(lua_State *L)
{
	struct call *c = lua_touserdata(L, 1);

	if (!push_function(L, c->d, c->name))
		return 0;
	nflua_extension_push(L, &c->d->spec, c->family, c->info);
	lua_pushboolean(L, c->flag);
	lua_call(L, 2, 1);
	if (lua_isnil(L, -1))
		return 0;
	if (lua_type(L, -1) != LUA_TSTRING)
		luaL_error(L, "the extension's function '%s' returned a %s, not a string",
			   c->name, luaL_typename(L, -1));
	c->result = strdup(lua_tostring(L, -1));
	c->taken = true;
	return 0;
}

static bool call(struct call *c, lua_CFunction function)
{
	struct declared *file = c->d->file;
	lua_State *L = file->L;
	bool good;

	lua_pushcfunction(L, function);
	lua_pushlightuserdata(L, c);
	good = lua_pcall(L, 1, 0, 0) == LUA_OK;
	if (!good) {
		declared_fail(file, "%s", lua_isstring(L, -1) ? lua_tostring(L, -1) :
			      "its error is no message");
		lua_pop(L, 1);
	}
	return good;
}

/**
 * callback_init() - let the declaration say what a new rule has
 * @d: the extension
 * @family: of the rule
 * @info: the rule's data, sealed and without values
 *
 * Return: whether it went well; if not, the file's error says why
 */
bool callback_init(const struct declaration *d, unsigned int family, struct xt_nflua_info *info)
{
	struct call c = { .d = d, .name = "init", .family = family, .info = info };

	return call(&c, call_on_values);
}

/**
 * callback_parse() - let the declaration read an option
 * @d: the extension
 * @n: which option
 * @family: of the rule
 * @text: what follows it, NULL for a bool
 * @inverted: with "!" in front
 * @info: the rule's data, which gets the value
 * @taken: whether it did; else it is to be read as its type says
 *
 * Return: whether it went well; if not, the file's error says why
 */
bool callback_parse(const struct declaration *d, unsigned int n, unsigned int family,
		    const char *text, bool inverted, struct xt_nflua_info *info, bool *taken)
{
	struct call c = { .d = d, .name = "parse", .family = family, .info = info, .n = n,
			  .text = text, .flag = inverted };
	bool good = call(&c, call_parse);

	*taken = c.taken;
	return good;
}

/**
 * callback_final_check() - let the declaration look at all values, and change them
 * @d: the extension
 * @family: of the rule
 * @info: the rule's data
 *
 * Return: whether it went well; if not, the file's error says why
 */
bool callback_final_check(const struct declaration *d, unsigned int family,
			  struct xt_nflua_info *info)
{
	struct call c = { .d = d, .name = "final_check", .family = family, .info = info };

	return call(&c, call_on_values);
}

/**
 * callback_text() - let the declaration write a rule
 * @d: the extension
 * @callback: "print" or "save"
 * @family: of the rule
 * @info: the rule's data, which was checked
 * @numeric: nothing is to be looked up
 * @text: gets what is to be written, to be freed, or NULL if it does not say
 *
 * Return: whether it went well; if not, the file's error says why
 */
bool callback_text(const struct declaration *d, const char *callback, unsigned int family,
		   const struct xt_nflua_info *info, bool numeric, char **text)
{
	struct call c = { .d = d, .name = callback, .family = family,
			  .info = (struct xt_nflua_info *)info, .flag = numeric };
	bool good = call(&c, call_for_text);

	*text = c.result;
	return good;
}
