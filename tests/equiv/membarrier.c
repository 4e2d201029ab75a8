// SPDX-License-Identifier: GPL-2.0
/*
 * membarrier() reaches elevated threads: with it on the slow side, the fast
 * side needs no fence. Two threads each store and then load the other's
 * variable; that both see the old value is what must not happen.
 */
#include <linux/membarrier.h>
#include "elevate/kel.h"

static volatile int x, y, seen_x, seen_y;
static volatile long fast_round, round_done;
static volatile bool stop;
static volatile long elevated;

static void *fast(void *unused)
{
	long n = 0;

	(void)unused;
	kel_elevate(KELEVATE_STICKY);
	while (!stop) {
		/* elevated again: the barrier's interrupt lowers it, in either place */
		if (n & 1)
			gate0(SYS_getpid);
		while (fast_round == n && !stop)
			;
		n = fast_round;
		if (n & 1)
			gate0(SYS_getpid);
		x = 1;
		__asm__ volatile("" : : : "memory");
		seen_y = y;
		elevated += cpl() == 0;
		__sync_synchronize();
		round_done = n;
	}
	return NULL;
}

int main(void)
{
	static const struct {
		const char *name;
		int command, registration;
	} commands[] = {
		{ "PRIVATE_EXPEDITED", MEMBARRIER_CMD_PRIVATE_EXPEDITED,
			MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED },
		{ "SYNC_CORE", MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE,
			MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE },
		{ "RSEQ", MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ,
			MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ },
		{ "GLOBAL_EXPEDITED", MEMBARRIER_CMD_GLOBAL_EXPEDITED,
			MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED },
	};
	unsigned long lowered;
	pthread_t thread;
	long n = 0, both_old, rounds;
	double end;

	kel_nr();
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip("needs two CPUs");
	must(!pthread_create(&thread, NULL, fast, NULL));
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (syscall(SYS_membarrier, commands[i].registration, 0, 0)) {
			printf("# %s: not on this kernel\n", commands[i].name);
			continue;
		}
		both_old = rounds = 0;
		end = kel_now() + 1;
		while (kel_now() < end) {
			x = y = 0;
			__sync_synchronize();
			fast_round = ++n;
			y = 1;
			must(!syscall(SYS_membarrier, commands[i].command, 0, 0));
			seen_x = x;
			while (round_done != n)
				sched_yield();
			both_old += !seen_x && !seen_y;
			rounds++;
		}
		printf("# %s: %ld rounds\n", commands[i].name, rounds);
		/* RSEQ only restarts sequences */
		must(!both_old || commands[i].command == MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ,
		     "%s: %ld of %ld rounds: both saw the old value", commands[i].name, both_old, rounds);
	}
	stop = true;
	must(!pthread_join(thread, NULL));
	lowered = kel_count(lowered);
	printf("# elevated in %ld of %ld rounds, lowered %lu times\n", elevated, n, lowered);
	must(elevated > n / 10 && lowered > (unsigned long)n / 10);
	return 0;
}
