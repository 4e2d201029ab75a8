// SPDX-License-Identifier: GPL-2.0
/*
 * A symbiote that enters new namespaces, or another root directory, stays one,
 * and so do its children there; what these execute is not, and in a user
 * namespace cannot be. Its pid in a query is that of the namespace of who asks.
 */
#include <sys/stat.h>
#include "elevate/kel.h"

static void works(const char *where)
{
	char byte = 'x';
	int p[2];

	must(!pipe(p), "%s", where);
	for (int i = 0; i < 50; i++) {
		kel_touch();
		must(gate3(SYS_write, p[1], &byte, 1) == 1 && gate3(SYS_read, p[0], &byte, 1) == 1, "%s", where);
		must(gate0(SYS_getpid) == getpid() && gate0(SYS_getuid) == getuid(), "%s", where);
	}
	close(p[0]);
	close(p[1]);
}

static void execs(const char *expected)
{
	execl("/proc/self/exe", "namespaces", expected, NULL);
	_exit(120);
}

static const struct {
	const char *name;
	int flags;
} spaces[] = {
	{ "pid", CLONE_NEWPID }, { "net", CLONE_NEWNET }, { "uts", CLONE_NEWUTS }, { "ipc", CLONE_NEWIPC },
	{ "mount", CLONE_NEWNS }, { "cgroup", CLONE_NEWCGROUP }, { "time", 0x80 }, { "user", CLONE_NEWUSER },
	{ "user, pid, net", CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET },
	{ "all", CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWCGROUP },
};

/* The first process that is made after entering. */
static void inside(const char *name, bool pid)
{
	struct kelevate_stat st = { .size = sizeof(st), .abi = KELEVATE_ABI, .pid = getpid() };

	must(!pid || getpid() == 1, "%s", name);
	works(name);
	must(kel(KELEVATE_STAT, 0, &st) == 0 && st.pid == getpid() && st.threads == 1, "%s", name);
	/* a pid namespace holds no other symbiote */
	memset(&st, 0, sizeof(st));
	st.size = sizeof(st);
	st.abi = KELEVATE_ABI;
	st.pid = getpid() + 1;
	must(!pid || kel(KELEVATE_STAT, KELEVATE_STAT_NEXT, &st) == -ESRCH, "%s", name);
	must(in_child(works(name)) == 0, "%s", name);
	must(in_child(execs("can")) == 0, "%s", name);
}

static void enters(const char *name, int flags)
{
	bool user = flags & CLONE_NEWUSER;

	kel_elevate(KELEVATE_STICKY);
	kel_touch();
	must(!unshare(flags), "%s: %s", name, strerror(errno));
	works(name);
	must(!(kel_query().state & KELEVATE_S_CAPABLE) == user, "%s", name);
	must(kel(KELEVATE_GRANT, KELEVATE_GRANT_EXEC, NULL) == (user ? -EPERM : 0), "%s", name);
	must(kel(KELEVATE_GRANT, KELEVATE_GRANT_REVOKE, NULL) == 0);
	if (!user) {
		must(kel(KELEVATE_GRANT, KELEVATE_GRANT_SELF, NULL) == 0);
	} else {
		/* it gave up the grant, and cannot have it again; this thread stays elevated */
		must(kel(KELEVATE_GRANT, KELEVATE_GRANT_SELF, NULL) == -EPERM, "%s", name);
		works(name);
		return;
	}
	must(in_child(inside(name, flags & CLONE_NEWPID)) == 0, "%s", name);
}

/* What is not given up goes on in children, also where it could not be had. */
static void inherits_in_user_namespace(void)
{
	kel_elevate(KELEVATE_STICKY);
	must(!unshare(CLONE_NEWUSER | CLONE_NEWPID));
	must(in_child({
		works("child in user namespace");
		must(in_child(works("grandchild in user namespace")) == 0);
		must(in_child(execs("cannot")) == 0);
	}) == 0);
}

static void changes_root(void)
{
	kel_elevate(KELEVATE_STICKY);
	kel_touch();
	must(!mkdir("root", 0700) && !chroot("root") && !chdir("/"));
	must(access("/proc", F_OK));
	works("chroot");
	must(in_child(works("child in chroot")) == 0);
}

int main(int argc, char **argv)
{
	int status;

	if (argc > 1) {
		uint64_t state = kel_query().state;

		must(state == (!strcmp(argv[1], "can") ? KELEVATE_S_CAPABLE : 0), "%s: %#lx", argv[1], state);
		must(kel(KELEVATE_ELEVATE, KELEVATE_STICKY, NULL) == (state ? 0 : -EPERM));
		return 0;
	}
	if (!(kel_query().state & KELEVATE_S_CAPABLE))
		skip("not root");
	for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces); i++) {
		status = in_child(enters(spaces[i].name, spaces[i].flags));
		must(status == 0, "%s: %#x", spaces[i].name, status);
	}
	must(in_child(inherits_in_user_namespace()) == 0);
	must(in_child(changes_root()) == 0);
	return 0;
}
