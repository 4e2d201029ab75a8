// SPDX-License-Identifier: GPL-2.0
/*
 * What a web server does: it puts in the cork, writes a header, sends a file, and
 * takes off the cork, with which all of it goes. That is handed over to the
 * receiver, in the last call; and what sendfile sends without a cork, in that one.
 */
#include <sys/mman.h>
#include "local/connection.h"

#define ROUNDS	60
#define BODY	3000
#define TRIES	5

static int file;

static void cork(bool on)
{
	int value = on;

	must(!gate6(SYS_setsockopt, ends[0], IPPROTO_TCP, TCP_CORK, &value, sizeof(value), 0));
	must(value == on);
}

/* A header of these many bytes, and a part of the file. */
static void reply(unsigned int header, bool corked)
{
	static unsigned char buf[1000];
	struct iovec halves[] = { { buf, header / 2 }, { buf + header / 2, header - header / 2 } };
	off_t offset = sent + header;

	for (unsigned int i = 0; i < header; i++)
		buf[i] = byte(sent + i);
	if (corked)
		cork(true);
	if (header)
		must(gate3(SYS_writev, ends[0], halves, 2) == header);
	must(gate6(SYS_sendfile, ends[0], file, &offset, BODY, 0, 0) == BODY);
	must(offset == sent + header + BODY);
	if (corked)
		cork(false);
	sent += header + BODY;
}

static void receive(unsigned int n)
{
	static unsigned char buf[8192];

	must(recv(ends[1], buf, n, MSG_WAITALL) == n);
	for (unsigned int i = 0; i < n; i++, got++)
		must(buf[i] == byte(got), "%u", got);
}

static uint64_t handed(const char *call)
{
	struct kelevate_stat st = kel_stat(getpid());
	struct kelevate_row row = { .size = sizeof(row) };

	for (; kel(KELEVATE_ROW, 0, &row) == 0; row.index++)
		if (row.deep && !strcmp(row.call, call))
			return st.rows[row.index];
	must(false, "no row of %s", call);
	return 0;
}

/* Were as many handed over as should be? */
static bool went(const char *call, unsigned int header, bool corked)
{
	uint64_t before = handed(call), n;

	for (int i = 0; i < ROUNDS; i++) {
		reply(header, corked);
		receive(header + BODY);
	}
	n = handed(call) - before;
	printf("%s: %lu of %d\n", call, n, ROUNDS);
	/* a few find the receiver busy */
	return n >= ROUNDS * 4 / 5 || !(kel_query().features & KELEVATE_F_DEEP);
}

static void rounds(const char *call, unsigned int header, bool corked)
{
	int tries = TRIES;

	while (!went(call, header, corked))
		must(--tries);
}

int main(void)
{
	static unsigned char bytes[2 * TRIES * ROUNDS * (BODY + 1000)];
	int bad = 1;

	kel_nr();
	connect_ends();
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = byte(i);
	file = memfd_create("file", 0);
	must(file >= 0 && write(file, bytes, sizeof(bytes)) == sizeof(bytes));
	kel_elevate(KELEVATE_STICKY);
	rounds("setsockopt", 300, true);
	rounds("sendfile64", 0, false);

	/* what fails does so as ever */
	must(gate6(SYS_setsockopt, ends[0], IPPROTO_TCP, TCP_CORK, 8, sizeof(int), 0) == -EFAULT);
	must(gate6(SYS_setsockopt, ends[0], IPPROTO_TCP, TCP_CORK, &bad, 1, 0) == -EINVAL);
	must(gate6(SYS_setsockopt, file, IPPROTO_TCP, TCP_CORK, &bad, sizeof(bad), 0) == -ENOTSOCK);
	must(gate6(SYS_sendfile, ends[0], -1, 0, 1, 0, 0) == -EBADF);
	must(gate6(SYS_sendfile, ends[0], ends[0], 0, 1, 0, 0) < 0);
	return 0;
}
