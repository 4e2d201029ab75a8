// SPDX-License-Identifier: GPL-2.0
/*
 * What happens between the gate's two halves of assembly: the call, and
 * whatever has to be looked at before application code goes on.
 */
#include <linux/nospec.h>
#include "kelevate.h"
#include "trace.h"

/* What the gate's assembly does with our answer. */
enum { GATE_FAST = 0, GATE_ELEVATED = 1, GATE_USER = 2 };

unsigned long kel_work_pending(void)
{
	return READ_ONCE(current_thread_info()->flags) & KEL_WORK;
}

/* The caller's system call instruction does it instead: see the contract. */
static noinline int fallback(struct pt_regs *regs, struct kel_thread *th, unsigned int reason)
{
	th->fallbacks[reason]++;
	trace_kelevate_fallback(kel_syscall_nr(regs), reason);
	kel_rewind(regs);
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
	unsigned long ip = instruction_pointer(regs), sp = regs->sp;
	bool restart = is_restart(kel_result(regs));

	th->settles++;
	trace_kelevate_settle(kel_syscall_nr(regs), work);
	if (restart)
		th->fallbacks[KELEVATE_FB_RESTART]++;
	else
		kel_forget_syscall(regs);

	local_irq_disable();
	kel_arch_exit_to_user(regs);

	/* nothing came of it: make the system call */
	if (restart && instruction_pointer(regs) == ip && is_restart(kel_result(regs)))
		kel_rewind(regs);
	if (restart || (th->flags & KEL_T_BRACKETED) || instruction_pointer(regs) != ip ||
	    regs->sp != sp || kel_stepped(regs) || kel_watched())
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
 * everything as its system call would have found it.
 */
int kel_gate_call(struct pt_regs *regs, struct kel_thread *th)
{
	unsigned long nr = kel_syscall_nr(regs), work;
	struct kel_shortcut *sc;
	long ret;

	if (unlikely(kel_syscall_work()))
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
	kel_set_result(regs, ret);

	raw_local_irq_disable();
	work = kel_work_pending();
	if (unlikely(work || is_restart(ret))) {
		raw_local_irq_enable();
		return settle(regs, th, work);
	}
	if (unlikely(th->flags & KEL_T_BRACKETED))
		return GATE_USER;
	if (unlikely(kel_odd_flags(regs))) {
		kel_arch_set_elevated(regs);
		return GATE_ELEVATED;
	}
	return GATE_FAST;
}
