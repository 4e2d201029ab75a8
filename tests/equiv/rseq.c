// SPDX-License-Identifier: GPL-2.0
/*
 * Restartable sequences in elevated text: per-CPU counters, incremented slowly
 * and without atomics, lose nothing although threads are preempted and migrate
 * in the middle. And the kernel's cpu_id is the CPU.
 */
#include "elevate/kel.h"
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#define HAVE_RSEQ
#endif

#ifdef HAVE_RSEQ
#define THREADS 4

static struct counter {
	volatile long n;
	char pad[120];
} counters[64];
static volatile bool stop;
static long total, elevated_seen;
static _Atomic long aborted;

/* Adds one to this CPU's counter; false if the sequence was aborted. */
static __attribute__((noinline)) bool add(struct rseq *r)
{
	unsigned int cpu = *(volatile unsigned int *)&r->cpu_id_start;
	struct counter *c = &counters[cpu];

	must(cpu < 64);
#ifdef __x86_64__
	__asm__ goto volatile(
		".pushsection equiv_rseq, \"aw\"\n\t"
		".balign 32\n"
		"3:	.long 0, 0\n\t"
		".quad 1f, 2f - 1f, 4f\n\t"
		".popsection\n\t"
		"lea	3b(%%rip), %%rax\n\t"
		"mov	%%rax, 8(%[rseq])\n"
		"1:	cmp	%[cpu], 4(%[rseq])\n\t"
		"jne	4f\n\t"
		"mov	(%[counter]), %%rax\n\t"
		"mov	$100, %%ecx\n"
		"5:	dec	%%ecx\n\t"
		"jnz	5b\n\t"
		"inc	%%rax\n\t"
		"mov	%%rax, (%[counter])\n"
		"2:\n\t"
		".pushsection equiv_rseq_abort, \"ax\"\n\t"
		".byte	0x0f, 0xb9, 0x3d\n\t"
		".long	%c[sig]\n"
		"4:	jmp	%l[abort]\n\t"
		".popsection"
		: : [rseq] "r" (r), [cpu] "r" (cpu), [counter] "r" (&c->n), [sig] "i" (RSEQ_SIG)
		: "rax", "rcx", "memory", "cc" : abort);
#else
	__asm__ goto volatile(
		".pushsection equiv_rseq, \"aw\"\n\t"
		".balign 32\n\t"
		"3:	.long 0, 0\n\t"
		".quad 1f, 2f - 1f, 4f\n\t"
		".popsection\n\t"
		"adrp	x9, 3b\n\t"
		"add	x9, x9, :lo12:3b\n\t"
		"str	x9, [%[rseq], #8]\n"
		"1:	ldr	w10, [%[rseq], #4]\n\t"
		"cmp	w10, %w[cpu]\n\t"
		"b.ne	4f\n\t"
		"ldr	x9, [%[counter]]\n\t"
		"mov	w10, #100\n"
		"5:	subs	w10, w10, #1\n\t"
		"b.ne	5b\n\t"
		"add	x9, x9, #1\n\t"
		"str	x9, [%[counter]]\n"
		"2:\n\t"
		".pushsection equiv_rseq_abort, \"ax\"\n\t"
		".inst	%c[sig]\n"
		"4:	b	%l[abort]\n\t"
		".popsection"
		: : [rseq] "r" (r), [cpu] "r" (cpu), [counter] "r" (&c->n), [sig] "i" (RSEQ_SIG)
		: "x9", "x10", "memory", "cc" : abort);
#endif
	return true;
abort:
	return false;
}

static void *work(void *flags)
{
	struct rseq *r = (void *)((char *)__builtin_thread_pointer() + __rseq_offset);
	long mine = 0, elevated = 0, pid = getpid();

	kel_elevate((unsigned long)flags);
	while (!stop) {
		must(gate0(SYS_getpid) == pid);		/* and elevated again */
		for (int i = 0; i < 20; i++) {
			while (!add(r))
				aborted++;
			mine++;
			elevated += cpl() == 0;
		}
	}
	__sync_fetch_and_add(&total, mine);
	__sync_fetch_and_add(&elevated_seen, elevated);
	return NULL;
}

/* Wakes often, so that others are preempted often. */
static void *disturb(void *unused)
{
	(void)unused;
	while (!stop)
		usleep(100);
	return NULL;
}

static void run(unsigned long flags)
{
	pthread_t threads[THREADS], disturbers[2];
	double start = kel_now();
	long sum = 0;

	stop = false;
	total = aborted = elevated_seen = 0;
	memset(counters, 0, sizeof(counters));
	for (int i = 0; i < 2; i++)
		must(!pthread_create(&disturbers[i], NULL, disturb, NULL));
	for (int i = 0; i < THREADS; i++)
		must(!pthread_create(&threads[i], NULL, work, (void *)flags));
	while (kel_now() < start + 2 || (!aborted && kel_now() < start + 40))
		usleep(100000);
	stop = true;
	for (int i = 0; i < THREADS; i++)
		must(!pthread_join(threads[i], NULL));
	for (int i = 0; i < 2; i++)
		must(!pthread_join(disturbers[i], NULL));
	for (int i = 0; i < 64; i++)
		sum += counters[i].n;
	printf("# %ld additions, %ld aborted, %ld found the thread elevated\n", total, aborted, elevated_seen);
	must(sum == total, "%ld, but %ld were counted", total, sum);
	must(aborted > 0, "no sequence was ever aborted: nothing was tested");
	must(flags & KELEVATE_BRACKETED || elevated_seen > total / 2);
}
#endif

int main(void)
{
	kel_nr();
#ifdef HAVE_RSEQ
	if (!__rseq_size)
		skip("libc has not registered a restartable sequence");
	run(KELEVATE_STICKY);
	run(KELEVATE_STICKY | KELEVATE_BRACKETED);
	return 0;
#else
	skip("this libc knows no restartable sequences");
#endif
}
