// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Lua module "netfilter": netfilter.new{ name = ... } gives an object that
 * registers hooks, matches and targets while the script's body runs.
 *
 * Context of all functions: process, inside lua_pcall(), except that a
 * callback may call them too and is told that it may not. nfluactl is built
 * with this file, too, to check scripts without the kernel.
 */
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/string.h>
#include "entry.h"
#include "extension_spec.h"
#include "helper.h"
#include "hook.h"
#include "library.h"
#include "script.h"
#include "lua/kernel/lua_kernel.h"

/* Declarations of extensions by their names, in the registry. */
static const char declarations_key;

/* Upvalues of an object's methods: the object itself and its name. */
static const char *check_nf(lua_State *L)
{
	if (!lua_rawequal(L, 1, lua_upvalueindex(1)))
		luaL_argerror(L, 1, "what netfilter.new returned expected (use a colon)");
	return lua_tostring(L, lua_upvalueindex(2));
}

/**
 * struct handle - what nf:hook, nf:match and so on return, a userdata
 * @gone: the body has taken it back
 * @kind: &enum nflua_entry_kind
 * @name: of the entry point
 */
struct handle {
	bool gone;
	u8 kind;
	char name[NFLUA_FUNCTION_SIZE];
};

static const char *const handle_types[] = {
	[NFLUA_ENTRY_HOOK] = "hook",
	[NFLUA_ENTRY_HELPER] = "helper",
	[NFLUA_ENTRY_MATCH] = "match",
	[NFLUA_ENTRY_TARGET] = "target",
	[NFLUA_ENTRY_EXTENSION] = "extension",
};

static struct handle *check_handle(lua_State *L)
{
	struct handle *h = NULL;
	unsigned int i;

	for (i = 0; !h && i < ARRAY_SIZE(handle_types); i++)
		if (handle_types[i])
			h = luaL_testudata(L, 1, handle_types[i]);
	if (!h)
		luaL_typeerror(L, 1, "handle");
	return h;
}

/*
 * h:unregister(): in the body, takes the registration back; later, takes the
 * hook off the packets' path, or lets packets pass what rules and connections
 * call. Whether it was registered until now.
 */
static int handle_unregister(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);
	struct handle *h = check_handle(L);
	bool was = !h->gone;

	/* Later it is the entry point that knows: a test run changes nothing. */
	h->gone |= st->registering;
	if (was && st->registering)
		nflua_state_unregister(L, h->kind, h->name);
	else if (was)
		was = h->kind == NFLUA_ENTRY_HOOK ?
		      nflua_hook_unregister(st, h->name) :
		      nflua_entry_unregister(st, h->kind, h->name);
	lua_pushboolean(L, was);
	return 1;
}

static int handle_tostring(lua_State *L)
{
	struct handle *h = check_handle(L);

	lua_pushfstring(L, "%s: %s", handle_types[h->kind], h->name);
	return 1;
}

static const luaL_Reg handle_methods[] = {
	{ "unregister", handle_unregister },
	{ NULL, NULL }
};

static void push_handle(lua_State *L, const struct nflua_reg *reg)
{
	struct handle *h = lua_newuserdatauv(L, sizeof(*h), 0);
	const char *type = handle_types[reg->kind];

	h->gone = false;
	h->kind = reg->kind;
	strscpy(h->name, reg->name, sizeof(h->name));
	if (luaL_newmetatable(L, type)) {
		luaL_newlib(L, handle_methods);
		nflua_library_strict(L, type);
		lua_setfield(L, -2, "__index");
		lua_pushcfunction(L, handle_tostring);
		lua_setfield(L, -2, "__tostring");
		lua_pushboolean(L, false);
		lua_setfield(L, -2, "__metatable");
	}
	lua_setmetatable(L, -2);
}

