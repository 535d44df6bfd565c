// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table given to nf:extension, and how the values of its options lie in a
 * rule. Built for the kernel, for nfluactl, which checks scripts without it,
 * and for the plugin of iptables.
 *
 * Context of all functions: inside lua_pcall(); they raise for what is wrong.
 */
#include <linux/kernel.h>
#include <linux/netfilter.h>
#include <linux/string.h>
#include "extension_spec.h"

/* by &enum nflua_extension_type */
const char *const nflua_extension_types[] = {
	"u8", "u16", "u32", "u64", "i64", "string", "bool", "enum", "flags",
	"address", "prefix", "portrange", "interface", "mac", NULL
};

/* by bits of &nflua_extension_spec.tables */
const char *const nflua_extension_tables[] = {
	"filter", "mangle", "nat", "raw", "security", NULL
};

/* by bits of &nflua_extension_spec.hooks, which are NF_INET_* */
const char *const nflua_extension_hooks[] = {
	"prerouting", "input", "forward", "output", "postrouting", NULL
};

/* by bits of &nflua_extension_spec.families */
static const char *const families[] = { "ipv4", "ipv6", NULL };

static const char *const protocols[] = {
	"icmp", "tcp", "udp", "dccp", "gre", "esp", "ah", "icmpv6", "sctp",
	"udplite", NULL
};

static const u8 protocol_numbers[] = { 1, 6, 17, 33, 47, 50, 51, 58, 132, 136 };

/* by &enum nflua_on_error */
static const char *const policies[] = { "nomatch", "match", "continue",
					"accept", "drop", NULL };

/* Names that iptables has taken for its own, or takes for another name. */
static const char *const iptables_names[] = { "ACCEPT", "DROP", "QUEUE", "RETURN",
					      "ERROR", "standard", "lua", "LUA",
					      "icmpv6", "ipv6-icmp", NULL };

static const char *const iptables_options[] = {
	"append", "check", "delete", "insert", "replace", "list", "list_rules",
	"flush", "zero", "new_chain", "delete_chain", "rename_chain", "policy",
	"source", "src", "destination", "dst", "protocol", "proto",
	"in_interface", "out_interface", "jump", "goto", "match", "table",
	"numeric", "verbose", "wait", "wait_interval", "exact", "fragments",
	"version", "help", "line_numbers", "modprobe", "set_counters", "ipv4",
	"ipv6", "noflush", "counters", "zero_counters", "test", "restore", NULL
};

static int find_word(const char *const *words, const char *word)
{
	int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(words[i], word))
			return i;
	return -1;
}

/* The words of a list, for a message. Pushes a string. */
static const char *list_words(lua_State *L, const char *const *words)
{
	luaL_Buffer b;

	luaL_buffinit(L, &b);
	for (; *words; words++) {
		luaL_addchar(&b, ' ');
		luaL_addstring(&b, *words);
	}
	luaL_pushresult(&b);
	return lua_tostring(L, -1);
}

/*
 * Raises if the table at @t has a field that it does not know. A metatable could
 * answer in another way each time, and the kernel and iptables have to read the
 * same.
 */
static void check_fields(lua_State *L, int t, const char *what,
			 const char *const *fields)
{
	const char *name;

	if (lua_getmetatable(L, t))
		luaL_error(L, "%s is declared by a table without a metatable",
			   what);

	lua_pushnil(L);
	while (lua_next(L, t)) {
		lua_pop(L, 1);
		name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) :
							luaL_typename(L, -1);
		if (lua_type(L, -1) != LUA_TSTRING || find_word(fields, name) < 0)
			luaL_error(L, "%s has no field '%s' (it has:%s)", what,
				   name, list_words(L, fields));
	}
}

/* The field of the table at @t, a string or @def; stays on the stack. */
static const char *get_string(lua_State *L, int t, const char *what,
			      const char *field, const char *def)
{
	if (lua_getfield(L, t, field) == LUA_TNIL && def)
		return def;
	if (lua_type(L, -1) != LUA_TSTRING ||
	    strlen(lua_tostring(L, -1)) != lua_rawlen(L, -1))
		luaL_error(L, "%s: %s must be a string, not %s", what, field,
			   luaL_typename(L, -1));
	return lua_tostring(L, -1);
}

