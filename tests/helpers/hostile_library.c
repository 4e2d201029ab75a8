// SPDX-License-Identifier: GPL-2.0
/* What anybody can call libsymbiote.so: texts for a terminal to obey. */
#include "stats.h"

#define TEXT	"\033]0;\x9bm\a"

struct symbiote_stats symbiote_stats = {
	.magic = SYMBIOTE_STATS_MAGIC,
	.version = SYMBIOTE_STATS_VERSION,
	.size = sizeof(symbiote_stats),
	.status = SYMBIOTE_STATUS_REFUSED,
	.nr_calls = SYMBIOTE_CALLS_MAX,
	.nr_reasons = SYMBIOTE_REASONS_MAX,
	.shim_version = TEXT,
	.module_version = TEXT,
	.libc_version = TEXT,
	.mode_name = TEXT,
	.status_name = TEXT,
	.status_text = TEXT,
	.reason = { [0 ... SYMBIOTE_REASONS_MAX - 1] = TEXT },
	.call = { [0 ... SYMBIOTE_CALLS_MAX - 1] = { .name = TEXT } },
	.counts = { .passed = { [0 ... SYMBIOTE_CALLS_MAX - 1] = { 7, 7 } } },
};
