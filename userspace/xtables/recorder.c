// SPDX-License-Identifier: GPL-2.0-only
/*
 * The built-in modules where there is no kernel behind them. A script's body
 * runs for the sake of the extension that it declares; everything else that it
 * makes of these modules is a value that takes every use and does nothing.
 */
#include "declaration.h"

/*
 * Gets the function that takes a declaration, and where Lua files lie. Answers a
 * table that the body fills: the script's name, its match and its target. An index
 * that is an integer gives nil, so that ipairs() ends. Files are looked for in no
 * place that depends on where the user happens to be. What a body prints is for
 * the kernel's log.
 */
static const char chunk[] =
"local declare, directory = ...\n"
"local meta, new = {}\n"
"function new() return setmetatable({}, meta) end\n"
"for op in ('add sub mul div mod pow unm idiv band bor bxor bnot shl shr concat call')"
":gmatch('%a+') do\n"
"  meta['__' .. op] = new\n"
"end\n"
"for op in ('eq lt le'):gmatch('%a+') do\n"
"  meta['__' .. op] = function() return false end\n"
"end\n"
"function meta.__index(_, key) if math.type(key) == nil then return new() end end\n"
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
"builtin.netfilter = setmetatable({ new = function(script)\n"
"  local name = type(script) == 'table' and script.name or nil\n"
"  return setmetatable({\n"
"    extension = declare,\n"
"    match = function(_, call) return offer('match', call, name) end,\n"
"    target = function(_, call) return offer('target', call, name) end,\n"
"  }, index)\n"
"end }, index)\n"
"local look\n"
"if package then\n"
"  look = require\n"
"  package.path, package.cpath = directory .. '/?.lua', ''\n"
"end\n"
"function require(name)\n"
"  if builtin[name] then return builtin[name] end\n"
"  if look and package.searchpath(name, package.path) then return look(name) end\n"
"  return new()\n"
"end\n"
"print = function() end\n"
"return offered\n";

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
	return lua_pcall(L, 2, 1, 0);
}
