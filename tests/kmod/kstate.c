// SPDX-License-Identifier: GPL-2.0
/*
 * kel_test_state(): what of the CPU's state is not as kernel code has to have
 * it, for tests to call through the gate. arm64's.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <asm/cpufeature.h>
#include <asm/daifflags.h>
#include <asm/sysreg.h>

u64 kel_test_state(u64 sleep_us);

/* A mask of what is wrong; with sleep_us it sleeps first. */
u64 kel_test_state(u64 sleep_us)
{
	unsigned long sp;
	u64 wrong = 0, pan;

	if (sleep_us)
		usleep_range(sleep_us, sleep_us + 100);
	asm volatile("mov %0, sp" : "=r" (sp));
	if ((struct task_struct *)read_sysreg(sp_el0) != current || !virt_addr_valid(current) ||
	    strncmp(current->comm, "kstate", 6))
		wrong |= BIT(0);
	if (!read_sysreg(SPSel))
		wrong |= BIT(1);
	if (sp < (unsigned long)task_stack_page(current) ||
	    sp >= (unsigned long)task_pt_regs(current))
		wrong |= BIT(2);
	if (cpus_have_cap(ARM64_HAS_PAN)) {
		asm volatile("mrs %0, s3_0_c4_c2_3" : "=r" (pan));
		if (!(pan & BIT(22)))
			wrong |= BIT(3);
	}
	if (read_sysreg(daif))
		wrong |= BIT(4);
	if (!user_mode(task_pt_regs(current)))
		wrong |= BIT(5);
#ifdef CONFIG_ARM64_PTR_AUTH_KERNEL
	if (system_supports_address_auth() &&
	    (read_sysreg_s(SYS_APIAKEYLO_EL1) != current->thread.keys_kernel.apia.lo ||
	     read_sysreg_s(SYS_APIAKEYHI_EL1) != current->thread.keys_kernel.apia.hi))
		wrong |= BIT(6);
#endif
	return wrong;
}
EXPORT_SYMBOL_GPL(kel_test_state);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("test helper: the kernel's state in the gate");
