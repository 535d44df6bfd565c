// SPDX-License-Identifier: GPL-2.0-only
/* The source line of an error, and a mark under what the error is about. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "print.h"

/* Most columns of source that are shown, and where the mark goes at most. */
#define SOURCE_COLUMNS	100
#define MARK_COLUMN	60

/* Bytes that are compiled at most, to tell equal tokens of a line apart. */
#define COMPILE_MAX	(16 << 20)

/* A tab is written as so many blanks, so that the mark stands where it ought. */
#define TAB_COLUMNS	4

/* A part of a line: bytes [begin, begin + len). */
struct span {
	size_t begin;
	size_t len;
};

static bool find_line(const struct source *source, unsigned long lineno, const char **line,
		      size_t *len)
{
	const char *p = source->text, *end = p + source->size, *eol;

	if (!lineno)
		return false;
	while (--lineno) {
		p = memchr(p, '\n', end - p);
		if (!p)
			return false;
		p++;
	}
	eol = memchr(p, '\n', end - p);
	if (!eol)
		eol = end;
	if (eol > p && eol[-1] == '\r')
		eol--;
	*line = p;
	*len = eol - p;
	return true;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/*
 * What the message quotes: the token that the parser stopped at, or the
 * variable that had the wrong value.
 */
static bool quoted(const char *message, struct span *token)
{
	static const char *const heads[] = {
		" near '", "(global '", "(local '", "(field '", "(method '", "(upvalue '",
	};
	const char *p, *end;
	size_t i;

	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		p = strstr(message, heads[i]);
		if (!p)
			continue;
		p += strlen(heads[i]);
		/* A token may have quotes of its own; its last one ends it. */
		end = i ? strstr(p, "')") : strrchr(p, '\'');
		if (!end || end <= p)
			continue;
		token->begin = p - message;
		token->len = end - p;
		return true;
	}
	return false;
}

/* The @nth place where @line has the whole token. */
static bool find_token(const char *line, size_t len, const char *token, size_t token_len,
		       unsigned int nth, size_t *at)
{
	size_t i;

	for (i = 0; i + token_len <= len; i++) {
		if (memcmp(line + i, token, token_len))
			continue;
		if (is_word(token[0]) && i && is_word(line[i - 1]))
			continue;
		if (is_word(token[token_len - 1]) && i + token_len < len &&
		    is_word(line[i + token_len]))
			continue;
		if (nth--)
			continue;
		*at = i;
		return true;
	}
	return false;
}

/*
 * Of several equal tokens the parser stopped at the first up to which the
 * source already fails in the same way: let the compiler say which. A longer
 * one may need what follows it, so a miss is no answer.
 */
static bool stops_at(const struct source *source, size_t size, const char *message)
{
	const char *near = strstr(message, " near '"), *its;
	bool same;
	char *error;

	error = syntax_check(source->name, source->text, size);
	its = error ? strstr(error, " near '") : NULL;
	same = near && its && !strcmp(near, its);
	free(error);
	return same;
}

static bool locate(const struct source *source, const char *line, size_t len,
		   const char *message, struct span *mark)
{
	struct span span;
	size_t left = COMPILE_MAX, size;
	const char *token;
	unsigned int nth;
	char byte;

	if (!quoted(message, &span))
		return false;
	token = message + span.begin;
	/* A byte that is no character is written as its number. */
	if (span.len > 3 && !strncmp(token, "<\\", 2)) {
		byte = strtoul(token + 2, NULL, 10);
		token = &byte;
		span.len = 1;
	}
	if (!find_token(line, len, token, span.len, 0, &mark->begin))
		return false;
	mark->len = span.len;
	if (!find_token(line, len, token, span.len, 1, &mark->begin))
		return true;
	if (!syntax_available())
		return false;
	for (nth = 0; find_token(line, len, token, span.len, nth, &mark->begin); nth++) {
		size = line + mark->begin + span.len - source->text;
		if (size > left)
			return false;
		left -= size;
		if (stops_at(source, size, message))
			return true;
	}
	return false;
}

