// SPDX-License-Identifier: GPL-2.0
/*
 * MSG_ZEROCOPY over loopback: the kernel copies at last, and says so at once. The
 * sender may change its buffer as soon as it was told, whether the receiver has
 * read or not.
 */
#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <sys/socket.h>
#include "elevate/kel.h"

#define SIZE 20000

int main(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0), from, to, on = 1;
	char control[200], *data = shared(SIZE), *got = shared(SIZE);
	struct msghdr told = { .msg_control = control, .msg_controllen = sizeof(control) };
	struct sock_extended_err *error;
	struct pollfd poll_from;

	kel_elevate(KELEVATE_STICKY);
	must(!bind(listener, (void *)&at, len) && !listen(listener, 1));
	must(!getsockname(listener, (void *)&at, &len));
	from = socket(AF_INET, SOCK_STREAM, 0);
	must(!connect(from, (void *)&at, len));
	to = accept(listener, NULL, NULL);
	must(to >= 0 && !setsockopt(from, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)));

	memset(data, 'a', SIZE);
	must(gate6(SYS_sendto, from, data, SIZE, MSG_ZEROCOPY, 0, 0) == SIZE);
	poll_from = (struct pollfd){ .fd = from };
	must(poll(&poll_from, 1, 5000) == 1 && (poll_from.revents & POLLERR),
	     "never told while the receiver does not read");
	must(recvmsg(from, &told, MSG_ERRQUEUE) == 0);
	error = (void *)CMSG_DATA(CMSG_FIRSTHDR(&told));
	must(error->ee_origin == SO_EE_ORIGIN_ZEROCOPY && error->ee_code == SO_EE_CODE_ZEROCOPY_COPIED,
	     "origin %d, code %d", error->ee_origin, error->ee_code);
	memset(data, 'b', SIZE);
	must(recv(to, got, SIZE, MSG_WAITALL) == SIZE);
	for (int i = 0; i < SIZE; i++)
		must(got[i] == 'a', "%d", i);
	return 0;
}
