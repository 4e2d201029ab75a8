/* SPDX-License-Identifier: GPL-2.0 */
/* compat.h for assembly: macros of the assembler's and the preprocessor's. */
#ifndef KEL_COMPAT_ASM_H
#define KEL_COMPAT_ASM_H

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
