// SPDX-License-Identifier: GPL-2.0
/*
 * A sticky thread in a 32-bit code segment: a privileged instruction and the
 * fast vector are the SIGSEGV there that they are in every process, as the code
 * around them means something else in the kernel's 64-bit segment. And elevated
 * text that jumps far, into whichever segment, gets no further than a signal.
 */
#ifdef __x86_64__
#include <asm/ldt.h>
#include <ucontext.h>
#include "kel.h"

#define CS32	0x23			/* __USER32_CS */

static volatile unsigned long seen_ip, seen_cs;

static void handler(int signo, siginfo_t *info, void *context)
{
	ucontext_t *u = context;

	seen_ip = u->uc_mcontext.gregs[REG_RIP];
	seen_cs = u->uc_mcontext.gregs[REG_CSGSFS] & 0xffff;
	kel_handler(signo, info, context);
}

/* Does not come back. Not by LRETQ: QEMU before 9.1 lets SMAP hit that in user mode. */
static void far_jump(unsigned long cs, unsigned long ip, bool elevated)
{
	struct {
		unsigned int ip;
		unsigned short cs;
	} __attribute__((packed)) to = { ip, cs };

	if (elevated)
		kel_touch();
	__asm__ volatile("ljmp *%0" : : "m" (to) : "memory");
}

#define caught_in(statement) \
	__extension__ ({ \
		kel_catch(handler, SA_SIGINFO | SA_ONSTACK); \
		kel_info.si_signo = 0; \
		seen_ip = seen_cs = 0; \
		if (!sigsetjmp(kel_jump, 1)) \
			statement; \
		kel_info.si_signo; \
	})

/* Each ends in INT3, which is a SIGTRAP in both modes. */
static const struct {
	const char *name;
	unsigned char bytes[4];
	int signo;
} cases[] = {
	{ "cli", { 0xfa, 0xcc }, SIGSEGV },
	{ "sti", { 0xfb, 0xcc }, SIGSEGV },
	{ "hlt", { 0xf4, 0xcc }, SIGSEGV },
	{ "rdmsr", { 0x0f, 0x32, 0xcc }, SIGSEGV },
	{ "mov %cr0, %eax", { 0x0f, 0x20, 0xc0, 0xcc }, SIGSEGV },
	{ "clts", { 0x0f, 0x06, 0xcc }, SIGSEGV },
	{ "int $vector", { 0xcd, 0x16, 0xcc }, SIGSEGV },
	{ "int3", { 0xcc }, SIGTRAP },
	{ "ud2", { 0x0f, 0x0b }, SIGILL },
	/* inc %eax; nop: harmless, unlike REX */
	{ "inc; int3", { 0x40, 0x90, 0xcc }, SIGTRAP },
};

int main(void)
{
	unsigned char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct user_desc segment = {
		.base_addr = 0, .limit = 0xfffff, .seg_32bit = 1, .limit_in_pages = 1,
		.contents = MODIFY_LDT_CONTENTS_CODE, .useable = 1,
	};
	unsigned long selectors[2] = { CS32, 0 };
	struct kelevate_stat before, after;
	int n = 1;

	must(at != MAP_FAILED);
	if (!syscall(SYS_modify_ldt, 1, &segment, sizeof(segment)))
		selectors[n++] = 0x7;	/* the first entry, RPL 3 */
	for (size_t sticky = 0; sticky < 2; sticky++) {
		if (sticky)
			kel_elevate(KELEVATE_STICKY | KELEVATE_KADDR);
		else
			kel_nr();
		for (int s = 0; s < n; s++) {
			for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
				int signo;

				memset(at, 0xcc, 64);
				memcpy(at, cases[i].bytes, sizeof(cases[i].bytes));
				if (cases[i].bytes[0] == 0xcd)
					at[1] = kel_query().vector;
				getppid();	/* lowered */
				signo = caught_in(far_jump(selectors[s], (unsigned long)at, false));
				must(signo == cases[i].signo, "%s, selector %#lx, sticky %zu: signal %d at %#lx + %ld",
				     cases[i].name, selectors[s], sticky, signo, (unsigned long)at,
				     (long)(seen_ip - (unsigned long)at));
				must(seen_cs == selectors[s], "%s: CS %#lx", cases[i].name, seen_cs);
			}
		}
	}
	/* what it was is still there */
	must(gate0(SYS_getpid) == getpid());
	before = kel_stat(getpid());

	/* from the kernel's privilege there is no far jump to the user's segments */
	for (int s = 0; s < n; s++) {
		int signo = caught_in(far_jump(selectors[s], (unsigned long)at, true));

		must(signo == SIGSEGV, "far jump to %#lx: signal %d", selectors[s], signo);
	}
	must(caught_in(far_jump(0x40, (unsigned long)at, true)) == SIGSEGV, "the TSS");
	must(caught_in(far_jump(0xfff8, (unsigned long)at, true)) == SIGSEGV, "behind the table");
	must(caught_in(far_jump(0, (unsigned long)at, true)) == SIGSEGV, "the null selector");
	after = kel_stat(getpid());
	must(after.lowered > before.lowered, "not elevated");
	must(gate0(SYS_getpid) == getpid());
	return 0;
}

#else
#include "kel.h"

int main(void)
{
	skip("no other code segments on this architecture");
}
#endif
