// SPDX-License-Identifier: GPL-2.0
/*
 * A sticky thread is elevated again by a privileged instruction and by the
 * gate, as often as a system call or another event lowered it; LOWER lowers,
 * FORGET ends it.
 */
#include "kel.h"

int main(void)
{
	uint64_t before;

	kel_elevate(KELEVATE_STICKY);
	must(kel_query().state ==
	     (KELEVATE_S_GRANTED | KELEVATE_S_CAPABLE | KELEVATE_S_STICKY));
	before = kel_count(by_privileged);
	for (int i = 0; i < 1000; i++) {
		getppid();
		must(cpl() == 3);
		must(cpl_privileged() == 0);
	}
	must(kel_count(by_privileged) >= before + 1000);
	before = kel_count(by_gate);
	for (int i = 0; i < 1000; i++) {
		getppid();
		must(gate0(SYS_getpid) == getpid());
	}
	must(kel_count(by_gate) >= before + 1000);

	kel_touch();
	must(kel(KELEVATE_LOWER, 0, NULL) == 0);
	must(cpl() == 3);
	must(cpl_privileged() == 0, "LOWER without FORGET leaves it sticky");
	must(gate3(kel_nr(), KELEVATE_LOWER, 0, 0) == 0, "LOWER by the gate");
	must(gate3(kel_nr(), KELEVATE_LOWER, KELEVATE_FORGET, 0) == 0, "FORGET by the gate");
	must(cpl() == 3, "LOWER returns in user mode, by the gate as well");
	must(!(kel_query().state & KELEVATE_S_STICKY));
	must(caught(kel_touch()) == PRIVILEGED_SIGNAL);
	must(caught(gate0(SYS_getpid)) == SIGSEGV);

	/* and again */
	kel_elevate(KELEVATE_STICKY);
	must(cpl_privileged() == 0);
	must(kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL) == 0);
	must(cpl() == 3);
	must(caught(kel_touch()) == PRIVILEGED_SIGNAL);
	must(kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL) == 0, "of a thread that is not elevated");

	/* a second ELEVATE replaces the first's flags */
	kel_elevate(KELEVATE_STICKY | KELEVATE_KADDR);
	must(kel_query().state & KELEVATE_S_KADDR);
	kel_elevate(KELEVATE_STICKY);
	must(!(kel_query().state & KELEVATE_S_KADDR));
	must(cpl_privileged() == 0);
	return 0;
}
