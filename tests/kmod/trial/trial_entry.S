/* SPDX-License-Identifier: GPL-2.0 */
/* In the place of kel_vector_entry, in the build for trials. Every register is preserved, and IRET restores the flags. */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/unwind_hints.h>
#include "compat/asm.S"

SYM_CODE_START(__wrap_kel_vector_entry)
	UNWIND_HINT_UNDEFINED
	ENDBR
	testb	$1, fail_gate(%rip)
	jz	__real_kel_vector_entry
	iretq
SYM_CODE_END(__wrap_kel_vector_entry)
