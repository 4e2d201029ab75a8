// SPDX-License-Identifier: GPL-2.0
/*
 * Reads of what TCP has received already: which of them are done without
 * tcp_recvmsg(), that none is when direct_read is off, and that every byte comes
 * once and in order, from buffers of either kind, whole, in parts, and after a
 * fault.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "local/connection.h"

static char *buf, *edge;	/* 64 KB, and behind them nothing */
static bool on;
static unsigned int missed;	/* calls that were none of the gate's */

/* By a system call of the other end's thread: in pages; by the gate: in one buffer with its header. */
static void give(size_t size, bool elevated)
{
	unsigned char data[20000];
	int there = 0;

	for (size_t i = 0; i < size; i++)
		data[i] = byte(sent++);
	if (elevated)
		must(gate3(SYS_write, ends[0], data, size) == (long)size);
	else
		must(write(ends[0], data, size) == (long)size);
	/* all of it: a softirq may be late */
	for (int i = 0; i < 10000 && there != (int)(sent - got); i++) {
		usleep(i ? 1000 : 0);
		must(!ioctl(ends[1], FIONREAD, &there));
	}
	must(there == (int)(sent - got), "%d", there);
}

/* One call, of a number of bytes, and whether it is the short way's. */
static void take(const char *what, long nr, char *to, size_t len, int flags, long expected, bool direct)
{
	uint64_t before = shortcuts_to("tcp_read_sock"), others = shortcuts_to("tcp_recvmsg");
	long n = nr == SYS_read ? gate3(SYS_read, ends[1], to, len) :
		 gate6(SYS_recvfrom, ends[1], to, len, flags, 0, 0);

	must(n == expected, "%s: %ld", what, n);
	for (long i = 0; i < n; i++)
		must((unsigned char)to[i] == byte(got + i), "%s, byte %ld", what, i);
	if (n > 0 && !(flags & MSG_PEEK))
		got += n;
	before = shortcuts_to("tcp_read_sock") - before;
	others = shortcuts_to("tcp_recvmsg") - others;
	/* an event in the gate's first instructions makes it a system call */
	if (!before && !others)
		must(++missed < 5, "%s", what);
	else
		must(before == (on && direct) && others == !before, "%s: %lu by tcp_read_sock", what, before);
}

static void reads(void)
{
	int low = 100, one = 1, offset = 0;
	struct pollfd urgent = { .events = POLLPRI };
	char last;

	for (int elevated = 0; elevated < 2; elevated++) {
		give(1000, elevated);
		take("all", SYS_read, buf, 4096, 0, 1000, true);
		give(1000, elevated);
		take("a part", SYS_read, buf, 10, 0, 10, true);
		take("recv", SYS_recvfrom, buf, 500, 0, 500, true);
		take("without waiting", SYS_recvfrom, buf, 4096, MSG_DONTWAIT, 490, true);
		give(700, elevated);
		give(700, elevated);
		take("of two", SYS_read, buf, 1000, 0, 1000, true);
		take("the rest", SYS_read, buf, 1000, 0, 400, true);
		give(20000, elevated);
		take("much", SYS_recvfrom, buf, 20000, MSG_WAITALL, 20000, false);

		give(1000, elevated);
		take("no buffer", SYS_read, edge, 1000, 0, -EFAULT, true);
		take("half a buffer", SYS_read, edge - 500, 1000, 0, -EFAULT, true);
		take("a look", SYS_recvfrom, buf, 1000, MSG_PEEK, 1000, false);
		take("up to the edge", SYS_read, edge - 1000, 1000, 0, 1000, true);
	}
	/* an offset of looks, which reads move back; TCP has it from 6.9 on */
	if (!setsockopt(ends[1], SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset))) {
		give(200, true);
		take("a look at the first", SYS_recvfrom, buf, 100, MSG_PEEK, 100, false);
		take("what was looked at", SYS_read, buf, 100, 0, 100, false);
		take("a look at the others", SYS_recvfrom, buf, 100, MSG_PEEK | MSG_DONTWAIT, 100, false);
		offset = -1;
		must(!setsockopt(ends[1], SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset)));
		take("the others", SYS_read, buf, 100, 0, 100, true);
	}
	give(200, true);
	must(!setsockopt(ends[1], SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low)));
	take("with a low-water mark", SYS_read, buf, 4096, 0, 200, false);
	must(!setsockopt(ends[1], SOL_SOCKET, SO_RCVLOWAT, &one, sizeof(one)));
	take("nothing there", SYS_recvfrom, buf, 10, MSG_DONTWAIT, -EAGAIN, false);

	/* urgent data: a read ends before it, and leaves it out */
	give(3, true);
	must(send(ends[0], "!", 1, MSG_OOB) == 1);
	urgent.fd = ends[1];
	must(poll(&urgent, 1, 10000) == 1);
	take("before urgent data", SYS_read, buf, 10, 0, 3, false);
	must(recv(ends[1], &last, 1, MSG_OOB) == 1 && last == '!');

	connect_ends();
	give(5, false);
	must(!shutdown(ends[0], SHUT_WR));
	take("the last", SYS_read, buf, 10, 0, 5, true);
	take("the end", SYS_read, buf, 10, 0, 0, false);
}

int main(void)
{
	if (!(kel_query().features & KELEVATE_F_DEEP))
		skip("no deep shortcuts");
	buf = mmap(NULL, 65536 + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	edge = buf + 65536;
	must(buf != MAP_FAILED && !mprotect(edge, 4096, PROT_NONE));
	kel_elevate(KELEVATE_STICKY);
	for (int i = 0; i < 2; i++) {
		connect_ends();
		on = !i;
		set("direct_read", on);
		reads();
		sent = got = 0;
	}
	set("direct_read", true);
	return 0;
}
