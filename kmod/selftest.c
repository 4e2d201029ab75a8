// SPDX-License-Identifier: GPL-2.0
/*
 * Before anything is planted where others would meet it, each mechanism is
 * tried on something of our own: a probe on a function that nobody else calls,
 * and the architecture's entry in arch/. A kernel that nobody has
 * tested fails here, and not in somebody's program.
 */
#include <linux/kprobes.h>
#include "kelevate.h"

#define BEFORE	0x1234
#define AFTER	0x5678

static noinline long dummy(long value)
{
	barrier();		/* has an effect: is called each time */
	return value;
}

static noinline long diverted(long value)
{
	barrier();
	return value == BEFORE ? AFTER : 0;
}

static int divert(struct kprobe *p, struct pt_regs *regs)
{
	if (regs_get_kernel_argument(regs, 0) != BEFORE)
		return 0;
	instruction_pointer_set(regs, (unsigned long)diverted);
	return 1;
}

static void not_optimised(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

/* A function is diverted by a probe, as the unknown system call will be. */
static int try_probe(void)
{
	struct kprobe probe = {
		.addr = (kprobe_opcode_t *)dummy,
		.pre_handler = divert,
		.post_handler = not_optimised,
	};
	long (*call)(long value) = dummy;
	long before, during, after;
	int ret;

	OPTIMIZER_HIDE_VAR(call);
	before = call(BEFORE);
	ret = register_kprobe(&probe);
	if (ret) {
		pr_err("refused: self-test: no kprobe on a function of ours (%d)\n", ret);
		return ret;
	}
	during = call(BEFORE);
	unregister_kprobe(&probe);
	after = call(BEFORE);
	if (before != BEFORE || during != AFTER || after != BEFORE) {
		pr_err("refused: self-test: a kprobe does not divert a function (%#lx %#lx %#lx)\n",
		       before, during, after);
		return -EOPNOTSUPP;
	}
	return 0;
}

int kel_selftest(void)
{
	int ret = try_probe();

	/* arm64: elevated text ends in an exception, whose handler wants this stack empty */
#ifdef KEL_ARCH_SELFTEST
	if (!ret)
		ret = kel_arch_selftest();
#endif
	return ret;
}
