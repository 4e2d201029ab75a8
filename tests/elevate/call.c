// SPDX-License-Identifier: GPL-2.0
/* KELEVATE_CALL calls a kernel function with its arguments; only of a sticky thread. */
#include "kel.h"

static unsigned long call(const char *name, bool gate, unsigned long a, unsigned long b)
{
	struct kelevate_call c = { .size = sizeof(c), .function = kel_resolve(name),
				   .arg = { a, b } };
	long ret;

	if (gate)
		ret = gate3(kel_nr(), KELEVATE_CALL, 0, &c);
	else
		ret = kel(KELEVATE_CALL, 0, &c);
	must(ret == 0, "%ld", ret);
	return c.result;
}

int main(void)
{
	struct kelevate_call c = { .size = sizeof(c) };
	struct kelevate_symbol s = { .size = sizeof(s), .name = "no_such_symbol_anywhere" };

	kel_elevate(KELEVATE_STICKY);
	for (int gate = 0; gate < 2; gate++)
		for (unsigned long i = 0; i < 300; i++) {
			must(call("int_sqrt", gate, i * i, 0) == i);
			must(call("gcd", gate, i * 12, 18 * i) == 6 * i);
		}
	c.size = 8;
	must(gate3(kel_nr(), KELEVATE_CALL, 0, &c) == -EINVAL, "a struct without the function");
	must(kel(KELEVATE_RESOLVE, 0, &s) == -ENOENT);
	must(gate3(kel_nr(), KELEVATE_RESOLVE, 0, &s) == -ENOENT);

	c.size = sizeof(c);
	c.function = kel_resolve("int_sqrt");
	must(kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL) == 0);
	must(kel(KELEVATE_CALL, 0, &c) == -EPERM, "granted, but not sticky");
	return 0;
}
