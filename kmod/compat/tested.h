/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The newest kernel that the tests run on: a newer one is warned of, by the
 * module in the kernel log and by `symbiote check`, and runs when the probes
 * and the self-test pass. It decides nothing.
 */
#ifndef KEL_TESTED_H
#define KEL_TESTED_H

#define KEL_TESTED_MAJOR	7
#define KEL_TESTED_MINOR	3

#endif
