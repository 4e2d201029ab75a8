// SPDX-License-Identifier: GPL-2.0
/*
 * Wild jumps of elevated text into the kernel half, also to the middle of the
 * gate: the process gets a signal, everybody else goes on.
 */
#ifdef __x86_64__
#include "kel.h"

/* Elevated for sure, as the instruction before it is STI. */
static __attribute__((noinline)) void jump(unsigned long to, unsigned long value)
{
	register unsigned long r11 __asm__("r11") = value;

	__asm__ volatile("cli\n\tsti\n\tjmp *%0"
			 : : "a" (to), "D" (0), "S" (0), "d" (0), "c" (value), "r" (r11) : "memory");
}

static void check(const char *what, unsigned long to, unsigned long value)
{
	int status = in_child(jump(to, value));

	printf("%s: status %#x\n", what, status);
	fflush(stdout);
	must(WIFSIGNALED(status), "%s: status %#x", what, status);
	must(gate0(SYS_getpid) == getpid(), "%s", what);
}

static unsigned long read_kernel(const char *name)
{
	unsigned long *at = (void *)kel_resolve(name), value;

	__asm__ volatile("cli\n\tsti\n\tmov (%1), %0" : "=r" (value) : "r" (at) : "memory");
	return value;
}

int main(void)
{
	static const char *const functions[] = {
		"schedule", "vfs_read", "do_exit", "__x64_sys_getpid", "tcp_sendmsg", "ksys_read",
	};
	static const char *const data[] = {
		"jiffies_64", "init_task", "sys_call_table", "page_offset_base",
	};
	char *memory = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

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
	/* behind the gate's first SWAPGS: the user's GS is in use then */
	for (int endbr = 0; endbr <= 4; endbr += 4) {
		check("gate, no pointer", (unsigned long)kel_gate + endbr + 4, 0);
		check("gate, user pointer", (unsigned long)kel_gate + endbr + 4,
		      (unsigned long)memory);
	}
	return 0;
}

#else
#include "kel.h"

int main(void)
{
	skip("a wild jump into kernel text is not caught on this architecture");
}
#endif
