// SPDX-License-Identifier: GPL-2.0-only
/* an interpreter of nflua's Lua in user space */
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: lua SCRIPT [ARG...]     run a file (\"-\": standard input)\n"
	"       lua -e CHUNK [ARG...]   run CHUNK\n"
	"       lua -p SCRIPT           compile only\n";

static int print(lua_State *L)
{
	int i, n = lua_gettop(L);

	for (i = 1; i <= n; i++) {
		size_t len;
		const char *s = luaL_tolstring(L, i, &len);

		if (i > 1)
			putchar('\t');
		fwrite(s, 1, len, stdout);
		lua_pop(L, 1);
	}
	putchar('\n');
	return 0;
}

/* warn(): off until warn("@on"), as in stock Lua's own interpreter */
static void warning(void *ud, const char *msg, int tocont)
{
	static bool on, within;

	(void)ud;
	if (!within && !tocont && *msg == '@') {
		if (strcmp(msg, "@on") == 0)
			on = true;
		else if (strcmp(msg, "@off") == 0)
			on = false;
		return;
	}
	if (on)
		fprintf(stderr, "%s%s%s", within ? "" : "Lua warning: ", msg, tocont ? "" : "\n");
	within = tocont;
}

static int message(lua_State *L)
{
	const char *msg = lua_tostring(L, 1);

	if (!msg) {
		if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING)
			return 1;
		msg = lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
	}
	luaL_traceback(L, L, msg, 1);
	return 1;
}

static char *read_all(FILE *f, size_t *size)
{
	size_t room = 1 << 16;
	char *buf = malloc(room);

	*size = 0;
	while (buf) {
		size_t n = fread(buf + *size, 1, room - *size, f);
		char *bigger;

		if (!n)
			break;
		*size += n;
		if (*size < room)
			continue;
		room *= 2;
		bigger = realloc(buf, room);
		if (!bigger)
			free(buf);
		buf = bigger;
	}
	return buf;
}

static int load_file(lua_State *L, const char *name)
{
	FILE *f = strcmp(name, "-") ? fopen(name, "rb") : stdin;
	size_t size;
	char *source;
	int status;

	if (!f) {
		lua_pushfstring(L, "cannot open %s: %s", name, strerror(errno));
		return LUA_ERRRUN;
	}
	source = read_all(f, &size);
	if (!source || ferror(f)) {
		lua_pushfstring(L, "cannot read %s", name);
		status = LUA_ERRRUN;
	} else {
		lua_pushfstring(L, f == stdin ? "=stdin" : "@%s", name);
		status = luaL_loadscript(L, source, size, lua_tostring(L, -1));
		lua_remove(L, -2);
	}
	free(source);
	if (f != stdin)
		fclose(f);
	return status;
}

struct args {
	int argc;
	char **argv;
};

/* the table "arg": script name at 0, arguments from 1 on */
static int push_args(lua_State *L, struct args *a, int script)
{
	int i;

	lua_createtable(L, a->argc - script, script + 1);
	for (i = 0; i < a->argc; i++) {
		lua_pushstring(L, a->argv[i]);
		lua_rawseti(L, -2, i - script);
	}
	lua_setglobal(L, "arg");
	luaL_checkstack(L, a->argc, "too many arguments");
	for (i = script + 1; i < a->argc; i++)
		lua_pushstring(L, a->argv[i]);
	return a->argc - script - 1;
}

static int run(lua_State *L)
{
	struct args *a = lua_touserdata(L, 1);
	bool chunk = strcmp(a->argv[1], "-e") == 0;
	bool check = strcmp(a->argv[1], "-p") == 0;
	int script = chunk || check ? 2 : 1;
	int status;

	lua_pushcfunction(L, print);
	lua_setglobal(L, "print");
	lua_setwarnf(L, warning, NULL);
	lua_pushcfunction(L, message);
	if (chunk)
		status = luaL_loadbufferx(L, a->argv[2], strlen(a->argv[2]),
					  "=(command line)", "t");
	else
		status = load_file(L, a->argv[script]);
	if (status == LUA_OK && !check)
		status = lua_pcall(L, push_args(L, a, script), 0, 2);
	fflush(stdout);
	if (status != LUA_OK) {
		const char *msg = lua_tostring(L, -1);

		fprintf(stderr, "lua: %s\n", msg ? msg : "(error object is no string)");
	}
	lua_pushboolean(L, status == LUA_OK);
	return 1;
}

int main(int argc, char **argv)
{
	struct args a = { .argc = argc, .argv = argv };
	lua_State *L;
	int status = EXIT_FAILURE;

	if (argc > 1 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	if (argc < 2 || (argv[1][0] == '-' && argv[1][1] &&
			 (argc < 3 || (strcmp(argv[1], "-e") && strcmp(argv[1], "-p"))))) {
		fputs(usage, stderr);
		return EXIT_FAILURE;
	}
	L = host_newstate();
	if (!L) {
		fputs("lua: not enough memory\n", stderr);
		return EXIT_FAILURE;
	}
	lua_pushcfunction(L, run);
	lua_pushlightuserdata(L, &a);
	if (lua_pcall(L, 1, 1, 0) != LUA_OK)
		fprintf(stderr, "lua: %s\n", lua_tostring(L, -1));
	else if (lua_toboolean(L, -1))
		status = EXIT_SUCCESS;
	host_close(L);
	return fflush(stdout) ? EXIT_FAILURE : status;
}
