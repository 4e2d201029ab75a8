// SPDX-License-Identifier: GPL-2.0
/*
 * A tracer that puts kelevate calls in the place of its tracee's own gets what
 * the tracee may have, and not what the tracer may: EPERM and no address.
 */
#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include "kel.h"

static pid_t tracee;
static struct kelevate_info *info;	/* at the same address in the tracee */

static void nobody(void)
{
	must(!setgid(65534) && !setuid(65534));
}

/* The tracee at its next system call's entry or exit. */
static struct user_regs_struct stop(int which)
{
	struct __ptrace_syscall_info call;
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };
	int status;

	do {
		must(!ptrace(PTRACE_SYSCALL, tracee, 0, 0));
		must(waitpid(tracee, &status, 0) == tracee);
		must(WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80), "%#x", status);
		must(ptrace(PTRACE_GET_SYSCALL_INFO, tracee, sizeof(call), &call) > 0);
	} while (call.op != which);
	must(!ptrace(PTRACE_GETREGSET, tracee, NT_PRSTATUS, &iov));
	return regs;
}

/* The tracee's next getppid is this call of kelevate: what it returns. */
static long inject(unsigned int op, unsigned long flags, void *arg)
{
	struct user_regs_struct regs = stop(PTRACE_SYSCALL_INFO_ENTRY);
	struct iovec iov = { &regs, sizeof(regs) };
#ifdef __x86_64__
	must(regs.orig_rax == SYS_getppid, "%lld", regs.orig_rax);
	regs.orig_rax = kel_nr();
	regs.rdi = op;
	regs.rsi = flags;
	regs.rdx = (unsigned long)arg;
	must(!ptrace(PTRACE_SETREGSET, tracee, NT_PRSTATUS, &iov));
	regs = stop(PTRACE_SYSCALL_INFO_EXIT);
	must(regs.cs == 0x33, "CS %#llx", regs.cs);
	return regs.rax;
#else
	int nr = kel_nr();
	struct iovec call = { &nr, sizeof(nr) };

	must(regs.regs[8] == SYS_getppid, "%lld", regs.regs[8]);
	regs.regs[0] = op;
	regs.regs[1] = flags;
	regs.regs[2] = (unsigned long)arg;
	must(!ptrace(PTRACE_SETREGSET, tracee, NT_PRSTATUS, &iov));
	must(!ptrace(PTRACE_SETREGSET, tracee, NT_ARM_SYSTEM_CALL, &call));
	regs = stop(PTRACE_SYSCALL_INFO_EXIT);
	must((regs.pstate & 0xf) == 0, "PSTATE %#llx", regs.pstate);
	return regs.regs[0];
#endif
}

static void trace(const char *who)
{
	struct kelevate_symbol *symbol = (void *)(info + 1);
	struct kelevate_call *call = (void *)(symbol + 1);
	int status;

	must(!ptrace(PTRACE_SEIZE, tracee, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), "%s", who);
	must(!ptrace(PTRACE_INTERRUPT, tracee, 0, 0) && waitpid(tracee, &status, 0) == tracee);
	stop(PTRACE_SYSCALL_INFO_EXIT);
	must(inject(KELEVATE_ELEVATE, 0, NULL) == -EPERM, "%s", who);
	must(inject(KELEVATE_ELEVATE, KELEVATE_STICKY, NULL) == -EPERM, "%s", who);
	must(inject(KELEVATE_ELEVATE, KELEVATE_STICKY | KELEVATE_BRACKETED, NULL) == -EPERM, "%s", who);
	must(inject(KELEVATE_GRANT, KELEVATE_GRANT_SELF, NULL) == -EPERM, "%s", who);
	must(inject(KELEVATE_GRANT, KELEVATE_GRANT_EXEC, NULL) == -EPERM, "%s", who);
	must(inject(KELEVATE_RESOLVE, 0, symbol) == -EPERM && !symbol->address, "%s", who);
	must(inject(KELEVATE_CALL, 0, call) == -EPERM, "%s", who);
	must(inject(KELEVATE_QUERY, 0, info) == 0, "%s", who);
	must(info->size == sizeof(*info) && info->state == 0 && info->gate == 0, "%s: %#llx, %#llx", who,
	     info->state, info->gate);
	must(!kill(tracee, SIGKILL) && waitpid(tracee, &status, 0) == tracee);
}

static void start(void)
{
	struct kelevate_symbol *symbol = (void *)(info + 1);
	struct kelevate_call *call = (void *)(symbol + 1);
	volatile bool *begun = (void *)(call + 1);

	memset(info, 0, 4096);
	*info = (struct kelevate_info){ .size = sizeof(*info), .abi = KELEVATE_ABI };
	*symbol = (struct kelevate_symbol){ .size = sizeof(*symbol), .name = "jiffies" };
	*call = (struct kelevate_call){ .size = sizeof(*call) };
	tracee = fork();
	if (!tracee) {
		nobody();
		*begun = true;
		for (;;)
			gate_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0);
	}
	while (!*begun)
		usleep(1000);
}

int main(void)
{
	if (!(kel_query().state & KELEVATE_S_CAPABLE))
		skip("not root");
	info = shared(4096);
	start();
	trace("root traces nobody");

	/* not forked after the grant: a child would have it */
	start();
	must(kel(KELEVATE_GRANT, KELEVATE_GRANT_SELF, NULL) == 0);
	kel_elevate(KELEVATE_STICKY);
	trace("a symbiote traces nobody");
	return 0;
}
