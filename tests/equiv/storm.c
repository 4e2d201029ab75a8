// SPDX-License-Identifier: GPL-2.0
/*
 * Signals from a timer and from other threads rain on threads that do nothing
 * but gate calls. Handlers run on alternative stacks, make gate calls of their
 * own, and jump out of blocking ones. Every byte arrives once and in order.
 */
#include <sys/time.h>
#include "elevate/kel.h"

#define WORKERS 3

static volatile bool stop;
static volatile long handled, jumps;
static __thread sigjmp_buf out;
static __thread volatile bool may_jump;
static __thread int own[2];
static __thread char *alt_stack;
static pthread_t workers[WORKERS];
static pthread_barrier_t ready;

static void handler(int signo)
{
	char here, byte = 'h', back = 0;

	(void)signo;
	must(&here >= alt_stack && &here < alt_stack + 65536, "not on the alternative stack");
	must(gate3(SYS_write, own[1], &byte, 1) == 1);
	must(gate3(SYS_read, own[0], &back, 1) == 1 && back == 'h');
	handled++;
	/* once: what arrives before it has left this stack does not jump, and go deeper each time */
	if (may_jump) {
		may_jump = false;
		siglongjmp(out, 1);
	}
}

static void *work(void *flags)
{
	stack_t stack = { .ss_size = 65536, .ss_sp = malloc(65536) };
	unsigned int sent = 0, expected = 0, got[16], put[16];
	int data[2], quiet[2];
	char byte;
	long n;

	sigset_t none;

	alt_stack = stack.ss_sp;
	sigemptyset(&none);
	must(!pipe(own) && !pipe(data) && !pipe(quiet) && !sigaltstack(&stack, NULL));
	kel_elevate((unsigned long)flags);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	pthread_barrier_wait(&ready);
	while (!stop) {
		for (int i = 0; i < 16; i++)
			put[i] = sent++;
		must(gate3(SYS_write, data[1], put, sizeof(put)) == sizeof(put));
		n = gate3(SYS_read, data[0], got, sizeof(got));
		must(n == sizeof(got), "%ld", n);
		for (int i = 0; i < 16; i++, expected++)
			must(got[i] == expected, "%u, not %u", got[i], expected);
		if (expected % 256)
			continue;
		/* nothing ever comes here: only a signal ends it */
		if (!sigsetjmp(out, 1)) {
			may_jump = true;
			n = stop ? 0 : gate3(SYS_read, quiet[0], &byte, 1);
			must(stop, "%ld", n);
		}
		may_jump = false;
		jumps++;
	}
	may_jump = false;
	return NULL;
}

static void run(unsigned long flags)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };
	double start;

	stop = false;
	handled = jumps = 0;
	pthread_barrier_init(&ready, NULL, WORKERS + 1);
	for (int i = 0; i < WORKERS; i++)
		must(!pthread_create(&workers[i], NULL, work, (void *)flags));
	pthread_barrier_wait(&ready);
	setitimer(ITIMER_REAL, &often, NULL);
	/* 3 s, and on a slow machine as long as it takes */
	start = kel_now();
	for (int i = 0; kel_now() < start + 3 || ((handled <= 200 || jumps <= 10) && kel_now() < start + 30); i++) {
		pthread_kill(workers[i % WORKERS], SIGUSR1);
		if (i % 50 == 0)
			usleep(500);
	}
	stop = true;
	for (int i = 0; i < WORKERS; i++) {
		/* it may just have gone to sleep */
		while (pthread_tryjoin_np(workers[i], NULL)) {
			pthread_kill(workers[i], SIGUSR1);
			usleep(1000);
		}
	}
	setitimer(ITIMER_REAL, &never, NULL);
	printf("# %ld signals handled, %ld jumps\n", handled, jumps);
	must(handled > 200 && jumps > 10);
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART };
	sigset_t all;

	kel_nr();
	must(!sigaction(SIGUSR1, &action, NULL) && !sigaction(SIGALRM, &action, NULL));
	/* all of them are for the workers */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	run(KELEVATE_STICKY);
	run(KELEVATE_STICKY | KELEVATE_BRACKETED);
	return 0;
}
