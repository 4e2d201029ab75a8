// SPDX-License-Identifier: GPL-2.0
/*
 * init.c - from a freshly loaded library to an elevated main thread
 *
 * The stages run in the order of the table at the end. Each says how it went;
 * the first that is not satisfied ends the start-up with its status, and the
 * program runs as it would without the shim: every call goes to libc.
 *
 * Until the constructor runs, calls are plain system calls (wrappers.c). It
 * may run after the constructors of other libraries, and after they made
 * threads.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "env.h"
#include "gate.h"
#include "kelevate.h"
#include "shim.h"

#define NUMBER_FILE	"/sys/module/kelevate/parameters/nr"
#define EXIT_OWN_FAILURE	125

#pragma weak gnu_get_libc_version	/* musl has none, see stage_libc() */

struct process symbiote_process;

static struct symbiote_config config;
static struct kelevate_info info;

/* Neither libc's calls nor those of whoever interposes them. */
static long open_file(const char *path)
{
	return gate_syscall(SYS_openat, AT_FDCWD, (long)path,
			    O_RDONLY | O_CLOEXEC, 0, 0, 0);
}

static long read_some(long fd, char *buf, size_t size)
{
	return gate_syscall(SYS_read, fd, (long)buf, size, 0, 0, 0);
}

static void close_file(long fd)
{
	gate_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
}

static bool exists(const char *path)
{
	return !gate_syscall(SYS_faccessat, AT_FDCWD, (long)path, F_OK, 0, 0, 0);
}

/* Reads the start of a file; the length, or a negated errno. */
static long read_file(const char *path, char *buf, size_t size)
{
	long fd = open_file(path);
	long len;

	if (fd < 0)
		return fd;
	len = read_some(fd, buf, size - 1);
	close_file(fd);
	if (len >= 0)
		buf[len] = '\0';
	return len;
}

static long kelevate(unsigned int op, unsigned long flags, void *arg)
{
	return gate_syscall(symbiote_process.nr, op, flags, (long)arg, 0, 0, 0);
}

static long query(void)
{
	memset(&info, 0, sizeof(info));
	info.size = sizeof(info);
	info.abi = KELEVATE_ABI;
	return kelevate(KELEVATE_QUERY, 0, &info);
}

static void complain(const struct symbiote_variable_info *variable,
		     const char *value)
{
	symbiote_log("%s: %s=%s is not valid%s%s%s: it can be %s",
		     program_invocation_short_name, variable->name, value,
		     config.strict ? "" : ", ",
		     config.strict ? "" : variable->value,
		     config.strict ? "" : " is used", variable->values);
}

/*
 * Not strtol(): with a newer glibc that is a function of version 2.38, without
 * which no program of an older one would start.
 */
static long decimal(const char **text)
{
	long value = 0;

	while (**text >= '0' && **text <= '9' && value < 1000000)
		value = value * 10 + *(*text)++ - '0';
	return value;
}

/*
 * The programs of an elevated one may be others' than glibc's: musl's linker
 * preloads as well. They need to start, and no more.
 */
static enum symbiote_status stage_libc(int *error)
{
	(void)error;
	return gnu_get_libc_version ? SYMBIOTE_STATUS_ELEVATED :
				      SYMBIOTE_STATUS_LIBC;
}

/* The system call's number, which also says whether there is a module. */
static enum symbiote_status stage_number(int *error)
{
	char text[16];
	long len = read_file(NUMBER_FILE, text, sizeof(text));
	const char *end = text;
	long nr;

	if (len == -ENOENT && exists("/sys/module"))
		return SYMBIOTE_STATUS_NO_MODULE;
	if (len < 0) {
		*error = -len;
		return SYMBIOTE_STATUS_BAD_NUMBER;
	}
	nr = decimal(&end);
	if (end == text || (*end && *end != '\n') || nr <= 0 || nr > 0xffff)
		return SYMBIOTE_STATUS_BAD_NUMBER;
	symbiote_process.nr = nr;
	symbiote_stats.nr = nr;
	return SYMBIOTE_STATUS_ELEVATED;
}

/*
 * The value of a field in /proc/self/status, which may be anywhere: the list of
 * groups is of any length. Its length, 0 if there is no such field, or a
 * negated errno.
 */
