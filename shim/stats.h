/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stats.h - what the shim tells about itself
 *
 * libsymbiote.so exports the data symbol `symbiote_stats`, a struct
 * symbiote_stats. A reader (`symbiote stat`) finds the library in
 * /proc/PID/maps, the symbol in the library's .dynsym, and reads the structure
 * with process_vm_readv() or /proc/PID/mem. It needs nothing else from the
 * shim: names and reasons travel with the numbers, so a reader of another
 * release can print them as long as .version is the same.
 *
 * The module counts the calls that took the gate (KELEVATE_STAT). Counted here
 * are the calls that did not, and why.
 */
#ifndef SYMBIOTE_STATS_H
#define SYMBIOTE_STATS_H

#include <stdint.h>

#define SYMBIOTE_STATS_SYMBOL	"symbiote_stats"
#define SYMBIOTE_STATS_MAGIC	0x53594d42494f5445ULL	/* "SYMBIOTE" */
#define SYMBIOTE_STATS_VERSION	1

#define SYMBIOTE_CALLS_MAX	64
#define SYMBIOTE_REASONS_MAX	16
#define SYMBIOTE_TEXT_MAX	128

/* SYMBIOTE_MODE */
#define SYMBIOTE_MODES(X) \
	X(RESIDENT,	"resident")	\
	X(BRACKETED,	"bracketed")	\
	X(OFF,		"off")

/*
 * symbiote_stats.status: whether this process is elevated, and if not, why.
 *
 * X(identifier, name for scripts, sentence for people)
 */
#define SYMBIOTE_STATUSES(X) \
	X(STARTING,	"starting",	"the shim has not started yet")	\
	X(ELEVATED,	"elevated",	"elevated")	\
	X(MODE_OFF,	"mode-off",	"switched off by SYMBIOTE_MODE=off") \
	X(NO_MODULE,	"no-module",	"the kelevate module is not loaded") \
	X(BAD_NUMBER,	"bad-number",	"the system call's number is unreadable in /sys/module/kelevate/parameters/nr") \
	X(NO_SYSCALL,	"no-syscall",	"the kernel does not know the kelevate system call") \
	X(SECCOMP,	"seccomp",	"under a seccomp filter, which has to see every system call") \
	X(ABI_SKEW,	"abi-skew",	"the module speaks another version of the interface") \
	X(NOT_GRANTED,	"not-granted",	"neither granted nor capable of it (CAP_SYS_MODULE): start it with `symbiote run`") \
	X(NO_GATE,	"no-gate",	"the module offers no gate on this machine") \
	X(REFUSED,	"refused",	"the module refused to elevate") \
	X(NO_PROC,	"no-proc",	"whether there is a seccomp filter cannot be read in /proc/self/status") \
	X(LIBC,		"libc",		"the program's C library is not glibc")

/*
 * Why a call did not take the gate.
 *
 * X(identifier, name, meaning)
 */
#define SYMBIOTE_REASONS(X) \
	X(BEFORE_INIT,	"before-init",	"called before the shim's constructor") \
	X(OFF,		"off",		"the process is not elevated: see status") \
	X(THREAD,	"thread",	"this thread could not be elevated") \
	X(VFORK,	"vfork",	"a vfork child of a thread not yet elevated") \
	X(USER,		"user",		"not enabled in SYMBIOTE_CALLS") \
	X(NO_SHORTCUT,	"no-shortcut",	"the module has no shortcut for it") \
	X(LIBRARY,	"library",	"another preloaded library wants to see it") \
	X(CANCEL,	"cancellation",	"libc alone can cancel it correctly")

#define SYMBIOTE_ENUM_MODE(id, name)		SYMBIOTE_MODE_##id,
#define SYMBIOTE_ENUM_STATUS(id, name, text)	SYMBIOTE_STATUS_##id,
#define SYMBIOTE_ENUM_REASON(id, name, text)	SYMBIOTE_REASON_##id,

enum symbiote_mode { SYMBIOTE_MODES(SYMBIOTE_ENUM_MODE) SYMBIOTE_NR_MODES };
enum symbiote_status {
	SYMBIOTE_STATUSES(SYMBIOTE_ENUM_STATUS) SYMBIOTE_NR_STATUSES
};
enum symbiote_reason {
	SYMBIOTE_REASONS(SYMBIOTE_ENUM_REASON) SYMBIOTE_NR_REASONS
};

/* The counts are alone on their pages: at least the largest page size. */
#ifdef __x86_64__
#define SYMBIOTE_PAGE	4096
#else
#define SYMBIOTE_PAGE	65536
#endif

struct symbiote_stats {
	uint64_t magic;		/* written last; 0: the shim has not started */
	uint32_t version;	/* SYMBIOTE_STATS_VERSION */
	uint32_t size;		/* sizeof(struct symbiote_stats) */

	uint32_t mode;		/* enum symbiote_mode, as configured */
	uint32_t status;	/* enum symbiote_status */
	int32_t error;		/* errno behind the status, or 0 */
	uint32_t nr;		/* number of the system call, or 0 */
	uint32_t shim_abi;	/* KELEVATE_ABI the shim was built with */
	uint32_t module_abi;	/* the module's, or 0 */
	uint32_t nr_calls;	/* rows in use of call[] and passed[] */
	uint32_t nr_reasons;	/* columns in use of reason[] and passed[][] */
	uint64_t enabled;	/* bit N: call N takes the gate */

	char shim_version[16];
	char module_version[16];
	char libc_version[16];
	char mode_name[16];
	char status_name[16];
	char status_text[SYMBIOTE_TEXT_MAX];
	char reason[SYMBIOTE_REASONS_MAX][16];
	struct {
		char name[16];	/* the C function's */
		uint32_t nr;	/* the system call it makes */
		uint32_t resv;
	} call[SYMBIOTE_CALLS_MAX];

	/*
	 * Wiped by the kernel in a fork child (MADV_WIPEONFORK), which so
	 * counts from zero, and left alone in a vfork child, which counts for
	 * its parent.
	 */
	struct {
		int32_t pid;		/* whose counts these are, as it calls
					 * itself; 0: nobody's yet */
		int32_t thread_error;	/* the last errno behind _THREAD */
		uint64_t resv;
		uint64_t passed[SYMBIOTE_CALLS_MAX][SYMBIOTE_REASONS_MAX];
	} counts __attribute__((aligned(SYMBIOTE_PAGE)));
};

#endif /* SYMBIOTE_STATS_H */
