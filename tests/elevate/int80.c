// SPDX-License-Identifier: GPL-2.0
/* The old system call instruction works elevated as it does in user mode. */
#ifdef __x86_64__
#include "kel.h"

static long int80(long nr, bool elevated)
{
	__asm__ volatile("test %1, %1\n\tjz 1f\n\tcli\n\tsti\n1:\tint $0x80"
			 : "+a" (nr) : "r" ((long)elevated) : "memory", "cc", "r8", "r9", "r10", "r11");
	return nr;
}

int main(void)
{
	if (caught(int80(20, false)) || int80(20, false) != getpid())
		skip("no 32-bit system calls");
	kel_elevate(KELEVATE_STICKY);
	for (int i = 0; i < 1000; i++) {
		must(int80(20, true) == getpid());
		must(cpl() == 3);
		must(int80(20, false) == getpid());
	}
	return 0;
}

#else
#include "kel.h"

int main(void)
{
	skip("no int $0x80 on this architecture");
}
#endif
