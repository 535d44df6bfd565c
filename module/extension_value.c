// SPDX-License-Identifier: GPL-2.0-only
/*
 * The values of an extension's options: from Lua into a rule's data, whether
 * those of a rule are what the declaration allows, and from there to Lua.
 *
 * Built for the kernel, for nfluactl and for the plugin of iptables.
 */
#include <linux/inet.h>
#include <linux/kernel.h>
#include <linux/netfilter.h>
#include <linux/hex.h>
#include <linux/string.h>
#include "extension_spec.h"
#include "words.h"

/* A default lies anywhere in the pool, and a list in user space may, too. */
static u64 get_number(const void *from, unsigned int size)
{
	u64 n64;
	u32 n32;
	u16 n16;

	switch (size) {
	case 8:
		memcpy(&n64, from, 8);
		return n64;
	case 4:
		memcpy(&n32, from, 4);
		return n32;
	case 2:
		memcpy(&n16, from, 2);
		return n16;
	default:
		return *(const u8 *)from;
	}
}

static void set_number(void *to, unsigned int size, u64 n)
{
	u32 n32 = n;
	u16 n16 = n;

	switch (size) {
	case 8:
		memcpy(to, &n, 8);
		break;
	case 4:
		memcpy(to, &n32, 4);
		break;
	case 2:
		memcpy(to, &n16, 2);
		break;
	default:
		*(u8 *)to = n;
	}
}

static bool is_in_range(const struct nflua_extension_option *option, u64 n)
{
	if (option->type == NFLUA_EXTENSION_I64)
		return (s64)n >= (s64)option->min && (s64)n <= (s64)option->max;
	return n >= option->min && n <= option->max;
}

static int word_index(const struct nflua_extension_spec *spec,
		      const struct nflua_extension_option *option,
		      const char *word)
{
	int i;

	for (i = 0; i < option->nwords; i++)
		if (!strcmp(nflua_extension_word(spec, option, i), word))
			return i;
	return -1;
}

static bool is_interface(const char *name)
{
	return *name && name[strcspn(name, "/: \t\n\v\f\r")] == 0 &&
	       strcmp(name, ".") && strcmp(name, "..") && nflua_words_is_text(name);
}

/* Clears the bits behind the prefix. Were there any? */
static bool clear_host_bits(u8 *addr, unsigned int size, unsigned int plen)
{
	bool any = false;
	unsigned int i;

	for (i = plen / 8; i < size; i++) {
		u8 keep = i == plen / 8 && plen % 8 ? 0xff00 >> plen % 8 : 0;

		any |= addr[i] & ~keep;
		addr[i] &= keep;
	}
	return any;
}

/*
 * An address in its usual notation, with a prefix length if @option is a
 * prefix. Returns whether it is one.
 */
static bool parse_address(const char *s, size_t len, bool prefix,
			  unsigned int family, struct xt_nflua_address *a)
{
	const unsigned int max = family == NFPROTO_IPV6 ? 128 : 32;
	const char *end;
	u8 plen = max;

	memset(a, 0, sizeof(*a));
	if (family == NFPROTO_IPV6 ? !in6_pton(s, len, a->addr, '/', &end) :
				     !in4_pton(s, len, a->addr, '/', &end))
		return false;
	if (end < s + len && *end == '/' && prefix) {
		/* kstrtou8() would take a sign and a newline. */
		if (strspn(end + 1, "0123456789") != strlen(end + 1) ||
		    kstrtou8(end + 1, 10, &plen) || plen > max)
			return false;
		end = s + len;
	}
	if (end != s + len)
		return false;
	a->plen = plen;
	clear_host_bits(a->addr, sizeof(a->addr), plen);
	return true;
}

/* { first = , last = } or one number */
static bool get_ports(lua_State *L, int index, struct xt_nflua_ports *ports)
{
	lua_Integer first, last;

	if (lua_type(L, index) == LUA_TTABLE) {
		lua_getfield(L, index, "first");
		lua_getfield(L, index, "last");
		if (!lua_isinteger(L, -2) || !lua_isinteger(L, -1))
			return false;
		first = lua_tointeger(L, -2);
		last = lua_tointeger(L, -1);
		lua_pop(L, 2);
	} else {
		if (!lua_isinteger(L, index))
			return false;
		first = lua_tointeger(L, index);
		last = first;
	}
	if (first < 0 || last > U16_MAX || first > last)
		return false;
	ports->first = first;
	ports->last = last;
	return true;
}

