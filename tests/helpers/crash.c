// SPDX-License-Identifier: GPL-2.0
/*
 * crash: dies elevated of a NULL pointer, with known values in its registers,
 * while another of its threads, elevated as well, blocks in a gate call.
 */
#include "../elevate/kel.h"

static const double vector = 1234.5;
static int p[2];
static volatile pid_t blocker;

static void *blocks(void *unused)
{
	char byte;

	kel_elevate(KELEVATE_STICKY);
	kel_touch();
	blocker = gettid();
	gate3(SYS_read, p[0], &byte, 1);
	return unused;
}

/* Elevated, and not lowered before the fault: interrupts are off. */
static __attribute__((noinline)) void crash_here(void)
{
#ifdef __x86_64__
	__asm__ volatile(
		"movsd	%0, %%xmm7\n\t"
		"mov	$0x1111222233334444, %%r12\n\t"
		"mov	$0x5555666677778888, %%r13\n\t"
		"xor	%%eax, %%eax\n\t"
		"stc\n\t"
		"cli\n\t"
		"movq	$1, (%%rax)"
		: : "m" (vector) : "rax", "r12", "r13", "xmm7", "memory", "cc");
#else
	__asm__ volatile(
		"ldr	d7, %0\n\t"
		"ldr	x20, =0x1111222233334444\n\t"
		"ldr	x21, =0x5555666677778888\n\t"
		"mov	x0, #0\n\t"
		"msr	daifset, #15\n\t"
		"str	x20, [x0]"
		: : "m" (vector) : "x0", "x20", "x21", "v7", "memory");
#endif
}

int main(void)
{
	struct kelevate_stat st;
	pthread_t thread;

	must(!pipe(p) && !pthread_create(&thread, NULL, blocks, NULL));
	kel_elevate(KELEVATE_STICKY);
	do {
		usleep(10000);
		st = kel_stat(getpid());
	} while (st.elevations < 2 || !blocker);
	wait_asleep(blocker);
	crash_here();
	return 0;
}
