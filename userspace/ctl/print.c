// SPDX-License-Identifier: GPL-2.0-only
/* The print layer: text for people, JSON for programs, one call for both. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "print.h"

/* Deepest nesting of arrays and objects; show has four levels. */
#define MAX_DEPTH	8

static struct {
	bool json;
	bool pretty;
	bool written;
	bool awaited;		/* the array of out_list(), before its first element */
	int err;		/* why standard output took no more */
	unsigned int depth;
	bool filled[MAX_DEPTH];	/* something was written at this level */
} out;

/**
 * out_begin() - choose the form of the output
 * @json: JSON instead of text
 * @pretty: JSON with line breaks
 */
void out_begin(bool json, bool pretty)
{
	memset(&out, 0, sizeof(out));
	out.json = json;
	out.pretty = pretty;
}

/**
 * out_end() - end the output
 *
 * Return: 0, or a negative errno if standard output could not take it
 */
int out_end(void)
{
	out_line();
	return out_flush();
}

/**
 * out_line() - end a JSON value, where one follows another
 */
void out_line(void)
{
	if (out.json && out.written)
		putchar('\n');
	out.written = false;
}

/**
 * out_broken() - note that standard output takes no more
 * @err: negative errno
 */
void out_broken(int err)
{
	if (!out.err)
		out.err = err;
}

/**
 * out_flush() - let what was written be seen
 *
 * Return: 0, or a negative errno, then and ever after, if standard output
 *	could not take it
 */
int out_flush(void)
{
	errno = 0;
	if (fflush(stdout) || ferror(stdout))
		out_broken(errno ? -errno : -EIO);
	return out.err;
}

/**
 * out_drop() - forget what standard output did not take, and that it did not
 */
void out_drop(void)
{
	__fpurge(stdout);
	clearerr(stdout);
	out.err = 0;
}

/**
 * out_is_json() - whether the output is JSON
 *
 * Return: what out_begin() was told
 */
bool out_is_json(void)
{
	return out.json;
}

/**
 * text_utf8() - look at a character
 * @p: it begins here; a NUL ends the text
 *
 * Return: bytes of the valid UTF-8 sequence at @p, 0 if there is none
 */
