/* SPDX-License-Identifier: GPL-2.0 */
/*
 * process - other processes, and the shim in them
 */
#ifndef SYMBIOTE_PROCESS_H
#define SYMBIOTE_PROCESS_H

#include "../shim/stats.h"
#include "symbiote.h"

enum shim_view {
	SHIM_NONE,		/* the process does not carry it */
	SHIM_SEEN,		/* *s is filled */
	SHIM_STARTING,
	SHIM_OTHER,		/* another layout of symbiote_stats */
	SHIM_UNREADABLE,
	SHIM_HIDDEN,		/* whether it does cannot be known */
};

enum shim_view process_shim(pid_t pid, struct symbiote_stats *s);
const char *shim_view_text(enum shim_view view);
void process_name(pid_t pid, char *comm, size_t size);
uid_t process_uid(pid_t pid);		/* effective */
bool process_exists(pid_t pid);
/* All pids in order; *list is to be freed. */
size_t process_list(pid_t **list);

#endif