/* A list of words, as bits. */
static bool get_flags(lua_State *L, int index,
		      const struct nflua_extension_spec *spec,
		      const struct nflua_extension_option *option, void *to)
{
	u32 bits = 0;
	int i, n;

	if (lua_type(L, index) != LUA_TTABLE)
		return false;
	for (i = 1; lua_rawgeti(L, index, i) != LUA_TNIL; i++) {
		n = lua_type(L, -1) == LUA_TSTRING ?
		    word_index(spec, option, lua_tostring(L, -1)) : -1;
		if (n < 0)
			return false;
		bits |= 1U << n;
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	set_number(to, 4, bits);
	return i > 1;
}

/* Raises: what a value must be. */
static void bad_value(lua_State *L, const struct nflua_extension_spec *spec,
		      const struct nflua_extension_option *option)
{
	static const char *const wants[__NFLUA_EXTENSION_TYPE_MAX] = {
		[NFLUA_EXTENSION_STRING_TYPE] =
			"a string without control characters that is not longer than its size",
		[NFLUA_EXTENSION_ENUM] = "one of its values",
		[NFLUA_EXTENSION_FLAGS_TYPE] = "a list of some of its values",
		[NFLUA_EXTENSION_ADDRESS] = "an address of the family, as a string",
		[NFLUA_EXTENSION_PREFIX] = "a prefix of the family, as a string",
		[NFLUA_EXTENSION_PORTRANGE] =
			"a port, or { first = , last = }, from 0 to 65535",
		[NFLUA_EXTENSION_INTERFACE] = "the name of a device",
		[NFLUA_EXTENSION_MAC] = "a string like \"02:00:00:00:00:01\"",
	};

	if (option->type == NFLUA_EXTENSION_U64 && option->max == U64_MAX)
		luaL_error(L, "extension '%s', option '%s': a value must be an integer",
			   spec->name, option->name);
	if (option->type <= NFLUA_EXTENSION_I64)
		luaL_error(L, "extension '%s', option '%s': a value must be an integer from %I to %I",
			   spec->name, option->name, (lua_Integer)option->min,
			   (lua_Integer)option->max);
	luaL_error(L, "extension '%s', option '%s': a value must be %s",
		   spec->name, option->name, wants[option->type]);
}

/**
 * nflua_extension_encode() - put a Lua value into a rule's data
 * @L: the running thread
 * @index: of the value in the stack: integer, string, for flags a list of
 *	words, for a portrange an integer or { first = , last = }, for bool
 *	nothing is read
 * @spec: the declaration
 * @option: the option
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6, that of an address or a prefix
 * @to: gets the value, @option->size bytes
 *
 * Context: inside lua_pcall(); raises for what the option cannot have
 */
void nflua_extension_encode(lua_State *L, int index,
			    const struct nflua_extension_spec *spec,
			    const struct nflua_extension_option *option,
			    unsigned int family, void *to)
{
	const int v = lua_absindex(L, index);
	const bool string = lua_type(L, v) == LUA_TSTRING;
	struct xt_nflua_address address;
	struct xt_nflua_ports ports;
	const char *s = "";
	size_t len = 0;
	bool good;
	int n;

	luaL_checkstack(L, 4, NULL);
	if (string)
		s = lua_tolstring(L, v, &len);
	memset(to, 0, option->size);
	good = string && strlen(s) == len;
	switch (option->type) {
	case NFLUA_EXTENSION_STRING_TYPE:
		good = good && len < option->size && nflua_words_is_text(s);
		if (good)
			memcpy(to, s, len);
		break;
	case NFLUA_EXTENSION_INTERFACE:
		good = good && len < option->size && is_interface(s);
		if (good)
			memcpy(to, s, len);
		break;
	case NFLUA_EXTENSION_ENUM:
		n = good ? word_index(spec, option, s) : -1;
		good = n >= 0;
		if (good)
			*(u8 *)to = n;
		break;
	case NFLUA_EXTENSION_ADDRESS:
	case NFLUA_EXTENSION_PREFIX:
		good = good && parse_address(s, len,
					     option->type == NFLUA_EXTENSION_PREFIX,
					     family, &address);
		if (good)
			memcpy(to, &address, sizeof(address));
		break;
	case NFLUA_EXTENSION_MAC:
		good = good && len == 17 && mac_pton(s, to);
		break;
	case NFLUA_EXTENSION_PORTRANGE:
		good = get_ports(L, v, &ports);
		if (good)
			memcpy(to, &ports, sizeof(ports));
		break;
	case NFLUA_EXTENSION_FLAGS_TYPE:
		good = get_flags(L, v, spec, option, to);
		break;
	case NFLUA_EXTENSION_BOOL:
		good = true;
		break;
	default:
		good = lua_isinteger(L, v) &&
		       is_in_range(option, lua_tointeger(L, v));
		if (good)
			set_number(to, option->size, lua_tointeger(L, v));
	}
	if (!good)
		bad_value(L, spec, option);
}

/**
 * nflua_extension_seal() - say in a rule what declaration it was made from
 * @spec: the declaration
 * @info: the rule's data, zero but for its values
 */
void nflua_extension_seal(const struct nflua_extension_spec *spec,
			  struct xt_nflua_info *info)
{
	info->digest = spec->digest;
	memcpy(info->parts, spec->parts, sizeof(info->parts));
}

/* Is a value what the option may have? */
static bool value_ok(const struct nflua_extension_option *option,
		     unsigned int family, const u8 *from)
{
	const unsigned int max = family == NFPROTO_IPV6 ? 128 : 32;
	struct xt_nflua_address a;
	struct xt_nflua_ports ports;
	size_t len;

	switch (option->type) {
	case NFLUA_EXTENSION_STRING_TYPE:
	case NFLUA_EXTENSION_INTERFACE:
		len = strnlen((const char *)from, option->size);
		if (len == option->size ||
		    memchr_inv(from + len, 0, option->size - len))
			return false;
		return option->type == NFLUA_EXTENSION_INTERFACE ?
		       is_interface((const char *)from) :
		       nflua_words_is_text((const char *)from);
	case NFLUA_EXTENSION_ENUM:
		return *from < option->nwords;
	case NFLUA_EXTENSION_FLAGS_TYPE:
		return get_number(from, 4) &&
		       !(get_number(from, 4) >> option->nwords);
	case NFLUA_EXTENSION_ADDRESS:
	case NFLUA_EXTENSION_PREFIX:
		memcpy(&a, from, sizeof(a));
		return a.plen <= max && !a.reserved[0] && !a.reserved[1] &&
		       !a.reserved[2] &&
		       (a.plen == max || option->type == NFLUA_EXTENSION_PREFIX) &&
		       !clear_host_bits(a.addr, sizeof(a.addr), a.plen);
	case NFLUA_EXTENSION_PORTRANGE:
		memcpy(&ports, from, sizeof(ports));
		return ports.first <= ports.last;
	case NFLUA_EXTENSION_MAC:
	case NFLUA_EXTENSION_BOOL:
		return true;
	default:
		return is_in_range(option, get_number(from, option->size));
	}
}

/* Is one of the group's options given, and must one be? */
static bool group_ok(const struct nflua_extension_spec *spec,
		     const struct nflua_extension_option *option,
		     const struct xt_nflua_info *info, char *why)
{
	const char *group = nflua_extension_pool(spec, option->group);
	const struct nflua_extension_option *given = NULL;
	bool mandatory = false;
	unsigned int i;

	for (i = 0; i < spec->noptions; i++) {
		const struct nflua_extension_option *other = &spec->options[i];

		if (!other->group ||
		    strcmp(nflua_extension_pool(spec, other->group), group))
			continue;
		mandatory |= other->mandatory;
		if (!info->count[i])
			continue;
		if (given) {
			snprintf(why, NFLUA_EXTENSION_WHY,
				 "options '%s' and '%s' exclude each other",
				 given->name, other->name);
			return false;
		}
		given = other;
	}
	if (mandatory && !given) {
		snprintf(why, NFLUA_EXTENSION_WHY,
			 "one of the options of group '%s' must be given", group);
		return false;
	}
	return true;
}

static bool option_ok(const struct nflua_extension_spec *spec, unsigned int n,
		      unsigned int family, const struct xt_nflua_info *info,
		      char *why)
{
	const struct nflua_extension_option *option = &spec->options[n];
	const unsigned int count = info->count[n];
	const u8 *from = info->data + option->offset;
	const char *wrong = NULL;
	unsigned int i;

	if (count > option->repeated)
		wrong = "has more values than it may have";
	else if (info->inverted & 1U << n && (!option->invertible || !count))
		wrong = "is inverted and may not be";
	else if (!count && option->mandatory && !option->group)
		wrong = "must be given";
	else if (memchr_inv(from + count * option->size, 0,
			    (option->repeated - count) * option->size))
		wrong = "has bytes behind its values";
	for (i = 0; !wrong && i < count; i++)
		if (!value_ok(option, family, from + i * option->size))
			wrong = "has a value that it cannot have";
	if (wrong) {
		snprintf(why, NFLUA_EXTENSION_WHY, "option '%s' %s", option->name,
			 wrong);
		return false;
	}
	return !option->group || group_ok(spec, option, info, why);
}

/**
 * nflua_extension_check() - are a rule's values what the declaration allows?
 * @spec: the declaration
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6, that of the rule
 * @info: the rule's data, with @spec->data_size bytes of values
 * @why: gets what is wrong, %NFLUA_EXTENSION_WHY bytes
 *
 * Which declaration the rule was made from is another question, see
 * nflua_extension_rule_differs().
 */
bool nflua_extension_check(const struct nflua_extension_spec *spec,
			   unsigned int family,
			   const struct xt_nflua_info *info, char *why)
{
	unsigned int end = 0;
	unsigned int i;

	for (i = 0; i < spec->noptions; i++) {
		const struct nflua_extension_option *option = &spec->options[i];

		if (!option_ok(spec, i, family, info, why))
			return false;
		/* what fills up until the next one */
		if (memchr_inv(info->data + end, 0, option->offset - end))
			goto garbage;
		end = option->offset + option->repeated * option->size;
	}
	if (memchr_inv(info->data + end, 0, spec->data_size - end) ||
	    memchr_inv(info->count + i, 0, XT_NFLUA_OPTIONS - i) ||
	    (i < 32 && info->inverted >> i) || info->reserved2 ||
	    memchr_inv(info->reserved, 0, sizeof(info->reserved)))
		goto garbage;
	return true;

garbage:
	snprintf(why, NFLUA_EXTENSION_WHY, "there are bytes that belong to no option");
	return false;
}

static void push_flags(lua_State *L, const struct nflua_extension_spec *spec,
		       const struct nflua_extension_option *option, u32 bits)
{
	unsigned int i;

	lua_createtable(L, 0, option->nwords);
	for (i = 0; i < option->nwords; i++) {
		lua_pushboolean(L, bits >> i & 1);
		lua_setfield(L, -2, nflua_extension_word(spec, option, i));
	}
}

static void push_mac(lua_State *L, const u8 *from)
{
	static const char digits[] = "0123456789abcdef";
	char text[17];
	int i;

	for (i = 0; i < 6; i++) {
		text[3 * i] = digits[from[i] >> 4];
		text[3 * i + 1] = digits[from[i] & 15];
		if (i < 5)
			text[3 * i + 2] = ':';
	}
	lua_pushlstring(L, text, sizeof(text));
}

static void push_value(lua_State *L, const struct nflua_extension_spec *spec,
		       const struct nflua_extension_option *option,
		       unsigned int family, const u8 *from)
{
	struct xt_nflua_address a;
	struct xt_nflua_ports ports;

	switch (option->type) {
	case NFLUA_EXTENSION_STRING_TYPE:
	case NFLUA_EXTENSION_INTERFACE:
		lua_pushstring(L, (const char *)from);
		break;
	case NFLUA_EXTENSION_BOOL:
		lua_pushboolean(L, 1);
		break;
	case NFLUA_EXTENSION_ENUM:
		lua_pushstring(L, nflua_extension_word(spec, option, *from));
		break;
	case NFLUA_EXTENSION_FLAGS_TYPE:
		push_flags(L, spec, option, get_number(from, 4));
		break;
	case NFLUA_EXTENSION_ADDRESS:
	case NFLUA_EXTENSION_PREFIX:
		memcpy(&a, from, sizeof(a));
		nflua_extension_push_address(L, family, a.addr, a.plen);
		break;
	case NFLUA_EXTENSION_PORTRANGE:
		memcpy(&ports, from, sizeof(ports));
		lua_createtable(L, 0, 2);
		lua_pushinteger(L, ports.first);
		lua_setfield(L, -2, "first");
		lua_pushinteger(L, ports.last);
		lua_setfield(L, -2, "last");
		break;
	case NFLUA_EXTENSION_MAC:
		push_mac(L, from);
		break;
	default:
		lua_pushinteger(L, get_number(from, option->size));
	}
}

/* info[key] that is not there: an option without a value, or a mistake. */
static int info_index(lua_State *L)
{
	lua_settop(L, 2);
	lua_pushvalue(L, 2);
	/* Upvalue 2 has the names as keys, and at 1 a list for messages. */
	if (lua_type(L, 2) == LUA_TSTRING &&
	    lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
		lua_pushnil(L);
		return 1;
	}
	lua_rawgeti(L, lua_upvalueindex(2), 1);
	return luaL_error(L, "extension '%s' has no option '%s' (it has:%s)",
			  lua_tostring(L, lua_upvalueindex(1)),
			  lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) :
							  luaL_typename(L, 2),
			  lua_tostring(L, -1));
}