unsigned int text_utf8(const char *p)
{
	const unsigned char *s = (const unsigned char *)p;
	unsigned int len, i;
	uint32_t c;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	c = s[0] & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if ((len == 3 && c < 0x800) || (len == 4 && (c < 0x10000 || c > 0x10ffff)) ||
	    (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return len;
}

/**
 * text_steers() - is a character other than ASCII one that is not seen, but heeded?
 * @p: a valid UTF-8 sequence
 *
 * Return: whether it is one of U+0080 to U+009F, which steer some terminals, or
 *	of those that turn the direction of what is shown around
 */
bool text_steers(const char *p)
{
	const unsigned char *s = (const unsigned char *)p;

	if (s[0] == 0xc2)
		return s[1] < 0xa0;
	if (s[0] == 0xd8)
		return s[1] == 0x9c;
	if (s[0] != 0xe2)
		return false;
	if (s[1] == 0x80)
		return (s[2] | 1) == 0x8f || (s[2] >= 0xaa && s[2] <= 0xae);
	return s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9;
}

/* @s: a UTF-8 sequence of two or three bytes */
static void json_escape(const char *s, unsigned int len)
{
	unsigned int c = *s & (len == 2 ? 0x1f : 0x0f), i;

	for (i = 1; i < len; i++)
		c = c << 6 | (s[i] & 0x3f);
	printf("\\u%04x", c);
}

/* What is no UTF-8 becomes U+FFFD: JSON has no other way. */
static void json_data(const char *s, size_t size)
{
	const char *end = s + size;
	unsigned int len;

	putchar('"');
	while (s < end) {
		len = text_utf8(s);
		if (!len) {
			fputs("\\ufffd", stdout);
			s++;
			continue;
		}
		if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else if (*s == '\n')
			fputs("\\n", stdout);
		else if (*s == '\t')
			fputs("\\t", stdout);
		else if (len == 1 && ((unsigned char)*s < 0x20 || *s == 0x7f))
			printf("\\u%04x", (unsigned char)*s);
		else if (text_steers(s))
			json_escape(s, len);
		else
			fwrite(s, 1, len, stdout);
		s += len;
	}
	putchar('"');
}

static void json_string(const char *s)
{
	json_data(s, strlen(s));
}

static void json_newline(void)
{
	if (out.pretty)
		printf("\n%*s", (int)out.depth * 4, "");
}

/* Everything before a value: comma, line break, key. */
static void json_key(const char *key)
{
	if (out.depth) {
		if (out.filled[out.depth - 1])
			putchar(',');
		out.filled[out.depth - 1] = true;
		json_newline();
	}
	if (key) {
		json_string(key);
		putchar(':');
		if (out.pretty)
			putchar(' ');
	}
}

static void json_open(const char *key, char bracket)
{
	if (out.awaited) {
		out.awaited = false;
		json_open(NULL, '[');
	}
	json_key(key);
	out.written = true;
	putchar(bracket);
	out.filled[out.depth++] = false;
}

static void json_close(char bracket)
{
	out.depth--;
	if (out.filled[out.depth])
		json_newline();
	putchar(bracket);
}

/**
 * out_array() - begin an array; nothing in text
 * @key: its key, NULL for a value without one
 */
void out_array(const char *key)
{
	if (out.json)
		json_open(key, '[');
}

/**
 * out_array_end() - end the array begun last
 */
void out_array_end(void)
{
	if (out.json)
		json_close(']');
}

/**
 * out_list() - begin the array that the command writes; nothing in text
 *
 * It appears with its first object: what fails before has written no JSON.
 */
void out_list(void)
{
	out.awaited = out.json;
}

/**
 * out_list_end() - end the array that out_list() began
 * @good: nothing failed: it appears also if there was no object
 */
void out_list_end(bool good)
{
	const bool empty = out.awaited;

	out.awaited = false;
	if (empty && good)
		json_open(NULL, '[');
	if (out.depth)
		json_close(']');
}

/**
 * out_object() - begin an object; nothing in text
 * @key: its key, NULL for a value without one
 */
void out_object(const char *key)
{
	if (out.json)
		json_open(key, '{');
}

/**
 * out_object_end() - end the object begun last
 */
void out_object_end(void)
{
	if (out.json)
		json_close('}');
}

/* Write an already converted value; @raw is what JSON gets. */
static void value(const char *key, const char *fmt, const char *raw, const char *text)
{
	if (out.json) {
		if (key) {
			json_key(key);
			fputs(raw, stdout);
		}
	} else if (fmt) {
		printf(fmt, text);
	}
}

/* Write @s so that it can't steer a terminal; @breaks: tabs and line breaks may stay. */
static const char *put_sanitized(FILE *to, const char *s, bool breaks)
{
	unsigned int len = text_utf8(s);
	unsigned char c = *s;

	const bool seen = len && c >= 0x20 && c != 0x7f && !text_steers(s);
	unsigned int i;

	if (seen || (breaks && (c == '\t' || c == '\n'))) {
		fwrite(s, 1, len, to);
		return s + len;
	}
	for (i = 0; !i || i < len; i++)
		fprintf(to, "\\x%02x", (unsigned char)s[i]);
	return s + i;
}

/**
 * out_string() - write a string
 * @key: for JSON
 * @fmt: for text
 * @string: the string
 */
void out_string(const char *key, const char *fmt, const char *string)
{
	out_data(key, fmt, string, strlen(string));
}

/**
 * out_element() - write a string into an array; nothing in text
 * @string: the string
 */
void out_element(const char *string)
{
	if (out.json) {
		json_key(NULL);
		json_string(string);
	}
}

/**
 * out_data() - write a string that may contain NULs
 * @key: for JSON
 * @fmt: for text
 * @string: the string, with a NUL behind
 * @size: its length
 */
void out_data(const char *key, const char *fmt, const char *string, size_t size)
{
	const char *end = string + size;
	char *text = NULL;
	size_t length;
	FILE *to;

	if (out.json) {
		if (key) {
			json_key(key);
			json_data(string, size);
		}
		return;
	}
	if (!fmt)
		return;
	to = open_memstream(&text, &length);
	if (!to)
		return;
	while (string < end)
		string = put_sanitized(to, string, false);
	if (!fclose(to))
		printf(fmt, text);
	free(text);
}

/**
 * out_uint() - write an unsigned number
 * @key: for JSON
 * @fmt: for text
 * @number: the number
 */
void out_uint(const char *key, const char *fmt, uint64_t number)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%" PRIu64, number);
	value(key, fmt, buf, buf);
}

/**
 * out_int() - write a signed number
 * @key: for JSON
 * @fmt: for text
 * @number: the number
 */
void out_int(const char *key, const char *fmt, int64_t number)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%" PRId64, number);
	value(key, fmt, buf, buf);
}

