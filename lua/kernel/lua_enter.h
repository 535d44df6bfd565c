/* SPDX-License-Identifier: GPL-2.0-only */
/* How a packet's callback is entered */
#ifndef _LUA_ENTER_H
#define _LUA_ENTER_H

#include "lua_internal.h"

/**
 * lua_enter() - call a function from outside Lua, protected
 * @L: main thread at rest. It has called a function before; its errfunc is the
 *	message handler, right above which lie the function and its arguments.
 * @lj: where an error comes back to; all zero at first, and left alone then
 * @nargs: number of arguments; a constant
 *
 * Like lua_pcall() for one result, in a fifth of its instructions: what is
 * known of such a thread is neither saved nor restored, and a function in Lua
 * that finds room on the stack begins in the caller's own frame.
 *
 * Return: LUA_OK with the result on the stack, or another status with the
 * message
 */
static __always_inline int lua_enter(lua_State *L, struct lua_longjmp *lj,
				     unsigned int nargs)
{
#ifdef LUAI_CALL
	const StkId func = L->top.p - nargs - 1;
	CallInfo *const ci = L->base_ci.next;
	unsigned int i;
	const Proto *p;
	int status;

	if (unlikely(!ttisLclosure(s2v(func))))
		return luaD_enter(L);
	p = clLvalue(s2v(func))->p;
	ci->top.p = func + 1 + p->maxstacksize;
	if (unlikely(ci->top.p >= L->stack_last.p))
		return luaD_enter(L);
	for (i = nargs; unlikely(i < p->numparams); i++) {
		setnilvalue(s2v(L->top.p));
		L->top.p++;
	}
	ci->func.p = func;
	ci->nresults = 1;
	ci->callstatus = CIST_FRESH;
	ci->u.l.savedpc = p->code;
	L->ci = ci;
	L->errorJmp = lj;
	LUAI_CALL(&lj->b, luaV_execute, L, ci);
	if (likely(lj->status == LUA_OK)) {
		L->errorJmp = NULL;
		return LUA_OK;
	}
	status = lj->status;
	lj->status = LUA_OK;
	return luaD_unwind(L, status);
#else
	return luaD_enter(L);
#endif
}

#endif
