// SPDX-License-Identifier: GPL-2.0
/*
 * Another module that hooks what symbiotes call: a kprobe, an ftrace handler,
 * and a kretprobe or a live patch; or nothing but a kprobe on a function that it
 * is told. Each counts.
 *
 * Not both a kretprobe and a live patch: that walks the stacks of tasks that wait
 * for a CPU, and one with a kretprobe's return on it gets the kernel's own WARNING.
 */
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/livepatch.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pipe_fs_i.h>

static unsigned long entered, returned, traced, patched;
module_param(entered, ulong, 0444);
module_param(returned, ulong, 0444);
module_param(traced, ulong, 0444);
module_param(patched, ulong, 0444);

static bool live;
module_param(live, bool, 0444);
MODULE_PARM_DESC(live, "a live patch, and no kretprobe");

static char *only;
module_param(only, charp, 0444);
MODULE_PARM_DESC(only, "the function that is probed, and nothing else is done");

static int on_entry(struct kprobe *kp, struct pt_regs *regs)
{
	entered++;
	return 0;
}

static int on_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	returned++;
	return 0;
}

static void notrace on_trace(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *op,
			     void *regs)
{
	traced++;
}

static struct kprobe kprobe = { .symbol_name = "pipe_write", .pre_handler = on_entry };
static struct kretprobe kretprobe = {
	.kp.symbol_name = "pipe_read", .handler = on_return, .maxactive = 100,
};
static struct ftrace_ops ops = { .func = (ftrace_func_t)(void *)on_trace };
static char *traced_function = "__task_pid_nr_ns";

#ifdef CONFIG_LIVEPATCH
/* Only does without the page that the kernel's keeps for the next write. */
static void new_release(struct pipe_inode_info *pipe, struct pipe_buffer *buf)
{
	patched++;
	put_page(buf->page);
}

static struct klp_func functions[] = {
	{ .old_name = "anon_pipe_buf_release", .new_func = new_release }, { }
};

static struct klp_object objects[] = {
	{ .funcs = functions }, { }
};

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int patch_functions(void)
{
	return klp_enable_patch(&patch);
}

MODULE_INFO(livepatch, "Y");
#else
static int patch_functions(void)
{
	return -EOPNOTSUPP;
}
#endif

static int __init neighbour_init(void)
{
	int ret;

	if (only)
		kprobe.symbol_name = only;
	ret = register_kprobe(&kprobe);
	if (only)
		return ret;
	if (ret == -ENOENT) {		/* 6.15: a FIFO's are others */
		kprobe.symbol_name = "anon_pipe_write";
		kretprobe.kp.symbol_name = "anon_pipe_read";
		ret = register_kprobe(&kprobe);
	}
	if (ret)
		return ret;
	ret = live ? 0 : register_kretprobe(&kretprobe);
	if (ret)
		goto no_kretprobe;
	ret = ftrace_set_filter(&ops, traced_function, strlen(traced_function), 1);
	if (!ret)
		ret = register_ftrace_function(&ops);
	if (ret)
		goto no_ftrace;
	ret = live ? patch_functions() : 0;
	if (ret)
		goto no_patch;
	return 0;

no_patch:
	unregister_ftrace_function(&ops);
no_ftrace:
	if (!live)
		unregister_kretprobe(&kretprobe);
no_kretprobe:
	unregister_kprobe(&kprobe);
	return ret;
}

static void __exit neighbour_exit(void)
{
	if (!only)
		unregister_ftrace_function(&ops);
	if (!only && !live)
		unregister_kretprobe(&kretprobe);
	unregister_kprobe(&kprobe);
}

module_init(neighbour_init);
module_exit(neighbour_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("hooks beside kelevate's, for its tests");
