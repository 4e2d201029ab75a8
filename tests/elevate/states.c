// SPDX-License-Identifier: GPL-2.0
/*
 * Wrong and odd states, combined at random: a stack pointer, flags, FS and GS
 * bases, and then an event (an exception, a system call, a gate call, a wild
 * jump). A child in user mode and an elevated one come to the same end, be it a
 * signal or going on, and what other processes have in memory stays as it is.
 * SEED=N repeats a run. Left out is what docs/SECURITY.md says cannot be caught,
 * and returns from interrupts and far ones, which some QEMU do wrong in user mode.
 */
#ifdef __x86_64__
#include "kel.h"

#define SECONDS	20
#define STACK	16384

struct state {
	unsigned long flags, sp, fs, gs, event, elevated, gate;
};

long states_enter(const struct state *state);

#define EVENTS(X) \
	X(nothing, "") X(undefined, "ud2") X(breakpoint, "int3") X(icebp, ".byte 0xf1") \
	X(divide, "xor %edx, %edx\n\txor %ecx, %ecx\n\tdiv %ecx") \
	X(read_null, "mov 0, %eax") X(write_null, "movl $1, 8") \
	X(read_kernel, "mov $0xffffffffffe01000, %rcx\n\tmov (%rcx), %eax") \
	X(write_kernel, "mov $0xffffffffffe01000, %rcx\n\tmov %eax, (%rcx)") \
	X(not_canonical, "mov $0x8000000000000000, %rcx\n\tmov (%rcx), %eax") \
	X(jump_null, "xor %ecx, %ecx\n\tjmp *%rcx") \
	X(jump_kernel, "mov $0xffffffffffe01000, %rcx\n\tjmp *%rcx") \
	X(call_null, "xor %ecx, %ecx\n\tcall *%rcx") \
	X(push, "push %rax") X(pop, "pop %rcx") X(ret, "ret") \
	X(enter, "enter $64, $1") \
	X(strings, "mov %rsp, %rdi\n\tmov $8, %ecx\n\trep stosb") \
	X(fs_read, "mov %fs:0, %rax") X(gs_write, "mov %rax, %gs:8") \
	X(cli_fault, "cli\n\tmov 0, %eax") \
	X(far_jump, "mov $0x4321, %ecx\n\tmov %ecx, %es") X(segment, "mov $0x2b, %ecx\n\tmov %ecx, %es") \
	X(int80, "mov $64, %eax\n\tint $0x80\n\tmov %eax, %eax") \
	X(system_call, "mov $110, %eax\n\tsyscall") \
	X(gate, "mov $110, %eax\n\tlea 8f(%rip), %rcx\n\tjmp *%r11\n\tsyscall\n8:")

#define EVENT_CODE(name, code) "state_" #name ":\n\t" code "\n\tjmp states_back\n"
#define EVENT_DECLARE(name, code) extern const char state_##name[];
EVENTS(EVENT_DECLARE)

/*
 * The elevated one is elevated by CLI, and the flags that are set then let
 * interrupts in again. rbx: flags, rbp: stack, r12-r14: what is put back,
 * r15: event.
 */
__asm__(".text\n"
	"states_enter:\n\t"
	"push %rbx\n\tpush %rbp\n\tpush %r12\n\tpush %r13\n\tpush %r14\n\tpush %r15\n\t"
	"mov %rsp, %r12\n\t"
	"rdfsbase %r13\n\t"
	"rdgsbase %r14\n\t"
	"mov 8(%rdi), %rbp\n\t"
	"mov 16(%rdi), %r8\n\t"
	"mov 24(%rdi), %r9\n\t"
	"mov 32(%rdi), %r15\n\t"
	"mov 48(%rdi), %r11\n\t"
	"xor %eax, %eax\n\t"
	"pushq 0(%rdi)\n\t"
	"cmpq $0, 40(%rdi)\n\t"
	"je 1f\n\t"
	"cli\n"
	"1:\twrfsbase %r8\n\t"
	"wrgsbase %r9\n\t"
	"popfq\n\t"
	"mov %rbp, %rsp\n\t"
	"jmp *%r15\n"
	"states_back:\n\t"
	"mov %r12, %rsp\n\t"
	"wrfsbase %r13\n\t"
	"wrgsbase %r14\n\t"
	"pushq $0x202\n\t"
	"popfq\n\t"
	"pop %r15\n\tpop %r14\n\tpop %r13\n\tpop %r12\n\tpop %rbp\n\tpop %rbx\n\t"
	"ret\n"
	EVENTS(EVENT_CODE));

