// SPDX-License-Identifier: GPL-2.0-only
/*
 * nfluactl extension: makes iptables know what a Lua file declares. Nothing here
 * asks the kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "extension.h"
#include "print.h"

#ifdef HAVE_LUA
#include "declaration.h"
#include "host.h"

/**
 * extension_close() - free what extension_read() or extension_read_file() made
 * @file: the file
 */
void extension_close(struct declared *file)
{
	if (file->L)
		host_close(file->L);
	declared_clear(file);
	memset(file, 0, sizeof(*file));
}

/**
 * extension_run() - read what a text declares
 * @file: filled; to be closed with extension_close() whatever is returned
 * @path: what messages call it
 * @text: the bytes, with a NUL behind the last
 * @size: number of bytes, without that NUL
 * @directory: where it may require files
 *
 * Return: whether it runs; if not, the file's error says why
 */
bool extension_run(struct declared *file, const char *path, const char *text, size_t size,
		   const char *directory)
{
	memset(file, 0, sizeof(*file));
	file->L = host_newstate();
	if (!file->L)
		return declared_fail(file, "no memory");
	host_limit_time(file->L, BODY_SECONDS);
	return declared_run(file, path, text, size, directory);
}

/**
 * extension_read() - read an installed extension
 * @places: where they are
 * @name: its name
 * @file: filled; to be closed with extension_close() whatever is returned
 *
 * Return: NULL, or a sentence that says what is wrong with it, to be freed
 */
char *extension_read(const struct places *places, const char *name, struct declared *file)
{
	char *path = places_file(places, name), *why = NULL;
	size_t size;
	char *text;

	memset(file, 0, sizeof(*file));
	text = path ? places_read(path, &size) : NULL;
	if (!text) {
		if (asprintf(&why, "cannot read %s: %s", path ? path : name, strerror(errno)) < 0)
			why = NULL;
	} else if (!extension_run(file, path, text, size, places->files)) {
		why = strdup(file->error ? file->error : "no memory");
	} else if (!declared_find(file, name) &&
		   asprintf(&why, "%s declares no extension '%s'", path, name) < 0) {
		why = NULL;
	}
	free(text);
	free(path);
	return why;
}

/* A name for a file's messages: that of the file, as far as it is one. */
static void name_of_file(const char *path, char *name)
{
	const char *base = strrchr(path, '/');
	size_t len;

	base = base ? base + 1 : path;
	len = strcspn(base, ".");
	snprintf(name, NFLUA_NAME_SIZE, "%.*s", (int)len, base);
	if (!nflua_name_valid(name))
		strcpy(name, "extension");
}

/* Would the kernel take it? Says why not. */
static int check_source(const struct source *source)
{
	struct nflua_source request = {
		.name = source->name,
		.text = source->text,
		.size = source->size,
	};
	struct offline_answer answer;
	int err = offline_check(&request, &answer), code = CTL_OK;

	/* A module that nothing is known of: the kernel will say at load. */
	if (err && err != -EOPNOTSUPP) {
		if (answer.error)
			ctl_script_error(source, answer.error);
		else
			ctl_error("cannot check %s: %s", source->file, strerror(-err));
		code = CTL_REFUSED;
	}
	offline_clear(&answer);
	return code;
}

/**
 * extension_is_file() - is an operand a file, and not the name of an extension?
 * @what: the operand
 */
bool extension_is_file(const char *what)
{
	return strchr(what, '/') || strchr(what, '.') || !strcmp(what, "-");
}

/**
 * extension_read_file() - read a file that declares extensions
 * @path: the file, or "-"
 * @source: gets its text; to be freed with source_free() whatever is returned
 * @file: filled; to be closed with extension_close() whatever is returned
 *
 * Return: %CTL_OK, or another exit code with everything said
 */
int extension_read_file(const char *path, struct source *source, struct declared *file)
{
	char name[NFLUA_NAME_SIZE];
	int err;

	memset(file, 0, sizeof(*file));
	name_of_file(path, name);
	err = source_read_file(source, path, name);
	if (!err)
		err = check_source(source);
	if (err)
		return err;
	if (!extension_run(file, source->file, source->text, source->size, places_directory())) {
		ctl_error("%s", file->error ? file->error : "no memory");
		return CTL_REFUSED;
	}
	if (!file->first) {
		ctl_error("%s declares no extension", source->file);
		ctl_hint("nf:extension{ name = ... }, nf:match and nf:target do, see nflua-extension(7)");
		return CTL_USAGE;
	}
	return CTL_OK;
}

