// SPDX-License-Identifier: GPL-2.0
/*
 * The kelevate system call, and the threads that it elevates.
 */
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/ptrace.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "kelevate.h"
#define CREATE_TRACE_POINTS
#include "trace.h"

static struct kel_pool pool;	/* of struct kel_thread */

/*
 * The scheduler tells when the thread gets a CPU and when it loses it: only
 * in between does that CPU know of it.
 */
static void sched_in(struct preempt_notifier *n, int cpu)
{
	struct kel_thread *th = container_of(n, struct kel_thread, notifier);

	/* one that exits may have none already, and borrow somebody's: user mode it is not to reach */
	if (!th->spent && current->mm)
		kel_arch_load(th);
}

static void sched_out(struct preempt_notifier *n, struct task_struct *next)
{
	struct kel_thread *th = container_of(n, struct kel_thread, notifier);

	if (th->spent)
		return;
	kel_arch_unload(next);
	/* it takes an event to get here, and that lowered a one-shot thread */
	if (!(th->flags & KEL_T_STICKY))
		th->spent = true;
}

static struct preempt_ops sched_ops = {
	.sched_in = sched_in,
	.sched_out = sched_out,
};

/* Of the calling thread, or of one that the scheduler is about to switch to. NULL: none. */
struct kel_thread *kel_thread_of(struct task_struct *task)
{
	struct preempt_notifier *n;

	hlist_for_each_entry(n, &task->preempt_notifiers, link)
		if (n->ops == &sched_ops)
			return container_of(n, struct kel_thread, notifier);
	return NULL;
}

/* The calling thread's, or NULL. It stays as long as the thread wants it to. */
struct kel_thread *kel_thread_current(void)
{
	return kel_thread_of(current);
}

/* Called with kel_lock. Takes a reference to proc. */
static struct kel_thread *thread_new(struct kel_thread *th, struct task_struct *task,
				     struct kel_proc *proc)
{
	memset(th, 0, sizeof(*th));
	th->task = task;
	th->proc = proc;
	kref_get(&proc->ref);
	preempt_notifier_init(&th->notifier, &sched_ops);
	list_add_tail(&th->link, &proc->threads);
	return th;
}

/*
 * The child has not run yet: nobody else looks at its list. Called with
 * kel_lock.
 */
int kel_thread_fork(struct kel_thread *parent, struct task_struct *child,
		    struct kel_proc *proc)
{
	struct kel_thread *th;

	if (!(parent->flags & KEL_T_STICKY))
		return 0;
	th = kel_pool_take_atomic(&pool);
	if (!th)
		return -ENOMEM;
	thread_new(th, child, proc);
	th->flags = parent->flags;
	hlist_add_head(&th->notifier.link, &child->preempt_notifiers);
	return 0;
}

static void thread_free_rcu(struct rcu_head *rcu)
{
	kel_pool_give(&pool, container_of(rcu, struct kel_thread, rcu));
}

/* The calling thread is elevated no more, and not again. */
void kel_thread_drop(void)
{
	struct kel_thread *th = kel_thread_current();
	struct kel_proc *proc;

	if (!th)
		return;
	preempt_disable();
	preempt_notifier_unregister(&th->notifier);
	if (!th->spent)
		kel_arch_unload(NULL);
	preempt_enable();

	proc = th->proc;
	kel_lock();
	list_del(&th->link);
	kel_stats_add(&proc->past, th);
	kel_unlock();
	kel_proc_put(proc);
	call_rcu(&th->rcu, thread_free_rcu);
}

/* The thread, armed; NULL: another thread gave up the grant meanwhile. */
static struct kel_thread *thread_arm(unsigned long flags)
{
	struct kel_thread *th = kel_thread_current(), *new = NULL;
	struct kel_proc *proc;

	if (!th) {
		new = kel_pool_take(&pool);
		kel_lock();
		proc = kel_proc_find(current);
		if (proc && proc->active)
			th = thread_new(new, current, proc);
		kel_unlock();
		if (!th) {
			kel_pool_give(&pool, new);
			return NULL;
		}
	}
	preempt_disable();
	th->flags = flags;
	th->spent = false;
	if (new)
		preempt_notifier_register(&th->notifier);
	kel_arch_load(th);
	preempt_enable();
	return th;
}

