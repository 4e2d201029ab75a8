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

static inline uint64_t handed_over(void)
{
	return shortcuts_to("tcp_rcv_established") + shortcuts_to("tcp_v4_do_rcv");
}

static inline void connect_ends(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	must(!bind(listener, (void *)&at, len) && !listen(listener, 1));
	must(!getsockname(listener, (void *)&at, &len));
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	must(!connect(ends[0], (void *)&at, len) && !getsockname(ends[0], (void *)&at, &len));
	port = at.sin_port;
	ends[1] = accept(listener, NULL, NULL);
	must(ends[1] >= 0 && !setsockopt(ends[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
	close(listener);
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
	if (!begin()) {
		printf("# no %s here\n", who);
		return;
	}
	held_back(who);
	end();
	released();
	unobserved(who);
}

#endif
