// SPDX-License-Identifier: GPL-2.0
/*
 * Symbols that the kernel does not export, and writes to its read-only pages:
 * the only file that does either.
 *
 * kallsyms_lookup_name() itself is not exported since 5.7. A kprobe names its
 * symbol and is told the address, which is all that it is planted for.
 */
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include "kelevate.h"

static unsigned long (*lookup_name)(const char *name);

int kel_ksym_init(void)
{
	struct kprobe kp = { .symbol_name = "kallsyms_lookup_name" };
	int ret = register_kprobe(&kp);

	if (ret) {
		pr_err("refused: kprobes: no kprobe on kallsyms_lookup_name (%d): the kernel needs CONFIG_KPROBES and CONFIG_KALLSYMS\n",
		       ret);
		return ret;
	}
	lookup_name = (void *)kp.addr;
	unregister_kprobe(&kp);
	return 0;
}

unsigned long kel_ksym(const char *name)
{
	return lookup_name(name);
}

/*
 * A second mapping of what is at addr, up to the end of its page: writable, so
 * that the first can keep its protection. NULL: no memory, or no page known.
 */
void *kel_alias(const void *addr)
{
	struct page *page = kel_arch_page((unsigned long)addr);
	void *map = page ? vmap(&page, 1, VM_MAP, PAGE_KERNEL) : NULL;

	return map ? map + offset_in_page(addr) : NULL;
}

void kel_unalias(const void *alias)
{
	vunmap((const void *)((unsigned long)alias & PAGE_MASK));
}

/* Not atomic: for text and tables that nobody uses yet, or for one aligned word. */
int kel_poke(void *addr, const void *src, size_t len)
{
	while (len) {
		unsigned long a = (unsigned long)addr;
		size_t n = min(len, (size_t)(PAGE_SIZE - offset_in_page(a)));
		void *alias = kel_alias(addr);

		if (!alias)
			return -ENOMEM;
		if (n == sizeof(long) && IS_ALIGNED(a, sizeof(long)))
			WRITE_ONCE(*(long *)alias, *(const long *)src);
		else
			memcpy(alias, src, n);
		kel_unalias(alias);
		addr += n;
		src += n;
		len -= n;
	}
	return 0;
}