/* Why one may not replace the installed one of its name, and what helps; NULL if it may. */
static char *find_change(const struct declaration *d, const struct declaration *have,
			 const char **hint)
{
	const bool plain = declaration_is_plain(d);
	char differs[NFLUA_EXTENSION_WHY], *why = NULL;

	*hint = "rules in the kernel are laid out as the installed one says: raise 'revision', or remove it first";
	if (plain != declaration_is_plain(have)) {
		*hint = "rules in the kernel are of the installed one: delete them, and remove it first";
		return strdup(plain ? "the installed one is declared by nf:extension, this one is not" :
			      "this one is declared by nf:extension, the installed one is not");
	}
	/* Rules of a script's name are all laid out alike. */
	if (plain)
		return NULL;
	if (d->spec.revision < have->spec.revision) {
		if (asprintf(&why, "its revision is %u, and %u is installed: a revision only rises",
			     d->spec.revision, have->spec.revision) < 0)
			why = NULL;
	} else if (d->spec.revision == have->spec.revision &&
		   nflua_extension_differs(&have->spec, &d->spec, differs)) {
		if (asprintf(&why, "its declaration has changed (%s), but its revision is %u as before",
			     differs, d->spec.revision) < 0)
			why = NULL;
	}
	return why;
}

/* Is there a file of the name, and no object? It may be one that others require. */
static bool is_beside(const struct places *places, const char *name)
{
	char *path = places_file(places, name);
	bool is = path && places_owner(places, name) == OWNER_NONE && !access(path, F_OK);

	free(path);
	return is;
}

/* May @d be installed? Says why not. */
static int check_install(const struct places *places, const struct declaration *d)
{
	char *why = places_clash(places, d->spec.name), *broken;
	const char *hint = NULL;
	struct declared have;

	if (!why) {
		broken = extension_read(places, d->spec.name, &have);
		/* What cannot be read is only to be replaced, if it is an extension. */
		if (!broken) {
			why = find_change(d, declared_find(&have, d->spec.name), &hint);
		} else if (is_beside(places, d->spec.name)) {
			why = broken;
			broken = NULL;
		}
		free(broken);
		extension_close(&have);
	}
	if (!why)
		return CTL_OK;
	ctl_error("cannot install '%s': %s", d->spec.name, why);
	if (hint)
		ctl_hint("%s", hint);
	free(why);
	return CTL_REFUSED;
}

/* Rules of a script's name ask for a script that is called that. */
static void hint_at_name(const struct declaration *d, const char *path)
{
	char called[NFLUA_NAME_SIZE + 4];
	const char *base;

	if (!declaration_is_plain(d) || !strcmp(path, "-"))
		return;
	base = strrchr(path, '/');
	snprintf(called, sizeof(called), "%s.lua", d->spec.name);
	if (strcmp(base ? base + 1 : path, called))
		ctl_hint("rules with '%s' are for a script of this name: 'nfluactl load --name %s %s' brings it",
			 d->spec.name, d->spec.name, path);
}

static int install_all(const struct places *places, const struct declared *file,
		       const struct source *source)
{
	const struct declaration *d;
	const char **names;
	size_t n = 0;
	int err;

	for (d = file->first; d; d = d->next)
		n++;
	names = calloc(n, sizeof(*names));
	if (!names) {
		ctl_error("no memory for the names");
		return CTL_USAGE;
	}
	n = 0;
	for (d = file->first; d; d = d->next)
		names[n++] = d->spec.name;
	err = places_install(places, names, n, source->text, source->size);
	free(names);
	return err;
}

static int install(struct ctl *ctl, const struct places *places)
{
	const struct declaration *d;
	struct declared file;
	struct source source;
	int err;

	err = extension_read_file(ctl->operands[1], &source, &file);
	/* All or none. */
	for (d = file.first; d && !err; d = d->next)
		err = check_install(places, d);
	if (!err)
		err = install_all(places, &file, &source);
	if (!err)
		hint_at_name(file.first, ctl->operands[1]);
	extension_close(&file);
	source_free(&source);
	return err;
}

