// SPDX-License-Identifier: GPL-2.0-only
/*
 * The object that iptables loads for an extension of the user's own. It is
 * copied once for each, as libxt_NAME.so, and finds out by its own name which
 * one it is; a Lua file of that name declares it.
 *
 * The file runs once when iptables loads the object, in a Lua of the system.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "alias.h"
#include "declaration.h"
#include "extension_mark.h"
#include "revision.h"

/* after the types of declaration.h, which the kernel's headers know, too */
#define XTABLES_INTERNAL
#include <xtables.h>

#define BODY_STEPS	1000000	/* between two looks at the clock */

static const char mark[] __attribute__((used)) = EXTENSION_MARK;

/* Freed never: iptables calls back until it ends. */
static struct declared file;
static const struct declaration *self;
static struct xt_option_entry options[XT_NFLUA_OPTIONS + 1];
static char flags[XT_NFLUA_OPTIONS][NFLUA_EXTENSION_OPTION];

static void fail(void) __attribute__((noreturn));

static void fail(void)
{
	xtables_error(PARAMETER_PROBLEM, "%s: %s", self->spec.name,
		      file.error ? file.error : "no memory");
}

static void help(void)
{
	if (!declaration_help(self, stdout))
		fail();
}

/* @size: of what @data has room for */
static void init(unsigned int family, void *data, size_t size)
{
	/* Some iptables have room for a rule of the kernel, made by another declaration. */
	if (size < nflua_extension_usersize(&self->spec))
		return;
	if (!options_begin(self, family, data))
		fail();
}

static void parse(unsigned int family, struct xt_option_call *cb)
{
	const u32 given = cb->xflags;

	xtables_option_parse(cb);
	if (!options_take(self, cb->entry->id, family, cb->arg, cb->invert, given, cb->data))
		fail();
}

static void final_check(unsigned int family, struct xt_fcheck_call *cb)
{
	if (!options_finish(self, family, cb->data))
		fail();
}

/* Is a rule of the kernel's one that this declaration explains? @size: of its data */
static bool is_known(unsigned int family, const struct xt_nflua_info *info, size_t size, char *why)
{
	if (size < nflua_extension_usersize(&self->spec)) {
		snprintf(why, NFLUA_EXTENSION_WHY, "its values are fewer");
		return false;
	}
	return !nflua_extension_rule_differs(&self->spec, info, why) &&
	       nflua_extension_check(&self->spec, family, info, why);
}

/* Longest word that iptables-restore reads, but for what quotes take. */
#define WORD_MAX	960

/* Writes an option as iptables reads it, behind @dashes and its name. */
static void print_option(const struct xt_nflua_info *info, unsigned int n, const char *dashes,
			 const char *value)
{
	const unsigned int type = self->spec.options[n].type;

	printf("%s %s%s", info->inverted & 1U << n ? " !" : "", dashes, options[n].name);
	/* With quotes only where there may be what needs them. */
	if (type == NFLUA_EXTENSION_STRING_TYPE || type == NFLUA_EXTENSION_INTERFACE)
		xtables_save_string(value);
	else if (type != NFLUA_EXTENSION_BOOL)
		printf(" %s", value);
}

/* Writes the values of an option: those of a list in one word, while it is not too long. */
static void print_values(unsigned int family, const struct xt_nflua_info *info, unsigned int n,
			 const char *dashes)
{
	const struct nflua_extension_option *option = &self->spec.options[n];
	const char *from = (const char *)info->data + option->offset;
	char word[WORD_MAX + 1] = "";
	size_t len = 0;
	unsigned int i;
	char *text;

	for (i = 0; i < info->count[n]; i++, from += option->size) {
		if (option->type == NFLUA_EXTENSION_BOOL)
			text = strdup("");
		else
			text = value_text(self, option, family, from);
		if (!text)
			xtables_error(RESOURCE_PROBLEM, "%s: no memory", self->spec.name);
		if (!option_has_list(option)) {
			print_option(info, n, dashes, text);
		} else {
			if (len && len + 1 + strlen(text) > WORD_MAX) {
				print_option(info, n, dashes, word);
				len = 0;
			}
			len += snprintf(word + len, sizeof(word) - len, "%s%s", len ? "," : "",
					text);
		}
		free(text);
	}
	if (len)
		print_option(info, n, dashes, word);
}

