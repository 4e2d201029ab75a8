/* SPDX-License-Identifier: GPL-2.0 */
/*
 * gate.h - making a system call, and making it through the gate
 *
 *	long gate_call(const void *gate, long nr, long a1, ... long a6);
 *	long gate_syscall(long nr, long a1, ... long a6);
 *
 * Both return what the kernel returns: -4095..-1 is a negated errno. Neither
 * touches errno, the stack or thread-local storage. Only a sticky thread may
 * use gate_call().
 */
#ifndef SYMBIOTE_GATE_H
#define SYMBIOTE_GATE_H

#if defined(__x86_64__) && defined(__LP64__)
#include "arch/x86/gate.h"
#elif defined(__aarch64__) && defined(__LP64__)
#include "arch/arm64/gate.h"
#else
#error "the shim has no gate for this architecture"
#endif

#endif /* SYMBIOTE_GATE_H */