static int get_word(lua_State *L, int t, const char *what, const char *field,
		    const char *def, const char *const *words)
{
	const char *word = get_string(L, t, what, field, def);
	int n = find_word(words, word);

	if (n < 0)
		luaL_error(L, "%s: %s is '%s', but may be:%s", what, field,
			   word, list_words(L, words));
	lua_pop(L, 1);
	return n;
}

static lua_Integer get_integer(lua_State *L, int t, const char *what,
			       const char *field, lua_Integer min,
			       lua_Integer max, lua_Integer def)
{
	lua_Integer n = def;

	if (lua_getfield(L, t, field) != LUA_TNIL) {
		n = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
		if (!lua_isinteger(L, -1) || n < min || n > max)
			luaL_error(L, "%s: %s must be an integer from %I to %I",
				   what, field, min, max);
	}
	lua_pop(L, 1);
	return n;
}

static bool get_bool(lua_State *L, int t, const char *what, const char *field)
{
	bool value;

	if (lua_getfield(L, t, field) != LUA_TNIL && !lua_isboolean(L, -1))
		luaL_error(L, "%s: %s must be true or false", what, field);
	value = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return value;
}

/* Is a field there, and then of that type? Then it is pushed. */
static bool push_field(lua_State *L, int t, const char *what, const char *field,
		       int type)
{
	int is = lua_getfield(L, t, field);

	if (is != LUA_TNIL && is != type)
		luaL_error(L, "%s: %s must be a %s, not %s", what, field,
			   lua_typename(L, type), lua_typename(L, is));
	if (is == LUA_TNIL)
		lua_pop(L, 1);
	return is != LUA_TNIL;
}

static bool has_field(lua_State *L, int t, const char *what, const char *field,
		      int type)
{
	bool has = push_field(L, t, what, field, type);

	if (has)
		lua_pop(L, 1);
	return has;
}

/* A field that is a list of some of the words, as bits; 0 if there is none. */
static u8 get_set(lua_State *L, int t, const char *what, const char *field,
		  const char *const *words)
{
	u8 set = 0;
	int i, n;

	if (!push_field(L, t, what, field, LUA_TTABLE))
		return 0;
	for (i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
		n = lua_type(L, -1) == LUA_TSTRING ?
		    find_word(words, lua_tostring(L, -1)) : -1;
		if (n < 0 || set & 1 << n)
			luaL_error(L, "%s: %s lists some of, each once:%s",
				   what, field, list_words(L, words));
		set |= 1 << n;
		lua_pop(L, 1);
	}
	lua_pop(L, 2);
	if (!set)
		luaL_error(L, "%s: %s is an empty list; leave it out", what,
			   field);
	return set;
}

static u16 get_protocol(lua_State *L, int t, const char *what)
{
	int n;

	if (lua_getfield(L, t, "protocol") == LUA_TNIL) {
		lua_pop(L, 1);
		return 0;
	}
	if (lua_isinteger(L, -1)) {
		lua_pop(L, 1);
		return get_integer(L, t, what, "protocol", 1, 255, 0);
	}
	n = lua_type(L, -1) == LUA_TSTRING ?
	    find_word(protocols, lua_tostring(L, -1)) : -1;
	if (n < 0)
		luaL_error(L, "%s: protocol is a number from 1 to 255 or one of:%s",
			   what, list_words(L, protocols));
	lua_pop(L, 1);
	return protocol_numbers[n];
}

static bool is_name(const char *name, bool dash)
{
	const char *p;

	for (p = name; *p; p++) {
		const bool letter = (*p >= 'a' && *p <= 'z') ||
				    (*p >= 'A' && *p <= 'Z');

		if (!letter && (p == name || ((*p < '0' || *p > '9') &&
					      *p != '_' && !(dash && *p == '-'))))
			return false;
	}
	return p != name;
}

