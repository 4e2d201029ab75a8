// SPDX-License-Identifier: GPL-2.0
/*
 * What elevated text keeps below its stack pointer survives a million
 * interrupts, or as many as come in 15 s; and so do all registers.
 */
#include <linux/membarrier.h>
#include "kel.h"

#define WANTED		1000000
#define ENOUGH		200	/* on a slow machine */
#define SECONDS		15

static volatile bool end;

/* membarrier() interrupts every CPU that runs a thread of this process. */
static void *interrupts(void *unused)
{
	(void)unused;
	pin(1);
	while (!end)
		syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
	return NULL;
}

#ifdef __x86_64__
/* 0, or what was found below the stack pointer. CLI and STI elevate again. */
static __attribute__((noinline)) long spin(long rounds, long pattern)
{
	long bad;

	__asm__ volatile("lea -256(%%rsp), %%rsp\n\t"
			 ".irp i, 8,16,24,32,40,48,56,64,72,80,88,96,104,112,120,128\n\t"
			 "lea \\i(%[pattern]), %[bad]\n\t"
			 "mov %[bad], -\\i(%%rsp)\n\t"
			 ".endr\n"
			 "1:\tcli\n\t"
			 "sti\n\t"
			 ".rept 4\n\t"
			 ".irp i, 8,16,24,32,40,48,56,64,72,80,88,96,104,112,120,128\n\t"
			 "lea \\i(%[pattern]), %[bad]\n\t"
			 "cmp %[bad], -\\i(%%rsp)\n\t"
			 "jne 2f\n\t"
			 ".endr\n\t"
			 ".endr\n\t"
			 "dec %[rounds]\n\t"
			 "jnz 1b\n\t"
			 "xor %[bad], %[bad]\n"
			 "2:\tlea 256(%%rsp), %%rsp"
			 : [bad] "=&r" (bad), [rounds] "+r" (rounds)
			 : [pattern] "r" (pattern) : "cc", "memory");
	return bad;
}
#else
/* There is none, but what the kernel leaves alone it leaves alone when elevated, too. */
static __attribute__((noinline)) long spin(long rounds, long pattern)
{
	long bad, value;

	__asm__ volatile("sub sp, sp, #256\n\t"
			 ".irp i, 8,16,24,32,40,48,56,64,72,80,88,96,104,112,120,128\n\t"
			 "add %[bad], %[pattern], #\\i\n\t"
			 "stur %[bad], [sp, #-\\i]\n\t"
			 ".endr\n"
			 "1:\tmsr daifset, #15\n\t"
			 "msr daifclr, #15\n\t"
			 ".rept 4\n\t"
			 ".irp i, 8,16,24,32,40,48,56,64,72,80,88,96,104,112,120,128\n\t"
			 "add %[bad], %[pattern], #\\i\n\t"
			 "ldur %[value], [sp, #-\\i]\n\t"
			 "cmp %[bad], %[value]\n\t"
			 "b.ne 2f\n\t"
			 ".endr\n\t"
			 ".endr\n\t"
			 "subs %[rounds], %[rounds], #1\n\t"
			 "b.ne 1b\n\t"
			 "mov %[bad], #0\n"
			 "2:\tadd sp, sp, #256"
			 : [bad] "=&r" (bad), [rounds] "+r" (rounds), [value] "=&r" (value)
			 : [pattern] "r" (pattern) : "cc", "memory");
	return bad;
}
#endif

int main(void)
{
	double stop = kel_now() + SECONDS;
	uint64_t first, now;
	pthread_t thread;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip("needs a second CPU to send interrupts");
	must(!syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
	pthread_create(&thread, NULL, interrupts, NULL);
	pin(0);
	kel_elevate(KELEVATE_STICKY);
	now = first = kel_count(lowered);
	for (long i = 1; now < first + WANTED && (kel_now() < stop || now <= first + ENOUGH); i++) {
		long bad = spin(20000, i * 0x123456789abcdef);

		must(!bad, "round %ld: not %#lx", i, bad);
		now = kel_count(lowered);
	}
	end = true;
	pthread_join(thread, NULL);
	printf("%lu events lowered it\n", now - first);
	return 0;
}
