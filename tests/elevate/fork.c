// SPDX-License-Identifier: GPL-2.0
/* The children of a sticky thread, by fork, vfork, clone and as threads, use the gate at once. */
#include <linux/sched.h>
#include <spawn.h>
#include "kel.h"

static void *in_thread(void *unused)
{
	must(gate0(SYS_gettid) == gettid());
	must(cpl_privileged() == 0);
	return unused;
}

/* The first thing that the child does is to use the gate, of the same stack. */
static long first(long nr, long flags)
{
	long ret = gate_syscall(nr, flags, 0, 0, 0, 0, 0);

	if (!ret) {
		if (gate0(SYS_getpid) != gate_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0))
			gate_syscall(SYS_exit_group, 1, 0, 0, 0, 0, 0);
		kel_touch();
		gate_syscall(SYS_exit_group, 42, 0, 0, 0, 0, 0);
	}
	return ret;
}

int main(void)
{
	struct clone_args args = { .flags = 0, .exit_signal = SIGCHLD };
	char *spawned[] = { "true", NULL };
	pthread_t thread;
	int status;
	pid_t pid;

	kel_elevate(KELEVATE_STICKY);
	for (int i = 0; i < 50; i++) {
		kel_touch();
#ifdef SYS_fork
		pid = first(SYS_fork, 0);
		must(pid > 0 && waitpid(pid, &status, 0) == pid);
		must(WIFEXITED(status) && WEXITSTATUS(status) == 42, "fork: %#x", status);
		kel_touch();
		pid = first(SYS_vfork, 0);
#else
		pid = first(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD);
#endif
		must(pid > 0 && waitpid(pid, &status, 0) == pid);
		must(WIFEXITED(status) && WEXITSTATUS(status) == 42, "vfork: %#x", status);
		kel_touch();
		pid = first(SYS_clone, SIGCHLD);
		must(pid > 0 && waitpid(pid, &status, 0) == pid);
		must(WIFEXITED(status) && WEXITSTATUS(status) == 42, "clone: %#x", status);
		pid = syscall(SYS_clone3, &args, sizeof(args));
		if (!pid)
			_exit(gate0(SYS_getpid) == getpid() ? 42 : 1);
		must(pid > 0 && waitpid(pid, &status, 0) == pid);
		must(WIFEXITED(status) && WEXITSTATUS(status) == 42, "clone3: %#x", status);
		must(!pthread_create(&thread, NULL, in_thread, NULL));
		must(!pthread_join(thread, NULL));
		must(!posix_spawn(&pid, "/bin/true", NULL, NULL, spawned, NULL));
		must(waitpid(pid, &status, 0) == pid && status == 0, "spawn: %#x", status);
	}
	/* children of children, and what they count is theirs */
	must(in_child(must(in_child({
		must(kel_query().state & KELEVATE_S_STICKY);
		must(gate0(SYS_getpid) == getpid());
		must(kel_stat(getpid()).threads == 1);
	}) == 0)) == 0);
	/* a thread that was not sticky gives its child the grant only */
	must(kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL) == 0);
	must(in_child({
		must(caught(gate0(SYS_getpid)) == SIGSEGV);
		must(kel_query().state & KELEVATE_S_GRANTED);
		kel_elevate(KELEVATE_STICKY);
		must(gate0(SYS_getpid) == getpid());
	}) == 0);
	return 0;
}
