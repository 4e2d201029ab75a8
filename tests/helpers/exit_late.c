// SPDX-License-Identifier: GPL-2.0
/*
 * A process with two sticky threads is killed, and each does its part of the exit
 * late (tests/kmod/late_exit.c): the module must know of it to the end.
 */
#include <sys/prctl.h>
#include "../elevate/kel.h"

/* From 7.0 on it is told of its exit before that. */
static bool attached(void)
{
	FILE *f = fopen("/sys/module/late_exit/parameters/attached", "r");
	char c;

	must(f && fscanf(f, "%c", &c) == 1);
	fclose(f);
	return c == 'Y';
}

static void *work(void *ready)
{
	prctl(PR_SET_NAME, "exit_late");
	kel_elevate(KELEVATE_STICKY);
	must(write(*(int *)ready, "", 1) == 1);
	for (;;)
		must(gate0(SYS_getpid) == getpid());
}

/* Was it known to its end, but for what a slow machine may take? */
static bool known(void)
{
	int ready[2], status, before = references();
	double forgotten = 0;
	pthread_t thread;
	pid_t child;
	char c;

	must(!pipe(ready));
	child = fork();
	if (!child) {
		must(!pthread_create(&thread, NULL, work, &ready[1]));
		work(&ready[1]);
	}
	for (int i = 0; i < 2; i++)
		must(read(ready[0], &c, 1) == 1);
	must(references() > before);
	must(!kill(child, SIGKILL));
	while (waitpid(child, &status, WNOHANG) == 0) {
		if (!forgotten && attached() && references() == before)
			forgotten = kel_now();
		usleep(1000);
	}
	must(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	forgotten = forgotten ? kel_now() - forgotten : 0;
	must(references() == before);
	close(ready[0]);
	close(ready[1]);
	printf("forgotten %.1f s before its end\n", forgotten);
	return forgotten < 1.5;
}

int main(void)
{
	/* who is late is so by 3 s, every time */
	must(known() || known() || known());
	return 0;
}
