// SPDX-License-Identifier: GPL-2.0-only
/* The command line: global options, the command, its options and operands. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "print.h"

/* getopt_long() returns this plus the index of an option of the command. */
#define OWN_OPTION	1000

struct parser {
	char letters[2 * CTL_MAX_OPTIONS + 4];
	struct option longs[2 * CTL_MAX_OPTIONS];
	unsigned int count;
};

static void parser_add(struct parser *parser, const struct ctl_option *options, int own)
{
	char *letters = parser->letters + strlen(parser->letters);
	struct option *to;
	int i;

	for (i = 0; options && options[i].name; i++) {
		to = &parser->longs[parser->count++];
		to->name = options[i].name;
		to->has_arg = options[i].arg ? required_argument : no_argument;
		to->val = own ? own + i : options[i].letter;
		if (options[i].letter && !own) {
			*letters++ = options[i].letter;
			if (options[i].arg)
				*letters++ = ':';
		}
	}
	*letters = 0;
}

/* Return: -1 to go on, or an exit code. */
static int take_global(struct ctl *ctl, int letter)
{
	switch (letter) {
	case 'p':
		ctl->pretty = true;
		ctl->json = true;
		return -1;
	case 'j':
		ctl->json = true;
		return -1;
	case 'n':
		ctl->netns = optarg;
		return -1;
	case 'h':
		if (ctl->command)
			ctl_help_command(ctl->command);
		else
			ctl_help();
		return CTL_OK;
	case 'V':
		out_begin(ctl->json, ctl->pretty);
		ctl_version();
		return CTL_OK;
	default:
		return CTL_USAGE;
	}
}

static int take_own(struct ctl *ctl, int index)
{
	unsigned int i;

	for (i = 0; i < ctl->noptions; i++)
		if (ctl->options[i] == &ctl->command->options[index])
			return ctl_usage(ctl, "--%s is given twice", ctl->options[i]->name);
	ctl->options[ctl->noptions] = &ctl->command->options[index];
	ctl->values[ctl->noptions++] = optarg ? optarg : "";
	return -1;
}

static int bad_option(struct ctl *ctl, int what, char **argv, const struct parser *parser)
{
	const char *word = optind > 0 ? argv[optind - 1] : "";
	unsigned int i;
	size_t len;

	if (what == ':' && optopt >= OWN_OPTION)
		return ctl_usage(ctl, "--%s needs an argument",
				 ctl->command->options[optopt - OWN_OPTION].name);
	if (what == ':')
		return ctl_usage(ctl, "-%c needs an argument", optopt);
	/* In a bundle, optind is not behind it yet: the letter alone tells. */
	if (optopt && optopt < 128 && !strchr(parser->letters, optopt))
		return ctl_usage(ctl, "there is no option -%c", optopt);
	len = strcspn(word, "=");
	for (i = 0; i < parser->count; i++)
		if (strlen(parser->longs[i].name) + 2 == len && len > 2 &&
		    !strncmp(parser->longs[i].name, word + 2, len - 2))
			return ctl_usage(ctl, "--%s takes no argument", parser->longs[i].name);
	return ctl_usage(ctl, "there is no option %.*s", (int)len, word);
}

static int parse_options(struct ctl *ctl, int argc, char **argv, struct parser *parser)
{
	int what, code = -1;

	/* 0 makes glibc begin anew, with another set of options. */
	optind = 0;
	opterr = 0;
	while (code < 0) {
		what = getopt_long(argc, argv, parser->letters, parser->longs, NULL);
		if (what == -1)
			break;
		if (what == '?' || what == ':')
			code = bad_option(ctl, what, argv, parser);
		else if (what >= OWN_OPTION)
			code = take_own(ctl, what - OWN_OPTION);
		else
			code = take_global(ctl, what);
	}
	return code;
}

static int unknown_command(const char *name)
{
	const char *near = ctl_command_near(name);

	if (near)
		ctl_error("there is no command '%s'; did you mean '%s'?", name, near);
	else
		ctl_error("there is no command '%s'", name);
	ctl_hint("'nfluactl help' lists the commands");
	return CTL_USAGE;
}

