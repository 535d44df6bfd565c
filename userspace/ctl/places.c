// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of iptables extensions: one object for each in iptables' directory,
 * all copies of the same, and the Lua file that it reads.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ctl.h"
#include "extension.h"
#include "extension_mark.h"

/* What iptables puts before an extension's name. */
static const char *const prefixes[] = { "libxt_", "libipt_", "libip6t_" };

static char *no_memory(void)
{
	ctl_error("no memory for a file's name");
	return NULL;
}

static char *join(const char *root, const char *directory, const char *prefix, const char *name,
		  const char *suffix)
{
	char *path;

	if (asprintf(&path, "%s%s/%s%s%s", root, directory, prefix, name, suffix) < 0)
		return no_memory();
	return path;
}

/* The first directory of a list; iptables itself looks into all. */
static char *first_of(const char *list)
{
	return strndup(list, strcspn(list, ":"));
}

/* What pkg-config knows of iptables' directory; NULL if it knows nothing */
static char *ask_pkg_config(void)
{
	FILE *pipe = popen("pkg-config --variable=xtlibdir xtables 2>/dev/null", "r");
	char line[512];
	char *found = NULL;

	if (!pipe)
		return NULL;
	if (fgets(line, sizeof(line), pipe) && *line == '/') {
		line[strcspn(line, "\n")] = 0;
		found = strdup(line);
	}
	if (pclose(pipe)) {
		free(found);
		return NULL;
	}
	return found;
}

static const char *from_environment(const char *name)
{
	const char *value = secure_getenv(name);

	return value && *value ? value : NULL;
}

/**
 * places_directory() - where the objects look for their Lua files
 */
const char *places_directory(void)
{
	const char *files = from_environment("NFLUA_EXTENSIONS");

	return files ? files : NFLUA_EXTENSIONS;
}

/*
 * What was asked for, and what iptables looks through when nothing else is said:
 * a name that is taken there is taken. NULL for no memory.
 */
static char *find_search(struct ctl *ctl)
{
	const char *given = ctl_value(ctl, "libdir");
	char *system = ask_pkg_config(), *search;

	if (!system)
		system = strdup(XTABLES_LIBDIR);
	if (!given)
		given = from_environment("XTABLES_LIBDIR");
	if (!given || !system)
		return system;
	if (asprintf(&search, "%s:%s", given, system) < 0)
		search = NULL;
	free(system);
	return search;
}

/**
 * places_find() - say where extensions are installed
 * @ctl: the run, with its options
 * @places: filled; to be freed with places_free() whatever is returned
 *
 * Return: %CTL_OK, or another exit code with everything said
 */
int places_find(struct ctl *ctl, struct places *places)
{
	const char *root = ctl_value(ctl, "destdir");
	const char *object = ctl_value(ctl, "object");

	memset(places, 0, sizeof(*places));
	if (!root)
		root = from_environment("DESTDIR");
	places->root = strdup(root ? root : "");
	places->search = find_search(ctl);
	places->objects = places->search ? first_of(places->search) : NULL;
	places->files = strdup(places_directory());
	places->object = strdup(object ? object : NFLUA_OBJECT);
	if (!places->root || !places->objects || !places->files || !places->object) {
		no_memory();
		return CTL_USAGE;
	}
	if (*places->objects != '/')
		return ctl_usage(ctl, "'%s' is no directory for iptables' objects: it must begin with a slash",
				 places->objects);
	return CTL_OK;
}

/**
 * places_free() - free what places_find() filled
 * @places: the places
 */
void places_free(struct places *places)
{
	free(places->root);
	free(places->search);
	free(places->objects);
	free(places->files);
	free(places->object);
}

/**
 * places_file() - where an extension's Lua file is
 * @places: the places
 * @name: of the extension
 *
 * Return: the path, to be freed; NULL with everything said
 */
char *places_file(const struct places *places, const char *name)
{
	return join(places->root, places->files, "", name, ".lua");
}

/**
 * places_object() - where an extension's object is
 * @places: the places
 * @name: of the extension
 *
 * Return: the path, to be freed; NULL with everything said
 */
