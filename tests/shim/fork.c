// SPDX-License-Identifier: GPL-2.0
/* A fork child counts from zero, and makes its calls as its parent does. */
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "test.h"

static int fds[2];

static void *thread(void *arg)
{
	must(write(fds[1], "x", 1) == 1);
	return arg;
}

static void child(unsigned long parent_count)
{
	pthread_t id;
	char byte;

	must(passed("close") == 0, "not wiped");
	must(shim_stats()->magic == SYMBIOTE_STATS_MAGIC, "wiped");
	close(-1);
	must(passed("close") == 1);
	must(write(fds[1], "y", 1) == 1 && read(fds[0], &byte, 1) == 1);
	must(!pthread_create(&id, NULL, thread, NULL) && !pthread_join(id, NULL));
	must(read(fds[0], &byte, 1) == 1 && byte == 'x');
	must(!elevated() || !passed("write"));
	_exit(parent_count ? 0 : 1);
}

int main(int argc, char **argv)
{
	int status;

	(void)argc;
	/* close is what is counted, elevated or not */
	setenv("SYMBIOTE_CALLS", "all,-close", 1);
	shim_start(argv);
	must(!pipe(fds));
	for (int i = 0; i < 10; i++)
		close(-1);
	must(passed("close") >= 10);
	if (elevated())
		must(passed_for("close", SYMBIOTE_REASON_USER) >= 10);
	unsigned long count = passed("close");

	for (int raw = 0; raw < 2; raw++) {
		/* also when libc's fork handlers do not run */
		pid_t pid = raw ? syscall(RAW_FORK) : fork();

		if (!pid)
			child(count);
		must(waitpid(pid, &status, 0) == pid && !status, "%x", status);
	}
	must(passed("close") == count);
	return 0;
}
