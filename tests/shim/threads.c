// SPDX-License-Identifier: GPL-2.0
/* Every thread takes the gate from its first call on, while threads come and go. */
#include <pthread.h>
#include <stdint.h>

#include "test.h"

#define THREADS	8
#define ROUNDS	50

static void *talk(void *arg)
{
	int fds[2];

	must(!pipe(fds));
	for (intptr_t i = 0; i < 100; i++) {
		intptr_t in = i ^ (intptr_t)arg, out = 0;

		must(write(fds[1], &in, sizeof(in)) == sizeof(in));
		must(read(fds[0], &out, sizeof(out)) == sizeof(out) && in == out);
	}
	must(!close(fds[0]) && !close(fds[1]));
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t ids[THREADS];

	(void)argc;
	shim_start(argv);
	for (int round = 0; round < ROUNDS; round++) {
		for (intptr_t i = 0; i < THREADS; i++)
			must(!pthread_create(&ids[i], NULL, talk, (void *)i));
		for (intptr_t i = 0; i < THREADS; i++) {
			void *back;

			must(!pthread_join(ids[i], &back) && back == (void *)i);
		}
	}
	if (elevated())
		must(!passed("read") && !passed("write") && !passed("close"));
	else
		must(passed("read") == THREADS * ROUNDS * 100);
	return 0;
}
