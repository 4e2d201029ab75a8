/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gate: how an elevated thread leaves its own stack, calls into the
 * kernel, and comes back. And the direct return to elevated text.
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/nospec-branch.h>
#include <asm/percpu.h>
#include <asm/processor-flags.h>
#include <asm/segment.h>
#include <asm/unwind_hints.h>
#include "../../compat/asm.S"
#include "block.h"

/* struct pt_regs */
#define R_AX	80
#define R_IP	128
#define R_SP	152

	.section .noinstr.text, "ax"	/* and no kprobes */
/*
 * kel_gate: jumped to by elevated text, see uapi/kelevate.h
 *
 *	rax		system call number	-> result
 *	rdi .. r9	arguments		-> clobbered
 *	rcx		return address		-> clobbered
 *	r11		-			-> clobbered
 *	rsp, rbx, rbp, r12-r15, x87, SSE, AVX	preserved
 *
 * on entry	CPL 0, IRQs on, the user's GS and stack
 * inside	the kernel's GS, the thread's kernel stack below a pt_regs that
 *		shows the user's state: what perf, /proc/PID/syscall, ptrace and
 *		the unwinders read
 *
 * From kel_soft_start, for KEL_SOFT_LEN bytes, the user's GS and stack are in use with
 * interrupts on: an event there finds a user frame (entry.S).
 */
SYM_CODE_START(kel_soft_start)
	UNWIND_HINT_UNDEFINED
	ANNOTATE_NOENDBR
	sti
	ANNOTATE_RETPOLINE_SAFE
	jmp	*%rcx
SYM_INNER_LABEL(kel_gate, SYM_L_GLOBAL)
	UNWIND_HINT_UNDEFINED
	ENDBR
	cli
	.if kel_gate - kel_soft_start != KEL_SOFT_GATE || . - kel_soft_start != KEL_SOFT_LEN
	.error "KEL_SOFT_GATE, KEL_SOFT_LEN in block.h"
	.endif
	swapgs
	movq	PER_CPU_VAR(kel_cpu_ptr), %r11
	movq	%rsp, KB_USP(%r11)
	movq	KB_TOS(%r11), %rsp

	pushq	$__USER_DS
	pushq	KB_USP(%r11)
	pushfq
	testl	$(X86_EFLAGS_DF | X86_EFLAGS_NT | X86_EFLAGS_AC | X86_EFLAGS_IOPL), (%rsp)
	jnz	.Lodd_flags
.Lkernel_flags:
	orl	$X86_EFLAGS_IF, (%rsp)
	pushq	$__USER_CS
	pushq	%rcx
	pushq	%rax
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%rax
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	11*8(%rsp)		/* r11: the flags, as after SYSCALL */
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	UNWIND_HINT_REGS
	movq	%rsp, %rdi
	movq	KB_THREAD(%r11), %rsi
	sti
	call	kel_gate_call		/* returns with IRQs off */
	testl	%eax, %eax
	jnz	kel_gate_slow
	movq	R_AX(%rsp), %rax
	movq	R_IP(%rsp), %rcx
	movq	R_SP(%rsp), %rsp
	UNWIND_HINT_UNDEFINED
	swapgs
	jmp	kel_soft_start

	/*
	 * As SYSCALL masks them: NT would fault the next IRET, after a context
	 * switch another thread's; AC would defeat SMAP likewise.
	 */
.Lodd_flags:
	pushq	$X86_EFLAGS_FIXED
	popfq
	jmp	.Lkernel_flags
SYM_CODE_END(kel_soft_start)

/*
 * Every register as pt_regs has it. eax: 1 elevated, 2 in user mode
 */
SYM_CODE_START_LOCAL(kel_gate_slow)
	UNWIND_HINT_REGS
	cmpl	$1, %eax
	jne	1f
	movq	%rsp, %rdi
	jmp	kel_return_elevated
1:
SYM_INNER_LABEL(kel_slot_user, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR
	.byte	0xe9			/* the kernel's own way out */
	.long	0
	int3
SYM_CODE_END(kel_gate_slow)

/*
 * void kel_return_elevated(struct pt_regs *regs)
 *
 * Drops the kernel stack above regs (which is the thread's task_pt_regs) and
 * goes to regs->ip at CPL 0. IRQs off, regs->cs and ss the kernel's, no work
 * pending: the stock exit path has nothing to do and must not see such a CS.
 */
SYM_CODE_START(kel_return_elevated)
	ENDBR
	UNWIND_HINT_FUNC
	movq	%rdi, %rsp
	UNWIND_HINT_REGS
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rax
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
	addq	$8, %rsp
	UNWIND_HINT_IRET_REGS
	swapgs
	iretq
SYM_CODE_END(kel_return_elevated)
