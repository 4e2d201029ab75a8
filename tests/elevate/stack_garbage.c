// SPDX-License-Identifier: GPL-2.0
/*
 * A gate call does not touch the stack: it works with any stack pointer, as a
 * system call does.
 */
#include "kel.h"

static long call(unsigned long sp)
{
#ifdef __x86_64__
	register unsigned long r12 __asm__("r12") = sp;
	register long r11 __asm__("r11") = (long)kel_gate;
	long ret = SYS_getppid, a = 0, b = 0, c = 0;

	__asm__ volatile("xchg %%rsp, %%r12\n\t"
			 "lea 1f(%%rip), %%rcx\n\t"
			 "jmp *%%r11\n\t"
			 "syscall\n"
			 "1:\txchg %%rsp, %%r12"
			 : "+a" (ret), "+D" (a), "+S" (b), "+d" (c), "+r" (r11), "+r" (r12)
			 : : "rcx", "r8", "r9", "r10", "memory", "cc");
	must(r12 == sp, "%#lx became %#lx", sp, r12);
	return ret;
#else
	register unsigned long x19 __asm__("x19") = sp;
	register long x0 __asm__("x0") = 0;
	register long x8 __asm__("x8") = SYS_getppid;
	register void *x16 __asm__("x16") = kel_gate;

	__asm__ volatile("mov x20, sp\n\t"
			 "mov sp, x19\n\t"
			 "adr x17, 1f\n\t"
			 "br x16\n\t"
			 "svc #0\n"
			 "1:\tmov x19, sp\n\t"
			 "mov sp, x20"
			 : "+r" (x0), "+r" (x16), "+r" (x19) : "r" (x8)
			 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12",
			   "x13", "x14", "x15", "x17", "x20", "memory", "cc");
	must(x19 == sp, "%#lx became %#lx", sp, x19);
	return x0;
#endif
}

int main(void)
{
	static const unsigned long wild[] = {
		0, 8, 1, 0xdeadbeefdeadbeef, 0xffff800000000000, KERNEL_ADDRESS, -1UL, -8UL,
		0x7fffffffffff, 0x800000000000,
	};

	kel_elevate(KELEVATE_STICKY);
	for (int round = 0; round < 2000; round++)
		for (size_t i = 0; i < sizeof(wild) / sizeof(*wild); i++) {
			if (round & 1)
				kel_touch();
			must(call(wild[i]) == getppid(), "%#lx", wild[i]);
		}
	return 0;
}
