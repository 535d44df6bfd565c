// SPDX-License-Identifier: GPL-2.0-only
/*
 * What Lua asks of a C library, for kernel and host alike: formatting as C does
 * it (the kernel's printf differs), and the words for a numeral that is none.
 */
#include "lua_config.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

unsigned long long luai_inthash = 0x9e3779b97f4a7c15ULL;
unsigned long long luai_ptrhash[2] = { 0, 0xd6e8feb86659fd93ULL };

struct out {
	char *buf;
	size_t size;
	size_t len;	/* written, or what would have been */
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_mem(struct out *o, const char *s, size_t n)
{
	while (n--)
		put(o, *s++);
}

static void put_pad(struct out *o, char c, long n)
{
	while (n-- > 0)
		put(o, c);
}

/* one conversion specification */
struct spec {
	bool left;
	bool zero;
	bool alt;
	char sign;	/* '+', ' ' or 0 */
	long width;
	long prec;	/* -1: none */
};

static const char *parse_number(const char *p, long *n)
{
	for (*n = 0; *p >= '0' && *p <= '9'; p++)
		*n = *n * 10 + (*p - '0');
	return p;
}

static const char *parse_spec(const char *p, struct spec *sp)
{
	memset(sp, 0, sizeof(*sp));
	for (;; p++) {
		if (*p == '-')
			sp->left = true;
		else if (*p == '0')
			sp->zero = true;
		else if (*p == '#')
			sp->alt = true;
		else if (*p == '+')
			sp->sign = '+';
		else if (*p == ' ' && !sp->sign)
			sp->sign = ' ';
		else if (*p != ' ')
			break;
	}
	p = parse_number(p, &sp->width);
	sp->prec = -1;
	if (*p == '.')
		p = parse_number(p + 1, &sp->prec);
	return p;
}

/* an item without digits */
static void put_item(struct out *o, const struct spec *sp, const char *s, size_t n)
{
	long pad = sp->width - (long)n;

	if (!sp->left)
		put_pad(o, ' ', pad);
	put_mem(o, s, n);
	if (sp->left)
		put_pad(o, ' ', pad);
}

/* sign, prefix, zeros and digits of an integer, as C orders them */
static void put_integer(struct out *o, const struct spec *sp, char conv,
			unsigned long long v, bool negative)
{
	const char *digits = conv == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned int base = 10, shift = 0;
	char buf[24], prefix[3];
	long n = 0, zeros, pad, np = 0;
	bool nonzero = v != 0;

	if (conv == 'o')
		shift = 3;
	else if (conv == 'x' || conv == 'X')
		shift = 4;
	for (; v; n++) {
		if (shift) {
			buf[sizeof(buf) - 1 - n] = digits[v & ((1U << shift) - 1)];
			v >>= shift;
		} else {
			buf[sizeof(buf) - 1 - n] = digits[v % base];
			v /= base;
		}
	}
	zeros = (sp->prec < 0 ? 1 : sp->prec) - n;
	if (shift == 3 && sp->alt && zeros <= 0)
		zeros = 1;
	if (zeros < 0)
		zeros = 0;
	if (conv == 'd') {
		if (negative)
			prefix[np++] = '-';
		else if (sp->sign)
			prefix[np++] = sp->sign;
	} else if (shift == 4 && sp->alt && nonzero) {
		prefix[np++] = '0';
		prefix[np++] = conv;
	}
	pad = sp->width - np - zeros - n;
	if (sp->zero && !sp->left && sp->prec < 0 && pad > 0) {
		zeros += pad;
		pad = 0;
	}
	if (!sp->left)
		put_pad(o, ' ', pad);
	put_mem(o, prefix, np);
	put_pad(o, '0', zeros);
	put_mem(o, buf + sizeof(buf) - n, n);
	if (sp->left)
		put_pad(o, ' ', pad);
}

int luai_snprintf(char *out, size_t size, const char *fmt, ...)
{
	struct out o = { .buf = out, .size = size };
	const char *p = fmt;
	struct spec sp;
	va_list ap;

	va_start(ap, fmt);
	while (*p) {
		int longs = 0;
		char conv;

		if (*p != '%') {
			put(&o, *p++);
			continue;
		}
		p = parse_spec(p + 1, &sp);
		while (*p == 'l') {
			longs++;
			p++;
		}
		conv = *p++;
		switch (conv) {
		case 'd':
		case 'i': {
			long long v = longs ? va_arg(ap, long long) : va_arg(ap, int);

			put_integer(&o, &sp, 'd',
				    v < 0 ? 0 - (unsigned long long)v : (unsigned long long)v,
				    v < 0);
			break;
		}
		case 'u':
		case 'o':
		case 'x':
		case 'X':
			put_integer(&o, &sp, conv,
				    longs ? va_arg(ap, unsigned long long) :
					    va_arg(ap, unsigned int), false);
			break;
		case 'c': {
			char c = (char)va_arg(ap, int);

			put_item(&o, &sp, &c, 1);
			break;
		}
		case 's': {
			const char *s = va_arg(ap, const char *);
			size_t n = 0;

			while ((sp.prec < 0 || n < (size_t)sp.prec) && s[n])
				n++;
			put_item(&o, &sp, s, n);
			break;
		}
		case 'p': {
			char id[24];
			int n = luai_snprintf(id, sizeof(id), "0x%014llx",
					      luai_pointerid(va_arg(ap, const void *)));

			put_item(&o, &sp, id, n);
			break;
		}
		default:	/* "%%", or nothing that Lua uses */
			put(&o, conv);
			break;
		}
	}
	va_end(ap);
	if (size)
		out[o.len < size ? o.len : size - 1] = '\0';
	return (int)o.len;
}

int luai_integer2str(char *buf, long long n)
{
	unsigned long long v = n < 0 ? 0 - (unsigned long long)n : (unsigned long long)n;
	char tmp[24];
	int i = sizeof(tmp), len = 0;

	do {
		tmp[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	if (n < 0)
		buf[len++] = '-';
	memcpy(buf + len, tmp + i, sizeof(tmp) - i);
	len += (int)sizeof(tmp) - i;
	buf[len] = '\0';
	return len;
}

static const char *skip_digits(const char *p, bool hex)
{
	while (hex ? isxdigit((unsigned char)*p) : isdigit((unsigned char)*p))
		p++;
	return p;
}

/*
 * The lexer hands over what looks like a numeral and is no integer of 64 bits.
 * It is a float of stock Lua, or it is no numeral there either.
 */
const char *luai_badnumeral(const char *s)
{
	bool hex = s[0] == '0' && (s[1] | 32) == 'x';
	const char *start = hex ? s + 2 : s;
	const char *p = skip_digits(start, hex);
	long digits = p - start;

	if (!*p && digits)
		return "integer does not fit 64 bits";
	if (*p == '.') {
		start = p + 1;
		p = skip_digits(start, hex);
		digits += p - start;
	}
	if (digits && (*p | 32) == (hex ? 'p' : 'e')) {
		p++;
		if (*p == '+' || *p == '-')
			p++;
		digits = isdigit((unsigned char)*p);
		p = skip_digits(p, false);
	}
	return digits && !*p ? LUAI_NOFLOATMSG : "malformed number";
}
