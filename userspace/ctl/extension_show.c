// SPDX-License-Identifier: GPL-2.0-only
/* nfluactl extension list and show: what declarations say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "extension.h"
#include "print.h"

#ifdef HAVE_LUA
#include "declaration.h"

static const char *const owners[] = {
	[OWNER_NONE] = "missing",
	[OWNER_US] = "installed",
	[OWNER_OLD] = "of another nflua",
	[OWNER_OTHER] = "not nflua's",
};

static void put_families(const struct nflua_extension_spec *spec)
{
	out_array("families");
	if (spec->families & NFLUA_EXTENSION_IPV4)
		out_element("ipv4");
	if (spec->families & NFLUA_EXTENSION_IPV6)
		out_element("ipv6");
	out_array_end();
}

static const char *families_text(const struct nflua_extension_spec *spec)
{
	static const char *const texts[] = { "", "ipv4", "ipv6", "ipv4,ipv6" };

	return texts[spec->families & 3];
}

/* Some of the words, by bits; nothing for no bit, which means all. */
static void put_set(const char *key, u8 set, const char *const *words)
{
	unsigned int i;

	if (!set)
		return;
	out_text("  %s:", key);
	out_array(key);
	for (i = 0; words[i]; i++) {
		if (!(set >> i & 1))
			continue;
		out_text(" %s", words[i]);
		out_element(words[i]);
	}
	out_array_end();
	out_text("\n");
}

/* What a value may be, for programs; the help says it to people. */
static void put_bounds(const struct declaration *d, const struct nflua_extension_option *option)
{
	const unsigned int family = d->spec.families == NFLUA_EXTENSION_IPV6 ? NFPROTO_IPV6 :
									       NFPROTO_IPV4;
	unsigned int i;
	char *text;

	if (option->type == NFLUA_EXTENSION_I64) {
		out_int("min", NULL, option->min);
		out_int("max", NULL, option->max);
	} else if (option->type <= NFLUA_EXTENSION_U64) {
		out_uint("min", NULL, option->min);
		out_uint("max", NULL, option->max);
	}
	if (option->nwords) {
		out_array("values");
		for (i = 0; i < option->nwords; i++)
			out_element(nflua_extension_word(&d->spec, option, i));
		out_array_end();
	}
	if (option->group)
		out_string("group", NULL, nflua_extension_pool(&d->spec, option->group));
	if (option->has_default) {
		text = value_text(d, option, family, nflua_extension_pool(&d->spec, option->def));
		out_string("default", NULL, text ? text : "");
		free(text);
	}
}

static void put_option(const struct declaration *d, const struct nflua_extension_option *option)
{
	char flag[NFLUA_EXTENSION_OPTION];

	option_flag(option, flag);
	out_object(NULL);
	out_uint("offset", "  %6s", sizeof(struct xt_nflua_info) + option->offset);
	out_uint("size", " %5s", option->size);
	out_uint("repeated", " %5s", option->repeated);
	out_string("type", "  %-9s", nflua_extension_types[option->type]);
	out_string("option", "  --%s", flag);
	out_string("name", NULL, option->name);
	out_bool("mandatory", NULL, option->mandatory);
	out_bool("invertible", NULL, option->invertible);
	put_bounds(d, option);
	out_text("\n");
	out_object_end();
}

static void put_help(const struct declaration *d)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	bool good = to && declaration_help(d, to);

	if (to)
		fclose(to);
	out_text("\n");
	if (good)
		out_block("help", "", text, size);
	else
		out_string("error", "its help fails: %s\n", d->file->error ? d->file->error :
			   "no memory");
	free(text);
}

