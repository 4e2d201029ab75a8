// SPDX-License-Identifier: GPL-2.0
/*
 * Wild jumps of elevated text into the kernel half, also to the middle of the
 * gate, and of its instructions: the process gets a signal, everybody else goes on.
 */
#ifdef __x86_64__
#include <sys/utsname.h>
#include "kel.h"

#define MEMORY	65536

/* Elevated for sure, as the instruction before it is STI. */
static __attribute__((noinline)) void jump(unsigned long to, unsigned long value)
{
	register unsigned long r11 __asm__("r11") = value;

	__asm__ volatile("cli\n\tsti\n\tjmp *%0"
			 : : "a" (to), "D" (0), "S" (0), "d" (0), "c" (value), "r" (r11) : "memory");
}

/*
 * From 6.15 on, with a GS base of 0, the per-CPU variables are in memory that the kernel has freed, and what happens
 * depends on what is in it now. There they are sought where nothing is mapped.
 */
static void set_gs(void)
{
	struct utsname name;
	int major, minor;

	must(!uname(&name) && sscanf(name.release, "%d.%d", &major, &minor) == 2);
	if (major > 6 || (major == 6 && minor >= 15))
		__asm__ volatile("wrgsbase %0" : : "r" (0x200000000000));
}

/* The same with this value in every register; the stack is in memory that holds zeros. */
struct wild {
	unsigned long to, value, stack;
};

void wild_enter(const struct wild *wild);
__asm__(".text\n"
	"wild_enter:\n\t"
	"mov 8(%rdi), %rax\n\t"
	"mov 16(%rdi), %rsp\n\t"
	"pushq 0(%rdi)\n\t"
	"mov %rax, %rbx\n\tmov %rax, %rcx\n\tmov %rax, %rdx\n\tmov %rax, %rsi\n\tmov %rax, %rdi\n\t"
	"mov %rax, %rbp\n\tmov %rax, %r8\n\tmov %rax, %r9\n\tmov %rax, %r10\n\tmov %rax, %r11\n\t"
	"mov %rax, %r12\n\tmov %rax, %r13\n\tmov %rax, %r14\n\tmov %rax, %r15\n\t"
	"cli\n\t"
	"sti\n\t"
	"ret\n");

static void check_status(const char *what, int status)
{
	printf("%s: status %#x\n", what, status);
	fflush(stdout);
	must(WIFSIGNALED(status), "%s: status %#x", what, status);
	must(gate0(SYS_getpid) == getpid(), "%s", what);
}

static void check(const char *what, unsigned long to, unsigned long value)
{
	check_status(what, in_child({ set_gs(); jump(to, value); }));
}

static unsigned long read_word(const void *at)
{
	unsigned long value;

	__asm__ volatile("cli\n\tsti\n\tmov (%1), %0" : "=r" (value) : "r" (at) : "memory");
	return value;
}

static unsigned long read_kernel(const char *name)
{
	return read_word((void *)kel_resolve(name));
}

static void enter_wildly(const struct wild *wild, char *memory)
{
	memset(memory, 0, MEMORY);	/* a fault would end it too early */
	alarm(60);
	set_gs();
	wild_enter(wild);
}

/*
 * To every byte of the gate behind its first SWAPGS, where the user's GS is in use, up to its call, and behind
 * its last one. What is between these docs/SECURITY.md names as lethal. Left out are four bytes behind that SWAPGS,
 * an offset, which is another one each time it is loaded, and one that is a jump to what is lethal.
 */
static void jump_into_gate(char *memory)
{
	static const char swapgs[] = "\x0f\x01\xf8", sti_call[] = "\xfb\xe8";
	unsigned long words[32], start = (unsigned long)kel_gate;
	const char *text = (char *)words, *in, *call, *out = NULL, *offset;
	char what[64];
	int status;

	/* no further than it reaches: it may be the last that is mapped */
	for (size_t size = sizeof(*words); !out; size += sizeof(*words)) {
		must(size <= sizeof(words));
		words[size / sizeof(*words) - 1] = read_word((char *)kel_gate + size - sizeof(*words));
		in = memmem(text, size, swapgs, 3);
		call = in ? memmem(in, text + size - in, sti_call, 2) : NULL;
		out = call ? memmem(call, text + size - call, swapgs, 3) : NULL;
	}
	must(!memcmp(call - 4, "\x49\x8b\x73\x10", 4));
	/* mov %gs:offset, %r11: absolute, or relative to rip */
	must(!memcmp(in + 3, "\x65\x4c\x8b\x1c\x25", 5) || !memcmp(in + 3, "\x65\x4c\x8b\x1d", 4));
	offset = in[6] == 0x1d ? in + 7 : in + 8;
	for (const char *at = in + 1; at <= out + 3; at++) {
		if (at == offset)
			at += 4;
		if (at == call - 2)
			at = call - 1;	/* jae */
		if (at == call + 2)
			at = out + 1;
		for (int pointer = 0; pointer < 2; pointer++) {
			struct wild wild = {
				start + (at - text), pointer ? (unsigned long)memory : 0,
				(unsigned long)memory + MEMORY / 2,
			};

			sprintf(what, "gate + %#lx, registers %#lx", wild.to - start, wild.value);
			status = in_child(enter_wildly(&wild, memory));
			check_status(what, status);
			must(WTERMSIG(status) != SIGALRM, "%s", what);
		}
	}
}

int main(void)
{
	static const char *const functions[] = {
		"schedule", "vfs_read", "do_exit", "__x64_sys_getpid", "tcp_sendmsg", "ksys_read",
	};
	static const char *const data[] = {
		"jiffies_64", "init_task", "sys_call_table", "page_offset_base",
	};
	char *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!has_fsgsbase())
		skip("the CPU has no FSGSBASE, without which a wild jump is lethal");
	must(memory != MAP_FAILED);
	kel_elevate(KELEVATE_STICKY);
	for (size_t i = 0; i < sizeof(data) / sizeof(*data); i++)
		check(data[i], kel_resolve(data[i]), 0);
	check("direct map", read_kernel("page_offset_base"), 0);
	check("vmalloc space", read_kernel("vmalloc_base"), 0);
	check("nowhere", 0xffffffffffe01000, 0);
	check("not canonical", 0x8000000000000000, 0);
	check("vsyscall page", 0xffffffffff600001, 0);
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		check(functions[i], kel_resolve(functions[i]), 0);
	jump_into_gate(memory);
	return 0;
}

#else
#include "kel.h"

int main(void)
{
	skip("a wild jump into kernel text is not caught on this architecture");
}
#endif