/* Adds @size bytes to the pool. Returns where they are. */
static u16 add_pool(lua_State *L, struct nflua_extension_spec *spec,
		    const char *what, const void *bytes, size_t size)
{
	u16 at = spec->pool_size;

	if (size > sizeof(spec->pool) - at)
		luaL_error(L, "%s: the words, groups and defaults of an extension have %d bytes",
			   what, (int)sizeof(spec->pool) - 1);
	memcpy(spec->pool + at, bytes, size);
	spec->pool_size += size;
	return at;
}

/* values = { "a", "b" } of enum and flags */
static void get_words(lua_State *L, int t, const char *what,
		      struct nflua_extension_spec *spec,
		      struct nflua_extension_option *option)
{
	const int most = option->type == NFLUA_EXTENSION_ENUM ?
			 NFLUA_EXTENSION_WORDS : NFLUA_EXTENSION_FLAGS;
	const char *word;
	int n;

	if (!push_field(L, t, what, "values", LUA_TTABLE))
		luaL_error(L, "%s: %s needs values = { ... }, its words", what,
			   nflua_extension_types[option->type]);
	for (n = 1; lua_rawgeti(L, -1, n) != LUA_TNIL; n++) {
		unsigned int i;

		word = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
		if (!*word || strlen(word) >= NFLUA_EXTENSION_WORD ||
		    strlen(word) != lua_rawlen(L, -1) ||
		    word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")])
			luaL_error(L, "%s: value %d is no word of 1 to %d letters, digits, dots, dashes and underscores",
				   what, n, NFLUA_EXTENSION_WORD - 1);
		if (n > most)
			luaL_error(L, "%s: more than %d values", what, most);
		for (i = 0; i < option->nwords; i++)
			if (!strcmp(nflua_extension_word(spec, option, i), word))
				luaL_error(L, "%s: the value '%s' is there twice",
					   what, word);
		i = add_pool(L, spec, what, word, strlen(word) + 1);
		if (!option->nwords++)
			option->words = i;
		lua_pop(L, 1);
	}
	lua_pop(L, 2);
	if (!option->nwords)
		luaL_error(L, "%s: values is an empty list", what);
}

/* min and max of a number; those of u64 compare as unsigned. */
static void get_range(lua_State *L, int t, const char *what,
		      struct nflua_extension_option *option)
{
	static const u64 most[] = { U8_MAX, U16_MAX, U32_MAX, U64_MAX, S64_MAX };
	static const char *const fields[] = { "min", "max" };
	const bool is_signed = option->type == NFLUA_EXTENSION_I64;
	u64 *to[] = { &option->min, &option->max };
	int i;

	option->min = is_signed ? (u64)S64_MIN : 0;
	option->max = most[option->type];
	for (i = 0; i < 2; i++) {
		u64 n;

		if (lua_getfield(L, t, fields[i]) == LUA_TNIL) {
			lua_pop(L, 1);
			continue;
		}
		n = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
		if (!lua_isinteger(L, -1) || (!is_signed && n > most[option->type]))
			luaL_error(L, "%s: %s must be an integer that %s can have",
				   what, fields[i],
				   nflua_extension_types[option->type]);
		*to[i] = n;
		lua_pop(L, 1);
	}
	if (is_signed ? (s64)option->min > (s64)option->max :
			option->min > option->max)
		luaL_error(L, "%s: min is greater than max", what);
}

/* Sizes and alignments by type; 0 is found out otherwise. */
static const struct {
	u8 size;
	u8 align;
} layouts[__NFLUA_EXTENSION_TYPE_MAX] = {
	[NFLUA_EXTENSION_U8] = { 1, 1 },
	[NFLUA_EXTENSION_U16] = { 2, 2 },
	[NFLUA_EXTENSION_U32] = { 4, 4 },
	[NFLUA_EXTENSION_U64] = { 8, 8 },
	[NFLUA_EXTENSION_I64] = { 8, 8 },
	[NFLUA_EXTENSION_STRING_TYPE] = { 0, 1 },
	[NFLUA_EXTENSION_BOOL] = { 0, 1 },
	[NFLUA_EXTENSION_ENUM] = { 1, 1 },
	[NFLUA_EXTENSION_FLAGS_TYPE] = { 4, 4 },
	[NFLUA_EXTENSION_ADDRESS] = { sizeof(struct xt_nflua_address), 4 },
	[NFLUA_EXTENSION_PREFIX] = { sizeof(struct xt_nflua_address), 4 },
	[NFLUA_EXTENSION_PORTRANGE] = { sizeof(struct xt_nflua_ports), 2 },
	[NFLUA_EXTENSION_INTERFACE] = { 16, 1 },
	[NFLUA_EXTENSION_MAC] = { 6, 1 },
};

/* Puts an option behind the others. */
static void lay_out(lua_State *L, const char *what,
		    struct nflua_extension_spec *spec,
		    struct nflua_extension_option *option)
{
	const unsigned int align = layouts[option->type].align;
	const unsigned int most = spec->target ? XT_NFLUA_TARGET_DATA_MAX :
						 XT_NFLUA_DATA_MAX;
	unsigned int at = (spec->data_size + align - 1) / align * align;

