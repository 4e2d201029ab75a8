// SPDX-License-Identifier: GPL-2.0
/*
 * Calls a function by a pointer that is all but NULL, as a bug of the kernel's
 * would, and goes on behind the call when the kernel has found that out and is
 * about to say BUG and end the task: `seen` is 1 then.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <asm/nospec-branch.h>

#define NOWHERE	0x10

static unsigned long behind;	/* the call */
static int seen;
module_param(seen, int, 0444);

static void mend(struct pt_regs *regs)
{
	regs->ip = behind;
	regs->sp += sizeof(long);	/* the return address */
	seen++;
}

static int on_oops(struct kprobe *p, struct pt_regs *regs)
{
	const struct pt_regs *fault = (const struct pt_regs *)regs_get_kernel_argument(regs, 0);

	if (fault->ip != NOWHERE)
		return 0;
	instruction_pointer_set(regs, (unsigned long)mend);
	return 1;
}

/* Its presence forbids the optimised kind of probe, which would not go to mend(). */
static void not_optimised(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

/* What says BUG: since 5.13, and before, as compilers name it. */
static const char *const where[] = { "page_fault_oops", "no_context", "no_context.constprop.0" };

static struct kprobe probe = {
	.pre_handler = on_oops,
	.post_handler = not_optimised,
};

static int __init null_call_init(void)
{
	unsigned long at;
	int ret = -ENOENT, i;

	for (i = 0; i < ARRAY_SIZE(where) && ret == -ENOENT; i++) {
		probe.symbol_name = where[i];
		ret = register_kprobe(&probe);
	}
	if (ret)
		return ret;
	asm volatile("leaq 1f(%%rip), %[at]\n"
		     "movq %[at], %[behind]\n"
		     ANNOTATE_RETPOLINE_SAFE "\n"
		     "call *%[nowhere]\n"
		     "1:\n"
		     : [at] "=&r" (at), [behind] "=m" (behind), ASM_CALL_CONSTRAINT
		     : [nowhere] "r" ((unsigned long)NOWHERE) : "memory", "cc");
	unregister_kprobe(&probe);
	return 0;
}

static void __exit null_call_exit(void)
{
}

module_init(null_call_init);
module_exit(null_call_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("a mistake of the kernel's, for kelevate's tests");
