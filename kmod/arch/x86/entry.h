/* SPDX-License-Identifier: GPL-2.0 */
/* What entry.S and gate.S define for cpu.c, and it for them. */
#ifndef KEL_X86_ENTRY_H
#define KEL_X86_ENTRY_H

#include <linux/types.h>

extern const char kel_stubs[];		/* one for each vector */
extern const char kel_ist_db[], kel_ist_nmi[], kel_ist_mc[];
extern const char kel_vector_entry[];
extern const char kel_gate[];

/* jumps to the kernel's own code, to be filled in */
extern const char kel_ist_db_slot[], kel_ist_nmi_slot[], kel_ist_mc_slot[];
extern const char kel_slot_pf[], kel_slot_gp[], kel_slot_df[], kel_slot_user[];

extern u8 kel_fsgsbase;
extern u64 kel_cr4_mask;		/* cleared for a symbiote's thread */
extern u64 kel_area, kel_area_len;	/* all CPUs' blocks */
extern u64 kel_entry_text, kel_entry_text_len;
extern u64 kel_user_end;		/* TASK_SIZE_MAX */
extern u64 kel_vector_err;		/* the #GP's error code for int $vector */

#endif
