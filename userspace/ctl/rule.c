// SPDX-License-Identifier: GPL-2.0-only
/*
 * nfluactl run --rule: options as iptables takes them behind -m NAME or -j NAME,
 * and what a rule with them carries.
 *
 * The options of an extension mean what its declaration says: that in the file
 * that is run, or the installed one, as iptables would read it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <net/ethernet.h>
#include <netinet/in.h>

#include <linux/netfilter.h>

#include "ctl.h"
#include "packets.h"
#include "rule.h"
#include "uapi/xt_nflua.h"

#define WORDS_MAX	256

/* Splits as iptables-restore does: at blanks, but not in double quotes. */
static int split(char *text, char **words)
{
	char *from = text, *to;
	int n = 0;

	for (;;) {
		bool quoted = false;

		from += strspn(from, " \t\n");
		if (!*from)
			return n;
		if (n == WORDS_MAX)
			return -1;
		words[n++] = to = from;
		while (*from && (quoted || !strchr(" \t\n", *from))) {
			if (*from == '"') {
				quoted = !quoted;
				from++;
				continue;
			}
			if (quoted && *from == '\\' && from[1])
				from++;
			*to++ = *from++;
		}
		if (quoted)
			return -1;
		if (*from)
			from++;
		*to = 0;
	}
}

static int fail(struct rule_form *form, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int fail(struct rule_form *form, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&form->why, fmt, ap) < 0)
		form->why = NULL;
	va_end(ap);
	return -EINVAL;
}

/* --arg key=value: the kernel looks at each, but takes the last of a key. */
static int take_args(struct rule_form *form, char **words, int n)
{
	size_t key, at, len;
	int i;

	form->data = n ? calloc(1, XT_LUA_ARGS_SIZE) : NULL;
	if (n && !form->data)
		return fail(form, "no memory");
	for (i = 0; i < n; i += 2) {
		const char *arg = words[i + 1];
		char *args = form->data;

		if (strcmp(words[i], "--arg"))
			return fail(form, "'%s' is no --arg KEY=VALUE", words[i]);
		if (i + 1 == n)
			return fail(form, "--arg needs KEY=VALUE");
		key = strcspn(arg, "=");
		for (at = 0; at < form->size; at += strlen(args + at) + 1)
			if (!strncmp(args + at, arg, key + 1))
				return fail(form, "--arg '%.*s' is there twice", (int)key, arg);
		len = strlen(arg) + 1;
		if (len > XT_LUA_ARGS_SIZE - form->size)
			return fail(form, "all --arg together have room for %d bytes",
				    XT_LUA_ARGS_SIZE);
		memcpy(args + form->size, arg, len);
		form->size += len;
	}
	return 0;
}

/* The same of both families. */
static void read_args(struct rule *rule, char **words, int n)
{
	int i;

	for (i = 0; i < 2; i++)
		take_args(&rule->forms[i], words, n);
}

#ifdef HAVE_LUA
#include "declaration.h"
#include "extension.h"

static int find_option(const struct declaration *d, const char *word)
{
	char flag[NFLUA_EXTENSION_OPTION];
	unsigned int i;

	for (i = 0; i < d->spec.noptions && !strncmp(word, "--", 2); i++) {
		option_flag(&d->spec.options[i], flag);
		if (!strcmp(flag, word + 2))
			return i;
	}
	return -1;
}

static int fail_declared(struct rule_form *form, const struct declaration *d)
{
	return fail(form, "%s", d->file->error ? d->file->error : "no memory");
}

static int take_options(struct rule_form *form, const struct declaration *d, unsigned int family,
			char **words, int count)
{
	struct xt_nflua_info *info;
	u32 given = 0;
	int i, n;

	form->size = nflua_extension_usersize(&d->spec);
	form->data = info = calloc(1, form->size);
	if (!info)
		return fail(form, "no memory");
	if (!options_begin(d, family, info))
		return fail_declared(form, d);
	for (i = 0; i < count; i++) {
		const bool inverted = !strcmp(words[i], "!");
		const char *text = NULL;

		i += inverted;
		if (i == count)
			return fail(form, "an option is missing behind '!'");
		n = find_option(d, words[i]);
		if (n < 0)
			return fail(form, "%s '%s' has no option '%s'", declaration_kind(d),
				    d->spec.name, words[i]);
		if (inverted && !d->spec.options[n].invertible)
			return fail(form, "%s takes no '!' in front of it", words[i]);
		if (d->spec.options[n].type != NFLUA_EXTENSION_BOOL) {
			if (i + 1 == count)
				return fail(form, "%s needs a value", words[i]);
			text = words[++i];
		}
		if (!options_take(d, n, family, text, inverted, given, info))
			return fail_declared(form, d);
		given |= 1U << n;
	}
	return options_finish(d, family, info) ? 0 : fail_declared(form, d);
}

static void read_options(struct rule *rule, const struct declaration *d, char **words, int n)
{
	static const u8 bits[] = { NFLUA_EXTENSION_IPV4, NFLUA_EXTENSION_IPV6 };
	static const u8 families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	int i;

	for (i = 0; i < 2; i++) {
		if (d->spec.families & bits[i])
			take_options(&rule->forms[i], d, families[i], words, n);
		else
			fail(&rule->forms[i], "extension '%s' has no rules for %s", d->spec.name,
			     i ? "IPv6" : "IPv4");
	}
}

