/* SPDX-License-Identifier: GPL-2.0 */
/* What kel.h's programs need to know of the architecture; x86.h is alike. */
#ifndef KEL_ARCH_ARM64_H
#define KEL_ARCH_ARM64_H

#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

/* What a privileged instruction raises in user mode. */
#define PRIVILEGED_SIGNAL	SIGILL
#define PRIVILEGED_CODE		ILL_ILLOPC

/* An address of the kernel, mapped or not. */
#define KERNEL_ADDRESS		0xffff800008000000

#define UNMAPPED_ADDRESS	0xfffffffffffe1000

/* Before an instruction that is then executed elevated, but for an interrupt's chance. */
#define PRIVILEGED_ASM		"msr daifset, #15\n\tmsr daifclr, #15\n\t"

#define RETURN_ASM		"ret"

/* The gate's address, as of kel_elevate(): text of the kernel, which user mode cannot read. */
static void *kel_gate;

#define CPL_INSTRUCTION	0xb9400000	/* ldr w0, [x0] */
#define CPL_MAGIC	0x5ca1ab1eUL	/* in x1 */

static inline void cpl_fault(int signo, siginfo_t *info, void *context)
{
	mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;

	(void)info;
	if (m->regs[1] == CPL_MAGIC && *(unsigned int *)m->pc == CPL_INSTRUCTION) {
		m->regs[0] = 0;
		m->pc += 4;
	} else {
		signal(signo, SIG_DFL);	/* not ours: it dies of the next try */
	}
}

/* The handler stays: cpl() must not make a system call, which would lower. */
static volatile bool cpl_ready;

static inline void cpl_prepare(void)
{
	struct sigaction action = { .sa_sigaction = cpl_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	if (!cpl_ready)
		sigaction(SIGSEGV, &action, NULL);
	cpl_ready = true;
}

/* Other handlers were installed. */
static inline void cpl_forget(void)
{
	cpl_ready = false;
}

/*
 * Privilege level: 0 elevated, 3 lowered. User mode may not ask for it, and the
 * question would elevate a sticky thread. Not for KADDR.
 */
static inline int cpl(void)
{
	unsigned long at = kel_gate ? (unsigned long)kel_gate : KERNEL_ADDRESS;

	cpl_prepare();
	__asm__ volatile("mov x0, %0\n\t"
			 "mov x1, %1\n\t"
			 "ldr w0, [x0]\n\t"
			 "mov %0, x0" : "+r" (at) : "r" (CPL_MAGIC) : "x0", "x1", "memory");
	return at ? 0 : 3;
}

/* Another hardware thread's turn; in an emulator that has one thread for all CPUs, another CPU's. */
static inline void kel_relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}

/* Of a sticky, not bracketed thread: it is elevated with the next instruction. */
static inline void kel_touch(void)
{
	__asm__ volatile("msr daifset, #15\n\tmsr daifclr, #15" : : : "memory");
}

/* The same, and the privilege level seen while no interrupt could lower it. */
static inline int cpl_privileged(void)
{
	unsigned long el;

	__asm__ volatile("msr daifset, #15\n\tmrs %0, CurrentEL\n\tmsr daifclr, #15"
			 : "=r" (el) : : "memory");
	return el ? 0 : 3;
}

/* A gate call without arguments but op and flags, and the privilege level right behind it. */
static inline long gate_cpl(void *gate, long nr, long op, long flags, int *level)
{
	cpl_prepare();
	__asm__ volatile("mov x8, %0\n\t"
			 "mov x0, %1\n\t"
			 "mov x1, %2\n\t"
			 "mov x2, #0\n\t"
			 "mov x16, %3\n\t"
			 "adr x17, 1f\n\t"
			 "br x16\n\t"
			 "svc #0\n"
			 "1:\tmov %0, x0\n\t"
			 "mov x0, %3\n\t"
			 "mov x1, %4\n\t"
			 "ldr w0, [x0]\n\t"
			 "mov %1, x0"
			 : "+r" (nr), "+r" (op) : "r" (flags), "r" (gate), "r" (CPL_MAGIC)
			 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10",
			   "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory", "cc");
	*level = op ? 0 : 3;
	return nr;
}

/* The same by the system call instruction. The gate's address must be known. */
static inline long syscall_cpl(long nr, long op, long flags, int *level)
{
	cpl_prepare();
	__asm__ volatile("mov x8, %0\n\t"
			 "mov x0, %1\n\t"
			 "mov x1, %2\n\t"
			 "mov x2, #0\n\t"
			 "svc #0\n\t"
			 "mov %0, x0\n\t"
			 "mov x0, %3\n\t"
			 "mov x1, %4\n\t"
			 "ldr w0, [x0]\n\t"
			 "mov %1, x0"
			 : "+r" (nr), "+r" (op) : "r" (flags), "r" (kel_gate), "r" (CPL_MAGIC)
			 : "x0", "x1", "x2", "x8", "memory");
	*level = op ? 0 : 3;
	return nr;
}

/* Accesses while it is elevated, but for an interrupt's chance. */
static inline void kel_put(volatile char *at, char value)
{
	__asm__ volatile(PRIVILEGED_ASM "strb %w1, [%0]" : : "r" (at), "r" (value) : "memory");
}

static inline char kel_get(const volatile char *at)
{
	char value;

	__asm__ volatile(PRIVILEGED_ASM "ldrb %w0, [%1]" : "=r" (value) : "r" (at) : "memory");
	return value;
}

/* Wherever it is called, it has no mask. */
#ifndef SYS_epoll_wait
#define SYS_epoll_wait		SYS_epoll_pwait
#endif

/* Machine code: returns n (32 bits); loops, privileged. */
#define WORD(w)		(w) & 255, (w) >> 8 & 255, (w) >> 16 & 255, (unsigned int)(w) >> 24
#define CODE_RETURNS(n) { WORD(0x52800000u | ((n) & 0xffffu) << 5), \
			  WORD(0x72a00000u | ((n) >> 16 & 0xffffu) << 5), WORD(0xd65f03c0u) }
#define CODE_LOOPS	{ WORD(0xd5034fdfu), WORD(0xd5034fffu), WORD(0x17fffffeu) }
#define CODE_RETURN	{ WORD(0xd65f03c0u) }

/* Whether pages that user mode may write can be executed elevated. */
#define WRITABLE_TEXT	0

#endif
