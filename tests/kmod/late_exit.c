// SPDX-License-Identifier: GPL-2.0
/*
 * While it is loaded, threads named "exit_late" exit slowly: all wait for each other
 * before the first lets go of the memory, and the last needs 3 s to give it back.
 */
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>

static unsigned long waited;
module_param(waited, ulong, 0444);
MODULE_PARM_DESC(waited, "threads that let go of the memory late");

static unsigned long late;
module_param(late, ulong, 0444);
MODULE_PARM_DESC(late, "memories that were given back late");

static bool attached;
module_param(attached, bool, 0444);
MODULE_PARM_DESC(attached, "the last of them is known to kelevate meanwhile");

static bool is_late(void)
{
	return !strcmp(current->comm, "exit_late");
}

static int at_release(struct kprobe *p, struct pt_regs *regs)
{
	if (is_late()) {
		atomic_long_inc((atomic_long_t *)&waited);	/* on two CPUs at once */
		mdelay(500);
	}
	return 0;
}

static int at_exit_mmap(struct kprobe *p, struct pt_regs *regs)
{
	if (is_late()) {
		attached = !hlist_empty(&current->preempt_notifiers);
		late++;
		mdelay(3000);
	}
	return 0;
}

static struct kprobe release = { .symbol_name = "mm_update_next_owner", .pre_handler = at_release };
static struct kprobe exit_mmap_probe = { .symbol_name = "exit_mmap", .pre_handler = at_exit_mmap };
static struct kprobe *probes[] = { &release, &exit_mmap_probe };

static int __init late_init(void)
{
	return register_kprobes(probes, ARRAY_SIZE(probes));
}

static void __exit late_exit(void)
{
	unregister_kprobes(probes, ARRAY_SIZE(probes));
}

module_init(late_init);
module_exit(late_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("threads that exit slowly, for kelevate's tests");
