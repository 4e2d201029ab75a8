/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kelevate

#if !defined(KEL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define KEL_TRACE_H

#include <linux/tracepoint.h>

/* flags as given to the system call */
DECLARE_EVENT_CLASS(kelevate_flags,
	TP_PROTO(unsigned long flags),
	TP_ARGS(flags),
	TP_STRUCT__entry(__field(unsigned long, flags)),
	TP_fast_assign(__entry->flags = flags;),
	TP_printk("flags=%#lx", __entry->flags)
);

DEFINE_EVENT(kelevate_flags, kelevate_elevate,
	TP_PROTO(unsigned long flags), TP_ARGS(flags));
DEFINE_EVENT(kelevate_flags, kelevate_lower,
	TP_PROTO(unsigned long flags), TP_ARGS(flags));

/* work: the thread flags that made it necessary */
TRACE_EVENT(kelevate_settle,
	TP_PROTO(unsigned long nr, unsigned long work),
	TP_ARGS(nr, work),
	TP_STRUCT__entry(
		__field(unsigned long, nr)
		__field(unsigned long, work)
	),
	TP_fast_assign(
		__entry->nr = nr;
		__entry->work = work;
	),
	TP_printk("nr=%lu work=%#lx", __entry->nr, __entry->work)
);

/* reason: enum kelevate_reason */
TRACE_EVENT(kelevate_fallback,
	TP_PROTO(unsigned long nr, unsigned int reason),
	TP_ARGS(nr, reason),
	TP_STRUCT__entry(
		__field(unsigned long, nr)
		__field(unsigned int, reason)
	),
	TP_fast_assign(
		__entry->nr = nr;
		__entry->reason = reason;
	),
	TP_printk("nr=%lu reason=%u", __entry->nr, __entry->reason)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
