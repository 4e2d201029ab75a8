// SPDX-License-Identifier: GPL-2.0
/*
 * What a CPU has to know while it runs a symbiote's thread, and nothing else:
 * who it is, its kernel stack, SMEP and SMAP cleared. And the entry stubs, in
 * place while a symbiote lives.
 */
#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/smp.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <asm/desc.h>
#include <asm/nospec-branch.h>
#include <asm/processor.h>
#include <asm/sync_core.h>
#include <asm/traps.h>
#include <asm/trapnr.h>
#include <asm/tlbflush.h>
#include "../../kelevate.h"
#include "entry.h"

#define VECTORS		256
#define FAST_FIRST	0x16	/* reserved, and without a handler in Linux */
#define FAST_LAST	0x1b

static unsigned int vector = FAST_FIRST;
module_param(vector, uint, 0444);
MODULE_PARM_DESC(vector, "exception vector for fast re-elevation, 0x16 to 0x1b (default 0x16)");

static bool lazy_cr4 = true;
module_param(lazy_cr4, bool, 0644);
MODULE_PARM_DESC(lazy_cr4, "leave SMEP and SMAP off while the CPU idles after an elevated thread (default on)");

u8 kel_fsgsbase;
u64 kel_cr4_mask;
u64 kel_user_end;
u64 kel_area, kel_area_len;
u64 kel_entry_text, kel_entry_text_len;
u64 kel_vector_err;

DEFINE_PER_CPU(struct kel_cpu *, kel_cpu_ptr);

static void *area_alloc;
static unsigned int ist_slot;	/* index into tss.ist[] */
static gate_desc *idt;		/* writable alias of the table in use */
static gate_desc idt_old[VECTORS];
static bool planted[VECTORS];
static void (*entry_exit)(struct pt_regs *regs, irqentry_state_t state);

unsigned long kel_arch_gate(void)
{
	return (unsigned long)kel_gate;
}

unsigned int kel_arch_vector(void)
{
	return vector;
}

int kel_arch_may_elevate(struct pt_regs *regs)
{
	return user_64bit_mode(regs) ? 0 : -EOPNOTSUPP;
}

void kel_arch_set_elevated(struct pt_regs *regs)
{
	regs->cs = __KERNEL_CS;
	regs->ss = __KERNEL_DS;
}

void kel_arch_exit_to_user(struct pt_regs *regs)
{
	entry_exit(regs, (irqentry_state_t){ });
}

/*
 * SMEP and SMAP are off while a symbiote's thread has the CPU. They stay off
 * when the CPU goes idle after it: nobody's user memory but the thread's own is
 * mapped then, and most often it is the same thread that runs next. So whoever
 * runs after idle has to be seen, and the scheduler tells the idle task as well
 * when it is switched away from.
 */
static DEFINE_PER_CPU(bool, relaxed);
static DEFINE_PER_CPU(struct task_struct *, idle);
static DEFINE_PER_CPU(struct preempt_notifier, idle_notifier);

/*
 * CR4 is written directly: native_write_cr4() would put the pinned bits back,
 * and the kernel's shadow must go on saying what it wants.
 */
static void write_cr4(unsigned long clear, unsigned long set)
{
	unsigned long flags, cr4;

	raw_local_irq_save(flags);
	asm volatile("mov %%cr4, %0" : "=r" (cr4));
	cr4 = (cr4 & ~clear) | set;
	asm volatile("mov %0, %%cr4" : : "r" (cr4) : "memory");
	raw_local_irq_restore(flags);
}

static void relax(void)
{
	if (kel_cr4_mask && !this_cpu_read(relaxed)) {
		write_cr4(kel_cr4_mask, 0);
		this_cpu_write(relaxed, true);
	}
}

static void restore(void *unused)
{
	if (this_cpu_read(relaxed)) {
		write_cr4(0, kel_cr4_mask);
		this_cpu_write(relaxed, false);
	}
}

/* Will it have them cleared again? */
static bool will_relax(struct task_struct *next)
{
	struct kel_thread *th = kel_thread_of(next);

	return th && !th->spent;
}

static void idle_in(struct preempt_notifier *n, int cpu)
{
}

static void idle_out(struct preempt_notifier *n, struct task_struct *next)
{
	if (!will_relax(next))
		restore(NULL);
}

static struct preempt_ops idle_ops = {
	.sched_in = idle_in,
	.sched_out = idle_out,
};

