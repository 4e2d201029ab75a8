// SPDX-License-Identifier: GPL-2.0
/*
 * Elevated text that has switched interrupts off and calls the gate, or takes a
 * fault, does not get into user mode with interrupts off. (By a SYSCALL
 * instruction it does: nothing of the module is on that way.)
 */
#ifdef __x86_64__
#include "kel.h"

static unsigned long flags_after(int how, volatile char *page)
{
	unsigned long flags;

	switch (how) {
	case 0:
		__asm__ volatile("cli\n\tmovb $1, (%0)" : : "r" (page) : "memory");
		break;
	case 1:
		__asm__ volatile("cli" : : : "memory");
		gate0(SYS_getppid);
		break;
	}
	/* what a system call returns with */
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\tpop %0\n\tlea 128(%%rsp), %%rsp\n\t"
			 : "=r" (flags) : : "memory");
	if (!(flags & 0x200))
		/* the gate's way out switches them on */
		gate0(SYS_getppid);
	return flags;
}

int main(void)
{
	volatile char *page = mmap(NULL, 4096 * 100, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int bad = 0;

	must(page != MAP_FAILED);
	kel_elevate(KELEVATE_STICKY);
	for (int how = 0; how < 2; how++)
		for (int i = 0; i < 30; i++)
			if (!(flags_after(how, page + i * 4096) & 0x200)) {
				printf("way %d, round %d: interrupts are off\n", how, i);
				bad++;
				break;
			}
	must(!bad);
	return 0;
}

#else
#include "kel.h"

int main(void)
{
	skip("every event clears the interrupt masks on this architecture");
}
#endif
