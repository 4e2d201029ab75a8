// SPDX-License-Identifier: GPL-2.0
/*
 * Memory tags are checked in user mode only: a thread that wants them checked is not elevated. One that
 * asks for it later makes its gate calls as system calls from then on.
 */
#include <sys/prctl.h>
#include "kel.h"

#ifdef __aarch64__
#ifndef PROT_MTE
#define PROT_MTE	0x20
#endif
#ifndef SEGV_MTESERR
#define SEGV_MTESERR	9
#endif
#define CHECKED		(1 | 1 << 1 | 0xfffe << 3)	/* tagged addresses, faults at once, any tag */

static void checked(bool on)
{
	must(!prctl(PR_SET_TAGGED_ADDR_CTRL, on ? CHECKED : 0, 0, 0, 0));
}

int main(void)
{
	volatile char *wrong;
	char *at;
	long ret;

	if (!(getauxval(AT_HWCAP2) & 1 << 18))
		skip("the CPU has no memory tags");
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_MTE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(at != MAP_FAILED);
	wrong = (char *)((unsigned long)at | 1UL << 56);
	checked(true);
	must(caught(*wrong = 1) == SIGSEGV && kel_info.si_code == SEGV_MTESERR);
	ret = kel(KELEVATE_ELEVATE, KELEVATE_STICKY, NULL);
	must(ret == -EOPNOTSUPP, "%ld", ret);
	checked(false);
	must(caught(*wrong = 1) == 0);
	kel_elevate(KELEVATE_STICKY);
	kel_touch();
	must(caught(*wrong = 1) == 0);
	checked(true);
	for (int i = 0; i < 100; i++) {
		must(gate0(SYS_getppid) == getppid());
		must(caught(({ gate0(SYS_getppid); *wrong = 1; })) == SIGSEGV, "not checked behind a gate call");
		must(kel_info.si_code == SEGV_MTESERR);
	}
	must(caught(kel_touch()) == PRIVILEGED_SIGNAL, "elevated all the same");
	checked(false);
	kel_touch();
	must(cpl_privileged() == 0);
	must(gate0(SYS_getppid) == getppid());
	return 0;
}
#else
int main(void)
{
	skip("memory tags are arm64's");
}
#endif
