/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Elevated text runs at EL1t (EL2t where the kernel runs at EL2): SP_EL0 is its
 * own stack, and SP_EL1 rests at the top of the thread's kernel stack, as it does
 * for EL0. An exception switches to it by itself and takes the "current EL
 * with SP0" vector, which Linux never uses otherwise. Its handlers, el1t_64_*,
 * are patched to come here.
 *
 * Here also: the gate, and the direct return to elevated text.
 */
#include <linux/linkage.h>
#include <asm/alternative.h>
#include <asm/asm-offsets.h>
#include <asm/asm_pointer_auth.h>
#include <asm/assembler.h>
#include <asm/esr.h>
#include <asm/ptrace.h>
#include <asm/sysreg.h>
#include "../../compat/asm.S"
#include "offsets.h"

#define ESR_EC_TO_LOWER	(1 << ESR_ELx_EC_SHIFT)

/* The classes of the current EL whose twin of the lower EL is one less. */
#define EC_HAS_TWIN	(1 << (ESR_ELx_EC_DABT_CUR - 32) | \
			 1 << (ESR_ELx_EC_BREAKPT_CUR - 32) | \
			 1 << (ESR_ELx_EC_SOFTSTP_CUR - 32) | \
			 1 << (ESR_ELx_EC_WATCHPT_CUR - 32))

