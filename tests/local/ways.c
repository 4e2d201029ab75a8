// SPDX-License-Identifier: GPL-2.0
/*
 * The parameters local and direct do what they say: of each pair of settings and
 * each size, almost all writes of an elevated sender take the way that is meant
 * for them, and none takes one that is switched off. A sender that is not
 * elevated takes none of them.
 */
#include "local/connection.h"

/* In the order of the ways' names. */
enum { SENDMSG, DELIVERED, DIRECT, WAYS };
static const char *const ways[] = { "tcp_sendmsg", "tcp_v4_do_rcv", "tcp_rcv_established" };

static void one_of_size(int size, bool elevated, char *buf)
{
	struct iovec halves[] = { { buf, size / 2 }, { buf + size / 2, size - size / 2 } };
	struct msghdr msg = { .msg_iov = halves, .msg_iovlen = 2 };

	memset(buf, sent, size);
	if (elevated && sent % 3 == 2)
		must(gate3(SYS_writev, ends[0], halves, 2) == size);
	else if (elevated && sent % 3)
		must(gate3(SYS_sendmsg, ends[0], &msg, 0) == size);
	else if (elevated)
		must(gate3(SYS_write, ends[0], buf, size) == size);
	else
		must(write(ends[0], buf, size) == size);
	must(recv(ends[1], buf, size, MSG_WAITALL) == size);
	for (int i = 0; i < size; i++)
		must(buf[i] == (char)sent);
	sent++;
}

/* false: too few by the way that they should go, which can happen. */
static bool went(bool local, bool direct, int size, bool elevated)
{
	static char buf[32768];
	int expected = !local ? SENDMSG : direct && size <= 4096 ? DIRECT : DELIVERED;
	uint64_t before[WAYS], n[WAYS], sum = 0;

	set("local", local);
	set("direct", direct);
	for (int i = 0; i < WAYS; i++)
		before[i] = shortcuts_to(ways[i]);
	for (int i = 0; i < WRITES; i++)
		one_of_size(size, elevated, buf);
	for (int i = 0; i < WAYS; i++)
		sum += n[i] = shortcuts_to(ways[i]) - before[i];
	printf("local %d, direct %d, %d bytes%s: %lu %lu %lu\n", local, direct, size,
	       elevated ? "" : ", not elevated", n[0], n[1], n[2]);
	if (!elevated) {
		must(!sum);
		return true;
	}
	must(local || !n[DELIVERED]);
	must((local && direct && size <= 4096) || !n[DIRECT]);
	/* a few only find the receiver busy, or an ACK on its way */
	return n[expected] >= WRITES * 4 / 5;
}

static void check(bool local, bool direct, int size, bool elevated)
{
	int tries = 5;

	while (!went(local, direct, size, elevated))
		must(--tries);
}

int main(void)
{
	static const int sizes[] = { 1, 1000, 4096, 4097, 20000 };

	if (!(kel_query().features & KELEVATE_F_DEEP))
		skip("no deep shortcuts");
	connect_ends();
	kel_elevate(KELEVATE_STICKY);
	for (int setting = 0; setting < 4; setting++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
			check(setting & 1, setting & 2, sizes[i], true);
	must(!kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL));
	check(true, true, 1000, false);
	return 0;
}
