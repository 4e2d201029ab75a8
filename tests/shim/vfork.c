// SPDX-License-Identifier: GPL-2.0
/*
 * A vfork child makes calls, also as the first in its thread, and leaves its
 * parent able to.
 */
#include <pthread.h>
#include <sys/wait.h>

#include "test.h"

static void *use(void *arg)
{
	int fds[2], status;
	char byte = 0;

	must(!pipe(fds));
	pid_t pid = vfork();

	if (!pid) {
		if (write(fds[1], "x", 1) != 1)
			_exit(1);
		close(fds[0]);
		close(fds[1]);
		_exit(42);
	}
	must(pid > 0);
	must(waitpid(pid, &status, 0) == pid);
	must(WIFEXITED(status) && WEXITSTATUS(status) == 42, "%x", status);
	must(read(fds[0], &byte, 1) == 1 && byte == 'x');

	pid = vfork();
	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	must(waitpid(pid, &status, 0) == pid && !status);
	close(fds[0]);
	close(fds[1]);
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	(void)argc;
	shim_start(argv);
	use(NULL);
	for (int i = 0; i < 20; i++) {
		must(!pthread_create(&thread, NULL, use, NULL));
		must(!pthread_join(thread, NULL));
	}
	must(!passed_for("read", SYMBIOTE_REASON_THREAD));
	return 0;
}
