// SPDX-License-Identifier: GPL-2.0
/*
 * kelevate: a system call that lets application threads run in the kernel's
 * mode of execution. Here: what comes up in which order, and goes in reverse.
 */
#include <linux/init.h>
#include <linux/module.h>
#include "kelevate.h"

static int __init kelevate_init(void)
{
	int ret;

	ret = kel_check();		/* refuse before touching anything */
	if (ret)
		return ret;
	ret = kel_hook_check();
	if (ret)
		return ret;
	ret = kel_ksym_init();
	if (ret)
		return ret;
	ret = kel_arch_resolve();
	if (ret)
		return ret;
	ret = kel_shortcut_init();
	if (ret)
		return ret;
	ret = kel_arch_init();
	if (ret)
		return ret;
	ret = kel_elevate_init();
	if (ret)
		goto no_elevate;
	ret = kel_grant_init();
	if (ret)
		goto no_grant;
	ret = kel_stats_init();
	if (ret)
		goto no_stats;
	ret = kel_selftest();
	if (ret)
		goto no_hook;
	ret = kel_hook_init();		/* from here on we may be called */
	if (ret)
		goto no_hook;
	if (kel_untested())
		pr_warn("this kernel is newer than any that was tested (%u.%u): what can be seen at load is in order\n",
			KEL_TESTED_MAJOR, KEL_TESTED_MINOR);
	pr_info("ready: system call %u by %s, vector %#x\n", kel_nr,
	       kel_hook_feature() == KELEVATE_F_HOOK_TABLE ? "table" : "kprobe",
	       kel_arch_vector());
	return 0;

no_hook:
	kel_stats_exit();
no_stats:
	kel_grant_exit();
no_grant:
	kel_elevate_exit();
no_elevate:
	kel_arch_exit();
	return ret;
}

static void __exit kelevate_exit(void)
{
	kel_hook_exit();
	kel_stats_exit();
	kel_grant_exit();
	kel_elevate_exit();
	kel_arch_exit();
}

module_init(kelevate_init);
module_exit(kelevate_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("run application text in the kernel's mode of execution");
MODULE_VERSION("0.1.0");