	if (layouts[option->type].size)
		option->size = layouts[option->type].size;
	option->offset = at;
	at += option->size * option->repeated;
	if (at > most)
		luaL_error(L, "%s: the values of all options take more than the %d bytes that a rule has for them",
			   what, (int)most);
	spec->data_size = at;
}

/* What only some types may have. */
static void check_option_fields(lua_State *L, int t, const char *what, u8 type)
{
	const bool number = type <= NFLUA_EXTENSION_I64;
	const bool words = type == NFLUA_EXTENSION_ENUM ||
			   type == NFLUA_EXTENSION_FLAGS_TYPE;
	/* What a bool is that is not given, false, may be said. */
	const bool is_false = lua_getfield(L, t, "default") == LUA_TBOOLEAN &&
			      !lua_toboolean(L, -1);
	const struct {
		const char *field;
		bool may;
	} fields[] = {
		{ "min", number },
		{ "max", number },
		{ "values", words },
		{ "size", type == NFLUA_EXTENSION_STRING_TYPE },
		{ "repeated", type != NFLUA_EXTENSION_BOOL },
		{ "default", type != NFLUA_EXTENSION_BOOL || is_false },
	};
	unsigned int i;

	lua_pop(L, 1);
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		if (lua_getfield(L, t, fields[i].field) != LUA_TNIL &&
		    !fields[i].may)
			luaL_error(L, "%s: %s has no %s", what,
				   nflua_extension_types[type],
				   fields[i].field);
		lua_pop(L, 1);
	}
}

static void get_default(lua_State *L, int t, const char *what,
			struct nflua_extension_spec *spec,
			struct nflua_extension_option *option)
{
	char *value;
	int family = NFPROTO_IPV4;

	if (lua_getfield(L, t, "default") == LUA_TNIL ||
	    option->type == NFLUA_EXTENSION_BOOL) {
		lua_pop(L, 1);
		return;
	}
	if (option->mandatory || option->repeated > 1)
		luaL_error(L, "%s: what is mandatory or repeated has no default",
			   what);
	if (option->type == NFLUA_EXTENSION_ADDRESS ||
	    option->type == NFLUA_EXTENSION_PREFIX) {
		if (spec->families == (NFLUA_EXTENSION_IPV4 | NFLUA_EXTENSION_IPV6))
			luaL_error(L, "%s: %s has a default only if families names one family",
				   what, nflua_extension_types[option->type]);
		if (spec->families == NFLUA_EXTENSION_IPV6)
			family = NFPROTO_IPV6;
	}
	value = lua_newuserdatauv(L, option->size, 0);
	nflua_extension_encode(L, -2, spec, option, family, value);
	option->def = add_pool(L, spec, what, value, option->size);
	option->has_default = true;
	lua_pop(L, 2);
}

