// SPDX-License-Identifier: GPL-2.0
/*
 * Who may elevate: the processes that were granted, from the grant to exec or
 * exit. The machinery (tracepoints here, entry stubs in arch/) is in place only
 * while there is one.
 */
#include <linux/audit.h>
#include <linux/binfmts.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <linux/preempt.h>
#include <linux/sched/coredump.h>
#include <linux/sched/signal.h>
#include <linux/securebits.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>
#include "kelevate.h"

DEFINE_KEL_LOCK(kel_procs_lock);
static DEFINE_HASHTABLE(procs, 8);	/* under kel_lock */
static unsigned int nr_procs;		/* under kel_lock */
static DEFINE_MUTEX(install_lock);
static bool installed;			/* under install_lock */
static struct kel_pool pool;		/* of struct kel_proc */

/*
 * Removing and installing patch the kernel's text on every CPU: not for each
 * program of a shell's loop.
 */
#define REMOVE_DELAY	HZ

static void remove_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(remover, remove_work);

/* No lockdown, and the capability that loading a module takes. */
bool kel_capable(void)
{
	return capable(CAP_SYS_MODULE) &&
	       !security_locked_down(LOCKDOWN_MODULE_SIGNATURE);
}

/* Called with kel_lock. */
struct kel_proc *kel_proc_find(struct task_struct *task)
{
	struct kel_proc *proc;

	hash_for_each_possible(procs, proc, node, (unsigned long)task->signal)
		if (proc->key == task->signal)
			return proc;
	return NULL;
}

static void proc_free_rcu(struct rcu_head *rcu)
{
	struct kel_proc *proc = container_of(rcu, struct kel_proc, rcu);

	put_pid(proc->pid);
	kel_pool_give(&pool, proc);
}

static void proc_release(struct kref *ref)
{
	struct kel_proc *proc = container_of(ref, struct kel_proc, ref);

	kel_stats_retire(&proc->past);
	call_rcu(&proc->rcu, proc_free_rcu);
}

void kel_proc_put(struct kel_proc *proc)
{
	kref_put(&proc->ref, proc_release);
}

static struct kel_proc *proc_new(struct kel_proc *proc, struct task_struct *task)
{
	memset(proc, 0, sizeof(*proc));
	kref_init(&proc->ref);
	INIT_LIST_HEAD(&proc->threads);
	proc->key = task->signal;
	proc->pid = get_pid(task_tgid(task));
	proc->uid = task_cred_xxx(task, euid);
	/* not get_task_comm(): on_rename() is called with its lock held */
	strscpy_pad(proc->comm, task->group_leader->comm, sizeof(proc->comm));
	return proc;
}

/* Called with kel_lock; the machinery is installed and stays so meanwhile. */
static void proc_hash(struct kel_proc *proc)
{
	__module_get(THIS_MODULE);
	hash_add(procs, &proc->node, (unsigned long)proc->key);
	nr_procs++;
}

/* Called with kel_lock. The caller drops the hash's reference after it. */
static void proc_unhash(struct kel_proc *proc)
{
	hash_del(&proc->node);
	proc->active = false;
	proc->exec_task = NULL;
	if (!--nr_procs)
		mod_delayed_work(system_percpu_wq, &remover, REMOVE_DELAY);
}

/* It may do nothing (any more) that it has to be known for. With kel_lock. */
static bool is_idle(const struct kel_proc *proc)
{
	return !proc->active && !proc->exec_task && list_empty(&proc->threads);
}

/* Called with kel_lock. What the caller forgets after it, or NULL. */
static struct kel_proc *unhash_idle(struct kel_proc *proc)
{
	if (!proc || !is_idle(proc))
		return NULL;
	proc_unhash(proc);
	return proc;
}

static void proc_forget(struct kel_proc *proc)
{
	kel_proc_put(proc);
	module_put(THIS_MODULE);
}

/* The calling process, if its grant was revoked and its last thread has forgotten. */
void kel_proc_tidy(void)
{
	struct kel_proc *proc;

	kel_lock();
	proc = unhash_idle(kel_proc_find(current));
	kel_unlock();
	if (proc)
		proc_forget(proc);	/* a system call has a reference of its own */
}

