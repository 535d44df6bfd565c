// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing packet data by the formats of string.pack (Lua 5.4 manual,
 * 6.4.2). The library's own functions want one piece of memory or make one;
 * these use a packet where it lies. Formats are big-endian until they say
 * otherwise.
 *
 * Context: inside lua_pcall(); misuse of a format raises.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include "format.h"
#include "library.h"
#include "skb.h"
#include "lua/kernel/lua_kernel.h"

#define INT_BYTES_MAX	16
#define ALIGN_NATIVE	8
#ifdef __LITTLE_ENDIAN
#define HOST_LITTLE	true
#else
#define HOST_LITTLE	false
#endif

enum item {
	ITEM_NONE,
	ITEM_INT,	/* signed */
	ITEM_UINT,
	ITEM_STRING,	/* counted by a number before it */
	ITEM_CHARS,	/* of fixed length */
	ITEM_ZSTR,	/* ended by a NUL */
	ITEM_PAD,
	ITEM_ALIGN,
	ITEM_SPACE,	/* changes what follows, or nothing */
};

/**
 * struct format - a format as far as it was read
 * @L: for errors
 * @at: what comes next
 * @little: little-endian now
 * @maxalign: greatest alignment now
 * @size: bytes of the item (of the count, for ITEM_STRING)
 * @align: bytes it wants to be aligned to
 */
struct format {
	lua_State *L;
	const char *at;
	bool little;
	u32 maxalign;
	u32 size;
	u32 align;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits of a number, which may begin with zeros. */
#define DIGITS_MAX	16

static u32 get_number(struct format *f, u32 def)
{
	const char *begin = f->at;
	u32 n = 0;

	if (!is_digit(*f->at))
		return def;
	do {
		n = n * 10 + (*f->at++ - '0');
		if (n > INT_MAX / 16 || f->at - begin > DIGITS_MAX)
			luaL_error(f->L, "number in format is too large");
	} while (is_digit(*f->at));
	return n;
}

static u32 get_int_size(struct format *f, u32 def)
{
	u32 n = get_number(f, def);

	if (n < 1 || n > INT_BYTES_MAX)
		luaL_error(f->L, "integral size (%d) out of limits [1,%d]",
			   (int)n, INT_BYTES_MAX);
	return n;
}

/* Options of one size. */
static const struct {
	u8 item;
	u8 size;
} plain_items[128] = {
	['b'] = { ITEM_INT, 1 },
	['B'] = { ITEM_UINT, 1 },
	['h'] = { ITEM_INT, 2 },
	['H'] = { ITEM_UINT, 2 },
	['l'] = { ITEM_INT, 8 },
	['L'] = { ITEM_UINT, 8 },
	['j'] = { ITEM_INT, 8 },
	['J'] = { ITEM_UINT, 8 },
	['T'] = { ITEM_UINT, 8 },
	['z'] = { ITEM_ZSTR, 0 },
	['x'] = { ITEM_PAD, 1 },
	['X'] = { ITEM_ALIGN, 0 },
	[' '] = { ITEM_SPACE, 0 },
};

static enum item next_item(struct format *f)
{
	unsigned char c = *f->at++;

	f->size = 0;
	if (c < ARRAY_SIZE(plain_items) && plain_items[c].item != ITEM_NONE) {
		f->size = plain_items[c].size;
		return plain_items[c].item;
	}
	switch (c) {
	case 'i':
		f->size = get_int_size(f, 4);
		return ITEM_INT;
	case 'I':
		f->size = get_int_size(f, 4);
		return ITEM_UINT;
	case 's':
		f->size = get_int_size(f, 8);
		return ITEM_STRING;
	case 'c':
		f->size = get_number(f, U32_MAX);
		if (f->size == U32_MAX)
			luaL_error(f->L, "missing size for format option 'c'");
		return ITEM_CHARS;
	case '>':
		f->little = false;
		return ITEM_SPACE;
	case '<':
		f->little = true;
		return ITEM_SPACE;
	case '=':
		f->little = HOST_LITTLE;
		return ITEM_SPACE;
	case '!':
		f->maxalign = get_int_size(f, ALIGN_NATIVE);
		return ITEM_SPACE;
	case 'f':
	case 'd':
	case 'n':
		luaL_error(f->L, "no floating point in the kernel (format option '%c')",
			   c);
		return ITEM_NONE;
	default:
		luaL_error(f->L, "invalid format option '%c'", c);
		return ITEM_NONE;
	}
}

/* The next item and the alignment it wants, as string.unpack understands it. */
static enum item next(struct format *f)
{
	enum item item = next_item(f);

