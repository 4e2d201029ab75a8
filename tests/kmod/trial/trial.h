/* SPDX-License-Identifier: GPL-2.0 */
/* What trial.c stands in for, and what was meant. */
struct file;
struct kel_pool;
struct kprobe;
struct page;

void *__real_kel_pool_take_atomic(struct kel_pool *pool);
void *__wrap_kel_pool_take_atomic(struct kel_pool *pool);
int __real_register_kprobe(struct kprobe *p);
int __wrap_register_kprobe(struct kprobe *p);
void *__real_vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot);
void *__wrap_vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot);
void __real_vunmap(const void *addr);
void __wrap_vunmap(const void *addr);
unsigned long __real_vm_mmap(struct file *file, unsigned long addr, unsigned long len,
			     unsigned long prot, unsigned long flag, unsigned long offset);
unsigned long __wrap_vm_mmap(struct file *file, unsigned long addr, unsigned long len,
			     unsigned long prot, unsigned long flag, unsigned long offset);
int __real_vm_munmap(unsigned long addr, size_t len);
int __wrap_vm_munmap(unsigned long addr, size_t len);
#if defined(CONFIG_X86_64) && defined(CONFIG_ARCH_HAS_CC_PLATFORM)
bool __real_cc_platform_has(enum cc_attr attr);
bool __wrap_cc_platform_has(enum cc_attr attr);
#endif
