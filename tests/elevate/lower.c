// SPDX-License-Identifier: GPL-2.0
/* LOWER returns in user mode also when it is called through the gate. */
#include "kel.h"

int main(void)
{
	kel_elevate(KELEVATE_STICKY);
	for (int i = 0; i < 100; i++) {
		register long cs __asm__("r11") = (long)kel_gate;
		long ret = kel_nr(), a = KELEVATE_LOWER, b = 0, c = 0;

		__asm__ volatile("lea 1f(%%rip), %%rcx\n\t"
				 "jmp *%%r11\n\t"
				 "syscall\n"
				 "1:\tmov %%cs, %%r11"
				 : "+a" (ret), "+D" (a), "+S" (b), "+d" (c), "+r" (cs)
				 : : "rcx", "r8", "r9", "r10", "memory", "cc");
		must(ret == 0, "%ld", ret);
		must((cs & 3) == 3);
	}
	return 0;
}