/*
 * The character at @p in a line that ends at @end: how many bytes and columns
 * it takes, and whether it can be shown as it is.
 */
static size_t character(const char *p, const char *end, unsigned int *columns, bool *shown)
{
	size_t len = text_utf8(p);

	*columns = *p == '\t' ? TAB_COLUMNS : 1;
	*shown = len && len <= (size_t)(end - p) && (unsigned char)*p >= 0x20 && *p != 0x7f &&
		 !text_steers(p);
	return *shown ? len : 1;
}

static unsigned int columns_of(const char *p, const char *end)
{
	unsigned int sum = 0, columns;
	bool shown;

	while (p < end) {
		p += character(p, end, &columns, &shown);
		sum += columns;
	}
	return sum;
}

/* Write what fits; return where it ended. */
static const char *put_source(const char *p, const char *end)
{
	unsigned int sum = 0, columns;
	bool shown;
	size_t len;

	for (; p < end && sum < SOURCE_COLUMNS; p += len) {
		len = character(p, end, &columns, &shown);
		sum += columns;
		if (*p == '\t')
			fprintf(stderr, "%*s", TAB_COLUMNS, "");
		else if (shown)
			fwrite(p, 1, len, stderr);
		else
			putc('?', stderr);
	}
	return p;
}

static void put_marked(unsigned long lineno, const char *line, size_t len, struct span mark)
{
	const char *begin = line + mark.begin, *end = line + len, *from = line, *to;
	unsigned int before = columns_of(line, begin), under, columns;
	bool shown;

	while (before > MARK_COLUMN) {
		from += character(from, end, &columns, &shown);
		before -= columns;
	}
	fprintf(stderr, "%5lu | %s", lineno, from > line ? "..." : "");
	to = put_source(from, end);
	fprintf(stderr, "%s\n      | %*s^", to < end ? "..." : "",
		(int)(before + (from > line ? 3 : 0)), "");
	if (begin + mark.len < to)
		to = begin + mark.len;
	for (under = to > begin ? columns_of(begin, to) : 0; under > 1; under--)
		putc('~', stderr);
	putc('\n', stderr);
}

/* "'end' expected (to close 'if' at line 3)": where that is. */
static void show_opener(const struct source *source, const char *message)
{
	static const char head[] = " (to close '", middle[] = "' at line ";
	struct span mark = {};
	const char *p, *end, *line;
	unsigned long lineno;
	size_t len;

	p = strstr(message, head);
	if (!p)
		return;
	p += strlen(head);
	end = strstr(p, middle);
	if (!end)
		return;
	lineno = strtoul(end + strlen(middle), NULL, 10);
	mark.len = end - p;
	if (find_line(source, lineno, &line, &len) &&
	    find_token(line, len, p, mark.len, 0, &mark.begin))
		put_marked(lineno, line, len, mark);
}

/**
 * caret_show() - show a line of a script and mark a place in it
 * @source: the script
 * @lineno: the line, counted from 1; nothing is shown if there is none
 * @message: Lua's message about it, one line
 *
 * The mark is under the token that the message names, if the line has it and
 * it is clear which one is meant; at the line's end if the message is about
 * the end of the source; else under the first character that is no blank.
 */
void caret_show(const struct source *source, unsigned long lineno, const char *message)
{
	struct span mark = { .len = 1 };
	const char *line;
	size_t len;

	if (!find_line(source, lineno, &line, &len))
		return;
	if (strstr(message, " near <eof>")) {
		/* The end is behind the last line that has something. */
		while (!len && lineno > 1)
			find_line(source, --lineno, &line, &len);
		mark.begin = len;
	} else if (!locate(source, line, len, message, &mark)) {
		mark.begin = 0;
		mark.len = 1;
		while (mark.begin < len && (line[mark.begin] == ' ' || line[mark.begin] == '\t'))
			mark.begin++;
	}
	put_marked(lineno, line, len, mark);
	show_opener(source, message);
}