/* The option's table is at @t of the stack. */
static void read_option(lua_State *L, int t, const char *what,
		       struct nflua_extension_spec *spec)
{
	static const char *const fields[] = {
		"name", "type", "size", "values", "min", "max", "repeated",
		"mandatory", "invertible", "default", "group", "help", NULL
	};
	struct nflua_extension_option *option = &spec->options[spec->noptions];
	const char *name;
	unsigned int i;

	check_fields(L, t, what, fields);
	name = get_string(L, t, what, "name", NULL);
	if (!is_name(name, false) || strlen(name) >= sizeof(option->name) ||
	    !strcmp(name, "inverted"))
		luaL_error(L, "%s: '%s' is no name of an option: 1 to %d letters, digits and underscores are, with a letter first, but not 'inverted'",
			   what, name, (int)sizeof(option->name) - 1);
	what = lua_pushfstring(L, "%s '%s'", what, name);
	if (find_word(iptables_options, name) >= 0)
		luaL_error(L, "%s: iptables has an option of this name itself",
			   what);
	for (i = 0; i < spec->noptions; i++)
		if (!strcmp(spec->options[i].name, name))
			luaL_error(L, "%s: there are two of this name", what);
	strscpy(option->name, name, sizeof(option->name));

	option->type = get_word(L, t, what, "type", NULL, nflua_extension_types);
	check_option_fields(L, t, what, option->type);
	option->repeated = get_integer(L, t, what, "repeated", 1,
				       NFLUA_EXTENSION_REPEAT, 1);
	option->mandatory = get_bool(L, t, what, "mandatory");
	option->invertible = get_bool(L, t, what, "invertible");
	if (option->type <= NFLUA_EXTENSION_I64)
		get_range(L, t, what, option);
	if (option->type == NFLUA_EXTENSION_STRING_TYPE) {
		option->size = get_integer(L, t, what, "size", 1,
					   NFLUA_EXTENSION_STRING, 0) + 1;
		if (option->size == 1)
			luaL_error(L, "%s: a string needs size = its greatest length, 1 to %d",
				   what, NFLUA_EXTENSION_STRING);
	}
	if (option->type == NFLUA_EXTENSION_ENUM ||
	    option->type == NFLUA_EXTENSION_FLAGS_TYPE)
		get_words(L, t, what, spec, option);
	if (has_field(L, t, what, "group", LUA_TSTRING)) {
		name = get_string(L, t, what, "group", NULL);
		if (!is_name(name, true))
			luaL_error(L, "%s: group '%s' is no name", what, name);
		option->group = add_pool(L, spec, what, name, strlen(name) + 1);
		lua_pop(L, 1);
	}
	has_field(L, t, what, "help", LUA_TSTRING);
	lay_out(L, what, spec, option);
	get_default(L, t, what, spec, option);
	spec->noptions++;
}

static void read_options(lua_State *L, int t, const char *what,
			struct nflua_extension_spec *spec)
{
	int i;

	if (!push_field(L, t, what, "options", LUA_TTABLE))
		return;
	for (i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
		const int top = lua_gettop(L);
		const char *row = lua_pushfstring(L, "%s, option %d", what, i);

		luaL_checkstack(L, 8, NULL);
		if (lua_type(L, top) != LUA_TTABLE)
			luaL_error(L, "%s: must be a table, not %s", row,
				   luaL_typename(L, top));
		if (i > XT_NFLUA_OPTIONS)
			luaL_error(L, "%s: an extension has at most %d options",
				   row, XT_NFLUA_OPTIONS);
		read_option(L, top, row, spec);
		lua_settop(L, top - 1);
	}
	lua_pop(L, 1);
	if (i == 1 || lua_rawlen(L, -1) != (size_t)i - 1)
		luaL_error(L, "%s: options is a list of tables without holes",
			   what);
	lua_pop(L, 1);
}

/* help is a text, or a function that prints one in user space. */
static void check_functions(lua_State *L, int t, const char *what,
			    struct nflua_extension_spec *spec)
{
	static const char *const functions[] = { "checkentry", "destroy", "init",
						 "parse", "final_check", "print",
						 "save" };
	bool match, target;
	unsigned int i;