static long status_value(const char *field, char *value, size_t size)
{
	const size_t overlap = strlen(field) + size;
	long fd = open_file("/proc/self/status"), len = fd;
	const char *found, *end = NULL;
	char status[4096];
	size_t have = 0;

	while (fd >= 0 && !end) {
		len = read_some(fd, status + have, sizeof(status) - 1 - have);
		if (len <= 0)
			break;
		have += len;
		status[have] = '\0';
		found = strstr(status, field);
		end = found ? strchr(found + strlen(field), '\n') : NULL;
		if (!end && have > overlap) {
			memmove(status, status + have - overlap, overlap);
			have = overlap;
		}
	}
	if (fd >= 0)
		close_file(fd);
	*value = '\0';
	if (!end)
		return len < 0 ? len : 0;
	found += strlen(field);
	len = end - found;
	if ((size_t)len >= size)
		return -EOVERFLOW;
	memcpy(value, found, len);
	value[len] = '\0';
	return len;
}

/*
 * A seccomp filter may kill the process for a system call it does not know, so
 * this has to be found out before any call that ld.so does not make as well
 * (openat, read and close), and without prctl(). Nothing is lost: the gate would
 * let the filter see every call, and shorten none.
 */
static enum symbiote_status stage_seccomp(int *error)
{
	char value[16];
	long len = status_value("\nSeccomp:\t", value, sizeof(value));

	if (len < 0) {
		*error = -len;
		return SYMBIOTE_STATUS_NO_PROC;
	}
	/* No such line: a kernel without seccomp. */
	if (len && strcmp(value, "0"))
		return SYMBIOTE_STATUS_SECCOMP;
	symbiote_stats_forget_in_children();
	return SYMBIOTE_STATUS_ELEVATED;
}

/* What the environment asks for. */
static enum symbiote_status stage_environment(int *error)
{
	symbiote_env_read(&config, environ, complain);
	if (config.bad && config.strict)
		gate_syscall(SYS_exit_group, EXIT_OWN_FAILURE, 0, 0, 0, 0, 0);
	symbiote_stats_mode(config.mode);
	if (config.mode != SYMBIOTE_MODE_OFF)
		return SYMBIOTE_STATUS_ELEVATED;
	/* Its children count from zero all the same. */
	stage_seccomp(error);
	*error = 0;
	return SYMBIOTE_STATUS_MODE_OFF;
}

/* Whether module and shim understand each other. */
static enum symbiote_status stage_version(int *error)
{
	long ret = query();

	symbiote_stats_module(info.abi, info.version);
	*error = -ret;
	if (ret == -EPROTONOSUPPORT || (!ret && info.abi != KELEVATE_ABI))
		return SYMBIOTE_STATUS_ABI_SKEW;
	if (ret == -ENOSYS)
		return SYMBIOTE_STATUS_NO_SYSCALL;
	if (ret)
		return SYMBIOTE_STATUS_REFUSED;
	return info.features & KELEVATE_F_GATE ? SYMBIOTE_STATUS_ELEVATED :
						 SYMBIOTE_STATUS_NO_GATE;
}

/* This thread; it takes the grant on the way if it is able to. */
static enum symbiote_status stage_elevate(int *error)
{
	struct process *process = &symbiote_process;
	char threads[16];
	long ret;

	if (!(info.state & (KELEVATE_S_GRANTED | KELEVATE_S_CAPABLE)))
		return SYMBIOTE_STATUS_NOT_GRANTED;
	process->elevate_flags = KELEVATE_STICKY;
	if (config.mode == SYMBIOTE_MODE_BRACKETED)
		process->elevate_flags |= KELEVATE_BRACKETED;
	ret = symbiote_elevate();
	if (ret) {
		*error = -ret;
		return ret == -EPERM ? SYMBIOTE_STATUS_NOT_GRANTED :
				       SYMBIOTE_STATUS_REFUSED;
	}
	/* Only who is granted is told the gate's address. */
	ret = query();
	if (ret || !info.gate) {
		*error = -ret;
		kelevate(KELEVATE_LOWER, KELEVATE_FORGET, NULL);
		return SYMBIOTE_STATUS_NO_GATE;
	}
	process->gate = (const void *)info.gate;
	process->all_inherit = status_value("\nThreads:\t", threads,
					    sizeof(threads)) > 0 &&
			       !strcmp(threads, "1");
	return SYMBIOTE_STATUS_ELEVATED;
}

