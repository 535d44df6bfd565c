// SPDX-License-Identifier: GPL-2.0-only
/* nfluactl version: which program, which protocol, which module. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "print.h"

#ifndef NFLUA_VERSION
#error "the Makefile defines NFLUA_VERSION"
#endif

/* One line of a file in sysfs; false if there is none. */
static bool read_line(const char *path, char *buf, size_t size)
{
	FILE *file = fopen(path, "re");
	bool good;

	if (!file)
		return false;
	good = fgets(buf, size, file) != NULL;
	fclose(file);
	if (good)
		buf[strcspn(buf, "\n")] = 0;
	return good;
}

static void print_module(void)
{
	char version[64], source[64];

	out_object("module");
	if (!read_line("/sys/module/nflua/initstate", source, sizeof(source))) {
		out_bool("loaded", NULL, false);
		out_text(", module not loaded");
	} else {
		out_bool("loaded", NULL, true);
		if (!read_line("/sys/module/nflua/version", version, sizeof(version)))
			strcpy(version, "unknown");
		out_string("version", ", module %s", version);
		if (read_line("/sys/module/nflua/srcversion", source, sizeof(source)))
			out_string("srcversion", " (%s)", source);
	}
	out_object_end();
}

/**
 * ctl_version() - show versions
 *
 * Does not make the kernel load the module.
 */
void ctl_version(void)
{
	out_array(NULL);
	out_object(NULL);
	out_string("nfluactl", "nfluactl %s", NFLUA_VERSION);
	out_uint("protocol", ", protocol %s", NFLUA_GENL_VERSION);
	out_bool("compiler", NULL, syntax_available());
	print_module();
	out_text("\n");
	out_object_end();
	out_array_end();
}

static int run(struct ctl *ctl)
{
	(void)ctl;
	ctl_version();
	return CTL_OK;
}

static const struct ctl_command version = {
	.name = "version",
	.operands = "",
	.help = "show versions of the program and the module",
	.run = run,
};
CTL_COMMAND(version);
