// SPDX-License-Identifier: GPL-2.0
/*
 * What a CPU has to know while it runs a symbiote's thread, and how events of
 * elevated text and of threads to be elevated get here.
 */
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>
#include <asm/daifflags.h>
#include <asm/memory.h>
#include <asm/mte.h>
#include <asm/sysreg.h>
#include "../../kelevate.h"
#include "entry.h"

DEFINE_PER_CPU(struct kel_cpu, kel_cpu);
u64 kel_landing_sync, kel_landing_irq, kel_landing_fiq, kel_landing_error;
u64 kel_ret_to_user;
u32 kel_pstate;

static void (*exit_to_user)(struct pt_regs *regs);
static void (*notify_resume)(struct pt_regs *regs, unsigned long flags);
static int (*patch_text)(void *addr, u32 insn);
static void (*raise_sigill)(int signo, int code, unsigned long address, unsigned long err);

unsigned long kel_arch_gate(void)
{
	return (unsigned long)kel_gate;
}

unsigned int kel_arch_vector(void)
{
	return 0;		/* there is none */
}

/* Only at EL0 memory tags are checked, and protection keys asked. */
static bool wants_checks(void)
{
#ifdef CONFIG_ARM64_POE
	/* key 0 is everybody's */
	if (cpus_have_cap(ARM64_HAS_S1POE) && current->mm->context.pkey_allocation_map & ~BIT(0))
		return true;
#endif
#ifdef CONFIG_ARM64_MTE
	if (system_supports_mte() && kel_checks_tags())
		return true;
#endif
	return false;
}

bool kel_watched(void)
{
	const struct debug_info *debug = &current->thread.debug;
	unsigned int i;

	if (test_thread_flag(TIF_SINGLESTEP) || wants_checks())
		return true;
	for (i = 0; i < ARM_MAX_BRP; i++)
		if (debug->hbp_break[i])
			return true;
	for (i = 0; i < ARM_MAX_WRP; i++)
		if (debug->hbp_watch[i])
			return true;
	return false;
}

int kel_arch_may_elevate(struct pt_regs *regs)
{
	return compat_user_mode(regs) || wants_checks() ? -EOPNOTSUPP : 0;
}

/*
 * With interrupts off. The notifiers say who runs here, if the scheduler calls them: a CPU that still executes what
 * was there before they were switched on (QEMU's may, see tests/qemu/retranslate) does not. Each thread that was
 * switched away comes by here before it is elevated again.
 */
void kel_arch_set_elevated(struct pt_regs *regs)
{
	struct kel_thread *th = this_cpu_read(kel_cpu.thread);

	if (unlikely(!th || this_cpu_read(kel_cpu.task) != current)) {
		th = kel_thread_current();
		kel_arch_load(th);
	}
	regs->pstate &= ~(PSR_MODE_MASK | PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT |
			  PSR_PAN_BIT | PSR_UAO_BIT | DBG_SPSR_SS);
	regs->pstate |= read_sysreg(CurrentEL);	/* the mode bits of ELxt */
	th->arch.fault_pc = 0;
	th->arch.user_text = 0;
}

/*
 * Newer kernels drop SVE registers lazily in system calls, and stop doing so on
 * their way out, which is not taken. So they are dropped for good: the next use
 * traps.
 */
void kel_leave_syscall(void)
{
	if (system_supports_sve() && test_and_clear_thread_flag(TIF_SVE))
		sysreg_clear_set(cpacr_el1, CPACR_EL1_ZEN_EL0EN, 0);
}

/* See KEL_SVE_OF_KERNEL in entry.S. */
static void sve_of_kernel(void)
{
	if (system_supports_sve()) {
		sysreg_clear_set(cpacr_el1, 0, BIT(KEL_ZEN_EL1EN));
		isb();
	}
}

/* Before 5.15 the way to user mode was assembly, and called a function for the work only. */
static void exit_to_user_by_work(struct pt_regs *regs)
{
	unsigned long flags;

	local_daif_mask();
	flags = READ_ONCE(current_thread_info()->flags);
	if (flags & _TIF_WORK_MASK)
		notify_resume(regs, flags);	/* masks as well */
}

void kel_arch_exit_to_user(struct pt_regs *regs)
{
	sve_of_kernel();
	exit_to_user(regs);
}

/* The calling thread has this CPU. Preemption is off. */
void kel_arch_load(struct kel_thread *th)
{
	this_cpu_write(kel_cpu.task, current);
	this_cpu_write(kel_cpu.thread, th);
}

void kel_arch_unload(struct task_struct *next)
{
	this_cpu_write(kel_cpu.thread, NULL);
	sve_of_kernel();
}

