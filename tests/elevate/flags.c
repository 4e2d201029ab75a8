// SPDX-License-Identifier: GPL-2.0
/*
 * Flags that the caller has set (DF, AC, NT, ID) are after a gate call as they
 * are after a system call, and harm nobody in between. The arithmetic flags are
 * clobbered, as by a function call.
 */
#ifdef __x86_64__
#include "kel.h"

#define ARITHMETIC	0x8d5
#define CF	0x1
#define PF	0x4
#define ZF	0x40
#define SF	0x80
#define IF	0x200
#define DF	0x400
#define OF	0x800
#define IOPL	0x3000
#define NT	0x4000
#define AC	0x40000
#define ID	0x200000

static unsigned long call(bool gate, long nr, long a, long b, long c, unsigned long flags, long *ret)
{
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = flags;
	register long r9 __asm__("r9") = gate;
	register long r11 __asm__("r11") = (long)kel_gate;

	*ret = nr;
	/* no stack access with AC set that is not aligned, no red zone */
	__asm__ volatile("lea -256(%%rsp), %%rsp\n\t"
			 "test %%r9, %%r9\n\t"
			 "push %%r8\n\t"
			 "jz 2f\n\t"
			 "lea 1f(%%rip), %%rcx\n\t"
			 "popfq\n\t"
			 "jmp *%%r11\n"
			 "2:\tpopfq\n\t"
			 "syscall\n"
			 "1:\tpushfq\n\t"
			 "push $0x202\n\t"
			 "popfq\n\t"
			 "pop %%r8\n\t"
			 "lea 256(%%rsp), %%rsp"
			 : "+a" (*ret), "+D" (a), "+S" (b), "+d" (c), "+r" (r10), "+r" (r8),
			   "+r" (r9), "+r" (r11)
			 : : "rcx", "cc", "memory");
	return r8 & ~ARITHMETIC;
}

int main(void)
{
	static const unsigned long sets[] = {
		0, CF, PF | ZF, SF | OF, DF, AC, NT, ID, DF | AC, DF | NT, AC | NT | DF,
		CF | PF | ZF | SF | OF | DF | AC | NT | ID,
	};
	char byte = 'x', in[2];
	int p[2];

	must(!pipe(p));
	kel_elevate(KELEVATE_STICKY);
	for (int round = 0; round < 50; round++)
		for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
			unsigned long flags = sets[i] | IF | 2, plain, gate;
			long ret;

			plain = call(false, SYS_getppid, 0, 0, 0, flags, &ret);
			must(ret == getppid());
			kel_touch();
			gate = call(true, SYS_getppid, 0, 0, 0, flags, &ret);
			must(ret == getppid());
			must(plain == gate, "flags %#lx: %#lx by the system call, %#lx by the gate",
			     flags, plain, gate);
			gate = call(true, SYS_write, p[1], (long)&byte, 1, flags, &ret);
			must(ret == 1 && gate == plain, "flags %#lx: write %ld, %#lx", flags, ret, gate);
			kel_touch();
			gate = call(true, SYS_read, p[0], (long)in, 1, flags, &ret);
			must(ret == 1 && gate == plain, "flags %#lx: read %ld, %#lx", flags, ret, gate);
			gate = call(true, SYS_lseek, p[0], 0, 0, flags, &ret);
			must(ret == -ESPIPE && gate == plain, "flags %#lx: lseek %ld, %#lx", flags, ret, gate);
			sched_yield();
		}
	/* only elevated text can set IOPL: the next event clears it, a call keeps it harmless */
	for (int i = 0; i < 100; i++) {
		unsigned long flags;
		long ret;

		kel_touch();
		flags = call(true, SYS_getppid, 0, 0, 0, IOPL | IF | 2, &ret);
		must(ret == getppid());
		getppid();
		__asm__ volatile("pushfq\n\tpop %0" : "=r" (flags));
		must(flags & IF);
	}
	return 0;
}

#else
#include "kel.h"

int main(void)
{
	skip("no flags that a system call treats specially on this architecture");
}
#endif
