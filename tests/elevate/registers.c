// SPDX-License-Identifier: GPL-2.0
/*
 * A gate call preserves what a system call preserves: rbx, rbp, rsp, r12-r15,
 * the flags, MXCSR, the x87 control word, x87 registers and all of ymm; x18-x30,
 * sp, the flags, FPCR and all SIMD registers; fast, blocking, and falling back.
 */
#include "kel.h"

struct call {
	long nr, arg[3], ret;
};

#ifdef __x86_64__
struct registers {
	uint64_t general[5];		/* rbx, r12-r15 */
	uint64_t rbp, sp_change, flags;
	uint32_t mxcsr;
	uint16_t x87;
	double st;
	unsigned char ymm[16][32];
};

#define EACH_YMM(X) \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define LOAD(n)		"vmovdqu " #n "*32(%%r11), %%ymm" #n "\n\t"
#define STORE(n)	"vmovdqu %%ymm" #n ", " #n "*32(%%r11)\n\t"

static __attribute__((noinline))
void call(struct call *c, struct registers *in, struct registers *out)
{
	void *block[] = { c, in, out, kel_gate, in->ymm, out->ymm, &in->st, &out->st };

	__asm__ volatile(
		"sub $256, %%rsp\n\t"		/* the red zone */
		"push %%rbp\n\t"
		"push %%rbx\n\t"		/* block */
		"mov 32(%%rbx), %%r11\n\t"
		EACH_YMM(LOAD)
		"mov 48(%%rbx), %%r11\n\t"
		"fldl (%%r11)\n\t"
		"mov (%%rbx), %%rcx\n\t"	/* call */
		"mov (%%rcx), %%rax\n\t"
		"mov 8(%%rcx), %%rdi\n\t"
		"mov 16(%%rcx), %%rsi\n\t"
		"mov 24(%%rcx), %%rdx\n\t"
		"mov 24(%%rbx), %%r11\n\t"	/* gate */
		"mov 8(%%rbx), %%r10\n\t"	/* in */
		"mov (%%r10), %%rbx\n\t"
		"mov 8(%%r10), %%r12\n\t"
		"mov 16(%%r10), %%r13\n\t"
		"mov 24(%%r10), %%r14\n\t"
		"mov 32(%%r10), %%r15\n\t"
		"mov %%rsp, %%rbp\n\t"
		"lea 1f(%%rip), %%rcx\n\t"
		"jmp *%%r11\n\t"
		"syscall\n"
		"1:\tpushfq\n\t"
		"pop %%rdx\n\t"
		"mov %%rsp, %%r9\n\t"
		"sub %%rbp, %%r9\n\t"
		"mov %%rbx, %%r8\n\t"
		"mov (%%rsp), %%rbx\n\t"
		"mov 16(%%rbx), %%r10\n\t"	/* out */
		"mov %%r8, (%%r10)\n\t"
		"mov %%r12, 8(%%r10)\n\t"
		"mov %%r13, 16(%%r10)\n\t"
		"mov %%r14, 24(%%r10)\n\t"
		"mov %%r15, 32(%%r10)\n\t"
		"mov %%r9, 48(%%r10)\n\t"
		"mov %%rdx, 56(%%r10)\n\t"
		"mov 56(%%rbx), %%r11\n\t"
		"fstpl (%%r11)\n\t"
		"mov 40(%%rbx), %%r11\n\t"
		EACH_YMM(STORE)
		"mov (%%rbx), %%rcx\n\t"
		"mov %%rax, 32(%%rcx)\n\t"
		"pop %%rbx\n\t"
		"pop %%rbp\n\t"
		"add $256, %%rsp\n\t"
		"vzeroupper"
		: : "b" (block)
		: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
		  "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
		  "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc",
		  "memory");
}

static void check(const char *what, long nr, long a, long b, long c, long want)
{
	static unsigned int seed = 1;
	struct call how = { nr, { a, b, c }, 0 };
	struct registers in, out;
	uint32_t mxcsr, old_mxcsr = __builtin_ia32_stmxcsr();
	uint16_t x87, old_x87;

	memset(&out, 0, sizeof(out));
	for (size_t i = 0; i < sizeof(in); i++)
		((unsigned char *)&in)[i] = rand_r(&seed);
	in.st = seed / 3.0;
	in.mxcsr = 0x1f80 | (seed & 3) << 13 | (seed & 4 ? 0x8040 : 0);
	in.x87 = 0x37f ^ (seed & 3) << 10;
	__builtin_ia32_ldmxcsr(in.mxcsr);
	__asm__ volatile("fnstcw %0\n\tfldcw %1" : "=m" (old_x87) : "m" (in.x87));
	call(&how, &in, &out);
	mxcsr = __builtin_ia32_stmxcsr();
	__asm__ volatile("fnstcw %0\n\tfldcw %1" : "=m" (x87) : "m" (old_x87));
	__builtin_ia32_ldmxcsr(old_mxcsr);

	must(how.ret == want, "%s: %ld, not %ld", what, how.ret, want);
	must(!memcmp(in.general, out.general, sizeof(in.general)), "%s", what);
	must(out.sp_change == 0, "%s: rsp changed by %ld", what, (long)out.sp_change);
	must(out.flags & 0x200, "%s: interrupts are off", what);
	must(!(out.flags & 0x47500), "%s: flags %#lx", what, out.flags);
	must((mxcsr & ~0x3f) == (in.mxcsr & ~0x3fU), "%s: %#x, was %#x", what, mxcsr, in.mxcsr);
	must((x87 | 0x40) == (in.x87 | 0x40), "%s: %#x, was %#x", what, x87, in.x87);
	must(out.st == in.st, "%s: st(0)", what);
	must(!memcmp(in.ymm, out.ymm, sizeof(in.ymm)), "%s: ymm", what);
}

