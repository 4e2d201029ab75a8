// SPDX-License-Identifier: GPL-2.0
/* Elevation is a thread's own: what one does is not done to another, also not to one that was there before. */
#include "kel.h"

static pthread_barrier_t barrier;

static void *other(void *unused)
{
	pthread_barrier_wait(&barrier);		/* main has elevated */
	must(!(kel_query().state & KELEVATE_S_STICKY));
	must(kel_query().state & KELEVATE_S_GRANTED);
	must(caught(gate0(SYS_getpid)) == SIGSEGV);
	must(caught(kel_touch()) == PRIVILEGED_SIGNAL);
	pthread_barrier_wait(&barrier);		/* and becomes nobody: the grant is enough */
	pthread_barrier_wait(&barrier);
	kel_elevate(KELEVATE_STICKY);
	must(cpl_privileged() == 0);
	must(gate0(SYS_getuid) == 65534);
	must(kel_stat(getpid()).threads == 2);
	pthread_barrier_wait(&barrier);
	must(kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL) == 0);
	pthread_barrier_wait(&barrier);
	return unused;
}

int main(void)
{
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 2);
	must(!pthread_create(&thread, NULL, other, NULL));
	kel_elevate(KELEVATE_STICKY);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	must(!setuid(65534));
	pthread_barrier_wait(&barrier);
	must(gate0(SYS_gettid) == gettid());
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	must(gate0(SYS_gettid) == gettid());
	must(kel_stat(getpid()).threads == 1);
	must(!pthread_join(thread, NULL));
	return 0;
}