static void put_declaration(const struct declaration *d)
{
	const struct nflua_extension_spec *spec = &d->spec;
	char digest[20];
	unsigned int i;

	out_string("kind", ", a %s", declaration_kind(d));
	out_uint("revision", ", revision %s", spec->revision);
	out_string(NULL, ", for %s\n", families_text(spec));
	put_families(spec);
	put_set("tables", spec->tables, nflua_extension_tables);
	put_set("hooks", spec->hooks, nflua_extension_hooks);
	if (spec->protocol)
		out_uint("protocol", "  protocol: %s\n", spec->protocol);
	snprintf(digest, sizeof(digest), "%016llx", spec->digest);
	if (declaration_is_plain(d)) {
		out_null("on_error", NULL);
		out_null("digest", NULL);
	} else {
		out_string("on_error", "  on error: %s\n", nflua_on_error_name(spec->on_error));
		out_string("digest", "  digest: %s\n", digest);
	}
	out_uint("size", "  in a rule: %s bytes\n", declaration_rulesize(d));
	if (spec->noptions)
		out_text("  OFFSET  SIZE COUNT  TYPE       OPTION\n");
	out_array("options");
	for (i = 0; i < spec->noptions; i++)
		put_option(d, &spec->options[i]);
	out_array_end();
	put_help(d);
}

static void put_places(const struct places *places, const char *name)
{
	char *file = places_file(places, name), *object = places_object(places, name);

	out_string("file", "  file: %s\n", file ? file : "");
	out_string("object", "  object: %s", object ? object : "");
	out_string("state", ", %s\n", owners[places_owner(places, name)]);
	free(object);
	free(file);
}

static int show_file(const struct places *places, const char *path)
{
	const struct declaration *d;
	struct declared file;
	struct source source;
	int err;

	(void)places;
	err = extension_read_file(path, &source, &file);
	if (!err) {
		out_array(NULL);
		for (d = file.first; d; d = d->next) {
			if (d != file.first)
				out_text("\n");
			out_object(NULL);
			out_string("name", "%s", d->spec.name);
			put_declaration(d);
			out_object_end();
		}
		out_array_end();
	}
	extension_close(&file);
	source_free(&source);
	return err;
}

/**
 * extension_show() - show an installed extension, or what a file declares
 * @ctl: the run
 * @places: where extensions are
 *
 * Return: &enum ctl_exit
 */
int extension_show(struct ctl *ctl, const struct places *places)
{
	const char *what = ctl->operands[1];
	struct declared file;
	char *why;

	if (extension_is_file(what))
		return show_file(places, what);
	why = extension_read(places, what, &file);
	if (!why) {
		out_array(NULL);
		out_object(NULL);
		out_string("name", "%s", what);
		put_declaration(declared_find(&file, what));
		out_text("\n");
		put_places(places, what);
		out_object_end();
		out_array_end();
	} else {
		ctl_error("cannot show '%s': %s", what, why);
	}
	free(why);
	extension_close(&file);
	return why ? CTL_USAGE : CTL_OK;
}

static int list_one(const char *name, void *data)
{
	const struct places *places = data;
	const struct declaration *d;
	struct declared file;
	char *why = extension_read(places, name, &file);

	out_object(NULL);
	out_string("name", "%-20s", name);
	if (why) {
		out_string("error", " broken: %s\n", why);
	} else {
		d = declared_find(&file, name);
		out_string("kind", " %-16s", declaration_kind(d));
		out_uint("revision", " %8s", d->spec.revision);
		put_families(&d->spec);
		out_string(NULL, " %-9s", families_text(&d->spec));
		out_uint(NULL, " %7s", d->spec.noptions);
		out_uint("size", " %5s", declaration_rulesize(d));
		out_string("state", " %s\n", owners[places_owner(places, name)]);
	}
	out_object_end();
	free(why);
	extension_close(&file);
	return 0;
}

/**
 * extension_list() - show the installed extensions, one line each
 * @ctl: the run
 * @places: where they are
 *
 * Return: &enum ctl_exit
 */
int extension_list(struct ctl *ctl, const struct places *places)
{
	int err;

	(void)ctl;
	out_list();
	out_text("NAME                 KIND             REVISION FAMILIES  OPTIONS  SIZE OBJECT\n");
	err = places_each(places, list_one, (void *)places);
	out_list_end(!err);
	return err;
}
#endif /* HAVE_LUA */
