// SPDX-License-Identifier: GPL-2.0
/*
 * Pointer authentication: elevated text signs with the thread's own keys, before and after
 * events and gate calls that sleep while processes with other keys run, also with keys
 * switched off.
 */
#include <sys/prctl.h>
#include "kel.h"

#ifdef __aarch64__
#ifndef PR_PAC_RESET_KEYS
#define PR_PAC_RESET_KEYS		54
#endif
#ifndef PR_PAC_SET_ENABLED_KEYS
#define PR_PAC_SET_ENABLED_KEYS		60
#endif
#define KEYS	4			/* IA, IB, DA, DB; and the generic one */

#pragma GCC target("arch=armv8.3-a")

struct signatures {
	unsigned long with[KEYS + 1];
};

static struct signatures sign(void)
{
	struct signatures s;
	unsigned long pointer = 0x12345670, modifier = 77;

	__asm__ volatile("pacia %0, %1" : "=r" (s.with[0]) : "r" (modifier), "0" (pointer));
	__asm__ volatile("pacib %0, %1" : "=r" (s.with[1]) : "r" (modifier), "0" (pointer));
	__asm__ volatile("pacda %0, %1" : "=r" (s.with[2]) : "r" (modifier), "0" (pointer));
	__asm__ volatile("pacdb %0, %1" : "=r" (s.with[3]) : "r" (modifier), "0" (pointer));
	__asm__ volatile("pacga %0, %1, %2" : "=r" (s.with[4]) : "r" (pointer), "r" (modifier));
	return s;
}

static void check(const char *what, const struct signatures *wanted)
{
	struct signatures s = sign();

	for (int i = 0; i <= KEYS; i++)
		must(s.with[i] == wanted->with[i], "%s: key %d: %#lx, not %#lx", what, i, s.with[i], wanted->with[i]);
}

static void rounds(const char *who)
{
	struct timespec t = { 0, 200000 };
	struct signatures mine;
	char what[64];
	int p[2];
	char byte = 0;

	must(!pipe(p));
	getppid();
	mine = sign();
	for (int i = 0; i < 200; i++) {
		sprintf(what, "%s, round %d", who, i);
		getppid();
		check(what, &mine);
		kel_touch();
		check(what, &mine);
		must(gate3(SYS_write, p[1], &byte, 1) == 1);
		check(what, &mine);
		must(gate6(SYS_ppoll, 0, 0, &t, 0, 0, 0) == 0);
		check(what, &mine);
		must(gate3(SYS_read, p[0], &byte, 1) == 1);
		check(what, &mine);
		must(gate3(SYS_lseek, p[0], 0, 0) == -ESPIPE);
		check(what, &mine);
	}
}

int main(void)
{
	struct signatures before, after;
	bool can_switch;
	pid_t child[3];
	int status;

	if (!(getauxval(AT_HWCAP) & 1 << 30))
		skip("the CPU has no pointer authentication");
	can_switch = !prctl(PR_PAC_SET_ENABLED_KEYS, 0, 0, 0, 0);
	if (!can_switch)
		printf("# keys cannot be switched off (before 5.13)\n");
	kel_elevate(KELEVATE_STICKY);
	for (int i = 0; i < 3; i++) {
		child[i] = fork();
		if (!child[i]) {
			before = sign();
			must(!prctl(PR_PAC_RESET_KEYS, 0, 0, 0, 0));
			after = sign();
			must(memcmp(&before, &after, sizeof(after)), "no new keys");
			if (i == 2 && can_switch)
				/* IA stays: compiled code may need it */
				must(!prctl(PR_PAC_SET_ENABLED_KEYS, 2 | 4 | 8, 0, 0, 0));
			rounds(i == 2 ? "child without keys" : "child");
			if (i == 2 && can_switch) {
				kel_touch();
				after = sign();
				for (int k = 1; k < KEYS; k++)
					must(after.with[k] == 0x12345670, "key %d is switched off", k);
			}
			_exit(0);
		}
	}
	rounds("parent");
	for (int i = 0; i < 3; i++)
		must(waitpid(child[i], &status, 0) == child[i] && status == 0, "child %d: %#x", i, status);
	if (can_switch) {
		/* the key that the kernel itself uses, too: nothing here is compiled to sign */
		must(!prctl(PR_PAC_SET_ENABLED_KEYS, 1, 0, 0, 0));
		rounds("parent without IA");
	}
	return 0;
}
#else
int main(void)
{
	skip("pointer authentication is arm64's");
}
#endif