/* What the callback says of a rule's options or, without one, the declaration. */
static void print_options(const char *callback, unsigned int family,
			  const struct xt_nflua_info *info, int numeric, const char *dashes)
{
	unsigned int i;
	char *text;

	if (!callback_text(self, callback, family, info, numeric, &text))
		fail();
	if (text) {
		printf("%s%s", *text ? " " : "", text);
		free(text);
		return;
	}
	for (i = 0; i < self->spec.noptions; i++)
		print_values(family, info, i, dashes);
}

static void print(unsigned int family, const struct xt_nflua_info *info, size_t size, int numeric)
{
	char why[NFLUA_EXTENSION_WHY];

	printf(" %s", self->spec.name);
	if (!is_known(family, info, size, why)) {
		printf(" [of another declaration than the installed one: %s]", why);
		return;
	}
	print_options("print", family, info, numeric, "");
}

static void save(unsigned int family, const struct xt_nflua_info *info, size_t size)
{
	char why[NFLUA_EXTENSION_WHY];

	if (!is_known(family, info, size, why))
		xtables_error(OTHER_PROBLEM,
			      "%s: a rule is of another declaration than the installed one: %s",
			      self->spec.name, why);
	print_options("save", family, info, true, "--");
}

/* nft lists rules by this, too, and says the rest itself. */
static int translate(void)
{
	if (strstr(xt_params->program_name, "translate"))
		printf("# nft has no expression for '%s': use nf:hook in a script instead, see nflua(7)\n",
		       self->spec.name);
	return 0;
}

/* iptables calls without saying for which family, or which extension. */
#define FUNCTIONS(n, proto)								\
	static void init_match##n(struct xt_entry_match *m)				\
	{										\
		init(proto, m->data, m->u.match_size - sizeof(*m));			\
	}										\
	static void init_target##n(struct xt_entry_target *t)				\
	{										\
		init(proto, t->data, t->u.target_size - sizeof(*t));			\
	}										\
	static void parse##n(struct xt_option_call *cb) { parse(proto, cb); }		\
	static void final_check##n(struct xt_fcheck_call *cb) { final_check(proto, cb); } \
	static void print_match##n(const void *ip, const struct xt_entry_match *m, int numeric) \
	{										\
		(void)ip;								\
		print(proto, (const void *)m->data, m->u.match_size - sizeof(*m), numeric); \
	}										\
	static void print_target##n(const void *ip, const struct xt_entry_target *t, int numeric) \
	{										\
		(void)ip;								\
		print(proto, (const void *)t->data, t->u.target_size - sizeof(*t), numeric); \
	}										\
	static void save_match##n(const void *ip, const struct xt_entry_match *m)	\
	{										\
		(void)ip;								\
		save(proto, (const void *)m->data, m->u.match_size - sizeof(*m));	\
	}										\
	static void save_target##n(const void *ip, const struct xt_entry_target *t)	\
	{										\
		(void)ip;								\
		save(proto, (const void *)t->data, t->u.target_size - sizeof(*t));	\
	}
FUNCTIONS(4, NFPROTO_IPV4)
FUNCTIONS(6, NFPROTO_IPV6)

static int translate_match(struct xt_xlate *xl, const struct xt_xlate_mt_params *params)
{
	(void)xl;
	(void)params;
	return translate();
}

static int translate_target(struct xt_xlate *xl, const struct xt_xlate_tg_params *params)
{
	(void)xl;
	(void)params;
	return translate();
}

#define COMMON(n, proto)				\
		.version = XTABLES_VERSION,		\
		.family = (proto),			\
		.help = help,				\
		.x6_parse = parse##n,			\
		.x6_fcheck = final_check##n

#define MATCH(n, proto)					\
	{						\
		COMMON(n, proto),			\
		.init = init_match##n,			\
		.print = print_match##n,		\
		.save = save_match##n,			\
		.xlate = translate_match,		\
	}

#define TARGET(n, proto)				\
	{						\
		COMMON(n, proto),			\
		.init = init_target##n,			\
		.print = print_target##n,		\
		.save = save_target##n,			\
		.xlate = translate_target,		\
	}

