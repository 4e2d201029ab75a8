// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous cancellation: of a thread that computes elevated, of one that
 * makes calls all the time, and of one asleep in each kind of call. Cleanup
 * handlers run, the thread is gone, and what it held of the process is usable.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include "test.h"

#define ROUNDS 15

static int quiet[2], epfd;
static volatile int started, cleaned;
static volatile unsigned long sum;

static void cleanup(void *unused)
{
	char byte = 'c';
	int own[2];

	(void)unused;
	/* it may make calls of its own */
	must(!pipe(own) && write(own[1], &byte, 1) == 1 && read(own[0], &byte, 1) == 1);
	close(own[0]);
	close(own[1]);
	cleaned++;
}

static void does(int which)
{
	struct pollfd pfd = { quiet[0], POLLIN, 0 };
	struct epoll_event event;
	char byte = 'x', data[512];
	int p[2];

	switch (which) {
	case 0:
		must(!pipe(p) && write(p[1], &byte, 1) == 1);
		started = 1;
		for (;;)
			sum++;
	case 1:
		must(!pipe(p));
		started = 1;
		for (;;)
			if (write(p[1], data, sizeof(data)) != sizeof(data) ||
			    read(p[0], data, sizeof(data)) != sizeof(data))
				abort();
	case 2:
		started = 1;
		(void)!read(quiet[0], &byte, 1);
		break;
	case 3:
		started = 1;
		recv(quiet[0], &byte, 1, 0);
		break;
	case 4:
		started = 1;
		poll(&pfd, 1, -1);
		break;
	case 5:
		started = 1;
		epoll_wait(epfd, &event, 1, -1);
		break;
	}
	must(false, "%d came back", which);
}

static void *thread(void *which)
{
	int type;

	must(!pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type) && type == PTHREAD_CANCEL_DEFERRED);
	pthread_cleanup_push(cleanup, NULL);
	does((long)which);
	pthread_cleanup_pop(0);
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned int seed = getenv("SEED") ? atoi(getenv("SEED")) : time(NULL);
	pthread_t t;
	void *result;

	(void)argc;
	shim_start(argv);
	alarm(60);
	printf("# seed %u\n", seed);
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, quiet));
	epfd = epoll_create1(0);
	for (int round = 0; round < ROUNDS; round++)
		for (long which = 0; which < 6; which++) {
			started = cleaned = 0;
			must(!pthread_create(&t, NULL, thread, (void *)which));
			while (!started)
				usleep(100);
			usleep(rand_r(&seed) % 3000);
			must(!pthread_cancel(t));
			must(!pthread_join(t, &result) && result == PTHREAD_CANCELED, "%ld", which);
			must(cleaned == 1, "%ld: %d", which, cleaned);
		}
	return 0;
}