#else
struct registers {
	uint64_t general[13];		/* x18-x30 */
	uint64_t flags;
	unsigned char v[32][16];
};

#define EACH_V	"0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

static __attribute__((noinline))
void call(struct call *c, struct registers *in, struct registers *out)
{
	void *block[] = { c, in, out, kel_gate, in->v, out->v };

	__asm__ volatile(
		"sub sp, sp, #32\n\t"
		"stp x29, x30, [sp]\n\t"
		"str %0, [sp, #16]\n\t"
		"mov x9, %0\n\t"
		"ldr x10, [x9, #32]\n\t"
		".irp i, " EACH_V "\n\t"
		"ldr q\\i, [x10, #\\i * 16]\n\t"
		".endr\n\t"
		"ldr x10, [x9, #8]\n\t"	/* in */
		"ldp x18, x19, [x10]\n\t"
		"ldp x20, x21, [x10, #16]\n\t"
		"ldp x22, x23, [x10, #32]\n\t"
		"ldp x24, x25, [x10, #48]\n\t"
		"ldp x26, x27, [x10, #64]\n\t"
		"ldp x28, x29, [x10, #80]\n\t"
		"ldp x30, x11, [x10, #96]\n\t"
		"msr nzcv, x11\n\t"
		"ldr x16, [x9, #24]\n\t"	/* gate */
		"ldr x10, [x9]\n\t"		/* call */
		"ldp x8, x0, [x10]\n\t"
		"ldp x1, x2, [x10, #16]\n\t"
		"adr x17, 1f\n\t"
		"br x16\n\t"
		"svc #0\n"
		"1:\tmrs x11, nzcv\n\t"
		"ldr x9, [sp, #16]\n\t"
		"ldr x10, [x9, #16]\n\t"	/* out */
		"stp x18, x19, [x10]\n\t"
		"stp x20, x21, [x10, #16]\n\t"
		"stp x22, x23, [x10, #32]\n\t"
		"stp x24, x25, [x10, #48]\n\t"
		"stp x26, x27, [x10, #64]\n\t"
		"stp x28, x29, [x10, #80]\n\t"
		"stp x30, x11, [x10, #96]\n\t"
		"ldr x10, [x9, #40]\n\t"
		".irp i, " EACH_V "\n\t"
		"str q\\i, [x10, #\\i * 16]\n\t"
		".endr\n\t"
		"ldr x10, [x9]\n\t"
		"str x0, [x10, #32]\n\t"
		"ldp x29, x30, [sp]\n\t"
		"add sp, sp, #32"
		: : "r" (block)
		: "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
		  "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24",
		  "x25", "x26", "x27", "x28", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8",
		  "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20",
		  "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "cc",
		  "memory");
}

static void check(const char *what, long nr, long a, long b, long c, long want)
{
	static unsigned int seed = 1;
	struct call how = { nr, { a, b, c }, 0 };
	struct registers in, out;
	unsigned long fpcr, old_fpcr, wanted, tp, old_tp;

	memset(&out, 0, sizeof(out));
	for (size_t i = 0; i < sizeof(in); i++)
		((unsigned char *)&in)[i] = rand_r(&seed);
	in.flags &= 0xf0000000;
	wanted = (seed & 3) << 22 | (seed & 4 ? 1 << 24 : 0);	/* rounding, flush to zero */
	__asm__ volatile("mrs %0, fpcr\n\tmsr fpcr, %1" : "=&r" (old_fpcr) : "r" (wanted));
	__asm__ volatile("mrs %0, tpidr_el0" : "=r" (old_tp));
	call(&how, &in, &out);
	__asm__ volatile("mrs %0, tpidr_el0" : "=r" (tp));
	__asm__ volatile("mrs %0, fpcr\n\tmsr fpcr, %1" : "=&r" (fpcr) : "r" (old_fpcr));

	must(how.ret == want, "%s: %ld, not %ld", what, how.ret, want);
	for (int i = 0; i < 13; i++)
		must(in.general[i] == out.general[i], "%s: x%d", what, 18 + i);
	must(in.flags == out.flags, "%s: flags %#lx, were %#lx", what, out.flags, in.flags);
	must(tp == old_tp, "%s: the thread pointer changed", what);
	must(fpcr == wanted, "%s: FPCR %#lx, was %#lx", what, fpcr, wanted);
	for (int i = 0; i < 32; i++)
		must(!memcmp(in.v[i], out.v[i], 16), "%s: v%d", what, i);
}
#endif

int main(void)
{
	char byte = 1;
	int p[2], q[2];
	pid_t child;

#ifdef __x86_64__
	if (!__builtin_cpu_supports("avx"))
		skip("the CPU has no AVX");
#endif
	must(!pipe(p) && !pipe(q));
	child = fork();
	if (!child) {
		/* plays with the registers as well, wherever it runs */
		while (read(p[0], &byte, 1) == 1) {
			for (volatile double d = 1; d < 500; d = d + d / 3)
				;
			if (write(q[1], &byte, 1) != 1)
				break;
		}
		_exit(0);
	}
	kel_elevate(KELEVATE_STICKY);
	for (int i = 0; i < 500; i++) {
		kel_touch();
		check("fast", SYS_getppid, 0, 0, 0, getppid());
		check("lowered", SYS_getppid, 0, 0, 0, getppid());
		check("falls back", SYS_lseek, p[0], 0, 0, -ESPIPE);
		check("write", SYS_write, p[1], (long)&byte, 1, 1);
		check("blocks", SYS_read, q[0], (long)&byte, 1, 1);
		check("error", SYS_read, -1, 0, 0, -EBADF);
	}
	kill(child, SIGKILL);
	return 0;
}
