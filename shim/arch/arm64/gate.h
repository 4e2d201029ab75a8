/* SPDX-License-Identifier: GPL-2.0 */
/*
 * arch/arm64/gate.h - the gate's calling sequence on arm64
 *
 *	register	on entry		on exit
 *	x8		system call's number	preserved
 *	x0		argument 1		result
 *	x1 - x5		arguments 2-6		clobbered
 *	x6 x7 x9-x15	-			clobbered
 *	x16		the gate's address (*)	clobbered
 *	x17		where to continue	clobbered
 *	others, v, z, p	-			preserved
 *
 *	(*) of no interest to the gate; x16 and x17 are what BR may use to
 *	    enter text that has branch targets marked
 *
 * The SVC instruction must stand directly before the label in x17: the kernel
 * goes back to it whenever the call has to be a real system call. It is
 * reached in no other way.
 */
#ifndef SYMBIOTE_ARCH_ARM64_GATE_H
#define SYMBIOTE_ARCH_ARM64_GATE_H

static inline __attribute__((always_inline))
long gate_call(const void *gate, long nr, long a1, long a2, long a3,
	       long a4, long a5, long a6)
{
	register long x0 __asm__("x0") = a1;
	register long x1 __asm__("x1") = a2;
	register long x2 __asm__("x2") = a3;
	register long x3 __asm__("x3") = a4;
	register long x4 __asm__("x4") = a5;
	register long x5 __asm__("x5") = a6;
	register long x8 __asm__("x8") = nr;
	register const void *x16 __asm__("x16") = gate;

	__asm__ volatile(
		"adr	x17, 1f\n\t"
		"br	x16\n\t"
		"svc	#0\n"
		"1:"
		: "+r" (x0), "+r" (x1), "+r" (x2), "+r" (x3), "+r" (x4),
		  "+r" (x5), "+r" (x16)
		: "r" (x8)
		: "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
		  "x17", "cc", "memory");
	return x0;
}

static inline __attribute__((always_inline))
long gate_syscall(long nr, long a1, long a2, long a3, long a4, long a5, long a6)
{
	register long x0 __asm__("x0") = a1;
	register long x1 __asm__("x1") = a2;
	register long x2 __asm__("x2") = a3;
	register long x3 __asm__("x3") = a4;
	register long x4 __asm__("x4") = a5;
	register long x5 __asm__("x5") = a6;
	register long x8 __asm__("x8") = nr;

	__asm__ volatile("svc	#0"
			 : "+r" (x0)
			 : "r" (x1), "r" (x2), "r" (x3), "r" (x4), "r" (x5),
			   "r" (x8)
			 : "memory");
	return x0;
}

#endif /* SYMBIOTE_ARCH_ARM64_GATE_H */
