// SPDX-License-Identifier: GPL-2.0
/*
 * After this, an HVC instruction of this kernel's own exception level, with 1 in x0, makes an SError
 * pending: a corrected one, about which nothing is to be done. arm64's; EL2 must be the hypervisor
 * stub's (kvm-arm.mode=none and no VHE). Stays until the next boot.
 */
#include <linux/cpu.h>
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <asm/cacheflush.h>
#include <asm/memory.h>
#include <asm/virt.h>

#define LOWER_EL_SYNC	0x400

/* At EL2, without a MMU. */
static const u32 code[] = {
	0xb40000e0,		/*	cbz	x0, 1f */
	0xd53c1101,		/*	mrs	x1, hcr_el2 */
	0xb27b0021,		/*	orr	x1, x1, #AMO */
	0xb2780021,		/*	orr	x1, x1, #VSE */
	0xd51c1101,		/*	msr	hcr_el2, x1 */
	0xd2830221,		/*	mov	x1, #0x1811	; an SError, corrected */
	0xd51c5261,		/*	msr	vsesr_el2, x1 */
	0xaa1f03e0,		/* 1:	mov	x0, xzr */
	0xd69f03e0,		/*	eret */
};

static void take_over(void *vectors)
{
	register u64 x0 asm("x0") = HVC_SET_VECTORS;
	register u64 x1 asm("x1") = virt_to_phys(vectors);

	asm volatile("hvc #0" : "+r" (x0), "+r" (x1) : : "x2", "x3", "memory");
}

static int __init serror_init(void)
{
	char *vectors;

	if (is_kernel_in_hyp_mode())
		return -ENODEV;
	vectors = (char *)get_zeroed_page(GFP_KERNEL);
	if (!vectors)
		return -ENOMEM;
	memcpy(vectors + LOWER_EL_SYNC, code, sizeof(code));
	flush_icache_range((unsigned long)vectors, (unsigned long)vectors + PAGE_SIZE);
	on_each_cpu(take_over, vectors, 1);
	return 0;
}

module_init(serror_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("test helper: SErrors on demand");
