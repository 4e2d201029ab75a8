// SPDX-License-Identifier: GPL-2.0
/*
 * wrappers.c - the functions a program calls instead of libc's
 *
 * Each is generated from calls.def and goes one of three ways:
 *
 *	the gate	the thread is elevated and the call enabled
 *	the next	what the program would have called without the shim:
 *			libc's function, or another preloaded library's
 *	the kernel	before the constructor has looked for the next
 *
 * Cancellation. Most of these are cancellation points. Up to glibc 2.40 that
 * means: in a process with threads, the thread's cancel type is asynchronous
 * while it is in the kernel. pthread_setcanceltype() does the same from here,
 * and acts on a request that is already pending, as libc does. The unwinding
 * starts at the SYSCALL instruction (or behind it) and passes through these
 * frames, so they are built with unwind tables for every instruction.
 *
 * glibc 2.41 cancels only at its own SYSCALL instruction, so that a call which
 * has had its effect is never lost to a cancellation. That cannot be had from
 * out here. So from the first pthread_cancel() on, such a libc makes these
 * calls itself; a thread which the first request finds blocked in the gate is
 * cancelled as in glibc 2.40.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "gate.h"
#include "shim.h"

#define EXPORT		__attribute__((visibility("default")))
#define SIGSET_BYTES	(_NSIG / 8)	/* of the kernel's sigset_t */

/* A variadic argument that is there only with these flags. */
#define OPEN_MODE(flags, mode) \
	((flags) & O_CREAT || ((flags) & O_TMPFILE) == O_TMPFILE ? (mode) : 0)
/* Which of two calls libc makes for fstat(): a filter may allow only one of them. */
#define FSTAT_NR(fd) \
	(symbiote_process.fstat_by_path && (fd) >= 0 ? SYS_newfstatat : SYS_fstat)

/* What libc itself calls when a fortified function sees an overflow. musl has neither. */
_Noreturn void __chk_fail(void) __attribute__((weak));

/*
 * The functions have names of their own and take libc's in the symbol table
 * only: libc's headers declare those with attributes (nonnull, transparent
 * unions, fortified bodies) that would get in the way.
 */
#define CALL(ret, name, nr, params, ...) \
	EXPORT ret shim_##name params __asm__(#name);
#define ALIAS(ret, name, call, params, ...) \
	EXPORT ret shim_##name params __asm__(#name);
#define CHECKED(ret, name, call, params, ...) \
	EXPORT ret shim_##name params __asm__(#name);
#include "calls.def"

/* What comes after the shim in the program's search order. */
#define CALL(ret, name, ...) __typeof__(&shim_##name) name;
#define ALIAS CALL
#define CHECKED CALL
static struct {
#include "calls.def"
} next;

/* Set by the first pthread_cancel(). */
static bool cancel_used;

/* Whether this thread cannot be cancelled by anyone. */
static inline bool alone(void)
{
	/*
	 * A process without threads can cancel its only one: libc forgets
	 * then that it is alone, but does not always say so.
	 */
	return __libc_single_threaded &&
	       !__atomic_load_n(&cancel_used, __ATOMIC_RELAXED);
}

/* A cancellation point, by the gate or, when that is NULL, by the kernel. */
static __attribute__((noinline))
long call_cancellable(const void *gate, long nr, long a1, long a2, long a3,
		      long a4, long a5, long a6)
{
	long result;
	int type;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	result = gate ? gate_call(gate, nr, a1, a2, a3, a4, a5, a6) :
			gate_syscall(nr, a1, a2, a3, a4, a5, a6);
	pthread_setcanceltype(type, NULL);
	return result;
}

/*
 * The gate, if this call may take it. NULL: the next function makes the call,
 * and the reason is counted.
 */
static const void *take_gate(enum call call)
{
	if (!(symbiote_thread.calls & CALL_BIT(call)) && !symbiote_enter(call))
		return NULL;
	if (symbiote_process.libc_cancels &&
	    __atomic_load_n(&cancel_used, __ATOMIC_RELAXED)) {
		symbiote_count(call, SYMBIOTE_REASON_CANCEL);
		return NULL;
	}
	return symbiote_process.gate;
}

/* Out of line, or every wrapper would keep registers for it. */
static __attribute__((noinline, cold)) long fail(long error)
{
	errno = -error;
	return -1;
}

static inline long result(long value)
{
	return likely((unsigned long)value < -4095UL) ? value : fail(value);
}

/* Up to six arguments of any type, as the kernel takes them. */
#define ARGS_(a, b, c, d, e, f, ...) \
	(long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)
#define ARGS(...)	ARGS_(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

/*
 * Our own function of a name that somebody else's may have in the symbol table:
 * whom a fortified call or another name stands for is not looked up by name.
 */
