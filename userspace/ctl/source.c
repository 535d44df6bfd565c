// SPDX-License-Identifier: GPL-2.0-only
/* Reading a script's source, whole, and naming it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "print.h"

/* First size of the buffer when nothing says how much will come. */
#define FIRST_SIZE	(64 * 1024)

static int too_large(const char *file, uint64_t size, const char *more)
{
	char is[32], may[32];

	text_bytes(is, sizeof(is), size);
	text_bytes(may, sizeof(may), NFLUA_SOURCE_MAX);
	ctl_error("%s has %s%" PRIu64 " bytes (%s), and a script may have at most %d (%s)",
		  file, more, size, is, NFLUA_SOURCE_MAX, may);
	return CTL_USAGE;
}

static int open_source(const char *file)
{
	struct stat st;
	int fd, err;

	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err = errno;
		if (err == ENOENT)
			ctl_error("there is no file '%s'", file);
		else if (err == EACCES)
			ctl_error("'%s' may not be read: permission denied", file);
		else
			ctl_error("cannot open '%s': %s", file, strerror(err));
		return -1;
	}
	if (!fstat(fd, &st)) {
		if (S_ISDIR(st.st_mode)) {
			ctl_error("'%s' is a directory, not a file with a script", file);
			close(fd);
			return -1;
		}
		if (S_ISREG(st.st_mode) && st.st_size > NFLUA_SOURCE_MAX) {
			too_large(file, st.st_size, "");
			close(fd);
			return -1;
		}
	}
	return fd;
}

/* One byte more than allowed is asked for, to tell the limit from more. */
static int read_all(int fd, struct source *source)
{
	size_t room = 0;
	char *text;
	ssize_t got;

	do {
		if (room - source->size < 2) {
			room = room ? room * 2 : FIRST_SIZE;
			if (room > NFLUA_SOURCE_MAX + 2)
				room = NFLUA_SOURCE_MAX + 2;
			text = realloc(source->text, room);
			if (!text) {
				ctl_error("no memory for the source");
				return CTL_USAGE;
			}
			source->text = text;
		}
		got = read(fd, source->text + source->size, room - source->size - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			ctl_error("cannot read '%s': %s", source->file, strerror(errno));
			return CTL_USAGE;
		}
		source->size += got;
		if (source->size > NFLUA_SOURCE_MAX)
			return too_large(source->file, NFLUA_SOURCE_MAX, "more than ");
	} while (got);
	source->text[source->size] = 0;
	return CTL_OK;
}

static int name_source(struct ctl *ctl, struct source *source)
{
	const char *given = ctl_value(ctl, "name");
	const char *base;
	char *name;

	if (given) {
		if (!nflua_name_valid(given))
			return ctl_usage(ctl, "'%s' is no name for a script: 1 to %d letters, digits, dots, dashes and underscores are",
					 given, NFLUA_NAME_SIZE - 1);
		strcpy(source->name, given);
		return CTL_OK;
	}
	base = strrchr(source->file, '/');
	name = strdup(base ? base + 1 : source->file);
	if (!name) {
		ctl_error("no memory for a name");
		return CTL_USAGE;
	}
	if (strlen(name) > 4 && !strcmp(name + strlen(name) - 4, ".lua"))
		name[strlen(name) - 4] = 0;
	if (!nflua_name_valid(name)) {
		ctl_usage(ctl, "the file's name makes '%s', which is no name for a script: give one with --name",
			  name);
		free(name);
		return CTL_USAGE;
	}
	strcpy(source->name, name);
	free(name);
	return CTL_OK;
}

static int read_source(struct source *source, const char *file)
{
	int fd = STDIN_FILENO, err;

	if (strcmp(file, "-")) {
		fd = open_source(file);
		if (fd < 0)
			return CTL_USAGE;
	}
	err = read_all(fd, source);
	if (fd != STDIN_FILENO)
		close(fd);
	return err;
}

/**
 * source_read() - read the script that the command's operand names
 * @ctl: the run; option "name" is used
 * @source: where it goes; to be freed with source_free() whatever is returned
 *
 * Return: %CTL_OK, or another exit code with everything said
 */
int source_read(struct ctl *ctl, struct source *source)
{
	const char *file = ctl->operands[0];
	int err;

	memset(source, 0, sizeof(*source));
	source->file = strcmp(file, "-") ? file : "stdin";
	err = name_source(ctl, source);
	return err ? err : read_source(source, file);
}

/**
 * source_read_file() - read a file that is not named on the kernel's behalf
 * @source: where it goes; to be freed with source_free() whatever is returned
 * @file: the file, or "-"
 * @name: what Lua's messages call it
 *
 * Return: %CTL_OK, or another exit code with everything said
 */
int source_read_file(struct source *source, const char *file, const char *name)
{
	memset(source, 0, sizeof(*source));
	source->file = strcmp(file, "-") ? file : "stdin";
	snprintf(source->name, sizeof(source->name), "%s", name);
	return read_source(source, file);
}

/**
 * source_chunk() - take a chunk from the command line or standard input
 * @source: where it goes; to be freed with source_free() whatever is returned
 * @operand: the chunk, or "-"
 *
 * Return: %CTL_OK, or another exit code with everything said
 */
int source_chunk(struct source *source, const char *operand)
{
	memset(source, 0, sizeof(*source));
	source->file = "eval";
	snprintf(source->name, sizeof(source->name), "eval");
	if (!strcmp(operand, "-"))
		return read_all(STDIN_FILENO, source);
	source->text = strdup(operand);
	source->size = strlen(operand);
	return source->text ? CTL_OK : CTL_USAGE;
}

/**
 * source_free() - free a script's text
 * @source: the script
 */
void source_free(struct source *source)
{
	free(source->text);
}
