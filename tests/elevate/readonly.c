// SPDX-License-Identifier: GPL-2.0
/*
 * What of the kernel is read-only for the kernel is so for elevated text: a wild
 * write to it is a SIGSEGV and changes nothing. And privileged instructions that
 * the CPU refuses are one, too.
 */
#include "kel.h"

/* On arm64 an interrupt may lower in front of the access, and user mode may not read there. */
static char read_kernel(const volatile char *byte)
{
	volatile char value = 0;

	for (int i = 0; caught(value = kel_get(byte)); i++)
		must(i < 20, "%p: signal %d", byte, kel_info.si_signo);
	return value;
}

static void refused(const char *name, unsigned long at)
{
	volatile char *byte = (void *)at;
	char before = read_kernel(byte), after;
	int signo = caught(kel_put(byte, ~before));

	after = read_kernel(byte);
	if (after != before)
		kel_put(byte, before);	/* before somebody stumbles */
	must(signo == SIGSEGV && after == before, "%s: signal %d, %#x became %#x", name, signo, before, after);
	must(kel_info.si_addr == (void *)at, "%s: %p", name, kel_info.si_addr);
}

#ifdef __x86_64__
/* Those that emulators refuse as well, and that do no harm where they are not refused. */
#define RUN(name, ...) \
	static __attribute__((noinline)) void name(void) \
	{ \
		__asm__ volatile("cli\n\tsti\n\t" __VA_ARGS__ : : : "rax", "rcx", "rdx", "memory", "cc"); \
	}

RUN(xsetbv_nothing, "xor %%ecx, %%ecx\n\txor %%edx, %%edx\n\txor %%eax, %%eax\n\txsetbv")
RUN(cr1, ".byte 0x0f, 0x20, 0xc8")	/* mov %cr1, %rax */
RUN(iret_to_ring1, "push $0x2b\n\tpush %%rsp\n\tpush $0x202\n\tpush $0x11\n\tpush $0\n\tiretq")

static const struct {
	const char *name;
	void (*run)(void);
	int signo;
} refusals[] = {
	{ "xsetbv: without x87", xsetbv_nothing, SIGSEGV },
	{ "CR1", cr1, SIGILL },
	{ "iret to another ring", iret_to_ring1, SIGSEGV },
};

static void what_the_cpu_refuses(void)
{
	struct { unsigned short limit; unsigned long base; } __attribute__((packed)) idt;
	int status;

	__asm__ volatile("cli\n\tsti\n\tsidt %0" : "=m" (idt));
	refused("interrupt descriptor table", idt.base + 14 * 16);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		status = in_child(refusals[i].run());
		must(WIFSIGNALED(status) && WTERMSIG(status) == refusals[i].signo, "%s: %#x", refusals[i].name,
		     status);
		must(gate0(SYS_getpid) == getpid());
	}
}
#else
static void what_the_cpu_refuses(void)
{
}
#endif

int main(void)
{
	static const char *const names[] = {
		"schedule", "vfs_read", "do_exit", "sys_call_table", "linux_banner",
	};
	struct kelevate_symbol s = { .size = sizeof(s) };
	int tried = 0;

	kel_elevate(KELEVATE_STICKY);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		strcpy(s.name, names[i]);
		/* not every kernel has symbols of data */
		if (kel(KELEVATE_RESOLVE, 0, &s))
			continue;
		refused(names[i], s.address);
		tried++;
	}
	must(tried >= 3, "%d", tried);
	refused("the gate", (unsigned long)kel_gate);
	what_the_cpu_refuses();
	return 0;
}