/*
 * Lazy elevation. What a lowered thread does that only an elevated one may, a
 * jump to the gate or a privileged instruction, ends in the functions that
 * raise SIGSEGV and SIGILL; nothing that should be fast comes by there. Kprobes
 * divert them for threads that may elevate, to here.
 */
static void elevate_again(struct pt_regs *regs, u64 *count)
{
	raw_local_irq_disable();
	if (kel_work_pending()) {
		raw_local_irq_enable();
		return;		/* by way of user mode: it faults again */
	}
	(*count)++;
	kel_arch_set_elevated(regs);
	kel_return_elevated(regs);
	unreachable();
}

/* MSR, MRS, SYS and the like. What else is undefined stays so. */
static bool is_system_instruction(u32 insn)
{
	return (le32_to_cpu((__force __le32)insn) & 0xffc00000) == 0xd5000000;
}

/*
 * A jump to the gate in user mode: the call is made from here, as kel_gate would
 * do it, and the thread is elevated behind it.
 */
static void call_gate(struct pt_regs *regs, struct kel_thread *th)
{
	int ret;

	th->by_gate++;
	current->thread.fault_code = 0;	/* nothing that a signal's frame should show */
	regs->pc = regs->regs[17];
	regs->orig_x0 = regs->regs[0];
	regs->syscallno = regs->regs[8];
	ret = kel_gate_call(regs, th);
	if (!ret)
		kel_arch_set_elevated(regs);
	if (ret < 2)
		kel_return_elevated(regs);
	/* in user mode, by the way out of the fault that brought us here */
	forget_syscall(regs);
	asm volatile("msr daifclr, #0xf" : : : "memory");
}

/* Instead of arm64_force_sig_fault(SIGSEGV, ...). */
static void on_sigsegv(void)
{
	struct pt_regs *regs = task_pt_regs(current);
	struct kel_thread *th = kel_thread_current();

	if (regs->pc != (unsigned long)kel_gate) {
		elevate_again(regs, &th->by_kaddr);
		return;
	}
	regs->pstate &= ~PSR_BTYPE_MASK;	/* it has arrived: what follows is no landing pad */
	if (!kel_watched()) {
		call_gate(regs, th);
	} else {
		/* let the tracer see the real system call */
		th->fb_step++;
		regs->pc = regs->regs[17] - 4;
	}
}

/* Instead of force_signal_inject(SIGILL, ...). */
static void on_sigill(int signo, int code, unsigned long address, unsigned long err)
{
	struct pt_regs *regs = task_pt_regs(current);
	struct kel_thread *th = kel_thread_current();
	u32 insn;

	/* not readable, or gone meanwhile: elevated text finds out, see divert_sigill() */
	if (get_user(insn, (u32 __user *)regs->pc) || is_system_instruction(insn)) {
		elevate_again(regs, &th->by_privileged);
		return;
	}
	th->arch.fault_pc = regs->pc;	/* see divert_sigill() */
	raise_sigill(signo, code, address, err);
}

/* The calling thread, if it may be elevated where it is in user mode. */
static struct kel_thread *candidate(void)
{
	struct kel_thread *th = kel_thread_current();
	const struct pt_regs *user = task_pt_regs(current);

	if (!th || !(th->flags & KEL_T_STICKY) || !user_mode(user))
		return NULL;
	if (user->pc == th->arch.user_text) {
		th->arch.user_text = 0;		/* once: it may change that */
		return NULL;
	}
	return th;
}

static int divert_sigsegv(struct kprobe *p, struct pt_regs *regs)
{
	unsigned long pc = task_pt_regs(current)->pc, address = regs->regs[2];
	struct kel_thread *th = candidate();

	if (!th || (int)regs->regs[0] != SIGSEGV)
		return 0;
	if (pc != (unsigned long)kel_gate) {
		if (!(th->flags & KEL_T_KADDR) || is_ttbr0_addr(address) || !is_ttbr0_addr(pc) ||
		    wants_checks())
			return 0;
		/* was elevated, and it did not help */
		if (pc == th->arch.fault_pc && address == th->arch.fault_address)
			return 0;
	}
	instruction_pointer_set(regs, (unsigned long)on_sigsegv);
	return 1;
}

static int divert_sigill(struct kprobe *p, struct pt_regs *regs)
{
	struct kel_thread *th = candidate();

	if (!th || !(th->flags & KEL_T_PRIVILEGED) || (int)regs->regs[0] != SIGILL ||
	    (int)regs->regs[1] != ILL_ILLOPC || task_pt_regs(current)->pc == th->arch.fault_pc ||
	    wants_checks())
		return 0;
	instruction_pointer_set(regs, (unsigned long)on_sigill);
	return 1;
}

