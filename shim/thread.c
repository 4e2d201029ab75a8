// SPDX-License-Identifier: GPL-2.0
/*
 * thread.c - what a thread's first interposed call does
 *
 * A thread that a sticky one made is sticky itself. So when the constructor
 * could elevate the only thread there was, all that come later need no system
 * call to become what they already are. That is more than a saving: a process
 * may put itself under a seccomp filter that kills it for one. Threads older
 * than the constructor, and their children, elevate themselves.
 *
 * Async-signal-safe: a signal handler's call may come in here while the thread
 * it interrupted is in here. Elevating twice does no harm.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "gate.h"
#include "kelevate.h"
#include "shim.h"

__thread struct thread symbiote_thread;

static void sticky(void)
{
	symbiote_thread.calls = symbiote_process.calls;
	symbiote_thread.state = THREAD_STICKY;
}

/* Returns 0 or a negated errno. */
int symbiote_elevate(void)
{
	const struct process *process = &symbiote_process;
	long error = gate_syscall(process->nr, KELEVATE_ELEVATE,
				  process->elevate_flags, 0, 0, 0, 0);

	if (error)
		symbiote_thread.state = THREAD_REFUSED;
	else
		sticky();
	return error;
}

/*
 * Called when the thread's mask does not have the call: returns whether it may
 * take the gate all the same, and counts the reason if not.
 */
bool symbiote_enter(enum call call)
{
	enum symbiote_reason reason = symbiote_process.reason[call];

	if (__atomic_load_n(&symbiote_process.calls, __ATOMIC_ACQUIRE) &
	    CALL_BIT(call)) {
		switch (symbiote_thread.state) {
		case THREAD_STICKY:
			return true;
		case THREAD_UNKNOWN:
			if (symbiote_process.all_inherit) {
				sticky();
				return true;
			}
			/*
			 * A vfork child shares this thread's storage with its
			 * parent, but its elevation is its own: to elevate
			 * here would mark the parent as elevated.
			 */
			if (!symbiote_own_process()) {
				reason = SYMBIOTE_REASON_VFORK;
				break;
			}
			int error = symbiote_elevate();

			if (!error)
				return true;
			symbiote_stats.counts.thread_error = -error;
			/* fall through */
		case THREAD_REFUSED:
			reason = SYMBIOTE_REASON_THREAD;
			break;
		}
	}
	symbiote_count(call, reason);
	return false;
}
