/* SPDX-License-Identifier: GPL-2.0 */
/* What kel.h's programs need to know of the architecture; arm64.h is alike. */
#ifndef KEL_ARCH_X86_H
#define KEL_ARCH_X86_H

/* What a privileged instruction raises in user mode. */
#define PRIVILEGED_SIGNAL	SIGSEGV
#define PRIVILEGED_CODE		SI_KERNEL

/* An address of the kernel, mapped or not. */
#define KERNEL_ADDRESS		0xffffffff81000000

#define UNMAPPED_ADDRESS	0xffffffffffe01000

/* Before an instruction that is then executed elevated for sure: STI holds back interrupts. */
#define PRIVILEGED_ASM		"cli\n\tsti\n\t"

#define RETURN_ASM		"ret"

/* The gate's address, as of kel_elevate(). */
static void *kel_gate;

/* Privilege level: 0 elevated, 3 lowered. */
static inline int cpl(void)
{
	unsigned long cs;

	__asm__ volatile("mov %%cs, %0" : "=r" (cs));
	return cs & 3;
}

/* Other handlers were installed. */
static inline void cpl_forget(void)
{
}

/* Another hardware thread's turn; in an emulator that has one thread for all CPUs, another CPU's. */
static inline void kel_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/* Of a sticky, not bracketed thread: it is elevated with the next instruction. */
static inline void kel_touch(void)
{
	__asm__ volatile("cli\n\tsti" : : : "memory", "cc");
}

/* The same, and the privilege level seen while no interrupt could lower it. */
static inline int cpl_privileged(void)
{
	unsigned long cs;

	__asm__ volatile("cli\n\tmov %%cs, %0\n\tsti" : "=r" (cs) : : "memory", "cc");
	return cs & 3;
}

/* A gate call without arguments but op and flags, and the privilege level right behind it. */
static inline long gate_cpl(void *gate, long nr, long op, long flags, int *level)
{
	register void *r11 __asm__("r11") = gate;
	long c = 0;

	__asm__ volatile("lea 1f(%%rip), %%rcx\n\t"
			 "jmp *%%r11\n\t"
			 "syscall\n"
			 "1:\tmov %%cs, %%r11"
			 : "+a" (nr), "+D" (op), "+S" (flags), "+d" (c), "+r" (r11)
			 : : "rcx", "r8", "r9", "r10", "memory", "cc");
	*level = (long)r11 & 3;
	return nr;
}

/* The same by the system call instruction. The gate's address must be known. */
static inline long syscall_cpl(long nr, long op, long flags, int *level)
{
	long cs;

	__asm__ volatile("syscall\n\tmov %%cs, %1"
			 : "+a" (nr), "=&r" (cs)
			 : "D" (op), "S" (flags), "d" (0)
			 : "rcx", "r11", "memory");
	*level = cs & 3;
	return nr;
}

/* Accesses while it is elevated for sure. */
static inline void kel_put(volatile char *at, char value)
{
	__asm__ volatile("cli\n\tsti\n\tmovb %1, (%0)" : : "r" (at), "q" (value) : "memory", "cc");
}

static inline char kel_get(const volatile char *at)
{
	char value;

	__asm__ volatile("cli\n\tsti\n\tmovb (%1), %0" : "=q" (value) : "r" (at) : "memory", "cc");
	return value;
}

/* Machine code: returns n (32 bits); loops, privileged. */
#define CODE_RETURNS(n)	{ 0xb8, (n) & 255, (n) >> 8 & 255, (n) >> 16 & 255, (n) >> 24 & 255, 0xc3 }
#define CODE_LOOPS	{ 0xfa, 0xfb, 0xeb, 0xfc }
#define CODE_RETURN	{ 0xc3 }

/* Whether pages that user mode may write can be executed elevated. */
#define WRITABLE_TEXT	1

#endif
