// SPDX-License-Identifier: GPL-2.0
/*
 * What cannot be supported is refused here, at load, before anything is
 * touched. `symbiote check` tells the same beforehand, by the same names.
 */
#include <linux/security.h>
#include <linux/tick.h>
#include <asm/cpufeature.h>
#include "../../kelevate.h"

static bool has_nohz_full(void)
{
	return tick_nohz_full_enabled();
}

static bool has_lockdown(void)
{
	return security_locked_down(LOCKDOWN_MODULE_SIGNATURE);
}

static bool has_pseudo_nmi(void)
{
	return system_uses_irq_prio_masking();
}

static bool has_sw_pan(void)
{
	return system_uses_ttbr0_pan();
}

static bool has_scs(void)
{
	return IS_ENABLED(CONFIG_SHADOW_CALL_STACK);
}

static bool has_bti_kernel(void)
{
	return IS_ENABLED(CONFIG_ARM64_BTI_KERNEL) && system_supports_bti();
}

static bool has_sme(void)
{
	return system_supports_sme();
}

static const struct {
	const char *name;
	bool (*present)(void);
	const char *why;
} refusals[] = {
	{ "nohz-full", has_nohz_full,
	  "nohz_full is active, which has to see every entry from user mode: boot without nohz_full=" },
	{ "lockdown", has_lockdown,
	  "the kernel is locked down: elevating is loading code into it" },
	{ "pseudo-nmi", has_pseudo_nmi,
	  "interrupts are masked by priority: boot without irqchip.gicv3_pseudo_nmi=1" },
	{ "sw-pan", has_sw_pan,
	  "user pages are unmapped in the kernel (software PAN): needs a CPU with PAN or a kernel without CONFIG_ARM64_SW_TTBR0_PAN" },
	{ "scs", has_scs,
	  "the kernel keeps a shadow call stack in x18, which belongs to applications" },
	{ "bti", has_bti_kernel,
	  "the kernel's text has branch target identification" },
	{ "sme", has_sme,
	  "the CPU has SME, whose use by elevated text the kernel would not notice: boot with arm64.nosme" },
};

int kel_arch_check(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(refusals); i++)
		if (refusals[i].present()) {
			pr_err("refused: %s: %s\n", refusals[i].name, refusals[i].why);
			ret = -EOPNOTSUPP;
		}
	return ret;
}
