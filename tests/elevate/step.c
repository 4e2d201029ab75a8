// SPDX-License-Identifier: GPL-2.0
/* Single steps over gate calls: by the trap flag in the process itself, and by a tracer. */
#include <sys/ptrace.h>
#include "kel.h"

#ifdef __x86_64__
static volatile long traps;

static void on_trap(int signo)
{
	(void)signo;
	traps++;
}

static long stepped(bool elevated)
{
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = elevated;
	register long r9 __asm__("r9") = 0;
	register long r11 __asm__("r11") = (long)kel_gate;
	long ret = SYS_getppid, a = 0, b = 0, c = 0;

	__asm__ volatile("lea -256(%%rsp), %%rsp\n\t"
			 "test %%r8, %%r8\n\t"
			 "jz 2f\n\t"
			 "cli\n\t"
			 "sti\n"
			 "2:\tpushfq\n\t"
			 "orq $0x100, (%%rsp)\n\t"
			 "popfq\n\t"
			 "lea 1f(%%rip), %%rcx\n\t"
			 "jmp *%%r11\n\t"
			 "syscall\n"
			 "1:\tpushfq\n\t"
			 "andq $~0x100, (%%rsp)\n\t"
			 "popfq\n\t"
			 "lea 256(%%rsp), %%rsp"
			 : "+a" (ret), "+D" (a), "+S" (b), "+d" (c), "+r" (r10), "+r" (r8),
			   "+r" (r9), "+r" (r11)
			 : : "rcx", "cc", "memory");
	return ret;
}

/* To the gate with nowhere to return to: what IRET does not do has to end as a fault of the program's. */
static void step_to_nowhere(unsigned long where)
{
	register long r11 __asm__("r11") = (long)kel_gate;
	int status = in_child({
		signal(SIGTRAP, on_trap);
		alarm(20);
		__asm__ volatile("pushfq\n\t"
				 "orq $0x100, (%%rsp)\n\t"
				 "popfq\n\t"
				 "jmp *%%r11"
				 : : "r" (r11), "c" (where + 2) : "memory");
	});

	must(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "%#lx: status %#x", where, status);
	must(gate0(SYS_getppid) == getppid());
}

static void step_itself(void)
{
	uint64_t fell;
	long before;

	signal(SIGTRAP, on_trap);
	fell = kel_count(fallbacks[KELEVATE_FB_STEP]);
	for (int i = 0; i < 200; i++) {
		before = traps;
		must(stepped(i & 1) == getppid());
		must(traps >= before + 3, "%ld steps", traps - before);
	}
	must(kel_count(fallbacks[KELEVATE_FB_STEP]) > fell);
	/* and no step is left over */
	before = traps;
	must(gate0(SYS_getppid) == getppid());
	must(traps == before);
	signal(SIGTRAP, SIG_DFL);
}
#endif

int main(void)
{
	uint64_t fell;
	long steps = 0;
	pid_t child;
	int status;

	kel_elevate(KELEVATE_STICKY);
#ifdef __x86_64__
	step_itself();
	step_to_nowhere(0x8000000000000000);
	step_to_nowhere(0xfff0000000000000);
	step_to_nowhere(-2UL);
	step_to_nowhere((unsigned long)kel_gate);
#endif
	child = fork();
	if (!child) {
		must(!ptrace(PTRACE_TRACEME, 0, 0, 0));
		raise(SIGSTOP);
		for (int i = 0; i < 300; i++) {
			must(gate0(SYS_getppid) == getppid());
			must(gate3(SYS_read, -1, 0, 0) == -EBADF);
#ifdef __x86_64__
			/* privileged instructions are stepped over as well */
			kel_touch();
#endif
		}
		_exit(7);
	}
	must(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
	for (; steps < 3000; steps++) {
		must(!ptrace(PTRACE_SINGLESTEP, child, 0, 0));
		must(waitpid(child, &status, 0) == child);
		if (WIFEXITED(status))
			break;
		must(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP, "step %ld: %#x", steps, status);
	}
	must(steps > 1000, "%ld steps", steps);
	fell = kel_stat(child).fallbacks[KELEVATE_FB_STEP];
	must(fell > 0);
	if (!WIFEXITED(status)) {
		must(!ptrace(PTRACE_CONT, child, 0, 0));
		must(waitpid(child, &status, 0) == child);
	}
	must(WIFEXITED(status) && WEXITSTATUS(status) == 7, "%#x", status);
	return 0;
}