/*
 * Pushes a metatable that raises for what is no option. A state has one for each
 * declaration, which stays as long as the state does.
 */
static void push_strict(lua_State *L, const struct nflua_extension_spec *spec)
{
	luaL_Buffer b;
	unsigned int i;

	if (lua_rawgetp(L, LUA_REGISTRYINDEX, spec) != LUA_TNIL)
		return;
	lua_pop(L, 1);
	lua_createtable(L, 0, 2);
	lua_pushstring(L, spec->name);
	luaL_buffinit(L, &b);
	for (i = 0; i < spec->noptions; i++) {
		luaL_addchar(&b, ' ');
		luaL_addstring(&b, spec->options[i].name);
	}
	luaL_addstring(&b, " inverted");
	luaL_pushresult(&b);
	lua_createtable(L, 1, spec->noptions);
	lua_insert(L, -2);
	lua_rawseti(L, -2, 1);
	for (i = 0; i < spec->noptions; i++) {
		lua_pushboolean(L, 1);
		lua_setfield(L, -2, spec->options[i].name);
	}
	lua_pushcclosure(L, info_index, 2);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, spec);
}

/**
 * nflua_extension_push() - a rule's values as a Lua table
 * @L: the running thread
 * @spec: the declaration
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6, that of the rule
 * @info: the rule's data, which nflua_extension_check() has found good
 *
 * Pushes a table with a field for each option that was given or has a default;
 * a repeated one is a list. bool is true or false. The field "inverted" is a
 * table with true for each option that had "!" in front of it. Any other field
 * of the two raises.
 *
 * Context: inside lua_pcall(); raises memory errors
 */