#define OWN(name)							\
static __typeof__(shim_##name) own_##name				\
	__attribute__((alias(#name), unused));

/*
 * The exported function is only the way everybody hopes for, without a frame
 * of its own; the rest is out of line.
 */
#define CALL(ret, name, nr, params, names, args)			\
static __attribute__((noinline)) ret other_##name params		\
{									\
	const void *gate = take_gate(CALL_##name);			\
									\
	if (!gate && likely(next.name))					\
		return next.name names;					\
	return result(call_cancellable(gate, nr, ARGS args));		\
}									\
									\
ret shim_##name params							\
{									\
	if (likely(symbiote_thread.calls & CALL_BIT(CALL_##name)) &&	\
	    likely(alone()))						\
		return result(gate_call(symbiote_process.gate, nr,	\
					ARGS args));			\
	return other_##name names;					\
}									\
OWN(name)

#define PLAIN(ret, name, nr, params, names, args)			\
static __attribute__((noinline)) ret other_##name params		\
{									\
	if ((symbiote_thread.calls & CALL_BIT(CALL_##name)) ||		\
	    symbiote_enter(CALL_##name))				\
		return result(gate_call(symbiote_process.gate, nr,	\
					ARGS args));			\
	if (likely(next.name))						\
		return next.name names;					\
	return result(gate_syscall(nr, ARGS args));			\
}									\
									\
ret shim_##name params							\
{									\
	if (likely(symbiote_thread.calls & CALL_BIT(CALL_##name)))	\
		return result(gate_call(symbiote_process.gate, nr,	\
					ARGS args));			\
	return other_##name names;					\
}									\
OWN(name)

/* Where another library has one of a call's names, each goes its own way. */
#define IF_OTHERS(name, call, names)					\
	if (unlikely(symbiote_process.others & CALL_BIT(CALL_##call)) && \
	    next.name) {						\
		symbiote_count(CALL_##call,				\
			       symbiote_process.reason[CALL_##call]);	\
		return next.name names;					\
	}

#define ALIAS(ret, name, call, params, names)				\
ret shim_##name params							\
{									\
	IF_OTHERS(name, call, names)					\
	return own_##call names;					\
}

#define CHECKED(ret, name, call, params, names, args, overflow)		\
ret shim_##name params							\
{									\
	IF_OTHERS(name, call, names)					\
	if (unlikely(overflow))						\
		__chk_fail();						\
	return own_##call args;						\
}

#include "calls.def"

/* Whether a function is libc's own: libpthread was part of it up to 2.33. */
static bool from_libc(void *function)
{
	Dl_info info;
	const char *file;

	if (!dladdr(function, &info) || !info.dli_fname)
		return false;
	file = strrchr(info.dli_fname, '/');
	file = file ? file + 1 : info.dli_fname;
	return !strncmp(file, "libc.so", 7) || !strncmp(file, "libc-2", 6) ||
	       !strncmp(file, "libpthread", 10);
}

static void *resolve(const char *name, bool *libc)
{
	void *function = dlsym(RTLD_NEXT, name);

	*libc = !function || from_libc(function);
	return function;
}

#if __GLIBC_PREREQ(2, 34)
/*
 * Interposed to know that there is cancellation in this process. Unlike the
 * others it may look for libc's function: it need not be async-signal-safe.
 *
 * Older libcs have it in libpthread, which may come late and be local to who
 * wanted it, and programs take its presence for that of libpthread. With these
 * every thread counts as one that may be cancelled.
 */
EXPORT int shim_pthread_cancel(pthread_t thread) __asm__("pthread_cancel");
int shim_pthread_cancel(pthread_t thread)
{
	static __typeof__(&shim_pthread_cancel) next_cancel;
	bool libc;

	__atomic_store_n(&cancel_used, true, __ATOMIC_SEQ_CST);
	if (!next_cancel)
		next_cancel = (__typeof__(next_cancel))
			      resolve("pthread_cancel", &libc);
	return next_cancel(thread);
}
#endif

/*
 * Finds what every call would be without the shim. Another library that
 * interposes a call (a proxy, a sanitizer) has to go on seeing it, which a
 * call by the gate would deny it: those calls are returned as a mask, whichever
 * of their names it has.
 */
uint64_t symbiote_resolve_next(void)
{
	uint64_t others = 0;
	bool libc;

#define CALL(ret, name, ...)						\
	next.name = (__typeof__(next.name))resolve(#name, &libc);	\
	if (!libc)							\
		others |= CALL_BIT(CALL_##name);
#define ALIAS(ret, name, call, ...)					\
	next.name = (__typeof__(next.name))resolve(#name, &libc);	\
	if (!libc)							\
		others |= CALL_BIT(CALL_##call);
#define CHECKED ALIAS
#include "calls.def"
	return others;
}
