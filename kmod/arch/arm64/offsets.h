/* SPDX-License-Identifier: GPL-2.0 */
/* Offsets for assembly; cpu.c asserts them. */
#ifndef KEL_ARM64_OFFSETS_H
#define KEL_ARM64_OFFSETS_H

/* struct kel_cpu */
#define KC_THREAD		0
#define KC_TASK			8

/* struct kel_thread */
#define KT_LOWERED		32
#define KT_FB_EVENT		40
#define KT_FAULT_PC		56
#define KT_FAULT_ADDRESS	64

/* struct pt_regs */
#define KR_ORIG_X0		272

/* The gate's first instructions, which run as the caller does. */
#define KEL_SOFT_LEN		8

/* struct thread_info.flags, CPACR_EL1: bit numbers */
#define KEL_TIF_SVE		23
#define KEL_ZEN_EL1EN		16

/* kel_pstate: what this CPU's PSTATE has, and MRS can read */
#define KEL_PSTATE_SSBS		0	/* bit numbers */
#define KEL_PSTATE_DIT		1
#define KEL_PSTATE_TCO		2

#endif
