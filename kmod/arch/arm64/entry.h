/* SPDX-License-Identifier: GPL-2.0 */
/* What entry.S and the files in C have of each other. */
#ifndef KEL_ARM64_ENTRY_H
#define KEL_ARM64_ENTRY_H

#include <linux/types.h>

struct kel_thread;
struct pt_regs;

/* text.c's, for entry.S */
int kel_fetch_abort(struct pt_regs *regs, struct kel_thread *th, unsigned long far,
		    unsigned long esr);

extern const char kel_el1t_sync[], kel_el1t_irq[], kel_el1t_fiq[], kel_el1t_error[];
extern const char kel_gate[];

extern u64 kel_landing_sync, kel_landing_irq, kel_landing_fiq, kel_landing_error;
extern u64 kel_ret_to_user;
extern u32 kel_pstate;

#endif
