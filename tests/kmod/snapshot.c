// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/kel_snapshot: what the module changes in the CPUs and the kernel's
 * tables, as text, for tests to compare. /proc/kel_cr4: SMEP and SMAP of each
 * CPU, as seen by an interrupt there.
 */
#include <linux/cpu.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/smp.h>
#include <asm/desc.h>
#include <asm/msr.h>
#include <asm/processor.h>

static unsigned long (*lookup)(const char *name);

struct cpu_state {
	unsigned long cr0, cr4, idt, lstar;
	u64 ist[7];
};

static void cpu_read(void *info)
{
	struct cpu_state *s = info;
	struct desc_ptr dtr;
	unsigned int i;

	s->cr0 = read_cr0();
	asm volatile("mov %%cr4, %0" : "=r" (s->cr4));
	store_idt(&dtr);
	s->idt = dtr.address;
	rdmsrl(MSR_LSTAR, s->lstar);
	for (i = 0; i < ARRAY_SIZE(s->ist); i++)
		s->ist[i] = this_cpu_read(cpu_tss_rw.x86_tss.ist[i]);
}

static void words(struct seq_file *m, const char *name, const u64 *at, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		seq_printf(m, "%s %u %016llx\n", name, i, at[i]);
}

static int snapshot_show(struct seq_file *m, void *unused)
{
	struct cpu_state s;
	u64 *table;
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		smp_call_function_single(cpu, cpu_read, &s, 1);
		/* TS comes and goes with the FPU */
		seq_printf(m, "cpu %d cr0 %lx cr4 %lx idt %lx lstar %lx\n", cpu,
			   s.cr0 & ~X86_CR0_TS, s.cr4, s.idt, s.lstar);
		words(m, "ist", s.ist, ARRAY_SIZE(s.ist));
	}
	cpus_read_unlock();
	words(m, "idt", (u64 *)s.idt, 512);
	table = (u64 *)lookup("sys_call_table");
	if (table)
		words(m, "syscall", table, 440);
	table = (u64 *)lookup("__x64_sys_ni_syscall");
	if (table)
		words(m, "ni_syscall", table, 2);
	return 0;
}

static int cr4_show(struct seq_file *m, void *unused)
{
	struct cpu_state s;
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		smp_call_function_single(cpu, cpu_read, &s, 1);
		seq_printf(m, "%d smep %d smap %d\n", cpu, !!(s.cr4 & X86_CR4_SMEP),
			   !!(s.cr4 & X86_CR4_SMAP));
	}
	cpus_read_unlock();
	return 0;
}

static int __init snapshot_init(void)
{
	struct kprobe kp = { .symbol_name = "kallsyms_lookup_name" };
	int ret = register_kprobe(&kp);

	if (ret)
		return ret;
	lookup = (void *)kp.addr;
	unregister_kprobe(&kp);
	if (!proc_create_single("kel_snapshot", 0400, NULL, snapshot_show) ||
	    !proc_create_single("kel_cr4", 0400, NULL, cr4_show)) {
		remove_proc_entry("kel_snapshot", NULL);
		return -ENOMEM;
	}
	return 0;
}

static void __exit snapshot_exit(void)
{
	remove_proc_entry("kel_cr4", NULL);
	remove_proc_entry("kel_snapshot", NULL);
}

module_init(snapshot_init);
module_exit(snapshot_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("state of the CPUs for kelevate's tests");
