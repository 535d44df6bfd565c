/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * setjmp and longjmp for Lua. Both leave by RET, so there is no indirect jump
 * that retpolines or IBT would have to know about.
 */
#include <linux/linkage.h>

	.text

SYM_FUNC_START(lua_setjmp)
	movq	(%rsp), %rax		/* return address */
	movq	%rax, (%rdi)
	movq	%rsp, 8(%rdi)
	movq	%rbx, 16(%rdi)
	movq	%rbp, 24(%rdi)
	movq	%r12, 32(%rdi)
	movq	%r13, 40(%rdi)
	movq	%r14, 48(%rdi)
	movq	%r15, 56(%rdi)
	xorl	%eax, %eax
	RET
SYM_FUNC_END(lua_setjmp)

/*
 * The slot that held setjmp's return address has been used by later calls:
 * write it again, then return as setjmp did. The slot lies above the present
 * stack pointer, where no interrupt writes. LUAI_CALL's slot is still in use, and
 * its address alone is known: the registers get what nobody looks at.
 */
SYM_FUNC_START(lua_longjmp)
	movq	(%rdi), %rax
	movq	8(%rdi), %rdx
	testq	%rax, %rax
	jz	1f
	movq	%rax, (%rdx)
1:	movq	16(%rdi), %rbx
	movq	32(%rdi), %r12
	movq	40(%rdi), %r13
	movq	48(%rdi), %r14
	movq	56(%rdi), %r15
	movq	24(%rdi), %rbp
	movq	8(%rdi), %rsp
	movl	$1, %eax
	RET
SYM_FUNC_END(lua_longjmp)