char *places_object(const struct places *places, const char *name)
{
	return join(places->root, places->objects, "libxt_", name, ".so");
}

/**
 * places_read() - read a file whole
 * @path: the file
 * @size: gets its size
 *
 * Return: the bytes, to be freed; NULL with errno
 */
char *places_read(const char *path, size_t *size)
{
	struct stat st;
	char *bytes = NULL;
	ssize_t got = 0;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	*size = 0;
	if (!fstat(fd, &st))
		bytes = malloc(st.st_size + 1);
	while (bytes && *size < (size_t)st.st_size) {
		got = read(fd, bytes + *size, st.st_size - *size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		*size += got;
	}
	close(fd);
	if (got < 0) {
		free(bytes);
		return NULL;
	}
	return bytes;
}

static bool is_object(const char *bytes, size_t size)
{
	return memmem(bytes, size, EXTENSION_MARK, strlen(EXTENSION_MARK));
}

static enum owner owner_of(const struct places *places, const char *path)
{
	enum owner owner = OWNER_OTHER;
	char *bytes, *ours;
	size_t size, our_size;

	bytes = places_read(path, &size);
	if (!bytes)
		return errno == ENOENT ? OWNER_NONE : OWNER_OTHER;
	if (is_object(bytes, size)) {
		ours = places_read(places->object, &our_size);
		owner = ours && our_size == size && !memcmp(ours, bytes, size) ? OWNER_US :
										 OWNER_OLD;
		free(ours);
	}
	free(bytes);
	return owner;
}

/**
 * places_owner() - whose the object of a name is
 * @places: the places
 * @name: of the extension
 *
 * Return: the owner; without memory, another's
 */
enum owner places_owner(const struct places *places, const char *name)
{
	char *path = places_object(places, name);
	enum owner owner = path ? owner_of(places, path) : OWNER_OTHER;

	free(path);
	return owner;
}

/* The name of the extension that an alias of a module is for; NULL if it is for none */
static const char *extension_of_alias(const char *alias)
{
	return !strncmp(alias, "ipt_", 4) ? alias + 4 : !strncmp(alias, "ip6t_", 5) ? alias + 5 :
	       NULL;
}

static bool is_alias(const char *alias, const char *name)
{
	const char *what = extension_of_alias(alias);

	return what && !strcmp(what, name);
}

/* A module that is loaded when a rule has this name; to be freed */
static char *find_module(const char *directory, const char *name)
{
	char *path = join("", directory, "", "modules", ".alias"), *found = NULL;
	char line[512], alias[256], module[256];
	FILE *file = path ? fopen(path, "re") : NULL;

	while (file && !found && fgets(line, sizeof(line), file))
		if (sscanf(line, "alias %255s %255s", alias, module) == 2 &&
		    is_alias(alias, name) && strcmp(module, "nflua"))
			found = strdup(module);
	if (file)
		fclose(file);
	free(path);
	return found;
}

/* The same of what is built in, in a file of strings like "xt_mark.alias=ipt_mark" */
static char *find_built_in(const char *directory, const char *name)
{
	char *path = join("", directory, "", "modules", ".builtin.modinfo"), *found = NULL;
	const char *at, *alias;
	size_t size;
	char *bytes = path ? places_read(path, &size) : NULL;

	if (bytes)
		bytes[size] = 0;
	for (at = bytes; bytes && !found && at < bytes + size; at += strlen(at) + 1) {
		alias = strstr(at, ".alias=");
		if (alias && is_alias(alias + strlen(".alias="), name))
			found = strndup(at, alias - at);
	}
	free(bytes);
	free(path);
	return found;
}

/* Does the kernel itself serve rules of this name? */
static char *kernel_clash(const char *name)
{
	char directory[128], *module, *why;
	struct utsname system;

	if (uname(&system))
		return NULL;
	snprintf(directory, sizeof(directory), "/lib/modules/%s", system.release);
	module = find_module(directory, name);
	if (!module)
		module = find_built_in(directory, name);
	if (!module || asprintf(&why, "the kernel's module %s has an extension of this name",
				module) < 0)
		why = NULL;
	free(module);
	return why;
}

/* Does an extension of iptables' in @directory have this name? */
static char *object_clash(const struct places *places, const char *directory, const char *name)
{
	char *path, *why = NULL;
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]) && !why; i++) {
		path = join(places->root, directory, prefixes[i], name, ".so");
		if (path && owner_of(places, path) == OWNER_OTHER &&
		    asprintf(&why, "%s is an extension of this name that is not nflua's", path) < 0)
			why = NULL;
		free(path);
	}
	return why;
}