static struct xtables_match matches[] = { MATCH(4, NFPROTO_IPV4), MATCH(6, NFPROTO_IPV6) };
static struct xtables_target targets[] = { TARGET(4, NFPROTO_IPV4), TARGET(6, NFPROTO_IPV6) };

static void fill_options(const struct nflua_extension_spec *spec)
{
	unsigned int i;

	for (i = 0; i < spec->noptions; i++) {
		option_flag(&spec->options[i], flags[i]);
		options[i].name = flags[i];
		options[i].id = i;
		options[i].type = spec->options[i].type == NFLUA_EXTENSION_BOOL ? XTTYPE_NONE :
										  XTTYPE_STRING;
		options[i].flags = (spec->options[i].invertible ? XTOPT_INVERT : 0) |
				   (spec->options[i].repeated > 1 ? XTOPT_MULTI : 0);
	}
}

/* What is the same in a match and in a target. */
#define FILL(ext)									\
	do {										\
		(ext)->name = spec->name;						\
		(ext)->revision = spec->revision;					\
		(ext)->size = XT_ALIGN(nflua_extension_rulesize(spec));			\
		(ext)->userspacesize = nflua_extension_usersize(spec);			\
		(ext)->x6_options = spec->noptions ? options : NULL;			\
	} while (0)

static void fail_older(void) __attribute__((noreturn));

static void fail_older(void)
{
	xtables_error(PARAMETER_PROBLEM,
		      "%s: the kernel has no revision %u of this %s: 'nfluactl load' brings it with the script",
		      self->spec.name, self->spec.revision, declaration_kind(self));
}

static void parse_older(struct xt_option_call *cb)
{
	(void)cb;
	fail_older();
}

static void final_check_older(struct xt_fcheck_call *cb)
{
	(void)cb;
	fail_older();
}

/* A copy that is for rules of an older revision, which it only lists. */
#define REGISTER_OLDER(kind, from, older)						\
	do {										\
		struct xtables_##kind *copy = malloc(sizeof(*copy));			\
											\
		if (!copy)								\
			xtables_error(RESOURCE_PROBLEM, "no memory");			\
		*copy = *(from);							\
		copy->revision = (older);						\
		copy->x6_parse = parse_older;						\
		copy->x6_fcheck = final_check_older;					\
		xtables_register_##kind(copy);						\
	} while (0)

static void register_as(const struct nflua_extension_spec *spec, size_t i, unsigned int older)
{
	if (spec->target)
		REGISTER_OLDER(target, &targets[i], older);
	else
		REGISTER_OLDER(match, &matches[i], older);
}

/*
 * Older revisions that the kernel has may have rules, and iptables ends at one
 * that nothing is registered for. If it has none at all there is still the help:
 * of revision 0 iptables believes that there is one, and warns.
 */
static void register_older(const struct nflua_extension_spec *spec, size_t i)
{
	unsigned int older;
	bool any;

	if (afinfo->family != matches[i].family)
		return;
	any = revision_ask(spec->name, spec->revision, spec->target) != REVISION_MISSING;
	for (older = 0; older < spec->revision; older++) {
		if (revision_ask(spec->name, older, spec->target) != REVISION_THERE)
			continue;
		register_as(spec, i, older);
		any = true;
	}
	if (!any && spec->revision)
		register_as(spec, i, 0);
}

/* Is it for rules of the program's family? Says so if not: iptables asks for no more. */
static bool look_at_family(const struct nflua_extension_spec *spec)
{
	const bool six = afinfo->family == NFPROTO_IPV6;

	if (afinfo->family != NFPROTO_IPV4 && !six)
		return true;
	if (spec->families & (six ? NFLUA_EXTENSION_IPV6 : NFLUA_EXTENSION_IPV4))
		return true;
	fprintf(stderr, "libxt_%s.so: %s '%s' is for %s only, as its 'families' says\n", spec->name,
		spec->target ? "target" : "match", spec->name, six ? "IPv4" : "IPv6");
	return false;
}

