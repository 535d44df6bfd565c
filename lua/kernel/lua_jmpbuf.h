/* SPDX-License-Identifier: GPL-2.0-only */
/* setjmp and longjmp for the kernel, as Lua's error handling uses them */
#ifndef _LUA_JMPBUF_H
#define _LUA_JMPBUF_H

#include <linux/compiler.h>
#include <linux/linkage.h>

#if defined(CONFIG_X86_64)
#define LUA_JMPBUF_WORDS	8	/* rip rsp rbx rbp r12-r15 */
#elif defined(CONFIG_ARM64)
#define LUA_JMPBUF_WORDS	14	/* x18-x30 and sp */
#else
#error "nflua has no setjmp for this architecture"
#endif

typedef struct {
	unsigned long word[LUA_JMPBUF_WORDS];
} luai_jmpbuf;

/**
 * lua_setjmp() - remember this place for lua_longjmp()
 * @buf: where to
 *
 * Return: 0, and 1 when lua_longjmp() comes back here.
 */
asmlinkage int lua_setjmp(luai_jmpbuf *buf) __attribute__((returns_twice));

/**
 * lua_longjmp() - go back to where lua_setjmp() was called
 * @buf: filled by lua_setjmp() in a function that has not returned yet
 *
 * Does not return, but is not declared so: objtool would have to know it.
 */
asmlinkage void lua_longjmp(const luai_jmpbuf *buf);

/*
 * LUAI_CALL(buf, f, L, ci): calls f(L, ci), and goes on when that returns or when
 * lua_longjmp(buf) is called. All that is kept in @buf is where f's return address
 * is, which stays there as long as f runs; two registers lie above it, and of the
 * others the compiler saves what it needs. @buf is all zero before its first use.
 */
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
#define LUAI_CALL(buf, f, L, ci)					\
do {									\
	luai_jmpbuf *__buf = (buf);					\
	void *__arg1 = (L), *__arg2 = (ci);				\
									\
	asm volatile("pushq %%rbx\n\t"					\
		     "pushq %%rbp\n\t"					\
		     "leaq -8(%%rsp), %%rcx\n\t"			\
		     "movq %%rcx, 8(%%rax)\n\t"				\
		     "call %P[fn]\n\t"					\
		     "popq %%rbp\n\t"					\
		     "popq %%rbx"					\
		     : "+a" (__buf), "+D" (__arg1), "+S" (__arg2),	\
		       ASM_CALL_CONSTRAINT				\
		     : [fn] "i" (f)					\
		     : "rcx", "rdx", "r8", "r9", "r10", "r11", "r12",	\
		       "r13", "r14", "r15", "cc", "memory");		\
} while (0)
#endif

#define LUAI_THROW(L, c)	lua_longjmp(&(c)->b)
#define LUAI_TRY(L, c, a)	do { if (lua_setjmp(&(c)->b) == 0) { a } } while (0)

#endif
