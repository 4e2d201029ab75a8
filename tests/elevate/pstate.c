// SPDX-License-Identifier: GPL-2.0
/*
 * The bits of PSTATE that belong to the thread (SSBS, DIT) are after a gate
 * call as before it, and elevated text has what user mode has: fast, asleep
 * while others run with other bits, falling back, and after events.
 */
#include "kel.h"

#ifdef __aarch64__
static bool has_ssbs, has_dit;

static void set(bool ssbs, bool dit)
{
	if (has_ssbs)
		__asm__ volatile("msr s3_3_c4_c2_6, %0" : : "r" (ssbs ? 1UL << 12 : 0));
	if (has_dit)
		__asm__ volatile("msr s3_3_c4_c2_5, %0" : : "r" (dit ? 1UL << 24 : 0));
}

static void check(const char *what, bool ssbs, bool dit)
{
	unsigned long value;

	if (has_ssbs) {
		__asm__ volatile("mrs %0, s3_3_c4_c2_6" : "=r" (value));
		must(!!(value >> 12 & 1) == ssbs, "%s: SSBS, wanted %d", what, ssbs);
	}
	if (has_dit) {
		__asm__ volatile("mrs %0, s3_3_c4_c2_5" : "=r" (value));
		must(!!(value >> 24 & 1) == dit, "%s: DIT, wanted %d", what, dit);
	}
}

int main(void)
{
	char byte = 1;
	int p[2], q[2];
	pid_t child;

	has_ssbs = getauxval(AT_HWCAP) & 1 << 28;
	has_dit = getauxval(AT_HWCAP) & 1 << 24;
	if (!has_ssbs && !has_dit)
		skip("the CPU has neither SSBS nor DIT");
	must(!pipe(p) && !pipe(q));
	child = fork();
	if (!child) {
		for (unsigned int i = 0; read(p[0], &byte, 1) == 1; i++) {
			set(i & 1, i & 2);
			if (write(q[1], &byte, 1) != 1)
				break;
		}
		_exit(0);
	}
	kel_elevate(KELEVATE_STICKY);
	for (unsigned int i = 0; i < 800; i++) {
		bool ssbs = i >> 2 & 1, dit = i >> 3 & 1;

		set(ssbs, dit);
		kel_touch();
		check("elevated", ssbs, dit);
		must(gate0(SYS_getppid) == getppid());
		check("lowered", ssbs, dit);
		kel_touch();
		must(gate3(SYS_write, p[1], &byte, 1) == 1);
		check("fast", ssbs, dit);
		must(gate3(SYS_read, q[0], &byte, 1) == 1);
		check("asleep", ssbs, dit);
		must(gate3(SYS_lseek, p[0], 0, 0) == -ESPIPE);
		check("fallen back", ssbs, dit);
	}
	kill(child, SIGKILL);
	return 0;
}
#else
int main(void)
{
	skip("no such bits on this architecture");
}
#endif
