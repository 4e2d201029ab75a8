// SPDX-License-Identifier: GPL-2.0
/*
 * spin CPU SECONDS [NAP]: a symbiote that stays elevated on one CPU, without a
 * system call, or sleeping for NAP microseconds now and then, until then or
 * SIGUSR1. Says "elevated" first.
 */
#include "../elevate/kel.h"

static volatile bool stop;

static void on_signal(int signo)
{
	(void)signo;
	stop = true;
}

int main(int argc, char **argv)
{
	double end;
	int nap = argc > 3 ? atoi(argv[3]) : 0;

	must(argc > 2);
	pin(atoi(argv[1]));
	end = kel_now() + atof(argv[2]);
	signal(SIGUSR1, on_signal);
	kel_elevate(KELEVATE_STICKY);
	must(write(1, "elevated\n", 9) == 9);
	while (!stop && kel_now() < end) {
		for (int i = 0; i < 10000; i++)
			kel_touch();
		kel_relax();
		if (nap)
			usleep(nap);
	}
	return 0;
}