/* Called as the CPU is about to go idle. */
static void watch_idle(struct task_struct *task)
{
	struct preempt_notifier *n = this_cpu_ptr(&idle_notifier);

	/* when a CPU comes back, its idle task may have been made anew */
	if (task->preempt_notifiers.first == &n->link)
		return;
	preempt_notifier_init(n, &idle_ops);
	hlist_add_head(&n->link, &task->preempt_notifiers);
	this_cpu_write(idle, task);
}

static void unwatch_idle(int cpu)
{
	struct preempt_notifier *n = per_cpu_ptr(&idle_notifier, cpu);
	struct task_struct *task = per_cpu(idle, cpu);

	if (task && task->preempt_notifiers.first == &n->link)
		hlist_del_init(&n->link);
}

/* The calling thread has this CPU. Preemption is off. */
void kel_arch_load(struct kel_thread *th)
{
	struct kel_cpu *c = this_cpu_read(kel_cpu_ptr);

	c->tos = (unsigned long)(task_pt_regs(current) + 1);
	c->thread = th;
	c->flags = th->flags;
	relax();
}

void kel_arch_unload(struct task_struct *next)
{
	struct kel_cpu *c = this_cpu_read(kel_cpu_ptr);

	c->flags = 0;
	c->thread = NULL;
	if (!kel_cr4_mask || (next && will_relax(next)))
		return;
	/* not is_idle_task(): threads that inject idle time are such for a while */
	if (next && !next->pid && READ_ONCE(lazy_cr4))
		watch_idle(next);
	else
		restore(NULL);
}

static int poke_jump(const void *at, unsigned long to)
{
	s32 rel;

	OPTIMIZER_HIDE_VAR(at);	/* objtool minds addresses amidst code */
	rel = to - ((unsigned long)at + 5);
	if ((unsigned long)at + 5 + rel != to)
		return -ERANGE;
	return kel_poke((void *)at + 1, &rel, sizeof(rel));
}

static unsigned long gate_address(const gate_desc *g)
{
	return g->offset_low | (unsigned long)g->offset_middle << 16 |
	       (unsigned long)g->offset_high << 32;
}

/* Every CPU may take this vector at any time: it changes at once. */
static void write_gate(unsigned int v, const gate_desc *g)
{
	u64 lo = ((const u64 *)g)[0], hi = ((const u64 *)g)[1];
	u64 *at = (u64 *)&idt[v], old_lo = at[0], old_hi = at[1];
	bool ok;

	do {
		asm volatile("lock cmpxchg16b %1"
			     : "=@ccz" (ok), "+m" (*(struct { u64 w[2]; } *)at),
			       "+a" (old_lo), "+d" (old_hi)
			     : "b" (lo), "c" (hi) : "memory");
	} while (!ok);
}

/* The known exceptions; the others' gates still lead to freed boot code. */
static bool wanted(unsigned int v)
{
	static const u8 skip[] = { X86_TRAP_DF, X86_TRAP_SPURIOUS, 20, X86_TRAP_VC };

	if (!idt_old[v].bits.p)
		return false;
	if (v >= 32)
		return true;
	if (v >= 22 || v == X86_TRAP_OLD_MF)
		return false;
	return !memchr(skip, v, sizeof(skip));
}

static const void *entry_of(unsigned int v)
{
	switch (v) {
	case X86_TRAP_DB:
		return kel_ist_db;
	case X86_TRAP_NMI:
		return kel_ist_nmi;
	case X86_TRAP_MC:
		return kel_ist_mc;
	}
	return kel_stubs + v * KEL_STUB_SIZE;
}

static void make_gate(gate_desc *g, const void *entry)
{
	unsigned long a = (unsigned long)entry;

	g->offset_low = a;
	g->offset_middle = a >> 16;
	g->offset_high = a >> 32;
	if (!g->bits.ist)
		g->bits.ist = ist_slot + 1;
}

/* Called in process context; nothing of it is in place. */
int kel_arch_install(void)
{
	gate_desc g;
	unsigned int v;
	int cpu;

	for_each_possible_cpu(cpu)
		WRITE_ONCE(per_cpu(cpu_tss_rw, cpu).x86_tss.ist[ist_slot],
			   per_cpu(kel_cpu_ptr, cpu)->top);
	smp_mb(); /* a gate that uses the slot is seen after the slot */

	for (v = 0; v < VECTORS; v++) {
		if (v == vector) {
			g = idt_old[X86_TRAP_BP];	/* DPL 3 */
			g.bits.ist = 0;
			make_gate(&g, kel_vector_entry);
		} else if (planted[v]) {
			g = idt_old[v];
			make_gate(&g, entry_of(v));
		} else {
			continue;
		}
		write_gate(v, &g);
	}
	return 0;
}

