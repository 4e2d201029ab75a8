// SPDX-License-Identifier: GPL-2.0
/*
 * A bracketed thread is in user mode after every gate call, and a privileged
 * instruction or the fast vector does not elevate it.
 */
#include "kel.h"

int main(void)
{
	uint64_t before;
	int level;
	long ret;

	must(kel(KELEVATE_ELEVATE, KELEVATE_STICKY | KELEVATE_BRACKETED, NULL) == 0);
	must(cpl() == 3);
	must(kel_query().state & KELEVATE_S_BRACKETED);
	kel_gate = (void *)kel_query().gate;
	before = kel_count(by_gate);
	for (int i = 0; i < 10000; i++) {
		ret = gate_cpl(kel_gate, SYS_getppid, 0, 0, &level);
		must(ret == getppid());
		must(level == 3, "round %d", i);
	}
	must(kel_count(by_gate) == before + 10000);
	must(caught(kel_touch()) == PRIVILEGED_SIGNAL);
#ifdef __x86_64__
	unsigned char vector[] = { 0xcd, kel_query().vector, 0xc3 };
	void *call = code(vector, sizeof(vector));

	must(caught(((void (*)(void))call)()) == SIGSEGV);
#endif
	ret = gate_cpl(kel_gate, SYS_getppid, 0, 0, &level);
	must(ret == getppid() && level == 3);
	return 0;
}
