/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations of user-defined iptables extensions: what the table given to
 * nf:extension says, as plain C, and the values that a rule carries.
 *
 * extension_spec.c and extension_value.c are built for the kernel, for nfluactl
 * and for the plugin of iptables, which runs the distribution's Lua: they use
 * Lua's public interface only.
 */
#ifndef _NFLUA_EXTENSION_SPEC_H
#define _NFLUA_EXTENSION_SPEC_H

#include <linux/types.h>
#include "uapi/nflua.h"
#include "uapi/xt_nflua.h"
#include "lua/kernel/lua_kernel.h"

#define NFLUA_EXTENSION_NAME	29	/* as XT_EXTENSION_MAXNAMELEN */
#define NFLUA_EXTENSION_OPTION	28	/* bytes of an option's name */
#define NFLUA_EXTENSION_WORD	32	/* bytes of a word of enum or flags */
#define NFLUA_EXTENSION_WORDS	64	/* words of an enum */
#define NFLUA_EXTENSION_FLAGS	32	/* words of flags */
#define NFLUA_EXTENSION_STRING	255	/* longest string */
#define NFLUA_EXTENSION_REPEAT	64	/* most values of an option */
#define NFLUA_EXTENSION_POOL	2048	/* bytes of all words, groups, defaults */
#define NFLUA_EXTENSION_WHY	256	/* bytes of a sentence */

/* What a value is; the words are in extension_spec.c. */
enum nflua_extension_type {
	NFLUA_EXTENSION_U8,
	NFLUA_EXTENSION_U16,
	NFLUA_EXTENSION_U32,
	NFLUA_EXTENSION_U64,
	NFLUA_EXTENSION_I64,
	NFLUA_EXTENSION_STRING_TYPE,	/* bytes and a NUL, zeros behind it */
	NFLUA_EXTENSION_BOOL,		/* no bytes: it was given */
	NFLUA_EXTENSION_ENUM,		/* u8, index of the word */
	NFLUA_EXTENSION_FLAGS_TYPE,	/* u32, a bit for each word */
	NFLUA_EXTENSION_ADDRESS,	/* struct xt_nflua_address */
	NFLUA_EXTENSION_PREFIX,		/* struct xt_nflua_address */
	NFLUA_EXTENSION_PORTRANGE,	/* struct xt_nflua_ports */
	NFLUA_EXTENSION_INTERFACE,	/* 16 bytes, NUL-terminated */
	NFLUA_EXTENSION_MAC,		/* 6 bytes */

	__NFLUA_EXTENSION_TYPE_MAX
};

/* Families and tables that an extension may be for, as bits. */
#define NFLUA_EXTENSION_IPV4	0x01
#define NFLUA_EXTENSION_IPV6	0x02

/**
 * struct nflua_extension_option - an option of an extension
 * @name: as Lua sees it; on the command line its underscores are dashes
 * @type: &enum nflua_extension_type
 * @repeated: most values
 * @mandatory: it must be given, or one of its group
 * @invertible: "!" may be in front of it
 * @has_default: there is a default
 * @nwords: words of enum and flags
 * @offset: of its first value in &xt_nflua_info.data
 * @size: bytes of one value; a string's with its NUL
 * @words: of enum and flags, in the pool, each with its NUL
 * @group: name of its group of options that exclude each other, in the pool;
 *	0 for none
 * @def: the default, in the pool, as in a rule
 * @min: least number, of u8 to u64 and i64; the latter's is signed
 * @max: greatest number
 */
struct nflua_extension_option {
	char name[NFLUA_EXTENSION_OPTION];
	u8 type;
	u8 repeated;
	bool mandatory;
	bool invertible;
	bool has_default;
	u8 nwords;
	u16 offset;
	u16 size;
	u16 words;
	u16 group;
	u16 def;
	u64 min;
	u64 max;
};

/**
 * struct nflua_extension_spec - a declaration
 * @name: of the extension
 * @target: it is a target, not a match
 * @revision: 0 to 255
 * @families: NFLUA_EXTENSION_IPV*
 * @on_error: &enum nflua_on_error, the failure policy
 * @tables: bits by nflua_extension_tables; 0: all
 * @hooks: bits NF_INET_*; 0: all
 * @protocol: IPPROTO_*, 0: all
 * @noptions: number of options
 * @options: in the order of the declaration
 * @data_size: bytes of &xt_nflua_info.data
 * @digest: of all of this
 * @parts: as in &struct xt_nflua_info
 * @pool_size: bytes used of @pool
 * @pool: words, groups and defaults; byte 0 is unused
 *
 * Plain data, all of it zero that is not used.
 */
struct nflua_extension_spec {
	char name[NFLUA_EXTENSION_NAME];
	bool target;
	u8 revision;
	u8 families;
	u8 on_error;
	u8 tables;
	u8 hooks;
	u8 noptions;
	u16 protocol;
	u16 data_size;
	u16 pool_size;
	u16 parts[1 + XT_NFLUA_OPTIONS];
	u64 digest;
	struct nflua_extension_option options[XT_NFLUA_OPTIONS];
	char pool[NFLUA_EXTENSION_POOL];
};

/* Bytes of a rule's data that user space reads and compares, and all of them. */
static inline unsigned int
nflua_extension_usersize(const struct nflua_extension_spec *spec)
{
	return sizeof(struct xt_nflua_info) + spec->data_size;
}

static inline unsigned int
nflua_extension_rulesize(const struct nflua_extension_spec *spec)
{
	return nflua_extension_usersize(spec) + sizeof(u64);
}

/* A default or group; words follow each other, see nflua_extension_word(). */
static inline const char *
nflua_extension_pool(const struct nflua_extension_spec *spec, unsigned int at)
{
	return spec->pool + at;
}

/* extension_spec.c */
extern const char *const nflua_extension_types[];
extern const char *const nflua_extension_tables[];
extern const char *const nflua_extension_hooks[];

void nflua_extension_parse(lua_State *L, int index,
			   struct nflua_extension_spec *spec);
const char *nflua_extension_word(const struct nflua_extension_spec *spec,
				 const struct nflua_extension_option *option,
				 unsigned int n);

/* extension_value.c */
void nflua_extension_encode(lua_State *L, int index,
			    const struct nflua_extension_spec *spec,
			    const struct nflua_extension_option *option,
			    unsigned int family, void *to);
void nflua_extension_seal(const struct nflua_extension_spec *spec,
			  struct xt_nflua_info *info);
bool nflua_extension_check(const struct nflua_extension_spec *spec,
			   unsigned int family,
			   const struct xt_nflua_info *info, char *why);
void nflua_extension_push(lua_State *L,
			  const struct nflua_extension_spec *spec,
			  unsigned int family,
			  const struct xt_nflua_info *info);

/* extension_digest.c */
void nflua_extension_digest(struct nflua_extension_spec *spec);
bool nflua_extension_differs(const struct nflua_extension_spec *have,
			     const struct nflua_extension_spec *want,
			     char *why);
bool nflua_extension_rule_differs(const struct nflua_extension_spec *spec,
				  const struct xt_nflua_info *info, char *why);

/*
 * An address or prefix as a Lua value: the kernel has addresses of luapacket,
 * user space strings. Pushes one value.
 */
void nflua_extension_push_address(lua_State *L, unsigned int family,
				  const void *addr, unsigned int plen);

#endif /* _NFLUA_EXTENSION_SPEC_H */
