// SPDX-License-Identifier: GPL-2.0-only
/* nfluactl: load Lua packet filters into the kernel, and show what they do. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "print.h"

/* Else the next file that is opened would be standard output, or what it may be. */
static void open_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	static char lines[BUFSIZ];
	struct ctl ctl = {};
	int code, err;

	open_standard();
	/* So that a complaint is not torn apart by another program's. */
	setvbuf(stderr, lines, _IOLBF, sizeof(lines));
	/* A reader that goes away ends us with an exit code, not a signal. */
	signal(SIGPIPE, SIG_IGN);
	code = ctl_parse(&ctl, argc, argv);
	if (code < 0) {
		out_begin(ctl.json, ctl.pretty);
		code = ctl.command->run(&ctl);
		nflua_close(ctl.nl);
	}
	err = out_end();
	if (err) {
		ctl_error("cannot write to standard output: %s", strerror(-err));
		return code ? code : CTL_USAGE;
	}
	return code;
}