static int register_once(lua_State *L, enum nflua_entry_kind kind)
{
	struct nflua_state *st = nflua_state(L);
	struct nflua_reg reg = { .kind = kind };
	unsigned int i;

	strscpy(reg.name, check_nf(L), sizeof(reg.name));
	luaL_checktype(L, 2, LUA_TFUNCTION);
	for (i = 0; st->regs && i < st->nregs; i++)
		if (st->regs[i].kind == kind)
			luaL_error(L, "a script has one %s; this is the second",
				   handle_types[kind]);
	lua_settop(L, 2);
	push_handle(L, &reg);
	lua_insert(L, -2);
	nflua_state_register(L, &reg);
	return 1;
}

/* nf:match(function(pkt) ... end): what -m lua --script NAME calls */
static int nf_add_match(lua_State *L)
{
	return register_once(L, NFLUA_ENTRY_MATCH);
}

/* nf:target(function(pkt) ... end): what -j LUA --script NAME calls */
static int nf_add_target(lua_State *L)
{
	return register_once(L, NFLUA_ENTRY_TARGET);
}

/* Those of the same name are told apart by a number. */
static void number_name(const struct nflua_state *st, struct nflua_reg *reg)
{
	const size_t len = strlen(reg->name);
	unsigned int same = 1;

	while (nflua_state_has_registered(st, reg->kind, reg->name))
		snprintf(reg->name + len, sizeof(reg->name) - len, " #%u",
			 ++same);
}

/*
 * nf:hook{ family =, hook =, priority =, device =, on_error =,
 * function(pkt) ... end }: a netfilter hook of this script's own, see
 * nflua_hook_parse(); returns its handle
 */
static int nf_add_hook(lua_State *L)
{
	struct nflua_reg reg = { .kind = NFLUA_ENTRY_HOOK };

	check_nf(L);
	luaL_checktype(L, 2, LUA_TTABLE);
	lua_settop(L, 2);
	if (lua_rawgeti(L, 2, 1) != LUA_TFUNCTION)
		luaL_argerror(L, 2, "no function in the table");
	nflua_hook_parse(L, 2, &reg);
	number_name(nflua_state(L), &reg);
	push_handle(L, &reg);
	lua_insert(L, -2);
	nflua_state_register(L, &reg);
	return 1;
}

#ifdef NFLUA_HELPERS
/*
 * nf:helper{ name =, family =, proto =, expect =, classes =, on_error =,
 * function(pkt, ct, info) ... end }: a conntrack helper of this script's own,
 * see nflua_helper_parse(); returns its handle. Absent where the kernel tracks
 * no connections.
 */
static int nf_add_helper(lua_State *L)
{
	struct nflua_reg reg = { .kind = NFLUA_ENTRY_HELPER };
	struct nflua_state *st = nflua_state(L);
	unsigned int i;
	lua_Debug ar;

	check_nf(L);
	luaL_checktype(L, 2, LUA_TTABLE);
	lua_settop(L, 2);
	if (lua_rawgeti(L, 2, 1) != LUA_TFUNCTION)
		luaL_argerror(L, 2, "no function in the table");
	nflua_helper_parse(L, 2, &reg);
	for (i = 0; st->regs && i < st->nregs; i++)
		if (st->regs[i].kind == NFLUA_ENTRY_HELPER &&
		    nflua_helpers_overlap(&st->regs[i], &reg))
			luaL_error(L, "the script has a helper '%s' for these connections already",
				   reg.helper.name);
	number_name(st, &reg);
	lua_pushvalue(L, -1);
	lua_getinfo(L, ">S", &ar);
	reg.line = ar.linedefined > 0 ? ar.linedefined : 0;
	lua_pushcclosure(L, nflua_helper_call, 1);
	push_handle(L, &reg);
	lua_insert(L, -2);
	nflua_state_register(L, &reg);
	return 1;
}
#endif

/* Keeps what is on top of the stack, the declaration that is registered next. */
static void keep_declaration(lua_State *L, const char *name)
{
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &declarations_key) == LUA_TNIL) {
		lua_pop(L, 1);
		lua_newtable(L);
		lua_pushvalue(L, -1);
		lua_rawsetp(L, LUA_REGISTRYINDEX, &declarations_key);
	}
	lua_insert(L, -2);
	lua_setfield(L, -2, name);
	lua_pop(L, 1);
}

