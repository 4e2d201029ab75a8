// SPDX-License-Identifier: GPL-2.0
/*
 * As long as it is loaded the CPUs are said to have what they have not: the
 * feature that `name` is refused for (kmod/arch/x86/check.c). Modules that are
 * loaded meanwhile, and /proc/cpuinfo, believe it. The kernel looked when it
 * booted, and goes on as it is.
 */
#include <linux/cpu.h>
#include <linux/module.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>

static char *name = "";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "as the module has it; -ENODEV if this kernel does not know it");

static const struct {
	const char *name;
	unsigned int bit;
} known[] = {
/* what is not compiled in is not believed either */
#define KNOWN(name, bit)	{ name, DISABLED_MASK_BIT_SET(bit) ? 0 : (bit) }
	KNOWN("xen-pv", X86_FEATURE_XENPV),
#ifdef X86_FEATURE_FRED
	KNOWN("fred", X86_FEATURE_FRED),
#endif
#ifdef X86_FEATURE_USER_SHSTK
	KNOWN("shadow-stack", X86_FEATURE_USER_SHSTK),
#endif
#if defined(X86_FEATURE_IBT) && defined(CONFIG_X86_KERNEL_IBT)
	KNOWN("ibt", X86_FEATURE_IBT),
#endif
#ifdef X86_FEATURE_LASS
	KNOWN("lass", X86_FEATURE_LASS),
#endif
#ifdef X86_FEATURE_CALL_DEPTH
	KNOWN("call-depth", X86_FEATURE_CALL_DEPTH),
#endif
#ifdef X86_FEATURE_TDX_GUEST
	KNOWN("tdx", X86_FEATURE_TDX_GUEST),
#endif
};

static unsigned int bit;

static int __init pretend_init(void)
{
	unsigned int i, cpu;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(name, known[i].name))
			bit = known[i].bit;
	if (!bit || boot_cpu_has(bit))
		return -ENODEV;
	set_cpu_cap(&boot_cpu_data, bit);
	for_each_possible_cpu(cpu)
		set_cpu_cap(&cpu_data(cpu), bit);
	return 0;
}

static void __exit pretend_exit(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		clear_bit(bit, (unsigned long *)cpu_data(cpu).x86_capability);
	clear_bit(bit, (unsigned long *)boot_cpu_data.x86_capability);
}

module_init(pretend_init);
module_exit(pretend_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("pretends that the CPUs have a feature, for kelevate's tests");
