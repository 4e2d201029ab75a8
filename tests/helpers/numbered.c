// SPDX-License-Identifier: GPL-2.0
/*
 * numbered THREADS: each thread makes calls by the gate that are numbered, from
 * 10000 on, by their first argument (which is no open file), until SIGTERM.
 */
#include "../elevate/kel.h"

static volatile bool stop;

static void on_term(int signo)
{
	(void)signo;
	stop = true;
}

static void *calls(void *unused)
{
	static const long numbers[] = {
		SYS_read, SYS_write, SYS_pread64, SYS_pwrite64, SYS_recvfrom, SYS_sendto,
	};
	char byte = 'n';

	(void)unused;
	kel_elevate(KELEVATE_STICKY);
	for (int n = 10000; !stop; n++) {
		long nr = numbers[n % (sizeof(numbers) / sizeof(*numbers))];

		must(gate6(nr, n, &byte, 1, 0, 0, 0) == -EBADF, "call %ld of %d", nr, n);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread[64];
	int threads = argc > 1 ? atoi(argv[1]) : 1;

	must(threads <= 64);
	signal(SIGTERM, on_term);
	for (int i = 0; i < threads; i++)
		must(!pthread_create(&thread[i], NULL, calls, NULL));
	for (int i = 0; i < threads; i++)
		must(!pthread_join(thread[i], NULL));
	return 0;
}
