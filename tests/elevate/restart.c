// SPDX-License-Identifier: GPL-2.0
/*
 * A blocking call that a signal interrupts does by the gate what it does by the
 * system call: EINTR, restart with SA_RESTART, and restart with the time that
 * is left (poll over SIGSTOP and SIGCONT).
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include "kel.h"

static int p[2];
static volatile int handled;
static bool feed;

static void on_alarm(int signo)
{
	(void)signo;
	if (++handled >= 3 && feed)
		must(write(p[1], "z", 1) == 1);
}

static long call(bool gate, long nr, long a, long b, long c, long d)
{
	struct itimerval often = { { 0, 20000 }, { 0, 20000 } }, never = { };
	long ret;

	handled = 0;
	setitimer(ITIMER_REAL, &often, NULL);
	if (gate)
		ret = gate6(nr, a, b, c, d, 0, 8);
	else
		ret = gate_syscall(nr, a, b, c, d, 0, 8);
	setitimer(ITIMER_REAL, &never, NULL);
	return ret;
}

/* By one alarm; on a slow machine a second may come before the timer is off, and then it is done again. */
static bool interrupted(bool gate, long nr, long a, long b, long c, long d)
{
	for (int i = 0; i < 10; i++) {
		if (call(gate, nr, a, b, c, d) != -EINTR)
			return false;
		if (handled == 1)
			return true;
	}
	return false;
}

#ifdef SYS_poll
/* A poll that started anew with each SIGCONT would never end. */
static void stopped(bool gate)
{
	int *done = shared(4096);
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	must(child >= 0);
	if (!child) {
		struct pollfd fd = { p[0], POLLIN, 0 };
		double start = kel_now(), time;
		long ret;

		if (gate)
			ret = gate3(SYS_poll, &fd, 1, 1500);
		else
			ret = gate_syscall(SYS_poll, (long)&fd, 1, 1500, 0, 0, 0);
		time = kel_now() - start;
		must(ret == 0, "%ld", ret);
		must(time >= 1.499, "%f s", time);
		*done = 1;
		_exit(0);
	}
	for (int i = 0; i < 100 && !*done; i++) {
		usleep(200000);
		kill(child, SIGSTOP);
		waitpid(child, &status, WUNTRACED);
		if (WIFEXITED(status))
			break;
		usleep(20000);
		kill(child, SIGCONT);
	}
	must(*done || (kill(child, SIGKILL), 0), "%s: no end", gate ? "gate" : "system call");
	if (!WIFEXITED(status))
		must(waitpid(child, &status, 0) == child);
	must(WIFEXITED(status) && !WEXITSTATUS(status), "%#x", status);
}
#endif

int main(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct epoll_event event;
	struct pollfd fd = { 0, POLLIN, 0 };
	uint64_t before;
	char in[8];
	int e;

	must(!pipe(p));
	e = epoll_create1(0);
	fd.fd = p[0];
	kel_elevate(KELEVATE_STICKY);
	sigaction(SIGALRM, &action, NULL);
	for (int gate = 0; gate < 2; gate++) {
		must(interrupted(gate, SYS_read, p[0], (long)in, 1, 0));
#ifdef SYS_poll
		must(interrupted(gate, SYS_poll, (long)&fd, 1, -1, 0));
#endif
		must(interrupted(gate, SYS_epoll_wait, e, (long)&event, 1, -1));
		must(interrupted(gate, SYS_ppoll, (long)&fd, 1, 0, 0));
	}
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	for (int gate = 0; gate < 2; gate++) {
		before = kel_count(settles);
		feed = true;
		must(call(gate, SYS_read, p[0], (long)in, 1, 0) == 1 && in[0] == 'z');
		must(handled >= 3, "%d", handled);
		feed = false;
		while (handled-- > 3)
			must(read(p[0], in, 1) == 1);
#ifdef SYS_poll
		must(call(gate, SYS_poll, (long)&fd, 1, -1, 0) == -EINTR, "poll does not restart");
#endif
		must(call(gate, SYS_epoll_wait, e, (long)&event, 1, -1) == -EINTR);
		must(!gate || kel_count(settles) > before);
	}
	must(kel_count(fallbacks[KELEVATE_FB_RESTART]) > 0);
#ifdef SYS_poll
	stopped(false);
	stopped(true);
#endif
	return 0;
}
