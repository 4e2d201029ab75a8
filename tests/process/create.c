// SPDX-License-Identifier: GPL-2.0
/*
 * Every way to make a child, from every state that a thread can be in: what the
 * child inherits, that it is lost with the child's exec, and that the parent's
 * own state stays.
 */
#include <linux/sched.h>
#include <spawn.h>
#include "elevate/kel.h"

#define STATE_BITS (KELEVATE_S_GRANTED | KELEVATE_S_GRANT_EXEC | KELEVATE_S_STICKY | KELEVATE_S_KADDR | \
		    KELEVATE_S_BRACKETED)

static const struct from {
	const char *name;
	bool granted;
	long flags;		/* of ELEVATE, -1: none */
	unsigned long inherited;
} froms[] = {
	{ "a bystander", false, -1, 0 },
	{ "granted", true, -1, KELEVATE_S_GRANTED },
	{ "one-shot", true, 0, KELEVATE_S_GRANTED },
	{ "sticky", true, KELEVATE_STICKY, KELEVATE_S_GRANTED | KELEVATE_S_STICKY },
	{ "bracketed", true, KELEVATE_STICKY | KELEVATE_BRACKETED,
	  KELEVATE_S_GRANTED | KELEVATE_S_STICKY | KELEVATE_S_BRACKETED },
	{ "KADDR", true, KELEVATE_STICKY | KELEVATE_KADDR,
	  KELEVATE_S_GRANTED | KELEVATE_S_STICKY | KELEVATE_S_KADDR },
};

enum way { FORK, VFORK, CLONE, CLONE_SHARED, CLONE_VFORKED, CLONE_PARENTS, CLONE3, CLONE3_CLEAR, SPAWN, NR_WAYS };
static const char *const way_names[] = {
	"fork", "vfork", "clone", "clone with VM, FILES, FS, SIGHAND", "clone with VM, VFORK",
	"clone with PARENT", "clone3 with PIDFD", "clone3 with CLEAR_SIGHAND", "posix_spawn",
};

static const struct from *from;
static bool then_exec;
static char stack[65536] __attribute__((aligned(16)));
static pid_t parent_tid;

/* What a child does; its exit status. It may share its parent's memory. */
static int child(void *unused)
{
	uint64_t state = kel_query().state & STATE_BITS;

	(void)unused;
	if (state != from->inherited)
		return 2;
	if ((state & KELEVATE_S_STICKY) && gate0(SYS_getppid) != getppid())
		return 3;
	if ((state & KELEVATE_S_STICKY) && !(state & KELEVATE_S_BRACKETED) && cpl_privileged())
		return 4;
	if (then_exec) {
		execl("/proc/self/exe", "create", "executed", NULL);
		return 5;
	}
	return 42;
}

/* The first thing that is done, of one stack for both: hence inline. */
#define raw_child(...)	raw_child_(__VA_ARGS__)
#define raw_child_(nr, flags) \
	__extension__ ({ \
		long pid_ = gate_syscall(nr, flags, 0, 0, 0, 0, 0); \
		if (!pid_) \
			gate_syscall(SYS_exit_group, child(NULL), 0, 0, 0, 0, 0); \
		pid_; \
	})

#ifdef SYS_fork
#define RAW_FORK	SYS_fork, 0
#define RAW_VFORK	SYS_vfork, 0
#else
#define RAW_FORK	SYS_clone, SIGCHLD
#define RAW_VFORK	SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD
#endif

static __attribute__((noinline)) long vforked(void)
{
	return raw_child(RAW_VFORK);
}