.macro KEL_COUNT thread:req offset:req tmp:req
	ldr	\tmp, [\thread, #\offset]
	add	\tmp, \tmp, #1
	str	\tmp, [\thread, #\offset]
.endm

/*
 * SVE. The kernel saves a thread's SVE registers once it has seen a trap of EL0
 * and set TIF_SVE. At EL1 there is none, so before that elevated text must
 * trap as well; kernel code must not. (Between, in the gate, it may: what
 * it calls saves no SVE state of a thread without TIF_SVE, and kel_arch_unload()
 * comes before another thread's.)
 */
.macro KEL_SVE_OF_KERNEL tmp:req
alternative_if ARM64_SVE
	mrs	\tmp, cpacr_el1
	tbnz	\tmp, #KEL_ZEN_EL1EN, .Lenabled_\@
	orr	\tmp, \tmp, #(1 << KEL_ZEN_EL1EN)
	msr	cpacr_el1, \tmp
	isb
.Lenabled_\@:
alternative_else_nop_endif
.endm

.macro KEL_SVE_OF_TEXT tsk:req tmp1:req tmp2:req
alternative_if ARM64_SVE
	ldr	\tmp1, [\tsk, #TSK_TI_FLAGS]
	mrs	\tmp2, cpacr_el1
	ubfx	\tmp1, \tmp1, #KEL_TIF_SVE, #1
	bfi	\tmp2, \tmp1, #KEL_ZEN_EL1EN, #1
	msr	cpacr_el1, \tmp2
alternative_else_nop_endif
.endm

/*
 * kel_el1t_*: an event of elevated text becomes the one that user mode would
 * have raised, and goes to the kernel's handler for that.
 *
 * on entry	everything masked, sp below the space for struct pt_regs;
 *		x16 and x17 are in their slots, every other register the text's
 * on exit	at the landing, which reloads x16 and x17 and branches to el0t_64_*
 */
.macro KEL_EL1T name:req sync:req
SYM_CODE_START(kel_el1t_\name)
	bti	j
	stp	x14, x15, [sp, #S_X14]
	adr_this_cpu x14, kel_cpu, x15
	ldr	x14, [x14, #KC_THREAD]

	mrs	x16, elr_el1
	adr_l	x17, kel_gate
	sub	x17, x16, x17
	cmp	x17, #KEL_SOFT_LEN
	b.hs	.Lnot_soft_\@
	/* no kernel address in a user's frame: let the real system call be made */
	ldr	x17, [sp, #S_X16 + 8]
	sub	x17, x17, #4
	msr	elr_el1, x17
	mrs	x17, spsr_el1
	bic	x17, x17, #PSR_BTYPE_MASK	/* the jump had arrived */
	msr	spsr_el1, x17
	KEL_COUNT x14, KT_FB_EVENT, x17
.Lnot_soft_\@:
	mrs	x15, spsr_el1
	bic	x15, x15, #PSR_MODE_MASK
	bic	x15, x15, #(PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT)
	bic	x15, x15, #(PSR_PAN_BIT | PSR_UAO_BIT)
	msr	spsr_el1, x15
	KEL_SVE_OF_KERNEL x15
	.if \sync
	mrs	x17, esr_el1
	lsr	x17, x17, #ESR_ELx_EC_SHIFT
	cmp	x17, #ESR_ELx_EC_IABT_CUR
	b.eq	kel_fetch
	cmp	x17, #ESR_ELx_EC_SVC64
	b.eq	.Lcount_\@
	mrs	x15, far_el1
	str	x16, [x14, #KT_FAULT_PC]
	str	x15, [x14, #KT_FAULT_ADDRESS]
	tbz	x17, #5, .Lcount_\@
	mov_q	x15, EC_HAS_TWIN
	lsr	w15, w15, w17		/* by the number modulo 32 */
	tbz	w15, #0, .Lcount_\@
	mrs	x15, esr_el1
	bic	x15, x15, #ESR_EC_TO_LOWER
	msr	esr_el1, x15
	.endif
.Lcount_\@:
	KEL_COUNT x14, KT_LOWERED, x15
	ldr_l	x16, kel_landing_\name
	ldp	x14, x15, [sp, #S_X14]
	br	x16
SYM_CODE_END(kel_el1t_\name)
.endm

/*
 * From the thread's registers to those of kernel code: `current`, the kernel's
 * pointer authentication key, the end of the frame chain. As kernel_entry does.
 *
 * on exit	\cpu points to struct kel_cpu
 */
.macro KEL_BECOME_KERNEL cpu:req tsk:req tmp1:req tmp2:req tmp3:req
	adr_this_cpu \cpu, kel_cpu, \tmp1
	ldr	\tsk, [\cpu, #KC_TASK]
	msr	sp_el0, \tsk
	KEL_DIT_OF_KERNEL
	KEL_KEYS_OF_KERNEL \tsk, \tmp1, \tmp2, \tmp3
	stp	xzr, xzr, [sp, #S_STACKFRAME]
	add	x29, sp, #S_STACKFRAME
.endm

/* No C function may be called after this. */
.macro KEL_BECOME_USER tsk:req tmp1:req tmp2:req tmp3:req
	mrs	\tsk, sp_el0
	KEL_KEYS_OF_USER \tsk, \tmp1, \tmp2, \tmp3
	KEL_SVE_OF_TEXT \tsk, \tmp1, \tmp2
.endm

	.section .noinstr.text, "ax"	/* and no kprobes */

KEL_EL1T sync, 1
KEL_EL1T irq, 0
KEL_EL1T fiq, 0
KEL_EL1T error, 0

/*
 * An instruction abort of elevated text: most often the page is not executable
 * for the kernel, yet. It takes page table locks to change that.
 *
 * on entry	as kel_el1t_sync, with x14 to x17 in their slots; SPSR is the
 *		user's already
 */
SYM_CODE_START_LOCAL(kel_fetch)
	stp	x0, x1, [sp, #S_X0]
	stp	x2, x3, [sp, #S_X2]
	stp	x4, x5, [sp, #S_X4]
	stp	x6, x7, [sp, #S_X6]
	stp	x8, x9, [sp, #S_X8]
	stp	x10, x11, [sp, #S_X10]
	stp	x12, x13, [sp, #S_X12]
	stp	x18, x19, [sp, #S_X18]
	stp	x20, x21, [sp, #S_X20]
	stp	x22, x23, [sp, #S_X22]
	stp	x24, x25, [sp, #S_X24]
	stp	x26, x27, [sp, #S_X26]
	stp	x28, x29, [sp, #S_X28]
	mrs	x9, sp_el0
	stp	x30, x9, [sp, #S_LR]
	mrs	x9, elr_el1
	mrs	x10, spsr_el1
	stp	x9, x10, [sp, #S_PC]
	mov	w9, #NO_SYSCALL
	str	w9, [sp, #S_SYSCALLNO]
	mrs	x2, far_el1
	mrs	x3, esr_el1
	KEL_BECOME_KERNEL x9, x10, x11, x12, x13
	ldr	x1, [x9, #KC_THREAD]
	mov	x0, sp
	bl	kel_fetch_abort		/* returns with everything masked */
	b	kel_gate_slow
SYM_CODE_END(kel_fetch)

/*
 * kel_gate: jumped to by elevated text, see uapi/kelevate.h
 *
 *	x8		system call number	preserved
 *	x0 .. x5	arguments		x0: result, others clobbered
 *	x17		return address		clobbered
 *	x6, x7, x9-x16	-			clobbered
 *	x18-x30, sp, SIMD and SVE registers, flags	preserved
 *
 * on entry	EL1t, the thread's stack
 * inside	EL1h, the thread's kernel stack below a pt_regs that shows the
 *		user's state: what perf, /proc/PID/syscall, ptrace and the unwinders read
 */
SYM_CODE_START(kel_gate)
	bti	jc
	msr	daifset, #0xf
	msr	spsel, #1
	sub	sp, sp, #PT_REGS_SIZE
	stp	x0, x1, [sp, #S_X0]
	stp	x2, x3, [sp, #S_X2]
	stp	x4, x5, [sp, #S_X4]
	stp	x6, x7, [sp, #S_X6]
	stp	x8, x9, [sp, #S_X8]
	stp	x10, x11, [sp, #S_X10]
	stp	x12, x13, [sp, #S_X12]
	stp	x14, x15, [sp, #S_X14]
	stp	x16, x17, [sp, #S_X16]
	stp	x18, x19, [sp, #S_X18]
	stp	x20, x21, [sp, #S_X20]
	stp	x22, x23, [sp, #S_X22]
	stp	x24, x25, [sp, #S_X24]
	stp	x26, x27, [sp, #S_X26]
	stp	x28, x29, [sp, #S_X28]
	mrs	x9, sp_el0
	stp	x30, x9, [sp, #S_LR]
	/* PSTATE, as an exception would have saved it */
	mrs	x10, nzcv
	ldr_l	w11, kel_pstate, x11
	cbz	w11, 2f
	tbz	w11, #KEL_PSTATE_SSBS, 1f
	mrs	x12, s3_3_c4_c2_6
	orr	x10, x10, x12
1:	tbz	w11, #KEL_PSTATE_DIT, 1f
	mrs	x12, s3_3_c4_c2_5
	orr	x10, x10, x12
1:	tbz	w11, #KEL_PSTATE_TCO, 2f
	mrs	x12, s3_3_c4_c2_7
	orr	x10, x10, x12
2:	stp	x17, x10, [sp, #S_PC]
	str	x0, [sp, #KR_ORIG_X0]
	str	w8, [sp, #S_SYSCALLNO]
alternative_if ARM64_HAS_PAN
	SET_PSTATE_PAN(1)
alternative_else_nop_endif
	KEL_BECOME_KERNEL x9, x10, x11, x12, x13
	ldr	x1, [x9, #KC_THREAD]
	mov	x0, sp
	msr	daifclr, #0xf
	bl	kel_gate_call		/* returns with IRQs off */
	msr	daifset, #0xf
	cbnz	w0, kel_gate_slow
	KEL_BECOME_USER x9, x10, x11, x12
	mrs	x10, CurrentEL		/* which is PSTATE's mode bits of ELxt */
	ldp	x11, x12, [sp, #S_PC]
	orr	x12, x12, x10
	msr	elr_el1, x11
	msr	spsr_el1, x12
	ldp	x30, x9, [sp, #S_LR]
	msr	sp_el0, x9
	ldr	x0, [sp, #S_X0]
	ldr	x8, [sp, #S_X8]
	ldr	x18, [sp, #S_X18]
	ldr	x29, [sp, #S_FP]
	add	sp, sp, #PT_REGS_SIZE
	eret
	sb
SYM_CODE_END(kel_gate)

/*
 * Every register as pt_regs has it, everything masked. w0: 1 elevated, 2 in
 * user mode
 */
SYM_CODE_START_LOCAL(kel_gate_slow)
	cmp	w0, #1
	mov	x0, sp
	b.eq	kel_return_elevated
	KEL_SVE_OF_KERNEL x9
	mrs	x28, sp_el0		/* where the kernel's exit has `current` */
	ldr_l	x16, kel_ret_to_user
	br	x16
SYM_CODE_END(kel_gate_slow)

/*
 * void kel_return_elevated(struct pt_regs *regs)
 *
 * Drops the kernel stack above regs (which is the thread's task_pt_regs) and
 * goes to regs->pc at EL1t. IRQs off, regs->pstate says EL1t, no work pending:
 * the stock exit path has nothing to do, would unmap the kernel and must not
 * see such a mode.
 */
SYM_CODE_START(kel_return_elevated)
	bti	c
	msr	daifset, #0xf
	mov	sp, x0
	KEL_BECOME_USER x9, x10, x11, x12
	ldp	x9, x10, [sp, #S_PC]
	msr	elr_el1, x9
	msr	spsr_el1, x10
	ldp	x30, x9, [sp, #S_LR]
	msr	sp_el0, x9
	ldp	x0, x1, [sp, #S_X0]
	ldp	x2, x3, [sp, #S_X2]
	ldp	x4, x5, [sp, #S_X4]
	ldp	x6, x7, [sp, #S_X6]
	ldp	x8, x9, [sp, #S_X8]
	ldp	x10, x11, [sp, #S_X10]
	ldp	x12, x13, [sp, #S_X12]
	ldp	x14, x15, [sp, #S_X14]
	ldp	x16, x17, [sp, #S_X16]
	ldp	x18, x19, [sp, #S_X18]
	ldp	x20, x21, [sp, #S_X20]
	ldp	x22, x23, [sp, #S_X22]
	ldp	x24, x25, [sp, #S_X24]
	ldp	x26, x27, [sp, #S_X26]
	ldp	x28, x29, [sp, #S_X28]
	add	sp, sp, #PT_REGS_SIZE
	eret
	sb
SYM_CODE_END(kel_return_elevated)
