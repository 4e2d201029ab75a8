/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the module know of each other. */
#ifndef KELEVATE_H
#define KELEVATE_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mempool.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include "uapi/kelevate.h"
#include "compat/compat.h"
#include "flags.h"
#ifdef CONFIG_X86_64
#include "arch/x86/arch.h"
#elif defined(CONFIG_ARM64)
#include "arch/arm64/arch.h"
#endif

struct pt_regs;
struct linux_binprm;
struct msghdr;
struct sock;

/*
 * A thread that is elevated or may become so. Written by its own CPU only
 * (stubs, gate), read by anyone. The first members are known to assembly.
 */
struct kel_thread {
	u64 by_vector;
	u64 by_privileged;
	u64 by_gate;
	u64 by_kaddr;
	u64 lowered;
	u64 fb_event;
	u64 fb_step;
	struct kel_arch_thread arch;
	/* C only from here on */
	u64 delivered;			/* TCP segments, by local.c */
	u64 elevations;
	u64 settles;
	u64 fallbacks[KELEVATE_FB_REASONS];
	u64 rows[KELEVATE_ROWS_MAX];
	unsigned long flags;		/* KEL_T_* */
	bool spent;			/* one-shot, and was lowered since */
	struct task_struct *task;
	struct kel_proc *proc;
	struct list_head link;		/* kel_proc.threads */
	struct preempt_notifier notifier;
	struct rcu_head rcu;
};

/* A process that was granted. Everything but ref is under kel_lock. */
struct kel_proc {
	struct hlist_node node;
	struct kref ref;		/* the hash and every kel_thread */
	void *key;			/* signal_struct, compared only */
	struct pid *pid;
	kuid_t uid;
	bool active;			/* may elevate */
	bool announced;			/* first elevation was logged */
	struct task_struct *exec_task;	/* whose next exec is granted */
	struct list_head threads;
	struct kel_thread past;		/* counters of threads that ended */
	char comm[TASK_COMM_LEN];
	struct rcu_head rcu;
};

/*
 * Over processes and their threads. Handlers of tracepoints take it, so it is
 * raw on real-time kernels: nothing may sleep there. On others memory is
 * allocated with it held, for which it must not be (lockdep says so).
 */
#ifdef CONFIG_PREEMPT_RT
#define DEFINE_KEL_LOCK(name)	DEFINE_RAW_SPINLOCK(name)
extern raw_spinlock_t kel_procs_lock;
static inline void kel_lock(void)
{
	raw_spin_lock(&kel_procs_lock);
}

static inline void kel_unlock(void)
{
	raw_spin_unlock(&kel_procs_lock);
}
#else
#define DEFINE_KEL_LOCK(name)	DEFINE_SPINLOCK(name)
extern spinlock_t kel_procs_lock;
static inline void kel_lock(void)
{
	spin_lock(&kel_procs_lock);
}

static inline void kel_unlock(void)
{
	spin_unlock(&kel_procs_lock);
}
#endif

extern unsigned int kel_nr;		/* number of the system call */
extern bool kel_deep;

/* check.c: why this kernel or CPU is refused */
struct kel_refusal {
	const char *name;		/* as `symbiote check` has it */
	bool (*present)(void);
	const char *why;
};

int kel_check(void);

/* arch: everything that touches the CPU or the kernel's entry */
extern const struct kel_refusal kel_arch_refusals[];	/* ends with an empty one */
int kel_arch_init(void);
void kel_arch_exit(void);
int kel_arch_install(void);
void kel_arch_remove(void);
int kel_arch_may_elevate(struct pt_regs *regs);
void kel_arch_load(struct kel_thread *th);
void kel_arch_unload(struct task_struct *next);	/* NULL: current stays */
void kel_return_elevated(struct pt_regs *regs);	/* does not return */
void kel_arch_set_elevated(struct pt_regs *regs);
unsigned long kel_arch_gate(void);
unsigned int kel_arch_vector(void);
int kel_arch_resolve(void);
void kel_arch_exit_to_user(struct pt_regs *regs);
/* in_use: whether the kernel dispatches through it. NULL: not found */
unsigned long *kel_arch_syscall_table(bool *in_use);
struct page *kel_arch_page(unsigned long addr);	/* behind the kernel's image, NULL: unknown */

