// SPDX-License-Identifier: GPL-2.0
/* A tracer's hardware watchpoint and breakpoint stop elevated text where they stop user mode. */
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include "kel.h"

static volatile long watched;

static __attribute__((noinline)) void broken(void)
{
	__asm__ volatile("nop");
}

static void set(pid_t child, int which, unsigned long value)
{
	must(!ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[which]), value));
}

int main(void)
{
	struct user_regs_struct regs;
	pid_t child;
	int status;

	kel_elevate(KELEVATE_STICKY);
	child = fork();
	if (!child) {
		must(!ptrace(PTRACE_TRACEME, 0, 0, 0));
		raise(SIGSTOP);
		for (long i = 1; i <= 100; i++) {
			__asm__ volatile("cli\n\tsti\n\tmov %1, %0" : "=m" (watched) : "r" (i));
			kel_touch();
			broken();
			must(gate0(SYS_getpid) == getpid());
		}
		_exit(5);
	}
	must(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
	/* 0: writes of 8 bytes; 1: execution */
	set(child, 0, (unsigned long)&watched);
	set(child, 1, (unsigned long)broken);
	set(child, 7, 1 | 1 << 2 | 1 << 16 | 2 << 18);
	for (long i = 1; i <= 100; i++) {
		must(!ptrace(PTRACE_CONT, child, 0, 0));
		must(waitpid(child, &status, 0) == child);
		must(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP, "watchpoint %ld: %#x", i, status);
		must(ptrace(PTRACE_PEEKDATA, child, &watched, 0) == i, "round %ld", i);
		must(!ptrace(PTRACE_CONT, child, 0, 0));
		must(waitpid(child, &status, 0) == child);
		must(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP, "breakpoint %ld: %#x", i, status);
		must(!ptrace(PTRACE_GETREGS, child, 0, &regs));
		must(regs.rip == (unsigned long)broken && regs.cs == 0x33, "rip %#llx", regs.rip);
	}
	must(!ptrace(PTRACE_CONT, child, 0, 0));
	must(waitpid(child, &status, 0) == child);
	must(WIFEXITED(status) && WEXITSTATUS(status) == 5, "%#x", status);
	return 0;
}
