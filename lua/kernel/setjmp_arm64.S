/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * setjmp and longjmp for Lua. x18 is the shadow call stack's pointer: it goes
 * back with the stack pointer, so that both stacks name the same frame. The
 * return address is saved unsigned (these are leaf functions), and left by
 * RET, which BTI does not check.
 */
#include <linux/linkage.h>

	.text

SYM_FUNC_START(lua_setjmp)
	stp	x18, x19, [x0, #0]
	stp	x20, x21, [x0, #16]
	stp	x22, x23, [x0, #32]
	stp	x24, x25, [x0, #48]
	stp	x26, x27, [x0, #64]
	stp	x28, x29, [x0, #80]
	mov	x1, sp
	stp	x30, x1, [x0, #96]
	mov	w0, wzr
	ret
SYM_FUNC_END(lua_setjmp)

SYM_FUNC_START(lua_longjmp)
	ldp	x18, x19, [x0, #0]
	ldp	x20, x21, [x0, #16]
	ldp	x22, x23, [x0, #32]
	ldp	x24, x25, [x0, #48]
	ldp	x26, x27, [x0, #64]
	ldp	x28, x29, [x0, #80]
	ldp	x30, x1, [x0, #96]
	mov	sp, x1
	mov	w0, #1
	ret
SYM_FUNC_END(lua_longjmp)
