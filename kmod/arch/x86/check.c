// SPDX-License-Identifier: GPL-2.0
/* What kmod/check.c refuses on this architecture. */
#include <asm/cpufeature.h>
#include "../../kelevate.h"

static bool has_kpti(void)
{
	return boot_cpu_has(X86_FEATURE_PTI);
}

static bool has_fred(void)
{
#ifdef X86_FEATURE_FRED
	return cpu_feature_enabled(X86_FEATURE_FRED);
#else
	return false;
#endif
}

static bool has_xenpv(void)
{
	return boot_cpu_has(X86_FEATURE_XENPV);
}

static bool has_shadow_stack(void)
{
#ifdef X86_FEATURE_USER_SHSTK
	return cpu_feature_enabled(X86_FEATURE_USER_SHSTK);
#else
	return false;
#endif
}

static bool has_ibt(void)
{
#if defined(X86_FEATURE_IBT) && defined(CONFIG_X86_KERNEL_IBT)
	return cpu_feature_enabled(X86_FEATURE_IBT);
#else
	return false;
#endif
}

static bool has_lass(void)
{
#ifdef X86_FEATURE_LASS
	return cpu_feature_enabled(X86_FEATURE_LASS);
#else
	return false;
#endif
}

static bool has_call_depth(void)
{
#ifdef X86_FEATURE_CALL_DEPTH
	return boot_cpu_has(X86_FEATURE_CALL_DEPTH);
#else
	return false;
#endif
}

static bool has_sev_es(void)
{
	return kel_state_encrypted();
}

static bool has_tdx(void)
{
#ifdef X86_FEATURE_TDX_GUEST
	return cpu_feature_enabled(X86_FEATURE_TDX_GUEST);
#else
	return false;
#endif
}

static bool has_no_cx16(void)
{
	return !boot_cpu_has(X86_FEATURE_CX16);
}

const struct kel_refusal kel_arch_refusals[] = {
	{ "kpti", has_kpti,
	  "page table isolation is active, in which user text is not executable in the kernel's page tables: not needed on CPUs that Meltdown does not affect" },
	{ "fred", has_fred,
	  "event delivery by FRED has no descriptor table: boot with fred=off" },
	{ "xen-pv", has_xenpv,
	  "a Xen PV guest's kernel does not run at CPL 0: use HVM or PVH" },
	{ "shadow-stack", has_shadow_stack,
	  "user shadow stacks are enabled, which elevated text cannot use: boot with nousershstk" },
	{ "ibt", has_ibt,
	  "indirect branch tracking is active, and application text has no landing pads: boot with ibt=off" },
	{ "lass", has_lass,
	  "linear address space separation is active" },
	{ "call-depth", has_call_depth,
	  "returns count the depth of calls, also those of the entry stubs, where GS is the application's: boot without retbleed=stuff and indirect_target_selection=stuff" },
	{ "sev-es", has_sev_es,
	  "an encrypted guest (SEV-ES) takes #VC, whose entry is not handled" },
	{ "tdx", has_tdx,
	  "an encrypted guest (TDX) takes #VE, whose entry is not handled" },
	{ "cx16", has_no_cx16,
	  "the CPU has no CMPXCHG16B" },
	{ }
};