/*
 * nf:extension{ name = , options = , match = function(pkt, info) ... end, ... }:
 * a match or a target of iptables' own, see nflua_extension_parse(); returns its
 * handle
 */
static int nf_add_extension(lua_State *L)
{
	struct nflua_reg reg = { .kind = NFLUA_ENTRY_EXTENSION };
	struct nflua_state *st = nflua_state(L);
	struct nflua_extension_spec *spec;

	check_nf(L);
	if (!st->registering)
		luaL_error(L, "extensions are declared only while the script is loaded");
	lua_settop(L, 2);
	spec = lua_newuserdatauv(L, sizeof(*spec), 2);
	nflua_extension_parse(L, 2, spec);
	if (nflua_state_has_registered(st, NFLUA_ENTRY_EXTENSION, spec->name))
		luaL_error(L, "extension '%s': this is the second of its name",
			   spec->name);
	lua_getfield(L, 2, "checkentry");
	lua_setiuservalue(L, 3, 1);
	lua_getfield(L, 2, "destroy");
	lua_setiuservalue(L, 3, 2);
	strscpy(reg.name, spec->name, sizeof(reg.name));
	reg.digest = spec->digest;
	reg.on_error = spec->on_error;
	reg.as = spec->target ? NFLUA_ENTRY_TARGET : NFLUA_ENTRY_MATCH;
	reg.revision = spec->revision;
	/* Packet states need no more of it than its digest. */
	if (nflua_state_is_control(st))
		keep_declaration(L, spec->name);
	push_handle(L, &reg);
	lua_getfield(L, 2, spec->target ? "target" : "match");
	nflua_state_register(L, &reg);
	return 1;
}

/**
 * nflua_netfilter_declaration() - push what nf:extension was given
 * @L: a thread of a control state whose body has run
 * @name: of an extension that it declares
 *
 * Pushes a userdata with a &struct nflua_extension_spec and with the functions
 * checkentry and destroy, or nil, as user values 1 and 2. There must be room on
 * the stack for two values. The name is a string of the state already, so that
 * nothing is allocated.
 *
 * Context: who excludes others from the state
 * Return: the declaration or NULL
 */
const struct nflua_extension_spec *
nflua_netfilter_declaration(lua_State *L, const char *name)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &declarations_key);
	lua_getfield(L, -1, name);
	lua_remove(L, -2);
	return lua_touserdata(L, -1);
}

static const luaL_Reg nf_methods[] = {
	{ "match", nf_add_match },
	{ "target", nf_add_target },
	{ "hook", nf_add_hook },
#ifdef NFLUA_HELPERS
	{ "helper", nf_add_helper },
#endif
	{ "extension", nf_add_extension },
	{ NULL, NULL }
};

static void add_verdicts(lua_State *L)
{
	static const struct {
		const char *name;
		u32 value;
	} verdicts[] = {
		{ "ACCEPT", NFLUA_VERDICT_ACCEPT },
		{ "DROP", NFLUA_VERDICT_DROP },
		{ "CONTINUE", NFLUA_VERDICT_CONTINUE },
		{ "STOLEN", NFLUA_VERDICT_STOLEN },
		{ "QUEUE", NFLUA_VERDICT_QUEUE },
		{ "REPEAT", NFLUA_VERDICT_REPEAT },
		{ "STOP", NFLUA_VERDICT_STOP },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(verdicts); i++) {
		lua_pushinteger(L, verdicts[i].value);
		lua_setfield(L, -2, verdicts[i].name);
	}
}

/*
 * netfilter.new{ name = "NAME" }: an object with the methods hook, helper, match,
 * target and extension, and the verdicts. The name defaults to the script's.
 */
