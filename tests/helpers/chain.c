// SPDX-License-Identifier: GPL-2.0
/*
 * chain SECONDS: a symbiote with a chain of calls that a profiler is to find,
 * main, outer, middle, and at its end either inner_text, which computes
 * elevated, or inner_call, which calls the gate. Built with frame pointers.
 */
#include "../elevate/kel.h"

#define CHAINED __attribute__((noinline, noclone))

static int p[2];
static volatile unsigned long sum;
static char data[4096];

/* Who calls nothing gets no frame. */
CHAINED void nothing(void)
{
	__asm__ volatile("");
}

CHAINED void inner_text(void)
{
	nothing();
	for (int i = 0; i < 20000; i++) {
		kel_touch();
		sum += i;
	}
	nothing();
}

CHAINED void inner_call(void)
{
	for (int i = 0; i < 200; i++) {
		must(gate3(SYS_write, p[1], data, sizeof(data)) == sizeof(data));
		must(gate3(SYS_read, p[0], data, sizeof(data)) == sizeof(data));
	}
	__asm__ volatile("");	/* no tail call */
}

CHAINED void middle(int which)
{
	if (which)
		inner_call();
	else
		inner_text();
	__asm__ volatile("");
}

CHAINED void outer(int which)
{
	middle(which);
	__asm__ volatile("");
}

int main(int argc, char **argv)
{
	double end;

	must(argc > 1 && !pipe(p));
	end = kel_now() + atof(argv[1]);
	kel_elevate(KELEVATE_STICKY);
	for (int i = 0; kel_now() < end; i++)
		outer(i & 1);
	return 0;
}
