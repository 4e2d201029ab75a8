// SPDX-License-Identifier: GPL-2.0
/* The only thread there ever was cancels itself: libc lets it, and so it ends. */
#include <pthread.h>

#include "test.h"

static void cleanup(void *arg)
{
	(void)arg;
	_exit(0);
}

int main(int argc, char **argv)
{
	(void)argc;
	shim_start(argv);
	pthread_cleanup_push(cleanup, NULL);
	must(!pthread_cancel(pthread_self()));
	close(-1);
	must(false, "still there");
	pthread_cleanup_pop(0);
	return 1;
}
