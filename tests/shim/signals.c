// SPDX-License-Identifier: GPL-2.0
/*
 * A signal that interrupts each blocking call: EINTR or restarted, exactly as
 * the system call is, with and without SA_RESTART. The handler makes calls of
 * its own. And siglongjmp out of it.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "test.h"

static int quiet[2], own[2], listener, epfd, handled, jump;
static sigjmp_buf env;

static void handler(int sig)
{
	char byte = 'h', back = 0;
	int saved = errno;

	(void)sig;
	handled++;
	must(write(own[1], &byte, 1) == 1);
	must(read(own[0], &back, 1) == 1 && back == 'h');
	errno = saved;
	if (jump)
		siglongjmp(env, 1);
	/* Ends a call that is restarted: after the second signal. */
	if (handled == 2)
		must(write(quiet[1], "x", 1) == 1);
}

#define CALLS	11

static long blocking_call(int which, bool raw)
{
	struct iovec iov;
	static char byte;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr mmsg = { .msg_hdr = msg };
	struct pollfd pfd = { .fd = quiet[0], .events = POLLIN };
	struct timespec second = { 1, 0 };
	struct epoll_event event;

	iov.iov_base = &byte;
	iov.iov_len = 1;
	switch (which) {
	case 0: return raw ? syscall(SYS_read, quiet[0], &byte, 1) : read(quiet[0], &byte, 1);
	case 1: return raw ? syscall(SYS_readv, quiet[0], &iov, 1) : readv(quiet[0], &iov, 1);
	case 2: return raw ? syscall(SYS_recvfrom, quiet[0], &byte, 1, 0, NULL, NULL) : recv(quiet[0], &byte, 1, 0);
	case 3: return raw ? syscall(SYS_recvfrom, quiet[0], &byte, 1, 0, NULL, NULL) : recvfrom(quiet[0], &byte, 1, 0, NULL, NULL);
	case 4: return raw ? syscall(SYS_recvmsg, quiet[0], &msg, 0) : recvmsg(quiet[0], &msg, 0);
	case 5: return raw ? syscall(SYS_recvmmsg, quiet[0], &mmsg, 1, 0, NULL) : recvmmsg(quiet[0], &mmsg, 1, 0, NULL);
	case 6: return raw ? syscall(RAW_POLL(&pfd, 1, 1000)) : poll(&pfd, 1, 1000);
	case 7: return raw ? syscall(SYS_ppoll, &pfd, 1, &second, NULL, 8) : ppoll(&pfd, 1, &second, NULL);
	case 8: return raw ? syscall(RAW_EPOLL_WAIT(epfd, &event, 1, 1000)) : epoll_wait(epfd, &event, 1, 1000);
	case 9: return raw ? syscall(SYS_epoll_pwait, epfd, &event, 1, 1000, NULL, 8) : epoll_pwait(epfd, &event, 1, 1000, NULL);
	/* with a timeout on its socket, it is never restarted */
	case 10: return raw ? syscall(SYS_accept, listener, NULL, NULL) : accept(listener, NULL, NULL);
	}
	return 0;
}

static void timer(int first_us, int interval_us)
{
	struct itimerval value = { { 0, interval_us }, { 0, first_us } };

	must(!setitimer(ITIMER_REAL, &value, NULL));
}

struct outcome {
	long result;
	int error, handled;
};

static struct outcome run(int which, int flags, bool raw)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	struct outcome outcome;
	char byte;

	must(!sigaction(SIGALRM, &action, NULL));
	handled = 0;
	errno = 0;
	timer(10000, 20000);
	outcome.result = blocking_call(which, raw);
	outcome.error = errno;
	timer(0, 0);
	outcome.handled = handled;
	while (recv(quiet[0], &byte, 1, MSG_DONTWAIT) == 1)
		;
	return outcome;
}

int main(int argc, char **argv)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct timeval timeout = { 0, 500000 };
	struct sigaction action = { .sa_handler = handler };

	(void)argc;
	shim_start(argv);
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, quiet));
	must(!pipe(own));
	listener = socket(AF_INET, SOCK_STREAM, 0);
	must(!listen(listener, 1));
	must(!setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)));
	epfd = epoll_create1(0);
	must(!epoll_ctl(epfd, EPOLL_CTL_ADD, quiet[0], &event));

	for (int which = 0; which < CALLS; which++) {
		for (int restart = 0; restart < 2; restart++) {
			int flags = restart ? SA_RESTART : 0;
			struct outcome raw, shim;
			int tries = 5;
			bool same;

			/* how many signals is a matter of timing, and so is whether all come before the call */
			do {
				raw = run(which, flags, true);
				shim = run(which, flags, false);
				same = raw.result == shim.result && raw.error == shim.error &&
				       raw.handled && shim.handled;
			} while (!same && --tries);
			must(same,
			     "call %d restart %d: %ld %s after %d, not %ld %s after %d",
			     which, restart, shim.result, strerror(shim.error),
			     shim.handled, raw.result, strerror(raw.error),
			     raw.handled);
		}
	}

	must(!sigaction(SIGALRM, &action, NULL));
	jump = 1;
	for (int which = 0; which < CALLS; which++) {
		handled = 0;
		if (!sigsetjmp(env, 1)) {
			timer(5000, 0);
			blocking_call(which, false);
			must(false, "call %d came back", which);
		}
		must(handled == 1);
	}
	return 0;
}
