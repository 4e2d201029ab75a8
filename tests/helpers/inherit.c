// SPDX-License-Identifier: GPL-2.0
/*
 * While an elevated thread sleeps in a write, its socket is disconnected, made a
 * listener, and accepts. The new socket is used by a process that is not elevated,
 * after the module has gone.
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include "elevate/kel.h"

static int sleeper;

static void *writer(void *unused)
{
	static char data[8 << 20];
	struct sched_param none = { 0 };

	pin(0);
	must(!sched_setscheduler(0, SCHED_OTHER, &none));
	kel_elevate(KELEVATE_STICKY);
	signal(SIGPIPE, SIG_IGN);
	gate3(SYS_write, sleeper, data, sizeof(data));
	return unused;
}

static int listen_any(int fd, struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);

	must(!listen(fd, 1) && !getsockname(fd, (void *)at, &len));
	return fd;
}

int main(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in away = { .sin_family = AF_UNSPEC }, here = at, back = at;
	struct sched_param first = { .sched_priority = 1 };
	int listener = socket(AF_INET, SOCK_STREAM, 0), other, client, child;
	char buf[1000] = "";
	pthread_t thread;
	pid_t pid;
	int on = 1;

	kel_nr();
	pin(0);
	must(!bind(listener, (void *)&at, sizeof(at)));
	listen_any(listener, &here);
	sleeper = socket(AF_INET, SOCK_STREAM, 0);
	must(!setsockopt(sleeper, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	must(!bind(sleeper, (void *)&at, sizeof(at)));
	must(!connect(sleeper, (void *)&here, sizeof(here)));
	other = accept(listener, NULL, NULL);
	must(other >= 0);
	must(!pthread_create(&thread, NULL, writer, NULL));
	usleep(300000);

	/* all of this before the sleeper runs again, on this CPU */
	must(!sched_setscheduler(0, SCHED_FIFO, &first));
	must(!connect(sleeper, (void *)&away, sizeof(away)), "%s", strerror(errno));
	must(!bind(sleeper, (void *)&at, sizeof(at)) || errno == EINVAL);
	listen_any(sleeper, &back);
	client = socket(AF_INET, SOCK_STREAM, 0);
	must(!connect(client, (void *)&back, sizeof(back)));
	child = accept(sleeper, NULL, NULL);
	must(child >= 0);
	first.sched_priority = 0;
	must(!sched_setscheduler(0, SCHED_OTHER, &first));
	must(!pthread_join(thread, NULL));

	/* the symbiote ends; the socket lives on in another process, without the module */
	pid = fork();
	must(pid >= 0);
	if (pid)
		_exit(0);
	must(!kel(KELEVATE_GRANT, KELEVATE_GRANT_REVOKE, NULL));	/* inherited */
	for (int tries = 0; !access("/sys/module/kelevate", F_OK); tries++) {
		must(tries < 300, "the module stays");
		usleep(100000);
	}
	for (int i = 0; i < 100; i++) {
		must(write(child, buf, sizeof(buf)) == sizeof(buf));
		must(recv(client, buf, sizeof(buf), MSG_WAITALL) == sizeof(buf));
	}
	puts("alive");
	return 0;
}
