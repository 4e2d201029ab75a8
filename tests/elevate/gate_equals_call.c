// SPDX-License-Identifier: GPL-2.0
/* A gate call gives what the system call gives: values, data and errors. */
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "kel.h"

static const struct {
	const char *name;
	long nr, arg[6];
} same[] = {
	{ "getpid", SYS_getpid, { 0 } },
	{ "getppid", SYS_getppid, { 0 } },
	{ "getuid", SYS_getuid, { 0 } },
	{ "gettid", SYS_gettid, { 0 } },
	{ "read of no file", SYS_read, { -1, 0, 1 } },
	{ "read into NULL", SYS_read, { 100, 0, 1 } },
	{ "read into the kernel", SYS_read, { 100, (long)KERNEL_ADDRESS, 1 } },
	{ "read into a hole", SYS_read, { 100, 8, 100 } },
	{ "write from NULL", SYS_write, { 101, 0, 1 } },
	{ "write from the kernel", SYS_write, { 101, (long)KERNEL_ADDRESS, 64 } },
	{ "read of a write end", SYS_read, { 101, 8, 100 } },
	{ "write to a read end", SYS_write, { 100, 8, 100 } },
	{ "read of 0", SYS_read, { 100, 0, 0 } },
	{ "read of -1", SYS_read, { 100, 8, -1 } },
	{ "read of an empty socket", SYS_recvfrom, { 102, 8, 10, 0x40, 0, 0 } },
	{ "recv of a pipe", SYS_recvfrom, { 100, 8, 10, 0x40, 0, 0 } },
	{ "send of a bad pointer", SYS_sendto, { 102, 8, 10, 0x40, 0, 0 } },
	{ "writev", SYS_writev, { 101, 8, 3 } },
	{ "writev of -1", SYS_writev, { 101, 8, -1 } },
	{ "close of no file", SYS_close, { -1 } },
#ifdef SYS_poll
	{ "poll of a bad pointer", SYS_poll, { 8, 2, 0 } },
	{ "poll of nothing", SYS_poll, { 0, 0, 0 } },
	{ "poll of too many", SYS_poll, { 8, 1L << 30, 0 } },
#endif
	{ "ppoll of a bad pointer", SYS_ppoll, { 8, 2, 0, 0, 8 } },
	{ "ppoll of too many", SYS_ppoll, { 8, 1L << 30, 0, 0, 8 } },
	{ "epoll_wait of a pipe", SYS_epoll_wait, { 100, 8, 1, 0 } },
	{ "accept4 of a pipe", SYS_accept4, { 100, 0, 0, 0 } },
	{ "number without a call", 499, { 1, 2, 3, 4, 5, 6 } },
	{ "number beyond the table", 511, { 0 } },
	{ "number out of range", 512, { 0 } },
	{ "number far out", 1L << 20, { 0 } },
	{ "number with bits above", (1L << 32) | SYS_getppid, { 0 } },
	{ "number -2", -2, { 0 } },
	{ "lseek, no shortcut", SYS_lseek, { 100, 0, 0 } },
};

int main(void)
{
	char out[] = "gate call", in[64] = { };
	struct iovec iov[2] = { { out, 4 }, { out + 4, 5 } };
	int p[2], s[2];

	must(!pipe(p) && dup2(p[0], 100) == 100 && dup2(p[1], 101) == 101);
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, s) && dup2(s[0], 102) == 102);
	signal(SIGPIPE, SIG_IGN);
	/* so that a read does not block; none of those below takes any of it */
	must(write(p[1], in, 10) == 10);
	kel_elevate(KELEVATE_STICKY);

	for (int round = 0; round < 20; round++)
		for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
			const long *a = same[i].arg;
			long plain = gate_syscall(same[i].nr, a[0], a[1], a[2], a[3], a[4], a[5]);
			long gate = gate6(same[i].nr, a[0], a[1], a[2], a[3], a[4], a[5]);

			must(plain == gate, "%s: %ld by the system call, %ld by the gate",
			     same[i].name, plain, gate);
		}

	must(read(p[0], in, sizeof(in)) == 10);

	/* data, on a descriptor of each way: pipe, UNIX socket, file */
	for (int way = 0; way < 3; way++) {
		int from = way == 1 ? s[0] : p[0], to = way == 1 ? s[1] : p[1];

		if (way == 2) {
			from = to = open("file", O_CREAT | O_RDWR | O_TRUNC, 0600);
			must(from >= 0);
		}
		for (int i = 0; i < 200; i++) {
			memset(in, 0, sizeof(in));
			if (i % 2)
				must(gate3(SYS_write, to, out, 9) == 9);
			else
				must(gate3(SYS_writev, to, iov, 2) == 9);
			if (way == 2)
				must(lseek(from, -9, SEEK_CUR) == 9 * i);
			must(gate3(SYS_read, from, in, sizeof(in)) == 9);
			must(!memcmp(in, out, 9));
		}
	}
	must(!close(s[1]));
	must(gate3(SYS_read, s[0], in, 1) == 0, "end of file");
	must(gate3(SYS_write, s[0], in, 1) == -EPIPE);
	must(gate3(SYS_close, s[0], 0, 0) == 0);
	must(fcntl(s[0], F_GETFD) == -1 && errno == EBADF, "closed");
	return 0;
}
