// SPDX-License-Identifier: GPL-2.0
/*
 * A thread elevates while another gives up the process's grant: it gets the
 * one or the other, never a process that is gone.
 */
#include "elevate/kel.h"

static volatile bool stop;

static void *give_up(void *unused)
{
	(void)unused;
	while (!stop) {
		must(!kel(KELEVATE_GRANT, KELEVATE_GRANT_SELF, NULL));
		must(!kel(KELEVATE_GRANT, KELEVATE_GRANT_REVOKE, NULL));
	}
	return NULL;
}

int main(void)
{
	long elevated = 0, refused = 0, ret;
	double end = kel_now() + 6;
	pthread_t thread;

	kel_nr();
	must(!pthread_create(&thread, NULL, give_up, NULL));
	while (kel_now() < end) {
		ret = kel(KELEVATE_ELEVATE, KELEVATE_STICKY, NULL);
		must(ret == 0 || ret == -EPERM, "%ld", ret);
		elevated += !ret;
		refused += ret != 0;
		must(!kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL));
	}
	stop = true;
	must(!pthread_join(thread, NULL));
	printf("# elevated %ld times, refused %ld times\n", elevated, refused);
	must(elevated > 0);
	return 0;
}
