/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration of Lua for nflua, kernel and host build alike. It is included
 * before everything else (-include) and takes the guard of upstream's
 * luaconf.h, so that one has no effect.
 *
 * The dialect has 64-bit integers only. lua_Number is therefore an integer type
 * too: no value is ever tagged as a float (patches/), and what upstream computes
 * with floats either compiles to nothing or raises an error.
 */
#ifndef luaconf_h
#define luaconf_h

#ifdef __KERNEL__
#include <linux/types.h>
#if defined(CONFIG_X86)
#include <asm/asm.h>
#elif defined(CONFIG_ARM64)
#include <asm/stack_pointer.h>
#endif
#else
#include <limits.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

struct lua_State;
struct TValue;
union StackValue;

/**
 * struct lua_ext - what the embedder of a Lua state owns
 * @fuel: steps left. A step is a call of a Lua function or a turn of a loop, of
 *	up to 64 instructions each, or as much work in C. Below zero, @refuel is
 *	called; work in C that raises no error may take it far below.
 * @stack_floor: lowest stack address that Lua may use. Below it "C stack
 *	overflow" is raised. Leave LUA_CSTACK_RESERVE bytes under it, for the
 *	deepest chain of calls without a test and for the error itself. At most
 *	8 MiB below the entry.
 * @killed: a limit was hit. While it is set, pcall, coroutines and load pass an
 *	error on instead of returning it. Clear it before each entry; test it
 *	after each.
 * @overflow: a C stack overflow is being raised (Lua's own)
 * @atomic: a packet waits: load() and collectgarbage() raise, and nothing
 *	is done that takes long and can't be stopped
 * @refuel: called with @fuel below zero. Returns 0 after adding to @fuel, or
 *	something else after pushing a message (a string), which is raised
 *	with the position of the running Lua function in front. May not call
 *	into Lua or change its stack in any other way.
 * @index: answers t[key] where t is a light userdata, by storing a value at
 *	@val or raising with luaG_runerror (no C function is on the call stack,
 *	so luaL_error would name the wrong line). @val does not survive anything
 *	that may reallocate the Lua stack. NULL: light userdata are indexed by
 *	their metatable, as in stock Lua.
 * @newindex: takes t[key] = val likewise
 *
 * It is found through the state: lua_newstate() is given its address as the
 * second argument, which is also the allocator's first.
 */
struct lua_ext {
	long fuel;
	unsigned long stack_floor;
	bool killed;
	bool overflow;
	bool atomic;
	int (*refuel)(struct lua_State *L);
	void (*index)(struct lua_State *L, const struct TValue *t,
		      struct TValue *key, union StackValue *val);
	void (*newindex)(struct lua_State *L, const struct TValue *t,
			 struct TValue *key, struct TValue *val);
};

/* an lvalue; the allocator's argument lies right before each lua_State */
#define lua_getext(L) (((struct lua_ext **)(void *)(L))[-1])

/* charge n steps for work in C; may raise an error */
#define lua_burn(L, n)							\
	((void)(luai_unlikely((lua_getext(L)->fuel -= (long)(n)) < 0) &&	\
		(lua_burnout(L), 0)))

/*
 * the same without an error here: the function in Lua that this is for sees it
 * before its next instruction
 */
#define lua_charge(L, n)						\
	((void)(luai_unlikely((lua_getext(L)->fuel -= (long)(n)) < 0) &&	\
		(lua_tire(L), 0)))

/* @index of struct lua_ext; the module's own goes without the pointer */
#ifdef __KERNEL__
void nflua_packet_index(struct lua_State *L, const struct TValue *light,
			struct TValue *key, union StackValue *val);
#define luai_hasindex(L)	1
#define luai_index(L, t, k, v)	nflua_packet_index(L, t, k, v)
#else
#define luai_hasindex(L)	(lua_getext(L)->index != NULL)
#define luai_index(L, t, k, v)	lua_getext(L)->index(L, t, k, v)
#endif

void lua_burnout(struct lua_State *L);
void lua_tire(struct lua_State *L);

/* an error that a limit raised goes on; the message is on the top */
#define lua_rethrow(L)							\
	((void)(luai_unlikely(lua_getext(L)->killed) && lua_error(L)))

/* functions that take as long as they take, in the base library */
#define lua_slow(L, name)						\
	((void)(luai_unlikely(lua_getext(L)->atomic) &&			\
		luaL_error(L, name " cannot be called while a packet waits")))

/* bytes under the stack_floor that may be used all the same */
#define LUA_CSTACK_RESERVE	3072
/* of these, how deep an overflow's message handler may call */
#define LUAI_CSTACKEXTRA	1024
/* what a finalizer needs to start at all */
#define LUAI_CSTACKMIN		512

