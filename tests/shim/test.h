/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test.h - for programs that run under the shim
 *
 * Such a program starts itself again with the shim preloaded, and then only
 * calls libc's functions and looks at what comes back. So the same program is
 * right whether it is elevated (a guest with the module), is not (no module),
 * or has a fake module (tests/helpers/fake_module.c).
 */
#ifndef TEST_H
#define TEST_H

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stats.h"

/* Exit status 1, with file and line. */
#define must(condition, ...) \
	((condition) ? (void)0 : \
	 (fail(__FILE__, __LINE__, #condition), test_say(" " __VA_ARGS__), \
	  printf("\n"), fflush(stdout), _exit(1)))

static inline void fail(const char *file, int line, const char *condition)
{
	printf("%s:%d: not true: %s:", file, line, condition);
}

static inline __attribute__((format(printf, 1, 2)))
void test_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}

static inline __attribute__((noreturn)) void skip(const char *reason)
{
	puts(reason);
	exit(77);
}

/* The library: $SYMBIOTE_LIBRARY, the tree's, the installed one. */
static inline const char *shim_path(void)
{
	static char path[PATH_MAX + 64];
	const char *given = getenv("SYMBIOTE_LIBRARY");
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX);

	if (given)
		return given;
	if (len > 0) {
		path[len] = '\0';
		strcpy(strrchr(path, '/'), "/../../../shim/libsymbiote.so");
		if (!access(path, R_OK))
			return path;
	}
	return "/usr/local/lib/symbiote/libsymbiote.so";
}

static inline const struct symbiote_stats *shim_stats(void)
{
	static const struct symbiote_stats *stats;

	if (!stats)
		stats = dlsym(RTLD_DEFAULT, SYMBIOTE_STATS_SYMBOL);
	return stats;
}

static inline bool elevated(void)
{
	return shim_stats()->status == SYMBIOTE_STATUS_ELEVATED;
}

/* Puts the program under the shim; argv[] is kept. */
static inline void shim_start(char **argv)
{
	if (!shim_stats()) {
		if (access(shim_path(), R_OK))
			skip("there is no libsymbiote.so");
		must(!getenv("TEST_RESTARTED"), "LD_PRELOAD had no effect");
		setenv("TEST_RESTARTED", "1", 1);
		setenv("LD_PRELOAD", shim_path(), 1);
		execv("/proc/self/exe", argv);
		must(false, "execv: %s", strerror(errno));
	}
	must(shim_stats()->magic == SYMBIOTE_STATS_MAGIC);
	must(shim_stats()->version == SYMBIOTE_STATS_VERSION);
	must(shim_stats()->size == sizeof(struct symbiote_stats));
}

static inline int shim_call(const char *name)
{
	for (unsigned int i = 0; i < shim_stats()->nr_calls; i++)
		if (!strcmp(shim_stats()->call[i].name, name))
			return i;
	must(false, "no call %s", name);
	return -1;
}

/* An address that the compiler does not see through. */
static inline void *bad_pointer(void)
{
	void *pointer = (void *)8;

	__asm__("" : "+r" (pointer));
	return pointer;
}

/* How often a call did not take the gate, for one reason. */
static inline unsigned long passed_for(const char *name,
				       enum symbiote_reason reason)
{
	return shim_stats()->counts.passed[shim_call(name)][reason];
}

/* ... for all reasons. */
static inline unsigned long passed(const char *name)
{
	unsigned long sum = 0;

	for (int reason = 0; reason < SYMBIOTE_REASONS_MAX; reason++)
		sum += passed_for(name, reason);
	return sum;
}

/* System calls that newer architectures have no number for, by those they have. */
#ifdef SYS_poll
#define RAW_POLL(fds, n, ms)		SYS_poll, fds, n, ms
#define RAW_EPOLL_WAIT(fd, at, n, ms)	SYS_epoll_wait, fd, at, n, ms
#define RAW_FORK			SYS_fork
#else
#define RAW_POLL(fds, n, ms) \
	SYS_ppoll, fds, n, (&(struct timespec){ (ms) / 1000, (ms) % 1000 * 1000000L }), NULL, 8
#define RAW_EPOLL_WAIT(fd, at, n, ms)	SYS_epoll_pwait, fd, at, n, ms, NULL, 8
#define RAW_FORK			SYS_clone, SIGCHLD, 0, 0, 0, 0
#endif

#endif /* TEST_H */