static enum symbiote_status (*const stages[])(int *error) = {
	stage_environment,
	stage_libc,
	stage_seccomp,
	stage_number,
	stage_version,
	stage_elevate,
};

static bool has_shortcut(uint32_t nr)
{
	return nr < KELEVATE_NR_MAX &&
	       info.shortcuts[nr / 64] >> (nr % 64) & 1;
}

/* Decides for each call whether it takes the gate, and why not. */
static void choose_calls(enum symbiote_status status)
{
	struct process *process = &symbiote_process;
	uint64_t calls = 0;

	for (int call = 0; call < NR_CALLS; call++) {
		enum symbiote_reason why = SYMBIOTE_REASON_OFF;

		if (status != SYMBIOTE_STATUS_ELEVATED)
			why = SYMBIOTE_REASON_OFF;
		else if (!(config.calls & CALL_BIT(call)))
			why = SYMBIOTE_REASON_USER;
		else if (process->others & CALL_BIT(call))
			why = SYMBIOTE_REASON_LIBRARY;
		else if (!has_shortcut(symbiote_stats.call[call].nr))
			why = SYMBIOTE_REASON_NO_SHORTCUT;
		else
			calls |= CALL_BIT(call);
		process->reason[call] = why;
	}
	symbiote_stats.enabled = calls;
	/* Last: from here on other threads may enter the gate. */
	__atomic_store_n(&process->calls, calls, __ATOMIC_RELEASE);
	if (status == SYMBIOTE_STATUS_ELEVATED)
		symbiote_thread.calls = calls;
}

/* Is libc 2.minor, or newer? */
static bool libc_from(const char *version, long wanted)
{
	long major = decimal(&version);
	long minor = *version++ == '.' ? decimal(&version) : 0;

	return major > 2 || (major == 2 && minor >= wanted);
}

/* Says why not, when that was asked for. Strict: and that is the end. */
static void report(enum symbiote_status status, int error)
{
	const char *program = program_invocation_short_name;
	bool strict = config.strict && status != SYMBIOTE_STATUS_MODE_OFF;

	if (status == SYMBIOTE_STATUS_ELEVATED) {
		if (config.verbose >= 2)
			symbiote_log("%s: elevated, %s; %d of %d calls take the gate",
				     program, symbiote_stats.mode_name,
				     __builtin_popcountll(symbiote_stats.enabled),
				     NR_CALLS);
		return;
	}
	if (config.verbose >= 1 || strict) {
		if (status == SYMBIOTE_STATUS_ABI_SKEW)
			symbiote_log("%s: not elevated: module %s speaks version %u of the interface, shim %s version %u: install both from one release",
				     program, info.version, info.abi,
				     SYMBIOTE_VERSION, KELEVATE_ABI);
		else
			symbiote_log("%s: not elevated: %s%s%s", program,
				     symbiote_stats.status_text,
				     error ? ": " : "",
				     error ? strerror(error) : "");
	}
	if (strict)
		gate_syscall(SYS_exit_group, EXIT_OWN_FAILURE, 0, 0, 0, 0, 0);
}

static __attribute__((constructor)) void start(void)
{
	const char *libc = gnu_get_libc_version ? gnu_get_libc_version() : "";
	enum symbiote_status status = SYMBIOTE_STATUS_ELEVATED;
	int saved_errno = errno;
	int error = 0;

	symbiote_stats_start(libc);
	symbiote_process.libc_cancels = libc_from(libc, 41);
	symbiote_process.fstat_by_path = libc_from(libc, 33) &&
					 !libc_from(libc, 39);
	symbiote_process.others = symbiote_resolve_next();
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]) &&
	     status == SYMBIOTE_STATUS_ELEVATED; i++)
		status = stages[i](&error);
	choose_calls(status);
	symbiote_stats_status(status, error);
	report(status, error);
	errno = saved_errno;
}
