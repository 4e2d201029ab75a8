// SPDX-License-Identifier: GPL-2.0
/*
 * Text and stack of an elevated thread are moved, replaced, protected and taken
 * away by another thread, while it executes the one and uses the other. It sees
 * the change at once, and where there is nothing any more, a SIGSEGV; with a
 * handler that puts things right, it goes on.
 */
#include <sys/ucontext.h>
#include "elevate/kel.h"

#define SECONDS 1.5
#define TIMES 20	/* at least, however slow the machine is */

static unsigned char *volatile text;	/* where it is now */
static unsigned char *places[2];
static volatile unsigned long count, faults;
static volatile bool stop, gone;
static volatile int value;
static char *stack_at, *stack_elsewhere;
static size_t stack_size = 64 * 4096;

#ifdef __x86_64__
/* cli; sti; lock incq (%rdi); cmpb $0, (%rsi); je; ret */
static const unsigned char counts[] = {
	0xfa, 0xfb, 0xf0, 0x48, 0xff, 0x07, 0x80, 0x3e, 0x00, 0x74, 0xf5, 0xc3,
};

/* cli; sti; movl $1, (%rdi); cmpb $0, (%rsi); je; ret */
static const unsigned char says[] = {
	0xfa, 0xfb, 0xc7, 0x07, 0x01, 0x00, 0x00, 0x00, 0x80, 0x3e, 0x00, 0x74, 0xf3, 0xc3,
};
#define SAYS_TWO(at)	((at)[4] = 2)