#if defined(__KERNEL__)
#define luai_stackpointer	current_stack_pointer
#elif defined(__x86_64__)
register unsigned long luai_stackpointer asm("rsp");
#elif defined(__aarch64__)
register unsigned long luai_stackpointer asm("sp");
#else
#error "nflua's Lua knows the stack pointer of x86-64 and arm64 only"
#endif

/* is less than n bytes of C stack left above the floor? */
#define lua_cstackfull(L, n) \
	(luai_stackpointer < lua_getext(L)->stack_floor + (n))

/*
 * What the platform offers: shim.c for both, kernel/platform.c in the kernel,
 * host/platform.c on the host.
 */

/* snprintf() with C's meaning for %d %i %u %o %x %X %c %s (l, ll) and %p */
__attribute__((format(printf, 3, 4)))
int luai_snprintf(char *buf, size_t size, const char *fmt, ...);
/* why a numeral is refused */
const char *luai_badnumeral(const char *s);
int luai_integer2str(char *buf, long long n);

/* let others run, unless a packet waits */
#define luai_relax(L)							\
	((void)(!lua_getext(L)->atomic && (luai_resched(), 0)))
void luai_resched(void);

unsigned long long luai_random64(void);
unsigned int luai_seed(void);
/* odd factor of all integers that are hashed; set before there is a state */
extern unsigned long long luai_inthash;
/* secrets, the second one odd, and hash of pointers; as above */
extern unsigned long long luai_ptrhash[2];
static inline unsigned int luai_pointerhash(const void *p)
{
	unsigned long long x = (unsigned long)p + luai_ptrhash[0];

	/* twice, so that the order of hashes is not that of a sum's */
	x *= luai_ptrhash[1];
	x = (x ^ x >> 32) * luai_ptrhash[1];
	return x >> 32;
}
/* an id that is no address, the same for the same pointer */
unsigned long long luai_pointerid(const void *p);

#define LUAI_NOFLOATMSG	"no floating point in the kernel"
#define LUAI_NOFLOAT	LUAI_NOFLOATMSG " (use // for integer division)"

/* --- what follows stands in upstream's luaconf.h, llimits.h and others --- */

#define LUAI_IS32INT	1

#define LUA_API		extern
#define LUALIB_API	LUA_API
#define LUAMOD_API	LUA_API
#ifdef __KERNEL__
#define LUAI_FUNC	extern
#else
#define LUAI_FUNC	__attribute__((visibility("hidden"))) extern
#endif
#define LUAI_DDEC(dec)	LUAI_FUNC dec
#define LUAI_DDEF

#define LUA_INTEGER		long long
#define LUA_UNSIGNED		unsigned long long
#define LUAI_UACINT		long long
#define LUA_INTEGER_FRMLEN	"ll"
#define LUA_INTEGER_FMT		"%lld"
#define LUA_MAXINTEGER		0x7fffffffffffffffLL
#define LUA_MININTEGER		(-LUA_MAXINTEGER - 1)
#define LUA_MAXUNSIGNED		0xffffffffffffffffULL
#define lua_integer2str(s, sz, n) ((void)(sz), luai_integer2str(s, n))

#define LUA_NUMBER		long long
#define LUAI_UACNUMBER		long long
#define LUA_NUMBER_FRMLEN	"ll"
#define LUA_NUMBER_FMT		"%lld"
#define lua_number2str(s, sz, n) lua_integer2str(s, sz, n)
#define lua_numbertointeger(n, p) (*(p) = (n), 1)
#define l_floor(x)		(x)
#define l_floatatt(n)		(LUAI_FLT_##n)
#define LUAI_FLT_MANT_DIG	63	/* "all integers fit in a float" */

/* no string is a float; what is no integer is no number */
#define lua_str2number(s, p)	(*(p) = (char *)(s), 0)
#define lua_strx2number(s, p)	lua_str2number(s, p)
#define L_MAXLENNUM		1
#define lua_getlocaledecpoint()	'.'

/* never evaluated, there being no floats */
#define luai_numadd(L, a, b)	((a) + (b))
#define luai_numsub(L, a, b)	((a) - (b))
#define luai_nummul(L, a, b)	((a) * (b))
#define luai_numunm(L, a)	(-(a))
#define luai_numdiv(L, a, b)	((void)(a), (void)(b), 0)
#define luai_numidiv(L, a, b)	luai_numdiv(L, a, b)
#define luai_numpow(L, a, b)	luai_numdiv(L, a, b)
#define luai_nummod(L, a, b, m)	{ (m) = luai_numdiv(L, a, b); }
#define luai_numeq(a, b)	((a) == (b))
#define luai_numlt(a, b)	((a) < (b))
#define luai_numle(a, b)	((a) <= (b))
#define luai_numgt(a, b)	((a) > (b))
#define luai_numge(a, b)	((a) >= (b))
#define luai_numisnan(a)	0
#define l_hashfloat(n)		((int)(n))

