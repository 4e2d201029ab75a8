// SPDX-License-Identifier: GPL-2.0
/* SErrors of elevated text, by tests/kmod/serror.c: the kernel's handler sees user mode, and it goes on. */
#include "../elevate/kel.h"

#ifdef __aarch64__
#define TIMES	300

/* Elevated, but for an interrupt's chance: then HVC is SIGILL. */
static __attribute__((noinline)) void raise_serror(void)
{
	unsigned long pattern = 0x123456789abcdef0, after;

	__asm__ volatile("mov x19, %1\n\t"
			 PRIVILEGED_ASM
			 "mov x0, #1\n\t"
			 "hvc #0\n\t"
			 "isb\n\t"
			 "mov %0, x19"
			 : "=r" (after) : "r" (pattern) : "x0", "x1", "x19", "memory");
	must(after == pattern);
}

int main(void)
{
	unsigned long done = 0, before;

	kel_elevate(KELEVATE_STICKY);
	before = kel_count(lowered);
	for (int i = 0; i < TIMES; i++) {
		int signo = caught(raise_serror());

		must(!signo || signo == SIGILL, "%d", signo);
		done += !signo;
		must(gate0(SYS_getppid) == getppid());
	}
	printf("# %lu SErrors\n", done);
	must(done > TIMES / 2);
	must(kel_count(lowered) - before >= done, "lowered %lu times", (unsigned long)kel_count(lowered) - before);
	return 0;
}
#else
int main(void)
{
	skip("SErrors are arm64's");
}
#endif
