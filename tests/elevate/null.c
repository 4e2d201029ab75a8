// SPDX-License-Identifier: GPL-2.0
/*
 * What works by the system call works by the gate: NULL, SETTLE, QUERY (which
 * only there can see the thread elevated), ROW, STAT, and a second ELEVATE.
 */
#include "kel.h"

int main(void)
{
	int seen = 0;
	struct kelevate_info info = { .size = sizeof(info), .abi = KELEVATE_ABI };
	struct kelevate_row row = { .size = sizeof(row) };

	must(kel(KELEVATE_NULL, 0, NULL) == 0);
	must(kel(KELEVATE_SETTLE, 0, NULL) == 0);
	kel_elevate(KELEVATE_STICKY);
	for (int i = 0; i < 100; i++) {
		must(gate3(kel_nr(), KELEVATE_NULL, 0, 0) == 0);
		must(gate3(kel_nr(), KELEVATE_SETTLE, 0, 0) == 0);
		must(gate3(kel_nr(), KELEVATE_QUERY, 0, &info) == 0);
		/* an event in the gate's first instructions makes it a system call */
		seen += !!(info.state & KELEVATE_S_ELEVATED);
		must(info.gate == (unsigned long)kel_gate);
		must(!(kel_query().state & KELEVATE_S_ELEVATED), "a SYSCALL lowers");
		must(gate3(kel_nr(), KELEVATE_ELEVATE, KELEVATE_STICKY, 0) == 0);
		must(cpl_privileged() == 0);
	}
	must(seen > 80, "%d of 100 queries by the gate", seen);
	must(gate3(kel_nr(), KELEVATE_ROW, 0, &row) == 0 && row.call[0]);
	must(gate3(kel_nr(), KELEVATE_QUERY, 0, 8) == -EFAULT);
	must(gate3(kel_nr(), 99, 0, 0) == -EINVAL);
	must(gate3(kel_nr(), KELEVATE_ELEVATE, 8, 0) == -EINVAL, "bad flags, also by the gate");
	return 0;
}