	match = has_field(L, t, what, "match", LUA_TFUNCTION);
	target = has_field(L, t, what, "target", LUA_TFUNCTION);
	if (match == target)
		luaL_error(L, "%s: it has a function 'match' or a function 'target'",
			   what);
	spec->target = target;
	for (i = 0; i < ARRAY_SIZE(functions); i++)
		has_field(L, t, what, functions[i], LUA_TFUNCTION);
	if (lua_getfield(L, t, "help") != LUA_TNIL &&
	    lua_type(L, -1) != LUA_TSTRING && !lua_isfunction(L, -1))
		luaL_error(L, "%s: help must be a string or a function", what);
	lua_pop(L, 1);
}

static void get_policy(lua_State *L, int t, const char *what,
		       struct nflua_extension_spec *spec)
{
	static const char *const match[] = { "nomatch", "match", "drop", NULL };
	static const char *const target[] = { "continue", "accept", "drop", NULL };
	const char *const *words = spec->target ? target : match;

	spec->on_error = find_word(policies,
				   words[get_word(L, t, what, "on_error",
						  words[0], words)]);
}

/**
 * nflua_extension_parse() - read the table given to nf:extension
 * @L: the running thread
 * @index: of the table in the stack
 * @spec: gets what it says. Functions and help stay in the table; they are only
 *	looked at whether they are some.
 *
 * Context: inside lua_pcall(); raises for what is wrong
 */
void nflua_extension_parse(lua_State *L, int index,
			   struct nflua_extension_spec *spec)
{
	static const char *const fields[] = {
		"name", "revision", "families", "tables", "hooks", "protocol",
		"on_error", "options", "help", "match", "target", "checkentry",
		"destroy", "init", "parse", "final_check", "print", "save", NULL
	};
	const int t = lua_absindex(L, index);
	const int top = lua_gettop(L);
	const char *name, *what;

	luaL_checkstack(L, 16, NULL);
	memset(spec, 0, sizeof(*spec));
	spec->pool_size = 1;
	if (lua_type(L, t) != LUA_TTABLE)
		luaL_error(L, "nf:extension takes a table, not %s",
			   luaL_typename(L, t));
	check_fields(L, t, "an extension", fields);
	name = get_string(L, t, "extension", "name", NULL);
	if (!is_name(name, true) || strlen(name) >= sizeof(spec->name))
		luaL_error(L, "'%s' is no name of an extension: 1 to %d letters, digits, dashes and underscores are, with a letter first",
			   name, (int)sizeof(spec->name) - 1);
	what = lua_pushfstring(L, "extension '%s'", name);
	if (find_word(iptables_names, name) >= 0)
		luaL_error(L, "%s: iptables has an extension of this name itself",
			   what);
	strscpy(spec->name, name, sizeof(spec->name));
	check_functions(L, t, what, spec);
	spec->revision = get_integer(L, t, what, "revision", 0, 255, 0);
	spec->families = get_set(L, t, what, "families", families) ?:
			 NFLUA_EXTENSION_IPV4 | NFLUA_EXTENSION_IPV6;
	spec->tables = get_set(L, t, what, "tables", nflua_extension_tables);
	spec->hooks = get_set(L, t, what, "hooks", nflua_extension_hooks);
	spec->protocol = get_protocol(L, t, what);
	get_policy(L, t, what, spec);
	read_options(L, t, what, spec);
	spec->data_size = (spec->data_size + 7) / 8 * 8;
	nflua_extension_digest(spec);
	lua_settop(L, top);
}

/**
 * nflua_extension_word() - a word of an enum or of flags
 * @spec: the declaration
 * @option: the option
 * @n: which word, from 0
 *
 * Return: the word, NULL behind the last
 */
const char *nflua_extension_word(const struct nflua_extension_spec *spec,
				 const struct nflua_extension_option *option,
				 unsigned int n)
{
	const char *word = spec->pool + option->words;

	if (n >= option->nwords)
		return NULL;
	while (n--)
		word += strlen(word) + 1;
	return word;
}
