/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the entry stubs (assembly) and the C part share. cpu.c asserts that
 * the offsets are those of struct kel_cpu and struct kel_thread.
 *
 * Every CPU has one block: at its bottom struct kel_cpu, above it the stack
 * that the interrupt stack table's slot points to. Blocks are aligned to their
 * size and adjacent, so that a stub finds its CPU's data from the stack
 * pointer alone, whatever GS is, and knows a foreign stack pointer as one of
 * ours with one comparison.
 */
#ifndef KEL_X86_BLOCK_H
#define KEL_X86_BLOCK_H

#include "../../flags.h"

#define KEL_BLOCK_SIZE		8192
#define KEL_BLOCK_FLOOR		2048	/* the slot is never moved below */

/* struct kel_cpu */
#define KB_IST			0	/* address of the TSS slot */
#define KB_TOP			8	/* its value at rest */
#define KB_THREAD		16	/* struct kel_thread or NULL */
#define KB_FLAGS		24	/* KEL_T_*, 0 without a thread */
#define KB_TOS			32	/* top of the thread's kernel stack */
#define KB_USP			40	/* gate: the user's stack pointer */
#define KB_SCRATCH		48	/* 2 words for each of #DB, NMI, #MC */
#define KB_GS			96	/* the kernel's GS base */

/* struct kel_thread */
#define KT_BY_VECTOR		0
#define KT_BY_PRIVILEGED	8
#define KT_BY_GATE		16
#define KT_BY_KADDR		24
#define KT_LOWERED		32
#define KT_FB_EVENT		40
#define KT_FB_STEP		48

/*
 * gate.S, from kel_soft_start: the gate's last instructions (sti; jmp *%rcx)
 * and its first ([endbr64;] cli). It asserts these lengths.
 */
#define KEL_SOFT_GATE		3
#ifdef CONFIG_X86_KERNEL_IBT
#define KEL_SOFT_LEN		8
#else
#define KEL_SOFT_LEN		4
#endif

/* One entry stub of the table, see entry.S */
#define KEL_STUB_SIZE		32

#endif
