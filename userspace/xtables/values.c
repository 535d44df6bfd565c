// SPDX-License-Identifier: GPL-2.0-only
/* The values of an extension's options: from the command line into a rule, and back. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "declaration.h"

/**
 * option_flag() - an option as it is written on the command line
 * @option: the option
 * @flag: gets it without the dashes in front, %NFLUA_EXTENSION_OPTION bytes
 */
void option_flag(const struct nflua_extension_option *option, char *flag)
{
	const char *from = option->name;

	do
		*flag++ = *from == '_' ? '-' : *from;
	while (*from++);
}

/**
 * option_argument() - what the help calls an option's value
 * @option: the option
 *
 * Return: a word; NULL if it takes none
 */
const char *option_argument(const struct nflua_extension_option *option)
{
	static const char *const words[__NFLUA_EXTENSION_TYPE_MAX] = {
		[NFLUA_EXTENSION_U8] = "number",
		[NFLUA_EXTENSION_U16] = "number",
		[NFLUA_EXTENSION_U32] = "number",
		[NFLUA_EXTENSION_U64] = "number",
		[NFLUA_EXTENSION_I64] = "number",
		[NFLUA_EXTENSION_STRING_TYPE] = "text",
		[NFLUA_EXTENSION_ENUM] = "word",
		[NFLUA_EXTENSION_FLAGS_TYPE] = "word[,word...]",
		[NFLUA_EXTENSION_ADDRESS] = "address",
		[NFLUA_EXTENSION_PREFIX] = "address[/length]",
		[NFLUA_EXTENSION_PORTRANGE] = "port[:port]",
		[NFLUA_EXTENSION_INTERFACE] = "device",
		[NFLUA_EXTENSION_MAC] = "mac",
	};

	return words[option->type];
}

/**
 * option_has_list() - may a word have several values, with commas between?
 * @option: the option
 */
bool option_has_list(const struct nflua_extension_option *option)
{
	return option->repeated > 1 && option->type != NFLUA_EXTENSION_STRING_TYPE &&
	       option->type != NFLUA_EXTENSION_FLAGS_TYPE;
}

static char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Return: a string to be freed, NULL for no memory */
static char *format(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	return text;
}

/* The words of enum and flags that @bits has, or all. */
static char *join_words(const struct declaration *d, const struct nflua_extension_option *option,
			u32 bits, const char *head, const char *between)
{
	char *text = strdup(head), *more;
	const char *sep = "";
	unsigned int i;

	for (i = 0; text && i < option->nwords; i++) {
		if (i < 32 && !(bits >> i & 1) && option->type == NFLUA_EXTENSION_FLAGS_TYPE)
			continue;
		more = format("%s%s%s", text, sep,
			      nflua_extension_word(&d->spec, option, i));
		free(text);
		text = more;
		sep = between;
	}
	return text;
}

/**
 * value_wanted() - what a value must be
 * @d: the extension
 * @option: the option
 * @family: of the rule
 *
 * Return: a phrase, to be freed; NULL for no memory
 */
char *value_wanted(const struct declaration *d, const struct nflua_extension_option *option,
		   unsigned int family)
{
	const bool six = family == NFPROTO_IPV6;

	switch (option->type) {
	case NFLUA_EXTENSION_I64:
		return format("a number from %lld to %lld", (s64)option->min, (s64)option->max);
	case NFLUA_EXTENSION_STRING_TYPE:
		return format("a text of at most %u bytes without control characters",
			      option->size - 1);
	case NFLUA_EXTENSION_ENUM:
		return join_words(d, option, 0, "one of: ", ", ");
	case NFLUA_EXTENSION_FLAGS_TYPE:
		return join_words(d, option, UINT32_MAX, "some of, with commas between: ", ", ");
	case NFLUA_EXTENSION_ADDRESS:
		return strdup(six ? "an IPv6 address" : "an IPv4 address");
	case NFLUA_EXTENSION_PREFIX:
		return strdup(six ? "an IPv6 address or a prefix, as 2001:db8::/32" :
				    "an IPv4 address or a prefix, as 10.0.0.0/8");
	case NFLUA_EXTENSION_PORTRANGE:
		return strdup("a port, or two with a colon between, from 0 to 65535");
	case NFLUA_EXTENSION_INTERFACE:
		return format("the name of a device, of at most %u bytes", option->size - 1);
	case NFLUA_EXTENSION_MAC:
		return strdup("a link-layer address, as 02:00:00:00:00:01");
	default:
		return format("a number from %llu to %llu", option->min, option->max);
	}
}

static char *number_text(const struct nflua_extension_option *option, const void *from)
{
	u64 n64;
	u32 n32;
	u16 n16;

	switch (option->size) {
	case 8:
		memcpy(&n64, from, sizeof(n64));
		break;
	case 4:
		memcpy(&n32, from, sizeof(n32));
		n64 = n32;
		break;
	case 2:
		memcpy(&n16, from, sizeof(n16));
		n64 = n16;
		break;
	default:
		n64 = *(const u8 *)from;
	}
	if (option->type == NFLUA_EXTENSION_I64)
		return format("%lld", (s64)n64);
	return format("%llu", n64);
}

