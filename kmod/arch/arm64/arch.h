/* SPDX-License-Identifier: GPL-2.0 */
/* What the shared code sees of the architecture; arch/x86/arch.h is alike. */
#ifndef KEL_ARM64_ARCH_H
#define KEL_ARM64_ARCH_H

#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/thread_info.h>
#include "offsets.h"

struct kel_thread;

struct kel_cpu {
	struct kel_thread *thread;
	struct task_struct *task;
};

DECLARE_PER_CPU(struct kel_cpu, kel_cpu);

/*
 * Of a thread. Assembly keeps the last synchronous event of its elevated text:
 * when the kernel is about to raise a signal for it, elevating would not help.
 * Nor would it where the text itself cannot be executed elevated.
 */
struct kel_arch_thread {
	u64 fault_pc;
	u64 fault_address;
	u64 user_text;			/* such an address, see text.c */
};

#define KEL_SYS		"__arm64_sys_"	/* prefix of system calls' functions */

/*
 * Everything that the stock exit path would do something about. FOREIGN_FPSTATE
 * is among it: the function slept or a softirq used the FPU, and the registers
 * are not the thread's any more.
 */
#define KEL_WORK	_TIF_WORK_MASK

/* Who watches system calls: seccomp, ptrace, audit, tracepoints */
static inline unsigned long kel_syscall_work(void)
{
	return READ_ONCE(current_thread_info()->flags) & _TIF_SYSCALL_WORK;
}

/*
 * Single steps, hardware breakpoints and watchpoints of a debugger are raised
 * in user mode only, and memory tags and protection keys checked there: such a
 * thread stays there.
 */
bool kel_watched(void);

static inline bool kel_stepped(const struct pt_regs *regs)
{
	return false;		/* see kel_watched() */
}

static inline bool kel_odd_flags(const struct pt_regs *regs)
{
	return false;		/* ERET puts everything back */
}

/*
 * A system call's number, arguments (until it has a result) and result, in its
 * caller's registers. Not orig_x0: what a tracer puts in the place of the first
 * argument does not get there in every kernel.
 */
static inline unsigned long kel_syscall_nr(const struct pt_regs *regs)
{
	return (u32)regs->syscallno;
}

static __always_inline unsigned long kel_arg(const struct pt_regs *regs, unsigned int n)
{
	return regs->regs[n];
}

static inline void kel_set_result(struct pt_regs *regs, long value)
{
	regs->regs[0] = value;
}

static inline long kel_result(const struct pt_regs *regs)
{
	return regs->regs[0];
}

/* Back to the SVC instruction: returns what its result register has to hold. */
static inline long kel_rewind(struct pt_regs *regs)
{
	regs->pc -= 4;
	return regs->regs[0] = regs->orig_x0;
}

/* Instead of what the kernel does at the end of a system call. IRQs off. */
void kel_leave_syscall(void);

/* No system call is to be restarted. */
static inline void kel_forget_syscall(struct pt_regs *regs)
{
	forget_syscall(regs);
}

#endif