static int netfilter_new(lua_State *L)
{
	const char *name = nflua_state(L)->gen->name;

	if (!lua_isnoneornil(L, 1)) {
		luaL_checktype(L, 1, LUA_TTABLE);
		lua_pushnil(L);
		while (lua_next(L, 1)) {
			if (lua_type(L, -2) != LUA_TSTRING ||
			    strcmp(lua_tostring(L, -2), "name"))
				luaL_error(L, "netfilter.new takes only 'name'");
			lua_pop(L, 1);
		}
		if (lua_getfield(L, 1, "name") != LUA_TNIL)
			name = lua_tostring(L, -1);
		if (!name || !nflua_script_name_ok(name))
			luaL_error(L, "name must be 1 to 63 of A-Z a-z 0-9 _ . -");
	}
	/* Roomy, so that a verdict is found at once: it is looked up per packet. */
	lua_createtable(L, 0, 32);
	add_verdicts(L);
	lua_pushvalue(L, -1);
	lua_pushstring(L, name);
	luaL_setfuncs(L, nf_methods, 2);
	nflua_library_strict(L, "nf");
	return 1;
}

/*
 * netfilter.queue(n [, "bypass"]): the verdict that puts a packet into that
 * queue; with "bypass" it goes on if nobody listens. Context: any
 */
static int netfilter_queue(lua_State *L)
{
	static const char *const options[] = { "bypass", NULL };
	lua_Integer n = luaL_checkinteger(L, 1);
	u64 verdict = NFLUA_VERDICT_QUEUE;

	luaL_argcheck(L, n >= 0 && n <= U16_MAX, 1,
		      "a queue has a number from 0 to 65535");
	if (!lua_isnoneornil(L, 2)) {
		luaL_checkoption(L, 2, NULL, options);
		verdict |= NFLUA_VERDICT_BYPASS;
	}
	lua_pushinteger(L, verdict | NFLUA_VERDICT_ARG(n));
	return 1;
}

/*
 * netfilter.drop(errno): the verdict that drops a packet and tells a local
 * sender why. Context: any
 */
static int netfilter_drop(lua_State *L)
{
	lua_Integer n = luaL_checkinteger(L, 1);

	luaL_argcheck(L, n > 0 && n <= MAX_ERRNO, 1,
		      "an errno is a number from 1 to 4095");
	lua_pushinteger(L, NFLUA_VERDICT_DROP | NFLUA_VERDICT_ARG(n));
	return 1;
}

/*
 * netfilter.time(): seconds since the epoch, and milliseconds of the second,
 * of the wall clock. Context: any
 */
static int netfilter_time(lua_State *L)
{
	struct timespec64 now;

	ktime_get_real_ts64(&now);
	lua_pushinteger(L, now.tv_sec);
	lua_pushinteger(L, now.tv_nsec / NSEC_PER_MSEC);
	return 2;
}

/* netfilter.now(): nanoseconds of the monotonic clock. Context: any */
static int netfilter_now(lua_State *L)
{
	lua_pushinteger(L, ktime_get_ns());
	return 1;
}

/*
 * netfilter.mask([bits]): the 32 bits that rules with --mask are compared with,
 * which all states of a script share; all of them are set at first. With an
 * argument they are set: by a body only in the control state, for the body runs
 * again where a CPU comes up. Returns what they were. Context: any
 */
static int netfilter_mask(lua_State *L)
{
	struct nflua_state *st = nflua_state(L);
	const u32 was = READ_ONCE(st->gen->mask);
	lua_Integer n;

	if (!lua_isnoneornil(L, 1)) {
		n = luaL_checkinteger(L, 1);
		luaL_argcheck(L, n >= 0 && n <= U32_MAX, 1,
			      "a mask has 32 bits");
		if (!st->registering || nflua_state_is_control(st))
			WRITE_ONCE(st->gen->mask, n);
	}
	lua_pushinteger(L, was);
	return 1;
}

static const luaL_Reg functions[] = {
	{ "new", netfilter_new },
	{ "queue", netfilter_queue },
	{ "drop", netfilter_drop },
	{ "time", netfilter_time },
	{ "now", netfilter_now },
	{ "mask", netfilter_mask },
	{ NULL, NULL }
};

/* require("netfilter") */
int nflua_netfilter_open(lua_State *L)
{
	luaL_newlib(L, functions);
	add_verdicts(L);
	nflua_library_strict(L, "netfilter");
	return 1;
}
