// SPDX-License-Identifier: GPL-2.0
/*
 * A bracketed thread is in user mode after every gate call, and a privileged
 * instruction or the fast vector does not elevate it.
 */
#include "kel.h"

static void gate_cs(long *ret, long *cs)
{
	register long r11 __asm__("r11") = (long)kel_gate;
	long a = 0, b = 0, c = 0;

	*ret = SYS_getppid;
	__asm__ volatile("lea 1f(%%rip), %%rcx\n\t"
			 "jmp *%%r11\n\t"
			 "syscall\n"
			 "1:\tmov %%cs, %%r11"
			 : "+a" (*ret), "+D" (a), "+S" (b), "+d" (c), "+r" (r11)
			 : : "rcx", "r8", "r9", "r10", "memory", "cc");
	*cs = r11;
}

int main(void)
{
	unsigned char vector[] = { 0xcd, 0, 0xc3 };
	uint64_t before;
	long ret, cs;
	void *call;

	must(kel(KELEVATE_ELEVATE, KELEVATE_STICKY | KELEVATE_BRACKETED, NULL) == 0);
	must(cpl() == 3);
	must(kel_query().state & KELEVATE_S_BRACKETED);
	kel_gate = (void *)kel_query().gate;
	before = kel_count(by_gate);
	for (int i = 0; i < 10000; i++) {
		gate_cs(&ret, &cs);
		must(ret == getppid());
		must((cs & 3) == 3, "round %d", i);
	}
	must(kel_count(by_gate) == before + 10000);
	must(caught(kel_touch()) == SIGSEGV);
	vector[1] = kel_query().vector;
	call = code(vector, sizeof(vector));
	must(caught(((void (*)(void))call)()) == SIGSEGV);
	gate_cs(&ret, &cs);
	must(ret == getppid() && (cs & 3) == 3);
	return 0;
}
