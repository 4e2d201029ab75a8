// SPDX-License-Identifier: GPL-2.0
/*
 * Cancellation of a thread that blocks in each call, of one with a request
 * pending on entry, and of none while it is disabled. Cleanup handlers run, and
 * the thread's cancel type is what it was.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "test.h"

static int quiet[2];		/* a socket pair on which nothing comes */
static int full[2];		/* one into which nothing goes */
static int listener, epfd;
static char space[65536];
static char fifo[64];		/* which nobody writes */

static void blocking_call(int which)
{
	struct iovec iov = { space, sizeof(space) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr mmsg = { .msg_hdr = msg };
	struct pollfd pfd = { .fd = quiet[0], .events = POLLIN };
	struct epoll_event event;

	switch (which) {
	case 0: if (read(quiet[0], space, 1)) {} break;
	case 1: if (readv(quiet[0], &iov, 1)) {} break;
	case 2: recv(quiet[0], space, 1, 0); break;
	case 3: recvfrom(quiet[0], space, 1, 0, NULL, NULL); break;
	case 4: recvmsg(quiet[0], &msg, 0); break;
	case 5: recvmmsg(quiet[0], &mmsg, 1, 0, NULL); break;
	case 6: if (write(full[0], space, sizeof(space))) {} break;
	case 7: if (writev(full[0], &iov, 1)) {} break;
	case 8: send(full[0], space, sizeof(space), 0); break;
	case 9: sendmsg(full[0], &msg, 0); break;
	case 10: sendmmsg(full[0], &mmsg, 1, 0); break;
	case 11: poll(&pfd, 1, -1); break;
	case 12: ppoll(&pfd, 1, NULL, NULL); break;
	case 13: epoll_wait(epfd, &event, 1, -1); break;
	case 14: epoll_pwait(epfd, &event, 1, -1, NULL); break;
	case 15: accept(listener, NULL, NULL); break;
	case 16: accept4(listener, NULL, NULL, 0); break;
	case 17: close(-1); break;		/* does not block */
	case 18: sendto(full[0], space, sizeof(space), 0, NULL, 0); break;
	case 19: open(fifo, O_RDONLY); break;
	case 20: openat(AT_FDCWD, fifo, O_RDONLY); break;
	}
}
#define CALLS	21
#define CLOSE	17

static volatile int which, cleaned, came_back, started;
static pthread_barrier_t barrier;

static void cleanup(void *arg)
{
	cleaned += *(int *)arg;
}

/* A frame between, with something of its own to clean up. */
static __attribute__((noinline)) void nested(void)
{
	int two = 2;

	pthread_cleanup_push(cleanup, &two);
	blocking_call(which);
	pthread_cleanup_pop(0);
}

static void *blocked(void *arg)
{
	int one = 1;

	pthread_cleanup_push(cleanup, &one);
	started = 1;
	nested();
	came_back = 1;
	pthread_cleanup_pop(0);
	return arg;
}

static void *pending(void *arg)
{
	int one = 1, old;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	pthread_barrier_wait(&barrier);		/* it is cancelled now */
	pthread_barrier_wait(&barrier);
	if (which == CLOSE)
		close(-1);			/* disabled: comes back */
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
	pthread_cleanup_push(cleanup, &one);
	nested();
	came_back = 1;
	pthread_cleanup_pop(0);
	return arg;
}

static void *deferred(void *arg)
{
	char byte;
	int type;

	must(read(-1, &byte, 1) == -1 && errno == EBADF);
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
	must(type == PTHREAD_CANCEL_DEFERRED);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	must(read(-1, &byte, 1) == -1 && errno == EBADF);
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
	must(type == PTHREAD_CANCEL_ASYNCHRONOUS);
	return arg;
}

static void check(pthread_t thread, const char *what)
{
	void *result;

	must(!pthread_join(thread, &result));
	must(result == PTHREAD_CANCELED, "%s, call %d", what, which);
	must(cleaned == 3, "%s, call %d: %d", what, which, cleaned);
	must(!came_back, "%s, call %d", what, which);
	cleaned = 0;
	started = 0;
}

static void *cancel_self(void *arg)
{
	must(!pthread_cancel(pthread_self()));
	close(-1);
	must(false, "still there");
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	void *result;

	(void)argc;
	shim_start(argv);
	alarm(60);
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, quiet));
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, full));
	while (send(full[0], space, sizeof(space), MSG_DONTWAIT) > 0)
		;
	while (send(full[0], space, 1, MSG_DONTWAIT) > 0)
		;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	must(!listen(listener, 1));
	epfd = epoll_create1(0);
	sprintf(fifo, "/tmp/cancel.%d", getpid());
	must(!mkfifo(fifo, 0600));
	pthread_barrier_init(&barrier, NULL, 2);

	must(!pthread_create(&thread, NULL, deferred, NULL));
	must(!pthread_join(thread, &result) && !result);

	for (which = 0; which < CALLS; which++) {
		if (which != CLOSE) {
			must(!pthread_create(&thread, NULL, blocked, NULL));
			while (!started)
				usleep(100);
			/* in half of the cases it is certainly asleep by now */
			if (which & 1)
				usleep(20000);
			must(!pthread_cancel(thread));
			check(thread, "blocked");
		}

		must(!pthread_create(&thread, NULL, pending, NULL));
		pthread_barrier_wait(&barrier);
		must(!pthread_cancel(thread));
		pthread_barrier_wait(&barrier);
		check(thread, "pending");
	}
	must(!pthread_create(&thread, NULL, cancel_self, NULL));
	must(!pthread_join(thread, &result) && result == PTHREAD_CANCELED);
	unlink(fifo);
	return 0;
}
