// SPDX-License-Identifier: GPL-2.0
/*
 * asleep [plain]: threads that sleep in a gate call each, or by plain in a system
 * call, until the process is killed. Says "TID NUMBER NAME" of each call first,
 * once they are all asleep.
 */
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "../elevate/kel.h"

static const struct {
	const char *name;
	long nr;
} calls[] = {
	{ "read", SYS_read }, { "recvfrom", SYS_recvfrom }, { "accept4", SYS_accept4 },
	{ "epoll_wait", SYS_epoll_wait }, { "write", SYS_write },
#ifdef SYS_poll
	{ "poll", SYS_poll },
#endif
};
#define CALLS (sizeof(calls) / sizeof(*calls))

static volatile pid_t tids[CALLS];
static bool plain;

static long call(long nr, long a, const void *b, long c, long d)
{
	return plain ? gate_syscall(nr, a, (long)b, c, d, 0, 0) : gate6(nr, a, b, c, d, 0, 0);
}

static void *sleeps(void *arg)
{
	long which = (long)arg, nr = calls[which].nr, ret = 0;
	int pair[2], listener = socket(AF_INET, SOCK_STREAM, 0), ep = epoll_create1(0), p[2];
	struct epoll_event event;
	struct pollfd pfd __attribute__((unused));
	static char big[1 << 20];
	char byte;

	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair) && !listen(listener, 1) && !pipe(p));
	pfd = (struct pollfd){ p[0], POLLIN, 0 };
	if (!plain)
		kel_elevate(KELEVATE_STICKY);
	tids[which] = gettid();
	/* a tracer that attaches ends epoll_wait and a write of which a part is done: they are made again */
	do {
		switch (nr) {
		case SYS_read:
			ret = call(nr, p[0], &byte, 1, 0);
			break;
		case SYS_recvfrom:
			ret = call(nr, pair[0], &byte, 1, 0);
			break;
		case SYS_accept4:
			ret = call(nr, listener, NULL, 0, 0);
			break;
#ifdef SYS_poll
		case SYS_poll:
			ret = call(nr, (long)&pfd, (void *)1, -1, 0);
			break;
#endif
		case SYS_epoll_wait:
			ret = call(nr, ep, &event, 1, -1);
			break;
		case SYS_write:
			ret = call(nr, p[1], big, sizeof(big), 0);
			break;
		}
	} while ((nr == SYS_epoll_wait && ret == -EINTR) || (nr == SYS_write && ret > 0));
	must(false, "%s returned %ld", calls[which].name, ret);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	plain = argc > 1 && !strcmp(argv[1], "plain");
	for (size_t i = 0; i < CALLS; i++) {
		must(!pthread_create(&thread, NULL, sleeps, (void *)i));
		while (!tids[i])
			usleep(1000);
	}
	for (size_t i = 0; i < CALLS; i++)
		wait_asleep(tids[i]);
	usleep(100000);
	/* an event in the gate's first instructions made one a system call: again, then */
	if (!plain && kel_count(fallbacks[KELEVATE_FB_EVENT]))
		must(execv("/proc/self/exe", argv) == 0);
	for (size_t i = 0; i < CALLS; i++)
		printf("%d %ld %s\n", tids[i], calls[i].nr, calls[i].name);
	fflush(stdout);
	for (;;)
		pause();
}