static unsigned long *ip_of(void *context)
{
	return (unsigned long *)&((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
}
#else
/* msr daifset, #15; msr daifclr, #15; ldr x9, [x0]; add; str; ldrb w10, [x1]; cbz; ret */
static const unsigned char counts[] = {
	WORD(0xd5034fdfu), WORD(0xd5034fffu), WORD(0xf9400009u), WORD(0x91000529u),
	WORD(0xf9000009u), WORD(0x3940002au), WORD(0x34ffff4au), WORD(0xd65f03c0u),
};

/* msr daifset, #15; msr daifclr, #15; mov w9, #1; str w9, [x0]; ldrb w10, [x1]; cbz; ret */
static const unsigned char says[] = {
	WORD(0xd5034fdfu), WORD(0xd5034fffu), WORD(0x52800029u), WORD(0xb9000009u),
	WORD(0x3940002au), WORD(0x34ffff6au), WORD(0xd65f03c0u),
};
#define SAYS_TWO(at)	((at)[8] = 0x49)

static unsigned long *ip_of(void *context)
{
	return (unsigned long *)&((ucontext_t *)context)->uc_mcontext.pc;
}
#endif

/* The text is elsewhere: go on there. Or it is protected: try again. */
static void follows(int signo, siginfo_t *info, void *context)
{
	unsigned long *ip = ip_of(context);
	unsigned long at = *ip;

	(void)signo;
	(void)info;
	must((at & -4096UL) == (unsigned long)places[0] || (at & -4096UL) == (unsigned long)places[1],
	     "SIGSEGV at %#lx", at);
	faults++;
	sched_yield();
	*ip = (unsigned long)text + (at & 4095);
}

static void *runs(void *unused)
{
	stack_t alt = { .ss_sp = malloc(65536), .ss_size = 65536 };

	must(!sigaltstack(&alt, NULL));
	kel_elevate(KELEVATE_STICKY);
	((void (*)(volatile void *, volatile bool *))text)(unused ? (void *)&value : (void *)&count, &stop);
	must(cpl_privileged() == 0);
	return unused;
}

static void on_segv(void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	must(!sigaction(SIGSEGV, &action, NULL));
}

static unsigned char *page(void)
{
	unsigned char *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(at != MAP_FAILED);
	return at;
}

static void start(pthread_t *thread, void *arg)
{
	count = faults = value = 0;
	stop = false;
	must(!pthread_create(thread, NULL, runs, arg));
}

static void progress(const char *what)
{
	unsigned long before = count;
	double end = kel_now() + 60;

	while (count == before)
		must(kel_now() < end, "%s: it does not run", what);
}

static void ends(pthread_t thread)
{
	stop = true;
	must(!pthread_join(thread, NULL));
}

/* Not writable while it is executed: where that matters, such text cannot be elevated. */
static void put_text(void)
{
	must(!mprotect(text, 4096, PROT_READ | PROT_WRITE));
	memcpy(text, counts, sizeof(counts));
	__builtin___clear_cache((char *)text, (char *)text + sizeof(counts));
	must(!mprotect(text, 4096, PROT_READ | PROT_EXEC));
}

static void text_moves(void)
{
	pthread_t thread;
	double end;
	int n = 0;

	places[0] = page();
	places[1] = page();
	text = places[0];
	put_text();
	on_segv(follows);
	start(&thread, NULL);
	for (end = kel_now() + SECONDS; kel_now() < end || n <= TIMES || faults <= TIMES / 2; n++) {
		unsigned char *to = places[!(n & 1)];

		progress("moved");
		must(mremap(text, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
		text = to;
	}
	ends(thread);
	printf("# text moved %d times, %lu faults, %lu rounds\n", n, faults, count);
}

static void text_is_protected(void)
{
	static const int ways[] = { PROT_READ, PROT_NONE, PROT_READ | PROT_WRITE };
	pthread_t thread;
	double end;
	int n = 0;

	put_text();
	start(&thread, NULL);
	for (end = kel_now() + SECONDS; kel_now() < end || n <= TIMES; n++) {
		unsigned long before = faults;
		double limit = kel_now() + 60;

		progress("protected");
		must(!mprotect(text, 4096, ways[n % 3]));
		while (faults == before)
			must(kel_now() < limit, "it still runs");
		must(!mprotect(text, 4096, PROT_READ | PROT_EXEC));
	}
	ends(thread);
	printf("# text protected %d times, %lu faults, %lu rounds\n", n, faults, count);
}

/* Another page at the same place, which is never absent. */
static void text_is_replaced(void)
{
	int fd = memfd_create("text", 0), n;
	unsigned char both[8192] = "";
	pthread_t thread;
	double end;

	memcpy(both, says, sizeof(says));
	memcpy(both + 4096, says, sizeof(says));
	SAYS_TWO(both + 4096);
	must(fd >= 0 && write(fd, both, sizeof(both)) == sizeof(both));
	text = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	must(text != MAP_FAILED);
	on_segv((void *)SIG_DFL);
	start(&thread, (void *)1);
	end = kel_now() + SECONDS;
	for (n = 0; kel_now() < end || n <= TIMES; n++) {
		int wanted = (n & 1) + 1;
		double limit = kel_now() + 60;

		must(mmap(text, 4096, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, (n & 1) * 4096) == text);
		value = 0;
		/* not one round of the old text, once the new is there */
		while (!value)
			must(kel_now() < limit, "it does not run");
		while (value != wanted)
			must(kel_now() < limit, "the old text runs");
		for (int i = 0; i < 1000; i++)
			must(value == wanted, "the old text runs again");
	}
	ends(thread);
	printf("# text replaced %d times\n", n);
}

/* The stack is elsewhere: wait until it is back. */
static void waits_for_stack(int signo, siginfo_t *info, void *context)
{
	char *at = info->si_addr;

	(void)signo;
	(void)context;
	must(at >= stack_at && at < stack_at + stack_size, "SIGSEGV at %p", at);
	faults++;
	while (gone)
		sched_yield();
}

static void uses_stack(void)
{
	volatile long frame[8];

	for (unsigned long i = 0; !stop; i++) {
		kel_touch();
		frame[0] = i;
		kel_touch();
		must(frame[0] == (long)i);
		/* and the gate does not */
		must(gate0(SYS_getppid) == getppid());
		count++;
	}
}

/* Not as the thread's whole stack, in which the C library keeps data of its own. */
static void *on_moving_stack(void *unused)
{
	stack_t alt = { .ss_sp = malloc(65536), .ss_size = 65536 };

	must(!sigaltstack(&alt, NULL));
	kel_elevate(KELEVATE_STICKY);
#ifdef __x86_64__
	__asm__ volatile("mov %%rsp, %%rbx\n\tmov %0, %%rsp\n\tcall *%1\n\tmov %%rbx, %%rsp"
			 : : "r" (stack_at + stack_size), "r" (uses_stack)
			 : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
#else
	__asm__ volatile("mov x19, sp\n\tmov sp, %0\n\tblr %1\n\tmov sp, x19"
			 : : "r" (stack_at + stack_size), "r" (uses_stack)
			 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
			   "x12", "x13", "x14", "x15", "x16", "x17", "x19", "x30", "memory", "cc");
#endif
	return unused;
}

static void stack_moves(void)
{
	pthread_t thread;
	double end;
	int n = 0;

	stack_at = mmap(NULL, 2 * stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(stack_at != MAP_FAILED);
	stack_elsewhere = stack_at + stack_size;
	on_segv(waits_for_stack);
	count = faults = 0;
	stop = false;
	must(!pthread_create(&thread, NULL, on_moving_stack, NULL));
	for (end = kel_now() + SECONDS; kel_now() < end || n <= TIMES; n++) {
		unsigned long before;

		progress("stack");
		before = faults;
		gone = true;
		must(mremap(stack_at, stack_size, stack_size, MREMAP_MAYMOVE | MREMAP_FIXED, stack_elsewhere) ==
		     stack_elsewhere);
		for (double limit = kel_now() + 60; faults == before;)
			must(kel_now() < limit, "it does without a stack");
		must(mremap(stack_elsewhere, stack_size, stack_size, MREMAP_MAYMOVE | MREMAP_FIXED, stack_at) ==
		     stack_at);
		gone = false;
	}
	ends(thread);
	printf("# stack moved %d times, %lu faults, %lu rounds\n", n, faults, count);
}

/* Without a handler on another stack there is nothing to be done. */
static void stack_goes(void)
{
	pthread_t thread;

	signal(SIGSEGV, SIG_DFL);
	stop = false;
	must(!pthread_create(&thread, NULL, on_moving_stack, NULL));
	progress("stack");
	munmap(stack_at, stack_size);
	sleep(60);
}

int main(void)
{
	int status;

	kel_nr();
	setlinebuf(stdout);
	text_moves();
	text_is_protected();
	text_is_replaced();
	stack_moves();
	status = in_child(stack_goes());
	must(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "%#x", status);
	return 0;
}