/* iptables itself would only say that it could not load an object that is there. */
static void look_at_kernel(const struct nflua_extension_spec *spec)
{
	if (revision_ask(spec->name, spec->revision, spec->target) == REVISION_MISSING)
		fprintf(stderr,
			"libxt_%s.so: the kernel has no %s '%s' of revision %u: 'nfluactl load' brings it with the script\n",
			spec->name, spec->target ? "target" : "match", spec->name, spec->revision);
}

static void register_self(void)
{
	const struct nflua_extension_spec *spec = &self->spec;
	static const u8 families[] = { NFLUA_EXTENSION_IPV4, NFLUA_EXTENSION_IPV6 };
	size_t i;

	if (declaration_is_plain(self)) {
		alias_register(self);
		return;
	}
	fill_options(spec);
	if (look_at_family(spec))
		look_at_kernel(spec);
	for (i = 0; i < sizeof(families); i++) {
		if (!(spec->families & families[i]))
			continue;
		if (spec->target) {
			FILL(&targets[i]);
			register_older(spec, i);
			xtables_register_target(&targets[i]);
		} else {
			FILL(&matches[i]);
			register_older(spec, i);
			xtables_register_match(&matches[i]);
		}
	}
}

/* The script's own clock: the body ends as it would in the kernel. */
static void look_at_clock(lua_State *L, lua_Debug *ar)
{
	static time_t begun;
	struct timespec now;

	(void)ar;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!begun)
		begun = now.tv_sec;
	if (now.tv_sec - begun <= BODY_SECONDS)
		return;
	/* In a hook it is the script that runs, at level 0. */
	luaL_where(L, 0);
	lua_pushfstring(L, "ran longer than %d s", BODY_SECONDS);
	lua_concat(L, 2);
	lua_error(L);
}

static char *read_text(const char *path, size_t *size)
{
	FILE *from = fopen(path, "re");
	struct stat st = {};
	char *text = NULL;
	int err;

	if (!from)
		return NULL;
	if (!fstat(fileno(from), &st) && S_ISREG(st.st_mode))
		text = malloc(st.st_size + 1);
	else
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	*size = text ? fread(text, 1, st.st_size, from) : 0;
	err = errno;
	if (text && ferror(from)) {
		free(text);
		text = NULL;
	}
	fclose(from);
	errno = err;
	return text;
}

/* The name in "/.../libxt_NAME.so"; NULL if that is not how it is called */
static char *find_name(void)
{
	static const char prefix[] = "libxt_", suffix[] = ".so";
	const char *base;
	size_t len;
	Dl_info info;

	if (!dladdr(mark, &info) || !info.dli_fname)
		return NULL;
	base = strrchr(info.dli_fname, '/');
	base = base ? base + 1 : info.dli_fname;
	len = strlen(base);
	if (strncmp(base, prefix, strlen(prefix)) || len <= strlen(prefix) + strlen(suffix) ||
	    strcmp(base + len - strlen(suffix), suffix))
		return NULL;
	return strndup(base + strlen(prefix), len - strlen(prefix) - strlen(suffix));
}

/* Return: whether @name is declared; if not, why is said. */
static bool find_self(const char *name, const char *directory)
{
	char path[4096], *text;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s.lua", directory, name);
	text = read_text(path, &size);
	if (!text) {
		fprintf(stderr, "libxt_%s.so: cannot read the extension's declaration, %s: %s\n",
			name, path, strerror(errno));
		return false;
	}
	file.L = luaL_newstate();
	if (!file.L) {
		fprintf(stderr, "libxt_%s.so: no memory\n", name);
		free(text);
		return false;
	}
	luaL_openlibs(file.L);
	lua_sethook(file.L, look_at_clock, LUA_MASKCOUNT, BODY_STEPS);
	if (declared_run(&file, path, text, size, directory))
		self = declared_find(&file, name);
	lua_sethook(file.L, NULL, 0, 0);
	free(text);
	if (!self)
		fprintf(stderr, "libxt_%s.so: %s%s%s\n", name, file.error ? "" : path, file.error ?
			"" : " declares no extension of this name", file.error ? file.error : "");
	return self;
}

static void __attribute__((constructor)) load(void)
{
	const char *directory = secure_getenv("NFLUA_EXTENSIONS");
	char *name = find_name();

	if (name && find_self(name, directory && *directory ? directory : NFLUA_EXTENSIONS))
		register_self();
	free(name);
}