#define lua_number2strx(L, b, sz, f, n) 0
#define l_sprintf(s, sz, f, i)	luai_snprintf(s, sz, f, i)
#define lua_pointer2str(buff, sz, p) luai_snprintf(buff, sz, "%p", p)

#define LUA_KCONTEXT		long
#define LUAI_MAXSTACK		1000000
#define LUA_EXTRASPACE		(sizeof(void *))
#define LUA_IDSIZE		60
/* buffers lie on the C stack */
#define LUAL_BUFFERSIZE		128
#define LUAI_MAXALIGN		lua_Number n; void *s; lua_Integer i; long l

/* log2 of a collector's step */
#define LUAI_MAXGCSTEP		16
/* slots of a table, those of one that gets another size, passes over what was written
   to, and units of work (about 8 instructions each) of one step of the collector */
#define LUAI_MAXGCPART		256
#define LUAI_MAXGCRESIZED	(1 << 15)
#define LUAI_MAXGCPASSES	3
#define LUAI_MAXGCWORK		4000
/* while a packet waits: more of those for a large debt, at most */
#define LUAI_MAXGCDEBT		(1 << 15)
/* keys of a table that may have one main position */
#define LUAI_MAXCHAIN		32
/* while a packet waits: entries to which the table of strings grows, slots of a
   table that are counted to find its new size */
#define LUAI_MAXSTRTAB		(1 << 15)
#define LUAI_MAXREHASH		(1 << 17)
/* while a packet waits: how many newer objects there may be than one that gets a
   finalizer */
#define LUAI_MAXFINSEARCH	4096
/* tables with finalizers in a state; how often a cycle of the collector goes back
   to marking, because there is too much left */
#define LUAI_MAXFINOBJ		32768
#define LUAI_MAXGCRETURNS	4
/* the atomic phase: entries of weak tables, and how many a table counts for itself;
   slots of tables with weak keys that are visited to find what they keep alive;
   units of work, and those of an object, after which it is left again */
#define LUAI_MAXWEAK		(5 << 14)
#define LUAI_WEAKCOST		4
#define LUAI_MAXEPHEMERON	(1 << 15)
#define LUAI_MAXATOMIC		(1 << 17)
#define LUAI_MARKCOST		8
/* instructions without a loop or a call between two looks at the fuel */
#define LUAI_STRAIGHT		512
/* turns of a cheap loop in C between two looks at the fuel, a power of 2 */
#define LUAI_CHUNK		1024
/* of a longer string used as a key so many bytes are hashed, at both ends; a
   packet cannot make a longer one */
#define LUAI_MAXHASHED		(1 << 20)
/* longest name of a variable that an error tells; instructions, and local
   variables, among which such names and those of a traceback are looked for */
#define LUAI_MAXVARINFO		1024
#define LUAI_MAXSEARCHED	4096
/* bytes of a text that are told in another */
#define LUAI_MAXTOLD		(1 << 16)
/* longest string that is looked at for a number */
#define LUAI_MAXNUMERAL		256

#define l_signalT		int
#define LUA_USE_JUMPTABLE	1
#define luai_makeseed(L)	luai_seed()
#define l_randomizePivot()	((unsigned int)luai_random64())

/* kernels are built with -ftrivial-auto-var-init=zero, which costs here */
#if __has_attribute(uninitialized)
#define luai_uninitialized	__attribute__((uninitialized))
#else
#define luai_uninitialized
#endif

#define luai_likely(x)		__builtin_expect(((x) != 0), 1)
#define luai_unlikely(x)	__builtin_expect(((x) != 0), 0)
#define l_likely(x)		luai_likely(x)
#define l_unlikely(x)		luai_unlikely(x)

#ifdef __KERNEL__

#include "lua_jmpbuf.h"

/* objtool knows a fixed list of functions that don't return */
#define l_noret			void
#define luai_jumptable		__annotate_jump_table

#else

#define luai_jumptable
#define luai_jmpbuf		jmp_buf
#define LUAI_THROW(L, c)	_longjmp((c)->b, 1)
#define LUAI_TRY(L, c, a)	if (_setjmp((c)->b) == 0) { a }

#ifdef NFLUA_ASSERT
#define LUAI_ASSERT
#define LUA_USE_APICHECK
#include <assert.h>
#define luai_apicheck(l, e)	assert(e)
#endif

#endif /* __KERNEL__ */

#endif /* luaconf_h */
