// SPDX-License-Identifier: GPL-2.0
/*
 * Elevated text that has switched interrupts off and calls the gate, or takes a
 * fault or a debug exception, does not get into user mode with interrupts off. (By
 * a SYSCALL instruction it does: nothing of the module is on that way.)
 */
#ifdef __x86_64__
#include <ucontext.h>
#include "kel.h"

#define WAYS	4
#define ROUNDS	30

static volatile sig_atomic_t traps, off_in_handler;

static inline unsigned long flags_now(void)
{
	unsigned long flags;

	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\tpop %0\n\tlea 128(%%rsp), %%rsp\n\t"
			 : "=r" (flags) : : "memory");
	return flags;
}

static void on_trap(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)info;
	if (!(flags_now() & 0x200))
		off_in_handler = 1;
	traps++;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~0x100L;
}

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
	case 2:				/* a single step */
		__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
				 "cli\n\t"
				 "pushfq\n\t"
				 "orq $0x100, (%%rsp)\n\t"
				 "popfq\n\t"
				 "nop\n\t"
				 "lea 128(%%rsp), %%rsp" : : : "memory", "cc");
		break;
	case 3:				/* allowed at privilege level 0 */
		__asm__ volatile("cli\n\tint $1" : : : "memory");
		break;
	}
	/* what a system call returns with */
	flags = flags_now();
	if (!(flags & 0x200))
		/* the gate's way out switches them on */
		gate0(SYS_getppid);
	return flags;
}

int main(void)
{
	volatile char *page = mmap(NULL, 4096 * 100, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
	int bad = 0;

	must(page != MAP_FAILED && !sigaction(SIGTRAP, &action, NULL));
	kel_elevate(KELEVATE_STICKY);
	for (int how = 0; how < WAYS; how++)
		for (int i = 0; i < ROUNDS; i++)
			if (!(flags_after(how, page + i * 4096) & 0x200)) {
				printf("way %d, round %d: interrupts are off\n", how, i);
				bad++;
				break;
			}
	must(!bad);
	must(!off_in_handler, "a handler runs with interrupts off");
	must(traps == 2 * ROUNDS, "%d debug exceptions", (int)traps);
	return 0;
}

#else
#include "kel.h"

int main(void)
{
	skip("every event clears the interrupt masks on this architecture");
}
#endif