static pid_t make(enum way way)
{
	char *top = stack + sizeof(stack);
	char *args[] = { "create", "executed", NULL };
	struct clone_args c = { .exit_signal = SIGCHLD };
	int pidfd = -1;
	pid_t pid;

	switch (way) {
	case FORK:
		return raw_child(RAW_FORK);
	case VFORK:
		return vforked();
	case CLONE:
		return raw_child(SYS_clone, SIGCHLD);
	case CLONE_PARENTS:
		return raw_child(SYS_clone, CLONE_PARENT | SIGCHLD);
	case CLONE_SHARED:
		return clone(child, top, CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND | SIGCHLD, NULL);
	case CLONE_VFORKED:
		return clone(child, top, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	case CLONE3:
		c.flags = CLONE_PIDFD;
		c.pidfd = (unsigned long)&pidfd;
		pid = gate_syscall(SYS_clone3, (long)&c, sizeof(c), 0, 0, 0, 0);
		if (!pid)
			_exit(child(NULL));
		close(pidfd);
		return pid;
	case CLONE3_CLEAR:
		c.flags = CLONE_CLEAR_SIGHAND;
		pid = gate_syscall(SYS_clone3, (long)&c, sizeof(c), 0, 0, 0, 0);
		if (!pid)
			_exit(child(NULL));
		return pid;
	case SPAWN:
		must(!posix_spawn(&pid, "/proc/self/exe", NULL, NULL, args, environ));
		return pid;
	case NR_WAYS:
		break;
	}
	return -1;
}

/* In a process of its own, in its main thread or another one. */
static void *parent(void *arg)
{
	enum way way = (long)arg;

	parent_tid = gettid();
	if (from->granted)
		must(!kel(KELEVATE_GRANT, KELEVATE_GRANT_SELF, NULL));
	if (from->flags >= 0)
		kel_elevate(from->flags);
	for (int elevated = 0; elevated < 2; elevated++) {
		uint64_t before = kel_query().state & STATE_BITS;
		int status, wanted = then_exec || way == SPAWN ? 43 : 42;
		pid_t pid;

		if (elevated && (before & KELEVATE_S_STICKY) && !(before & KELEVATE_S_BRACKETED))
			kel_touch();
		pid = make(way);
		must(pid > 0, "%s", way_names[way]);
		if (way != CLONE_PARENTS) {
			must(waitpid(pid, &status, __WALL) == pid);
			must(WIFEXITED(status) && WEXITSTATUS(status) == wanted, "%s, %s%s: %#x", from->name,
			     way_names[way], then_exec ? ", exec" : "", status);
		}
		must((kel_query().state & STATE_BITS) == before);
		if (before & KELEVATE_S_STICKY)
			must(gate0(SYS_gettid) == parent_tid);
	}
	return NULL;
}

static void run(enum way way, bool in_thread)
{
	int status, orphans = 0;

	status = in_child({
		pthread_t thread;

		if (in_thread) {
			must(!pthread_create(&thread, NULL, parent, (void *)(long)way));
			must(!pthread_join(thread, NULL));
		} else {
			parent((void *)(long)way);
		}
	});
	must(status == 0, "%s, %s: %#x", from->name, way_names[way], status);
	/* those of CLONE_PARENT are ours */
	while (waitpid(-1, &status, __WALL) > 0) {
		must(WIFEXITED(status) && WEXITSTATUS(status) == (then_exec ? 43 : 42), "%s, %s%s: %#x",
		     from->name, way_names[way], then_exec ? ", exec" : "", status);
		orphans++;
	}
	must(orphans == (way == CLONE_PARENTS ? 2 : 0), "%d", orphans);
}

int main(int argc, char **argv)
{
	int n = 0;

	if (argc > 1 && !strcmp(argv[1], "executed")) {
		struct kelevate_info info = kel_query();

		return info.gate || (info.state & STATE_BITS) ? 6 : 43;
	}
	if (!(kel_query().state & KELEVATE_S_CAPABLE))
		skip("not root");
	for (size_t i = 0; i < sizeof(froms) / sizeof(*froms); i++)
		for (int way = 0; way < NR_WAYS; way++)
			for (int how = 0; how < 3; how++) {
				from = &froms[i];
				then_exec = how & 1;
				run(way, how & 2);
				n++;
			}
	printf("# %d combinations\n", n);
	return 0;
}
