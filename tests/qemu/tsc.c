// SPDX-License-Identifier: GPL-2.0
/*
 * Prints the rate of this machine's time stamp counter, in kHz. It is that of
 * an emulated CPU as well, where QEMU does not count instructions.
 */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct reading {
	double ns;
	unsigned long long ticks, width;
};

/* Of many, the one that was interrupted least. */
static struct reading read_both(void)
{
	struct reading best = { .width = -1 };

	for (int i = 0; i < 1000; i++) {
		unsigned long long before = __rdtsc(), width;
		struct timespec t;

		clock_gettime(CLOCK_MONOTONIC_RAW, &t);
		width = __rdtsc() - before;
		if (width < best.width)
			best = (struct reading){ t.tv_sec * 1e9 + t.tv_nsec, before + width / 2, width };
	}
	return best;
}

int main(void)
{
	struct reading a = read_both(), b;

	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	b = read_both();
	printf("%.0f\n", (b.ticks - a.ticks) / (b.ns - a.ns) * 1e6);
	return 0;
}
