// SPDX-License-Identifier: GPL-2.0
/*
 * A signal handler sees a user mode context, whatever was interrupted, and
 * cannot get a privileged one by changing it; nor can a tracer.
 */
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/user.h>
#include <ucontext.h>
#include <elf.h>
#include <sys/uio.h>
#include "kel.h"

static volatile int signals, bad;
static volatile bool change;

#ifdef __x86_64__
static bool is_user(const mcontext_t *m)
{
	return (m->gregs[REG_CSGSFS] & 0xffff) == 0x33 && m->gregs[REG_RIP] > 0 &&
	       (m->gregs[REG_EFL] & 0x3200) == 0x200;
}

static void make_kernel(mcontext_t *m)
{
	m->gregs[REG_CSGSFS] = (m->gregs[REG_CSGSFS] & ~0xffffL) | 0x10;
	m->gregs[REG_EFL] |= 0x3000;
}

/* Of a stopped child; and it cannot be made the kernel's. */
static void check_stopped(pid_t child)
{
	struct user_regs_struct regs;

	must(!ptrace(PTRACE_GETREGS, child, 0, &regs));
	must(regs.cs == 0x33 && regs.ss == 0x2b, "cs %#llx", regs.cs);
	must((long)regs.rip > 0, "rip %#llx", regs.rip);
	must(regs.eflags & 0x200);
	regs.cs = 0x10;
	must(ptrace(PTRACE_SETREGS, child, 0, &regs) == -1);
}
#else
#define MODE_AND_MASKS	0x3df

static bool is_user(const mcontext_t *m)
{
	return !(m->pstate & MODE_AND_MASKS) && !(m->pc >> 48);
}

static void make_kernel(mcontext_t *m)
{
	m->pstate |= 4;		/* EL1t */
}

static void check_stopped(pid_t child)
{
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };

	must(!ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &iov));
	must(!(regs.pstate & MODE_AND_MASKS), "pstate %#llx", regs.pstate);
	must(!(regs.pc >> 48), "pc %#llx", regs.pc);
	regs.pstate |= 4;
	must(ptrace(PTRACE_SETREGSET, child, NT_PRSTATUS, &iov) == -1);
}
#endif

static void on_alarm(int signo, siginfo_t *info, void *context)
{
	mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;

	(void)signo;
	(void)info;
	signals++;
	if (!is_user(m))
		bad++;
	if (change)
		make_kernel(m);
}

static void on_segv(int signo)
{
	(void)signo;
	_exit(3);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO };
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	int status;
	pid_t child;

	sigaction(SIGALRM, &action, NULL);
	kel_elevate(KELEVATE_STICKY);
	setitimer(ITIMER_REAL, &often, NULL);
	for (double start = kel_now(); kel_now() < start + 2 || (signals <= 100 && kel_now() < start + 60);)
		for (int i = 0; i < 1000; i++)
			kel_touch();
	must(signals > 100, "%d", signals);
	must(!bad, "%d of %d contexts are not of user mode", bad, signals);
	setitimer(ITIMER_REAL, &(struct itimerval){ }, NULL);

	/* of a process that nobody granted: it must not end up elevated */
	status = in_child({
		must(kel(KELEVATE_GRANT, KELEVATE_GRANT_REVOKE, NULL) == 0);
		must(kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL) == 0);
		signal(SIGSEGV, on_segv);
		change = true;
		raise(SIGALRM);
		must(cpl() == 3);
	});
	must(WIFEXITED(status) || WIFSIGNALED(status), "%#x", status);
	must(status == 0 || WIFSIGNALED(status) || WEXITSTATUS(status) == 3, "%#x", status);

	child = fork();
	if (!child) {
		must(!ptrace(PTRACE_TRACEME, 0, 0, 0));
		raise(SIGSTOP);
		for (;;)
			kel_touch();
	}
	must(waitpid(child, &status, 0) == child && WIFSTOPPED(status), "%#x", status);
	must(!ptrace(PTRACE_CONT, child, 0, 0));
	for (int i = 0; i < 100; i++) {
		usleep(3000);
		kill(child, SIGSTOP);
		must(waitpid(child, &status, 0) == child && WIFSTOPPED(status), "%#x", status);
		check_stopped(child);
		must(!ptrace(PTRACE_CONT, child, 0, 0));
	}
	kill(child, SIGKILL);
	return 0;
}