/* grant.c */
int kel_grant_init(void);
void kel_grant_exit(void);
struct kel_proc *kel_proc_find(struct task_struct *task);
int kel_proc_grant(unsigned long flags);
int kel_proc_announce(struct kel_proc *proc);
void kel_proc_put(struct kel_proc *proc);
void kel_proc_tidy(void);
bool kel_proc_mine(const struct kel_proc *proc);
struct kel_proc *kel_proc_next(struct pid_namespace *ns, pid_t from, bool all);
unsigned int kel_proc_count(void);
bool kel_capable(void);

/* elevate.c */
long kelevate_call(struct pt_regs *regs, bool gate);
struct kel_thread *kel_thread_of(struct task_struct *task);
struct kel_thread *kel_thread_current(void);
int kel_thread_fork(struct kel_thread *parent, struct task_struct *child,
		    struct kel_proc *proc);
void kel_thread_drop(void);
int kel_elevate_init(void);
void kel_elevate_exit(void);

/* pool.c: records of one size, for elevate.c and grant.c */
struct kel_pool {
	mempool_t *all;
	/* real-time kernels: allocated before */
	raw_spinlock_t lock;
	unsigned int nr;		/* under lock */
	void *at_hand[256];
	struct workqueue_struct *filler;
	struct work_struct fill;
};

int kel_pool_init(struct kel_pool *pool, unsigned int min, size_t size);
void kel_pool_exit(struct kel_pool *pool);
void *kel_pool_take(struct kel_pool *pool);
void *kel_pool_take_atomic(struct kel_pool *pool);
void kel_pool_give(struct kel_pool *pool, void *item);

/* gate.c, shortcut.c */
int kel_gate_call(struct pt_regs *regs, struct kel_thread *th);
unsigned long kel_work_pending(void);
typedef long (*kel_sys_t)(const struct pt_regs *regs);

struct kel_shortcut {
	kel_sys_t sys;			/* the system call's function */
	long (*deep)(struct pt_regs *regs, struct kel_thread *th);
	unsigned long row;		/* counts what sys answered */
} __aligned(32);

extern struct kel_shortcut kel_shortcuts[KELEVATE_NR_MAX];
int kel_shortcut_init(void);
unsigned int kel_shortcut_rows(void);
int kel_shortcut_row(struct kelevate_row *row);
#define KEL_NOT_DEEP	LONG_MIN	/* deep: not for this descriptor */

/* local.c */
void kel_local_init(void);
/* how a write or a read went: rows behind that of tcp_sendmsg, tcp_recvmsg in shortcuts.def */
enum kel_way {
	KEL_WAY_SENDMSG, KEL_WAY_DELIVERED, KEL_WAY_DIRECT,
	KEL_WAY_RECVMSG = 0, KEL_WAY_READ_SOCK
};
int kel_local_sendmsg(struct sock *sk, struct msghdr *msg, size_t len, enum kel_way *way);
int kel_local_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags,
		      enum kel_way *way);
long kel_local_call(struct sock *sk, kel_sys_t sys, struct pt_regs *regs);
extern void *kel_tcp_recvmsg;		/* tcp_recvmsg(), which not every kernel exports */

/* stats.c */
int kel_stats_init(void);
void kel_stats_exit(void);
void kel_stats_add(struct kel_thread *to, const struct kel_thread *from);
void kel_stats_retire(const struct kel_thread *th);
long kel_stats_get(struct kelevate_stat *st, unsigned long flags);

/* selftest.c */
int kel_selftest(void);
int kel_arch_selftest(void);	/* where KEL_ARCH_SELFTEST */

/* hook.c */
int kel_hook_check(void);
int kel_hook_init(void);
void kel_hook_exit(void);
u64 kel_hook_feature(void);
asmlinkage long kel_sys_kelevate(const struct pt_regs *regs);

/* ksym.c */
int kel_ksym_init(void);
unsigned long kel_ksym(const char *name);
void *kel_alias(const void *addr);
void kel_unalias(const void *alias);
int kel_poke(void *addr, const void *src, size_t len);

#endif
