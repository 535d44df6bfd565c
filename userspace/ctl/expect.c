// SPDX-License-Identifier: GPL-2.0-only
/* The answers that packets are expected to get: a word or two on each line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packets.h"

/* Is it an answer that may come, perhaps without the kind of an error? */
static bool is_answer(const char *words)
{
	unsigned int i;

	if (!strcmp(words, "error") || !strcmp(words, "refused"))
		return true;
	for (i = 1; i < NFLUA_A_OUTCOME_PAD; i++)
		if (!strcmp(words, nflua_outcome_name(i)))
			return true;
	for (i = 1; i < NFLUA_A_ERROR_PAD; i++)
		if (!strncmp(words, "error ", 6) && !strcmp(words + 6, nflua_error_name(i)))
			return true;
	return false;
}

/* Words with one blank between them; what is behind a # is gone. */
static void tidy(char *line)
{
	char *to = line, *word, *rest;

	line[strcspn(line, "#")] = 0;
	for (word = strtok_r(line, " \t\r\n", &rest); word;
	     word = strtok_r(NULL, " \t\r\n", &rest)) {
		if (to != line)
			*to++ = ' ';
		memmove(to, word, strlen(word));
		to += strlen(word);
	}
	*to = 0;
}

static int take_line(struct expected *expected, const char *file, unsigned long number,
		     char *line)
{
	char **words;

	tidy(line);
	if (!*line)
		return CTL_OK;
	if (!is_answer(line)) {
		ctl_error("%s:%lu: '%s' is no answer", file, number, line);
		ctl_hint("accept, drop, continue, match, nomatch, stolen, queue, stop, refused, error, or error and its kind");
		return CTL_USAGE;
	}
	words = reallocarray(expected->words, expected->count + 1, sizeof(*words));
	if (words) {
		expected->words = words;
		words[expected->count] = strdup(line);
	}
	if (!words || !words[expected->count]) {
		ctl_error("no memory for what '%s' expects", file);
		return CTL_USAGE;
	}
	expected->count++;
	return CTL_OK;
}

/**
 * expected_read() - read a file of expected answers
 * @expected: where they go; to be freed with expected_free() whatever is
 *	returned
 * @file: the file
 *
 * Return: %CTL_OK, or another exit code with everything said
 */
int expected_read(struct expected *expected, const char *file)
{
	unsigned long number = 0;
	char *line = NULL;
	size_t room = 0;
	int err = CTL_OK;
	FILE *from;

	memset(expected, 0, sizeof(*expected));
	from = fopen(file, "re");
	if (!from) {
		ctl_error("cannot open '%s': %s", file, strerror(errno));
		return CTL_USAGE;
	}
	while (!err && getline(&line, &room, from) >= 0)
		err = take_line(expected, file, ++number, line);
	if (!err && ferror(from)) {
		ctl_error("cannot read '%s': %s", file, strerror(errno));
		err = CTL_USAGE;
	}
	free(line);
	fclose(from);
	return err;
}

/**
 * expected_met() - whether an answer is the expected one
 * @expected: the words of the file; "error" alone stands for all kinds
 * @got: the answer
 */
bool expected_met(const char *expected, const char *got)
{
	return !strcmp(expected, got) ||
	       (!strcmp(expected, "error") && !strncmp(got, "error ", 6));
}

/**
 * expected_free() - free what expected_read() made
 * @expected: the answers
 */
void expected_free(struct expected *expected)
{
	size_t i;

	for (i = 0; i < expected->count; i++)
		free(expected->words[i]);
	free(expected->words);
}
