// SPDX-License-Identifier: GPL-2.0
/*
 * bystander - what an ordinary process pays: a system call, a page fault, a
 * timer tick
 *
 * Prints one line for each: name, first quartile, median, third quartile. Calls
 * and faults are taken together in batches, since a tick of the clock may be
 * many instructions (arm64: 16).
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "gate.h"

#define BATCH	64
#define CALLS	(100 * BATCH)
#define PAGES	(8 * BATCH)
#define TIMES	12
#define TICKS	300
#define CHUNK	500	/* a spin of 1000 instructions */

_Static_assert(TICKS >= CALLS / BATCH && TICKS >= TIMES * PAGES / BATCH, "all of them fit");
static double v[TICKS];
static double per_tick;

static void report(const char *name, unsigned int n)
{
	double q[3];

	quartiles(v, n, q);
	printf("%s %.1f %.1f %.1f\n", name, q[0] * per_tick, q[1] * per_tick, q[2] * per_tick);
}

int main(int argc, char **argv)
{
	bool instructions = argc > 1 && !strcmp(argv[1], "--instructions");
	double clock, chunk;
	unsigned int n;

	if (argc > 1 + instructions)
		die("usage: bystander [--instructions]");
	memset(v, 0, sizeof(v));
	per_tick = unit_per_tick(instructions);
	clock = clock_cost();

	n = 0;
	for (unsigned int i = 0; i < CALLS; i += BATCH) {
		uint64_t t = ticks();

		for (unsigned int j = 0; j < BATCH; j++)
			gate_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0);
		v[n++] = (ticks() - t - clock) / BATCH;
	}
	report("syscall", n);

	n = 0;
	for (unsigned int time = 0; time < TIMES; time++) {
		size_t size = PAGES * 4096;
		volatile char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			die("mmap");
		madvise((void *)p, size, MADV_NOHUGEPAGE);
		for (unsigned int i = 0; i < PAGES; i += BATCH) {
			uint64_t t = ticks();

			for (unsigned int j = i; j < i + BATCH; j++)
				p[j * 4096UL] = 1;
			v[n++] = (ticks() - t - clock) / BATCH;
		}
		munmap((void *)p, size);
	}
	report("fault", n);

	for (unsigned int i = 0; i < 101; i++) {
		uint64_t t = ticks();

		spin(CHUNK);
		v[i] = ticks() - t;
	}
	chunk = median(v, 101);
	/* Whatever makes a chunk longer than it is was an interrupt. */
	for (n = 0; n < TICKS;) {
		uint64_t t = ticks();

		spin(CHUNK);
		v[n] = ticks() - t - chunk;
		if (v[n] > chunk / 2)
			n++;
	}
	report("tick", n);
	return 0;
}
