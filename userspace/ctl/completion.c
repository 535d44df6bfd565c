// SPDX-License-Identifier: GPL-2.0-only
/* nfluactl completion: a shell's completion, written from the table. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"

/*
 * Takes what begins as the word does; nothing is expanded, as compgen -W would: names
 * of devices and namespaces are not ours to trust.
 */
static const char bash_functions[] =
"# the lines of standard input\n"
"_nfluactl_lines() {\n"
"\tlocal line\n"
"\twhile IFS= read -r line; do\n"
"\t\t[[ $line != \"$cur\"* ]] || COMPREPLY+=(\"$(printf %q \"$line\")\")\n"
"\tdone\n"
"}\n"
"_nfluactl_words() { _nfluactl_lines < <(printf '%s\\n' \"$@\"); }\n"
"# -f: files, -d: directories\n"
"_nfluactl_files() {\n"
"\tlocal -a found\n"
"\tcompopt -o filenames\n"
"\tmapfile -t found < <(compgen \"$1\" -- \"$cur\")\n"
"\tCOMPREPLY+=(\"${found[@]}\")\n"
"}\n"
"# names in a list that nfluactl prints; a press of a key does not load the module\n"
"_nfluactl_names() {\n"
"\t[[ $1 == extension || -e /sys/module/nflua ]] || return\n"
"\t_nfluactl_lines < <(nfluactl \"${ns[@]}\" \"$@\" 2>/dev/null | awk 'NR > 1 { print $1 }')\n"
"}\n";

/*
 * What a word of each sort completes to, in bash; $ns is "-n NETNS" or empty, and
 * $operands the command and what is behind it.
 */
static const char *const bash_words[] = {
	[CTL_WORD_NONE] = "",
	[CTL_WORD_FILE] = "_nfluactl_files -f",
	[CTL_WORD_SCRIPT] = "_nfluactl_names list",
	[CTL_WORD_NETNS] = "_nfluactl_lines < <(ls /run/netns 2>/dev/null)",
	[CTL_WORD_COMMAND] = "_nfluactl_words $commands",
	[CTL_WORD_GROUP] = "_nfluactl_words events log errors",
	[CTL_WORD_TIMING] = "case ${#operands[@]} in 1) _nfluactl_names list ;; "
			    "2) _nfluactl_words on off reset ;; esac",
	[CTL_WORD_SCRIPT_FILE] = "_nfluactl_files -f; _nfluactl_names list",
	[CTL_WORD_HOOK] = "_nfluactl_words prerouting input forward output postrouting",
	[CTL_WORD_FAMILY] = "_nfluactl_words ipv4 ipv6 inet arp bridge netdev",
	[CTL_WORD_DEVICE] = "_nfluactl_lines < <(ls /sys/class/net)",
	[CTL_WORD_ROLE] = "_nfluactl_words match target",
	[CTL_WORD_MAP] = "case ${#operands[@]},${operands[1]-} in "
			 "1,) _nfluactl_words list show get set delete ;; "
			 "2,show|2,get|2,set|2,delete) _nfluactl_names map list ;; esac",
	[CTL_WORD_EXTENSION] = "case ${#operands[@]},${operands[1]-} in "
			       "1,) _nfluactl_words install remove list show ;; "
			       "2,install) _nfluactl_files -f ;; "
			       "2,show|2,remove) _nfluactl_files -f; _nfluactl_names extension list ;; esac",
	[CTL_WORD_DIRECTORY] = "_nfluactl_files -d",
	[CTL_WORD_SHELL] = "_nfluactl_words bash",
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

/* By command, the options that take an argument: an option of one may take none in another. */
static void bash_argument_options(void)
{
	const struct ctl_command *command;
	const struct ctl_option *option;
	bool any;
	size_t i;

	for (i = 0; i < ctl_command_count(); i++) {
		command = ctl_command_at(i);
		any = false;
		for (option = command->options; option && option->name; option++) {
			if (!option->arg)
				continue;
			if (any)
				printf(" --%s", option->name);
			else
				printf("\t\t\t%s) args=' --%s", command->name, option->name);
			any = true;
		}
		if (any)
			printf(" ' ;;\n");
	}
}

static void bash(void)
{
	const struct ctl_command *command;
	size_t i;

	printf("# bash completion for nfluactl; 'nfluactl completion bash' wrote it\n"
	       "%s"
	       "_nfluactl() {\n"
	       "\tlocal cur prev word i args='' commands='", bash_functions);
	for (i = 0; i < ctl_command_count(); i++)
		printf("%s%s", i ? " " : "", ctl_command_at(i)->name);
	printf("' global='");
	bash_option_words(ctl_global_options);
	printf("'\n"
	       "\tlocal -a ns=() words=() operands=()\n"
	       "\tCOMPREPLY=()\n"
	       "\t# bash makes three words of --option=value\n"
	       "\tfor word in \"${COMP_WORDS[@]:0:COMP_CWORD+1}\"; do\n"
	       "\t\t[[ $word == = ]] || words+=(\"$word\")\n"
	       "\tdone\n"
	       "\t[[ $word != = ]] || words+=('')\n"
	       "\tcur=${words[-1]} prev=${words[-2]}\n"
	       "\tfor ((i = 1; i < ${#words[@]} - 1; i++)); do\n"
	       "\t\tcase ${words[i]} in\n"
	       "\t\t-n|--netns) ns=(-n \"${words[i+1]}\"); ((i++)) ;;\n"
	       "\t\t-*) [[ $args != *\" ${words[i]} \"* ]] || ((i++)) ;;\n"
	       "\t\t*)\n"
	       "\t\t\toperands+=(\"${words[i]}\")\n"
	       "\t\t\t[[ ${#operands[@]} == 1 ]] || continue\n"
	       "\t\t\tcase ${words[i]} in\n");
	bash_argument_options();
	printf("\t\t\tesac ;;\n"
	       "\t\tesac\n"
	       "\tdone\n"
	       "\tcase $prev in\n");
	bash_argument_cases(ctl_global_options, "\t");
	printf("\tesac\n"
	       "\tcase ${operands[0]-} in\n"
	       "\t'')\n"
	       "\t\tif [[ $cur == -* ]]; then\n"
	       "\t\t\t_nfluactl_words $global\n"
	       "\t\telse\n"
	       "\t\t\t_nfluactl_words $commands\n"
	       "\t\tfi ;;\n");
	for (i = 0; i < ctl_command_count(); i++) {
		command = ctl_command_at(i);
		printf("\t%s)\n\t\tcase $prev in\n", command->name);
		bash_argument_cases(command->options, "\t\t");
		printf("\t\tesac\n"
		       "\t\tif [[ $cur == -* ]]; then\n"
		       "\t\t\t_nfluactl_words $global");
		bash_option_words(command->options);
		printf("\n");
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