/* A child of a symbiote: another process, or another thread of this one. */
static void on_fork(void *data, struct task_struct *parent, struct task_struct *child)
{
	struct kel_thread *th = kel_thread_current();
	struct kel_proc *proc, *mine = NULL;
	bool failed = false;

	kel_lock();
	proc = kel_proc_find(parent);
	/* what a revoked process's threads are already, their children are too */
	if (!proc || (!proc->active && !(th && (th->flags & KEL_T_STICKY)))) {
		kel_unlock();
		return;
	}
	if (child->signal != parent->signal) {
		mine = kel_pool_take_atomic(&pool);
		if (mine) {
			proc_new(mine, child);
			mine->uid = proc->uid;
			mine->active = proc->active;
			mine->announced = proc->announced;
			proc_hash(mine);
		}
		failed = !mine;
		proc = mine;
	}
	/* the child's copy of the thread's state says sticky: so it must be */
	if (proc && th && kel_thread_fork(th, child, proc))
		failed = true;
	kel_unlock();
	if (failed) {
		pr_warn("out of memory: %s[%d] is killed: its gate is not open\n",
			child->comm, task_pid_nr(child));
		/* not by send_sig(): its lock may sleep. The child has not run yet */
		sigaddset(&child->pending.signal, SIGKILL);
		set_tsk_thread_flag(child, TIF_SIGPENDING);
	}
}

static void on_exit(void *data, struct task_struct *task)
{
	struct kel_proc *proc;

	kel_thread_drop();
	kel_lock();
	proc = kel_proc_find(task);
	/* another thread may get this one's task_struct, but not its grant */
	if (proc && proc->exec_task == task)
		proc->exec_task = NULL;
	/*
	 * Nobody lives who could elevate. Others may be on their way here, for long
	 * if they give back memory, and until then a CPU may know of them.
	 */
	if (proc && !atomic_read(&task->signal->live)) {
		proc->active = false;
		proc->exec_task = NULL;
	}
	proc = unhash_idle(proc);
	kel_unlock();
	if (proc)
		proc_forget(proc);
}

/*
 * Will it have the capability after the exec that it is in? As capabilities(7)
 * says of a program without any of its own; what a file adds ends the grant.
 */
static bool stays_capable(void)
{
	const struct cred *cred = current_cred();

	if (cap_raised(cred->cap_ambient, CAP_SYS_MODULE))
		return true;
	return uid_eq(cred->euid, GLOBAL_ROOT_UID) && !issecure(SECURE_NOROOT) &&
	       (cap_raised(cred->cap_bset, CAP_SYS_MODULE) ||
		cap_raised(cred->cap_inheritable, CAP_SYS_MODULE));
}

/* Is it capable after its exec? On a real-time kernel security modules may sleep. */
static bool is_capable(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return current_user_ns() == &init_user_ns &&
		       cap_raised(current_cred()->cap_effective, CAP_SYS_MODULE);
	return ns_capable_noaudit(&init_user_ns, CAP_SYS_MODULE);
}

/*
 * Whoever may ptrace it could elevate through it. Where that would not take
 * CAP_SYS_PTRACE, see to it that it does. Exec gives the task its new name after
 * it has made the new memory dumpable, and before it lets go of the locks that
 * PTRACE_ATTACH and the opening of /proc/PID/mem wait for. At on_exec() it would
 * be too late, who was let in by then stays; but its credentials are still the
 * old ones here.
 */
static void on_rename(void *data, struct task_struct *task, const char *comm)
{
	struct kel_proc *proc;

	if (task != current)
		return;
	kel_lock();
	proc = kel_proc_find(task);
	if (proc && proc->exec_task == task && !stays_capable())
		kel_undumpable();
	kel_unlock();
}

/*
 * The grant's one exec, or the exec that ends it. In a user namespace of its own
 * it ends: who is privileged there may ptrace even what is not dumpable.
 */
static void on_exec(void *data, struct task_struct *task, pid_t old_pid,
		    struct linux_binprm *bprm)
{
	struct kel_proc *proc;

	kel_thread_drop();
	kel_lock();
	proc = kel_proc_find(task);
	if (proc && proc->exec_task == task && !bprm->secureexec &&
	    current_user_ns() == &init_user_ns) {
		proc->exec_task = NULL;
		proc->active = true;
		proc->announced = false;
		proc->uid = current_euid();
		strscpy_pad(proc->comm, task->comm, sizeof(proc->comm));
		if (!is_capable())
			kel_undumpable();
		proc = NULL;
	} else if (proc) {
		proc_unhash(proc);
	}
	kel_unlock();
	if (proc)
		proc_forget(proc);
}

static struct probe {
	const char *name;
	void *handler;
	struct tracepoint *tp;
} probes[] = {
	{ "sched_process_fork", on_fork },
	{ "sched_process_exit", on_exit },
	{ "sched_process_exec", on_exec },
	{ "task_rename", on_rename },
};

static void find_probe(struct tracepoint *tp, void *data)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tp->name, probes[i].name))
			probes[i].tp = tp;
}

static void probes_remove(unsigned int n)
{
	while (n--)
		tracepoint_probe_unregister(probes[n].tp, probes[n].handler, NULL);
	tracepoint_synchronize_unregister();
}

static int probes_plant(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		ret = tracepoint_probe_register(probes[i].tp, probes[i].handler, NULL);
		if (ret) {
			probes_remove(i);
			return ret;
		}
	}
	return 0;
}