static long elevate(struct pt_regs *regs, unsigned long flags)
{
	struct kel_thread *th;
	struct kel_proc *proc;
	unsigned long t = 0;
	int ret;

	if (flags & ~(KELEVATE_STICKY | KELEVATE_KADDR | KELEVATE_BRACKETED))
		return -EINVAL;
	if (flags && !(flags & KELEVATE_STICKY))
		return -EINVAL;
	if ((flags & KELEVATE_KADDR) && (flags & KELEVATE_BRACKETED))
		return -EINVAL;
	ret = kel_arch_may_elevate(regs);
	if (ret)
		return ret;
	/* a filter says what it may call: everything would not be that */
	if (seccomp_mode(&current->seccomp))
		return -EPERM;

	kel_lock();
	proc = kel_proc_find(current);
	if (proc && !proc->active)
		proc = NULL;
	kel_unlock();
	if (!proc) {
		ret = kel_proc_grant(KELEVATE_GRANT_SELF);
		if (ret)
			return ret;
	}
	if (!(flags & KELEVATE_STICKY) && (kel_syscall_work() || kel_watched()))
		return -EBUSY;

	if (flags & KELEVATE_STICKY)
		t |= KEL_T_STICKY;
	if (flags & KELEVATE_KADDR)
		t |= KEL_T_KADDR;
	if (flags & KELEVATE_BRACKETED)
		t |= KEL_T_BRACKETED;
	else if (flags & KELEVATE_STICKY)
		t |= KEL_T_PRIVILEGED;
	th = thread_arm(t);
	if (!th)
		return -EPERM;
	kel_proc_announce(th->proc);	/* which stays while it has threads */
	if (!(flags & KELEVATE_BRACKETED))
		return 1;	/* and the caller returns elevated */
	trace_kelevate_elevate(flags);
	return 0;
}

static u64 thread_state(bool gate)
{
	struct kel_thread *th = kel_thread_current();
	struct kel_proc *proc;
	u64 state = 0;

	kel_lock();
	proc = kel_proc_find(current);
	if (proc && proc->active)
		state |= KELEVATE_S_GRANTED;
	if (proc && proc->exec_task == current)
		state |= KELEVATE_S_GRANT_EXEC;
	kel_unlock();
	if (th && (th->flags & KEL_T_STICKY))
		state |= KELEVATE_S_STICKY;
	if (th && (th->flags & KEL_T_KADDR))
		state |= KELEVATE_S_KADDR;
	if (th && (th->flags & KEL_T_BRACKETED))
		state |= KELEVATE_S_BRACKETED;
	if (gate)
		state |= KELEVATE_S_ELEVATED;
	if (ns_capable_noaudit(&init_user_ns, CAP_SYS_MODULE) && !seccomp_mode(&current->seccomp))
		state |= KELEVATE_S_CAPABLE;
	return state;
}

/* A structure that carries its size in its first member. */
static int get_struct(void *to, size_t size, void __user *from, u32 *user_size)
{
	int ret;

	if (get_user(*user_size, (u32 __user *)from))
		return -EFAULT;
	if (*user_size < 2 * sizeof(u32) || *user_size > PAGE_SIZE)
		return -EINVAL;
	ret = copy_struct_from_user(to, size, from, *user_size);
	return ret;
}

static int put_struct(void __user *to, void *from, size_t size, u32 user_size)
{
	size_t n = min_t(size_t, size, user_size);

	*(u32 *)from = n;
	return copy_to_user(to, from, n) ? -EFAULT : 0;
}

static long query(void __user *arg, bool gate)
{
	struct kelevate_info info;
	unsigned int i;
	u32 size, abi;
	int ret;

	ret = get_struct(&info, sizeof(info), arg, &size);
	if (ret)
		return ret;
	if (memchr_inv(info.resv, 0, sizeof(info.resv)))
		return -EINVAL;
	abi = info.abi;
	memset(&info, 0, sizeof(info));
	info.abi = KELEVATE_ABI;
	info.features = KELEVATE_F_GATE | kel_hook_feature();
	if (kel_arch_vector())
		info.features |= KELEVATE_F_VECTOR;
	if (kel_deep)
		info.features |= KELEVATE_F_DEEP;
	info.state = thread_state(gate);
	if (info.state & KELEVATE_S_GRANTED)
		info.gate = kel_arch_gate();
	info.vector = kel_arch_vector();
	info.nr_rows = kel_shortcut_rows();
	for (i = 0; i < KELEVATE_NR_MAX; i++)
		if (kel_shortcuts[i].sys)
			info.shortcuts[i / 64] |= 1ULL << (i % 64);
	strscpy(info.version, THIS_MODULE->version ?: "", sizeof(info.version));
	ret = put_struct(arg, &info, sizeof(info), size);
	if (!ret && abi != KELEVATE_ABI)
		ret = -EPROTONOSUPPORT;
	return ret;
}

static long stat(void __user *arg, unsigned long flags)
{
	struct kelevate_stat *st;
	u32 size;
	long ret;

	if (flags & ~KELEVATE_STAT_NEXT)
		return -EINVAL;
	st = kzalloc(sizeof(*st), GFP_KERNEL);
	if (!st)
		return -ENOMEM;
	ret = get_struct(st, sizeof(*st), arg, &size);
	if (!ret && st->abi != KELEVATE_ABI)
		ret = -EPROTONOSUPPORT;
	if (!ret && (st->pid < 0 || memchr_inv(st->resv, 0, sizeof(st->resv))))
		ret = -EINVAL;
	if (!ret)
		ret = kel_stats_get(st, flags);
	if (!ret)
		ret = put_struct(arg, st, sizeof(*st), size);
	kfree(st);
	return ret;
}

