// SPDX-License-Identifier: GPL-2.0
/* A softirq of each CPU, every tick, that uses all SIMD registers, as encryption on the network's way does. */
#include <linux/cpumask.h>
#include <linux/module.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <asm/simd.h>
#ifdef CONFIG_X86_64
#include <asm/fpu/api.h>

static void use_registers(void)
{
	kernel_fpu_begin();
	asm volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
		     "pcmpeqd %xmm\\n, %xmm\\n\n\t"
		     ".endr");
	kernel_fpu_end();
}
#else
#include <asm/neon.h>

static __always_inline void set_registers(void)
{
	asm volatile(".arch_extension simd\n\t"
		     ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\t"
		     "movi v\\n\\().16b, #255\n\t"
		     ".endr");
}

static void use_registers(void)
{
#ifdef scoped_ksimd		/* 6.19: where the thread's registers are put is the caller's affair */
	scoped_ksimd()
		set_registers();
#else
	kernel_neon_begin();
	set_registers();
	kernel_neon_end();
#endif
}
#endif

static ulong uses;
module_param(uses, ulong, 0444);
MODULE_PARM_DESC(uses, "how often it was done");

static struct timer_list __percpu *timers;
static bool stop;

static void use(struct timer_list *timer)
{
	if (may_use_simd()) {
		use_registers();
		uses++;
	}
	if (!READ_ONCE(stop))
		mod_timer(timer, jiffies + 1);
}

static int __init simd_init(void)
{
	int cpu;

	timers = alloc_percpu(struct timer_list);
	if (!timers)
		return -ENOMEM;
	for_each_online_cpu(cpu) {
		struct timer_list *timer = per_cpu_ptr(timers, cpu);

		timer_setup(timer, use, TIMER_PINNED);
		timer->expires = jiffies + 1;
		add_timer_on(timer, cpu);
	}
	return 0;
}

static void __exit simd_exit(void)
{
	int cpu;

	WRITE_ONCE(stop, true);
	for_each_online_cpu(cpu)
		timer_delete_sync(per_cpu_ptr(timers, cpu));
	free_percpu(timers);
}

module_init(simd_init);
module_exit(simd_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("test helper: SIMD in softirqs");