/**
 * out_bool() - write a truth value
 * @key: for JSON
 * @fmt: for text
 * @truth: the value
 */
void out_bool(const char *key, const char *fmt, bool truth)
{
	value(key, fmt, truth ? "true" : "false", truth ? "yes" : "no");
}

/**
 * out_null() - write that there is no value
 * @key: for JSON
 * @fmt: for text, where a dash stands for it
 */
void out_null(const char *key, const char *fmt)
{
	value(key, fmt, "null", "-");
}

/**
 * text_bytes() - a number of bytes in the largest fitting unit
 * @buf: where it goes
 * @size: bytes of @buf
 * @bytes: the number
 */
void text_bytes(char *buf, size_t size, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	uint64_t whole = bytes, tenths = 0;
	unsigned int unit = 0;

	while (whole >= 1024 && unit < 4) {
		tenths = whole % 1024 * 10 / 1024;
		whole /= 1024;
		unit++;
	}
	if (tenths)
		snprintf(buf, size, "%" PRIu64 ".%" PRIu64 " %s", whole, tenths, units[unit]);
	else
		snprintf(buf, size, "%" PRIu64 " %s", whole, units[unit]);
}

/**
 * out_bytes() - write a number of bytes: exact in JSON, readable in text
 * @key: for JSON
 * @fmt: for text
 * @bytes: the number
 */
void out_bytes(const char *key, const char *fmt, uint64_t bytes)
{
	char raw[24], text[32];

	snprintf(raw, sizeof(raw), "%" PRIu64, bytes);
	text_bytes(text, sizeof(text), bytes);
	value(key, fmt, raw, text);
}

/**
 * out_duration() - write a length of time: nanoseconds in JSON, in text the
 *	largest unit of which it is a whole number
 * @key: for JSON
 * @fmt: for text
 * @ns: nanoseconds
 */
void out_duration(const char *key, const char *fmt, uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	char raw[24], text[32];
	unsigned int unit = 0;

	snprintf(raw, sizeof(raw), "%" PRIu64, ns);
	while (ns && ns % 1000 == 0 && unit < 3) {
		ns /= 1000;
		unit++;
	}
	snprintf(text, sizeof(text), "%" PRIu64 " %s", ns, units[unit]);
	value(key, fmt, raw, text);
}

/**
 * out_rough() - write a length of time that was measured: nanoseconds in JSON,
 *	in text the largest fitting unit and a tenth
 * @key: for JSON
 * @fmt: for text
 * @ns: nanoseconds
 */
