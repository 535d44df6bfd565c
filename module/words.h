/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NFLUA_WORDS_H
#define _NFLUA_WORDS_H

#include <linux/types.h>
#include "lua/kernel/lua_kernel.h"

/**
 * struct nflua_word - a word of a table that a script gives, and what it means
 * @name: the word
 * @value: its number
 */
struct nflua_word {
	const char *name;
	int value;
};

/**
 * struct nflua_words - the words that one field may have
 * @word: them
 * @n: number of them
 */
struct nflua_words {
	const struct nflua_word *word;
	unsigned int n;
};

#define NFLUA_WORDS(_table) \
	((struct nflua_words){ _table, ARRAY_SIZE(_table) })

/**
 * nflua_words_is_text() - is a string free of control characters?
 * @s: the string
 *
 * iptables-save would write a line break as it is.
 */
static inline bool nflua_words_is_text(const char *s)
{
	for (; *s; s++)
		if ((u8)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

const char *nflua_words_of(struct nflua_words words, int value);
const struct nflua_word *nflua_words_find(struct nflua_words words,
					  const char *name, size_t len);
void nflua_words_refuse(lua_State *L, const char *field, const char *value,
			struct nflua_words words);
const struct nflua_word *nflua_words_get(lua_State *L, int spec,
					 const char *what, const char *field,
					 const char *def,
					 struct nflua_words words);
int nflua_words_proto(lua_State *L, int spec, const char *what,
		      const char *def, struct nflua_words words);
u32 nflua_words_number(lua_State *L, int spec, const char *field, u32 def,
		       u32 min, u32 max, const char *unit);
void nflua_words_check(lua_State *L, int spec, const char *what,
		       const char *const *names, unsigned int n,
		       lua_Integer numbered);

extern const struct nflua_words nflua_policy_words;

#endif /* _NFLUA_WORDS_H */
