// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/kel_snapshot: what the module changes in the CPUs and the kernel's
 * tables and text, as text, for tests to compare. On x86 also /proc/kel_cr4: SMEP
 * and SMAP of each CPU, as seen by an interrupt there.
 */
#include <linux/cpu.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/smp.h>
#include <linux/uaccess.h>
#include <asm/unistd.h>
#ifdef CONFIG_X86_64
#include <asm/desc.h>
#include <asm/msr.h>
#include <asm/processor.h>
#else
#include <asm/sysreg.h>
#endif

static unsigned long (*lookup)(const char *name);

static void words(struct seq_file *m, const char *name, const u64 *at, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		seq_printf(m, "%s %u %016llx\n", name, i, at[i]);
}

#ifdef CONFIG_X86_64
struct cpu_state {
	unsigned long cr0, cr4, idt, lstar;
	u64 ist[7];
};

static void cpu_read(void *info)
{
	struct cpu_state *s = info;
	struct desc_ptr dtr;
	unsigned long lo, hi;
	unsigned int i;

	s->cr0 = read_cr0();
	asm volatile("mov %%cr4, %0" : "=r" (s->cr4));
	store_idt(&dtr);
	s->idt = dtr.address;
	/* its wrappers' names differ between kernels */
	asm volatile("rdmsr" : "=a" (lo), "=d" (hi) : "c" (MSR_LSTAR));
	s->lstar = lo | hi << 32;
	for (i = 0; i < ARRAY_SIZE(s->ist); i++)
		s->ist[i] = this_cpu_read(cpu_tss_rw.x86_tss.ist[i]);
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

#else /* arm64 */
struct cpu_state {
	u64 sctlr, cpacr, vbar, tcr;
};

/* What differs between threads: keys in use, tag checks, SVE of user mode. */
#define SCTLR_OF_THREADS (BIT(13) | BIT(27) | BIT(30) | BIT(31) | GENMASK_ULL(42, 37))
#define CPACR_OF_THREADS (BIT(17) | BIT(25))

static void cpu_read(void *info)
{
	struct cpu_state *s = info;

	s->sctlr = read_sysreg(sctlr_el1) & ~SCTLR_OF_THREADS;
	s->cpacr = read_sysreg(cpacr_el1) & ~CPACR_OF_THREADS;
	s->vbar = read_sysreg(vbar_el1);
	s->tcr = read_sysreg(tcr_el1);
}

/* It has no symbol: where the dispatcher's adrp and add point to, and read is where it should be. */
static u64 *find_table(void)
{
	const u32 *at = (const u32 *)lookup("do_el0_svc");
	u64 from[32] = { }, read = lookup("__arm64_sys_read"), entry;
	unsigned int i;

	for (i = 0; at && i < 64; i++, at++) {
		u64 *table;

		if ((*at & 0x9f000000) == 0x90000000)
			from[*at & 31] = ((u64)at & ~0xfffULL) +
				(sign_extend64((*at >> 5 & 0x7ffff) << 2 | (*at >> 29 & 3), 20) << 12);
		if ((*at & 0xffc00000) != 0x91000000 || !from[*at >> 5 & 31])
			continue;
		table = (u64 *)(from[*at >> 5 & 31] + (*at >> 10 & 0xfff));
		if (!copy_from_kernel_nofault(&entry, table + __NR_read, 8) && entry == read)
			return table;
	}
	return NULL;
}

static int snapshot_show(struct seq_file *m, void *unused)
{
	static const char * const vectors[] = { "el1t_64_sync", "el1t_64_irq", "el1t_64_fiq", "el1t_64_error",
		"el1h_64_sync", "el0t_64_sync", "el0t_64_irq", "el0t_64_fiq", "el0t_64_error",
		/* before 5.14 */
		"el1_sync_invalid", "el1_irq_invalid", "el1_fiq_invalid", "el1_error_invalid",
		"el1_sync", "el0_sync", "el0_irq", "el0_error" };
	static const char * const faults[] = { "arm64_force_sig_fault", "force_signal_inject" };
	struct cpu_state s;
	unsigned int i;
	u64 *at;
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		smp_call_function_single(cpu, cpu_read, &s, 1);
		seq_printf(m, "cpu %d sctlr %llx cpacr %llx vbar %llx tcr %llx\n", cpu,
			   s.sctlr, s.cpacr, s.vbar, s.tcr);
	}
	cpus_read_unlock();
	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		at = (u64 *)ALIGN_DOWN(lookup(vectors[i]), 8);
		if (at)
			words(m, vectors[i], at, 14);
	}
	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		at = (u64 *)ALIGN_DOWN(lookup(faults[i]), 8);
		if (at)
			words(m, "fault", at, 4);
	}
	at = find_table();
	if (at)
		words(m, "syscall", at, __NR_syscalls);
	at = (u64 *)ALIGN_DOWN(lookup("__arm64_sys_ni_syscall"), 8);
	if (at)
		words(m, "ni_syscall", at, 2);
	return 0;
}
#endif

static int __init snapshot_init(void)
{
	struct kprobe kp = { .symbol_name = "kallsyms_lookup_name" };
	int ret = register_kprobe(&kp);

	if (ret)
		return ret;
	lookup = (void *)kp.addr;
	unregister_kprobe(&kp);
	if (!proc_create_single("kel_snapshot", 0400, NULL, snapshot_show))
		return -ENOMEM;
#ifdef CONFIG_X86_64
	if (!proc_create_single("kel_cr4", 0400, NULL, cr4_show)) {
		remove_proc_entry("kel_snapshot", NULL);
		return -ENOMEM;
	}
#endif
	return 0;
}

static void __exit snapshot_exit(void)
{
#ifdef CONFIG_X86_64
	remove_proc_entry("kel_cr4", NULL);
#endif
	remove_proc_entry("kel_snapshot", NULL);
}

module_init(snapshot_init);
module_exit(snapshot_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("state of the CPUs for kelevate's tests");