static struct kprobe probes[] = {
	{ .symbol_name = "arm64_force_sig_fault", .pre_handler = divert_sigsegv },
	{ .symbol_name = "force_signal_inject", .pre_handler = divert_sigill },
};

int kel_arch_install(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		probes[i].addr = NULL;
		probes[i].flags = 0;
		ret = register_kprobe(&probes[i]);
		if (ret) {
			pr_err("no kprobe on %s (%d)\n", probes[i].symbol_name, ret);
			while (i--)
				unregister_kprobe(&probes[i]);
			return ret;
		}
	}
	return 0;
}

void kel_arch_remove(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		unregister_kprobe(&probes[i]);
}

/*
 * The kernel's el1t_64_* only report an impossible event and panic. Their text
 * is replaced by a way to ours, and the way from there to el0t_64_*. They are
 * in branch range of each other; a module need not be.
 */
#define DEAD_WORDS	8		/* of 26 */
#define INSN_STORE_X0	0xa90007e0	/* stp x0, x1, [sp] */
#define INSN_PARK	0xa90847f0	/* stp x16, x17, [sp, #S_X16] */
#define INSN_UNPARK	0xa94847f0	/* ldp x16, x17, [sp, #S_X16] */
#define INSN_LDR_X16	0x58000010	/* ldr x16, <literal> */
#define INSN_BR_X16	0xd61f0200
#define INSN_B		0x14000000

/* Names since 5.14, and before: then there were no FIQs, and one function for those of all modes. */
static struct vector {
	const char *dead[2], *handler[2];
	const void *entry;
	u64 *landing;
	u32 *at;
	unsigned long to;
	u32 old[DEAD_WORDS];
} vectors[] = {
	{ { "el1t_64_sync", "el1_sync_invalid" }, { "el0t_64_sync", "el0_sync" },
	  kel_el1t_sync, &kel_landing_sync },
	{ { "el1t_64_irq", "el1_irq_invalid" }, { "el0t_64_irq", "el0_irq" },
	  kel_el1t_irq, &kel_landing_irq },
	{ { "el1t_64_error", "el1_error_invalid" }, { "el0t_64_error", "el0_error" },
	  kel_el1t_error, &kel_landing_error },
	{ { "el1t_64_fiq", NULL }, { "el0t_64_fiq", NULL }, kel_el1t_fiq, &kel_landing_fiq },
};

static unsigned int nr_vectors;		/* that this kernel has */

static int patch(u32 *at, const u32 *words)
{
	unsigned int i;
	int ret = 0;

	/* nobody executes them, so they need not change at once */
	for (i = 0; i < DEAD_WORDS && !ret; i++)
		ret = patch_text(at + i, words[i]);
	return ret;
}

static int patch_vector(struct vector *v)
{
	u32 words[DEAD_WORDS];
	unsigned int literal;
	long to;

	BUILD_BUG_ON(offsetof(struct pt_regs, regs[16]) != 128);
	memcpy(words, v->old, sizeof(words));
	/* a literal is read as one word where it is aligned */
	literal = IS_ALIGNED((unsigned long)v->at, 8) ? 6 : 5;
	words[0] = INSN_PARK;
	words[1] = INSN_LDR_X16 | (literal - 1) << 5;
	words[2] = INSN_BR_X16;
	words[3] = INSN_UNPARK;
	to = (long)(v->to - (unsigned long)(v->at + 4)) / 4;
	if (to >= BIT(25) || to < -(long)BIT(25))
		return -ERANGE;
	words[4] = INSN_B | (to & (BIT(26) - 1));
	words[literal] = lower_32_bits((unsigned long)v->entry);
	words[literal + 1] = upper_32_bits((unsigned long)v->entry);
	*v->landing = (unsigned long)(v->at + 3);
	return patch(v->at, words);
}

static int find_vector(struct vector *v, unsigned int names)
{
	v->at = (u32 *)kel_ksym(v->dead[names]);
	v->to = kel_ksym(v->handler[names]);
	if (!v->at || !v->to) {
		pr_err("refused: symbols: this kernel has no symbol %s\n",
		       v->at ? v->handler[names] : v->dead[names]);
		return -EOPNOTSUPP;
	}
	memcpy(v->old, v->at, sizeof(v->old));
	if (v->old[0] != INSN_STORE_X0) {
		pr_err("refused: vectors: %s is not as expected\n", v->dead[names]);
		return -EOPNOTSUPP;
	}
	return 0;
}

