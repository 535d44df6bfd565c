// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions of the kernel for the module's files that nfluactl shares. They
 * take and refuse what the kernel's do: the selftest "check" compares.
 */
#include <ctype.h>
#include <limits.h>
#include <stdarg.h>

#include "kernel.h"

/* ktime_get_ns(): the monotonic clock */
u64 ktime_get_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * (u64)NSEC_PER_SEC + now.tv_nsec;
}

/* strscpy(): at most @size - 1 bytes, and a NUL */
ssize_t strscpy(char *to, const char *from, size_t size)
{
	size_t len = strnlen(from, size);

	if (!size)
		return -E2BIG;
	if (len < size) {
		memcpy(to, from, len + 1);
		return len;
	}
	memcpy(to, from, size - 1);
	to[size - 1] = 0;
	return -E2BIG;
}

/* kstrtouint(): digits after an optional plus, perhaps a line break, no more */
int kstrtouint(const char *s, unsigned int base, unsigned int *number)
{
	unsigned long long n;
	char *end;

	s += *s == '+';
	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	n = strtoull(s, &end, base);
	end += *end == '\n';
	if (*end)
		return -EINVAL;
	if (errno || n > UINT_MAX)
		return -ERANGE;
	*number = n;
	return 0;
}

int kstrtou8(const char *s, unsigned int base, u8 *number)
{
	unsigned int n;
	int err = kstrtouint(s, base, &n);

	if (err)
		return err;
	if (n > UINT8_MAX)
		return -ERANGE;
	*number = n;
	return 0;
}

/* Is the end of an address here? */
static bool at_end(const char *s, const char *limit, int delim)
{
	return s >= limit || !*s || *s == (char)delim;
}

/* in4_pton(): four decimal numbers, leading zeros allowed */
int in4_pton(const char *src, int srclen, u8 *dst, int delim, const char **end)
{
	const char *limit = src + srclen;
	u8 bin[4];
	int i;

	for (i = 0; i < 4; i++) {
		unsigned int n = 0;

		if (i && (at_end(src, limit, delim) || *src++ != '.'))
			return 0;
		if (src >= limit || !isdigit((unsigned char)*src))
			return 0;
		for (; src < limit && isdigit((unsigned char)*src); src++) {
			n = n * 10 + *src - '0';
			if (n > UINT8_MAX)
				return 0;
		}
		bin[i] = n;
	}
	if (!at_end(src, limit, delim))
		return 0;
	memcpy(dst, bin, sizeof(bin));
	*end = src;
	return 1;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? at - digits : -1;
}

/*
 * in6_pton(): eight hexadecimal numbers, or fewer with one "::" for those that
 * are missing; the last two may be an IPv4 address
 */
int in6_pton(const char *src, int srclen, u8 *dst, int delim, const char **end)
{
	const char *limit = src + srclen, *start;
	u8 bin[16] = { 0 };
	int n = 0, gap = -1;
	unsigned int word;

	if (src < limit && *src == ':') {
		if (limit - src < 2 || src[1] != ':')
			return 0;
		gap = 0;
		src += 2;
	}
	while (!(gap == n && at_end(src, limit, delim))) {
		start = src;
		word = 0;
		for (; src < limit && hex_digit(*src) >= 0; src++) {
			word = word << 4 | hex_digit(*src);
			if (word > UINT16_MAX)
				return 0;
		}
		if (src == start || n >= 16)
			return 0;
		if (src < limit && *src == '.') {
			if (n > 12 || (n < 12 && gap < 0) ||
			    !in4_pton(start, limit - start, bin + n, delim, &src))
				return 0;
			n += 4;
			break;
		}
		bin[n++] = word >> 8;
		bin[n++] = word;
		if (at_end(src, limit, delim))
			break;
		if (*src++ != ':' || n >= 16)
			return 0;
		if (src < limit && *src == ':') {
			if (gap >= 0)
				return 0;
			gap = n;
			src++;
		}
	}
	/* All, and none by a gap; or fewer, and a gap. */
	if ((gap < 0) != (n == 16))
		return 0;
	if (gap >= 0) {
		memmove(bin + 16 - (n - gap), bin + gap, n - gap);
		memset(bin + gap, 0, 16 - n);
	}
	memcpy(dst, bin, sizeof(bin));
	*end = src;
	return 1;
}

/* mac_pton(): six pairs of hexadecimal digits with colons between them */
bool mac_pton(const char *s, u8 *mac)
{
	int i;

	for (i = 0; i < 6; i++, s += 3) {
		if (hex_digit(s[0]) < 0 || hex_digit(s[1]) < 0 || (i < 5 && s[2] != ':'))
			return false;
		mac[i] = hex_digit(s[0]) << 4 | hex_digit(s[1]);
	}
	return true;
}

/* memchr_inv(): the first byte that is not @c, NULL for none */
void *memchr_inv(const void *p, int c, size_t size)
{
	const u8 *at = p;

	for (; size; size--, at++)
		if (*at != (u8)c)
			return (void *)at;
	return NULL;
}

void ipv6_addr_prefix(struct in6_addr *prefix, const struct in6_addr *addr, int plen)
{
	memset(prefix, 0, sizeof(*prefix));
	memcpy(prefix, addr, plen / 8);
	if (plen % 8)
		prefix->s6_addr[plen / 8] = addr->s6_addr[plen / 8] & (0xff00 >> plen % 8);
}

bool ipv6_prefix_equal(const struct in6_addr *a, const struct in6_addr *b, unsigned int plen)
{
	struct in6_addr x, y;

	ipv6_addr_prefix(&x, a, plen);
	ipv6_addr_prefix(&y, b, plen);
	return !memcmp(&x, &y, sizeof(x));
}

/* "%pI6c": the longest row of zeros as "::", the end as IPv4 where it is that */
static void print6(char *buf, const u8 *a)
{
	const bool mapped = IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)a);
	const bool isatap = !(a[8] & 0xfd) && !memcmp(a + 9, "\0\x5e\xfe", 3);
	const int words = mapped || isatap ? 6 : 8;
	int longest = 1, gap = -1;
	const char *colon = "";
	int i, len;

	for (i = 0; i < words; i++) {
		for (len = 0; i + len < words; len++)
			if (a[2 * (i + len)] || a[2 * (i + len) + 1])
				break;
		if (len > longest) {
			longest = len;
			gap = i;
		}
	}
	for (i = 0; i < words; i++) {
		if (i == gap) {
			buf += sprintf(buf, "::");
			colon = "";
			i += longest - 1;
			continue;
		}
		buf += sprintf(buf, "%s%x", colon, a[2 * i] << 8 | a[2 * i + 1]);
		colon = ":";
	}
	if (words == 6)
		sprintf(buf, "%s%u.%u.%u.%u", colon, a[12], a[13], a[14], a[15]);
}

/* scnprintf() with the kernel's "%pI4" and "%pI6c", if the format is just that */
int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	char text[64];
	va_list args;
	const u8 *a;

	va_start(args, fmt);
	if (!strcmp(fmt, "%pI4")) {
		a = va_arg(args, const u8 *);
		snprintf(text, sizeof(text), "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
	} else if (!strcmp(fmt, "%pI6c")) {
		print6(text, va_arg(args, const u8 *));
	} else {
		vsnprintf(text, sizeof(text), fmt, args);
	}
	va_end(args);
	strscpy(buf, text, size);
	return strlen(buf);
}
