// SPDX-License-Identifier: GPL-2.0
/* Without STICKY the thread is elevated until the first event, and then no more. */
#include "kel.h"

int main(void)
{
	int tries, level;
	long ret;

	must(kel(KELEVATE_GRANT, KELEVATE_GRANT_SELF, NULL) == 0);
	kel_gate = (void *)kel_query().gate;
	must(kel_gate);
	for (tries = 0; tries < 100; tries++) {
		/* an interrupt may come between the two instructions */
		ret = syscall_cpl(kel_nr(), KELEVATE_ELEVATE, 0, &level);
		must(ret == 0, "%ld", ret);
		if (!level)
			break;
	}
	must(!level, "never elevated in %d tries", tries);
	getppid();
	must(cpl() == 3, "a system call lowers");
	must(kel_query().state == (KELEVATE_S_GRANTED | KELEVATE_S_CAPABLE));
	must(caught(kel_touch()) == PRIVILEGED_SIGNAL, "one-shot: no re-elevation");
	must(kel_info.si_code == PRIVILEGED_CODE);
	must(cpl() == 3);
	must(caught(gate0(SYS_getpid)) == SIGSEGV, "the gate is for sticky threads");
	must(cpl() == 3);
	return 0;
}
