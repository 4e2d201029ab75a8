// SPDX-License-Identifier: GPL-2.0
/*
 * A program of musl's: it reads, writes "ran", and ends well. Built without musl, whose linker brings all that it calls:
 * a shared object with an entry point and the name of that linker.
 */
#ifdef __x86_64__
#define LINKER	"/lib/ld-musl-x86_64.so.1"
__asm__(".globl _start\n_start:\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall begin\n");
#else
#define LINKER	"/lib/ld-musl-aarch64.so.1"
__asm__(".globl _start\n_start:\tmov x0, sp\n\tb begin\n");
#endif

const char interpreter[] __attribute__((section(".interp"))) = LINKER;

int open(const char *path, int flags, ...);
long read(int fd, void *to, unsigned long len);
long write(int fd, const void *from, unsigned long len);
int __libc_start_main(int (*main)(void), long argc, long *argv, void *init, void *fini, void *end);

static int run(void)
{
	char start[5];
	int fd = open("/proc/version", 0);

	if (fd < 0 || read(fd, start, 5) != 5 || start[0] != 'L' || start[4] != 'x')
		return 1;
	return write(1, "ran\n", 4) != 4;
}

__attribute__((visibility("hidden"))) void begin(long *stack)
{
	__libc_start_main(run, *stack, stack + 1, 0, 0, 0);
}
