// SPDX-License-Identifier: GPL-2.0-only
/*
 * The built-in modules where there is no kernel behind them. A script's body
 * runs for the sake of the extension that it declares; everything else that it
 * makes of these modules is a value that takes every use and does nothing.
 */
#include <errno.h>
#include <string.h>

#include "declaration.h"

/*
 * Gets the function that takes a declaration, where Lua files lie, and what loads
 * one in a Lua that has no "package": that of the kernel, in nfluactl. Answers a
 * table that the body fills: the script's name, its match and its target. An index
 * that is an integer gives nil, so that ipairs() ends, and so does a call as "for"
 * calls what it was given: with nil and, at first, nil. Files are looked for in no
 * place that depends on where the user happens to be.
 */
static const char chunk[] =
"local declare, directory, load_file = ...\n"
"local meta, new = {}\n"
"function new() return setmetatable({}, meta) end\n"
"for op in ('add sub mul div mod pow unm idiv band bor bxor bnot shl shr concat')"
":gmatch('%a+') do\n"
"  meta['__' .. op] = new\n"
"end\n"
"for op in ('eq lt le'):gmatch('%a+') do\n"
"  meta['__' .. op] = function() return false end\n"
"end\n"
"function meta.__index(_, key) if math.type(key) == nil then return new() end end\n"
"function meta.__call(_, ...)\n"
"  local state, control = ...\n"
"  if select('#', ...) ~= 2 or state ~= nil or control ~= nil then return new() end\n"
"end\n"
"function meta.__newindex() end\n"
"function meta.__len() return 0 end\n"
"function meta.__pairs() return next, {} end\n"
"function meta.__close() end\n"
"function meta.__tostring() return 'a value that only the kernel has' end\n"
"local builtin = {}\n"
"for name in ('conntrack counter data event luapacket map meter netfilter netlink queue set '\n"
"  .. 'socket task timer'):gmatch('%a+') do\n"
"  builtin[name] = new()\n"
"end\n"
"local index = { __index = meta.__index }\n"
"local offered = {}\n"
"local function offer(kind, call, name)\n"
"  offered[kind], offered.name = call, name\n"
"  return { unregister = function()\n"
"    local was = offered[kind] == call\n"
"    if was then offered[kind] = nil end\n"
"    return was\n"
"  end }\n"
"end\n"
"builtin.netfilter = setmetatable({\n"
"  now = function() return 0 end,\n"
"  time = function() return 0, 0 end,\n"
"  mask = function() return 0xffffffff end,\n"
"  new = function(script)\n"
"    local name = type(script) == 'table' and script.name or nil\n"
"    return setmetatable({\n"
"      extension = declare,\n"
"      match = function(_, call) return offer('match', call, name) end,\n"
"      target = function(_, call) return offer('target', call, name) end,\n"
"    }, index)\n"
"  end,\n"
"}, index)\n"
"if package then\n"
"  package.path, package.cpath = directory .. '/?.lua', ''\n"
"end\n"
"local look, loaded = package and require, {}\n"
"function require(name)\n"
"  if builtin[name] then return builtin[name] end\n"
"  if look then\n"
"    local found, value = pcall(look, name)\n"
"    return found and value or error(value, 2)\n"
"  end\n"
"  if loaded[name] == nil then\n"
"    local value = load_file(directory, name)(name)\n"
"    loaded[name] = value == nil or value\n"
"  end\n"
"  return loaded[name]\n"
"end\n"
"return offered\n";

struct reader {
	FILE *file;
	char bytes[1024];
};

static const char *read_more(lua_State *L, void *data, size_t *size)
{
	struct reader *reader = data;

	(void)L;
	*size = fread(reader->bytes, 1, sizeof(reader->bytes), reader->file);
	return *size ? reader->bytes : NULL;
}

/* The function that a file of directory, name is; what is missing is said. */
static int load_file(lua_State *L)
{
	const char *directory = luaL_checkstring(L, 1), *name = luaL_checkstring(L, 2);
	const char *path = luaL_gsub(L, name, ".", "/");
	struct reader reader;
	int status;

	path = lua_pushfstring(L, "@%s/%s.lua", directory, path);
	reader.file = fopen(path + 1, "re");
	if (!reader.file) {
		luaL_where(L, 2);
		lua_pushfstring(L, "module '%s' is not built in, and nfluactl cannot read %s: %s",
				name, path + 1, strerror(errno));
		lua_concat(L, 2);
		return lua_error(L);
	}
	status = lua_load(L, read_more, &reader, path, "t");
	fclose(reader.file);
	return status == LUA_OK ? 1 : lua_error(L);
}

/**
 * recorder_open() - give a state the built-in modules
 * @L: a state with its libraries; what takes a declaration is on the top of its
 *	stack, and is taken off
 * @directory: where require() looks for Lua files
 *
 * Return: a status of Lua's; on the stack is a table with what the script is called
 * and offers to rules (name, match, target), or the message if it is not LUA_OK
 */
int recorder_open(lua_State *L, const char *directory)
{
	int status = luaL_loadbufferx(L, chunk, sizeof(chunk) - 1, "=(modules)", "t");

	if (status != LUA_OK) {
		lua_remove(L, -2);
		return status;
	}
	lua_insert(L, -2);
	lua_pushstring(L, directory);
	lua_pushcfunction(L, load_file);
	return lua_pcall(L, 3, 1, 0);
}