/* Stubs and schedulers run with IRQs off: whoever takes this is in none. */
static void forget(void *unused)
{
	struct kel_cpu *c = this_cpu_read(kel_cpu_ptr);

	if (WARN_ON_ONCE(c->thread)) {
		c->flags = 0;
		c->thread = NULL;
	}
	restore(NULL);
	unwatch_idle(smp_processor_id());
}

void kel_arch_remove(void)
{
	unsigned int v;
	int cpu;

	for (v = 0; v < VECTORS; v++)
		if (planted[v] || v == vector)
			write_gate(v, &idt_old[v]);
	cpus_read_lock();
	on_each_cpu(forget, NULL, 1);
	for_each_possible_cpu(cpu) {
		if (!cpu_online(cpu))
			unwatch_idle(cpu);
		WRITE_ONCE(per_cpu(cpu_tss_rw, cpu).x86_tss.ist[ist_slot], 0);
	}
	cpus_read_unlock();
}

unsigned long *kel_arch_syscall_table(bool *in_use)
{
	unsigned long *table = (unsigned long *)kel_ksym("sys_call_table");

	*in_use = table && !kel_ksym("x64_sys_call");
	return table;
}

struct page *kel_arch_page(unsigned long addr)
{
	unsigned int level;
	pte_t *pte = lookup_address(addr, &level);

	if (!pte || !pte_present(*pte))
		return NULL;
	if (level == PG_LEVEL_4K)
		return pfn_to_page(pte_pfn(*pte));
	if (level == PG_LEVEL_2M)
		return pfn_to_page(pmd_pfn(*(pmd_t *)pte) + ((addr & ~PMD_MASK) >> PAGE_SHIFT));
	return NULL;
}

static void kel_sync_core(void *unused)
{
	sync_core();
}

static int patch_stubs(void)
{
	unsigned int v;
	int ret = 0;

	for (v = 0; v < VECTORS && !ret; v++) {
		const u8 *at = (const u8 *)kel_stubs + v * KEL_STUB_SIZE;
		unsigned int i;

		if (!planted[v])
			continue;
		/* the jump is the stub's last instruction, before padding */
		for (i = KEL_STUB_SIZE - 5; at[i] != 0xe9 || *(s32 *)(at + i + 1); i--)
			if (!i)
				return -EINVAL;
		ret = poke_jump(at + i, gate_address(&idt_old[v]));
	}
	if (!ret)
		ret = poke_jump(kel_ist_db_slot, gate_address(&idt_old[X86_TRAP_DB]));
	if (!ret)
		ret = poke_jump(kel_ist_nmi_slot, gate_address(&idt_old[X86_TRAP_NMI]));
	if (!ret)
		ret = poke_jump(kel_ist_mc_slot, gate_address(&idt_old[X86_TRAP_MC]));
	if (!ret)
		ret = poke_jump(kel_slot_df, gate_address(&idt_old[X86_TRAP_DF]));
	if (!ret)
		ret = poke_jump(kel_slot_pf, gate_address(&idt_old[X86_TRAP_PF]));
	if (!ret)
		ret = poke_jump(kel_slot_gp, gate_address(&idt_old[X86_TRAP_GP]));
	if (!ret)
		ret = poke_jump(kel_slot_user,
				kel_ksym("swapgs_restore_regs_and_return_to_usermode"));
	if (!ret)
		on_each_cpu(kel_sync_core, NULL, 1);
	return ret;
}

/* Symbols without which nothing works. */
int kel_arch_resolve(void)
{
	static const struct { const char *name; } needed[] = {
#define SYMBOL(name)	{ #name },
#include "symbols.def"
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(needed); i++)
		if (!kel_ksym(needed[i].name)) {
			pr_err("refused: symbols: this kernel has no symbol %s\n", needed[i].name);
			return -EOPNOTSUPP;
		}
	entry_exit = (void *)kel_ksym("irqentry_exit");
	kel_user_end = TASK_SIZE_MAX;
	kel_entry_text = kel_ksym("__entry_text_start");
	kel_entry_text_len = kel_ksym("__entry_text_end") - kel_entry_text;
	return 0;
}

