// SPDX-License-Identifier: GPL-2.0
/* Endless recursion of elevated text is SIGSEGV at the end of the stack, and no more. */
#include "kel.h"

static __attribute__((noinline)) int recurse(int n)
{
	volatile char frame[500];

	kel_put(frame, 1);
	return n < 0 ? 0 : recurse(n + 1) + frame[n % 500];
}

static void *in_thread(void *unused)
{
	(void)unused;
	return (void *)(long)recurse(0);
}

int main(void)
{
	kel_elevate(KELEVATE_STICKY);
	must(caught(recurse(0)) == SIGSEGV);
	must(cpl_privileged() == 0);
	for (int i = 0; i < 5; i++) {
		int status = in_child(recurse(0));

		must(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "%#x", status);
		/* without room for the signal's frame, on a stack that mmap made */
		status = in_child({
			pthread_t thread;

			pthread_create(&thread, NULL, in_thread, NULL);
			pthread_join(thread, NULL);
		});
		must(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "%#x", status);
	}
	return 0;
}
