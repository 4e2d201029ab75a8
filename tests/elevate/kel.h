/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kel.h - for programs that use the kelevate system call as it is, without
 * the shim. Raw calls return -errno.
 */
#ifndef KEL_H
#define KEL_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gate.h"
#include "kelevate.h"
#ifdef __x86_64__
#include "arch/x86.h"
#else
#include "arch/arm64.h"
#endif

static inline __attribute__((noreturn, format(printf, 3, 4)))
void kel_fail(int line, const char *what, const char *format, ...)
{
	va_list args;

	printf("line %d: not true: %s: ", line, what);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

/* must(condition[, format, values...]): exit status 1, with the line. */
#define must(condition, ...) \
	((condition) ? (void)0 : kel_fail(__LINE__, #condition, " " __VA_ARGS__))

static inline __attribute__((noreturn)) void skip(const char *reason)
{
	puts(reason);
	exit(77);
}

/* The system call's number. */
static inline int kel_nr(void)
{
	static int nr;

	if (!nr) {
		FILE *f = fopen("/sys/module/kelevate/parameters/nr", "r");

		if (!f)
			skip("the module is not loaded");
		must(fscanf(f, "%d", &nr) == 1 && nr > 0);
		fclose(f);
	}
	return nr;
}

static inline long kel(unsigned int op, unsigned long flags, void *arg)
{
	return gate_syscall(kel_nr(), op, flags, (long)arg, 0, 0, 0);
}

static inline struct kelevate_info kel_query(void)
{
	struct kelevate_info info = { .size = sizeof(info), .abi = KELEVATE_ABI };
	long ret = kel(KELEVATE_QUERY, 0, &info);

	must(ret == 0, "%ld", ret);
	return info;
}

static inline void kel_elevate(unsigned long flags)
{
	long ret = kel(KELEVATE_ELEVATE, flags, NULL);

	must(ret == 0, "ELEVATE %#lx: %ld", flags, ret);
	kel_gate = (void *)kel_query().gate;
	must(kel_gate);
}

/* A call by the gate. */
#define gate6(nr, a, b, c, d, e, f) \
	gate_call(kel_gate, nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define gate3(nr, a, b, c)	gate6(nr, a, b, c, 0, 0, 0)
#define gate0(nr)		gate6(nr, 0, 0, 0, 0, 0, 0)

static inline struct kelevate_stat kel_stat(pid_t pid)
{
	struct kelevate_stat st = { .size = sizeof(st), .abi = KELEVATE_ABI, .pid = pid };
	long ret = kel(KELEVATE_STAT, 0, &st);

	must(ret == 0, "STAT of %d: %ld", pid, ret);
	return st;
}

/* A counter of this process. */
#define kel_count(member)	(kel_stat(getpid()).member)

/* Shortcuts to this function so far, of whatever call. */
static inline uint64_t shortcuts_to(const char *function)
{
	struct kelevate_stat st = kel_stat(getpid());
	struct kelevate_row row = { .size = sizeof(row) };
	uint64_t n = 0;

	for (; kel(KELEVATE_ROW, 0, &row) == 0; row.index++) {
		if (!strcmp(row.function, function))
			n += st.rows[row.index];
	}
	return n;
}

/* How many hold the module: processes that were granted, and system calls of ours. */
static inline int references(void)
{
	FILE *f = fopen("/sys/module/kelevate/refcnt", "r");
	int n = -1;

	must(f && fscanf(f, "%d", &n) == 1);
	fclose(f);
	return n;
}

static inline unsigned long kel_resolve(const char *name)
{
	struct kelevate_symbol s = { .size = sizeof(s) };
	long ret;

	strcpy(s.name, name);
	ret = kel(KELEVATE_RESOLVE, 0, &s);
	must(ret == 0, "RESOLVE %s: %ld", name, ret);
	return s.address;
}

static inline double kel_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Waits until a thread of this process sleeps. */
static inline void wait_asleep(pid_t tid)
{
	double end = kel_now() + 20;
	char path[64], state = 0;

	sprintf(path, "/proc/self/task/%d/stat", tid);
	while (state != 'S') {
		FILE *f = fopen(path, "r");

		must(f && fscanf(f, "%*d (%*[^)]) %c", &state) == 1);
		fclose(f);
		must(kel_now() < end, "%d is %c", tid, state);
		usleep(1000);
	}
}

static inline void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	must(!sched_setaffinity(0, sizeof(set), &set), "CPU %d", cpu);
}

/* Without it a wild jump to the kernel half cannot be told from the kernel. */
static inline bool has_fsgsbase(void)
{
#ifdef __x86_64__
	return getauxval(AT_HWCAP2) & 2;
#else
	return true;		/* of no importance */
#endif
}

/* Memory that children share. */
static inline void *shared(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(at != MAP_FAILED);
	return at;
}

/* Machine code, to be called. */
static inline void *code(const void *bytes, size_t size)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(at != MAP_FAILED && size <= 4096);
	memcpy(at, bytes, size);
	must(!mprotect(at, 4096, PROT_READ | PROT_EXEC));
	__builtin___clear_cache(at, (char *)at + size);
	return at;
}

static sigjmp_buf kel_jump;
static volatile siginfo_t kel_info;

static inline void kel_handler(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	kel_info = *info;
	siglongjmp(kel_jump, 1);
}

static inline void kel_catch(void *handler, int flags)
{
	static const int signals[] = { SIGSEGV, SIGILL, SIGFPE, SIGBUS, SIGTRAP };
	static char stack[65536];
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = flags };
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };

	must(!sigaltstack(&alt, NULL));
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		must(!sigaction(signals[i], &action, NULL));
	cpl_forget();
}

/*
 * The signal that a statement raises, 0 if none; more is in kel_info. What the
 * statement changes of local variables is lost: hence no warning of it.
 */
#pragma GCC diagnostic ignored "-Wclobbered"
#define caught(statement) \
	__extension__ ({ \
		kel_catch(kel_handler, SA_SIGINFO | SA_ONSTACK); \
		kel_info.si_signo = 0; \
		if (!sigsetjmp(kel_jump, 1)) { \
			statement; \
		} \
		kel_info.si_signo; \
	})

/* A child process runs the statement; its wait status. */
#define in_child(statement) \
	__extension__ ({ \
		int status_; \
		pid_t child_; \
		fflush(stdout); \
		child_ = fork(); \
		must(child_ >= 0); \
		if (!child_) { \
			kel_catch(SIG_DFL, 0); \
			statement; \
			_exit(0); \
		} \
		must(waitpid(child_, &status_, 0) == child_); \
		status_; \
	})

#endif