static int find_ist_slot(void)
{
	int slot, cpu;

	for (slot = 6; slot >= 5; slot--) {
		bool free = true;

		for_each_possible_cpu(cpu)
			if (per_cpu(cpu_tss_rw, cpu).x86_tss.ist[slot])
				free = false;
		if (free) {
			ist_slot = slot;
			return 0;
		}
	}
	pr_err("refused: ist: no free slot in the interrupt stack table\n");
	return -EBUSY;
}

/* A hypervisor may forbid what we have to do for every thread. */
static int try_cr4(void)
{
	unsigned long cr4, flags, now;

	raw_local_irq_save(flags);
	asm volatile("mov %%cr4, %0" : "=r" (cr4));
	kel_cr4_mask = cr4 & (X86_CR4_SMEP | X86_CR4_SMAP);
	asm volatile("1: mov %0, %%cr4\n"
		     "2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : : "r" (cr4 & ~kel_cr4_mask) : "memory");
	asm volatile("mov %%cr4, %0" : "=r" (now));
	if (now != cr4)
		asm volatile("mov %0, %%cr4" : : "r" (cr4) : "memory");
	raw_local_irq_restore(flags);
	if (now & kel_cr4_mask) {
		pr_err("refused: cr4: the hypervisor does not let SMEP and SMAP be cleared\n");
		return -EOPNOTSUPP;
	}
	return 0;
}

static int make_blocks(void)
{
	unsigned int cpu, n = 0;

	/* adjacent, and aligned to their size */
	area_alloc = vzalloc((nr_cpu_ids + 1) * KEL_BLOCK_SIZE);
	if (!area_alloc)
		return -ENOMEM;
	kel_area = ALIGN((unsigned long)area_alloc, KEL_BLOCK_SIZE);
	kel_area_len = nr_cpu_ids * KEL_BLOCK_SIZE;
	for_each_possible_cpu(cpu) {
		struct kel_cpu *c = (void *)(kel_area + n++ * KEL_BLOCK_SIZE);

		c->ist = &per_cpu(cpu_tss_rw, cpu).x86_tss.ist[ist_slot];
		c->top = (unsigned long)c + KEL_BLOCK_SIZE;
		c->gs = cpu_kernelmode_gs_base(cpu);
		per_cpu(kel_cpu_ptr, cpu) = c;
	}
	return 0;
}

static int map_idt(void)
{
	struct desc_ptr dtr;
	unsigned int level;
	pte_t *pte;

	store_idt(&dtr);
	pte = lookup_address(dtr.address, &level);
	if (!pte || level != PG_LEVEL_4K || offset_in_page(dtr.address) ||
	    dtr.size != VECTORS * sizeof(gate_desc) - 1) {
		pr_err("refused: idt: the interrupt descriptor table is not as expected\n");
		return -EOPNOTSUPP;
	}
	idt = kel_alias((void *)dtr.address);
	return idt ? 0 : -ENOMEM;
}

/*
 * A gate that leads to us, on this CPU: an interrupt that is refused comes as
 * #GP to the kernel's own handler, by way of the stubs' stack and jumps, and back
 * to where it was. The vector is raised by no hardware, and user mode may not.
 */
static int try_gate(void)
{
	struct kel_cpu *c;
	struct desc_ptr dtr;
	gate_desc g = idt_old[X86_TRAP_BP];
	unsigned long flags, at = 0, went_on = 0;
	u64 *top;

	g.bits.ist = 0;
	g.bits.dpl = 0;
	make_gate(&g, kel_vector_entry);
	local_irq_save(flags);
	c = this_cpu_read(kel_cpu_ptr);
	top = (u64 *)c->top;
	WRITE_ONCE(*c->ist, c->top);
	write_gate(FAST_FIRST, &g);
	store_idt(&dtr);
	/* the old gate leads to boot code, which is gone */
	if (!memcmp((gate_desc *)dtr.address + FAST_FIRST, &g, sizeof(g)))
		asm volatile("lea 1f(%%rip), %[at]\n"
			     "1: int %[vector]\n"
			     "inc %[went_on]\n"
			     "2:\n"
			     _ASM_EXTABLE(1b, 2b)
			     : [at] "=&r" (at), [went_on] "+&r" (went_on)
			     : [vector] "i" (FAST_FIRST) : "memory", "cc");
	write_gate(FAST_FIRST, &idt_old[FAST_FIRST]);
	WRITE_ONCE(*c->ist, 0);
	local_irq_restore(flags);
	/* the frame as it was pushed there: ss at the top, ip set back by the stub */
	if (top[-1] != __KERNEL_DS || top[-5] != at || went_on) {
		pr_err("refused: self-test: a gate does not lead to the module and back\n");
		return -EOPNOTSUPP;
	}
	return 0;
}

/* Text of this process's is executed in the kernel's mode, IRQs off, and returns. */
static int try_user_text(void)
{
	static const u8 code[] = { 0x48, 0x8d, 0x47, 0x01, 0xc3 };	/* lea 1(%rdi), %rax; ret */
	unsigned long at, flags, result = 0, in = 41;

	if (!current->mm)
		return 0;
	at = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, 0);
	if (IS_ERR_VALUE(at))
		return 0;	/* a security policy may forbid it */
	if (copy_to_user((void __user *)at, code, sizeof(code)))
		goto out;
	local_irq_save(flags);
	/* where page table isolation would forbid it */
	if (!(pgd_val(*pgd_offset(current->mm, at)) & _PAGE_NX)) {
		write_cr4(kel_cr4_mask, 0);
		asm volatile(ANNOTATE_RETPOLINE_SAFE "\n"
			     "call *%[at]\n"
			     : "=a" (result), "+D" (in), ASM_CALL_CONSTRAINT
			     : [at] "r" (at) : "memory", "cc");
		write_cr4(0, kel_cr4_mask);
	}
	local_irq_restore(flags);
out:
	vm_munmap(at, PAGE_SIZE);
	if (result != 42) {
		pr_err("refused: self-test: user text does not run in the kernel's mode\n");
		return -EOPNOTSUPP;
	}
	return 0;
}

