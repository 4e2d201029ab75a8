// SPDX-License-Identifier: GPL-2.0
/*
 * With KADDR a thread reads a kernel variable at any time, however often it is
 * lowered in between; without, user mode gets SIGSEGV.
 */
#include <sys/time.h>
#include "kel.h"

static volatile sig_atomic_t alarms;

static void on_alarm(int signo)
{
	(void)signo;
	alarms++;
}

int main(void)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { };
	const volatile uint64_t *jiffies;
	uint64_t last, now, first;
	unsigned long reads = 0;
	double start;

	kel_elevate(KELEVATE_STICKY);
#ifdef __x86_64__
	jiffies = (void *)kel_resolve("jiffies_64");
#else
	jiffies = kel_gate;	/* Debian's kernels for it know functions' names only */
#endif
	must(caught((void)*jiffies) == SIGSEGV, "without KADDR, from user mode");
	kel_elevate(KELEVATE_STICKY | KELEVATE_KADDR);
	must(kel_query().state & KELEVATE_S_KADDR);

	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &often, NULL);
	first = last = *jiffies;
	for (start = kel_now(); kel_now() < start + 2 || (alarms <= 20 && kel_now() < start + 60);) {
		for (int i = 0; i < 1000; i++, reads++) {
			now = *jiffies;
			must(now >= last, "%lu after %lu", now, last);
			last = now;
		}
	}
	setitimer(ITIMER_REAL, &never, NULL);
	printf("%lu reads, %d signals, elevated %llu times by an address\n", reads, (int)alarms,
	       kel_count(by_kaddr));
#ifdef __x86_64__
	must(last > first, "jiffies stood still");
#else
	must(last == first, "the gate changed");
#endif
	must(alarms > 20);
	/* not one for each: a late signal follows another */
	must(kel_count(by_kaddr) > 10);
	must(kel_count(lowered) > 0);
	/* what is not mapped is not mapped */
	must(caught((void)*(volatile char *)UNMAPPED_ADDRESS) == SIGSEGV);
	must(*jiffies >= last);
	return 0;
}
