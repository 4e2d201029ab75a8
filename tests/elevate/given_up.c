// SPDX-License-Identifier: GPL-2.0
/*
 * A process that has given up all that it was granted, in whichever order, is
 * known no more: the module could be unloaded.
 */
#include "kel.h"

static int before;	/* references to the module */

static void give_up(void)
{
	must(!kel(KELEVATE_GRANT, KELEVATE_GRANT_REVOKE, NULL));
}

static void forget(void)
{
	must(!kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL));
}

/* Others may end meanwhile, none begin. */
static bool known(void)
{
	return references() > before;
}

static void *forgets(void *unused)
{
	kel_elevate(KELEVATE_STICKY);
	give_up();
	must(known());
	forget();
	must(known(), "the other thread is elevated");
	return unused;
}

static void *nothing(void *unused)
{
	return unused;
}

int main(void)
{
	pthread_t thread;

	if (!(kel_query().state & KELEVATE_S_CAPABLE))
		skip("not root");
	before = references();

	for (int order = 0; order < 2; order++)
		must(in_child({
			kel_elevate(KELEVATE_STICKY);
			must(known());
			order ? give_up() : forget();
			must(known());
			order ? forget() : give_up();
			must(!known(), "order %d", order);
			/* and again */
			kel_elevate(KELEVATE_STICKY);
			must(known() && gate0(SYS_getpid) == getpid());
		}) == 0);
	must(in_child({
		kel_elevate(KELEVATE_STICKY);
		must(!pthread_create(&thread, NULL, forgets, NULL) && !pthread_join(thread, NULL));
		must(gate0(SYS_getpid) == getpid());
		forget();
		must(!known(), "two threads");
		must(!pthread_create(&thread, NULL, nothing, NULL) && !pthread_join(thread, NULL));
	}) == 0);
	/* children of a revoked process, that are elevated like it; or not */
	must(in_child({
		int mine;

		kel_elevate(KELEVATE_STICKY);
		give_up();
		mine = references();
		must(in_child({
			must(references() > mine);
			forget();
			must(references() == mine, "a child");
		}) == 0);
		must(references() == mine);
		forget();
		must(!known(), "a parent");
	}) == 0);
	must(in_child({
		int mine;

		must(!kel(KELEVATE_ELEVATE, 0, NULL));
		give_up();
		mine = references();
		must(in_child(must(references() == mine, "a child of one that was elevated once")) == 0);
		forget();
		must(!known(), "one-shot");
	}) == 0);
	return 0;
}
