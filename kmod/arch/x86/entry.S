/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the CPU enters while a symbiote lives: one stub for each vector.
 *
 * Every stub decides by what was interrupted:
 *   user mode		on to the kernel's own handler, as if we were not here
 *			(it leaves the stack that it finds itself on);
 *   elevated text	CPL 0 and RIP in the user half: the frame is made into
 *			the one that user mode would have left, then as above,
 *			so that the kernel does everything and returns to user
 *			mode. GS is the user's already;
 *   kernel code	the frame is copied to the interrupted stack, where
 *			hardware would have pushed it, then to the handler.
 *
 * Why the stubs have an IST stack: at CPL 0 hardware pushes onto the stack in
 * use, and with elevated text that is the user's, red zone and all.
 *
 * The stubs reach the handlers by patched direct jumps: no indirect branch
 * that user mode could have trained.
 *
 * They move between stacks in ways that no unwind table describes.
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/msr-index.h>
#include <asm/nospec-branch.h>
#include <asm/processor-flags.h>
#include <asm/segment.h>
#include <asm/trapnr.h>
#include <asm/unwind_hints.h>
#include "../../compat/asm.S"
#include "block.h"

/* a jump that arch/x86/idt.c fills in before it can be reached */
.macro KEL_SLOT name:req
SYM_INNER_LABEL(\name, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR
	.byte	0xe9
	.long	0
	int3
.endm

/*
 * kel_enter, kel_enter_err, kel_enter_pf: called by the stubs at CPL 0 for
 * vectors without and with an error code, and for #PF.
 *
 * on entry	IRQs off, on the IST stack: return address, [error code,]
 *		hardware frame; GS the interrupted context's
 * on exit	the same, elevated text made a user frame; or on the
 *		interrupted stack, kernel code's frame copied there.
 *		Every register preserved
 *
 * Offsets after the three pushes; E is the error code's size.
 */
#define F_RDX	0
#define F_RCX	8
#define F_RAX	16
#define F_RET	24
#define F_ERR	32

.macro KEL_ENTER name:req E:req pf:req
SYM_CODE_START_LOCAL(\name)
	UNWIND_HINT_UNDEFINED
	.set	F_IP, 32 + \E
	.set	F_CS, 40 + \E
	.set	F_FL, 48 + \E
	.set	F_SP, 56 + \E
	.set	F_SS, 64 + \E
	.set	F_LEN, 72 + \E
	pushq	%rax
	pushq	%rcx
	pushq	%rdx

	movq	F_IP(%rsp), %rax
	testq	%rax, %rax
	jns	.Luser_half_\@

	/* the gate's first and last instructions run as the user does */
	leaq	kel_soft_start(%rip), %rcx
	movq	%rax, %rdx
	subq	%rcx, %rdx
	cmpq	$KEL_SOFT_LEN, %rdx
	jae	.Lnot_soft_\@
	movq	F_RCX(%rsp), %rcx
	cmpq	$KEL_SOFT_GATE, %rdx
	jb	.Lsoft_ip_\@
	subq	$2, %rcx		/* let the real system call be made */
	movq	%rsp, %rax
	andq	$-KEL_BLOCK_SIZE, %rax
	movq	KB_THREAD(%rax), %rax
	testq	%rax, %rax
	jz	.Lsoft_ip_\@
	incq	KT_FB_EVENT(%rax)
.Lsoft_ip_\@:
	movq	%rcx, F_IP(%rsp)
	jmp	.Lelevated_\@

.Lnot_soft_\@:
	/*
	 * A wild jump of elevated text to the kernel half: the user's GS base
	 * is still in use, which true kernel code only has in entry text.
	 */
	cmpb	$0, kel_fsgsbase(%rip)
	je	.Lkernel_\@
	rdgsbase %rdx
	testq	%rdx, %rdx
	js	.Lkernel_\@
	movq	%rax, %rdx
	subq	kel_entry_text(%rip), %rdx
	cmpq	kel_entry_text_len(%rip), %rdx
	jb	.Lkernel_\@
	leaq	kel_own_start(%rip), %rcx
	movq	%rax, %rdx
	subq	%rcx, %rdx
	cmpq	$(kel_own_end - kel_own_start), %rdx
	jb	.Lkernel_\@
	jmp	.Lelevated_\@

.Luser_half_\@:
	/*
	 * With a stack and the GS base of its own the kernel went there itself, by
	 * a mistake (a function pointer that is NULL): it has to know.
	 */
	cmpq	$0, F_SP(%rsp)
	jns	.Lelevated_\@
	movl	$MSR_GS_BASE, %ecx
	rdmsr
	shlq	$32, %rdx
	orq	%rdx, %rax
	movq	%rsp, %rdx
	andq	$-KEL_BLOCK_SIZE, %rdx
	cmpq	KB_GS(%rdx), %rax
	je	.Lkernel_\@

.Lelevated_\@:
	.if \pf
	/*
	 * Present, in the user half: is it SMEP or SMAP, because the kernel
	 * wrote CR4 meanwhile? Then clear them again, and retry.
	 */
	testb	$1, F_ERR(%rsp)
	jz	.Lfault_\@
	movq	%cr2, %rax
	testq	%rax, %rax
	js	.Lfault_\@
	movq	%cr4, %rax
	testq	kel_cr4_mask(%rip), %rax
	jz	.Lfault_\@
	movq	%rsp, %rcx
	andq	$-KEL_BLOCK_SIZE, %rcx
	cmpq	$0, KB_THREAD(%rcx)
	je	.Lfault_\@
	movq	kel_cr4_mask(%rip), %rcx
	notq	%rcx
	andq	%rcx, %rax
	movq	%rax, %cr4
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp		/* return address, error code */
	iretq
.Lfault_\@:
	orl	$4, F_ERR(%rsp)		/* X86_PF_USER */
	.endif
	movq	$__USER_CS, F_CS(%rsp)
	movq	$__USER_DS, F_SS(%rsp)
	movq	F_FL(%rsp), %rax
	andq	$~X86_EFLAGS_IOPL, %rax
	orq	$X86_EFLAGS_IF, %rax
	movq	%rax, F_FL(%rsp)
	movq	%rsp, %rax
	andq	$-KEL_BLOCK_SIZE, %rax
	movq	KB_THREAD(%rax), %rcx
	testq	%rcx, %rcx
	jz	.Lslot_\@
	incq	KT_LOWERED(%rcx)
.Lslot_\@:
	/* no stub was interrupted: put the IST slot back to where it rests */
	movl	%esp, %ecx
	andl	$(KEL_BLOCK_SIZE - 1), %ecx
	cmpl	$(KEL_BLOCK_SIZE - F_LEN), %ecx
	je	.Lout_\@
	movq	KB_IST(%rax), %rcx
	movq	KB_TOP(%rax), %rax
	movq	%rax, (%rcx)
.Lout_\@:
	popq	%rdx
	popq	%rcx
	popq	%rax
	RET

.Lkernel_\@:
	testl	$X86_EFLAGS_IF, F_FL(%rsp)
	jz	.Lirqs_off_\@
	movl	%esp, %eax
	andl	$(KEL_BLOCK_SIZE - 1), %eax
	cmpl	$(KEL_BLOCK_SIZE - F_LEN), %eax
	jne	.Lkernel_slot_\@
.Lcopy_\@:
	movq	F_SP(%rsp), %rax
	andq	$-16, %rax
	subq	$F_LEN, %rax
	.set	i, 0
	.rept	(72 + \E) / 8
	movq	i(%rsp), %rcx
	movq	%rcx, i(%rax)
	.set	i, i + 8
	.endr
	movq	%rax, %rsp
	jmp	.Lout_\@

.Lkernel_slot_\@:
	movq	%rsp, %rax
	andq	$-KEL_BLOCK_SIZE, %rax
	movq	KB_IST(%rax), %rcx
	movq	KB_TOP(%rax), %rax
	movq	%rax, (%rcx)
	jmp	.Lcopy_\@

.Lirqs_off_\@:
	/*
	 * IRET to a 16-bit stack runs on a read-only one (espfix); hardware
	 * would have failed to push there and raised #DF, whose handler knows.
	 */
	movq	F_SP(%rsp), %rax
	sarq	$39, %rax
	cmpq	$-2, %rax		/* ESPFIX_PGD_ENTRY */
	jne	.Lcopy_\@
	popq	%rdx
	popq	%rcx
	popq	%rax
	.if \E
	addq	$8, %rsp
	.endif
	movq	$0, (%rsp)		/* #DF's error code */
	jmp	kel_slot_df
SYM_CODE_END(\name)
.endm

	.section .noinstr.text, "ax"	/* and no kprobes */
SYM_CODE_START(kel_own_start)
	UNWIND_HINT_UNDEFINED
	ANNOTATE_NOENDBR
	int3
SYM_CODE_END(kel_own_start)

KEL_ENTER kel_enter, 0, 0
KEL_ENTER kel_enter_err, 8, 0
KEL_ENTER kel_enter_pf, 8, 1

/*
 * #PF from user mode. Everybody's page faults come through here while a
 * symbiote lives: one test and a jump for those on absent pages.
 *
 * Elevates, for a thread that may, on the gate and (KADDR) on any address of
 * the kernel half.
 */
SYM_CODE_START_LOCAL(kel_pf_user)
	UNWIND_HINT_UNDEFINED
	testb	$1, (%rsp)		/* X86_PF_PROT */
	jz	kel_slot_pf
	pushq	%rax
	movq	%cr2, %rax
	testq	%rax, %rax
	jns	.Lpf_not_ours
	pushq	%rcx
	pushq	%rdx
	movq	%rsp, %rdx
	andq	$-KEL_BLOCK_SIZE, %rdx
	testb	$KEL_T_STICKY, KB_FLAGS(%rdx)
	jz	.Lpf_pop
	leaq	kel_gate(%rip), %rcx
	cmpq	%rcx, 32(%rsp)		/* RIP: a fetch of the gate */
	jne	.Lpf_kaddr
	testl	$X86_EFLAGS_TF, 48(%rsp)
	jnz	.Lpf_step
	movq	KB_THREAD(%rdx), %rdx
	incq	KT_BY_GATE(%rdx)
	jmp	.Lpf_elevate
.Lpf_step:
	/*
	 * Single-stepped: let the tracer see the real system call. If there can be
	 * none, as IRET would not go there, it is the kernel's fault to handle.
	 */
	movq	8(%rsp), %rcx
	subq	$2, %rcx
	cmpq	kel_user_end(%rip), %rcx
	jae	.Lpf_pop
	movq	KB_THREAD(%rdx), %rdx
	incq	KT_FB_STEP(%rdx)
	movq	%rcx, 32(%rsp)
	jmp	.Lpf_return
.Lpf_kaddr:
	testb	$KEL_T_KADDR, KB_FLAGS(%rdx)
	jz	.Lpf_pop
	testb	$0x10, 24(%rsp)		/* a fetch elsewhere: a wild jump */
	jnz	.Lpf_pop
	movq	KB_THREAD(%rdx), %rdx
	incq	KT_BY_KADDR(%rdx)
.Lpf_elevate:
	movq	$__KERNEL_CS, 40(%rsp)
	movq	$__KERNEL_DS, 64(%rsp)
.Lpf_return:
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$8, %rsp
	iretq
.Lpf_pop:
	popq	%rdx
	popq	%rcx
.Lpf_not_ours:
	popq	%rax
	KEL_SLOT kel_slot_pf
SYM_CODE_END(kel_pf_user)

/*
 * #GP from user mode: a privileged instruction of a sticky thread elevates it
 * and is retried. If it was another reason, it faults again, elevated now, and
 * ends in the kernel's handler. Under a single step the trap behind the
 * instruction lowers it at once, which is what a tracer expects to see.
 */
SYM_CODE_START_LOCAL(kel_gp_user)
	UNWIND_HINT_UNDEFINED
	cmpq	$0, (%rsp)
	jne	kel_slot_gp
	pushq	%rax
	movq	%rsp, %rax
	andq	$-KEL_BLOCK_SIZE, %rax
	testb	$KEL_T_PRIVILEGED, KB_FLAGS(%rax)
	jz	.Lgp_pop
	cmpw	$__USER_CS, 24(%rsp)	/* not 32-bit code, which means something else in 64 */
	jne	.Lgp_pop
	movq	KB_THREAD(%rax), %rax
	incq	KT_BY_PRIVILEGED(%rax)
	movq	$__KERNEL_CS, 24(%rsp)
	movq	$__KERNEL_DS, 48(%rsp)
	popq	%rax
	addq	$8, %rsp
	iretq
.Lgp_pop:
	popq	%rax
	KEL_SLOT kel_slot_gp
SYM_CODE_END(kel_gp_user)

/*
 * The fast vector (int $n, DPL 3). For whoever may not: the #GP that the
 * instruction gives without us.
 */
SYM_CODE_START(kel_vector_entry)
	UNWIND_HINT_UNDEFINED
	ENDBR
	testb	$3, 8(%rsp)
	jz	.Lvec_kernel
	pushq	%rax
	movq	%rsp, %rax
	andq	$-KEL_BLOCK_SIZE, %rax
	testb	$KEL_T_PRIVILEGED, KB_FLAGS(%rax)
	jz	.Lvec_refuse
	cmpw	$__USER_CS, 16(%rsp)
	jne	.Lvec_refuse
	movq	KB_THREAD(%rax), %rax
	incq	KT_BY_VECTOR(%rax)
	movq	$__KERNEL_CS, 16(%rsp)
	movq	$__KERNEL_DS, 40(%rsp)
	popq	%rax
	iretq
.Lvec_kernel:
	cmpq	$0, (%rsp)
	js	.Lvec_gp
	iretq				/* elevated already */
.Lvec_refuse:
	popq	%rax
.Lvec_gp:
	subq	$2, (%rsp)
	pushq	kel_vector_err(%rip)
	jmp	kel_stubs + X86_TRAP_GP * KEL_STUB_SIZE
	KEL_SLOT kel_slot_df
SYM_CODE_END(kel_vector_entry)

/*
 * Vectors that have an IST stack of their own keep it. Hardware may have
 * pushed them anywhere, also amidst our stubs: then the handler about to run
 * may take a fault, whose frame must not land on the interrupted stub's, so the
 * slot is moved below. The next stub that interrupts nothing moves it back.
 *
 * NMI: asm_exc_nmi owns its stack's layout but for the one word below the
 * frame. Hence one push, and the second register parked in the block.
 *
 * Elevated text with interrupts off: an NMI leaves it as it is (the kernel's
 * handler takes it for kernel code and returns there); the others lower it.
 */
.macro KEL_IST_STUB name:req index:req nmi:req
SYM_CODE_START(\name)
	UNWIND_HINT_UNDEFINED
	ENDBR
	testb	$3, 8(%rsp)
	jnz	.Lorig_\@
	cmpq	$0, (%rsp)
	jns	.Luser_half_\@
	pushq	%rdx
	leaq	kel_soft_start(%rip), %rdx
	subq	8(%rsp), %rdx
	negq	%rdx
	cmpq	$KEL_SOFT_LEN, %rdx
	jb	.Lsoft_\@
	movq	32(%rsp), %rdx
	subq	kel_area(%rip), %rdx
	cmpq	kel_area_len(%rip), %rdx
	jae	.Lpop_\@

	movq	32(%rsp), %rdx
	andq	$-KEL_BLOCK_SIZE, %rdx
	movq	%rax, KB_SCRATCH + \index * 16(%rdx)
	movq	%rcx, KB_SCRATCH + \index * 16 + 8(%rdx)
	movq	32(%rsp), %rax
	subq	$64, %rax
	andq	$-16, %rax
	movl	%eax, %ecx
	andl	$(KEL_BLOCK_SIZE - 1), %ecx
	cmpl	$KEL_BLOCK_FLOOR, %ecx
	jb	1f
	movq	KB_IST(%rdx), %rcx
	movq	%rax, (%rcx)
1:	movq	KB_SCRATCH + \index * 16 + 8(%rdx), %rcx
	movq	KB_SCRATCH + \index * 16(%rdx), %rax
.Lpop_\@:
	popq	%rdx
	jmp	.Lorig_\@

.Lsoft_\@:
	testl	$X86_EFLAGS_IF, 24(%rsp)
	jz	.Lpop_\@
	cmpq	$KEL_SOFT_GATE, %rdx
	movq	%rcx, 8(%rsp)
	jb	2f
	subq	$2, 8(%rsp)
2:	popq	%rdx
	jmp	.Lelevated_\@

.Luser_half_\@:
	/*
	 * The kernel runs there too: EFI's services, which are mapped there as well,
	 * and by mistake. Then its stack is its own. Not for #DB, as the kernel does not
	 * expect to be stepped, by elevated text whose stack pointer is anything.
	 */
	.if \index
	cmpq	$0, 24(%rsp)
	js	.Lorig_\@
	.endif

.Lelevated_\@:
	.if \nmi
	testl	$X86_EFLAGS_IF, 16(%rsp)
	jz	.Lorig_\@
	.else
	orl	$X86_EFLAGS_IF, 16(%rsp)
	.endif
	andl	$~X86_EFLAGS_IOPL, 16(%rsp)
	movq	$__USER_CS, 8(%rsp)
	movq	$__USER_DS, 32(%rsp)
.Lorig_\@:
	KEL_SLOT \name\()_slot
SYM_CODE_END(\name)
.endm

KEL_IST_STUB kel_ist_db, 0, 0
KEL_IST_STUB kel_ist_nmi, 1, 1
KEL_IST_STUB kel_ist_mc, 2, 0

/*
 * The table. A stub's last instruction is the slot to its handler, so that
 * kel_enter can simply return.
 */
	.balign	KEL_STUB_SIZE
SYM_CODE_START(kel_stubs)
	UNWIND_HINT_UNDEFINED
	.set	vec, 0
	.rept	256
	.balign	KEL_STUB_SIZE
	ENDBR
	.if vec == X86_TRAP_PF
	testb	$3, 16(%rsp)
	jnz	kel_pf_user
	call	kel_enter_pf
	.elseif vec == X86_TRAP_GP
	testb	$3, 16(%rsp)
	jnz	kel_gp_user
	call	kel_enter_err
	.elseif vec == 8 || vec == 10 || vec == 11 || vec == 12 || vec == 17 || vec == 21 || vec == 29 || vec == 30
	testb	$3, 16(%rsp)
	jnz	1f
	call	kel_enter_err
	.else
	testb	$3, 8(%rsp)
	jnz	1f
	call	kel_enter
	.endif
1:	.byte	0xe9
	.long	0
	.set	vec, vec + 1
	.endr
	.balign	KEL_STUB_SIZE
SYM_CODE_END(kel_stubs)

SYM_CODE_START(kel_own_end)
	UNWIND_HINT_UNDEFINED
	int3
SYM_CODE_END(kel_own_end)
