// SPDX-License-Identifier: GPL-2.0
/*
 * Text of an elevated thread is written by a debugger, running and stopped: it
 * executes the new text, elevated as before.
 */
#include <sys/ptrace.h>
#include "kel.h"

#define TIMES	60

static volatile long *seen, *elevated;

static void run(int (*text)(void))
{
	kel_elevate(KELEVATE_STICKY);
	for (;;) {
		kel_touch();
		*seen = text();
		if (cpl_privileged() == 0)
			++*elevated;
	}
}

static void wait_for(long value)
{
	double limit = kel_now() + 10;

	while (*seen != value)
		must(kel_now() < limit, "%ld is executed, not %ld", *seen, value);
}

int main(void)
{
	static const unsigned char first[] = CODE_RETURNS(1), second[] = CODE_RETURNS(2);
	const unsigned char *codes[] = { first, second };
	int (*text)(void) = (int (*)(void))(unsigned long)code(first, sizeof(first));
	char path[64];
	long before;
	pid_t child;
	int mem, status;

	kel_nr();
	seen = shared(4096);
	elevated = seen + 1;
	child = fork();
	if (!child)
		run(text);
	wait_for(1);
	sprintf(path, "/proc/%d/mem", child);
	mem = open(path, O_RDWR);
	must(mem >= 0);
	for (int i = 1; i <= TIMES; i++) {
		before = *elevated;
		must(pwrite(mem, codes[i & 1], sizeof(first), (off_t)(unsigned long)text) == sizeof(first));
		wait_for((i & 1) + 1);
		for (double limit = kel_now() + 10; *elevated == before;)
			must(kel_now() < limit, "not elevated any more");
	}
	for (int i = 1; i <= TIMES; i++) {
		long word;

		must(!ptrace(PTRACE_ATTACH, child, NULL, NULL));
		must(waitpid(child, &status, 0) == child && WIFSTOPPED(status), "%#x", status);
		memcpy(&word, codes[i & 1], sizeof(word));
		must(!ptrace(PTRACE_POKETEXT, child, text, (void *)word));
		must(!ptrace(PTRACE_DETACH, child, NULL, NULL));
		before = *elevated;
		wait_for((i & 1) + 1);
		for (double limit = kel_now() + 10; *elevated == before;)
			must(kel_now() < limit, "not elevated any more");
	}
	kill(child, SIGKILL);
	return 0;
}