/* Return: NULL, or why the declaration cannot be had, to be freed */
static char *find_declaration(struct ctl *ctl, const struct source *source, const char *name,
			      struct declared *file)
{
	struct places places;
	char *why = NULL;
	int err;

	memset(file, 0, sizeof(*file));
	if (source->text) {
		if (!extension_run(file, source->file, source->text, source->size,
				   places_directory()))
			return strdup(file->error ? file->error : "no memory");
		return declared_find(file, name) ? NULL : strdup("it is declared no more");
	}
	err = places_find(ctl, &places);
	why = err ? strdup("iptables' directory is unknown") : extension_read(&places, name, file);
	places_free(&places);
	return why;
}

static int read_extension(struct ctl *ctl, struct rule *rule, const struct source *source,
			  const char *name, char **words, int n)
{
	struct declared file;
	char *why = find_declaration(ctl, source, name, &file);

	if (why)
		ctl_error("the options of '%s' are not known: %s", name, why);
	else
		read_options(rule, declared_find(&file, name), words, n);
	if (why && !source->text)
		ctl_hint("run its file, or 'nfluactl extension install' it");
	extension_close(&file);
	free(why);
	return why ? CTL_USAGE : CTL_OK;
}

#else /* !HAVE_LUA */

static int read_extension(struct ctl *ctl, struct rule *rule, const struct source *source,
			  const char *name, char **words, int n)
{
	(void)ctl, (void)rule, (void)source, (void)words, (void)n;
	ctl_error("the options of '%s' are not known: this nfluactl was built without Lua", name);
	return CTL_USAGE;
}

#endif /* HAVE_LUA */

/* The entry point that is meant; NULL if there is none, or several: the kernel says so. */
static const struct nflua_entry *find_entry(const struct nflua_script *script,
					    const struct nflua_run *run)
{
	const struct nflua_entry *found = NULL;
	size_t i;

	for (i = 0; i < script->nentries; i++) {
		const struct nflua_entry *entry = &script->entries[i];

		if ((run->kind >= 0 && entry->kind != (unsigned int)run->kind) ||
		    (run->entry && strcmp(entry->name, run->entry)) ||
		    entry->kind == NFLUA_ENTRY_HELPER)
			continue;
		if (found)
			return NULL;
		found = entry;
	}
	return found;
}

static int read_words(struct ctl *ctl, struct rule *rule, const struct nflua_run *run,
		      const struct source *source, char **words, int n)
{
	const struct nflua_entry *entry;
	struct nflua_script *script;
	int err;

	err = nflua_get(ctl->nl, run->script, &script);
	if (err)
		return ctl_refused(ctl, err, run->script);
	entry = find_entry(script, run);
	rule->given = entry;
	if (entry && entry->kind == NFLUA_ENTRY_EXTENSION)
		err = read_extension(ctl, rule, source, entry->name, words, n);
	else if (entry)
		read_args(rule, words, n);
	nflua_script_free(script);
	/* What neither family can say is a mistake, and not the packets' fault. */
	if (!err && rule->forms[0].why && rule->forms[1].why)
		return ctl_usage(ctl, "--rule: %s", rule->forms[0].why);
	return err;
}

/**
 * rule_read() - read the option --rule
 * @ctl: the run, connected
 * @rule: filled; to be freed with rule_free() whatever is returned
 * @run: which script and entry point
 * @source: the file that is run; without text if a loaded script is
 *
 * Return: %CTL_OK, or another exit code with everything said
 */
int rule_read(struct ctl *ctl, struct rule *rule, const struct nflua_run *run,
	      const struct source *source)
{
	const char *text = ctl_value(ctl, "rule");
	char *copy, *words[WORDS_MAX];
	int n, err;

	memset(rule, 0, sizeof(*rule));
	if (!text)
		return CTL_OK;
	copy = strdup(text);
	n = copy ? split(copy, words) : 0;
	if (n < 0)
		err = ctl_usage(ctl, "--rule: a double quote is missing, or there are more than %d words",
				WORDS_MAX);
	else
		err = read_words(ctl, rule, run, source, words, n);
	free(copy);
	return err;
}

/* Is it IPv6 as the kernel sees it? It looks behind VLAN tags. */
static bool is_ipv6(const struct packet *packet)
{
	const unsigned char *p = packet->data, *end = p + packet->size;

	if (packet->raw)
		return packet->size && *p >> 4 == 6;
	for (p += 12; end - p >= 2; p += 4) {
		unsigned int type = p[0] << 8 | p[1];

		if (type != ETHERTYPE_VLAN && type != 0x88a8)
			return type == ETHERTYPE_IPV6;
	}
	return false;
}

/**
 * rule_for() - the rule that would meet a packet
 * @rule: what rule_read() filled
 * @packet: the packet
 *
 * Return: what it carries, or why there is none; NULL without --rule
 */
const struct rule_form *rule_for(const struct rule *rule, const struct packet *packet)
{
	return rule->given ? &rule->forms[is_ipv6(packet)] : NULL;
}

/**
 * rule_free() - free what rule_read() filled
 * @rule: the rule; not @rule itself
 */
void rule_free(struct rule *rule)
{
	int i;

	for (i = 0; i < 2; i++) {
		free(rule->forms[i].data);
		free(rule->forms[i].why);
	}
}
