// SPDX-License-Identifier: GPL-2.0
/*
 * Counters. A thread counts for itself, without atomics; whoever reads adds
 * them up. debugfs shows the sum of everything to developers; the stable view
 * is KELEVATE_STAT.
 */
#include <linux/cred.h>
#include <linux/debugfs.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include "kelevate.h"

static struct kel_thread retired;	/* of processes that ended; kel_lock_retired */
static DEFINE_RAW_SPINLOCK(kel_lock_retired);
static struct dentry *dir;

void kel_stats_add(struct kel_thread *to, const struct kel_thread *from)
{
	unsigned int i;

	to->by_vector += from->by_vector;
	to->by_privileged += from->by_privileged;
	to->by_gate += from->by_gate;
	to->by_kaddr += from->by_kaddr;
	to->lowered += from->lowered;
	to->fb_event += from->fb_event;
	to->fb_step += from->fb_step;
	to->elevations += from->elevations;
	to->settles += from->settles;
	for (i = 0; i < ARRAY_SIZE(to->fallbacks); i++)
		to->fallbacks[i] += from->fallbacks[i];
	for (i = 0; i < kel_shortcut_rows(); i++)
		to->rows[i] += from->rows[i];
}

void kel_stats_retire(const struct kel_thread *th)
{
	raw_spin_lock(&kel_lock_retired);
	kel_stats_add(&retired, th);
	raw_spin_unlock(&kel_lock_retired);
}

static unsigned int sum_proc(struct kel_proc *proc, struct kel_thread *sum, u64 *state)
{
	struct kel_thread *th;
	unsigned int n = 0;

	kel_lock();
	kel_stats_add(sum, &proc->past);
	if (proc->active)
		*state |= KELEVATE_S_GRANTED;
	list_for_each_entry(th, &proc->threads, link) {
		kel_stats_add(sum, th);
		if (!th->spent)
			n++;
		if (th->flags & KEL_T_STICKY)
			*state |= KELEVATE_S_STICKY;
		if (th->flags & KEL_T_BRACKETED)
			*state |= KELEVATE_S_BRACKETED;
	}
	kel_unlock();
	return n;
}

static void fill(struct kelevate_stat *st, const struct kel_thread *sum)
{
	unsigned int i;

	st->elevations = sum->elevations;
	st->by_vector = sum->by_vector;
	st->by_privileged = sum->by_privileged;
	st->by_gate = sum->by_gate;
	st->by_kaddr = sum->by_kaddr;
	st->lowered = sum->lowered;
	st->settles = sum->settles;
	for (i = 0; i < KELEVATE_FB_REASONS; i++)
		st->fallbacks[i] = sum->fallbacks[i];
	st->fallbacks[KELEVATE_FB_EVENT] += sum->fb_event;
	st->fallbacks[KELEVATE_FB_STEP] += sum->fb_step;
	for (i = 0; i < kel_shortcut_rows(); i++)
		st->rows[i] = sum->rows[i];
}

static void sum_all(struct kel_thread *sum, unsigned int *threads, u64 *state)
{
	struct kel_proc *proc;
	pid_t pid = 1;

	raw_spin_lock(&kel_lock_retired);
	kel_stats_add(sum, &retired);
	raw_spin_unlock(&kel_lock_retired);
	while ((proc = kel_proc_next(&init_pid_ns, pid, true))) {
		*threads += sum_proc(proc, sum, state);
		pid = pid_nr_ns(proc->pid, &init_pid_ns) + 1;
		kel_proc_put(proc);
	}
}

long kel_stats_get(struct kelevate_stat *st, unsigned long flags)
{
	struct pid_namespace *ns = task_active_pid_ns(current);
	bool next = flags & KELEVATE_STAT_NEXT;
	pid_t pid = st->pid;
	struct kel_proc *proc;
	struct kel_thread *sum;
	unsigned int threads = 0;
	u64 state = 0;

	if (!pid && !next) {
		if (!capable(CAP_SYS_ADMIN))
			return -EPERM;
		sum = kzalloc(sizeof(*sum), GFP_KERNEL);
		if (!sum)
			return -ENOMEM;
		memset(st, 0, sizeof(*st));
		sum_all(sum, &threads, &state);
		fill(st, sum);
		st->threads = threads;
		st->symbiotes = kel_proc_count();
		goto out;
	}

	proc = kel_proc_next(ns, pid, !next || ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN));
	if (proc && !next && pid_nr_ns(proc->pid, ns) != pid) {
		kel_proc_put(proc);
		proc = NULL;
	}
	if (!proc)
		return -ESRCH;
	if (!next && !kel_proc_mine(proc) && !capable(CAP_SYS_ADMIN)) {
		kel_proc_put(proc);
		return -EPERM;
	}
	sum = kzalloc(sizeof(*sum), GFP_KERNEL);
	if (!sum) {
		kel_proc_put(proc);
		return -ENOMEM;
	}
	memset(st, 0, sizeof(*st));
	st->pid = pid_nr_ns(proc->pid, ns);
	st->uid = from_kuid_munged(current_user_ns(), proc->uid);
	st->threads = sum_proc(proc, sum, &state);
	memcpy(st->comm, proc->comm, sizeof(st->comm));
	fill(st, sum);
	kel_proc_put(proc);
out:
	st->abi = KELEVATE_ABI;
	st->state = state;
	kfree(sum);
	return 0;
}

static int totals_show(struct seq_file *m, void *unused)
{
	struct kel_thread *sum = kzalloc(sizeof(*sum), GFP_KERNEL);
	struct kelevate_stat *st = kzalloc(sizeof(*st), GFP_KERNEL);
	struct kelevate_row row = { };
	unsigned int i, threads = 0;
	u64 state = 0;

	if (!sum || !st)
		goto out;
	sum_all(sum, &threads, &state);
	fill(st, sum);
	seq_printf(m, "symbiotes %u\nthreads %u\nelevations %llu\n", kel_proc_count(),
		   threads, st->elevations);
	seq_printf(m, "by_vector %llu\nby_privileged %llu\nby_gate %llu\nby_kaddr %llu\n",
		   st->by_vector, st->by_privileged, st->by_gate, st->by_kaddr);
	seq_printf(m, "lowered %llu\nsettles %llu\n", st->lowered, st->settles);
	for (i = 0; i < KELEVATE_FB_REASONS; i++)
		seq_printf(m, "fallback %u %llu\n", i, st->fallbacks[i]);
	for (i = 0; i < kel_shortcut_rows(); i++) {
		row.index = i;
		kel_shortcut_row(&row);
		seq_printf(m, "shortcut %s %s %llu\n", row.call, row.function, st->rows[i]);
	}
out:
	kfree(sum);
	kfree(st);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(totals);

int kel_stats_init(void)
{
	dir = debugfs_create_dir("kelevate", NULL);
	debugfs_create_file("totals", 0400, dir, NULL, &totals_fops);
	return 0;
}

void kel_stats_exit(void)
{
	debugfs_remove_recursive(dir);
}
