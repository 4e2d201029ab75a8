// SPDX-License-Identifier: GPL-2.0
/*
 * Stands between the module and what it uses, in a build for trials
 * (see Kbuild): with fail= one thing does not do what it should, as on a kernel
 * that nobody has seen. A reference to NAME arrives at __wrap_NAME here, and
 * __real_NAME is what was meant.
 */
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>
#include "compat/compat.h"
#include "trial.h"

static char *fail = "";
module_param(fail, charp, 0444);
MODULE_PARM_DESC(fail, "probe, divert, table, text or fork");

/* fork: there is no memory for what has to be known of a child. */
void *__wrap_kel_pool_take_atomic(struct kel_pool *pool)
{
	return strcmp(fail, "fork") ? __real_kel_pool_take_atomic(pool) : NULL;
}

/* probe: the self-test's kprobe, which has no symbol, is refused. divert: it is planted, and does nothing. */
static int stay(struct kprobe *p, struct pt_regs *regs)
{
	return 0;
}

int __wrap_register_kprobe(struct kprobe *p)
{
	if (!p->symbol_name && !strcmp(fail, "probe"))
		return -EOPNOTSUPP;
	if (!p->symbol_name && !strcmp(fail, "divert"))
		p->pre_handler = stay;
	return __real_register_kprobe(p);
}

#ifdef CONFIG_X86_64
#include <asm/desc.h>

/* The fast vector's entry goes back at once: see trial_entry.S. */
bool fail_gate;
module_param(fail_gate, bool, 0444);
MODULE_PARM_DESC(fail_gate, "this one by itself: assembly looks at it");

/* table: the second mapping of the descriptor table is of another page. */
static struct page *other;
static void *other_mapped;

static struct page *table_page(void)
{
	struct desc_ptr dtr;
	unsigned int level;

	store_idt(&dtr);
	return pfn_to_page(pte_pfn(*lookup_address(dtr.address, &level)));
}

void *__wrap_vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot)
{
	if (strcmp(fail, "table") || pages[0] != table_page())
		return __real_vmap(pages, count, flags, prot);
	other = alloc_page(GFP_KERNEL);
	if (!other)
		return NULL;
	copy_page(page_address(other), page_address(pages[0]));
	other_mapped = __real_vmap(&other, 1, flags, prot);
	return other_mapped;
}

void __wrap_vunmap(const void *addr)
{
	__real_vunmap(addr);
	if (other && addr == other_mapped)
		__free_page(other);
}

/* text: the process's half is not executable in the kernel's mode, as with page table isolation. */
static pgd_t *forbidden;

unsigned long __wrap_vm_mmap(struct file *file, unsigned long addr, unsigned long len,
			     unsigned long prot, unsigned long flag, unsigned long offset)
{
	unsigned long at = __real_vm_mmap(file, addr, len, prot, flag, offset);

	if (!strcmp(fail, "text") && !IS_ERR_VALUE(at)) {
		forbidden = pgd_offset(current->mm, at);
		forbidden->pgd |= _PAGE_NX;
	}
	return at;
}

int __wrap_vm_munmap(unsigned long addr, size_t len)
{
	if (forbidden)
		forbidden->pgd &= ~_PAGE_NX;
	return __real_vm_munmap(addr, len);
}

#ifdef CONFIG_ARCH_HAS_CC_PLATFORM
/* sev-es: the kernel is a guest whose registers are encrypted. Features of the CPU: tests/kmod/pretend.c. */
static char *pretend = "";
module_param(pretend, charp, 0444);
MODULE_PARM_DESC(pretend, "sev-es");

bool __wrap_cc_platform_has(enum cc_attr attr)
{
	return (attr == CC_ATTR_GUEST_STATE_ENCRYPT && !strcmp(pretend, "sev-es")) ||
	       __real_cc_platform_has(attr);
}
#endif
#endif
