/* SPDX-License-Identifier: GPL-2.0 */
/* What the shared code sees of the architecture; arch/arm64/arch.h is alike. */
#ifndef KEL_X86_ARCH_H
#define KEL_X86_ARCH_H

#include <linux/entry-common.h>
#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <asm/syscall.h>
#include "block.h"

struct kel_thread;

struct kel_cpu {
	u64 *ist;
	u64 top;
	struct kel_thread *thread;
	u64 flags;
	u64 tos;
	u64 usp;
	u64 scratch[6];
	u64 gs;
};

DECLARE_PER_CPU(struct kel_cpu *, kel_cpu_ptr);

/* of a thread, for assembly */
struct kel_arch_thread {
};

#define KEL_ARCH_SELFTEST

#define KEL_SYS		"__x64_sys_"	/* prefix of system calls' functions */

/*
 * Everything that the stock exit path would do something about. FPU_LOAD: the
 * function slept or a softirq used the FPU, and the registers are not the
 * thread's any more.
 */
#define KEL_WORK (EXIT_TO_USER_MODE_WORK | _TIF_NEED_FPU_LOAD | _TIF_USER_RETURN_NOTIFY)

/* Who watches system calls: seccomp, ptrace, audit, tracepoints, user dispatch */
static inline unsigned long kel_syscall_work(void)
{
	return kel_entry_work();
}

/* Whether events are wanted that elevated text does not raise. */
static inline bool kel_watched(void)
{
	return false;
}

static inline bool kel_stepped(const struct pt_regs *regs)
{
	return regs->flags & X86_EFLAGS_TF;
}

/* Flags that only IRET puts back. */
static inline bool kel_odd_flags(const struct pt_regs *regs)
{
	return regs->flags & (X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_NT |
			      X86_EFLAGS_AC | X86_EFLAGS_IOPL);
}

/* A system call's number, arguments and result, in its caller's registers. */
static inline unsigned long kel_syscall_nr(const struct pt_regs *regs)
{
	return regs->orig_ax;
}

static __always_inline unsigned long kel_arg(const struct pt_regs *regs, unsigned int n)
{
	switch (n) {
	case 0:
		return regs->di;
	case 1:
		return regs->si;
	case 2:
		return regs->dx;
	case 3:
		return regs->r10;
	case 4:
		return regs->r8;
	}
	return regs->r9;
}

static inline void kel_set_result(struct pt_regs *regs, long value)
{
	regs->ax = value;
}

static inline long kel_result(const struct pt_regs *regs)
{
	return regs->ax;
}

/* Back to the SYSCALL instruction: returns what its result register has to hold. */
static inline long kel_rewind(struct pt_regs *regs)
{
	regs->ip -= 2;
	return regs->ax = regs->orig_ax;
}

/* Instead of what the kernel does at the end of a system call. IRQs off. */
static inline void kel_leave_syscall(void)
{
	/* work is not pending, and that is all */
}

/* No system call is to be restarted. */
static inline void kel_forget_syscall(struct pt_regs *regs)
{
	regs->orig_ax = -1;
}

#endif
