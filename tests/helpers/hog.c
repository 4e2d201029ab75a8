// SPDX-License-Identifier: GPL-2.0
/*
 * hog stores|calls|threads: a symbiote that takes memory until it is killed, by
 * elevated stores, by gate calls that write to it, or by several threads and a
 * child which do both.
 */
#include "../elevate/kel.h"

#define STEP (1 << 20)

static void *takes(void *arg)
{
	bool calls = arg;
	int zero = open("/dev/zero", O_RDONLY);

	must(zero >= 0);
	kel_elevate(KELEVATE_STICKY);
	for (;;) {
		char *at = mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		must(at != MAP_FAILED);
		if (calls) {
			long n = gate3(SYS_read, zero, at, STEP);

			must(n > 0 || n == -EFAULT || n == -EINTR, "%ld", n);
			continue;
		}
		for (int i = 0; i < STEP; i += 4096) {
			kel_touch();
			at[i] = 1;
		}
	}
}

int main(int argc, char **argv)
{
	pthread_t thread;

	must(argc > 1);
	if (!strcmp(argv[1], "threads")) {
		kel_elevate(KELEVATE_STICKY);
		for (long i = 0; i < 4; i++)
			must(!pthread_create(&thread, NULL, takes, (void *)(i & 1)));
		/* both take, and one is killed first */
		fork();
		pause();
	}
	takes(strcmp(argv[1], "stores") ? (void *)1 : NULL);
	return 1;
}
