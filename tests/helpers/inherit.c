// SPDX-License-Identifier: GPL-2.0
/*
 * inherit asleep: while an elevated thread sleeps in a write, its socket is
 * disconnected, made a listener, and accepts. inherit busy: while an elevated
 * thread reads and writes a listener, in vain, it accepts. The new sockets are
 * used by a process that is not elevated, after the module has gone.
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include "elevate/kel.h"

#define BUSY 300

static int sleeper, children[BUSY], clients[BUSY], connections;
static volatile bool stop;
static volatile long tries;

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

static void *in_vain(void *unused)
{
	char buf[10] = "";

	pin(0);
	kel_elevate(KELEVATE_STICKY);
	signal(SIGPIPE, SIG_IGN);
	for (; !stop; tries++) {
		must(gate3(SYS_write, sleeper, buf, sizeof(buf)) == -EPIPE);
		must(gate3(SYS_read, sleeper, buf, sizeof(buf)) == -ENOTCONN);
	}
	return unused;
}

static void connect_to(const struct sockaddr_in *at)
{
	int client = socket(AF_INET, SOCK_STREAM, 0);

	must(!connect(client, (const void *)at, sizeof(*at)), "%s", strerror(errno));
	children[connections] = accept(sleeper, NULL, NULL);
	must(children[connections] >= 0);
	clients[connections++] = client;
}

static void while_busy(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	pthread_t thread;

	pin(1);
	sleeper = socket(AF_INET, SOCK_STREAM, 0);
	must(!bind(sleeper, (void *)&at, sizeof(at)));
	listen_any(sleeper, &at);
	must(!pthread_create(&thread, NULL, in_vain, NULL));
	while (!tries)
		usleep(1000);
	while (connections < BUSY) {
		for (long before = tries; tries == before;)
			usleep(100);
		connect_to(&at);
	}
	stop = true;
	must(!pthread_join(thread, NULL));
}

static void while_asleep(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in away = { .sin_family = AF_UNSPEC }, here = at, back = at;
	struct sched_param first = { .sched_priority = 1 };
	int listener = socket(AF_INET, SOCK_STREAM, 0), other;
	pthread_t thread;
	int on = 1;

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
	if (connect(sleeper, (void *)&away, sizeof(away))) {
		/* kernels that had to be mended here refuse: it cannot come to this */
		must(errno == EBUSY, "%s", strerror(errno));
		_exit(77);
	}
	must(!bind(sleeper, (void *)&at, sizeof(at)) || errno == EINVAL);
	listen_any(sleeper, &back);
	connect_to(&back);
	first.sched_priority = 0;
	must(!sched_setscheduler(0, SCHED_OTHER, &first));
	must(!pthread_join(thread, NULL));
}

int main(int argc, char **argv)
{
	char buf[1000] = "";
	pid_t pid;

	must(argc == 2);
	kel_nr();
	if (!strcmp(argv[1], "busy"))
		while_busy();
	else
		while_asleep();

	/* the symbiote ends; the sockets live on in another process, without the module */
	pid = fork();
	must(pid >= 0);
	if (pid)
		_exit(0);
	must(!kel(KELEVATE_GRANT, KELEVATE_GRANT_REVOKE, NULL));	/* inherited */
	for (int tries = 0; !access("/sys/module/kelevate", F_OK); tries++) {
		must(tries < 300, "the module stays");
		usleep(100000);
	}
	for (int i = 0; i < 2 * BUSY; i++) {
		must(write(children[i % connections], buf, sizeof(buf)) == sizeof(buf));
		must(recv(clients[i % connections], buf, sizeof(buf), MSG_WAITALL) == sizeof(buf));
	}
	puts("alive");
	return 0;
}
