// SPDX-License-Identifier: GPL-2.0-only
/* nfluactl help: everything it says comes from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static void print_options(const struct ctl_option *options)
{
	char left[64];

	for (; options->name; options++) {
		snprintf(left, sizeof(left), "%s%c%s--%s%s%s", options->letter ? "-" : " ",
			 options->letter ? options->letter : ' ', options->letter ? ", " : "  ",
			 options->name, options->arg ? " " : "", options->arg ? options->arg : "");
		printf("  %-22s %s\n", left, options->help);
	}
}

/**
 * ctl_help() - explain the program
 */
void ctl_help(void)
{
	const struct ctl_command *command;
	char left[64];
	size_t i;

	printf("nfluactl loads Lua packet filters into the kernel and shows what they do.\n\n"
	       "usage: nfluactl [OPTION]... COMMAND [ARGUMENT]...\n\ncommands:\n");
	for (i = 0; i < ctl_command_count(); i++) {
		command = ctl_command_at(i);
		snprintf(left, sizeof(left), "%s %s", command->name, command->operands);
		printf("  %-22s %s\n", left, command->help);
	}
	printf("\noptions of every command:\n");
	print_options(ctl_global_options);
	printf("\nexit status: 0 done, 1 wrong usage or an unreadable file, 2 refused,\n"
	       "3 the kernel module is not there\n\n"
	       "'nfluactl help COMMAND' says more; so does nfluactl(8), and nflua(7) on scripts.\n");
}

/**
 * ctl_help_command() - explain a command
 * @command: the command
 */
void ctl_help_command(const struct ctl_command *command)
{
	printf("usage: nfluactl %s%s%s%s\n\n%s\n", command->name,
	       command->options ? " [OPTION]..." : "", *command->operands ? " " : "",
	       command->operands, command->help);
	if (command->details)
		printf("\n%s\n", command->details);
	if (command->options) {
		printf("\noptions:\n");
		print_options(command->options);
	}
	printf("\noptions of every command:\n");
	print_options(ctl_global_options);
}

static int run(struct ctl *ctl)
{
	const struct ctl_command *command;
	const char *near;

	if (!ctl->noperands) {
		ctl_help();
		return CTL_OK;
	}
	command = ctl_command_find(ctl->operands[0]);
	if (!command) {
		near = ctl_command_near(ctl->operands[0]);
		return ctl_usage(ctl, "there is no command '%s'%s%s%s", ctl->operands[0],
				 near ? "; did you mean '" : "", near ? near : "",
				 near ? "'?" : "");
	}
	ctl_help_command(command);
	return CTL_OK;
}

static const struct ctl_command help = {
	.name = "help",
	.operands = "[COMMAND]",
	.word = CTL_WORD_COMMAND,
	.max = 1,
	.help = "explain the program, or a command",
	.run = run,
};
CTL_COMMAND(help);