static int check_operands(const struct ctl *ctl)
{
	const struct ctl_command *command = ctl->command;
	const char *missing = command->operands, *next;
	unsigned int i;

	if (ctl->noperands < command->min) {
		for (i = 0; i < ctl->noperands && (next = strchr(missing, ' ')); i++)
			missing = next + 1;
		return ctl_usage(ctl, "%s is missing", missing);
	}
	if (ctl->noperands > command->max)
		return ctl_usage(ctl, "'%s' is one word too many", ctl->operands[command->max]);
	return -1;
}

/**
 * ctl_parse() - take the command line apart
 * @ctl: where it goes
 * @argc: as main() has it
 * @argv: as main() has it
 *
 * Return: -1 to run the command, or the exit code if everything is said
 */
int ctl_parse(struct ctl *ctl, int argc, char **argv)
{
	struct parser before = { .letters = "+:" }, behind = { .letters = ":" };
	int code, first;

	parser_add(&before, ctl_global_options, 0);
	code = parse_options(ctl, argc, argv, &before);
	if (code >= 0)
		return code;
	if (optind >= argc) {
		ctl_error("a command is missing");
		ctl_hint("'nfluactl help' lists the commands");
		return CTL_USAGE;
	}
	first = optind;
	ctl->command = ctl_command_find(argv[first]);
	if (!ctl->command)
		return unknown_command(argv[first]);
	parser_add(&behind, ctl_global_options, 0);
	parser_add(&behind, ctl->command->options, OWN_OPTION);
	code = parse_options(ctl, argc - first, argv + first, &behind);
	if (code >= 0)
		return code;
	ctl->operands = argv + first + optind;
	ctl->noperands = argc - first - optind;
	return check_operands(ctl);
}

/**
 * ctl_value() - the argument of an option of the command
 * @ctl: the run
 * @option: its name
 *
 * Return: the argument, "" if it takes none, NULL if it was not given
 */
const char *ctl_value(const struct ctl *ctl, const char *option)
{
	unsigned int i;

	for (i = 0; i < ctl->noptions; i++)
		if (!strcmp(ctl->options[i]->name, option))
			return ctl->values[i];
	return NULL;
}

/**
 * ctl_parse_number() - read a number
 * @text: digits
 * @number: where it goes
 *
 * Return: whether it is one, and fits
 */
bool ctl_parse_number(const char *text, uint64_t *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !errno && !*end;
}

/**
 * ctl_parse_integer() - read an integer as Lua does
 * @text: digits, or 0x and hexadecimal digits, perhaps with a minus before
 * @integer: where it goes
 *
 * Return: whether it is one, and fits
 */
bool ctl_parse_integer(const char *text, int64_t *integer)
{
	const char *digits = text + (*text == '-');
	const bool hex = digits[0] == '0' && (digits[1] | 0x20) == 'x';
	char *end;

	if (!isxdigit((unsigned char)digits[hex ? 2 : 0]))
		return false;
	errno = 0;
	/* A hexadecimal number is a pattern of 64 bits. */
	if (hex)
		*integer = (int64_t)strtoull(text, &end, 16);
	else
		*integer = strtoll(text, &end, 10);
	return !errno && !*end;
}

/**
 * ctl_parse_size() - read a number of bytes
 * @text: digits, perhaps with K, M or G (1024 each), KiB, MiB or GiB behind
 * @size: where the number goes
 *
 * Return: whether it is one, and fits
 */
bool ctl_parse_size(const char *text, uint64_t *size)
{
	static const char units[] = "KMG";
	unsigned int shift = 0;
	const char *unit;
	uint64_t number;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno)
		return false;
	if (*end) {
		unit = strchr(units, *end & ~0x20);
		/* of a blank it finds the NUL */
		if (!unit || !*unit)
			return false;
		shift = 10 * (unit - units + 1);
		end++;
		if (*end && strcmp(end, "iB"))
			return false;
	}
	if (number > UINT64_MAX >> shift)
		return false;
	*size = number << shift;
	return true;
}

/**
 * ctl_parse_time() - read a length of time
 * @text: digits with ns, us, ms or s behind
 * @ns: where the nanoseconds go
 *
 * Return: whether it is one, and fits
 */
bool ctl_parse_time(const char *text, uint64_t *ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
	};
	uint64_t number;
	char *end;
	size_t i;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].name))
			return !errno && !__builtin_mul_overflow(number, units[i].ns, ns);
	return false;
}
