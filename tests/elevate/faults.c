// SPDX-License-Identifier: GPL-2.0
/*
 * Exceptions of elevated text: each ends in the signal, code and address that
 * the same instruction gives in user mode. Where user mode cannot be compared
 * (what is privileged there), a SIGSEGV.
 */
#include "kel.h"

static char *page;		/* read-only, and then a hole */
static char *beyond;		/* page behind a file's end */
static char *data;		/* not executable */

#ifdef __x86_64__
/*
 * CLI elevates and STI holds back interrupts for one instruction: so the next
 * one is executed elevated for sure.
 */
#define ELEVATED	"test %0, %0\n\tjz 1f\n\tcli\n\tsti\n1:\t"
#define CASE(name, ...) \
	static __attribute__((noinline)) void name(long elevated) \
	{ \
		__asm__ volatile(ELEVATED __VA_ARGS__ \
				 : "+r" (elevated) : "m" (page) \
				 : "rax", "rcx", "rdx", "cc", "memory"); \
	}

CASE(undefined, "ud2")
CASE(breakpoint, "int3")
CASE(icebp, ".byte 0xf1")
CASE(read_null, "mov 0, %%eax")
CASE(write_null, "movl $1, 8")

#define AT(name, instruction) \
	static __attribute__((noinline)) void name(long elevated, void *at) \
	{ \
		__asm__ volatile(ELEVATED instruction \
				 : "+r" (elevated) : "r" (at), "a" (1), "d" (0) \
				 : "rcx", "cc", "memory"); \
	}

AT(read_at, "movb (%1), %%cl")
AT(write_at, "movb %%cl, (%1)")
AT(jump_at, "jmp *%1")
AT(divide_by, "divl (%1)")
AT(stack_at, "mov %1, %%rsp\n\tpush %%rax")
AT(stack_hole, "mov %1, %%rsp\n\tpush %%rax")
AT(sse, "ldmxcsr (%1)\n\tdivps %%xmm0, %%xmm0")
AT(x87, "fldcw (%1)\n\tfld1\n\tfldz\n\tfdivrp\n\tfwait")
AT(no_task, "mov $0x4321, %%ecx\n\tltr %%cx")
AT(iret_garbage, "push $0\n\tpush $0\n\tpush $0\n\tpush $0x1234\n\tpush $0\n\tiretq")
AT(bad_table, "mov $0x1234, %%ecx\n\tlldt %%cx")

static const uint32_t zero, unmasked_sse = 0x1f80 & ~0x80;
static const uint16_t unmasked_x87 = 0x37f & ~1 & ~4;

static void run(int which, long elevated)
{
	switch (which) {
	case 0: return divide_by(elevated, (void *)&zero);
	case 1: return undefined(elevated);
	case 2: return breakpoint(elevated);
	case 3: return icebp(elevated);
	case 4: return read_null(elevated);
	case 5: return write_null(elevated);
	case 6: return read_at(elevated, (void *)0x1000);
	case 7: return write_at(elevated, page);
	case 8: return read_at(elevated, page + 4096);
	case 9: return write_at(elevated, page + 4096 + 123);
	case 10: return read_at(elevated, beyond);
	case 11: return jump_at(elevated, data);
	case 12: return jump_at(elevated, page + 4096);
	case 13: return jump_at(elevated, NULL);
	case 14: return read_at(elevated, (void *)0x800000000000);
	case 15: return read_at(elevated, (void *)0xdeadbeefdeadbeef);
	case 16: return jump_at(elevated, (void *)0x1234567812345678);
	case 17: return read_at(elevated, (void *)UNMAPPED_ADDRESS);
	case 18: return write_at(elevated, (void *)0xffff800000001008);
	case 19: return jump_at(elevated, (void *)UNMAPPED_ADDRESS);
	case 20: return read_at(elevated, (void *)0xffffffffffffffff);
	case 21: return stack_at(elevated, (void *)0xdead000000000000);
	case 22: return stack_hole(elevated, page + 4096 + 2048);
	case 23: return stack_hole(elevated, (void *)UNMAPPED_ADDRESS);
	case 24: return sse(elevated, (void *)&unmasked_sse);
	case 25: return x87(elevated, (void *)&unmasked_x87);
	}
	/* privileged in user mode: only elevated */
	switch (which - 26) {
	case 0: return no_task(elevated, NULL);
	case 1: return iret_garbage(elevated, NULL);
	case 2: return bad_table(elevated, NULL);
	}
}

#define BOTH	26
#define ALL	29
#define WILD	19
/* emulated CPUs do not know the last two */
#define NOT_RAISED	(3 << 24)

static void reset_fpu(void)
{
	__builtin_ia32_ldmxcsr(0x1f80);
	__asm__ volatile("fninit");
}
#else
#define ELEVATED	"cbz %0, 1f\n\tmsr daifset, #15\n\tmsr daifclr, #15\n1:\t"
#define AT(name, instruction) \
	static __attribute__((noinline)) void name(long elevated, void *at) \
	{ \
		__asm__ volatile(ELEVATED instruction \
				 : "+r" (elevated) : "r" (at) : "x9", "x10", "x30", "cc", "memory"); \
	}