int kel_arch_selftest(void)
{
	int ret = try_gate();

	return ret ?: try_user_text();
}

int kel_arch_init(void)
{
	unsigned int v;
	int ret;

	BUILD_BUG_ON(offsetof(struct kel_cpu, ist) != KB_IST);
	BUILD_BUG_ON(offsetof(struct kel_cpu, top) != KB_TOP);
	BUILD_BUG_ON(offsetof(struct kel_cpu, thread) != KB_THREAD);
	BUILD_BUG_ON(offsetof(struct kel_cpu, flags) != KB_FLAGS);
	BUILD_BUG_ON(offsetof(struct kel_cpu, tos) != KB_TOS);
	BUILD_BUG_ON(offsetof(struct kel_cpu, usp) != KB_USP);
	BUILD_BUG_ON(offsetof(struct kel_cpu, scratch) != KB_SCRATCH);
	BUILD_BUG_ON(offsetof(struct kel_cpu, gs) != KB_GS);
	BUILD_BUG_ON(offsetof(struct kel_thread, by_vector) != KT_BY_VECTOR);
	BUILD_BUG_ON(offsetof(struct kel_thread, by_privileged) != KT_BY_PRIVILEGED);
	BUILD_BUG_ON(offsetof(struct kel_thread, by_gate) != KT_BY_GATE);
	BUILD_BUG_ON(offsetof(struct kel_thread, by_kaddr) != KT_BY_KADDR);
	BUILD_BUG_ON(offsetof(struct kel_thread, lowered) != KT_LOWERED);
	BUILD_BUG_ON(offsetof(struct kel_thread, fb_event) != KT_FB_EVENT);
	BUILD_BUG_ON(offsetof(struct kel_thread, fb_step) != KT_FB_STEP);
	BUILD_BUG_ON(sizeof(struct kel_cpu) > KEL_BLOCK_FLOOR / 2);

	if (vector < FAST_FIRST || vector > FAST_LAST) {
		pr_err("refused: vector: vector=%u is not in %u to %u\n", vector,
		       FAST_FIRST, FAST_LAST);
		return -EINVAL;
	}
	kel_vector_err = vector * 8 + 2;
	kel_fsgsbase = boot_cpu_has(X86_FEATURE_FSGSBASE);
	ret = find_ist_slot();
	if (ret)
		return ret;
	ret = try_cr4();
	if (ret)
		return ret;
	ret = make_blocks();
	if (ret)
		return ret;
	ret = map_idt();
	if (ret)
		goto no_idt;
	memcpy(idt_old, idt, sizeof(idt_old));
	for (v = 0; v < VECTORS; v++)
		planted[v] = wanted(v);
	ret = patch_stubs();
	if (!ret)
		return 0;

	kel_unalias(idt);
no_idt:
	vfree(area_alloc);
	return ret;
}

void kel_arch_exit(void)
{
	kel_unalias(idt);
	vfree(area_alloc);
}
