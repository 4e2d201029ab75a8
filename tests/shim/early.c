// SPDX-License-Identifier: GPL-2.0
/* Calls before any library's constructor has run. */
#include <poll.h>

#include "test.h"

static char got;
static int ready, bad, bad_errno;

static void early(void)
{
	struct pollfd pfd;
	int fds[2];

	if (pipe(fds))
		return;
	pfd = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	if (write(fds[1], "x", 1) != 1)
		return;
	ready = poll(&pfd, 1, 0);
	if (read(fds[0], &got, 1) != 1)
		got = 0;
	bad = close(-1);
	bad_errno = errno;
	close(fds[0]);
	close(fds[1]);
}

__attribute__((section(".preinit_array"), used))
static void (*const before_all)(void) = early;

int main(int argc, char **argv)
{
	(void)argc;
	shim_start(argv);
	must(got == 'x' && ready == 1);
	must(bad == -1 && bad_errno == EBADF);
	must(passed_for("write", SYMBIOTE_REASON_BEFORE_INIT) == 1);
	must(passed_for("close", SYMBIOTE_REASON_BEFORE_INIT) == 3);
	return 0;
}
