/* SPDX-License-Identifier: GPL-2.0 */
/*
 * arch/x86/gate.h - the gate's calling sequence on x86_64
 *
 *	register	on entry		on exit
 *	rax		system call's number	result
 *	rdi rsi rdx	arguments 1-3		clobbered
 *	r10 r8 r9	arguments 4-6		clobbered
 *	rcx		where to continue	clobbered
 *	r11		the gate's address (*)	clobbered
 *	others, xmm	-			preserved
 *
 *	(*) of no interest to the gate; any operand of JMP will do
 *
 * The SYSCALL instruction must stand directly before the label in rcx: the
 * kernel goes back to it whenever the call has to be a real system call, so
 * its bytes may neither be moved nor be padded. It is reached in no other way.
 */
#ifndef SYMBIOTE_ARCH_X86_GATE_H
#define SYMBIOTE_ARCH_X86_GATE_H

static inline __attribute__((always_inline))
long gate_call(const void *gate, long nr, long a1, long a2, long a3,
	       long a4, long a5, long a6)
{
	register long r10 __asm__("r10") = a4;
	register long r8 __asm__("r8") = a5;
	register long r9 __asm__("r9") = a6;
	/* The only register that is clobbered anyway and not yet in use. */
	register const void *r11 __asm__("r11") = gate;

	__asm__ volatile(
		"lea	1f(%%rip), %%rcx\n\t"
		"jmp	*%%r11\n\t"
		"syscall\n"
		"1:"
		: "+a" (nr), "+D" (a1), "+S" (a2), "+d" (a3),
		  "+r" (r10), "+r" (r8), "+r" (r9), "+r" (r11)
		:
		: "rcx", "cc", "memory");
	return nr;
}

static inline __attribute__((always_inline))
long gate_syscall(long nr, long a1, long a2, long a3, long a4, long a5, long a6)
{
	register long r10 __asm__("r10") = a4;
	register long r8 __asm__("r8") = a5;
	register long r9 __asm__("r9") = a6;

	__asm__ volatile("syscall"
			 : "+a" (nr)
			 : "D" (a1), "S" (a2), "d" (a3),
			   "r" (r10), "r" (r8), "r" (r9)
			 : "rcx", "r11", "cc", "memory");
	return nr;
}

#endif /* SYMBIOTE_ARCH_X86_GATE_H */
