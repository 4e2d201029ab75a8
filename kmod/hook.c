// SPDX-License-Identifier: GPL-2.0
/*
 * How the system call gets its number. Two ways behind one interface:
 *
 *	table	its entry of sys_call_table, where the kernel dispatches
 *		through that table (x86 before 6.9, arm64)
 *	kprobe	on the function that answers unknown numbers. It only redirects
 *		the instruction pointer: the work is not done in the probe's
 *		context. The empty post handler forbids the optimised kind,
 *		which would ignore the redirection.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/syscalls.h>
#include "kelevate.h"

#define NI_SYSCALL	KEL_SYS "ni_syscall"

static char *hook = "auto";
module_param(hook, charp, 0444);
MODULE_PARM_DESC(hook, "registration of the system call: auto, table or kprobe");

/*
 * Not used: 337 to 423 on x86_64, 294 to 402 on arm64. This one is unknown in
 * 5.10 to 7.x.
 */
unsigned int kel_nr = 400;
module_param_named(nr, kel_nr, uint, 0444);
MODULE_PARM_DESC(nr, "number of the kelevate system call (default 400)");

static unsigned long *table_entry;	/* writable alias, kept: taking it back must not need memory */
static unsigned long table_old;

static int table_plant(void)
{
	unsigned long ni = kel_ksym(NI_SYSCALL);
	bool in_use = false;
	unsigned long *table = kel_arch_syscall_table(&in_use);

	if (!in_use) {
		pr_err("refused: system-call: hook=table, but this kernel does not dispatch through sys_call_table: use hook=kprobe\n");
		return -EOPNOTSUPP;
	}
	if (table[kel_nr] != ni) {
		pr_err("refused: system-call: number %u is in use: choose another with nr=\n",
		       kel_nr);
		return -EBUSY;
	}
	table_entry = kel_alias(&table[kel_nr]);
	if (!table_entry)
		return -ENOMEM;
	table_old = ni;
	WRITE_ONCE(*table_entry, (unsigned long)kel_sys_kelevate);
	return 0;
}

static void table_remove(void)
{
	WRITE_ONCE(*table_entry, table_old);
	kel_unalias(table_entry);
	table_entry = NULL;
}

static int probe_pre(struct kprobe *p, struct pt_regs *regs)
{
	const struct pt_regs *user = (const struct pt_regs *)regs_get_kernel_argument(regs, 0);

	if (kel_syscall_nr(user) != kel_nr)
		return 0;
	instruction_pointer_set(regs, (unsigned long)kel_sys_kelevate);
	return 1;
}

static void probe_post(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe probe = {
	.symbol_name = NI_SYSCALL,
	.pre_handler = probe_pre,
	.post_handler = probe_post,
};

static bool probe_planted;

static int probe_plant(void)
{
	bool in_use;
	unsigned long *table = kel_arch_syscall_table(&in_use);
	int ret;

	if (table && table[kel_nr] != kel_ksym(NI_SYSCALL)) {
		pr_err("refused: system-call: number %u is in use: choose another with nr=\n",
		       kel_nr);
		return -EBUSY;
	}
	probe.addr = NULL;
	probe.flags = 0;
	ret = register_kprobe(&probe);
	if (ret)
		pr_err("refused: system-call: no kprobe on " NI_SYSCALL " (%d)\n", ret);
	else
		probe_planted = true;
	return ret;
}

static void probe_remove(void)
{
	unregister_kprobe(&probe);
	probe_planted = false;
}

/* Before anything uses the parameters. */
int kel_hook_check(void)
{
	if (strcmp(hook, "auto") && strcmp(hook, "table") && strcmp(hook, "kprobe")) {
		pr_err("refused: system-call: hook=%s is not one of auto, table, kprobe\n", hook);
		return -EINVAL;
	}
	/* the table is only read below its end, which has no symbol */
	if (kel_nr >= NR_syscalls) {
		pr_err("refused: system-call: nr=%u is not below %u\n", kel_nr, NR_syscalls);
		return -EINVAL;
	}
	return 0;
}

int kel_hook_init(void)
{
	bool in_use = false;

	kel_arch_syscall_table(&in_use);
	if (!strcmp(hook, "table") || (!strcmp(hook, "auto") && in_use))
		return table_plant();
	return probe_plant();
}

void kel_hook_exit(void)
{
	if (probe_planted)
		probe_remove();
	if (table_entry)
		table_remove();
	/*
	 * A thread may have fetched the entry and not yet taken its module
	 * reference, or have dropped it and not yet left: until it has passed
	 * a voluntary switch or user mode, our text has to stay.
	 */
	synchronize_rcu_tasks();
}

u64 kel_hook_feature(void)
{
	return table_entry ? KELEVATE_F_HOOK_TABLE : KELEVATE_F_HOOK_KPROBE;
}
