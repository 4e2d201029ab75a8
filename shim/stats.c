// SPDX-License-Identifier: GPL-2.0
/*
 * stats.c - fills symbiote_stats, which `symbiote stat` reads from outside
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "gate.h"
#include "kelevate.h"
#include "shim.h"

struct symbiote_stats symbiote_stats;

#define FSTAT_NR(fd)	SYS_fstat	/* or its other one: the module has both */
#define CALL(ret, name, nr, ...) { #name, nr },
static const struct {
	char name[16];
	uint32_t nr;
} calls[] = {
#include "calls.def"
};

#define MODE(id, name) name,
static const char *const modes[] = { SYMBIOTE_MODES(MODE) };

#define REASON(id, name, text) name,
static const char *const reasons[] = { SYMBIOTE_REASONS(REASON) };
_Static_assert(SYMBIOTE_NR_REASONS <= SYMBIOTE_REASONS_MAX, "columns");

#define STATUS(id, name, text) { name, text },
static const struct {
	const char *name;
	const char *text;
} statuses[] = { SYMBIOTE_STATUSES(STATUS) };

const char *symbiote_call_name(enum call call)
{
	return calls[call].name;
}

/* Into a field of zeroes. */
static void set(char *to, size_t size, const char *from)
{
	memcpy(to, from, strnlen(from, size - 1));
}

/*
 * A fork child counts from zero. The kernel does the wiping, so that it also
 * holds for fork children that libc does not know of, and not for vfork
 * children. Should it refuse, the child shows its parent's counts on top of its
 * own.
 */
void symbiote_stats_forget_in_children(void)
{
	gate_syscall(SYS_madvise, (long)&symbiote_stats.counts,
		     sizeof(symbiote_stats.counts), MADV_WIPEONFORK, 0, 0, 0);
	symbiote_own_process();
}

/* Makes no system call: there may be a filter that kills for it. */
void symbiote_stats_start(const char *libc_version)
{
	struct symbiote_stats *stats = &symbiote_stats;

	stats->version = SYMBIOTE_STATS_VERSION;
	stats->size = sizeof(*stats);
	stats->shim_abi = KELEVATE_ABI;
	set(stats->shim_version, sizeof(stats->shim_version), SYMBIOTE_VERSION);
	set(stats->libc_version, sizeof(stats->libc_version), libc_version);
	stats->nr_calls = NR_CALLS;
	for (int i = 0; i < NR_CALLS; i++) {
		set(stats->call[i].name, sizeof(stats->call[i].name),
		    calls[i].name);
		stats->call[i].nr = calls[i].nr;
	}
	stats->nr_reasons = SYMBIOTE_NR_REASONS;
	for (int i = 0; i < SYMBIOTE_NR_REASONS; i++)
		set(stats->reason[i], sizeof(stats->reason[i]), reasons[i]);
	symbiote_stats_status(SYMBIOTE_STATUS_STARTING, 0);
	__atomic_store_n(&stats->magic, SYMBIOTE_STATS_MAGIC, __ATOMIC_RELEASE);
}

void symbiote_stats_mode(enum symbiote_mode mode)
{
	symbiote_stats.mode = mode;
	set(symbiote_stats.mode_name, sizeof(symbiote_stats.mode_name),
	    modes[mode]);
}

void symbiote_stats_module(uint32_t abi, const char *version)
{
	symbiote_stats.module_abi = abi;
	set(symbiote_stats.module_version,
	    sizeof(symbiote_stats.module_version), version);
}

void symbiote_stats_status(enum symbiote_status status, int error)
{
	struct symbiote_stats *stats = &symbiote_stats;

	stats->status = status;
	stats->error = error;
	memset(stats->status_name, 0, sizeof(stats->status_name));
	memset(stats->status_text, 0, sizeof(stats->status_text));
	set(stats->status_name, sizeof(stats->status_name), statuses[status].name);
	set(stats->status_text, sizeof(stats->status_text), statuses[status].text);
}

void symbiote_count(enum call call, enum symbiote_reason reason)
{
	__atomic_fetch_add(&symbiote_stats.counts.passed[call][reason], 1,
			   __ATOMIC_RELAXED);
}

/*
 * Whether this is the process whose memory this is: false in a vfork child.
 * In a fork child the pid was wiped along with the counts.
 */
bool symbiote_own_process(void)
{
	int32_t pid = gate_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
	int32_t nobody = 0;

	if (__atomic_compare_exchange_n(&symbiote_stats.counts.pid, &nobody, pid,
					false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		return true;
	return nobody == pid;
}
