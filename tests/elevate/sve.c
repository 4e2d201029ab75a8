// SPDX-License-Identifier: GPL-2.0
/*
 * SVE registers of elevated threads: all of them are as they were after events,
 * while other threads use theirs on the same CPU; and what a system call
 * preserves of them (v0-v31), the gate does, also when it sleeps.
 */
#include "kel.h"

#ifdef __aarch64__
#define SECONDS	4
#define EACH_Z	"0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define ALL_V	"v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", \
		"v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", \
		"v26", "v27", "v28", "v29", "v30", "v31"

#pragma GCC target("+sve")

static volatile bool end;
static volatile long rounds, sleeps;

/* Loads all, waits in user text, elevated, for what may come, and stores them. */
static __attribute__((noinline)) void through(const void *in, void *out, long spins)
{
	__asm__ volatile(".irp i, " EACH_Z "\n\t"
			 "ldr z\\i, [%0, #\\i, mul vl]\n\t"
			 ".endr\n\t"
			 "msr daifset, #15\n\t"
			 "msr daifclr, #15\n"
			 "1:	subs %2, %2, #1\n\t"
			 "b.ne 1b\n\t"
			 ".irp i, " EACH_Z "\n\t"
			 "str z\\i, [%1, #\\i, mul vl]\n\t"
			 ".endr"
			 : : "r" (in), "r" (out), "r" (spins) : "cc", "memory", ALL_V);
}

/* The same through a gate call. */
static __attribute__((noinline)) long call(long nr, long a, void *b, long c, const void *in, void *out)
{
	register const void *x19 __asm__("x19") = in;
	register void *x20 __asm__("x20") = out;
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register void *x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register void *x16 __asm__("x16") = kel_gate;

	__asm__ volatile(".irp i, " EACH_Z "\n\t"
			 "ldr z\\i, [x19, #\\i, mul vl]\n\t"
			 ".endr\n\t"
			 "mov x3, #0\n\t"
			 "mov x4, #0\n\t"
			 "adr x17, 1f\n\t"
			 "br x16\n\t"
			 "svc #0\n"
			 "1:\t.irp i, " EACH_Z "\n\t"
			 "str z\\i, [x20, #\\i, mul vl]\n\t"
			 ".endr"
			 : "+r" (x0), "+r" (x1), "+r" (x2), "+r" (x16)
			 : "r" (x8), "r" (x19), "r" (x20)
			 : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14",
			   "x15", "x17", "cc", "memory", ALL_V);
	return x0;
}

static size_t vector_length(void)
{
	size_t n;

	__asm__("cntb %0" : "=r" (n));
	return n;
}

static void *work(void *arg)
{
	static int pipes[4][2];
	size_t vl = vector_length();
	unsigned char in[32 * 256] __attribute__((aligned(16)));
	unsigned char out[32 * 256] __attribute__((aligned(16)));
	unsigned int seed = gettid();
	int *p = pipes[(long)arg];
	char byte = 0;

	must(!pipe(p));
	pin(0);
	if ((long)arg < 3)		/* and one that is not elevated */
		kel_elevate(KELEVATE_STICKY);
	while (!end) {
		for (size_t i = 0; i < 32 * vl; i += 4)
			*(unsigned int *)(in + i) = rand_r(&seed);
		if ((long)arg == 3) {
			unsigned char low[16];

			memcpy(low, in, 16);
			__asm__ volatile("ldr z0, [%0]\n\tdup z31.b, #255" : : "r" (in) : "v0", "v31");
			usleep(rand_r(&seed) % 500);
			continue;
		}
		/* what a system call drops, it drops before it returns */
		if (rand_r(&seed) % 4 == 0)
			kel_elevate(KELEVATE_STICKY);
		through(in, out, 20000);
		must(!memcmp(in, out, 32 * vl), "registers changed in elevated text");
		rounds++;
		must(call(SYS_write, p[1], &byte, 1, in, out) == 1);
		for (int i = 0; i < 32; i++)
			must(!memcmp(in + i * vl, out + i * vl, 16), "v%d changed over write", i);
		must(call(SYS_read, p[0], &byte, 1, in, out) == 1);
		/* nothing to read before the other end is asked for: sleeps */
		if (rand_r(&seed) % 4 == 0) {
			struct timespec t = { 0, 200000 };

			must(call(SYS_ppoll, 0, NULL, (long)&t, in, out) == 0);
			for (int i = 0; i < 32; i++)
				must(!memcmp(in + i * vl, out + i * vl, 16), "v%d changed asleep", i);
			sleeps++;
		}
	}
	return NULL;
}

int main(void)
{
	pthread_t thread[4];

	if (!(getauxval(AT_HWCAP) & 1 << 22))
		skip("the CPU has no SVE");
	kel_nr();
	kel_elevate(KELEVATE_STICKY);
	for (long i = 0; i < 4; i++)
		must(!pthread_create(&thread[i], NULL, work, (void *)i));
	for (double start = kel_now(); kel_now() < start + SECONDS ||
	     ((rounds <= 100 || sleeps <= 10 || kel_count(lowered) <= 100) && kel_now() < start + 60);)
		usleep(100000);
	end = true;
	for (int i = 0; i < 4; i++)
		must(!pthread_join(thread[i], NULL));
	printf("%ld rounds, %ld asleep, vectors of %zu bytes, lowered %llu times\n", rounds, sleeps,
	       vector_length(), kel_count(lowered));
	must(rounds > 100 && sleeps > 10 && kel_count(lowered) > 100);
	return 0;
}
#else
int main(void)
{
	skip("no SVE on this architecture");
}
#endif
