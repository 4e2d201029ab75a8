/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * kelevate - run application text in the kernel's mode of execution
 *
 * The protocol, in the order in which a program meets it:
 *
 *   1. The number of the system call is read from
 *      /sys/module/kelevate/parameters/nr (decimal). It is never hard-coded.
 *
 *	 long kelevate(unsigned int op, unsigned long flags, void *arg);
 *
 *   2. KELEVATE_QUERY tells what the module is and what this thread may do.
 *      Anyone may call it; addresses are 0 to whoever is not granted.
 *
 *   3. KELEVATE_GRANT allows a process to elevate its threads. It needs
 *      CAP_SYS_MODULE in the initial user namespace and no lockdown, as
 *      loading a module does. A grant passes over fork, is cleared by the
 *      next exec and dies with the process. KELEVATE_ELEVATE by a thread that
 *      holds the capability itself grants implicitly.
 *
 *   4. KELEVATE_ELEVATE elevates the calling thread: the system call returns
 *      to the instruction behind it in supervisor mode. Any event (interrupt,
 *      fault, signal, system call instruction) may lower the thread again, at
 *      any instruction. With KELEVATE_STICKY the module elevates it again
 *      when it needs to be: on a privileged instruction, on the fast vector,
 *      on the gate. What a sticky thread forks, vforks or clones is sticky in
 *      the same way before it runs, new threads included.
 *
 *   5. The gate makes kernel functions callable. It is used as the SYSCALL
 *      instruction is, from the same registers, in exactly this form:
 *
 *		lea	1f(%rip), %rcx
 *		jmp	*gate
 *		syscall			; 2 bytes, directly before the label
 *	1:
 *
 *      rax is the system call's number, rdi rsi rdx r10 r8 r9 its arguments,
 *      rax the result; rcx and r11 are clobbered as by SYSCALL, and rdi, rsi,
 *      rdx, r8, r9, r10 and the arithmetic flags (CF PF AF ZF SF OF), which
 *      SYSCALL keeps, as by a function call. The stack is not touched.
 *      Where the call cannot be made as a shortcut, or has to be restarted,
 *      execution continues at that SYSCALL instruction with every argument
 *      register as it was: the caller cannot tell the difference.
 *      Sticky threads may jump to the gate. For one that is elevated once it
 *      makes the system call; others get SIGSEGV.
 *
 *      On arm64, with registers as for the SVC instruction, the same is:
 *
 *		adr	x17, 1f
 *		br	x16		; x16 has the gate's address
 *		svc	#0		; directly before the label
 *	1:
 *
 *      x8 is the number, x0 to x5 the arguments, x0 the result; x1 to x7 and
 *      x9 to x17 are clobbered. There is no fast vector: .vector is 0.
 *
 * Structures carry their size. A larger one than the module knows is taken
 * when what it does not know is zero (else -E2BIG); of a smaller one only that
 * part is filled. Unknown flags and reserved fields that are not zero give
 * -EINVAL, bad pointers -EFAULT, another ABI version -EPROTONOSUPPORT.
 */
#ifndef _UAPI_KELEVATE_H
#define _UAPI_KELEVATE_H

#include <linux/types.h>

/* Changes when an existing field or operation changes its meaning. */
#define KELEVATE_ABI		1

enum kelevate_op {
	KELEVATE_QUERY		= 0,	/* arg: struct kelevate_info */
	KELEVATE_ELEVATE	= 1,	/* flags: KELEVATE_STICKY... */
	KELEVATE_LOWER		= 2,	/* flags: KELEVATE_FORGET */
	KELEVATE_SETTLE		= 3,
	KELEVATE_GRANT		= 4,	/* flags: KELEVATE_GRANT_... */
	KELEVATE_STAT		= 5,	/* arg: struct kelevate_stat */
	KELEVATE_ROW		= 6,	/* arg: struct kelevate_row */
	KELEVATE_RESOLVE	= 7,	/* arg: struct kelevate_symbol */
	KELEVATE_CALL		= 8,	/* arg: struct kelevate_call */
	KELEVATE_NULL		= 9,	/* does nothing; returns 0 */
};

/*
 * KELEVATE_ELEVATE. Returns 0 and the thread elevated, or
 *   -EPERM	not granted and no CAP_SYS_MODULE; seccomp; lockdown
 *   -EBUSY	the thread is traced, so it would be lowered at once; with
 *		KELEVATE_STICKY this is no error: it elevates when it can
 *   -EOPNOTSUPP	a 32-bit task, a thread with a user shadow stack, ...
 *   -ENOMEM, -EINVAL
 * Without KELEVATE_STICKY the thread stays elevated until the first event.
 */
/* elevate again when needed */
#define KELEVATE_STICKY		(1UL << 0)
/* with STICKY: also when user mode touches the kernel half of the addresses */
#define KELEVATE_KADDR		(1UL << 1)
/* with STICKY: the gate returns in user mode, and nothing else elevates */
#define KELEVATE_BRACKETED	(1UL << 2)

/* KELEVATE_LOWER. Always returns 0, in user mode. */
#define KELEVATE_FORGET		(1UL << 0)	/* and sticky no more */

/*
 * KELEVATE_GRANT. Returns 0 or -EPERM. Exactly one of the first three flags.
 * REVOKE needs no privilege: it gives up what this process was granted (its
 * threads that are elevated already stay so until they LOWER with FORGET).
 */
#define KELEVATE_GRANT_SELF	(1UL << 0)	/* this process, until exec */
#define KELEVATE_GRANT_EXEC	(1UL << 1)	/* what this thread execs next */
#define KELEVATE_GRANT_REVOKE	(1UL << 2)

