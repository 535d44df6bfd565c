/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nfluactl: one file a command. A command describes itself in a struct
 * ctl_command; the dispatcher, the help and the completion read nothing else.
 */
#ifndef _NFLUACTL_H
#define _NFLUACTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libnflua.h"

#define CTL_MAX_OPTIONS	24	/* of one command */

/* Exit codes, the same for all commands. */
enum ctl_exit {
	CTL_OK = 0,
	CTL_USAGE = 1,		/* wrong usage, or a local file's fault */
	CTL_REFUSED = 2,	/* the kernel, or the compiler, said no */
	CTL_NO_MODULE = 3,
};

/* What a word on the command line stands for; completion asks. */
enum ctl_word {
	CTL_WORD_NONE,
	CTL_WORD_FILE,
	CTL_WORD_SCRIPT,
	CTL_WORD_NETNS,
	CTL_WORD_COMMAND,
	CTL_WORD_SHELL,
	CTL_WORD_GROUP,
	CTL_WORD_TIMING,	/* a script, then what to do */
	CTL_WORD_SCRIPT_FILE,
	CTL_WORD_HOOK,
	CTL_WORD_FAMILY,
	CTL_WORD_DEVICE,
	CTL_WORD_ROLE,
	CTL_WORD_MAP,
	CTL_WORD_EXTENSION,
	CTL_WORD_DIRECTORY,
};

/**
 * struct ctl_option - an option of a command, or of all of them
 * @name: without the dashes; NULL ends a table
 * @letter: one-letter form, or 0
 * @arg: what the help calls its argument; NULL if it takes none
 * @word: what the argument stands for
 * @help: one line
 */
struct ctl_option {
	const char *name;
	char letter;
	const char *arg;
	enum ctl_word word;
	const char *help;
};

struct ctl;

/**
 * struct ctl_command - a command
 * @name: what the user types
 * @operands: synopsis of the operands
 * @word: what the operands stand for
 * @min: fewest operands
 * @max: most operands
 * @options: its own options, or NULL
 * @verb: what "cannot" says that it does; NULL: @name
 * @help: one line
 * @details: paragraphs for its own help, or NULL
 * @run: does it; returns &enum ctl_exit
 */
struct ctl_command {
	const char *name;
	const char *operands;
	enum ctl_word word;
	unsigned int min, max;
	const struct ctl_option *options;
	const char *verb;
	const char *help;
	const char *details;
	int (*run)(struct ctl *ctl);
};

/* Puts a command into the table, whose order is that of the names. */
#define CTL_COMMAND(ident)								\
	static const struct ctl_command *const ident##_entry				\
	__attribute__((used, section("nfluactl_commands"))) = &(ident)

/**
 * struct ctl - one run of the program
 * @command: the command
 * @json: write JSON
 * @pretty: with line breaks
 * @netns: network namespace to enter, or NULL
 * @operands: what follows the command, without options
 * @noperands: number of @operands
 * @options: the command's options that were given
 * @values: their arguments; "" for an option without one
 * @noptions: number of both
 * @nl: connection, after ctl_connect()
 */
struct ctl {
	const struct ctl_command *command;
	bool json;
	bool pretty;
	const char *netns;
	char **operands;
	unsigned int noperands;
	const struct ctl_option *options[CTL_MAX_OPTIONS];
	const char *values[CTL_MAX_OPTIONS];
	unsigned int noptions;
	struct nflua *nl;
};

/* table.c */
extern const struct ctl_option ctl_global_options[];
size_t ctl_command_count(void);
const struct ctl_command *ctl_command_at(size_t i);
const struct ctl_command *ctl_command_find(const char *name);
const char *ctl_command_near(const char *name);

/* options.c */
int ctl_parse(struct ctl *ctl, int argc, char **argv);
const char *ctl_value(const struct ctl *ctl, const char *option);
bool ctl_parse_integer(const char *text, int64_t *integer);
bool ctl_parse_number(const char *text, uint64_t *number);
bool ctl_parse_size(const char *text, uint64_t *size);
bool ctl_parse_time(const char *text, uint64_t *ns);

