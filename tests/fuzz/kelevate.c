// SPDX-License-Identifier: GPL-2.0
/*
 * Random calls of kelevate: every operation and unknown ones, flags, sizes and
 * contents of structures, pointers of every kind; by system call and by the
 * gate; in threads that come and go, in children, vfork children and after exec;
 * elevate, lower, forget, grant, revoke in any order with gate calls between,
 * under a signal's handler, a seccomp filter and another user. As root and as
 * nobody, who gets nothing.
 *
 *	kelevate [--seed N] [--seconds N]
 *
 * KELEVATE_CALL calls what it is told to: it gets one function that does no
 * harm, or a structure that is refused.
 */
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include "elevate/kel.h"

extern char **environ;

#define PAGE	4096
#define NOBODY	65534

static bool nobody;			/* what we run as: must not get anything */
static int fds[2];			/* a pipe that never blocks */
static unsigned char fast[] = { 0xcd, 0, 0xc3 };	/* int $vector; ret */
static void (*volatile fast_code)(void);
static volatile unsigned long gate_address, safe_function;
static __thread sigjmp_buf back;
static __thread volatile bool armed;	/* back is valid */

struct memory {				/* each thread's own */
	uint64_t random;
	unsigned char *page;		/* nothing before it, nothing behind it */
	unsigned char *call;		/* only for KELEVATE_CALL, the same */
};

static unsigned int pick(struct memory *m, unsigned int n)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return (m->random >> 20) % n;
}

#define ONE_OF(m, array)	((array)[pick(m, sizeof(array) / sizeof(*(array)))])

/*
 * What is not allowed where we are: the gate for a thread that is not sticky,
 * the vector, a privileged instruction. Nothing else of ours can fault.
 */
static void on_fault(int signo)
{
	if (!armed)
		_exit(100 + signo);
	siglongjmp(back, 1);
}

static void on_alarm(int signo)
{
	char byte;

	(void)signo;
	(void)!read(fds[0], &byte, 1);
}

static unsigned char *alone(size_t size)
{
	unsigned char *at = mmap(NULL, size + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || mprotect(at + PAGE, size, PROT_READ | PROT_WRITE))
		_exit(99);
	return at + PAGE;
}

