/* SPDX-License-Identifier: GPL-2.0 */
/* compat.h for assembly: macros of the assembler's and the preprocessor's. */
#ifndef KEL_COMPAT_ASM_S
#define KEL_COMPAT_ASM_S

#include "have.h"

#ifdef CONFIG_ARM64
/* 6.2: kernel code runs with data independent timing */
.macro KEL_DIT_OF_KERNEL
#ifdef ARM64_HAS_DIT
alternative_if ARM64_HAS_DIT
	SET_PSTATE_DIT(1)
alternative_else_nop_endif
#endif
.endm

/* 5.13: it was called by another name */
#ifndef PT_REGS_SIZE
#define PT_REGS_SIZE	S_FRAME_SIZE
#endif

/*
 * Pointer authentication keys. 5.13: user mode may have them off; all but one
 * of its keys are in their registers all the time.
 */
.macro KEL_KEYS_OF_KERNEL tsk:req tmp1:req tmp2:req tmp3:req
#ifdef THREAD_SCTLR_USER
alternative_if ARM64_HAS_ADDRESS_AUTH
	ldr	\tmp1, [\tsk, #THREAD_SCTLR_USER]
	tbz	\tmp1, #SCTLR_ELx_ENIA_SHIFT, .Lno_key_\@
	__ptrauth_keys_install_kernel_nosync \tsk, \tmp1, \tmp2, \tmp3
	b	.Lkey_\@
.Lno_key_\@:
	mrs	\tmp1, sctlr_el1
	orr	\tmp1, \tmp1, SCTLR_ELx_ENIA
	msr	sctlr_el1, \tmp1
.Lkey_\@:
	isb
alternative_else_nop_endif
#else
	ptrauth_keys_install_kernel \tsk, \tmp1, \tmp2, \tmp3
#endif
.endm

.macro KEL_KEYS_OF_USER tsk:req tmp1:req tmp2:req tmp3:req
#ifdef THREAD_SCTLR_USER
alternative_if ARM64_HAS_ADDRESS_AUTH
	ldr	\tmp1, [\tsk, #THREAD_SCTLR_USER]
	tbz	\tmp1, #SCTLR_ELx_ENIA_SHIFT, .Lno_key_\@
	__ptrauth_keys_install_user \tsk, \tmp1, \tmp2, \tmp3
	b	.Lkey_\@
.Lno_key_\@:
	mrs	\tmp1, sctlr_el1
	bic	\tmp1, \tmp1, SCTLR_ELx_ENIA
	msr	sctlr_el1, \tmp1
.Lkey_\@:
alternative_else_nop_endif
#else
	ptrauth_keys_install_user \tsk, \tmp1, \tmp2, \tmp3
#endif
.endm
#endif

#ifdef KEL_HAVE_OBJTOOL_H
#include <linux/objtool.h>
#endif
#ifdef KEL_HAVE_OBJTOOL_TYPES_H
#include <linux/objtool_types.h>
#endif

/* 6.4: what is neither a frame nor the end of a stack has a name of its own */
#ifndef UNWIND_HINT_TYPE_UNDEFINED
.macro UNWIND_HINT_UNDEFINED
	UNWIND_HINT_EMPTY
.endm
#endif

/* 5.18: landing pads; in some kernels a macro of the assembler's */
#ifdef KEL_HAVE_IBT_H
#include <asm/ibt.h>
#else
#define ENDBR
#endif

#endif
