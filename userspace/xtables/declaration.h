/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Extensions that a Lua file declares, in user space: for the object that
 * iptables loads, and for nfluactl, which is built with the Lua of the kernel.
 * Only Lua's public interface is used.
 */
#ifndef _NFLUA_XTABLES_DECLARATION_H
#define _NFLUA_XTABLES_DECLARATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <linux/netfilter.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef long long s64;

#include "extension_spec.h"

#define BODY_SECONDS	5	/* that a file may take, as in the kernel */

/**
 * struct declaration - an extension
 * @next: the next one of the file
 * @file: what declares it
 * @spec: what the kernel knows of it, too
 * @table: the table given to nf:extension, a reference in the registry
 * @plain_match: it is what the script gave to nf:match: its rules are those of the
 *	match "lua", under another name
 * @plain_target: the same of nf:target and "LUA"
 */
struct declaration {
	struct declaration *next;
	struct declared *file;
	struct nflua_extension_spec spec;
	int table;
	bool plain_match;
	bool plain_target;
};

/**
 * struct declared - all that a file declares
 * @L: the state that its body has run in
 * @first: in the order of the file; NULL for none
 * @error: why the latest function failed, a sentence that belongs to this
 * @in_body: its body runs, and what that prints is for the kernel's log
 * @help: where print() writes while a function of the declaration writes the help
 */
struct declared {
	lua_State *L;
	struct declaration *first;
	char *error;
	bool in_body;
	FILE *help;
};

/* declaration.c */
bool declared_run(struct declared *file, const char *path, const char *text, size_t size,
		  const char *directory);
void declared_clear(struct declared *file);
const struct declaration *declared_find(const struct declared *file, const char *name);
bool declaration_is_plain(const struct declaration *d);
const char *declaration_kind(const struct declaration *d);
size_t declaration_rulesize(const struct declaration *d);
bool declared_fail(struct declared *file, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* recorder.c */
int recorder_open(lua_State *L, const char *directory);

/* values.c */
void option_flag(const struct nflua_extension_option *option, char *flag);
const char *option_argument(const struct nflua_extension_option *option);
bool option_has_list(const struct nflua_extension_option *option);
char *value_wanted(const struct declaration *d, const struct nflua_extension_option *option,
		   unsigned int family);
char *value_text(const struct declaration *d, const struct nflua_extension_option *option,
		 unsigned int family, const void *from);
bool values_take(const struct declaration *d, unsigned int n, unsigned int family,
		 const char *text, struct xt_nflua_info *info);
bool values_check(const struct declaration *d, unsigned int family,
		  const struct xt_nflua_info *info);

/* callbacks.c */
bool callback_init(const struct declaration *d, unsigned int family, struct xt_nflua_info *info);
bool callback_parse(const struct declaration *d, unsigned int n, unsigned int family,
		    const char *text, bool inverted, struct xt_nflua_info *info, bool *taken);
bool callback_final_check(const struct declaration *d, unsigned int family,
			  struct xt_nflua_info *info);
bool callback_text(const struct declaration *d, const char *callback, unsigned int family,
		   const struct xt_nflua_info *info, bool numeric, char **text);

/* option.c */
bool options_begin(const struct declaration *d, unsigned int family, struct xt_nflua_info *info);
bool options_take(const struct declaration *d, unsigned int n, unsigned int family,
		 const char *text, bool inverted, u32 given, struct xt_nflua_info *info);
bool options_finish(const struct declaration *d, unsigned int family, struct xt_nflua_info *info);

/* explain.c */
bool declaration_help(const struct declaration *d, FILE *to);

#endif /* _NFLUA_XTABLES_DECLARATION_H */
