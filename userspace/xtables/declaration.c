// SPDX-License-Identifier: GPL-2.0-only
/* Running a Lua file for the extensions that it declares. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "declaration.h"

/* The file that runs, in the registry. */
static const char file_key;

/**
 * declared_fail() - keep why something failed
 * @file: the file
 * @fmt: the sentence
 *
 * Return: false
 */
bool declared_fail(struct declared *file, const char *fmt, ...)
{
	va_list ap;

	free(file->error);
	va_start(ap, fmt);
	if (vasprintf(&file->error, fmt, ap) < 0)
		file->error = NULL;
	va_end(ap);
	return false;
}

static struct declared *running(lua_State *L)
{
	struct declared *file;

	lua_rawgetp(L, LUA_REGISTRYINDEX, &file_key);
	file = lua_touserdata(L, -1);
	lua_pop(L, 1);
	return file;
}

/* h:unregister(): whether it was declared until now */
static int undeclare(lua_State *L)
{
	struct declaration *d = lua_touserdata(L, lua_upvalueindex(1)), **at;

	for (at = &running(L)->first; *at && *at != d; at = &(*at)->next)
		;
	lua_pushboolean(L, *at != NULL);
	if (*at)
		*at = d->next;
	return 1;
}

/* nf:extension{ ... }, which returns a handle */
static int declare(lua_State *L)
{
	struct declared *file = running(L);
	struct declaration *d, **last;

	if (lua_type(L, 2) != LUA_TTABLE)
		luaL_error(L, "nf:extension takes a table, after a colon");
	/* Lua owns it, and keeps it as long as the state is there. */
	d = lua_newuserdatauv(L, sizeof(*d), 0);
	memset(d, 0, sizeof(*d));
	nflua_extension_parse(L, 2, &d->spec);
	if (declared_find(file, d->spec.name))
		luaL_error(L, "extension '%s': this is the second of its name", d->spec.name);
	luaL_ref(L, LUA_REGISTRYINDEX);
	lua_pushvalue(L, 2);
	d->table = luaL_ref(L, LUA_REGISTRYINDEX);
	d->file = file;
	for (last = &file->first; *last; last = &(*last)->next)
		;
	*last = d;
	lua_createtable(L, 0, 1);
	lua_pushlightuserdata(L, d);
	lua_pushcclosure(L, undeclare, 1);
	lua_setfield(L, -2, "unregister");
	return 1;
}

/* print(...): only the help is for people */
static int print(lua_State *L)
{
	const struct declared *file = running(L);
	FILE *to = file->help ? file->help : stderr;
	int i, n = lua_gettop(L);

	if (file->in_body)
		return 0;
	for (i = 1; i <= n; i++)
		fprintf(to, "%s%s", i > 1 ? "\t" : "", luaL_tolstring(L, i, NULL));
	fputc('\n', to);
	return 0;
}

struct text {
	const char *path;
	const char *bytes;
	size_t size;
	const char *directory;
};

/* Behind a first line for the shell, whose line break stays and counts. */
static void skip_first_line(struct text *text)
{
	const char *line;

	if (text->size >= 3 && !memcmp(text->bytes, "\xef\xbb\xbf", 3)) {
		text->bytes += 3;
		text->size -= 3;
	}
	if (!text->size || *text->bytes != '#')
		return;
	line = memchr(text->bytes, '\n', text->size);
	line = line ? line : text->bytes + text->size;
	text->size -= line - text->bytes;
	text->bytes = line;
}

/* What a script is called that says no name, as nfluactl load has it */
static void push_file_name(lua_State *L, const char *path)
{
	static const char suffix[] = ".lua";
	const char *base = strrchr(path, '/');
	size_t len;

	base = base ? base + 1 : path;
	len = strlen(base);
	if (len > strlen(suffix) && !strcmp(base + len - strlen(suffix), suffix))
		len -= strlen(suffix);
	lua_pushlstring(L, base, len);
}