void out_rough(const char *key, const char *fmt, uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	uint64_t whole = ns, tenths = 0;
	char raw[24], text[32];
	unsigned int unit = 0;

	snprintf(raw, sizeof(raw), "%" PRIu64, ns);
	while (whole >= 1000 && unit < 3) {
		tenths = whole % 1000 / 100;
		whole /= 1000;
		unit++;
	}
	if (unit)
		snprintf(text, sizeof(text), "%" PRIu64 ".%" PRIu64 " %s", whole, tenths,
			 units[unit]);
	else
		snprintf(text, sizeof(text), "%" PRIu64 " %s", whole, units[unit]);
	value(key, fmt, raw, text);
}

/**
 * out_hex() - write bytes as hexadecimal digits
 * @key: for JSON
 * @fmt: for text
 * @bytes: the bytes
 * @size: number of them, 64 at most
 */
void out_hex(const char *key, const char *fmt, const uint8_t *bytes, size_t size)
{
	char text[2 * 64 + 1] = "";
	size_t i;

	for (i = 0; i < size && i < 64; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	out_string(key, fmt, text);
}

/**
 * out_time() - write a moment: seconds in JSON, local time in text
 * @key: for JSON
 * @fmt: for text
 * @seconds: since the epoch
 */
void out_time(const char *key, const char *fmt, uint64_t seconds)
{
	char raw[24], text[32] = "?";
	time_t when = (time_t)seconds;
	struct tm tm;

	snprintf(raw, sizeof(raw), "%" PRIu64, seconds);
	if (localtime_r(&when, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	value(key, fmt, raw, text);
}

/**
 * out_moment() - write a moment to the microsecond: seconds in JSON, local
 *	time in text
 * @key: for JSON
 * @fmt: for text
 * @when: since the epoch
 */
void out_moment(const char *key, const char *fmt, const struct timespec *when)
{
	char raw[40], day[32] = "?", text[48];
	struct tm tm;

	snprintf(raw, sizeof(raw), "%lld.%06ld", (long long)when->tv_sec, when->tv_nsec / 1000);
	if (localtime_r(&when->tv_sec, &tm))
		strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%06ld", day, when->tv_nsec / 1000);
	value(key, fmt, raw, text);
}

/**
 * out_text() - write to text only
 * @fmt: as printf() has it
 */
void out_text(const char *fmt, ...)
{
	va_list ap;

	if (out.json)
		return;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}

/* @start: the first line is begun here, too. Return: whether a line is open. */
static bool put_lines(FILE *to, const char *text, size_t size, const char *indent, bool start)
{
	const char *end = text + size;

	while (text < end) {
		if (start)
			fputs(indent, to);
		start = *text == '\n';
		text = put_sanitized(to, text, true);
	}
	return !start;
}

/**
 * text_sanitized() - write lines that may hold anything
 * @to: stream
 * @text: the lines; the last gets its line break if it has none. May contain
 *	NULs, and has one behind it
 * @size: bytes of @text
 * @indent: before each line
 *
 * A script's messages may contain a packet's bytes: what could steer a
 * terminal is written as \xNN.
 */
void text_sanitized(FILE *to, const char *text, size_t size, const char *indent)
{
	if (put_lines(to, text, size, indent, true))
		putc('\n', to);
}

/**
 * out_block() - write a text of several lines that may hold anything
 * @key: for JSON
 * @indent: before each line of text; NULL: JSON only
 * @text: the lines, as for text_sanitized()
 * @size: bytes of @text
 */
void out_block(const char *key, const char *indent, const char *text, size_t size)
{
	if (out.json) {
		json_key(key);
		json_data(text, size);
	} else if (indent) {
		text_sanitized(stdout, text, size, indent);
	}
}

/**
 * out_lines() - end a line with a text, the rest of which goes on further lines
 * @key: for JSON
 * @indent: before each line of text but the first
 * @text: the lines, as for text_sanitized()
 * @size: bytes of @text
 */
void out_lines(const char *key, const char *indent, const char *text, size_t size)
{
	if (out.json)
		out_block(key, NULL, text, size);
	else if (put_lines(stdout, text, size, indent, false))
		putchar('\n');
}