/* kelevate_info.state */
#define KELEVATE_S_GRANTED	(1ULL << 0)	/* this process may elevate */
#define KELEVATE_S_GRANT_EXEC	(1ULL << 1)	/* the next program may */
#define KELEVATE_S_CAPABLE	(1ULL << 2)	/* this thread could grant */
#define KELEVATE_S_STICKY	(1ULL << 3)
#define KELEVATE_S_KADDR	(1ULL << 4)
#define KELEVATE_S_BRACKETED	(1ULL << 5)
/* only when asked through the gate: the SYSCALL instruction lowers */
#define KELEVATE_S_ELEVATED	(1ULL << 6)

/* kelevate_info.features */
#define KELEVATE_F_GATE		(1ULL << 0)
#define KELEVATE_F_VECTOR	(1ULL << 1)
#define KELEVATE_F_DEEP		(1ULL << 2)	/* deep shortcuts are on */
#define KELEVATE_F_HOOK_TABLE	(1ULL << 3)	/* registered in the table */
#define KELEVATE_F_HOOK_KPROBE	(1ULL << 4)	/* registered by a kprobe */

#define KELEVATE_NR_MAX		512		/* numbers in shortcuts[] */
#define KELEVATE_ROWS_MAX	96
#define KELEVATE_REASONS_MAX	16

struct kelevate_info {
	__u32 size;		/* in: sizeof; out: bytes filled */
	/* in: KELEVATE_ABI; out: the module's, also with -EPROTONOSUPPORT */
	__u32 abi;
	__u64 features;		/* KELEVATE_F_* */
	__u64 state;		/* KELEVATE_S_* of the calling thread */
	__u64 gate;		/* address; 0 unless granted */
	__u32 vector;		/* fast re-elevation: int $vector; 0: none */
	__u32 nr_rows;		/* rows of KELEVATE_ROW and kelevate_stat */
	__u64 shortcuts[KELEVATE_NR_MAX / 64];	/* bit N: number N has one */
	char version[16];	/* of the module, for people; NUL-terminated */
	__u64 resv[4];		/* 0 */
};

/* Why the gate let the real system call be made: kelevate_stat.fallbacks[]. */
enum kelevate_reason {
	/* seccomp, ptrace, audit, tracepoints, user dispatch watch it */
	KELEVATE_FB_WORK	= 0,
	/* a signal came before data moved */
	KELEVATE_FB_RESTART	= 1,
	/* no shortcut has this number */
	KELEVATE_FB_UNKNOWN	= 2,
	/* an event hit the gate's first instructions */
	KELEVATE_FB_EVENT	= 3,
	/* the thread is single-stepped */
	KELEVATE_FB_STEP	= 4,
	KELEVATE_FB_REASONS	= 5,
};

/*
 * KELEVATE_STAT: the counters of one process, or of all since the module was
 * loaded. Returns 0, or -ESRCH, -EPERM. Without CAP_SYS_ADMIN in the initial
 * user namespace a caller sees its own process and those that were granted as
 * its effective user: another one's and the sum of all are -EPERM.
 */
/* flags: the symbiote with the lowest pid >= .pid that the caller may see */
#define KELEVATE_STAT_NEXT	(1UL << 0)

struct kelevate_stat {
	__u32 size;
	__u32 abi;
	/* in: process, 0: all; out: the process. In the caller's namespace */
	__s32 pid;
	/* effective user that was granted, in the caller's namespace */
	__u32 uid;
	__u32 threads;		/* threads that are elevated or sticky now */
	__u32 symbiotes;	/* for pid 0: processes granted now */
	char comm[16];
	__u64 state;		/* KELEVATE_S_GRANTED, _STICKY, _BRACKETED */
	__u64 elevations;	/* by system call */
	__u64 by_vector;	/* again, by int $vector */
	__u64 by_privileged;	/* again, by a privileged instruction (#GP) */
	__u64 by_gate;		/* again, by a jump to the gate */
	__u64 by_kaddr;		/* again, by touching a kernel address */
	__u64 lowered;		/* by events on elevated text */
	__u64 settles;
	__u64 fallbacks[KELEVATE_REASONS_MAX];	/* by enum kelevate_reason */
	__u64 rows[KELEVATE_ROWS_MAX];		/* shortcut calls taken */
	__u64 resv[4];		/* 0 */
};

/*
 * KELEVATE_ROW: what kelevate_stat.rows[index] counts: calls of system call
 * `call` that were answered by kernel function `function`. -ENOENT past the
 * last. Rows are fixed from load to unload.
 */
struct kelevate_row {
	__u32 size;
	__u32 index;		/* in */
	__u32 nr;		/* number of the system call */
	__u32 deep;		/* 1: below the system call layer */
	char call[24];		/* "read" */
	char function[40];	/* "__x64_sys_read", "tcp_recvmsg" */
	__u64 resv[2];		/* 0 */
};

/*
 * KELEVATE_RESOLVE: a kernel symbol's address; -EPERM unless granted,
 * -ENOENT when the kernel has no such symbol.
 */
struct kelevate_symbol {
	__u32 size;
	__u32 resv0;		/* 0 */
	char name[128];
	__u64 address;		/* out */
	__u64 resv[2];		/* 0 */
};

/*
 * KELEVATE_CALL: calls a kernel function on the kernel's stack, in process
 * context, with up to six integer arguments, and returns 0 with its result in
 * .result; -EPERM unless the thread is sticky. Meant for the gate: the
 * address and the arguments are trusted as a module's own would be.
 */
struct kelevate_call {
	__u32 size;
	__u32 resv0;		/* 0 */
	__u64 function;
	__u64 arg[6];
	__u64 result;
	__u64 resv[2];		/* 0 */
};

#endif /* _UAPI_KELEVATE_H */
