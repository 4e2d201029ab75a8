/* SPDX-License-Identifier: GPL-2.0 */
/*
 * shim.h - what the shim's files share
 *
 * calls.def	the list of interposed calls
 * wrappers.c	one function per call, generated from the list
 * thread.c	what a thread does whose call cannot take the gate at once
 * init.c	the constructor: from environment to elevated main thread
 * env.c	the SYMBIOTE_ variables
 * log.c	lines on stderr
 * stats.c	symbiote_stats
 *
 * A static program has no use for LD_PRELOAD, and ld.so ignores it in secure
 * execution (setuid, file capabilities) unless the library is in a system
 * directory and setuid itself. Those programs run as ever, without the shim.
 *
 * Whatever a wrapper can reach is async-signal-safe: no allocation, no stdio,
 * no locks. Only the constructor may use more of libc.
 */
#ifndef SYMBIOTE_SHIM_H
#define SYMBIOTE_SHIM_H

#include <features.h>
#include <stdbool.h>
#include <stdint.h>

#if __GLIBC_PREREQ(2, 34)
#include <sys/single_threaded.h>
#pragma weak __libc_single_threaded	/* musl has none, see stage_libc() */
#else
#define __libc_single_threaded	0	/* libpthread is apart: see pthread_cancel */
#endif

#include "stats.h"

#define SYMBIOTE_VERSION	"0.1.0"

/* Nothing in here is seen from outside, so it needs no detour by the GOT. */
#pragma GCC visibility push(hidden)

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

/* Index of each call, and its bit in a mask of calls. */
#define CALL(ret, name, ...) CALL_##name,
enum call {
#include "calls.def"
	NR_CALLS
};
_Static_assert(NR_CALLS <= SYMBIOTE_CALLS_MAX, "a mask has a bit for each call");

#define CALL_BIT(call)	(UINT64_C(1) << (call))

/*
 * One per thread. All zero in a new thread, copied by fork (the child of a
 * sticky thread is sticky) and shared with a vfork child (which is as well).
 */
enum thread_state {
	THREAD_UNKNOWN,
	THREAD_STICKY,
	THREAD_REFUSED,
};

struct thread {
	uint64_t calls;			/* calls this thread sends to the gate */
	enum thread_state state;
};

extern __thread struct thread symbiote_thread
	__attribute__((tls_model("initial-exec")));

/* init.c: constant from the end of the constructor on. */
struct process {
	const void *gate;
	long nr;			/* the kelevate system call */
	unsigned long elevate_flags;
	uint64_t calls;			/* calls that take the gate */
	uint64_t others;		/* calls that another library has, too */
	uint8_t reason[NR_CALLS];	/* why the others do not */
	bool all_inherit;		/* see thread.c */
	bool libc_cancels;		/* see wrappers.c */
	bool fstat_by_path;		/* likewise */
};

extern struct process symbiote_process;

/*
 * wrappers.c: finds what the calls would be without the shim. Returns those
 * that are not libc's own.
 */
uint64_t symbiote_resolve_next(void);

/* thread.c */
bool symbiote_enter(enum call call);
int symbiote_elevate(void);

#define ALL_CALLS	(CALL_BIT(NR_CALLS - 1) | (CALL_BIT(NR_CALLS - 1) - 1))

/* stats.c */
extern struct symbiote_stats symbiote_stats
	__attribute__((visibility("default")));

void symbiote_stats_start(const char *libc_version);
void symbiote_stats_forget_in_children(void);
void symbiote_stats_mode(enum symbiote_mode mode);
void symbiote_stats_module(uint32_t abi, const char *version);
void symbiote_stats_status(enum symbiote_status status, int error);
void symbiote_count(enum call call, enum symbiote_reason reason);
bool symbiote_own_process(void);
const char *symbiote_call_name(enum call call);

/* log.c */
void symbiote_log(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#pragma GCC visibility pop

#endif /* SYMBIOTE_SHIM_H */
