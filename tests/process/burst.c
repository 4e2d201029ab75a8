// SPDX-License-Identifier: GPL-2.0
/*
 * A symbiote of real-time priority makes many threads, then many processes, and
 * does not sleep meanwhile: each of them is a symbiote, and none is lost.
 */
#include "elevate/kel.h"

#define MANY	300		/* more than a real-time kernel's module has records at hand */

static int many = MANY;
static int elevated;
static pthread_barrier_t all;

/* The gate is open to symbiotes only: others would die of it. */
static bool calls(void)
{
	return gate0(SYS_getppid) == getppid();
}

static void *thread(void *unused)
{
	__atomic_fetch_add(&elevated, calls(), __ATOMIC_RELAXED);
	pthread_barrier_wait(&all);
	return unused;
}

int main(void)
{
	struct sched_param priority = { .sched_priority = 10 };
	pthread_attr_t attr;
	cpu_set_t first;
	int status, good = 0;

	/* one CPU is enough for the burst, but not for whoever has to prepare the next */
	if (sysconf(_SC_NPROCESSORS_ONLN) == 1)
		many = 100;
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	must(!sched_setaffinity(0, sizeof(first), &first));
	must(!sched_setscheduler(0, SCHED_FIFO, &priority), "%s", strerror(errno));
	kel_elevate(KELEVATE_STICKY);

	must(!pthread_barrier_init(&all, NULL, many + 1));
	must(!pthread_attr_init(&attr));
	must(!pthread_attr_setstacksize(&attr, 256 << 10));
	must(!pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED));
	for (int i = 0; i < many; i++) {
		pthread_t t;
		int error = pthread_create(&t, &attr, thread, NULL);

		must(!error, "%d: %s", i, strerror(error));
	}
	pthread_barrier_wait(&all);
	must(elevated == many, "%d of %d", elevated, many);

	for (int i = 0; i < many; i++) {
		pid_t pid = fork();

		must(pid >= 0, "%d: %s", i, strerror(errno));
		if (!pid)
			_exit(!calls());
	}
	for (int i = 0; i < many; i++) {
		must(wait(&status) > 0);
		good += status == 0;
	}
	must(good == many, "%d of %d", good, many);
	return 0;
}
