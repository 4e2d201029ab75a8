// SPDX-License-Identifier: GPL-2.0
/* kel_test_pxn(): where user text is forbidden to the kernel's own mode, for tests to call. arm64's. */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>

u64 kel_test_pxn(unsigned long addr);

#ifndef PMD_TABLE_PXN		/* 5.13 */
#define PMD_TABLE_PXN	(1UL << 59)
#endif

/* Of a mapped user page: bit 0 PXN of the entry, bit 1 PXNTable of any table above it; all ones: none. */
u64 kel_test_pxn(unsigned long addr)
{
	u64 ret = ~0ULL;
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;
	pte_t pte;

	mmap_read_lock(current->mm);
	p4d = p4d_offset(pgd_offset(current->mm, addr), addr);
	if (p4d_none(*p4d))
		goto out;
	pud = pud_offset(p4d, addr);
	if (pud_none(*pud) || pud_leaf(*pud))
		goto out;
	pmd = pmd_offset(pud, addr);
	if (!pmd_present(*pmd))
		goto out;
	ret = ((p4d_val(*p4d) | pud_val(*pud)) & PMD_TABLE_PXN) ? 2 : 0;
	if (pmd_leaf(*pmd)) {
		ret |= pmd_val(*pmd) & PTE_PXN ? 1 : 0;
		goto out;
	}
	pte = READ_ONCE(*pte_offset_kernel(pmd, addr));
	if (pte_valid(pte))
		ret |= (pte_val(pte) & PTE_PXN ? 1 : 0) | (pmd_val(*pmd) & PMD_TABLE_PXN ? 2 : 0);
	else
		ret = ~0ULL;
out:
	mmap_read_unlock(current->mm);
	return ret;
}
EXPORT_SYMBOL_GPL(kel_test_pxn);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("test helper: PXN of user pages");