void nflua_extension_push(lua_State *L,
			  const struct nflua_extension_spec *spec,
			  unsigned int family,
			  const struct xt_nflua_info *info)
{
	unsigned int i, k;

	luaL_checkstack(L, 10, NULL);
	lua_createtable(L, 0, spec->noptions + 1);
	lua_createtable(L, 0, 0);
	for (i = 0; i < spec->noptions; i++) {
		const struct nflua_extension_option *option = &spec->options[i];
		const u8 *from = info->data + option->offset;
		const unsigned int count = info->count[i];

		if (info->inverted & 1U << i) {
			lua_pushboolean(L, 1);
			lua_setfield(L, -2, option->name);
		}
		if (option->repeated > 1 && count) {
			lua_createtable(L, count, 0);
			for (k = 0; k < count; k++) {
				push_value(L, spec, option, family,
					   from + k * option->size);
				lua_rawseti(L, -2, k + 1);
			}
		} else if (count) {
			push_value(L, spec, option, family, from);
		} else if (option->has_default) {
			from = (const u8 *)nflua_extension_pool(spec, option->def);
			push_value(L, spec, option, family, from);
		} else if (option->type == NFLUA_EXTENSION_BOOL) {
			lua_pushboolean(L, 0);
		} else {
			continue;
		}
		lua_setfield(L, -3, option->name);
	}
	push_strict(L, spec);
	lua_pushvalue(L, -1);
	lua_setmetatable(L, -3);
	lua_insert(L, -2);
	lua_setfield(L, -3, "inverted");
	lua_setmetatable(L, -2);
}