/* Called with install_lock. */
static int install(void)
{
	int ret;

	if (installed)
		return 0;
	preempt_notifier_inc();
	ret = probes_plant();
	if (ret)
		goto no_probes;
	ret = kel_arch_install();
	if (ret)
		goto no_arch;
	installed = true;
	return 0;

no_arch:
	probes_remove(ARRAY_SIZE(probes));
no_probes:
	preempt_notifier_dec();
	return ret;
}

static void remove_work(struct work_struct *work)
{
	mutex_lock(&install_lock);
	if (installed && !READ_ONCE(nr_procs)) {
		kel_arch_remove();
		probes_remove(ARRAY_SIZE(probes));
		preempt_notifier_dec();
		installed = false;
	}
	mutex_unlock(&install_lock);
}

/* KELEVATE_GRANT, and the implicit grant of KELEVATE_ELEVATE. */
int kel_proc_grant(unsigned long flags)
{
	struct kel_proc *proc, *new = NULL;
	int ret;

	if (flags == KELEVATE_GRANT_REVOKE) {
		kel_lock();
		proc = kel_proc_find(current);
		if (proc) {
			proc->active = false;
			proc->exec_task = NULL;
		}
		proc = unhash_idle(proc);
		kel_unlock();
		if (proc)
			proc_forget(proc);
		return 0;
	}
	if (flags != KELEVATE_GRANT_SELF && flags != KELEVATE_GRANT_EXEC)
		return -EINVAL;
	if (!kel_capable() || seccomp_mode(&current->seccomp))
		return -EPERM;

	mutex_lock(&install_lock);
	ret = install();
	if (ret)
		goto out;
	new = proc_new(kel_pool_take(&pool), current);
	kel_lock();
	proc = kel_proc_find(current);
	if (!proc) {
		proc = new;
		new = NULL;
		proc_hash(proc);
	}
	if (flags == KELEVATE_GRANT_SELF)
		proc->active = true;
	else
		proc->exec_task = current;
	kel_unlock();
out:
	mutex_unlock(&install_lock);
	if (new)
		kel_proc_put(new);
	if (ret)
		mod_delayed_work(system_percpu_wq, &remover, REMOVE_DELAY);
	return ret;
}

/* The first elevation of a process is logged, and audited. */
int kel_proc_announce(struct kel_proc *proc)
{
	struct audit_buffer *ab;
	bool first;

	kel_lock();
	first = !proc->announced;
	proc->announced = true;
	kel_unlock();
	if (!first)
		return 0;
	pr_info_ratelimited("elevates %s[%d], uid %u\n", current->comm,
			   task_tgid_nr(current), from_kuid(&init_user_ns, current_uid()));
	ab = audit_log_start(audit_context(), GFP_KERNEL, AUDIT_KERNEL_OTHER);
	if (ab) {
		audit_log_format(ab, "op=kelevate");
		audit_log_task_info(ab);
		audit_log_format(ab, " res=1");
		audit_log_end(ab);
	}
	return 0;
}

/*
 * Its own process anyone may see, whoever it has become since it was granted,
 * and those that were granted as the same user.
 */
bool kel_proc_mine(const struct kel_proc *proc)
{
	return proc->key == current->signal || uid_eq(proc->uid, current_euid());
}

/*
 * The process with the lowest pid >= from in ns, of all or of the caller's,
 * referenced; NULL: none.
 */
struct kel_proc *kel_proc_next(struct pid_namespace *ns, pid_t from, bool all)
{
	struct kel_proc *proc, *best = NULL;
	pid_t pid, best_pid = 0;
	int bkt;

	kel_lock();
	hash_for_each(procs, bkt, proc, node) {
		pid = pid_nr_ns(proc->pid, ns);
		if (pid && pid >= from && (!best || pid < best_pid) &&
		    (all || kel_proc_mine(proc))) {
			best = proc;
			best_pid = pid;
		}
	}
	if (best)
		kref_get(&best->ref);
	kel_unlock();
	return best;
}

unsigned int kel_proc_count(void)
{
	return READ_ONCE(nr_procs);
}

int kel_grant_init(void)
{
	unsigned int i;

	for_each_kernel_tracepoint(find_probe, NULL);
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (!probes[i].tp) {
			pr_err("refused: tracepoints: no tracepoint %s: the kernel needs CONFIG_TRACEPOINTS\n",
			       probes[i].name);
			return -EOPNOTSUPP;
		}
	}
	return kel_pool_init(&pool, 16, sizeof(struct kel_proc));
}

/* No symbiote lives any more: each holds a reference to the module. */
void kel_grant_exit(void)
{
	flush_delayed_work(&remover);
	kel_pool_exit(&pool);
}