static long row(void __user *arg)
{
	struct kelevate_row r;
	u32 size;
	int ret;

	ret = get_struct(&r, sizeof(r), arg, &size);
	if (ret)
		return ret;
	if (memchr_inv(r.resv, 0, sizeof(r.resv)))
		return -EINVAL;
	ret = kel_shortcut_row(&r);
	return ret ?: put_struct(arg, &r, sizeof(r), size);
}

static long resolve(void __user *arg)
{
	struct kelevate_symbol s;
	u32 size;
	int ret;

	ret = get_struct(&s, sizeof(s), arg, &size);
	if (ret)
		return ret;
	if (s.resv0 || memchr_inv(s.resv, 0, sizeof(s.resv)) ||
	    strnlen(s.name, sizeof(s.name)) == sizeof(s.name))
		return -EINVAL;
	if (!(thread_state(false) & KELEVATE_S_GRANTED))
		return -EPERM;
	s.address = kel_ksym(s.name);
	if (!s.address)
		return -ENOENT;
	return put_struct(arg, &s, sizeof(s), size);
}

static long call(void __user *arg)
{
	struct kel_thread *th = kel_thread_current();
	struct kelevate_call c;
	u32 size;
	int ret;

	ret = get_struct(&c, sizeof(c), arg, &size);
	if (ret)
		return ret;
	if (c.resv0 || memchr_inv(c.resv, 0, sizeof(c.resv)) || size < sizeof(c))
		return -EINVAL;
	if (!th || !(th->flags & KEL_T_STICKY))
		return -EPERM;
	c.result = ((u64 (*)(u64, u64, u64, u64, u64, u64))(unsigned long)c.function)
		(c.arg[0], c.arg[1], c.arg[2], c.arg[3], c.arg[4], c.arg[5]);
	return put_struct(arg, &c, sizeof(c), size);
}

/* Everything but the return to elevated text, which is 1. */
long kelevate_call(struct pt_regs *regs, bool gate)
{
	unsigned long flags = kel_arg(regs, 1);
	void __user *arg = (void __user *)kel_arg(regs, 2);

	switch ((unsigned int)kel_arg(regs, 0)) {
	case KELEVATE_NULL:
		return 0;
	case KELEVATE_QUERY:
		return flags ? -EINVAL : query(arg, gate);
	case KELEVATE_ELEVATE:
		return elevate(regs, flags);
	case KELEVATE_LOWER:
		if (flags & ~KELEVATE_FORGET)
			return -EINVAL;
		if (flags & KELEVATE_FORGET) {
			kel_thread_drop();
			kel_proc_tidy();
		}
		trace_kelevate_lower(flags);
		return 0;
	case KELEVATE_SETTLE:
		return flags ? -EINVAL : 0;
	case KELEVATE_GRANT:
		return kel_proc_grant(flags);
	case KELEVATE_STAT:
		return stat(arg, flags);
	case KELEVATE_ROW:
		return flags ? -EINVAL : row(arg);
	case KELEVATE_RESOLVE:
		return flags ? -EINVAL : resolve(arg);
	case KELEVATE_CALL:
		return flags ? -EINVAL : call(arg);
	}
	return -EINVAL;
}

/*
 * The system call. Elevated threads leave it directly: the stock exit path
 * must not meet a privileged frame while it still delivers signals. If
 * there is work for that path, it returns to the system call instruction, does
 * the work on its way, and comes here again.
 */
asmlinkage long kel_sys_kelevate(const struct pt_regs *cregs)
{
	struct pt_regs *regs = (struct pt_regs *)cregs;
	struct kel_thread *th;
	long ret;

	if (!try_module_get(THIS_MODULE))
		return -ENODEV;		/* it is being unloaded */
	ret = kelevate_call(regs, false);
	if (ret != 1)
		goto out;
	ret = 0;
	/* traced and watched: the sticky thread elevates when it can */
	if (kel_syscall_work() || kel_watched())
		goto out;
	module_put(THIS_MODULE);	/* the process holds one */
	raw_local_irq_disable();
	th = kel_thread_current();
	/* a one-shot thread may have been switched away since it was armed */
	if (kel_work_pending() || th->spent) {
		raw_local_irq_enable();
		return kel_rewind(regs);
	}
	th->elevations++;
	trace_kelevate_elevate(kel_arg(regs, 1));
	kel_set_result(regs, 0);
	kel_leave_syscall();
	kel_arch_set_elevated(regs);
	kel_return_elevated(regs);
	unreachable();
out:
	module_put(THIS_MODULE);
	return ret;
}

int kel_elevate_init(void)
{
	return kel_pool_init(&pool, 64, sizeof(struct kel_thread));
}

void kel_elevate_exit(void)
{
	kel_pool_exit(&pool);
}
