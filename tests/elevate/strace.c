// SPDX-License-Identifier: GPL-2.0
/* strace -f of a sticky process sees every call that goes to the gate, and each works. */
#include "kel.h"

#define CALLS	50

static void *calls(void *unused)
{
	(void)unused;
	for (int i = 0; i < CALLS; i++)
		must(gate3(SYS_pwrite64, 10000 + i, "trace", 5) == -EBADF);
	return NULL;
}

int main(int argc, char **argv)
{
	char line[512];
	int seen = 0, status;
	pthread_t thread;
	pid_t child;
	FILE *f;

	if (argc > 1) {
		kel_elevate(KELEVATE_STICKY);
		calls(NULL);
		must(!pthread_create(&thread, NULL, calls, NULL));
		must(!pthread_join(thread, NULL));
		must(WEXITSTATUS(in_child(calls(NULL))) == 0);
		return 0;
	}
	kel_query();
	if (access("/usr/bin/strace", X_OK))
		skip("no strace");
	child = fork();
	if (!child) {
		execl("/usr/bin/strace", "strace", "-f", "-o", "log", argv[0], "x", NULL);
		_exit(127);
	}
	must(waitpid(child, &status, 0) == child);
	must(WIFEXITED(status) && !WEXITSTATUS(status), "status %#x", status);
	f = fopen("log", "r");
	must(f);
	while (fgets(line, sizeof(line), f))
		seen += strstr(line, "pwrite64(100") && strstr(line, "\"trace\", 5");
	must(seen == 3 * CALLS, "strace saw %d calls of %d", seen, 3 * CALLS);
	return 0;
}
