// SPDX-License-Identifier: GPL-2.0
/*
 * Text with branch target identification jumps to the gate, in user mode and
 * elevated, under a rain of events: what is behind the jump is no landing pad, and
 * need not be one. Where there has to be one, there has to be one elevated as well.
 */
#include <sys/time.h>
#include "kel.h"

#ifdef __aarch64__
#ifndef PROT_BTI
#define PROT_BTI	0x10
#endif

/* long guarded(void *gate, long nr): a gate call without arguments. A page of its own. */
__asm__(".globl guarded, not_a_pad\n\t"
	".pushsection .guarded, \"ax\"\n\t"
	".balign 4096\n"
	"guarded: hint #34\n\t"		/* bti c */
	"mov x16, x0\n\t"
	"mov x8, x1\n\t"
	"adr x17, 1f\n\t"
	"br x16\n\t"
	"svc #0\n"
	"1:\tret\n"
	"not_a_pad: mov x0, #1\n\t"
	"ret\n\t"
	".balign 4096\n\t"
	".popsection");
long guarded(void *gate, long nr);
long not_a_pad(void);

static void on_timer(int signo)
{
	(void)signo;
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_timer, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	long (*volatile wrong)(void) = not_a_pad;
	double end;

	if (!(getauxval(AT_HWCAP2) & 1 << 17))
		skip("the CPU has no branch target identification");
	kel_elevate(KELEVATE_STICKY);
	must(!mprotect((void *)guarded, 4096, PROT_READ | PROT_EXEC | PROT_BTI));
	must(caught(wrong()) == SIGILL, "user mode");
	must(caught(({ kel_touch(); wrong(); })) == SIGILL, "elevated");
	must(!sigaction(SIGALRM, &action, NULL) && !setitimer(ITIMER_REAL, &often, NULL));
	for (end = kel_now() + 3; kel_now() < end;) {
		long ppid = getppid();		/* lowers */

		must(guarded(kel_gate, SYS_getppid) == ppid, "lowered");
		for (int i = 0; i < 200; i++) {
			kel_touch();
			must(guarded(kel_gate, SYS_getppid) == ppid, "elevated");
		}
		/* falls back */
		must(guarded(kel_gate, SYS_sched_yield) == 0);
	}
	return 0;
}
#else
int main(void)
{
	skip("landing pads of user text are arm64's");
}
#endif