static int need(const char *name, void *pointer)
{
	unsigned long address = kel_ksym(name);

	if (!address) {
		pr_err("refused: symbols: this kernel has no symbol %s\n", name);
		return -EOPNOTSUPP;
	}
	*(unsigned long *)pointer = address;
	return 0;
}

/* Symbols without which nothing works. */
int kel_arch_resolve(void)
{
	int ret = 0;

	exit_to_user = (void *)kel_ksym("asm_exit_to_user_mode");
	if (!exit_to_user) {
		exit_to_user = exit_to_user_by_work;
		ret = need("do_notify_resume", &notify_resume);
	}
	return ret ?:
	       need("ret_to_user", &kel_ret_to_user) ?:
	       need("aarch64_insn_patch_text_nosync", &patch_text) ?:
	       need("force_signal_inject", &raise_sigill);
}

/*
 * The table has no symbol where kallsyms knows functions only: it is where the
 * dispatcher's adrp and add point to.
 */
unsigned long *kel_arch_syscall_table(bool *in_use)
{
	static unsigned long *table;
	unsigned long read = kel_ksym(KEL_SYS "read"), from[32] = { };
	const u32 *at = (const u32 *)kel_ksym("do_el0_svc");
	unsigned int i;

	for (i = 0; at && i < 64 && !table; i++, at++) {
		unsigned long *guess, entry;
		u32 insn = *at;

		if ((insn & 0x9f000000) == 0x90000000) {	/* adrp */
			s64 page = sign_extend64((insn >> 5 & 0x7ffff) << 2 |
						 (insn >> 29 & 3), 20);

			from[insn & 31] = ((unsigned long)at & ~0xfffUL) + (page << 12);
		}
		if ((insn & 0xffc00000) != 0x91000000 || !from[insn >> 5 & 31])	/* add */
			continue;
		guess = (unsigned long *)(from[insn >> 5 & 31] + (insn >> 10 & 0xfff));
		if (!copy_from_kernel_nofault(&entry, guess + __NR_read, sizeof(entry)) &&
		    entry == read)
			table = guess;
	}
	*in_use = table;
	return table;
}

struct page *kel_arch_page(unsigned long addr)
{
	return phys_to_page(__pa_symbol(addr));
}

static void probe_pstate(void)
{
	u64 pfr0 = read_sanitised_ftr_reg(SYS_ID_AA64PFR0_EL1);
	u64 pfr1 = read_sanitised_ftr_reg(SYS_ID_AA64PFR1_EL1);

	if ((pfr1 >> 4 & 15) >= 2)		/* SSBS, with MRS */
		kel_pstate |= BIT(KEL_PSTATE_SSBS);
	if (pfr0 >> 48 & 15)			/* DIT */
		kel_pstate |= BIT(KEL_PSTATE_DIT);
	if (system_supports_mte())
		kel_pstate |= BIT(KEL_PSTATE_TCO);
}

static void unpatch(unsigned int n)
{
	while (n--)
		patch(vectors[n].at, vectors[n].old);
}

int kel_arch_init(void)
{
	unsigned int i, names = !kel_ksym(vectors[0].dead[0]);
	int ret = 0;

	BUILD_BUG_ON(offsetof(struct kel_cpu, thread) != KC_THREAD);
	BUILD_BUG_ON(offsetof(struct kel_cpu, task) != KC_TASK);
	BUILD_BUG_ON(offsetof(struct kel_thread, lowered) != KT_LOWERED);
	BUILD_BUG_ON(offsetof(struct kel_thread, fb_event) != KT_FB_EVENT);
	BUILD_BUG_ON(offsetof(struct kel_thread, arch.fault_pc) != KT_FAULT_PC);
	BUILD_BUG_ON(offsetof(struct kel_thread, arch.fault_address) != KT_FAULT_ADDRESS);
	BUILD_BUG_ON(offsetof(struct pt_regs, orig_x0) != KR_ORIG_X0);
	BUILD_BUG_ON(KEL_TIF_SVE != TIF_SVE);
	BUILD_BUG_ON(BIT(KEL_ZEN_EL1EN) != CPACR_EL1_ZEN_EL1EN);

	probe_pstate();
	while (nr_vectors < ARRAY_SIZE(vectors) && vectors[nr_vectors].dead[names])
		nr_vectors++;
	for (i = 0; i < nr_vectors && !ret; i++)
		ret = find_vector(&vectors[i], names);
	for (i = 0; i < nr_vectors && !ret; i++)
		ret = patch_vector(&vectors[i]);
	if (ret)
		unpatch(i);
	return ret;
}

void kel_arch_exit(void)
{
	unpatch(nr_vectors);
}
