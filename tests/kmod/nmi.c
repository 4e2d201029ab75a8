// SPDX-License-Identifier: GPL-2.0
/*
 * While it is loaded, every other CPU gets an NMI each `interval` µs, in whose
 * handler page faults happen, as they do in perf's.
 */
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <asm/apic.h>
#include <asm/nmi.h>

static unsigned int interval = 100;
module_param(interval, uint, 0444);
MODULE_PARM_DESC(interval, "microseconds between NMIs");

static unsigned long sent, handled, faults, in_stubs;
module_param(sent, ulong, 0444);
module_param(handled, ulong, 0444);
module_param(faults, ulong, 0444);
module_param(in_stubs, ulong, 0444);
MODULE_PARM_DESC(in_stubs, "NMIs that interrupted kelevate's entry stubs");

static unsigned long stubs, stubs_len;

static struct task_struct *sender;

static int on_nmi(unsigned int type, struct pt_regs *regs)
{
	unsigned long value;

	handled++;	/* may lose some, on more than two CPUs */
	if (regs->ip - stubs < stubs_len)
		in_stubs++;
	/* a hole of the kernel's half, and a page that no process has */
	if (copy_from_kernel_nofault(&value, (void *)0xffffffffffe01000, sizeof(value)))
		faults++;
	if (copy_from_user_nofault(&value, (void __user *)0x1000, sizeof(value)))
		faults++;
	/* not only ours: the others are asked as well */
	return NMI_HANDLED;
}

static int send(void *unused)
{
	int cpu, me;

	while (!kthread_should_stop()) {
		cpus_read_lock();
		me = get_cpu();
		for_each_online_cpu(cpu)
			if (cpu != me) {
				apic->send_IPI(cpu, NMI_VECTOR);
				sent++;
			}
		put_cpu();
		cpus_read_unlock();
		usleep_range(interval, interval + 10);
	}
	return 0;
}

static int __init storm_init(void)
{
	struct kprobe kp = { .symbol_name = "kallsyms_lookup_name" };
	unsigned long (*lookup)(const char *name);
	int ret = register_kprobe(&kp);

	if (ret)
		return ret;
	lookup = (void *)kp.addr;
	unregister_kprobe(&kp);
	stubs = lookup("kel_own_start");
	stubs_len = lookup("kel_own_end") - stubs;

	ret = register_nmi_handler(NMI_LOCAL, on_nmi, 0, "kel_test_nmi");
	if (ret)
		return ret;
	sender = kthread_run(send, NULL, "kel_nmi");
	if (IS_ERR(sender)) {
		unregister_nmi_handler(NMI_LOCAL, "kel_test_nmi");
		return PTR_ERR(sender);
	}
	return 0;
}

static void __exit storm_exit(void)
{
	kthread_stop(sender);
	msleep(100);
	unregister_nmi_handler(NMI_LOCAL, "kel_test_nmi");
}

module_init(storm_init);
module_exit(storm_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("a storm of NMIs for kelevate's tests");