static bool documented(long ret)
{
	static const int errors[] = {
		EINVAL, EPERM, EFAULT, E2BIG, ESRCH, ENOENT, EPROTONOSUPPORT, EBUSY, EOPNOTSUPP, ENOMEM, ENODEV,
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (ret == -errors[i])
			return true;
	return ret == 0;
}

static const unsigned int sizes[] = {
	[KELEVATE_QUERY] = sizeof(struct kelevate_info),
	[KELEVATE_STAT] = sizeof(struct kelevate_stat),
	[KELEVATE_ROW] = sizeof(struct kelevate_row),
	[KELEVATE_RESOLVE] = sizeof(struct kelevate_symbol),
	[KELEVATE_CALL] = sizeof(struct kelevate_call),
	[KELEVATE_NULL] = 8,
};

/* The structure of an operation, more or less; its size as it says. */
static unsigned char *make_struct(struct memory *m, unsigned int op, unsigned int *size)
{
	static const unsigned int odd_sizes[] = { 0, 1, 7, 8, 9, 12, 15, 16, 64, PAGE - 1, PAGE, PAGE + 1, -1U };
	static const char *const names[] = { "ksys_read", "schedule", "no_such_symbol", "", "__x64_sys_read" };
	unsigned int real = op <= KELEVATE_NULL ? sizes[op] : 0, room;
	unsigned char *at;

	*size = real + (pick(m, 4) ? 0 : pick(m, 65) - 32);
	if (!real || !pick(m, 8))
		*size = pick(m, 3) ? ONE_OF(m, odd_sizes) : pick(m, 2 * PAGE);
	room = *size <= PAGE ? *size : PAGE;
	at = m->page + (pick(m, 3) ? PAGE - room : pick(m, PAGE - room + 1));	/* often to the very end */

	memset(m->page, 0, PAGE);
	if (!pick(m, 3))
		for (unsigned int n = pick(m, 20); n && room; n--)
			at[pick(m, room)] = pick(m, 256);
	if (room >= 4)
		memcpy(at, size, 4);	/* what it is to be held to: see below */
	if (room >= 8)
		*(uint32_t *)(at + 4) = op == KELEVATE_QUERY || op == KELEVATE_STAT ?
			(pick(m, 10) ? KELEVATE_ABI : pick(m, 5)) : op == KELEVATE_ROW ? pick(m, 100) : 0;
	if (op == KELEVATE_STAT && room >= 16)
		*(int *)(at + 8) = pick(m, 2) ? 0 : pick(m, 2) ? getpid() : (int)pick(m, 40000) - 1;
	if (op == KELEVATE_RESOLVE && room >= 64) {
		if (pick(m, 4))
			strcpy((char *)at + 8, ONE_OF(m, names));
		else
			for (unsigned int i = 8; i < room && i < 136; i++)
				at[i] = pick(m, 256);
	}
	return at;
}

static void *any_pointer(struct memory *m, unsigned char *good)
{
	void *const bad[] = {
		NULL, (void *)8, m->page - PAGE, m->page + PAGE, m->page + PAGE - 4, m->page + PAGE - 8,
		(void *)0xffffffff81000000, (void *)0xffff888000000000, (void *)0x8000000000000000,
		(void *)0x7ffffffff000, (void *)0x7fffffffeffc, (void *)-1, (void *)-8, (void *)sizes,
	};

	return pick(m, 5) ? good : ONE_OF(m, bad);
}

/* For KELEVATE_CALL: the safe function, or what is refused before it is called. */
static void *call_pointer(struct memory *m)
{
	struct kelevate_call *c = (void *)(m->call + PAGE - sizeof(*c));
	void *const bad[] = { NULL, (void *)8, m->page - PAGE, m->page + PAGE, (void *)0xffffffff81000000 };

	memset(c, 0, sizeof(*c));
	c->size = sizeof(*c);
	c->function = safe_function;
	switch (safe_function ? pick(m, 5) : 1) {
	case 0:
		return ONE_OF(m, bad);
	case 1:
		c->size = pick(m, sizeof(*c));
		break;
	case 2:
		c->resv0 = 1 + pick(m, 1000);
		break;
	case 3:
		c->resv[pick(m, 2)] = 1 + pick(m, 1000);
		break;
	}
	return c;
}

static long by(struct memory *m, bool gate, long nr, long a, long b, long c)
{
	(void)m;
	if (!gate)
		return gate_syscall(nr, a, b, c, 0, 0, 0);
	return gate_call((void *)gate_address, nr, a, b, c, 0, 0, 0);
}

/* Where there is a kernel address that was not there before, or -1. */
static int new_address(const unsigned char *before, const unsigned char *now)
{
	uint64_t old, word;

	if (!memcmp(before, now, PAGE))
		return -1;
	for (int i = 0; i + (int)sizeof(word) <= PAGE; i++) {
		memcpy(&old, before + i, sizeof(old));
		memcpy(&word, now + i, sizeof(word));
		if (word != old && word >= 0xffff800000000000)
			return i;
	}
	return -1;
}

static void call_kelevate(struct memory *m)
{
	static const unsigned int common[] = {
		KELEVATE_ELEVATE, KELEVATE_ELEVATE, KELEVATE_ELEVATE, KELEVATE_LOWER, KELEVATE_GRANT, KELEVATE_QUERY,
	};
	unsigned int op = pick(m, 3) ? ONE_OF(m, common) : pick(m, 12), size = 0, base;
	unsigned long flags = pick(m, 3) ? 0 : pick(m, 8);
	bool gate = gate_address && !pick(m, 3);
	unsigned char before[PAGE], call_before[PAGE], *at;
	unsigned long op_register = op;
	int leak;
	void *arg;
	long ret;

	if (!pick(m, 30))
		op = op_register = 10 + pick(m, 1000000);
	if (!pick(m, 30))
		flags = 1UL << pick(m, 64);
	if (op == KELEVATE_GRANT && pick(m, 4))
		flags = 1UL << pick(m, 3);
	if (!pick(m, 30))
		op_register |= (unsigned long)pick(m, 1 << 20) << 32;	/* an unsigned int is asked for */
	at = make_struct(m, op, &size);
	/* the rest of the page is not the kernel's */
	base = at - m->page;
	for (unsigned int i = 0; i < base; i++)
		m->page[i] = 0x77;
	for (unsigned int i = base + (size <= PAGE ? size : PAGE); i < PAGE; i++)
		m->page[i] = 0x77;
	arg = op == KELEVATE_CALL ? call_pointer(m) : any_pointer(m, at);
	memcpy(before, m->page, PAGE);
	memcpy(call_before, m->call, PAGE);
	ret = by(m, gate, kel_nr(), op_register, flags, (long)arg);

	must(documented(ret), "op %u flags %#lx: %ld", op, flags, ret);
	if (arg == at) {
		for (unsigned int i = 0; i < base; i++)
			must(m->page[i] == 0x77, "op %u, size %u, byte %d", op, size, (int)i - (int)base);
		for (unsigned int i = base + (size <= PAGE ? size : PAGE); i < PAGE; i++)
			must(m->page[i] == 0x77, "op %u, size %u, byte %u", op, size, i - base);
	}
	if (op > KELEVATE_NULL)
		must(ret == -EINVAL, "op %u: %ld", op, ret);
	if (ret == 0 && op == KELEVATE_QUERY && arg == at && size >= offsetof(struct kelevate_info, vector)) {
		struct kelevate_info *info = (void *)at;

		if (info->gate)
			gate_address = info->gate;
	}
	if (nobody) {
		must(!gate_address);
		leak = new_address(before, m->page);
		must(leak < 0, "op %u flags %#lx, size %u: a kernel address in byte %d", op, flags, size,
		     leak - (int)base);
		must(new_address(call_before, m->call) < 0, "op %u flags %#lx", op, flags);
		must(ret || (op != KELEVATE_ELEVATE && op != KELEVATE_RESOLVE && op != KELEVATE_CALL),
		     "nobody may: op %u flags %#lx", op, flags);
		must(ret || op != KELEVATE_GRANT || flags == KELEVATE_GRANT_REVOKE, "nobody grants: %#lx", flags);
	}
}

static void call_other(struct memory *m)
{
	static const long numbers[] = {
		SYS_getpid, SYS_gettid, SYS_getppid, SYS_getuid, SYS_read, SYS_write, SYS_sched_yield, 1000, 511, 512,
		100000, -1, LONG_MIN, 1L << 32,
	};
	char byte = 'x';

	by(m, true, ONE_OF(m, numbers), fds[pick(m, 2)], (long)(pick(m, 5) ? &byte : NULL), pick(m, 2));
}

static void actions(struct memory *m, unsigned int n, unsigned int depth);

/* For a child process or an exec'd one. */
static const char *exe;

static void run_program(struct memory *m, bool spawn)
{
	char seed[32];
	char *argv[] = { (char *)exe, "--child", seed, NULL };
	int status;
	pid_t pid;

	snprintf(seed, sizeof(seed), "%u", pick(m, 1 << 30));
	if (spawn) {
		if (!posix_spawn(&pid, exe, NULL, NULL, argv, environ) && waitpid(pid, &status, 0) == pid)
			must(WIFEXITED(status) && !WEXITSTATUS(status), "a program: %#x", status);
	} else {
		signal(SIGALRM, SIG_IGN);	/* a timer outlives its handler */
		execv(exe, argv);
	}
}

static void *thread(void *arg)
{
	struct memory m = { .random = *(uint64_t *)arg };

	free(arg);
	m.page = alone(PAGE);
	m.call = alone(PAGE);
	actions(&m, pick(&m, 60), 3);
	munmap(m.page - PAGE, 3 * PAGE);
	munmap(m.call - PAGE, 3 * PAGE);
	return NULL;
}

static void start_thread(struct memory *m)
{
	uint64_t *seed = malloc(sizeof(*seed));
	pthread_attr_t attr;
	pthread_t id;

	*seed = ((uint64_t)pick(m, 1 << 30) << 20) + 1;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&id, &attr, thread, seed))
		free(seed);
	pthread_attr_destroy(&attr);
}

