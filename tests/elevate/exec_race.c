// SPDX-License-Identifier: GPL-2.0
/*
 * A granted program that runs as an ordinary user is closed to that user's
 * other processes from its first instruction on: they try all through its exec
 * to open its memory and to trace it, and never succeed.
 */
#include <sys/ptrace.h>
#include "kel.h"

#define ROUNDS 50

static volatile struct {
	pid_t victim;			/* 0: none */
	bool started, over;
	unsigned long turns[2], tries[2];
} *all;

static int attack(int how)
{
	char path[64];
	pid_t pid;

	must(!setgid(65534) && !setuid(65534));
	while (!all->over) {
		pid = all->victim;
		if (pid) {
			snprintf(path, sizeof(path), "/proc/%d/mem", pid);
			if (how == 0)
				must(open(path, O_RDWR) == -1, "opens its memory");
			else
				must(ptrace(PTRACE_SEIZE, pid, 0, 0) == -1, "traces it");
			all->tries[how]++;
		}
		all->turns[how]++;
	}
	return 0;
}

int main(int argc, char **argv)
{
	pid_t attacker[2], child;
	unsigned long turn;
	int fd, status;
	char arg[12];

	if (argc > 1) {
		/* the page that it shares with the test, and stays until it is killed */
		all = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[1]), 0);
		must(all != MAP_FAILED && kel_query().state == KELEVATE_S_GRANTED);
		all->started = true;
		pause();
	}
	if (!(kel_query().state & KELEVATE_S_CAPABLE))
		skip("not root");
	fd = memfd_create("exec_race", 0);
	must(fd >= 0 && !ftruncate(fd, 4096));
	all = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(all != MAP_FAILED);
	sprintf(arg, "%d", fd);
	/* the machinery stays in place all the time */
	must(kel(KELEVATE_GRANT, KELEVATE_GRANT_SELF, NULL) == 0);
	for (int i = 0; i < 2; i++) {
		attacker[i] = fork();
		if (!attacker[i])
			return attack(i);
	}
	for (int i = 0; i < ROUNDS; i++) {
		all->started = false;
		child = fork();
		if (!child) {
			must(kel(KELEVATE_GRANT, KELEVATE_GRANT_EXEC, NULL) == 0);
			must(!setgid(65534) && !setuid(65534));
			all->victim = getpid();
			execl("/proc/self/exe", argv[0], arg, NULL);
			_exit(120);
		}
		while (!all->started && waitpid(-1, &status, WNOHANG) == 0)
			usleep(100);
		must(all->started, "round %d", i);
		all->victim = 0;
		/* whoever dies has no memory to be protected */
		for (int j = 0; j < 2; j++)
			for (turn = all->turns[j]; all->turns[j] < turn + 2;)
				must(waitpid(-1, &status, WNOHANG) == 0, "round %d", i);
		must(!kill(child, SIGKILL) && waitpid(child, &status, 0) == child);
	}
	all->over = true;
	for (int i = 0; i < 2; i++)
		must(waitpid(attacker[i], &status, 0) == attacker[i] && !status, "attacker %d", i);
	printf("# %lu and %lu attempts on %d programs\n", all->tries[0], all->tries[1], ROUNDS);
	return 0;
}
