// SPDX-License-Identifier: GPL-2.0
/* LOWER returns in user mode also when it is called through the gate. */
#include "kel.h"

int main(void)
{
	kel_elevate(KELEVATE_STICKY);
	for (int i = 0; i < 100; i++) {
		int level;
		long ret = gate_cpl(kel_gate, kel_nr(), KELEVATE_LOWER, 0, &level);

		must(ret == 0, "%ld", ret);
		must(level == 3);
	}
	return 0;
}
