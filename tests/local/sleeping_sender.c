// SPDX-License-Identifier: GPL-2.0
/*
 * While an elevated thread sleeps in a write to a socket, threads and processes
 * that are not elevated use the same socket: they read from it, make it send
 * ACKs, and write to it. Every byte arrives.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include "elevate/kel.h"

#define SIZE (4 << 20)

static int ends[2];
static char data[SIZE];

static void tcp_pair(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	must(!bind(listener, (void *)&at, len) && !listen(listener, 1));
	must(!getsockname(listener, (void *)&at, &len));
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	must(!connect(ends[0], (void *)&at, len));
	ends[1] = accept(listener, NULL, NULL);
	must(ends[1] >= 0);
	close(listener);
}

static void *writer(void *flags)
{
	kel_elevate((unsigned long)flags);
	for (long done = 0, n; done < SIZE; done += n) {
		n = gate3(SYS_write, ends[0], data + done, SIZE - done);
		must(n > 0, "%ld", n);
	}
	return NULL;
}

/* Reads from the socket that the writer sleeps on. */
static void use(int bytes)
{
	static char buf[65536];
	int on = 1, n;

	while (bytes) {
		n = read(ends[0], buf, sizeof(buf));
		must(n > 0, "%d", n);
		bytes -= n;
		must(!setsockopt(ends[0], IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on)));
	}
}

static void *reader(void *bytes)
{
	use((long)bytes);
	return NULL;
}

static void run(unsigned long flags)
{
	static char buf[65536];
	pthread_t write_thread, read_thread;
	pid_t child;
	long got = 0, n;
	int status;

	tcp_pair();
	must(!pthread_create(&write_thread, NULL, writer, (void *)flags));
	usleep(100000);		/* it sleeps by now: nobody reads */
	must(!pthread_create(&read_thread, NULL, reader, (void *)(64l * 1000)));
	for (int i = 0; i < 64; i++) {
		must(write(ends[1], data, 1000) == 1000);
		usleep(1000);
	}
	must(!pthread_join(read_thread, NULL));
	child = fork();
	must(child >= 0);
	if (!child) {
		use(64 * 1000);
		_exit(0);
	}
	for (int i = 0; i < 64; i++) {
		must(write(ends[1], data, 1000) == 1000);
		usleep(1000);
	}
	must(waitpid(child, &status, 0) == child && !status, "%#x", status);
	while (got < SIZE) {
		n = read(ends[1], buf, sizeof(buf));
		must(n > 0 && !memcmp(buf, data + got, n), "%ld at %ld", n, got);
		got += n;
	}
	must(!pthread_join(write_thread, NULL));
	close(ends[0]);
	must(read(ends[1], buf, 1) == 0);
	close(ends[1]);
}

int main(void)
{
	kel_nr();
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i * 2654435761u >> 13;
	run(KELEVATE_STICKY);
	run(KELEVATE_STICKY | KELEVATE_BRACKETED);
	return 0;
}