/* Declares what the script at @t offers to rules, if that is all that it declares. */
static void declare_plain(lua_State *L, int t, const char *path)
{
	struct declared *file = running(L);
	bool match = lua_getfield(L, t, "match") != LUA_TNIL;
	bool target = lua_getfield(L, t, "target") != LUA_TNIL;

	lua_pop(L, 2);
	if (file->first || (!match && !target))
		return;
	if (lua_getfield(L, t, "name") == LUA_TNIL) {
		push_file_name(L, path);
		lua_setfield(L, t, "name");
	}
	/* A declaration is one of the two. */
	if (match && target) {
		lua_pushnil(L);
		lua_setfield(L, t, "target");
	}
	lua_pushcfunction(L, declare);
	lua_pushnil(L);
	lua_pushvalue(L, t);
	lua_call(L, 2, 0);
	file->first->plain_match = match;
	file->first->plain_target = target;
}

static int run(lua_State *L)
{
	struct text *text = lua_touserdata(L, 1);
	int offered;

	lua_pushcfunction(L, declare);
	if (recorder_open(L, text->directory) != LUA_OK)
		lua_error(L);
	offered = lua_gettop(L);
	/* Before the body, which may keep it. */
	lua_pushcfunction(L, print);
	lua_setglobal(L, "print");
	skip_first_line(text);
	lua_pushfstring(L, "@%s", text->path);
	if (luaL_loadbufferx(L, text->bytes, text->size, lua_tostring(L, -1), "t") != LUA_OK)
		lua_error(L);
	lua_call(L, 0, 0);
	declare_plain(L, offered, text->path);
	return 0;
}

/**
 * declared_run() - run a file for what it declares
 * @file: with @file->L, a new state with its libraries, and else zero
 * @path: what messages call the file
 * @text: what is in it
 * @size: bytes of @text
 * @directory: where require() finds other files
 *
 * Return: whether it went well; if not, @file->error says why
 */
bool declared_run(struct declared *file, const char *path, const char *text, size_t size,
		  const char *directory)
{
	struct text arg = { path, text, size, directory };
	lua_State *L = file->L;
	int status;

	lua_pushlightuserdata(L, file);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &file_key);
	lua_pushcfunction(L, run);
	lua_pushlightuserdata(L, &arg);
	file->in_body = true;
	status = lua_pcall(L, 1, 0, 0);
	file->in_body = false;
	if (status == LUA_OK)
		return true;
	declared_fail(file, "%s", lua_isstring(L, -1) ? lua_tostring(L, -1) :
		      "its error is no message");
	lua_pop(L, 1);
	return false;
}

/**
 * declared_clear() - free all but the state
 * @file: the file, whose state has ended
 */
void declared_clear(struct declared *file)
{
	free(file->error);
	file->error = NULL;
	file->first = NULL;
}

/**
 * declared_find() - an extension by its name
 * @file: the file
 * @name: the name
 *
 * Return: the extension, or NULL
 */
const struct declaration *declared_find(const struct declared *file, const char *name)
{
	const struct declaration *d;

	for (d = file->first; d; d = d->next)
		if (!strcmp(d->spec.name, name))
			return d;
	return NULL;
}

/**
 * declaration_is_plain() - is it what a script gave to nf:match or nf:target?
 * @d: the extension
 */
bool declaration_is_plain(const struct declaration *d)
{
	return d->plain_match || d->plain_target;
}

/**
 * declaration_kind() - what an extension is
 * @d: the extension
 *
 * Return: a word for people and programs
 */
const char *declaration_kind(const struct declaration *d)
{
	if (d->plain_match && d->plain_target)
		return "match and target";
	return d->spec.target ? "target" : "match";
}

/**
 * declaration_rulesize() - what a rule takes
 * @d: the extension
 *
 * Return: bytes of its data
 */
size_t declaration_rulesize(const struct declaration *d)
{
	if (declaration_is_plain(d))
		return sizeof(struct xt_lua_info);
	return nflua_extension_rulesize(&d->spec);
}
