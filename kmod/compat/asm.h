/* SPDX-License-Identifier: GPL-2.0 */
/* compat.h for assembly: macros of the assembler's and the preprocessor's. */
#ifndef KEL_COMPAT_ASM_H
#define KEL_COMPAT_ASM_H

#if __has_include(<linux/objtool.h>)
#include <linux/objtool.h>
#endif
#if __has_include(<linux/objtool_types.h>)	/* 6.8 */
#include <linux/objtool_types.h>
#endif

/* 6.4: what is neither a frame nor the end of a stack has a name of its own */
#ifndef UNWIND_HINT_TYPE_UNDEFINED
.macro UNWIND_HINT_UNDEFINED
	UNWIND_HINT_EMPTY
.endm
#endif

/* 5.18: landing pads; in some kernels a macro of the assembler's */
#if __has_include(<asm/ibt.h>)
#include <asm/ibt.h>
#else
#define ENDBR
#endif

#endif
