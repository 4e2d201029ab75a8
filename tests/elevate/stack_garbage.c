// SPDX-License-Identifier: GPL-2.0
/*
 * A gate call does not touch the stack: it works with any stack pointer, as a
 * system call does.
 */
#include "kel.h"

static long call(unsigned long sp)
{
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
}

int main(void)
{
	static const unsigned long wild[] = {
		0, 8, 1, 0xdeadbeefdeadbeef, 0xffff800000000000, 0xffffffff81000000, -1UL, -8UL,
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
