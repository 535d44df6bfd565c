// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables that scripts give: their fields, and the words in them. nfluactl is
 * built with this file, too, to check scripts without the kernel.
 *
 * Context of all functions with a Lua thread: process, inside lua_pcall(); they
 * raise for what is wrong.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "uapi/nflua.h"
#include "words.h"

static const struct nflua_word policies[] = {
	{ "accept", NFLUA_ON_ERROR_ACCEPT },
	{ "drop", NFLUA_ON_ERROR_DROP },
};

/* what becomes of a packet that no script decides, where no rule says so */
const struct nflua_words nflua_policy_words = { policies,
						ARRAY_SIZE(policies) };

static const struct nflua_word *with_value(struct nflua_words words,
					   lua_Integer value)
{
	unsigned int i;

	for (i = 0; i < words.n; i++)
		if (words.word[i].value == value)
			return &words.word[i];
	return NULL;
}

/**
 * nflua_words_of() - the word of a number
 * @words: the words
 * @value: the number
 *
 * Return: "unknown" if there is none
 */
const char *nflua_words_of(struct nflua_words words, int value)
{
	const struct nflua_word *word = with_value(words, value);

	return word ? word->name : "unknown";
}

/**
 * nflua_words_find() - look a word up
 * @words: the words
 * @name: how it begins
 * @len: its length
 *
 * Return: NULL if it is none of them
 */
const struct nflua_word *nflua_words_find(struct nflua_words words,
					  const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < words.n; i++)
		if (strlen(words.word[i].name) == len &&
		    !memcmp(words.word[i].name, name, len))
			return &words.word[i];
	return NULL;
}

/* Pushes a list of words, each behind a space. */
static void push_list(lua_State *L, const char *const *names,
		      struct nflua_words words, unsigned int n)
{
	luaL_Buffer b;
	unsigned int i;

	luaL_buffinit(L, &b);
	for (i = 0; i < n; i++) {
		luaL_addchar(&b, ' ');
		luaL_addstring(&b, names ? names[i] : words.word[i].name);
	}
	luaL_pushresult(&b);
}

/**
 * nflua_words_refuse() - raise: a field is none of the words
 * @L: the running thread
 * @field: its name
 * @value: what it is
 * @words: what it may be
 */
void nflua_words_refuse(lua_State *L, const char *field, const char *value,
			struct nflua_words words)
{
	push_list(L, NULL, words, words.n);
	luaL_error(L, "%s is '%s', but may be:%s", field, value,
		   lua_tostring(L, -1));
}

/**
 * nflua_words_get() - read a field that is a word
 * @L: the running thread
 * @spec: index of the table
 * @what: what the table describes, for messages
 * @field: the field's name
 * @def: the word that stands for a missing field, NULL if it must be there
 * @words: what it may be
 */
const struct nflua_word *nflua_words_get(lua_State *L, int spec,
					 const char *what, const char *field,
					 const char *def,
					 struct nflua_words words)
{
	const struct nflua_word *word;
	const char *name = def;

	if (lua_getfield(L, spec, field) != LUA_TNIL)
		name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) :
							luaL_typename(L, -1);
	if (!name)
		luaL_error(L, "the %s has no '%s'", what, field);
	/* It may be megabytes, and no word is as long as this. */
	word = nflua_words_find(words, name, strnlen(name, 64));
	if (!word)
		nflua_words_refuse(L, field, name, words);
	lua_pop(L, 1);
	return word;
}

/**
 * nflua_words_proto() - read the field "proto": a word, or its number
 * @L: the running thread
 * @spec: index of the table
 * @what: what the table describes, for messages
 * @def: the word that stands for a missing field, NULL if it must be there
 * @words: what it may be
 *
 * Return: the protocol's number
 */
int nflua_words_proto(lua_State *L, int spec, const char *what,
		      const char *def, struct nflua_words words)
{
	const struct nflua_word *word;

	if (lua_getfield(L, spec, "proto") == LUA_TNUMBER) {
		word = with_value(words, lua_tointeger(L, -1));
		if (!word)
			nflua_words_refuse(L, "proto", lua_tostring(L, -1),
					   words);
		lua_pop(L, 1);
		return word->value;
	}
	lua_pop(L, 1);
	return nflua_words_get(L, spec, what, "proto", def, words)->value;
}

/**
 * nflua_words_number() - read a field that is a number
 * @L: the running thread
 * @spec: index of the table
 * @field: the field's name
 * @def: what stands for a missing field
 * @min: least that it may be
 * @max: greatest that it may be
 * @unit: what follows the greatest in messages, "" or " seconds"
 */
u32 nflua_words_number(lua_State *L, int spec, const char *field, u32 def,
		       u32 min, u32 max, const char *unit)
{
	lua_Integer n = def;

	if (lua_getfield(L, spec, field) != LUA_TNIL) {
		if (!lua_isinteger(L, -1))
			luaL_error(L, "%s is a %s, not a number", field,
				   luaL_typename(L, -1));
		n = lua_tointeger(L, -1);
		if (n < min || n > max)
			luaL_error(L, "%s is %I, but may be %d to %d%s", field,
				   (LUAI_UACINT)n, (int)min, (int)max, unit);
	}
	lua_pop(L, 1);
	return n;
}

/* Raises: a table has no field @i, but those from 1 to @numbered. */
static void refuse_number(lua_State *L, const char *what, lua_Integer i,
			  lua_Integer numbered)
{
	if (numbered == 1)
		luaL_error(L, "%s has no field [%I] (it has: [1])", what,
			   (LUAI_UACINT)i);
	luaL_error(L, "%s has no field [%I] (it has: [1] to [%I])", what,
		   (LUAI_UACINT)i, (LUAI_UACINT)numbered);
}

/**
 * nflua_words_check() - refuse fields that a table cannot have
 * @L: the running thread
 * @spec: index of the table
 * @what: what it describes, with its article, for messages
 * @names: names of the fields that it may have
 * @n: number of them
 * @numbered: it may have these from 1 to it, too
 */
void nflua_words_check(lua_State *L, int spec, const char *what,
		       const char *const *names, unsigned int n,
		       lua_Integer numbered)
{
	const char *name;
	unsigned int i;

	lua_pushnil(L);
	while (lua_next(L, spec)) {
		lua_pop(L, 1);
		if (lua_isinteger(L, -1) && lua_tointeger(L, -1) > 0 &&
		    lua_tointeger(L, -1) <= numbered)
			continue;
		name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) :
							luaL_typename(L, -1);
		if (lua_isinteger(L, -1) && numbered)
			refuse_number(L, what, lua_tointeger(L, -1), numbered);
		for (i = 0; i < n && lua_type(L, -1) == LUA_TSTRING; i++)
			if (!strcmp(name, names[i]))
				break;
		if (i < n && lua_type(L, -1) == LUA_TSTRING)
			continue;
		push_list(L, names, (struct nflua_words){ NULL, 0 }, n);
		luaL_error(L, "%s has no field '%s' (it has:%s)", what, name,
			   lua_tostring(L, -1));
	}
}
