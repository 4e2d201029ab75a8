// SPDX-License-Identifier: GPL-2.0
/* Calls kel_test_state() of tests/kmod/kstate.c through the gate, in every way there is. */
#include "../elevate/kel.h"

static void check(const char *what, unsigned long function, unsigned long sleep_us)
{
	struct kelevate_call c = { .size = sizeof(c), .function = function, .arg = { sleep_us } };

	must(gate3(kel_nr(), KELEVATE_CALL, 0, &c) == 0);
	must(!c.result, "%s: wrong: %#llx", what, c.result);
}

static void *work(void *unused)
{
	unsigned long function = kel_resolve("kel_test_state");

	for (int i = 0; i < 300; i++) {
		kel_touch();
		check("elevated", function, 0);
		getppid();
		check("lowered", function, 0);
		check("slept", function, 50);
	}
	return unused;
}

int main(void)
{
	pthread_t thread[3];

	kel_elevate(KELEVATE_STICKY);
	for (int i = 0; i < 3; i++)
		must(!pthread_create(&thread[i], NULL, work, NULL));
	for (int i = 0; i < 3; i++)
		must(!pthread_join(thread[i], NULL));
	return 0;
}
