// SPDX-License-Identifier: GPL-2.0
/*
 * FS and GS bases are the thread's own while it is elevated, keep over gate
 * calls and migrations, and may be changed.
 */
#ifdef __x86_64__
#include <asm/prctl.h>
#include "kel.h"

static unsigned long gs0(void)
{
	unsigned long value;

	__asm__ volatile("mov %%gs:0, %0" : "=r" (value));
	return value;
}

static void wrgsbase(void *to)
{
	__asm__ volatile("wrgsbase %0" : : "r" (to) : "memory");
}

static void *thread(void *arg)
{
	unsigned long block[2][8] = { { (unsigned long)arg }, { 0x100 + (unsigned long)arg } };
	int cpus = sysconf(_SC_NPROCESSORS_ONLN), p[2];
	bool fsgsbase = has_fsgsbase();
	char byte = 'x';

	must(!pipe(p));
	kel_elevate(KELEVATE_STICKY);
	must(!syscall(SYS_arch_prctl, ARCH_SET_GS, block[0]));
	for (int i = 0; i < 1500; i++) {
		int which = i & 1 && fsgsbase;

		if (fsgsbase) {
			kel_touch();
			wrgsbase(block[which]);
		}
		must(gs0() == block[which][0]);
		must(gate3(SYS_write, p[1], &byte, 1) == 1);
		must(gs0() == block[which][0], "after a gate call");
		kel_touch();
		must(gs0() == block[which][0], "elevated");
		if (i % 16 == 0)
			pin(i / 16 % cpus);
		sched_yield();
		must(gs0() == block[which][0], "after sched_yield");
		must(gate3(SYS_read, p[0], &byte, 1) == 1);
		must(gate0(SYS_gettid) == gettid(), "the C library's FS");
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[4];

	for (long i = 0; i < 4; i++)
		must(!pthread_create(&threads[i], NULL, thread, (void *)(i + 1)));
	for (int i = 0; i < 4; i++)
		must(!pthread_join(threads[i], NULL));
	return 0;
}

#else
#include "kel.h"

int main(void)
{
	skip("no segment registers on this architecture");
}
#endif