static int remove_name(const struct places *places, const char *name)
{
	const enum owner owner = places_owner(places, name);
	char *path = places_file(places, name);
	size_t size;
	char *text = path ? places_read(path, &size) : NULL;
	struct declared have;
	char *other = NULL;
	int err;

	free(path);
	if (is_beside(places, name)) {
		other = extension_read(places, name, &have);
		extension_close(&have);
	}
	if (owner == OWNER_OTHER) {
		ctl_error("cannot remove '%s': its object in %s is not nflua's", name,
			  places->objects);
		err = CTL_REFUSED;
	} else if (other) {
		ctl_error("cannot remove '%s': %s", name, other);
		err = CTL_REFUSED;
	} else if (owner == OWNER_NONE && !text) {
		ctl_error("there is no extension '%s'", name);
		ctl_hint("'nfluactl extension list' shows the names");
		err = CTL_USAGE;
	} else {
		err = places_remove(places, name);
	}
	free(other);
	free(text);
	return err;
}

/* As install does it: what a file declares */
static int remove_declared(struct ctl *ctl, const struct places *places)
{
	const struct declaration *d;
	struct declared file;
	struct source source;
	int err, one;

	if (!extension_is_file(ctl->operands[1]))
		return remove_name(places, ctl->operands[1]);
	err = extension_read_file(ctl->operands[1], &source, &file);
	for (d = err ? NULL : file.first; d; d = d->next) {
		one = remove_name(places, d->spec.name);
		err = err ?: one;
	}
	extension_close(&file);
	source_free(&source);
	return err;
}

static const struct {
	const char *name;
	const char *operand;
	int (*run)(struct ctl *ctl, const struct places *places);
} actions[] = {
	{ "install", "FILE", install },
	{ "remove", "NAME or FILE", remove_declared },
	{ "list", NULL, extension_list },
	{ "show", "NAME or FILE", extension_show },
};

static int act(struct ctl *ctl, size_t i)
{
	const unsigned int operands = actions[i].operand ? 2 : 1;
	struct places places;
	int err;

	if (ctl->noperands < operands)
		return ctl_usage(ctl, "extension %s takes %s", actions[i].name, actions[i].operand);
	if (ctl->noperands > operands)
		return ctl_usage(ctl, "'%s' is one word too many", ctl->operands[operands]);
	if (actions[i].run == remove_declared && !extension_is_file(ctl->operands[1]) &&
	    !nflua_name_valid(ctl->operands[1]))
		return ctl_usage(ctl, "'%s' is no name of an extension", ctl->operands[1]);
	err = places_find(ctl, &places);
	if (!err)
		err = actions[i].run(ctl, &places);
	places_free(&places);
	return err;
}

static int run(struct ctl *ctl)
{
	size_t i;

	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(ctl->operands[0], actions[i].name))
			return act(ctl, i);
	return ctl_usage(ctl, "there is no 'extension %s', but install, remove, list and show",
			 ctl->operands[0]);
}

#else /* !HAVE_LUA */

static int run(struct ctl *ctl)
{
	(void)ctl;
	ctl_error("this nfluactl was built without Lua, and reads no declarations");
	return CTL_USAGE;
}

#endif /* HAVE_LUA */

static const struct ctl_option options[] = {
	{ "libdir", 0, "DIR", CTL_WORD_DIRECTORY,
	  "where iptables looks for objects; default: $XTABLES_LIBDIR, or as pkg-config says" },
	{ "destdir", 0, "DIR", CTL_WORD_DIRECTORY,
	  "put in front of where files are installed; default: $DESTDIR" },
	{ "object", 0, "FILE", CTL_WORD_FILE,
	  "the object to copy; default: " NFLUA_OBJECT },
	{ }
};

static const struct ctl_command extension = {
	.name = "extension",
	.operands = "install|remove|list|show [FILE|NAME]",
	.word = CTL_WORD_EXTENSION,
	.min = 1,
	.max = 2,
	.options = options,
	.help = "make iptables know matches and targets of your own",
	.details = "install FILE    let iptables know what the Lua file declares, or its new text\n"
		   "remove NAME|FILE\n"
		   "                take it away; rules stay, and iptables cannot read them\n"
		   "list            the installed extensions, one line each\n"
		   "show NAME|FILE  an extension: options, layout in a rule, iptables' help\n\n"
		   "This is about iptables; 'nfluactl load FILE' brings the function into the\n"
		   "kernel. nflua-extension(7) says what a declaration is.",
	.run = run,
};
CTL_COMMAND(extension);