/**
 * places_clash() - who has the name of an extension already
 * @places: the places
 * @name: of the extension
 *
 * Return: a sentence, to be freed; NULL if it is free, or ours
 */
char *places_clash(const struct places *places, const char *name)
{
	static const char *const words[] = { "ACCEPT", "DROP", "QUEUE", "RETURN" };
	char *rest = places->search, *directory, *why = NULL;
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i], name))
			return strdup("iptables has a word of this name for what becomes of a packet");
	while (*rest && !why) {
		directory = first_of(rest);
		if (directory)
			why = object_clash(places, directory, name);
		free(directory);
		rest += strcspn(rest, ":");
		rest += *rest == ':';
	}
	/* Another system than this has another kernel. */
	if (!why && !*places->root)
		why = kernel_clash(name);
	return why;
}

static int make_directories(char *path)
{
	char *slash;

	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(path, 0755) && errno != EEXIST) {
			ctl_error("cannot make the directory %s: %s", path, strerror(errno));
			*slash = '/';
			return CTL_USAGE;
		}
		*slash = '/';
	}
	return CTL_OK;
}

/**
 * struct pending - a file that is put in its place with others, or not at all
 * @path: its place
 * @temporary: where it is; NULL for nowhere, or when it is in its place
 * @before: where what was in its place is kept meanwhile; NULL if nothing was
 * @placed: it is in its place
 */
struct pending {
	char *path;
	char *temporary;
	char *before;
	bool placed;
};

static int pending_fail(const struct pending *file, int err)
{
	ctl_error("cannot write %s: %s", file->path, strerror(err));
	return CTL_USAGE;
}

static int write_all(int fd, const char *bytes, size_t size)
{
	ssize_t put;

	while (size) {
		put = write(fd, bytes, size);
		if (put < 0 && errno != EINTR)
			return errno;
		if (put > 0) {
			bytes += put;
			size -= put;
		}
	}
	return fchmod(fd, 0644) || fsync(fd) ? errno : 0;
}

/* Who reads the path meanwhile sees what was there or what comes, whole. */
static int pending_write(struct pending *file, const void *bytes, size_t size)
{
	int fd, err;

	if (!file->path || make_directories(file->path))
		return CTL_USAGE;
	if (asprintf(&file->temporary, "%s.XXXXXX", file->path) < 0) {
		file->temporary = NULL;
		no_memory();
		return CTL_USAGE;
	}
	fd = mkostemp(file->temporary, O_CLOEXEC);
	if (fd < 0) {
		err = errno;
		free(file->temporary);
		file->temporary = NULL;
		return pending_fail(file, err);
	}
	err = write_all(fd, bytes, size);
	if (close(fd) && !err)
		err = errno;
	return err ? pending_fail(file, err) : CTL_OK;
}

static int pending_place(struct pending *file)
{
	if (asprintf(&file->before, "%s.old", file->temporary) < 0) {
		file->before = NULL;
		no_memory();
		return CTL_USAGE;
	}
	/* Some file systems have no links, and the kernel refuses one to another's file. */
	if (link(file->path, file->before) &&
	    (errno == ENOENT || rename(file->path, file->before))) {
		if (errno != ENOENT)
			return pending_fail(file, errno);
		free(file->before);
		file->before = NULL;
	}
	if (rename(file->temporary, file->path))
		return pending_fail(file, errno);
	file->placed = true;
	free(file->temporary);
	file->temporary = NULL;
	return CTL_OK;
}

