// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table given to luapacket.protocol: a header's fields, in their order, as
 * the RFCs' diagrams have them. Built for the kernel, and for nfluactl, which
 * checks scripts without it.
 *
 * Context of all functions: a body, inside lua_pcall(); they raise for what is
 * wrong.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "protocol.h"
#include "script.h"
#include "state.h"
#include "lua/kernel/lua_internal.h"

#define PROTOCOL	"nflua.protocol"

/* The declared protocols by their numbers, in the registry. */
static const char protocols_key;

/**
 * struct kind - what a row may call its kind
 * @word: the word
 * @kind: &enum nflua_protocol_kind
 * @width: the only width in bits; 0 if there are several
 */
struct kind {
	const char *word;
	u8 kind;
	u8 width;
};

static const struct kind kinds[] = {
	{ "uint", NFLUA_PROTOCOL_UINT, 0 },
	{ "le", NFLUA_PROTOCOL_LE, 0 },
	{ "bool", NFLUA_PROTOCOL_BOOL, 1 },
	{ "ip4", NFLUA_PROTOCOL_IP4, 32 },
	{ "ip6", NFLUA_PROTOCOL_IP6, 128 },
	{ "mac", NFLUA_PROTOCOL_MAC, 48 },
	{ "bytes", NFLUA_PROTOCOL_STRING, 0 },
};

static const struct nflua_protocol_field payload_field = {
	.kind = NFLUA_PROTOCOL_PAYLOAD,
};

/* Number of rows; raises for anything else in the table. */
static unsigned int check_table(lua_State *L)
{
	unsigned int n, rows = 0;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	n = min_t(lua_Unsigned, lua_rawlen(L, 1), NFLUA_PROTOCOL_SIZE * 8);
	lua_pushnil(L);
	while (lua_next(L, 1)) {
		const char *option = lua_type(L, -2) == LUA_TSTRING ?
				     lua_tostring(L, -2) : luaL_typename(L, -2);

		if (lua_type(L, -2) == LUA_TNUMBER)
			rows++;
		else if (strcmp(option, "name"))
			luaL_error(L, "luapacket.protocol has no option '%s' (it has: name, and fields as { name, bits [, kind] })",
				   option);
		lua_pop(L, 1);
	}
	if (rows != n)
		luaL_error(L, "the fields of a protocol are a list without holes");
	if (!n)
		luaL_error(L, "a protocol has at least one field");
	return n;
}

static const char *get_name(lua_State *L)
{
	const char *name = "";

	if (lua_getfield(L, 1, "name") == LUA_TSTRING)
		name = lua_tostring(L, -1);
	if (!nflua_script_name_ok(name))
		luaL_error(L, "name must be 1 to 63 of A-Z a-z 0-9 _ . -");
	return name;
}

/* The kind of the row at @at of the stack. */
static const struct kind *get_kind(lua_State *L, int at, const char *row)
{
	const char *word = "uint";
	unsigned int i;

	if (lua_rawgeti(L, at, 3) != LUA_TNIL)
		word = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) :
							luaL_typename(L, -1);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].word, word))
			return &kinds[i];
	luaL_error(L, "%s: there is no kind '%s' (there are: uint le bool ip4 ip6 mac bytes)",
		   row, word);
	return NULL;
}

/* Does a field of this kind go there? */
static void check_width(lua_State *L, const char *row, const struct kind *kind,
			unsigned int bit, lua_Integer width)
{
	const char *word = kind->word;

	if (kind->width && width != kind->width)
		luaL_error(L, "%s: %s has a width of %d, not %I", row, word,
			   kind->width, width);
	if ((kind->kind == NFLUA_PROTOCOL_UINT ||
	     kind->kind == NFLUA_PROTOCOL_LE) && width > 64)
		luaL_error(L, "%s: a number has at most 64 bits, not %I (but bytes may have more)",
			   row, width);
	if (kind->kind == NFLUA_PROTOCOL_UINT ||
	    kind->kind == NFLUA_PROTOCOL_BOOL)
		return;
	if (width % 8)
		luaL_error(L, "%s: %s takes whole bytes, not %I bits", row, word,
			   width);
	if (bit % 8)
		luaL_error(L, "%s: %s begins with a byte, not at bit %d of one",
			   row, word, (int)(bit % 8));
}

/*
 * The row on top of the stack, which begins at @bit, is replaced by its name,
 * or nil; @f gets the field if it has one. Returns its bits.
 */
static unsigned int get_row(lua_State *L, const char *protocol, unsigned int n,
			    unsigned int bit, struct nflua_protocol_field *f)
{
	const int at = lua_gettop(L);
	const struct kind *kind;
	lua_Integer width = 0;
	bool named = false, good = false;
	const char *row;

	row = lua_pushfstring(L, "protocol '%s', field %d", protocol, (int)n);
	if (lua_istable(L, at)) {
		named = lua_rawgeti(L, at, 1) == LUA_TSTRING;
		if (named)
			row = lua_pushfstring(L, "%s '%s'", row,
					      lua_tostring(L, -1));
		good = lua_rawgeti(L, at, named ? 2 : 1) == LUA_TNUMBER &&
		       lua_rawlen(L, at) <= (named ? 3 : 1);
		width = lua_tointeger(L, -1);
	}
	if (!good)
		luaL_error(L, "%s: must be { name, bits [, kind] }, or { bits } to leave some out",
			   row);
	if (width < 1 || width > NFLUA_PROTOCOL_SIZE * 8 - bit)
		luaL_error(L, "%s: %I bits at bit %d of a header, which has 1 to %d",
			   row, width, (int)bit, NFLUA_PROTOCOL_SIZE * 8);
	if (named) {
		/* so that the interpreter's look-up finds it */
		if (!lua_rawlen(L, at + 2) ||
		    lua_rawlen(L, at + 2) > LUAI_MAXSHORTLEN)
			luaL_error(L, "%s: a name has 1 to %d bytes", row,
				   LUAI_MAXSHORTLEN);
		kind = get_kind(L, at, row);
		check_width(L, row, kind, bit, width);
		f->kind = kind->kind;
		f->offset = bit / 8;
		f->bytes = (bit + width + 7) / 8 - bit / 8;
		f->shift = 7 - (bit + width - 1) % 8;
		f->width = min_t(lua_Integer, width, 64);
		lua_copy(L, at + 2, at);
	} else {
		lua_pushnil(L);
		lua_copy(L, -1, at);
	}
	lua_settop(L, at);
	return width;
}

