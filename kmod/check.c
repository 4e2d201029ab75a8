// SPDX-License-Identifier: GPL-2.0
/*
 * What cannot be supported is refused here, at load, before anything is
 * touched. `symbiote check` tells the same beforehand, by the same names.
 */
#include <linux/security.h>
#include <linux/tick.h>
#include "kelevate.h"

static bool has_nohz_full(void)
{
	return tick_nohz_full_enabled();
}

static bool has_lockdown(void)
{
	return security_locked_down(LOCKDOWN_MODULE_SIGNATURE);
}

/*
 * The kernel looks at the type of what it calls indirectly, and so would a module
 * of the same compiler: what we have an address of only, and what others are
 * led to, was never tried there.
 */
static bool has_cfi(void)
{
	return IS_ENABLED(CONFIG_CFI_CLANG) || IS_ENABLED(CONFIG_CFI);
}

/* On every architecture; arch/.../check.c has the others. */
static const struct kel_refusal refusals[] = {
	{ "nohz-full", has_nohz_full,
	  "nohz_full is active, which has to see every entry from user mode: boot without nohz_full=" },
	{ "cfi", has_cfi,
	  "the kernel checks the types of indirect calls (kCFI), which those to and from a module as this one may not pass: use a kernel without CONFIG_CFI" },
	{ "lockdown", has_lockdown,
	  "the kernel is locked down: elevating is loading code into it" },
	{ }
};

static bool refuse(const struct kel_refusal *r)
{
	bool any = false;

	for (; r->name; r++)
		if (r->present()) {
			pr_err("refused: %s: %s\n", r->name, r->why);
			any = true;
		}
	return any;
}

int kel_check(void)
{
	bool any = refuse(refusals);

	return refuse(kel_arch_refusals) || any ? -EOPNOTSUPP : 0;
}
