// SPDX-License-Identifier: GPL-2.0
/*
 * Text of an elevated thread is written by a debugger, running and stopped: it
 * executes the new text, elevated as before.
 */
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include "kel.h"

#define TIMES	60

static const unsigned char codes[][12] = { CODE_RETURNS(1), CODE_RETURNS(2) };
static int (*text)(void);
static pid_t child;
static int mem;			/* its memory */
static volatile long *seen, *elevated;

static bool write_by_mem(long value)
{
	return pwrite(mem, codes[value - 1], sizeof(*codes), (off_t)(unsigned long)text) == sizeof(*codes);
}

/* From 6.12 on the kernel may want a tracer to do it (proc_mem.force_override). */
static void write_text(long value)
{
	int status;

	if (write_by_mem(value))
		return;
	must(!ptrace(PTRACE_ATTACH, child, NULL, NULL));
	must(waitpid(child, &status, 0) == child && WIFSTOPPED(status), "%#x", status);
	must(write_by_mem(value), "%d", errno);
	must(!ptrace(PTRACE_DETACH, child, NULL, NULL));
}

static void run(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	kel_elevate(KELEVATE_STICKY);
	for (;;) {
		kel_touch();
		*seen = text();
		if (cpl_privileged() == 0)
			++*elevated;
	}
}

/*
 * Until it executes what returns value. Before 8.1, QEMU may translate text while it is written, and keep
 * that: so it is written again.
 */
static void wait_for(long value)
{
	double start = kel_now(), again = start + 0.5;

	while (*seen != value) {
		must(kel_now() < start + 60, "%ld is executed, not %ld", *seen, value);
		if (kel_now() > again) {
			write_text(value);
			again += 0.5;
		}
	}
}

int main(void)
{
	char path[64];
	long before;
	int status;

	kel_nr();
	text = (int (*)(void))(unsigned long)code(codes[0], sizeof(*codes));
	seen = shared(4096);
	elevated = seen + 1;
	child = fork();
	if (!child)
		run();
	sprintf(path, "/proc/%d/mem", child);
	mem = open(path, O_RDWR);
	must(mem >= 0);
	wait_for(1);
	for (int i = 1; i <= TIMES; i++) {
		before = *elevated;
		write_text((i & 1) + 1);
		wait_for((i & 1) + 1);
		for (double limit = kel_now() + 60; *elevated == before;)
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
		for (double limit = kel_now() + 60; *elevated == before;)
			must(kel_now() < limit, "not elevated any more");
	}
	kill(child, SIGKILL);
	return 0;
}