	f->align = f->size;
	if (item == ITEM_ALIGN) {
		enum item of = *f->at ? next_item(f) : ITEM_NONE;

		f->align = f->size;
		if (of == ITEM_CHARS || !f->align)
			luaL_error(f->L, "invalid next option for option 'X'");
		f->size = 0;
	}
	if (f->align <= 1 || (item != ITEM_INT && item != ITEM_UINT &&
			      item != ITEM_STRING && item != ITEM_ALIGN)) {
		f->align = 1;
		return item;
	}
	f->align = min(f->align, f->maxalign);
	if (f->align & (f->align - 1))
		luaL_error(f->L, "format asks for alignment not power of 2");
	return item;
}

static lua_Integer to_integer(struct format *f, const u8 *data, bool is_signed)
{
	const int size = f->size;
	u64 v = 0;
	int i;

	for (i = min(size, 8) - 1; i >= 0; i--)
		v = v << 8 | data[f->little ? i : size - 1 - i];
	if (size < 8) {
		if (is_signed)
			v = (v ^ BIT_ULL(size * 8 - 1)) - BIT_ULL(size * 8 - 1);
		return v;
	}
	for (i = 8; i < size; i++) {
		u8 want = is_signed && (s64)v < 0 ? 0xff : 0;

		if (data[f->little ? i : size - 1 - i] != want)
			luaL_error(f->L, "%d-byte integer does not fit into Lua Integer",
				   size);
	}
	return v;
}

/**
 * nflua_push_bytes() - push bytes of a packet as a string
 * @L: the running thread
 * @p: the packet
 * @off: where, bytes from the network header
 * @len: how many, all of them in the packet
 */
void nflua_push_bytes(lua_State *L, const struct nflua_packet *p, s64 off,
		      u32 len)
{
	const void *data;
	luaL_Buffer b;
	char *buf;

	if (!len) {
		lua_pushliteral(L, "");
		return;
	}
	/* In one piece, which is nearly always: no second copy. */
	if (off + p->noff + len <= skb_headlen(p->skb)) {
		data = nflua_packet_bytes(p, off, len, NULL);
		if (unlikely(!data))
			goto cut;
		lua_pushlstring(L, data, len);
		return;
	}
	buf = luaL_buffinitsize(L, &b, len);
	data = nflua_packet_bytes(p, off, len, buf);
	if (unlikely(!data))
		goto cut;
	if (data != buf)
		memcpy(buf, data, len);
	luaL_pushresultsize(&b, len);
	return;
cut:
	/* Memory was needed, and a finalizer ran that changed the packet. */
	luaL_error(L, "the packet was cut meanwhile");
}

/* Length of the string at @off that a NUL ends, -1 if none does. */
static s64 zstr_length(const struct nflua_packet *p, s64 off, s64 end)
{
	u8 buf[32];
	s64 at;
	u32 n;

	for (at = off; at < end; at += n) {
		const u8 *data, *nul;

		n = min_t(s64, sizeof(buf), end - at);
		data = nflua_packet_bytes(p, at, n, buf);
		nul = data ? memchr(data, 0, n) : NULL;
		if (nul)
			return at + (nul - data) - off;
		if (!data)
			break;
	}
	return -1;
}

static int too_short(lua_State *L, int top)
{
	lua_settop(L, top);
	return nflua_library_failure(L, "packet data is too short for the format",
				     ERANGE);
}

/**
 * nflua_unpack() - string.unpack over a part of a packet
 * @L: the running thread
 * @p: the packet
 * @base: where position 1 is, bytes from the network header
 * @len: bytes from there on that may be read
 * @fmt: the format
 * @pos: position of the first item, counted from 1; negative from the end
 *
 * Pushes the values and the position behind them; if the data ends before the
 * format does, nil, a message and ERANGE.
 *
 * Return: number of values pushed
 */
int nflua_unpack(lua_State *L, const struct nflua_packet *p, s64 base, s64 len,
		 const char *fmt, lua_Integer pos)
{
	struct format f = { .L = L, .at = fmt, .maxalign = 1 };
	int top = lua_gettop(L);
	const u8 *data;
	u8 buf[INT_BYTES_MAX];
	u64 n;
	s64 off;

	if (pos < 0)
		pos = pos < -len ? 0 : len + pos + 1;
	if (pos < 1 || pos > len + 1)
		return too_short(L, top);
	off = pos - 1;
	while (*f.at) {
		enum item item = next(&f);

		lua_burn(L, 1);
		/* Alignment counts from position 1, as in string.unpack. */
		off = ALIGN(off, f.align);
		if (f.size > len - off)
			return too_short(L, top);
		luaL_checkstack(L, 2, "too many results");
		switch (item) {
		case ITEM_INT:
		case ITEM_UINT:
			data = nflua_packet_bytes(p, base + off, f.size, buf);
			if (!data)
				return too_short(L, top);
			lua_pushinteger(L, to_integer(&f, data,
						      item == ITEM_INT));
			break;
		case ITEM_STRING:
			data = nflua_packet_bytes(p, base + off, f.size, buf);
			if (!data)
				return too_short(L, top);
			n = to_integer(&f, data, false);
			off += f.size;
			if (n > len - off)
				return too_short(L, top);
			nflua_push_bytes(L, p, base + off, n);
			off += n;
			continue;
		case ITEM_CHARS:
			nflua_push_bytes(L, p, base + off, f.size);
			break;
		case ITEM_ZSTR:
			n = zstr_length(p, base + off, base + len);
			if ((s64)n < 0)
				return too_short(L, top);
			nflua_push_bytes(L, p, base + off, n);
			off += n + 1;
			continue;
		default:
			break;
		}
		off += f.size;
	}
	lua_pushinteger(L, off + 1);
	return lua_gettop(L) - top;
}

static void check_fits(struct format *f, int arg, bool is_signed)
{
	const lua_Integer n = luaL_checkinteger(f->L, arg);
	const s64 limit = 1LL << min(f->size * 8 - 1, 62U);

	if (f->size >= 8)
		return;
	if (is_signed)
		luaL_argcheck(f->L, n >= -limit && n < limit, arg,
			      "integer overflow");
	else
		luaL_argcheck(f->L, (u64)n < (u64)limit << 1, arg,
			      "unsigned overflow");
}

/* Bytes that an item takes with its argument, which is right afterwards. */
static u64 check_item(struct format *f, enum item item, int arg)
{
	lua_State *L = f->L;
	const char *s;
	size_t len;

	switch (item) {
	case ITEM_INT:
	case ITEM_UINT:
		check_fits(f, arg, item == ITEM_INT);
		return f->size;
	case ITEM_CHARS:
		luaL_checklstring(L, arg, &len);
		luaL_argcheck(L, len <= f->size, arg,
			      "string longer than given size");
		return f->size;
	case ITEM_STRING:
		luaL_checklstring(L, arg, &len);
		luaL_argcheck(L, f->size >= 8 || len >> (f->size * 8) == 0, arg,
			      "string length does not fit in given size");
		return f->size + len;
	case ITEM_ZSTR:
		s = luaL_checklstring(L, arg, &len);
		luaL_argcheck(L, !memchr(s, 0, len), arg,
			      "string contains zeros");
		return len + 1;
	default:
		return f->size;
	}
}

static void from_integer(const struct format *f, u8 *to, u64 v, bool negative)
{
	u32 i;

	for (i = 0; i < f->size; i++) {
		to[f->little ? i : f->size - 1 - i] =
			i < 8 ? v >> (8 * i) : negative ? 0xff : 0;
	}
}

/* Writes an item that check_item() has seen. */
static void put_item(struct format *f, enum item item, int arg, u8 *to)
{
	lua_State *L = f->L;
	const char *s;
	size_t len;
	s64 n;

	switch (item) {
	case ITEM_INT:
	case ITEM_UINT:
		n = lua_tointeger(L, arg);
		from_integer(f, to, n, item == ITEM_INT && n < 0);
		return;
	case ITEM_CHARS:
		s = lua_tolstring(L, arg, &len);
		memcpy(to, s, len);
		memset(to + len, 0, f->size - len);
		return;
	case ITEM_STRING:
		s = lua_tolstring(L, arg, &len);
		from_integer(f, to, len, false);
		memcpy(to + f->size, s, len);
		return;
	case ITEM_ZSTR:
		s = lua_tolstring(L, arg, &len);
		memcpy(to, s, len + 1);
		return;
	default:
		memset(to, 0, f->size);
	}
}

static bool takes_argument(enum item item)
{
	return item == ITEM_INT || item == ITEM_UINT || item == ITEM_CHARS ||
	       item == ITEM_STRING || item == ITEM_ZSTR;
}

/**
 * nflua_pack() - string.pack into a part of a packet
 * @L: the running thread
 * @p: the packet
 * @base: where position 1 is, bytes from the network header
 * @len: bytes from there on that may be written
 * @fmt: the format
 * @pos: position of the first item, counted from 1; negative from the end
 * @arg: index of the first value
 *
 * All values are looked at before the first is written. Pushes the position
 * behind the last; if the data ends before the format does, and if the packet
 * cannot be written, nil, a message and an errno.
 *
 * Return: number of values pushed
 */
int nflua_pack(lua_State *L, struct nflua_packet *p, s64 base, s64 len,
	       const char *fmt, lua_Integer pos, int arg)
{
	struct format f = { .L = L, .at = fmt, .maxalign = 1 };
	int top = lua_gettop(L);
	int i = arg;
	s64 start, off;
	int err;

	if (pos < 0)
		pos = pos < -len ? 0 : len + pos + 1;
	if (pos < 1 || pos > len + 1)
		return too_short(L, top);
	off = start = pos - 1;
	while (*f.at) {
		enum item item = next(&f);

		lua_burn(L, 1);
		off = ALIGN(off, f.align) + check_item(&f, item, i);
		if (off > len)
			return too_short(L, top);
		i += takes_argument(item);
	}
	lua_burn(L, (off - start) >> 6);
	err = nflua_skb_writable(L, p, base + start, off - start);
	if (err)
		return nflua_skb_failure(L, err);

	f = (struct format){ .L = L, .at = fmt, .maxalign = 1 };
	off = start;
	for (i = arg; *f.at;) {
		enum item item = next(&f);
		u8 *to = (u8 *)p->data + base;
		const s64 at = ALIGN(off, f.align);

		memset(to + off, 0, at - off);
		put_item(&f, item, i, to + at);
		off = at + check_item(&f, item, i);
		i += takes_argument(item);
	}
	nflua_skb_written(p, base + start, off - start);
	lua_pushinteger(L, off + 1);
	return 1;
}
