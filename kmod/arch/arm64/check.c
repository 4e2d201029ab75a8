// SPDX-License-Identifier: GPL-2.0
/* What kmod/check.c refuses on this architecture. */
#include <linux/platform_device.h>
#include <asm/cpufeature.h>
#include "../../kelevate.h"

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
#ifdef ARM64_SME
	return system_supports_sme();
#else
	return false;
#endif
}

static bool has_gcs(void)
{
#ifdef ARM64_HAS_GCS
	return cpus_have_cap(ARM64_HAS_GCS);
#else
	return false;
#endif
}

static bool has_s1pie(void)
{
#ifdef ARM64_HAS_S1PIE
	return cpus_have_cap(ARM64_HAS_S1PIE);
#else
	return false;
#endif
}

static int is_sdei(struct device *dev, void *unused)
{
	return dev->driver && !strcmp(dev->driver->name, "sdei");
}

static bool has_sdei(void)
{
	return bus_for_each_dev(&platform_bus_type, NULL, NULL, is_sdei);
}

const struct kel_refusal kel_arch_refusals[] = {
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
	{ "gcs", has_gcs,
	  "user shadow stacks (GCS) would not follow elevated text's calls: boot with arm64.nogcs" },
	{ "s1pie", has_s1pie,
	  "permissions of pages are indirect (S1PIE), so that none can be executed by application and kernel both" },
	{ "sdei", has_sdei,
	  "the firmware delivers events (SDEI) past the exception vectors" },
	{ }
};
