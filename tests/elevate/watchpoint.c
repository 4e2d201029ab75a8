// SPDX-License-Identifier: GPL-2.0
/* A tracer's hardware watchpoint and breakpoint stop elevated text where they stop user mode. */
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <elf.h>
#include <sys/uio.h>
#include "kel.h"
#ifdef __aarch64__
#include <asm/ptrace.h>
#endif

static volatile long watched;

static __attribute__((noinline)) void broken(void)
{
	__asm__ volatile("nop");
}

#ifdef __x86_64__
static void set(pid_t child, int which, unsigned long value)
{
	must(!ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[which]), value));
}

/* 0: writes of 8 bytes; 1: execution */
static void watch(pid_t child)
{
	set(child, 0, (unsigned long)&watched);
	set(child, 1, (unsigned long)broken);
	set(child, 7, 1 | 1 << 2 | 1 << 16 | 2 << 18);
}

static void check_broken(pid_t child)
{
	struct user_regs_struct regs;

	must(!ptrace(PTRACE_GETREGS, child, 0, &regs));
	must(regs.rip == (unsigned long)broken && regs.cs == 0x33, "rip %#llx", regs.rip);
}

/* The processor stops behind the write, and knows how to go on behind a breakpoint. */
static void pass(pid_t child)
{
	(void)child;
}
#else
/* One entry of NT_ARM_HW_WATCH or NT_ARM_HW_BREAK. */
static void set(pid_t child, int what, const volatile void *address, unsigned int control)
{
	struct user_hwdebug_state state = { };
	struct iovec iov = { &state, offsetof(struct user_hwdebug_state, dbg_regs[1]) };

	state.dbg_regs[0].addr = (unsigned long)address;
	state.dbg_regs[0].ctrl = control;
	must(!ptrace(PTRACE_SETREGSET, child, what, &iov));
}

static void watch(pid_t child)
{
	set(child, NT_ARM_HW_WATCH, &watched, 0xff << 5 | 2 << 3 | 2 << 1 | 1);
	set(child, NT_ARM_HW_BREAK, broken, 0xf << 5 | 2 << 1 | 1);
}

static void check_broken(pid_t child)
{
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };

	must(!ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &iov));
	must(regs.pc == (unsigned long)broken && !(regs.pstate & 0xf), "pc %#llx", regs.pc);
}

/* It stops before the instruction: the debugger has to step over it without the watchpoint. */
static void pass(pid_t child)
{
	int status;

	set(child, NT_ARM_HW_WATCH, &watched, 0);
	set(child, NT_ARM_HW_BREAK, broken, 0);
	must(!ptrace(PTRACE_SINGLESTEP, child, 0, 0));
	must(waitpid(child, &status, 0) == child);
	must(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP, "step: %#x", status);
	watch(child);
}
#endif

int main(void)
{
	pid_t child;
	int status;

	kel_elevate(KELEVATE_STICKY);
	child = fork();
	if (!child) {
		must(!ptrace(PTRACE_TRACEME, 0, 0, 0));
		raise(SIGSTOP);
		for (long i = 1; i <= 100; i++) {
#ifdef __x86_64__
			__asm__ volatile("cli\n\tsti\n\tmov %1, %0" : "=m" (watched) : "r" (i));
			kel_touch();
#else
			/* only the gate respects them: see docs/DESIGN.md */
			watched = i;
#endif
			broken();
			must(gate0(SYS_getpid) == getpid());
		}
		_exit(5);
	}
	must(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
	watch(child);
	for (long i = 1; i <= 100; i++) {
		must(!ptrace(PTRACE_CONT, child, 0, 0));
		must(waitpid(child, &status, 0) == child);
		must(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP, "watchpoint %ld: %#x", i, status);
		pass(child);
		must(ptrace(PTRACE_PEEKDATA, child, &watched, 0) == i, "round %ld", i);
		must(!ptrace(PTRACE_CONT, child, 0, 0));
		must(waitpid(child, &status, 0) == child);
		must(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP, "breakpoint %ld: %#x", i, status);
		check_broken(child);
		pass(child);
	}
	must(!ptrace(PTRACE_CONT, child, 0, 0));
	must(waitpid(child, &status, 0) == child);
	must(WIFEXITED(status) && WEXITSTATUS(status) == 5, "%#x", status);
	return 0;
}
