// SPDX-License-Identifier: GPL-2.0
/*
 * Whoever can write to a granted process, or trace it, could elevate through it.
 * So its user cannot, however the process came to be granted and that user's:
 * by all of ptrace, /proc, process_vm_writev, pidfd_getfd. Of an ordinary
 * process the same user can do all of it.
 */
#include <linux/kcmp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include "elevate/kel.h"

#define NOBODY 65534

static volatile long *word;		/* at the same address in all of them */
static volatile pid_t *ready;

static void sleeps(void)
{
	*ready = getpid();
	for (;;)
		pause();
}

static void become_nobody(void)
{
	must(!setgid(NOBODY) && !setuid(NOBODY));
}

static bool opens(pid_t pid, const char *name, int flags)
{
	char path[64], data[8];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, flags);
	if (fd < 0)
		return false;
	/* some files say no, or nothing, only when they are read */
	ok = (flags & O_ACCMODE) != O_RDONLY || read(fd, data, sizeof(data)) > 0;
	close(fd);
	return ok;
}

#define WAYS(X) \
	X(attach, !ptrace(PTRACE_ATTACH, pid, 0, 0) && waitpid(pid, NULL, __WALL) == pid && \
		  !ptrace(PTRACE_DETACH, pid, 0, 0)) \
	X(seize, !ptrace(PTRACE_SEIZE, pid, 0, 0) && !ptrace(PTRACE_INTERRUPT, pid, 0, 0) && \
		 waitpid(pid, NULL, __WALL) == pid && !ptrace(PTRACE_DETACH, pid, 0, 0)) \
	X(mem_write, opens(pid, "mem", O_RDWR)) \
	X(vm_read, process_vm_readv(pid, &local, 1, &remote, 1, 0) == sizeof(long)) \
	X(vm_write, process_vm_writev(pid, &local, 1, &remote, 1, 0) == sizeof(long)) \
	X(maps, opens(pid, "maps", O_RDONLY)) \
	X(environ, opens(pid, "environ", O_RDONLY)) \
	X(auxv, opens(pid, "auxv", O_RDONLY)) \
	X(syscall, opens(pid, "syscall", O_RDONLY)) \
	X(pagemap, opens(pid, "pagemap", O_RDONLY)) \
	X(descriptors, opens(pid, "fd/0", O_RDONLY | O_NONBLOCK) || !access_fd(pid)) \
	X(pidfd_getfd, gets_fd(pid)) \
	X(kcmp, syscall(SYS_kcmp, getpid(), pid, KCMP_VM, 0, 0) >= 0)

static int access_fd(pid_t pid)
{
	char path[64], to[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/0", pid);
	return readlink(path, to, sizeof(to)) > 0 ? 0 : -1;
}

static bool gets_fd(pid_t pid)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0), fd;

	must(pidfd >= 0);
	fd = syscall(SYS_pidfd_getfd, pidfd, 0, 0);
	close(pidfd);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* As that user, in a process of its own. */
static void tries(pid_t pid, bool allowed, const char *what)
{
	long value = 7;
	struct iovec local = { &value, sizeof(value) }, remote = { (void *)word, sizeof(value) };

	become_nobody();
#define TRY(name, expression) { \
	bool can_ = (expression); \
	must(can_ == allowed, "%s: %s %s", what, #name, can_ ? "is possible" : "is not possible"); }
	WAYS(TRY)
}

/* Who is tried on, by `start`, which does not return. */
static void check(const char *what, bool allowed, void (*start)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		start();
		_exit(1);
	}
	while (*ready != pid) {
		must(!waitpid(pid, &status, WNOHANG), "%s: %#x", what, status);
		usleep(1000);
	}
	status = in_child(tries(pid, allowed, what));
	must(status == 0, "%s: %#x", what, status);
	must(!kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid);
}

static void executes(void)
{
	char fd[16], at[32];

	/* its memory is new, but for this */
	snprintf(fd, sizeof(fd), "%d", (int)word[1]);
	snprintf(at, sizeof(at), "%p", (void *)word);
	execl("./self", "access", fd, at, NULL);
	must(false, "%s", strerror(errno));
}

static void ordinary(void)
{
	become_nobody();
	executes();
}

static void granted_by_exec(void)
{
	must(!kel(KELEVATE_GRANT, KELEVATE_GRANT_EXEC, NULL));
	become_nobody();
	executes();
}

static void granted_and_changes(void)
{
	must(!kel(KELEVATE_GRANT, KELEVATE_GRANT_SELF, NULL));
	become_nobody();
	kel_elevate(KELEVATE_STICKY);
	sleeps();
}

static void elevated_and_changes(void)
{
	kel_elevate(KELEVATE_STICKY);
	become_nobody();
	must(gate0(SYS_getuid) == NOBODY);
	sleeps();
}

static void child_of_granted(void)
{
	kel_elevate(KELEVATE_STICKY);
	become_nobody();
	if (fork())
		for (;;)
			pause();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* a name that the parent's pid is looked for under */
	*ready = getppid();
	for (;;)
		pause();
}

static void new_user_namespace(void)
{
	kel_elevate(KELEVATE_STICKY);
	become_nobody();
	if (unshare(CLONE_NEWUSER))
		sleeps();
	sleeps();
}

static void executed_in_namespace(void)
{
	must(!kel(KELEVATE_GRANT, KELEVATE_GRANT_EXEC, NULL));
	become_nobody();
	if (!unshare(CLONE_NEWUSER))
		execl("self", "self", "namespace", NULL);
	_exit(errno == EPERM || errno == ENOSPC ? 0 : 2);	/* no namespaces for users here */
}

static void copy_self(void)
{
	char buffer[65536];
	int in = open("/proc/self/exe", O_RDONLY), out = open("self", O_CREAT | O_WRONLY, 0755);
	ssize_t n;

	must(in >= 0 && out >= 0 && !chmod(".", 0755));
	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		must(write(out, buffer, n) == n);
	close(in);
	close(out);
}

int main(int argc, char **argv)
{
	int fd;

	if (argc == 2)
		return kel_query().state & KELEVATE_S_GRANTED ? 1 : 0;
	if (argc > 2) {
		void *at;

		sscanf(argv[2], "%p", &at);
		fd = atoi(argv[1]);
		word = mmap(at, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
		must(word == at);
		ready = (void *)&word[2];
		if (kel_query().state & KELEVATE_S_GRANTED) {
			kel_elevate(KELEVATE_STICKY);
			must(gate0(SYS_getuid) == NOBODY);
		}
		sleeps();
	}
	if (!(kel_query().state & KELEVATE_S_CAPABLE))
		skip("not root");
	/* far from where anything else comes to be */
	fd = memfd_create("word", 0);
	must(fd >= 0 && !ftruncate(fd, 4096));
	word = mmap((void *)0x200000000000, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	must(word != MAP_FAILED);
	word[1] = fd;
	ready = (void *)&word[2];
	copy_self();
	check("an ordinary process", true, ordinary);
	check("granted for its exec", false, granted_by_exec);
	check("granted, changes its user", false, granted_and_changes);
	check("elevated, changes its user", false, elevated_and_changes);
	check("parent of a symbiote", false, child_of_granted);
	check("in a user namespace of its own", false, new_user_namespace);
	/* an exec there would be within reach of who is privileged there: the grant ends */
	must(in_child(executed_in_namespace()) == 0);
	return 0;
}