static void filter_all(void)
{
	struct sock_filter filter[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { 1, filter };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void fork_child(struct memory *m, unsigned int depth)
{
	unsigned int what = pick(m, 10), n = pick(m, 40);
	pid_t pid = fork();
	int status;

	if (pid) {
		pick(m, 2);	/* not the child's numbers */
		if (pid > 0 && waitpid(pid, &status, 0) == pid)
			must(WIFEXITED(status) && WEXITSTATUS(status) != 1 && WEXITSTATUS(status) < 100,
			     "a child: %#x", status);
		return;
	}
	if (what == 0)
		filter_all();
	if (what == 1)
		(void)!setresuid(NOBODY, NOBODY, NOBODY);
	actions(m, n, depth + 1);
	if (what == 2 || what == 3)
		run_program(m, false);
	_exit(0);
}

static void one_action(struct memory *m, unsigned int depth)
{
	struct itimerval soon = { { 0, 0 }, { 0, 1 + pick(m, 3000) } };

	switch (pick(m, 40)) {
	case 0:
		if (depth < 2)
			fork_child(m, depth);
		break;
	case 1:
		if (depth < 3)
			start_thread(m);
		break;
	case 2:
		if (!pick(m, 4) && depth < 2)
			run_program(m, true);
		break;
	case 3:
		setitimer(ITIMER_REAL, &soon, NULL);
		break;
	case 4:
		sched_yield();
		break;
	case 5:
		kel_touch();		/* a fault, or elevated */
		break;
	case 6:
		fast_code();
		break;
	case 7 ... 16:
		call_other(m);		/* without any gate: a wild jump */
		break;
	default:
		call_kelevate(m);
		break;
	}
}

static void actions(struct memory *m, unsigned int n, unsigned int depth)
{
	volatile unsigned int left = n;

	while (left--) {
		armed = true;
		if (!sigsetjmp(back, 1))
			one_action(m, depth);
		armed = false;
	}
}

/* The program of one child: some actions, and the end of all its threads. */
static void child(uint64_t seed, unsigned int n)
{
	struct memory m = { .random = seed * 2654435761 + 88172645463325252 };
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	struct sigaction alarm = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE };
	struct kelevate_info info;

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		sigaction(faults[i], &action, NULL);
	sigaction(SIGALRM, &alarm, NULL);
	signal(SIGPIPE, SIG_IGN);
	must(!pipe2(fds, O_NONBLOCK));
	m.page = alone(PAGE);
	m.call = alone(PAGE);
	nobody = geteuid() == NOBODY;
	info = kel_query();
	fast[1] = info.vector;
	fast_code = code(fast, sizeof(fast));
	if (!nobody && pick(&m, 4) && !kel(KELEVATE_GRANT, KELEVATE_GRANT_SELF, NULL)) {
		gate_address = kel_query().gate;
		safe_function = kel_resolve("ktime_get");
	}
	actions(&m, n, 0);
	_exit(0);
}

static unsigned long symbiotes(void)
{
	return kel_stat(0).symbiotes;
}

/* Who is left, and where in the kernel: for whoever has to find out why. */
static void describe_symbiotes(void)
{
	struct kelevate_stat st = { .size = sizeof(st), .abi = KELEVATE_ABI, .pid = 1 };
	char command[200];

	for (; kel(KELEVATE_STAT, KELEVATE_STAT_NEXT, &st) == 0; st.pid++) {
		printf("# %d (%s), %u threads\n", st.pid, st.comm, st.threads);
		fflush(stdout);
		sprintf(command, "cd /proc/%d && grep -E '^(State|PPid|NSpgid|Sig|Shd)' status; cat task/*/stack task/*/syscall",
			st.pid);
		if (system(command))
			printf("# gone\n");
		memset(st.resv, 0, sizeof(st.resv));
	}
}

/* Runs children until then, as root or nobody; how many. */
static unsigned long run(uint64_t *seed, double until, bool as_nobody)
{
	const char *patience = getenv("RIG_PATIENCE");
	double limit = 90 * (patience ? atof(patience) : 1);
	unsigned long n = 0;
	int status;

	while (kel_now() < until) {
		double start = kel_now();
		pid_t pid;

		fflush(stdout);
		++*seed;
		pid = fork();
		must(pid >= 0);
		if (!pid) {
			setpgid(0, 0);
			if (as_nobody)
				must(!setgid(NOBODY) && !setuid(NOBODY));
			child(*seed, 300);
		}
		while (waitpid(pid, &status, WNOHANG) == 0) {
			if (kel_now() - start > limit) {
				printf("# %d hangs\n", pid);
				describe_symbiotes();
				(void)!system("ps -eLo pid,ppid,tid,stat,pcpu,time,wchan:25,comm | grep -w exe | tail -n 30");
				fflush(stdout);
				kill(-pid, SIGABRT);
				must(false, "hangs: --only %lu%s", *seed, as_nobody ? " --nobody" : "");
			}
			usleep(2000);
		}
		kill(-pid, SIGKILL);	/* children of threads that it ended */
		must(WIFEXITED(status) && !WEXITSTATUS(status), "status %#x: --only %lu%s", status, *seed,
		     as_nobody ? " --nobody" : "");
		n++;
	}
	return n;
}

int main(int argc, char **argv)
{
	unsigned long seed = getenv("SEED") ? strtoul(getenv("SEED"), NULL, 0) : (unsigned long)time(NULL);
	unsigned long only = 0, n;
	bool as_nobody = false;
	double seconds = 20;
	int refs;

	exe = "/proc/self/exe";
	kel_nr();
	for (int i = 1; i < argc; i++) {
		const char *value = argv[i + 1] ? argv[i + 1] : "";

		if (!strcmp(argv[i], "--child"))
			child(strtoul(value, NULL, 0), 40);
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoul(value, NULL, 0);
		else if (!strcmp(argv[i], "--seconds"))
			seconds = atof(value);
		else if (!strcmp(argv[i], "--only"))
			only = strtoul(value, NULL, 0);
		else if (!strcmp(argv[i], "--nobody"))
			as_nobody = true;
	}
	if (geteuid())
		skip("needs root");
	if (only) {
		seed = only - 1;
		run(&seed, kel_now() + 0.001, as_nobody);
		return 0;
	}
	printf("# seed %lu\n", seed);
	refs = references();
	n = run(&seed, kel_now() + seconds / 2, false);
	printf("# %lu programs as root\n", n);
	n = run(&seed, kel_now() + seconds / 2, true);
	printf("# %lu programs as nobody\n", n);
	for (int i = 0; i < 100 && (symbiotes() || references() != refs); i++)
		usleep(50000);
	if (symbiotes())
		describe_symbiotes();
	must(!symbiotes(), "%lu symbiotes left", symbiotes());
	must(references() == refs, "module references: %d before, %d after", refs, references());
	return 0;
}