/* Adds the name on top of the stack to the list for error messages. */
static void add_name(lua_State *L, int list)
{
	lua_pushvalue(L, list);
	lua_pushliteral(L, " ");
	lua_pushvalue(L, -3);
	lua_concat(L, 3);
	lua_replace(L, list);
}

/* Keeps the protocol on top of the stack for as long as the state lives. */
static void keep(lua_State *L, struct nflua_protocol *protocol)
{
	struct nflua_state *st = nflua_state(L);

	if (!st->protocols) {
		st->protocols = lua_newuserdatauv(L, NFLUA_PROTOCOLS_MAX *
						  sizeof(*st->protocols), 0);
		lua_rawsetp(L, LUA_REGISTRYINDEX, &st->protocols);
	}
	lua_rawgetp(L, LUA_REGISTRYINDEX, &protocols_key);
	lua_pushvalue(L, -2);
	lua_rawseti(L, -2, st->nprotocols + 1);
	lua_pop(L, 1);
	st->protocols[st->nprotocols++] = protocol;
	protocol->number = st->nprotocols;
}

/**
 * nflua_protocol_new() - luapacket.protocol{ name = , { name, bits [, kind] }, ... }
 * @L: the running thread
 *
 * Return: 1 result, the protocol
 */
int nflua_protocol_new(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);
	unsigned int n, i, bit = 0, names, list;
	struct nflua_protocol *protocol;
	const char *name;

	if (!st->registering)
		luaL_error(L, "protocols are declared only while the script is loaded");
	n = check_table(L);
	name = get_name(L);
	if (st->nprotocols == NFLUA_PROTOCOLS_MAX)
		luaL_error(L, "more than %d protocols", NFLUA_PROTOCOLS_MAX);

	/* 1 declaration, 2 name, 3 protocol, 4 list, 5 names */
	protocol = lua_newuserdatauv(L, struct_size(protocol, fields, n), 3);
	memset(protocol, 0, struct_size(protocol, fields, n));
	lua_pushliteral(L, "");
	list = lua_gettop(L);
	lua_createtable(L, 0, n + 1);
	names = lua_gettop(L);
	for (i = 0; i < n; i++) {
		struct nflua_protocol_field *f =
			&protocol->fields[protocol->nfields];

		lua_rawgeti(L, 1, i + 1);
		bit += get_row(L, name, i + 1, bit, f);
		if (lua_isnil(L, -1)) {
			lua_pop(L, 1);
			continue;
		}
		protocol->nfields++;
		add_name(L, list);
		lua_pushvalue(L, -1);
		if (lua_rawget(L, names) != LUA_TNIL)
			luaL_error(L, "protocol '%s', field %d '%s': there are two of that name",
				   name, (int)i + 1, lua_tostring(L, -2));
		lua_pop(L, 1);
		lua_pushlightuserdata(L, f);
		lua_rawset(L, names);
	}
	if (bit % 8)
		luaL_error(L, "protocol '%s': its fields have %d bits, which are no whole bytes",
			   name, (int)bit);
	/* A field of that name hides what every header has. */
	lua_pushliteral(L, "payload");
	lua_pushvalue(L, -1);
	if (lua_rawget(L, names) == LUA_TNIL) {
		lua_pushlightuserdata(L, (void *)&payload_field);
		lua_setfield(L, names, "payload");
	}
	lua_settop(L, names);

	protocol->size = bit / 8;
	protocol->name = name;
	protocol->list = lua_tostring(L, list);
	protocol->names = (struct Table *)lua_topointer(L, names);
	lua_setiuservalue(L, 3, 1);
	lua_setiuservalue(L, 3, 2);
	lua_pushvalue(L, 2);
	lua_setiuservalue(L, 3, 3);
	luaL_setmetatable(L, PROTOCOL);
	keep(L, protocol);
	return 1;
}

/* #protocol: bytes of its header */
static int protocol_length(lua_State *L)
{
	const struct nflua_protocol *protocol = lua_touserdata(L, 1);

	lua_pushinteger(L, protocol->size);
	return 1;
}

static int protocol_tostring(lua_State *L)
{
	const struct nflua_protocol *protocol = lua_touserdata(L, 1);

	lua_pushfstring(L, "protocol: %s", protocol->name);
	return 1;
}

/* Nobody gets at these functions, so their argument 1 is always a protocol. */
static const luaL_Reg metamethods[] = {
	{ "__call", nflua_protocol_call },
	{ "__len", protocol_length },
	{ "__tostring", protocol_tostring },
	{ NULL, NULL }
};

/**
 * nflua_protocol_open() - what protocols need in a new state
 * @L: the state
 */
void nflua_protocol_open(lua_State *L)
{
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &protocols_key);
	luaL_newmetatable(L, PROTOCOL);
	luaL_setfuncs(L, metamethods, 0);
	lua_pushliteral(L, "protocol");
	lua_setfield(L, -2, "__name");
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
}