#define EVENT_ROW(name, code) { #name, state_##name },
static const struct {
	const char *name, *code;
} events[] = { EVENTS(EVENT_ROW) };
#define NR_EVENTS (sizeof(events) / sizeof(*events))

static char *stack, *bystander;

/* What the exit status tells is whether the call's result was right. */
static __attribute__((noreturn)) void end_up(struct state *state)
{
	long parent = getppid(), ret;

	alarm(60);
	if (!state->elevated)
		must(!kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL));
	memset(stack, 0, STACK);
	ret = states_enter(state);
	_exit(ret == parent ? 2 : ret == 0 ? 3 : 4);
}

/* Its wait status. */
static int run(const struct state *state, bool elevated)
{
	struct state here = *state;

	here.elevated = elevated;
	here.gate = (long)kel_gate;
	if (!elevated && (const char *)here.event == state_gate)
		here.event = (long)state_system_call;
	return in_child(end_up(&here));
}

static void check_bystander(void)
{
	for (int i = 0; i < STACK; i++)
		must(bystander[i] == (char)(i * 7));
}

int main(void)
{
	static const unsigned long flags[] = { 1 << 8, 1 << 10, 1 << 14, 1 << 18, 1 << 21, 1, 1 << 11 };
	const char *wanted = getenv("SEED");
	unsigned int seed = wanted ? atoi(wanted) : time(NULL);
	unsigned long n = 0, signals = 0;
	double end;

	if (!has_fsgsbase())
		skip("the CPU has no FSGSBASE");
	printf("# seed %u\n", seed);
	stack = mmap(NULL, STACK + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bystander = shared(STACK);
	must(stack != MAP_FAILED && !mprotect(stack + STACK, 4096, PROT_NONE));
	for (int i = 0; i < STACK; i++)
		bystander[i] = i * 7;
	kel_elevate(KELEVATE_STICKY);
	end = kel_now() + SECONDS;
	for (; kel_now() < end; n++) {
		const unsigned long stacks[] = {
			(long)stack + STACK - 512, (long)stack + STACK - 512, (long)stack + STACK - 507,
			(long)stack + STACK, (long)stack + STACK + 2048, 0, 8, 1, UNMAPPED_ADDRESS, -8UL,
			0x7fffffffffff, 0x800000000000, 0xdeadbeefdeadbeef,
		};
		const unsigned long bases[] = {
			0, 0x123450000, 0x7ffffffff000, (long)stack, UNMAPPED_ADDRESS, 0xffff800000000000,
		};
		unsigned int event = rand_r(&seed) % NR_EVENTS;
		struct state state = { .flags = 0x202, .event = (long)events[event].code };
		int status[2];

		for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
			if (!(rand_r(&seed) % 4))
				state.flags |= flags[i];
		state.sp = stacks[rand_r(&seed) % (sizeof(stacks) / sizeof(*stacks))];
		state.fs = bases[rand_r(&seed) % 6];
		/* a wild jump is known by the user's half */
		state.gs = bases[rand_r(&seed) % (events[event].code == state_jump_kernel ? 4 : 6)];
		for (int elevated = 0; elevated < 2; elevated++)
			status[elevated] = run(&state, elevated);
		must(status[0] == status[1], "%s, flags %#lx, sp %#lx, fs %#lx, gs %#lx: status %#x, elevated %#x",
		     events[event].name, state.flags, state.sp, state.fs, state.gs, status[0], status[1]);
		must(!WIFSIGNALED(status[0]) || WTERMSIG(status[0]) != SIGALRM, "%s hangs", events[event].name);
		signals += WIFSIGNALED(status[0]);
		check_bystander();
	}
	printf("# %lu states, %lu of them end in a signal\n", n, signals);
	must(n > 20 && signals > n / 4 && signals < n);
	return 0;
}

#else
#include "kel.h"

int main(void)
{
	skip("the states are x86's");
}
#endif
