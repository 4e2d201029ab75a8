// SPDX-License-Identifier: GPL-2.0
/*
 * crash: dies elevated of a NULL pointer, with known values in its registers,
 * while another of its threads, elevated as well, blocks in a gate call.
 */
#include "../elevate/kel.h"

static const double xmm = 1234.5;
static int p[2];

static void *blocks(void *unused)
{
	char byte;

	kel_elevate(KELEVATE_STICKY);
	kel_touch();
	gate3(SYS_read, p[0], &byte, 1);
	return unused;
}

static __attribute__((noinline)) void crash_here(void)
{
	__asm__ volatile(
		"movsd	%0, %%xmm7\n\t"
		"mov	$0x1111222233334444, %%r12\n\t"
		"mov	$0x5555666677778888, %%r13\n\t"
		"mov	$0x0123456789abcdef, %%rbx\n\t"
		"xor	%%eax, %%eax\n\t"
		"stc\n\t"
		"cli\n\t"		/* elevated, and not lowered before the fault */
		".globl	crash_instruction\n"
		"crash_instruction:\n\t"
		"movq	$1, (%%rax)"
		: : "m" (xmm) : "rax", "rbx", "r12", "r13", "xmm7", "memory", "cc");
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
	} while (st.elevations < 2);
	usleep(100000);
	crash_here();
	return 0;
}