/* help.c, version.c */
void ctl_help(void);
void ctl_help_command(const struct ctl_command *command);
void ctl_version(void);

/* diag.c */
struct source;
void ctl_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void ctl_hint(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int ctl_usage(const struct ctl *ctl, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int ctl_connect(struct ctl *ctl);
int ctl_connect_or_not(struct ctl *ctl);
int ctl_refused(struct ctl *ctl, int err, const char *name);
void ctl_script_error(const struct source *source, const char *text);

/* caret.c */
void caret_show(const struct source *source, unsigned long lineno, const char *message);

/* source.c */

/**
 * struct source - a script's text and where it came from
 * @file: what messages call it
 * @name: name of the script
 * @text: the bytes, with a NUL behind the last
 * @size: number of bytes, without that NUL
 */
struct source {
	const char *file;
	char name[NFLUA_NAME_SIZE];
	char *text;
	size_t size;
};

int source_read(struct ctl *ctl, struct source *source);
int source_read_file(struct source *source, const char *file, const char *name);
int source_chunk(struct source *source, const char *operand);
void source_free(struct source *source);

/* limits.c */

/* Options that set limits of a call, and all limits, for tables of options. */
#define CALL_LIMITS_OPTIONS									\
	{ "memory", 0, "SIZE", CTL_WORD_NONE,							\
	  "memory that one state may use: bytes, or with K, M or G" },				\
	{ "budget", 0, "TIME", CTL_WORD_NONE, "time that one call may take, as 500us or 2ms" }

#define LIMITS_OPTIONS										\
	CALL_LIMITS_OPTIONS,									\
	{ "errors", 0, "N", CTL_WORD_NONE,							\
	  "errors in a row after which the script is suspended; 0: never" }

int limits_parse(const struct ctl *ctl, struct nflua_limits *limits);
void limits_print(const struct nflua_limits *limits);

/* submit.c */

/* Options of load, replace and check, for tables of options. */
#define SUBMIT_OPTIONS										\
	{ "name", 0, "NAME", CTL_WORD_SCRIPT,							\
	  "name of the script; default: the file's, without .lua" },				\
	LIMITS_OPTIONS,										\
	{ "single", 0, NULL, CTL_WORD_NONE,							\
	  "one packet state for all CPUs, behind a lock: slower, one view" }

extern const struct ctl_option submit_options[];
int submit_prepare(struct ctl *ctl, struct source *source, struct nflua_source *request);
void submit_output(const char *output, size_t size);
int submit_finish(struct ctl *ctl, const struct source *source, int err,
		  struct nflua_script *script);

/* syntax.c */
bool syntax_available(void);
char *syntax_check(const char *name, const void *text, size_t size);

/* offline.c */

/**
 * struct offline_answer - what is known of a script without the kernel
 * @script: as the kernel would describe it, without output; or NULL
 * @output: what the body printed, or NULL
 * @output_size: bytes of @output
 * @error: why it would not load, or why that is not known; or NULL
 */
struct offline_answer {
	struct nflua_script *script;
	char *output;
	size_t output_size;
	char *error;
};

int offline_check(const struct nflua_source *request, struct offline_answer *answer);
void offline_clear(struct offline_answer *answer);

/* script.c */

/* What is written of a script: as much as the kernel's answer tells. */
enum script_detail {
	SCRIPT_ANSWER,	/* to a load: no rules, no counters */
	SCRIPT_BRIEF,	/* in a list: no last errors */
	SCRIPT_FULL,
};

void script_print(const struct nflua_script *script, enum script_detail detail);
void script_print_stub_rules(const struct nflua_script *script);
void script_print_entry(const struct nflua_entry *entry, enum script_detail detail);

#endif /* _NFLUACTL_H */
