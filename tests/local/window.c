// SPDX-License-Identifier: GPL-2.0
/*
 * Windows, when nothing but direct writes goes both ways: each write goes whole,
 * however much came before, and none has to be sent again.
 */
#include "local/connection.h"

#define ROUNDS	2000u
#define UNREAD	20000u

static unsigned int there[2], back[2];	/* bytes written to, and read at, each end */
static unsigned char buf[300000];

static void give(int from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buf[i] = byte(there[!from] + i);
	must(gate3(SYS_write, ends[from], buf, size) == (long)size);
	there[!from] += size;
}

static void take(int at, size_t size)
{
	long n = gate3(SYS_read, ends[at], buf, size);

	must(n > 0, "%ld", n);
	for (long i = 0; i < n; i++)
		must(buf[i] == byte(back[at] + i), "byte %ld", back[at] + i);
	back[at] += n;
}

static void take_all(int at)
{
	while (back[at] != there[at])
		take(at, sizeof(buf));
}

static unsigned int sent_again(int end)
{
	struct tcp_info ti = { };
	socklen_t len = sizeof(ti);

	must(!getsockopt(ends[end], IPPROTO_TCP, TCP_INFO, &ti, &len));
	return ti.tcpi_total_retrans;
}

static void both_ways(unsigned int seed)
{
	uint64_t direct = shortcuts_to("tcp_rcv_established");

	for (unsigned int i = 0; i < ROUNDS; i++) {
		give(0, 1 + rand_r(&seed) % 3000);
		/* the answer has the ACK, so that reading sends none */
		give(1, 1 + rand_r(&seed) % 500);
		while (there[1] - back[1] > (unsigned int)rand_r(&seed) % UNREAD)
			take(1, 1 + rand_r(&seed) % 6000);
		while (there[0] - back[0] > (unsigned int)rand_r(&seed) % UNREAD)
			take(0, 1 + rand_r(&seed) % 2000);
	}
	take_all(0);
	take_all(1);
	direct = shortcuts_to("tcp_rcv_established") - direct;
	must(direct > ROUNDS, "%lu of %u writes were direct", direct, 2 * ROUNDS);
	/* by the timers of a slow machine; what is dropped is dropped every 64 KB */
	for (int end = 0; end < 2; end++)
		must(sent_again(end) < 10, "%u segments", sent_again(end));
}

int main(void)
{
	if (!(kel_query().features & KELEVATE_F_DEEP))
		skip("no deep shortcuts");
	kel_elevate(KELEVATE_STICKY);
	for (unsigned int seed = 1; seed <= 3; seed++) {
		memset(there, 0, sizeof(there));
		memset(back, 0, sizeof(back));
		connect_ends();
		both_ways(seed);
		close(ends[0]);
		close(ends[1]);
	}
	return 0;
}
