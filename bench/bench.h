/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bench.h - the clock of the benchmark programs, and what becomes of samples
 *
 * Everything is measured with the TSC. In a guest that counts instructions
 * (tests/qemu/vm --icount) one tick of it is one instruction; elsewhere ticks
 * are turned into nanoseconds.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline __attribute__((noreturn, format(printf, 1, 2)))
void die(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

#ifdef __x86_64__
static inline uint64_t ticks(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a" (lo), "=d" (hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

#define PRIVILEGED_ASM	"cli\n\tsti"
#define PRIVILEGED_NAME	"#GP"
#else
/* The counter runs slower than the CPU: in nanoseconds, by its own frequency. */
static inline uint64_t ticks(void)
{
	uint64_t count, hz;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tmrs %1, cntfrq_el0\n\tisb"
			 : "=r" (count), "=r" (hz) : : "memory");
	return count * (1000000000 / hz);
}

#define PRIVILEGED_ASM	"msr daifset, #15\n\tmsr daifclr, #15"
#define PRIVILEGED_NAME	"privileged insn"
#endif

/* 2 * n instructions */
static inline void spin(uint64_t n)
{
#ifdef __x86_64__
	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r" (n) : : "cc");
#else
	__asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r" (n) : : "cc");
#endif
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* out: quartiles. Sorts v. */
static inline void quartiles(double *v, unsigned int n, double out[3])
{
	qsort(v, n, sizeof(*v), by_value);
	for (unsigned int i = 0; i < 3; i++) {
		double at = (n - 1) * (i + 1) / 4.0;
		unsigned int k = at;

		out[i] = k + 1 < n ? v[k] + (v[k + 1] - v[k]) * (at - k) : v[n - 1];
	}
}

static inline double median(double *v, unsigned int n)
{
	double q[3];

	quartiles(v, n, q);
	return q[1];
}

/*
 * What a tick is worth: nanoseconds, or with instructions set 1, after making
 * sure that ticks are instructions indeed.
 */
static inline double unit_per_tick(bool instructions)
{
	struct timespec a, b;
	double v[21], ratio;
	uint64_t t0, t1;

	if (instructions) {
		for (unsigned int i = 0; i < 21; i++) {
			t0 = ticks();
			spin(100000);
			v[i] = ticks() - t0;
		}
		ratio = median(v, 21) / 200000;
		if (ratio < 0.999 || ratio > 1.001)
			die("a tick of the clock is not an instruction here (%.4f ticks each): this machine does not count them",
			    ratio);
		return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &a);
	t0 = ticks();
	do
		clock_gettime(CLOCK_MONOTONIC, &b);
	while ((b.tv_sec - a.tv_sec) * 1000000000LL + (b.tv_nsec - a.tv_nsec) < 50000000);
	t1 = ticks();
	return ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) / (t1 - t0);
}

/* What it costs to read the clock twice, in ticks. */
static inline double clock_cost(void)
{
	double v[301];

	for (unsigned int i = 0; i < 301; i++) {
		uint64_t t0 = ticks();

		v[i] = ticks() - t0;
	}
	return median(v, 301);
}

#endif /* BENCH_H */
