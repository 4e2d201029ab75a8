// SPDX-License-Identifier: GPL-2.0
/* A fortified call works, and one that overflows ends as libc ends it. */
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "test.h"

ssize_t __read_chk(int fd, void *buf, size_t count, size_t size);
ssize_t __pread_chk(int fd, void *buf, size_t count, off_t offset, size_t size);
ssize_t __pread64_chk(int fd, void *buf, size_t count, off_t offset, size_t size);
ssize_t __recv_chk(int fd, void *buf, size_t len, size_t size, int flags);
ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t size, int flags,
		       struct sockaddr *addr, socklen_t *addrlen);
int __poll_chk(struct pollfd *fds, nfds_t nfds, int timeout, size_t size);
int __ppoll_chk(struct pollfd *fds, nfds_t nfds, const struct timespec *timeout,
		const sigset_t *mask, size_t size);

static int fds[2];
static struct timespec now;

static void call(int which, size_t size)
{
	char buf[64] __attribute__((aligned(8)));
	struct pollfd *pollfds = (struct pollfd *)buf;

	memset(buf, 0, sizeof(buf));
	pollfds->events = POLLIN;
	switch (which) {
	case 0: must(__read_chk(fds[0], buf, 8, size) == 8); break;
	case 1: must(__pread_chk(fds[0], buf, 8, 0, size) == -1 && errno == ESPIPE); break;
	case 2: must(__pread64_chk(fds[0], buf, 8, 0, size) == -1 && errno == ESPIPE); break;
	case 3: must(__recv_chk(fds[0], buf, 8, size, MSG_PEEK) == 8); break;
	case 4: must(__recvfrom_chk(fds[0], buf, 8, size, MSG_PEEK, NULL, NULL) == 8); break;
	case 5: must(__poll_chk(pollfds, 1, 0, size) == 1); break;
	case 6: must(__ppoll_chk(pollfds, 1, &now, NULL, size) == 1); break;
	}
}

int main(int argc, char **argv)
{
	static const char message[] = "*** buffer overflow detected ***: terminated\n";

	(void)argc;
	shim_start(argv);
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	must(write(fds[1], "12345678", 8) == 8);

	for (int which = 6; which >= 0; which--) {
		char said[256] = "";
		int err[2], status;

		/* Without overflow: as the plain call. Descriptor 0 is not ours. */
		dup2(fds[0], 0);
		call(which, 8);
		if (!which)
			break;

		must(!pipe(err));
		pid_t pid = fork();

		if (!pid) {
			dup2(err[1], 2);
			call(which, 7);
			_exit(0);
		}
		close(err[1]);
		must(waitpid(pid, &status, 0) == pid);
		must(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "%d", which);
		must(read(err[0], said, sizeof(said) - 1) > 0);
		must(!strcmp(said, message), "%d: %s", which, said);
		close(err[0]);
	}
	return 0;
}
