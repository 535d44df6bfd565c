// SPDX-License-Identifier: GPL-2.0-only
/* nfluactl completion: a shell's completion, written from the table. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"

/*
 * What a word of each sort completes to, in bash; $ns is "-n NETNS" or empty.
 * A press of a key is no reason to load the module.
 */
#define BASH_SCRIPTS										\
	"COMPREPLY=($(compgen -W \"$([[ -e /sys/module/nflua ]] && nfluactl \"${ns[@]}\" list 2>/dev/null | awk 'NR > 1 { print $1 }')\" -- \"$cur\"))"

static const char *const bash_words[] = {
	[CTL_WORD_NONE] = "",
	[CTL_WORD_FILE] = "compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\"))",
	[CTL_WORD_SCRIPT] = BASH_SCRIPTS,
	[CTL_WORD_NETNS] = "COMPREPLY=($(compgen -W \"$(ls /run/netns 2>/dev/null)\" -- \"$cur\"))",
	[CTL_WORD_COMMAND] = "COMPREPLY=($(compgen -W \"$commands\" -- \"$cur\"))",
	[CTL_WORD_GROUP] = "COMPREPLY=($(compgen -W 'events log errors' -- \"$cur\"))",
	[CTL_WORD_TIMING] = "if [[ $prev == timing ]]; then " BASH_SCRIPTS "; else "
			    "COMPREPLY=($(compgen -W 'on off reset' -- \"$cur\")); fi",
	[CTL_WORD_SCRIPT_FILE] = "compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\") $(compgen -W \"$([[ -e /sys/module/nflua ]] && nfluactl \"${ns[@]}\" list 2>/dev/null | awk 'NR > 1 { print $1 }')\" -- \"$cur\"))",
	[CTL_WORD_HOOK] = "COMPREPLY=($(compgen -W 'prerouting input forward output postrouting' -- \"$cur\"))",
	[CTL_WORD_DEVICE] = "COMPREPLY=($(compgen -W \"$(ls /sys/class/net)\" -- \"$cur\"))",
	[CTL_WORD_ROLE] = "COMPREPLY=($(compgen -W 'match target' -- \"$cur\"))",
	[CTL_WORD_MAP] = "case $prev in map) COMPREPLY=($(compgen -W 'list show get set delete' -- \"$cur\")) ;; show|get|set|delete) COMPREPLY=($(compgen -W \"$([[ -e /sys/module/nflua ]] && nfluactl \"${ns[@]}\" map list 2>/dev/null | awk 'NR > 1 { print $1 }')\" -- \"$cur\")) ;; esac",
	[CTL_WORD_EXTENSION] = "case $prev in extension) COMPREPLY=($(compgen -W 'install remove list show' -- \"$cur\")) ;; "
			       "install|show|remove) compopt -o filenames; COMPREPLY=($(compgen -W \"$(nfluactl extension list 2>/dev/null | awk 'NR > 1 { print $1 }')\" -- \"$cur\")); "
			       "COMPREPLY+=($(compgen -f -- \"$cur\")) ;; esac",
	[CTL_WORD_DIRECTORY] = "compopt -o filenames; COMPREPLY=($(compgen -d -- \"$cur\"))",
	[CTL_WORD_SHELL] = "COMPREPLY=($(compgen -W bash -- \"$cur\"))",
};

static void bash_option_words(const struct ctl_option *options)
{
	for (; options && options->name; options++) {
		printf(" --%s", options->name);
		if (options->letter)
			printf(" -%c", options->letter);
	}
}

/* Patterns of those options that take an argument, to skip or complete it. */
static void bash_argument_cases(const struct ctl_option *options, const char *indent)
{
	for (; options && options->name; options++) {
		if (!options->arg)
			continue;
		printf("%s--%s", indent, options->name);
		if (options->letter)
			printf("|-%c", options->letter);
		printf(") %s; return ;;\n",
		       *bash_words[options->word] ? bash_words[options->word] : ":");
	}
}

/* The options of all commands that take an argument, each once. */
static void bash_argument_pattern(void)
{
	const struct ctl_option *option, *seen[64];
	size_t i, j, count = 0;

	printf("--netns|-n");
	for (i = 0; i < ctl_command_count(); i++) {
		option = ctl_command_at(i)->options;
		for (; option && option->name; option++) {
			if (!option->arg || count == sizeof(seen) / sizeof(seen[0]))
				continue;
			for (j = 0; j < count && strcmp(seen[j]->name, option->name); j++)
				;
			if (j < count)
				continue;
			seen[count++] = option;
			printf("|--%s", option->name);
		}
	}
}

static void bash(void)
{
	const struct ctl_command *command;
	size_t i;

	printf("# bash completion for nfluactl; 'nfluactl completion bash' wrote it\n"
	       "_nfluactl() {\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	       "\tlocal command= commands='");
	for (i = 0; i < ctl_command_count(); i++)
		printf("%s%s", i ? " " : "", ctl_command_at(i)->name);
	printf("' global='");
	bash_option_words(ctl_global_options);
	printf("' i\n"
	       "\tlocal -a ns=()\n"
	       "\tCOMPREPLY=()\n"
	       "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	       "\t\tcase ${COMP_WORDS[i]} in\n"
	       "\t\t-n|--netns) ns=(-n \"${COMP_WORDS[i+1]}\"); ((i++)) ;;\n"
	       "\t\t");
	bash_argument_pattern();
	printf(") ((i++)) ;;\n"
	       "\t\t-*) ;;\n"
	       "\t\t*) [[ $command ]] || command=${COMP_WORDS[i]} ;;\n"
	       "\t\tesac\n"
	       "\tdone\n"
	       "\tcase $prev in\n");
	bash_argument_cases(ctl_global_options, "\t");
	printf("\tesac\n"
	       "\tcase $command in\n"
	       "\t'')\n"
	       "\t\tif [[ $cur == -* ]]; then\n"
	       "\t\t\tCOMPREPLY=($(compgen -W \"$global\" -- \"$cur\"))\n"
	       "\t\telse\n"
	       "\t\t\tCOMPREPLY=($(compgen -W \"$commands\" -- \"$cur\"))\n"
	       "\t\tfi ;;\n");
	for (i = 0; i < ctl_command_count(); i++) {
		command = ctl_command_at(i);
		printf("\t%s)\n\t\tcase $prev in\n", command->name);
		bash_argument_cases(command->options, "\t\t");
		printf("\t\tesac\n"
		       "\t\tif [[ $cur == -* ]]; then\n"
		       "\t\t\tCOMPREPLY=($(compgen -W \"$global");
		bash_option_words(command->options);
		printf("\" -- \"$cur\"))\n");
		if (*bash_words[command->word])
			printf("\t\telse\n\t\t\t%s\n", bash_words[command->word]);
		printf("\t\tfi ;;\n");
	}
	printf("\tesac\n"
	       "}\n"
	       "complete -F _nfluactl nfluactl\n");
}

static int run(struct ctl *ctl)
{
	if (strcmp(ctl->operands[0], "bash"))
		return ctl_usage(ctl, "there is no completion for '%s', only for bash",
				 ctl->operands[0]);
	bash();
	return CTL_OK;
}

static const struct ctl_command completion = {
	.name = "completion",
	.operands = "bash",
	.word = CTL_WORD_SHELL,
	.min = 1,
	.max = 1,
	.help = "write the shell's completion for this program",
	.details = "To use it at once: . <(nfluactl completion bash)",
	.run = run,
};
CTL_COMMAND(completion);
