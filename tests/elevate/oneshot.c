// SPDX-License-Identifier: GPL-2.0
/* Without STICKY the thread is elevated until the first event, and then no more. */
#include "kel.h"

int main(void)
{
	long ret, cs;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		/* an interrupt may come between the two instructions */
		__asm__ volatile("syscall\n\tmov %%cs, %1"
				 : "=a" (ret), "=&r" (cs)
				 : "a" (kel_nr()), "D" (KELEVATE_ELEVATE), "S" (0), "d" (0)
				 : "rcx", "r11", "memory");
		must(ret == 0, "%ld", ret);
		if (!(cs & 3))
			break;
	}
	must(!(cs & 3), "never elevated in %d tries", tries);
	getppid();
	must(cpl() == 3, "a SYSCALL lowers");
	must(kel_query().state == (KELEVATE_S_GRANTED | KELEVATE_S_CAPABLE));
	must(caught(kel_touch()) == SIGSEGV, "one-shot: no re-elevation");
	must(kel_info.si_code == SI_KERNEL);
	must(cpl() == 3);
	kel_gate = (void *)kel_query().gate;
	must(kel_gate);
	must(caught(gate0(SYS_getpid)) == SIGSEGV, "the gate is for sticky threads");
	must(cpl() == 3);
	return 0;
}
