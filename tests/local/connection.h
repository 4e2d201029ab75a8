/* SPDX-License-Identifier: GPL-2.0 */
/*
 * connection.h - a TCP connection within this machine, whose bytes are checked,
 * and what the module says of the ways that they took
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include "elevate/kel.h"

#define WRITES	50
#define SIZE	1000

static int ends[2];
static in_port_t port;		/* of the sender */
static unsigned int sent, got;	/* every byte is its place in the stream */

/* A parameter of the module. */
static inline void set(const char *name, bool value)
{
	char path[100];
	int fd;

	sprintf(path, "/sys/module/kelevate/parameters/%s", name);
	fd = open(path, O_WRONLY);
	must(fd >= 0 && write(fd, value ? "Y" : "N", 1) == 1, "%s: %d", path, errno);
	close(fd);
}

/* Is the kernel? For what Debian's is without. */
static inline bool older_than(int major, int minor)
{
	struct utsname uts;
	int its_major, its_minor;

	must(!uname(&uts) && sscanf(uts.release, "%d.%d", &its_major, &its_minor) == 2);
	return its_major < major || (its_major == major && its_minor < minor);
}

static inline uint64_t handed_over(void)
{
	return shortcuts_to("tcp_rcv_established") + shortcuts_to("tcp_v4_do_rcv");
}

/* By these protocols; prepare: what is done to either socket before. */
static inline void connect_by(int client, int server, void (*prepare)(int fd))
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, server), on = 1;

	ends[0] = socket(AF_INET, SOCK_STREAM, client);
	must(listener >= 0 && ends[0] >= 0, "%d", errno);
	if (prepare) {
		prepare(listener);
		prepare(ends[0]);
	}
	must(!bind(listener, (void *)&at, len) && !listen(listener, 1));
	must(!getsockname(listener, (void *)&at, &len));
	must(!connect(ends[0], (void *)&at, len) && !getsockname(ends[0], (void *)&at, &len));
	port = at.sin_port;
	ends[1] = accept(listener, NULL, NULL);
	must(ends[1] >= 0 && !setsockopt(ends[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
	close(listener);
}

static inline void connect_ends(void)
{
	connect_by(IPPROTO_TCP, IPPROTO_TCP, NULL);
}

/* The sender's end; all that it sent has been received. */
static inline void end_connection(void)
{
	char rest;

	close(ends[0]);
	must(recv(ends[1], &rest, 1, 0) == 0 && got == sent);
	close(ends[1]);
}

static inline unsigned char byte(unsigned int place)
{
	return place * 2654435761u >> 17;
}

static inline void send_one(void)
{
	unsigned char buf[SIZE];

	for (int i = 0; i < SIZE; i++)
		buf[i] = byte(sent++);
	must(gate3(SYS_write, ends[0], buf, SIZE) == SIZE);
}

static inline void receive_one(void)
{
	unsigned char buf[SIZE];

	must(recv(ends[1], buf, SIZE, MSG_WAITALL) == SIZE);
	for (int i = 0; i < SIZE; i++, got++)
		must(buf[i] == byte(got), "%u", got);
}

static inline bool arrived(int milliseconds)
{
	struct pollfd fd = { .fd = ends[1], .events = POLLIN };

	return poll(&fd, 1, milliseconds) == 1;
}

/* How many of the writes were handed over. */
static inline unsigned int some(void)
{
	uint64_t before = handed_over();

	for (int i = 0; i < WRITES; i++) {
		send_one();
		receive_one();
	}
	return handed_over() - before;
}

/* Segments arrive, but by IP and the device. */
static inline void all_the_way(const char *who)
{
	unsigned int n = some();

	must(!n, "%s: %u of %u handed over", who, n, WRITES);
}

static inline void unobserved(const char *since)
{
	unsigned int n = 0;

	/* some things go only after a grace period */
	for (int i = 0; i < 40 && n < WRITES / 2; i++) {
		n = some();
		if (n < WRITES / 2)
			usleep(50000);
	}
	must(n >= WRITES / 2, "%s: %u of %u", since, n, WRITES);
}

/* What is sent now does not arrive, and is not handed over. */
static inline void held_back(const char *who)
{
	uint64_t before = handed_over();

	for (int i = 0; i < 5; i++)
		send_one();
	must(!arrived(300), "%s: it was not stopped", who);
	must(handed_over() == before, "%s", who);
}

static inline void released(void)
{
	for (int i = 0; i < 5; i++)
		receive_one();
}

/* Nothing arrives while it is there, and everything after. */
static inline void stopped(const char *who, bool (*begin)(void), void (*end)(void))
{
	must(begin(), "%s: it does not begin", who);
	held_back(who);
	end();
	released();
	unobserved(who);
}

#endif