/* @keep: it stays in its place; else that is as it was */
static void pending_end(struct pending *file, bool keep)
{
	if (!keep && file->before)
		rename(file->before, file->path);
	else if (!keep && file->placed)
		unlink(file->path);
	/* Of two links to one file, rename() leaves both. */
	if (file->before)
		unlink(file->before);
	if (file->temporary)
		unlink(file->temporary);
	free(file->before);
	free(file->temporary);
	free(file->path);
}

/* The object that is copied; NULL with everything said */
static char *read_object(const struct places *places, size_t *size)
{
	char *bytes = places_read(places->object, size);

	if (!bytes) {
		ctl_error("cannot read the object that iptables loads, %s: %s", places->object,
			  strerror(errno));
		ctl_hint("'make install' puts it there; --object names another");
	} else if (!is_object(bytes, *size)) {
		ctl_error("%s is not the object that iptables loads for extensions in Lua",
			  places->object);
		free(bytes);
		bytes = NULL;
	}
	return bytes;
}

/**
 * places_install() - put extensions' files in place, or new ones
 * @places: the places
 * @names: of the extensions
 * @n: number of @names
 * @text: their Lua file
 * @size: bytes of @text
 *
 * Nothing is put in place before everything is written, and nothing stays there if
 * not everything can be.
 *
 * Return: %CTL_OK, or another exit code with everything said
 */
int places_install(const struct places *places, const char *const *names, size_t n,
		   const void *text, size_t size)
{
	struct pending *files = calloc(2 * n, sizeof(*files));
	size_t object_size, i;
	char *bytes;
	int err;

	if (!files) {
		no_memory();
		return CTL_USAGE;
	}
	bytes = read_object(places, &object_size);
	err = bytes ? CTL_OK : CTL_USAGE;
	for (i = 0; i < n && !err; i++) {
		files[2 * i].path = places_file(places, names[i]);
		files[2 * i + 1].path = places_object(places, names[i]);
		err = pending_write(&files[2 * i], text, size);
		if (!err)
			err = pending_write(&files[2 * i + 1], bytes, object_size);
	}
	for (i = 0; i < 2 * n && !err; i++)
		err = pending_place(&files[i]);
	for (i = 0; i < 2 * n; i++)
		pending_end(&files[i], !err);
	free(bytes);
	free(files);
	return err;
}

static int remove_file(const char *path)
{
	if (!unlink(path) || errno == ENOENT)
		return CTL_OK;
	ctl_error("cannot remove %s: %s", path, strerror(errno));
	return CTL_USAGE;
}

/**
 * places_remove() - take an extension's files away
 * @places: the places
 * @name: of the extension, whose object is ours or gone
 *
 * Return: %CTL_OK, or another exit code with everything said
 */
int places_remove(const struct places *places, const char *name)
{
	char *file = places_file(places, name), *object = places_object(places, name);
	int err = CTL_USAGE;

	if (file && object)
		err = remove_file(object);
	if (!err)
		err = remove_file(file);
	free(object);
	free(file);
	return err;
}

static int is_lua(const struct dirent *entry)
{
	const size_t len = strlen(entry->d_name);

	return len > 4 && *entry->d_name != '.' && !strcmp(entry->d_name + len - 4, ".lua");
}

/**
 * places_each() - visit the installed extensions in the order of their names
 * @places: the places
 * @each: called with each name; not 0 ends the visit
 * @data: for @each
 *
 * Return: what @each returned last, %CTL_USAGE with everything said
 */
int places_each(const struct places *places, int (*each)(const char *name, void *data),
		void *data)
{
	char *directory = join(places->root, places->files, "", "", "");
	struct dirent **entries;
	int i, n, err = CTL_OK;

	if (!directory)
		return CTL_USAGE;
	n = scandir(directory, &entries, is_lua, alphasort);
	if (n < 0 && errno != ENOENT) {
		ctl_error("cannot read the directory %s: %s", directory, strerror(errno));
		err = CTL_USAGE;
	}
	free(directory);
	if (n < 0)
		return err;
	for (i = 0; i < n; i++) {
		entries[i]->d_name[strlen(entries[i]->d_name) - 4] = 0;
		if (!err)
			err = each(entries[i]->d_name, data);
		free(entries[i]);
	}
	free(entries);
	return err;
}
