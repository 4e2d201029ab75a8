// SPDX-License-Identifier: GPL-2.0
/*
 * A process whose threads are elevated executes a program, from its main thread
 * and from another one: the other threads go, and what was granted goes too,
 * unless the thread that executes was granted its exec. SEED=N repeats a run.
 */
#include "elevate/kel.h"

#define ROUNDS	60

static char self[4096];
static int quiet[2];
static volatile int running;

static void *spins(void *unused)
{
	kel_elevate(KELEVATE_STICKY);
	running++;
	for (;;)
		kel_touch();
	return unused;
}

static void *blocks(void *unused)
{
	char byte;

	kel_elevate(KELEVATE_STICKY);
	running++;
	gate3(SYS_read, quiet[0], &byte, 1);
	return unused;
}

static void *calls(void *unused)
{
	kel_elevate(KELEVATE_STICKY | KELEVATE_BRACKETED);
	running++;
	for (;;)
		gate0(SYS_getppid);
	return unused;
}

static void *faults(void *unused)
{
	kel_elevate(KELEVATE_STICKY);
	running++;
	for (;;) {
		char *at = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		for (int i = 0; i < 16; i++) {
			kel_touch();
			at[i * 4096] = 1;
		}
		munmap(at, 65536);
	}
	return unused;
}

static bool grants;

static void *executes(void *unused)
{
	if (grants)
		must(!kel(KELEVATE_GRANT, KELEVATE_GRANT_EXEC, NULL));
	execl(self, "exec_threads", grants ? "granted" : "not", NULL);
	must(false, "execl: %s", strerror(errno));
	return unused;
}

int main(int argc, char **argv)
{
	static void *(*const kinds[])(void *) = { spins, blocks, calls, faults };
	unsigned int seed = getenv("SEED") ? atoi(getenv("SEED")) : time(NULL);
	int status;

	if (argc > 1) {
		uint64_t state = kel_query().state & (KELEVATE_S_GRANTED | KELEVATE_S_GRANT_EXEC | KELEVATE_S_STICKY);

		must(state == (!strcmp(argv[1], "granted") ? KELEVATE_S_GRANTED : 0), "%s: %#lx", argv[1], state);
		must(kel_stat(0).symbiotes >= (state != 0));
		kel_elevate(KELEVATE_STICKY);
		must(kel_stat(getpid()).threads == 1, "threads of the old program are counted");
		must(gate0(SYS_getpid) == getpid());
		return 0;
	}
	printf("# seed %u\n", seed);
	/* not /proc/self/exe: that is the main thread's, which may have ended */
	must(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	must(!pipe(quiet));
	for (int round = 0; round < ROUNDS; round++) {
		int n = rand_r(&seed) % 6, first = rand_r(&seed);
		bool other = rand_r(&seed) & 1;

		grants = rand_r(&seed) & 1;
		status = in_child({
			pthread_t thread;

			for (int i = 0; i < n; i++)
				must(!pthread_create(&thread, NULL, kinds[(first + i) % 4], NULL));
			/* some are there and some just come */
			while (running < n / 2)
				usleep(100);
			if (other) {
				must(!pthread_create(&thread, NULL, executes, NULL));
				if (round & 1)
					blocks(NULL);
				pthread_exit(NULL);
			}
			executes(NULL);
		});
		must(status == 0, "round %d: %#x", round, status);
	}
	return 0;
}
