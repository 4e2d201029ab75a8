/* SPDX-License-Identifier: GPL-2.0 */
/* kel_cpu.flags, kel_thread.flags: for assembly as well. */
#ifndef KEL_FLAGS_H
#define KEL_FLAGS_H

#define KEL_T_STICKY		1	/* the gate elevates */
#define KEL_T_PRIVILEGED	2	/* so do privileged instructions and the fast vector */
#define KEL_T_KADDR		4	/* so do kernel addresses */
#define KEL_T_BRACKETED		8	/* the gate returns lowered */

#endif