AT(undefined, ".inst 0")
AT(breakpoint, "brk #1")
AT(read_at, "ldrb w9, [%1]")
AT(write_at, "strb w9, [%1]")
AT(jump_at, "br %1")
AT(stack_at, "mov x10, sp\n\tmov sp, %1\n\tstr x9, [sp, #-16]\n\tmov sp, x10")
AT(exclusive_at, "ldxr x9, [%1]")

static void run(int which, long elevated)
{
	switch (which) {
	case 0: return undefined(elevated, NULL);
	case 1: return breakpoint(elevated, NULL);
	case 2: return read_at(elevated, NULL);
	case 3: return write_at(elevated, (void *)8);
	case 4: return read_at(elevated, (void *)0x1000);
	case 5: return write_at(elevated, page);
	case 6: return read_at(elevated, page + 4096);
	case 7: return write_at(elevated, page + 4096 + 123);
	case 8: return read_at(elevated, beyond);
	case 9: return jump_at(elevated, data);
	case 10: return jump_at(elevated, page + 4096);
	case 11: return jump_at(elevated, NULL);
	case 12: return read_at(elevated, (void *)0x0001000000000000);
	case 13: return read_at(elevated, (void *)0xdeadbeefdeadbeef);
	case 14: return jump_at(elevated, (void *)0x1234567812345678);
	case 15: return read_at(elevated, (void *)UNMAPPED_ADDRESS);
	case 16: return write_at(elevated, (void *)(UNMAPPED_ADDRESS + 8));
	case 17: return jump_at(elevated, (void *)UNMAPPED_ADDRESS);
	case 18: return read_at(elevated, (void *)0xffffffffffffffff);
	case 19: return stack_at(elevated, page + 4096 + 2048);
	case 20: return stack_at(elevated, (void *)0xdead000000000000);
	case 21: return stack_at(elevated, page + 4096 + 2052);
	case 22: return stack_at(elevated, (void *)UNMAPPED_ADDRESS);
	case 23: return jump_at(elevated, page + 4096 + 2);
	case 24: return exclusive_at(elevated, page + 1);
	}
}

#define BOTH	25
#define ALL	25
#define WILD	17
#define NOT_RAISED	0

static void reset_fpu(void)
{
}
#endif

int main(void)
{
	static const unsigned char back[] = CODE_RETURN;
	static const siginfo_t none;
	siginfo_t plain;
	unsigned int raised = ~0U << BOTH;
	uint64_t lowered;
	int fd;

	data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(data != MAP_FAILED);
	memcpy(data, back, sizeof(back));
	fd = open("file", O_CREAT | O_RDWR, 0600);
	must(fd >= 0 && !ftruncate(fd, 4096));
	beyond = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
	must(beyond != MAP_FAILED);
	beyond += 4096;
	/* last, or another mapping takes the hole */
	page = mmap(NULL, 16384, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(page != MAP_FAILED && !munmap(page + 4096, 12288));
	must(*(volatile char *)page == 0);

	kel_elevate(KELEVATE_STICKY);
	lowered = kel_count(lowered);
	/* in this very thread, again and again */
	for (int i = 0; i < ALL; i++) {
		int signo;

		plain = none;
		/* a lowered thread is what user mode is, but for privileged instructions */
		if (i < BOTH) {
			getppid();
			signo = caught(run(i, 0));
			memcpy(&plain, (void *)&kel_info, sizeof(plain));
			if (!signo) {
				printf("case %d: this CPU does not raise it\n", i);
				reset_fpu();
				continue;
			}
			raised |= 1U << i;
		}
		/* a wild jump */
		if (i == WILD && !has_fsgsbase()) {
			raised &= ~(1U << i);
			continue;
		}
		signo = caught(run(i, 1));
		printf("case %d: signal %d, code %d, address %p\n", i, signo, kel_info.si_code,
		       kel_info.si_addr);
		if (i >= BOTH) {
			must(signo == SIGSEGV, "case %d: signal %d", i, signo);
			continue;
		}
		must(signo == plain.si_signo && kel_info.si_code == plain.si_code &&
		     kel_info.si_addr == plain.si_addr,
		     "case %d: signal %d, code %d, address %p; plain %d, %d, %p", i, signo,
		     kel_info.si_code, kel_info.si_addr, plain.si_signo, plain.si_code,
		     plain.si_addr);
	}
	must(cpl_privileged() == 0, "still sticky");
	must(gate0(SYS_getppid) == getppid());
	must((raised | NOT_RAISED | (has_fsgsbase() ? 0 : 1 << WILD)) == -1U, "raised %#x", raised);
	must(kel_count(lowered) >= lowered + __builtin_popcount(raised) - (32 - ALL));
	/* without a handler it is the end of the process, of nobody else */
	for (int i = 0; i < ALL; i++) {
		int status;

		if (!(raised & 1U << i))
			continue;
		status = in_child(run(i, 1));
		must(WIFSIGNALED(status), "case %d: status %#x", i, status);
	}
	return 0;
}
