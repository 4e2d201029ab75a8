// SPDX-License-Identifier: GPL-2.0
/*
 * User text that the kernel's own mode may execute.
 *
 * It is forbidden twice: by PXN in the entry of the page, and by PXNTable in
 * every table descriptor above it. Elevated text that steps on such a page
 * comes here; the page and the tables above it are freed of it, and it goes on.
 * What cannot be executed that way (pages that user mode may write, by
 * architecture) is executed in user mode.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <asm/esr.h>
#include <asm/pgtable.h>
#include <asm/tlbflush.h>
#include "../../kelevate.h"
#include "entry.h"

#define TABLE_PXN	PMD_TABLE_PXN	/* the same bit on each level */

/* The CPU, and the kernel on other CPUs, may change other bits meanwhile. */
static bool clear(void *entry, u64 bit)
{
	return atomic64_fetch_andnot(bit, (atomic64_t *)entry) & bit;
}

enum result { NOTHING, CHANGED, IMPOSSIBLE };

/* A page, or a large one: user mode must be able to execute, and not to write it. */
static enum result clear_leaf(u64 *leaf)
{
	u64 value = READ_ONCE(*leaf);

	if (!(value & PTE_VALID) || (value & PTE_UXN))
		return NOTHING;
	if (value & (PTE_WRITE | PTE_CONT))
		return IMPOSSIBLE;
	return clear(leaf, PTE_PXN) ? CHANGED : NOTHING;
}

/*
 * Called with mmap_lock: the tables stay, but for the lowest one, which 6.12 takes
 * out of its pmd with only the pmd's lock held.
 */
static enum result clear_tables(struct mm_struct *mm, unsigned long addr)
{
	spinlock_t *lock, *lowest;
	enum result ret = NOTHING;
	bool table = false;
	pgd_t *pgd;
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;

	pgd = pgd_offset(mm, addr);
	if (pgd_none(READ_ONCE(*pgd)))
		return NOTHING;
	p4d = p4d_offset(pgd, addr);
	if (p4d_none(READ_ONCE(*p4d)))
		return NOTHING;
	pud = pud_offset(p4d, addr);
	if (pud_none(READ_ONCE(*pud)))
		return NOTHING;
	if (pud_leaf(READ_ONCE(*pud)))
		return IMPOSSIBLE;
	pmd = pmd_offset(pud, addr);
	lock = pmd_lock(mm, pmd);
	if (pmd_leaf(READ_ONCE(*pmd))) {
		ret = clear_leaf((u64 *)pmd);
	} else if (pmd_present(READ_ONCE(*pmd))) {
		table = clear(pmd, TABLE_PXN);
		lowest = pte_lockptr(mm, pmd);
		if (lowest != lock)
			spin_lock_nested(lowest, SINGLE_DEPTH_NESTING);
		ret = clear_leaf((u64 *)pte_offset_kernel(pmd, addr));
		if (lowest != lock)
			spin_unlock(lowest);
	}
	spin_unlock(lock);
	if (ret == NOTHING && !table)
		return NOTHING;
#if CONFIG_PGTABLE_LEVELS > 2
	table |= clear(pud, TABLE_PXN);
#endif
#if CONFIG_PGTABLE_LEVELS > 3
	table |= clear(p4d, TABLE_PXN);
#endif
#if CONFIG_PGTABLE_LEVELS > 4
	if (pgtable_l5_enabled())
		table |= clear(pgd, TABLE_PXN);
#endif
	return ret == NOTHING && table ? CHANGED : ret;
}

/*
 * Also what was cached of the tables above the page. The kernel's own functions
 * want to tell other users of the tables, for whom nothing changed. Twice, as some
 * CPUs need (Kryo, Cortex-A76: ARM64_WORKAROUND_REPEAT_TLBI).
 */
static void flush(struct mm_struct *mm, unsigned long addr)
{
	u64 page = (u64)ASID(mm) << 48 | (addr >> 12 & GENMASK_ULL(43, 0));
	unsigned int i;

	dsb(ishst);
	for (i = 0; i < 2; i++) {
		asm volatile("tlbi vae1is, %0" : : "r" (page));
		asm volatile("tlbi vae1is, %0" : : "r" (page | USER_ASID_FLAG));
		dsb(ish);
	}
}

static enum result make_executable(unsigned long addr)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	enum result ret = NOTHING;

	mmap_read_lock(mm);
	vma = find_vma(mm, addr);
	if (vma && vma->vm_start <= addr && (vma->vm_flags & VM_EXEC)) {
		ret = clear_tables(mm, addr);
		if (ret == CHANGED)
			flush(mm, addr);
	}
	mmap_read_unlock(mm);
	return ret;
}

/*
 * Everything masked at entry and on return; regs is the thread's task_pt_regs
 * and says user mode. Returns like kel_gate_call(): 1 elevated, 2 in user mode,
 * where a true fault is raised again.
 */
int kel_fetch_abort(struct pt_regs *regs, struct kel_thread *th, unsigned long far,
		    unsigned long esr)
{
	enum result ret = NOTHING;

	kel_note_user_irq();
	asm volatile("msr daifclr, #0xf" : : : "memory");
	if (is_ttbr0_addr(far) && (esr & ESR_ELx_FSC_TYPE) == ESR_ELx_FSC_PERM)
		ret = make_executable(far);
	if (ret == IMPOSSIBLE)
		th->arch.user_text = regs->pc;
	if (ret == CHANGED) {
		raw_local_irq_disable();
		if (!kel_work_pending() && !th->spent) {
			kel_arch_set_elevated(regs);
			return 1;
		}
		raw_local_irq_enable();
	}
	th->lowered++;
	kel_arch_exit_to_user(regs);
	return 2;
}
