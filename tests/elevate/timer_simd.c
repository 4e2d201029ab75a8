// SPDX-License-Identifier: GPL-2.0
/*
 * Two pairs of threads play ping-pong over pipes by the gate, under a 1 kHz
 * timer signal each, with values in all ymm registers over every blocking call.
 */
#include <sys/time.h>
#include "kel.h"

#define SECONDS	6

static volatile long signals;

#ifdef __x86_64__
#define EACH(X) \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define LOAD(n)		"vmovdqu " #n "*32(%[in]), %%ymm" #n "\n\t"
#define STORE(n)	"vmovdqu %%ymm" #n ", " #n "*32(%[out])\n\t"

/* The registers are loaded, the call made and they are stored: nothing in between. */
static long call(long nr, long a, void *b, long c, const void *in, void *out)
{
	register const void *in_ __asm__("r12") = in;
	register void *out_ __asm__("r13") = out;
	register long r11 __asm__("r11") = (long)kel_gate;

	__asm__ volatile(EACH(LOAD)
			 "lea 1f(%%rip), %%rcx\n\t"
			 "jmp *%%r11\n\t"
			 "syscall\n"
			 "1:\t"
			 EACH(STORE)
			 "vzeroupper"
			 : "+a" (nr), "+D" (a), "+S" (b), "+d" (c), "+r" (r11)
			 : [in] "r" (in_), [out] "r" (out_)
			 : "rcx", "r8", "r9", "r10", "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3",
			   "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
			   "xmm13", "xmm14", "xmm15");
	return nr;
}

/* uses them, too */
static inline void play_with_registers(void)
{
	__asm__ volatile("vpcmpeqd %%ymm0, %%ymm0, %%ymm0\n\tvmovaps %%ymm0, %%ymm9\n\t"
			 "vmovaps %%ymm0, %%ymm15" : : : "xmm0", "xmm9", "xmm15");
}
#else
#define EACH	"0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

/* The registers are loaded, the call made and they are stored: nothing in between. */
static long call(long nr, long a, void *b, long c, const void *in, void *out)
{
	register const void *x19 __asm__("x19") = in;
	register void *x20 __asm__("x20") = out;
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register void *x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register void *x16 __asm__("x16") = kel_gate;

	__asm__ volatile(".irp i, " EACH "\n\t"
			 "ldr q\\i, [x19, #\\i * 16]\n\t"
			 ".endr\n\t"
			 "adr x17, 1f\n\t"
			 "br x16\n\t"
			 "svc #0\n"
			 "1:\t.irp i, " EACH "\n\t"
			 "str q\\i, [x20, #\\i * 16]\n\t"
			 ".endr"
			 : "+r" (x0), "+r" (x1), "+r" (x2), "+r" (x16)
			 : "r" (x8), "r" (x19), "r" (x20)
			 : "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14",
			   "x15", "x17", "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6",
			   "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17",
			   "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28",
			   "v29", "v30", "v31");
	return x0;
}

/* uses them, too */
static inline void play_with_registers(void)
{
	__asm__ volatile("movi v0.16b, #255\n\tmovi v9.16b, #255\n\tmovi v31.16b, #255"
			 : : : "v0", "v9", "v31");
}
#endif

static void on_timer(int signo)
{
	volatile float f = signo;

	play_with_registers();
	f = f * 3.3f;
	__atomic_add_fetch(&signals, 1, __ATOMIC_RELAXED);
}

struct side {
	int in, out;
	bool first;
	long rounds;
};

static void *play(void *arg)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	struct itimerspec often = { { 0, 1000000 }, { 0, 1000000 } };
	unsigned char in[16 * 32], out[16 * 32];
	unsigned int seed = gettid();
	double start = kel_now();
	struct side *s = arg;
	timer_t timer;
	char byte;
	long ret;

	event._sigev_un._tid = gettid();
	must(!timer_create(CLOCK_MONOTONIC, &event, &timer));
	must(!timer_settime(timer, 0, &often, NULL));
	kel_elevate(KELEVATE_STICKY);
	/* and until enough has happened */
	while (kel_now() < start + SECONDS ||
	       ((s->rounds <= 10 || signals <= 100) && kel_now() < start + 60)) {
		for (int i = 0; i < 50; i++) {
			for (size_t j = 0; j < sizeof(in); j += 4)
				*(unsigned int *)(in + j) = rand_r(&seed);
			byte = seed;
			if (s->first) {
				memset(out, 0, sizeof(out));
				ret = call(SYS_write, s->out, &byte, 1, in, out);
				must(ret == 1, "write: %ld", ret);
				must(!memcmp(in, out, sizeof(in)), "registers changed over write");
			}
			do {
				memset(out, 0, sizeof(out));
				ret = call(SYS_read, s->in, &byte, 1, in, out);
				must(!memcmp(in, out, sizeof(in)), "registers changed over read");
			} while (ret == -EINTR);
			if (ret == 0)
				return NULL;
			must(ret == 1, "read: %ld", ret);
			if (!s->first) {
				ret = call(SYS_write, s->out, &byte, 1, in, out);
				if (ret == -EPIPE)
					return NULL;
				must(ret == 1, "write: %ld", ret);
				must(!memcmp(in, out, sizeof(in)), "registers changed over write");
			}
			s->rounds++;
		}
	}
	timer_delete(timer);
	close(s->out);
	return NULL;
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_timer, .sa_flags = SA_RESTART };
	struct side side[4] = { };
	pthread_t thread[4];

#ifdef __x86_64__
	if (!__builtin_cpu_supports("avx2"))
		skip("the CPU has no AVX2");
#endif
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < 4; i += 2) {
		int p[2], q[2];

		must(!pipe(p) && !pipe(q));
		side[i] = (struct side){ p[0], q[1], true, 0 };
		side[i + 1] = (struct side){ q[0], p[1], false, 0 };
	}
	for (int i = 0; i < 4; i++)
		must(!pthread_create(&thread[i], NULL, play, &side[i]));
	for (int i = 0; i < 4; i++)
		must(!pthread_join(thread[i], NULL));
	printf("%ld and %ld rounds, %ld signals, %llu settles\n", side[0].rounds, side[2].rounds,
	       signals, kel_count(settles));
	must(side[0].rounds > 10 && side[2].rounds > 10);
	must(signals > 100 && kel_count(settles) > 100);
	return 0;
}
