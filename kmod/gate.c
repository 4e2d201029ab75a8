// SPDX-License-Identifier: GPL-2.0
/*
 * What happens between the gate's two halves of assembly: the call, and
 * whatever has to be looked at before application code goes on.
 */
#include <linux/entry-common.h>
#include <linux/nospec.h>
#include <asm/syscall.h>
#include "kelevate.h"
#include "trace.h"

/* What the gate's assembly does with our answer. */
enum { GATE_FAST = 0, GATE_ELEVATED = 1, GATE_USER = 2 };

/*
 * Everything that the stock exit path would do something about. FPU_LOAD: the
 * function slept or a softirq used the FPU, and the registers are not the
 * thread's any more.
 */
#define KEL_WORK (EXIT_TO_USER_MODE_WORK | _TIF_NEED_FPU_LOAD | _TIF_USER_RETURN_NOTIFY)

/* Flags that only IRET puts back. */
#define KEL_FLAGS (X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_NT | X86_EFLAGS_AC | X86_EFLAGS_IOPL)

unsigned long kel_work_pending(void)
{
	return READ_ONCE(current_thread_info()->flags) & KEL_WORK;
}

/* The caller's SYSCALL instruction does it instead: see the contract. */
static noinline int fallback(struct pt_regs *regs, struct kel_thread *th, unsigned int reason)
{
	th->fallbacks[reason]++;
	trace_kelevate_fallback(regs->orig_ax, reason);
	regs->ax = regs->orig_ax;
	regs->ip -= 2;
	raw_local_irq_disable();
	return GATE_USER;
}

/* ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK */
static bool is_restart(long ret)
{
	return ret <= -ERESTARTSYS && ret >= -ERESTART_RESTARTBLOCK && ret != -ENOIOCTLCMD;
}

/*
 * Passes once through the kernel's own way out, signals and restarted system
 * calls included: regs looks like a system call made by the instruction before
 * the return address, and that is what the contract puts there.
 */
static noinline int settle(struct pt_regs *regs, struct kel_thread *th, unsigned long work)
{
	unsigned long ip = regs->ip, sp = regs->sp;
	bool restart = is_restart(regs->ax);

	th->settles++;
	trace_kelevate_settle(regs->orig_ax, work);
	if (restart)
		th->fallbacks[KELEVATE_FB_RESTART]++;
	else
		regs->orig_ax = -1;

	local_irq_disable();
	kel_arch_exit_to_user(regs);

	if (restart && regs->ip == ip && is_restart(regs->ax)) {
		/* nothing came of it: make the system call */
		regs->ax = regs->orig_ax;
		regs->ip -= 2;
	}
	if (restart || (th->flags & KEL_T_BRACKETED) || regs->ip != ip ||
	    regs->sp != sp || (regs->flags & X86_EFLAGS_TF))
		return GATE_USER;
	/*
	 * Nothing is pending and IRQs are off: it may go on elevated. What the
	 * kernel saw, and a signal frame holds, was a user frame all along.
	 */
	kel_arch_set_elevated(regs);
	return GATE_ELEVATED;
}

/*
 * IRQs on at entry and off on return; regs is the thread's task_pt_regs, with
 * the call's number in ax and orig_ax.
 */
int kel_gate_call(struct pt_regs *regs, struct kel_thread *th)
{
	unsigned long nr = regs->orig_ax, work;
	struct kel_shortcut *sc;
	long ret;

	if (unlikely(READ_ONCE(current_thread_info()->syscall_work)))
		return fallback(regs, th, KELEVATE_FB_WORK);
	if (unlikely(nr >= KELEVATE_NR_MAX || !(th->flags & KEL_T_STICKY)))
		return fallback(regs, th, KELEVATE_FB_UNKNOWN);
	sc = &kel_shortcuts[array_index_nospec(nr, KELEVATE_NR_MAX)];
	if (unlikely(!sc->sys))
		return fallback(regs, th, KELEVATE_FB_UNKNOWN);

	ret = sc->deep ? sc->deep(regs, th) : KEL_NOT_DEEP;
	if (ret == KEL_NOT_DEEP) {
		ret = sc->sys(regs);
		th->rows[sc->row]++;
	}
	regs->ax = ret;

	raw_local_irq_disable();
	work = kel_work_pending();
	if (unlikely(work || is_restart(ret))) {
		raw_local_irq_enable();
		return settle(regs, th, work);
	}
	if (unlikely(th->flags & KEL_T_BRACKETED))
		return GATE_USER;
	if (unlikely(regs->flags & KEL_FLAGS)) {
		kel_arch_set_elevated(regs);
		return GATE_ELEVATED;
	}
	return GATE_FAST;
}