static char *address_text(const struct nflua_extension_option *option, unsigned int family,
			  const void *from)
{
	const unsigned int full = family == NFPROTO_IPV6 ? 128 : 32;
	struct xt_nflua_address a;
	char text[INET6_ADDRSTRLEN];

	memcpy(&a, from, sizeof(a));
	inet_ntop(family == NFPROTO_IPV6 ? AF_INET6 : AF_INET, a.addr, text, sizeof(text));
	if (option->type == NFLUA_EXTENSION_PREFIX && a.plen != full)
		return format("%s/%u", text, a.plen);
	return strdup(text);
}

/**
 * value_text() - a value as it is written on the command line
 * @d: the extension
 * @option: the option, not a bool
 * @family: of the rule
 * @from: the value, which was checked
 *
 * Return: the text, to be freed; NULL for no memory
 */
char *value_text(const struct declaration *d, const struct nflua_extension_option *option,
		 unsigned int family, const void *from)
{
	const u8 *b = from;
	struct xt_nflua_ports ports;
	u32 bits;

	switch (option->type) {
	case NFLUA_EXTENSION_STRING_TYPE:
	case NFLUA_EXTENSION_INTERFACE:
		return strdup(from);
	case NFLUA_EXTENSION_ENUM:
		return strdup(nflua_extension_word(&d->spec, option, *b));
	case NFLUA_EXTENSION_FLAGS_TYPE:
		memcpy(&bits, from, sizeof(bits));
		return join_words(d, option, bits, "", ",");
	case NFLUA_EXTENSION_ADDRESS:
	case NFLUA_EXTENSION_PREFIX:
		return address_text(option, family, from);
	case NFLUA_EXTENSION_PORTRANGE:
		memcpy(&ports, from, sizeof(ports));
		if (ports.first == ports.last)
			return format("%u", ports.first);
		return format("%u:%u", ports.first, ports.last);
	case NFLUA_EXTENSION_MAC:
		return format("%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
	default:
		return number_text(option, from);
	}
}

/* Digits, or 0x and hexadecimal digits; whether they are a number that fits. */
static bool read_number(const char *text, u64 *number)
{
	const bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
	const char *digits = hex ? text + 2 : text;
	size_t len = strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789");

	if (!len || digits[len])
		return false;
	errno = 0;
	*number = strtoull(digits, NULL, hex ? 16 : 10);
	return !errno;
}

/* Is @text a number of the option's type? Pushes it. */
static bool push_number(lua_State *L, const struct nflua_extension_option *option,
			const char *text)
{
	const bool is_signed = option->type == NFLUA_EXTENSION_I64;
	const bool minus = is_signed && *text == '-';
	u64 n;

	if (!read_number(text + minus, &n))
		return false;
	if (is_signed && n > (u64)INT64_MAX + minus)
		return false;
	lua_pushinteger(L, minus ? -n : n);
	return true;
}

static bool push_ports(lua_State *L, const char *text)
{
	const char *colon = strchrnul(text, ':');
	char first[8];
	u64 from, to;

	if (colon - text >= (ptrdiff_t)sizeof(first))
		return false;
	memcpy(first, text, colon - text);
	first[colon - text] = 0;
	if (!read_number(first, &from) || !read_number(*colon ? colon + 1 : first, &to))
		return false;
	if (from > to || to > UINT16_MAX)
		return false;
	lua_createtable(L, 0, 2);
	lua_pushinteger(L, from);
	lua_setfield(L, -2, "first");
	lua_pushinteger(L, to);
	lua_setfield(L, -2, "last");
	return true;
}

static void push_words(lua_State *L, const char *text)
{
	size_t len;
	int n = 0;

	lua_newtable(L);
	do {
		len = strcspn(text, ",");
		lua_pushlstring(L, text, len);
		lua_rawseti(L, -2, ++n);
		text += len;
	} while (*text++);
}

/* What values_take() hands to Lua. */
struct taking {
	const struct declaration *d;
	const struct nflua_extension_option *option;
	unsigned int family;
	const char *text;
	void *to;
};

/* Context: inside lua_pcall(). Raises for a bad value, whatever it says. */
static int encode(lua_State *L)
{
	const struct taking *t = lua_touserdata(L, 1);
	bool good = true;

	switch (t->option->type) {
	case NFLUA_EXTENSION_U8:
	case NFLUA_EXTENSION_U16:
	case NFLUA_EXTENSION_U32:
	case NFLUA_EXTENSION_U64:
	case NFLUA_EXTENSION_I64:
		good = push_number(L, t->option, t->text);
		break;
	case NFLUA_EXTENSION_PORTRANGE:
		good = push_ports(L, t->text);
		break;
	case NFLUA_EXTENSION_FLAGS_TYPE:
		push_words(L, t->text);
		break;
	default:
		lua_pushstring(L, t->text);
	}
	if (!good)
		return luaL_error(L, "no value");
	nflua_extension_encode(L, -1, &t->d->spec, t->option, t->family, t->to);
	return 0;
}

static bool take_one(const struct declaration *d, unsigned int n, unsigned int family,
		     const char *text, struct xt_nflua_info *info)
{
	const struct nflua_extension_option *option = &d->spec.options[n];
	struct taking taking = { d, option, family, text, NULL };
	char flag[NFLUA_EXTENSION_OPTION], *wanted;
	lua_State *L = d->file->L;
	int status;

	option_flag(option, flag);
	if (info->count[n] >= option->repeated)
		return option->repeated == 1 ?
		       declared_fail(d->file, "--%s is given twice", flag) :
		       declared_fail(d->file, "--%s has more than %u values", flag,
				     option->repeated);
	taking.to = info->data + option->offset + info->count[n] * option->size;
	lua_pushcfunction(L, encode);
	lua_pushlightuserdata(L, &taking);
	status = lua_pcall(L, 1, 0, 0);
	if (status == LUA_OK) {
		info->count[n]++;
		return true;
	}
	lua_pop(L, 1);
	if (status == LUA_ERRMEM)
		return declared_fail(d->file, "--%s '%s': no memory", flag, text);
	wanted = value_wanted(d, option, family);
	declared_fail(d->file, "--%s '%s' is not %s", flag, text, wanted ? wanted : "a value");
	free(wanted);
	return false;
}

/**
 * values_take() - put what follows an option on the command line into a rule
 * @d: the extension
 * @n: which option
 * @family: of the rule
 * @text: what follows it; for a bool it is not read
 * @info: the rule's data
 *
 * Return: whether it is what the option can have; if not, the file's error says
 * what it must be
 */
bool values_take(const struct declaration *d, unsigned int n, unsigned int family,
		 const char *text, struct xt_nflua_info *info)
{
	const struct nflua_extension_option *option = &d->spec.options[n];
	char *list, *rest, *value;
	bool good = true;

	if (!option_has_list(option))
		return take_one(d, n, family, text ? text : "", info);
	list = strdup(text);
	if (!list)
		return declared_fail(d->file, "no memory");
	rest = list;
	while (good && (value = strsep(&rest, ",")))
		good = take_one(d, n, family, value, info);
	free(list);
	return good;
}

/* Is one of the options of a mandatory group given, and no second? */
static bool check_group(const struct declaration *d, unsigned int n,
			const struct xt_nflua_info *info)
{
	const struct nflua_extension_spec *spec = &d->spec;
	const char *group = nflua_extension_pool(spec, spec->options[n].group);
	char flag[NFLUA_EXTENSION_OPTION], other[NFLUA_EXTENSION_OPTION], *words = strdup("");
	bool mandatory = false, good = true;
	int given = -1;
	char *more;
	unsigned int i;

	for (i = 0; i < spec->noptions && words && good; i++) {
		if (!spec->options[i].group ||
		    strcmp(nflua_extension_pool(spec, spec->options[i].group), group))
			continue;
		option_flag(&spec->options[i], flag);
		more = format("%s%s--%s", words, *words ? ", " : "", flag);
		free(words);
		words = more;
		mandatory |= spec->options[i].mandatory;
		if (info->count[i] && given >= 0) {
			option_flag(&spec->options[given], other);
			good = declared_fail(d->file, "--%s and --%s exclude each other", other,
					     flag);
		}
		if (info->count[i])
			given = i;
	}
	if (good && mandatory && given < 0)
		good = declared_fail(d->file, "one of %s must be given", words ? words : group);
	free(words);
	return good;
}

/**
 * values_check() - may a rule have these values together?
 * @d: the extension
 * @family: of the rule
 * @info: the rule's data
 *
 * Return: whether it may; if not, the file's error says why
 */
bool values_check(const struct declaration *d, unsigned int family,
		  const struct xt_nflua_info *info)
{
	const struct nflua_extension_spec *spec = &d->spec;
	char flag[NFLUA_EXTENSION_OPTION], why[NFLUA_EXTENSION_WHY];
	unsigned int i;

	for (i = 0; i < spec->noptions; i++) {
		option_flag(&spec->options[i], flag);
		if (spec->options[i].group && !check_group(d, i, info))
			return false;
		if (spec->options[i].mandatory && !spec->options[i].group && !info->count[i])
			return declared_fail(d->file, "--%s must be given", flag);
	}
	if (!nflua_extension_check(spec, family, info, why))
		return declared_fail(d->file, "%s", why);
	return true;
}
