// SPDX-License-Identifier: GPL-2.0
/*
 * While it is loaded, threads named `comm` exit slowly: all wait for each other
 * before the first lets go of the memory, and the last needs 3 s to give it back.
 */
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>

static char comm[TASK_COMM_LEN] = "exit_late";
module_param_string(comm, comm, sizeof(comm), 0444);
MODULE_PARM_DESC(comm, "name of the threads");

static unsigned long late;
module_param(late, ulong, 0444);
MODULE_PARM_DESC(late, "memories that were given back late");

static bool attached;
module_param(attached, bool, 0444);
MODULE_PARM_DESC(attached, "the last of them is known to kelevate meanwhile");

static int at_release(struct kprobe *p, struct pt_regs *regs)
{
	if (!strcmp(current->comm, comm))
		mdelay(500);
	return 0;
}

static int at_exit_mmap(struct kprobe *p, struct pt_regs *regs)
{
	if (!strcmp(current->comm, comm)) {
		attached = !hlist_empty(&current->preempt_notifiers);
		late++;
		mdelay(3000);
	}
	return 0;
}

static struct kprobe release = { .symbol_name = "exit_mm_release", .pre_handler = at_release };
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
