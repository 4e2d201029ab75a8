// SPDX-License-Identifier: GPL-2.0
/*
 * low_call SECONDS: the kernel executes a function at an address of the user's half, with stack, GS and interrupts as it
 * has them: as EFI's services run, which are mapped there as well.
 */
#include "../elevate/kel.h"

#ifdef __x86_64__
/* Without a stack: what lies below its pointer is not its own there. */
long count_down(long n);
__asm__("count_down:\n\tmov %rdi, %rax\n1:\tdec %rdi\n\tjnz 1b\n\tret\n");

int main(int argc, char **argv)
{
	struct kelevate_call call = { .size = sizeof(call), .function = (unsigned long)count_down, .arg = { 200000 } };
	double stop = kel_now() + (argc > 1 ? atof(argv[1]) : 1);
	long n = 0;

	must(count_down(1) == 1);	/* it is there now */
	kel_elevate(KELEVATE_STICKY);
	for (; kel_now() < stop; n++) {
		must(!gate3(kel_nr(), KELEVATE_CALL, 0, &call));
		must(call.result == 200000, "%lld", (long long)call.result);
	}
	must(n > 3);
	return 0;
}
#else
int main(void)
{
	skip("NMIs are x86's");
}
#endif
