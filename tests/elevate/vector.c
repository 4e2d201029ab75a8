// SPDX-License-Identifier: GPL-2.0
/*
 * The fast vector elevates a sticky thread, is harmless to one that is
 * elevated, and is the SIGSEGV that it always was to everybody else.
 */
#ifdef __x86_64__
#include "kel.h"

static long (*enter)(void);

static void plain(const char *who)
{
	must(caught(enter()) == SIGSEGV, "%s", who);
	must(kel_info.si_code == SI_KERNEL, "%s: %d", who, kel_info.si_code);
}

int main(void)
{
	/* int $n; int $n; mov %cs, %eax; ret */
	unsigned char bytes[] = { 0xcd, 0, 0xcd, 0, 0x8c, 0xc8, 0xc3 };
	uint64_t before;
	int good = 0;

	bytes[1] = bytes[3] = kel_query().vector;
	enter = (long (*)(void))code(bytes, sizeof(bytes));
	plain("not granted");
	must(kel(KELEVATE_GRANT, KELEVATE_GRANT_SELF, NULL) == 0);
	plain("granted, not sticky");

	kel_elevate(KELEVATE_STICKY);
	before = kel_count(by_vector);
	for (int i = 0; i < 1000; i++) {
		getppid();
		/* an interrupt may come just before CS is read */
		good += !(enter() & 3);
	}
	must(good > 900, "elevated %d times of 1000", good);
	must(kel_count(by_vector) >= before + 1000);
	must(WIFSIGNALED(in_child({
		kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL);
		enter();
	})), "forgotten in a child");
	must(kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL) == 0);
	plain("forgotten");
	return 0;
}

#else
#include "kel.h"

int main(void)
{
	skip("no fast vector on this architecture");
}
#endif
