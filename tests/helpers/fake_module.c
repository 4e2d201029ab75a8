// SPDX-License-Identifier: GPL-2.0
/*
 * fake_module [options] -- program args...
 *
 * Runs a program under the shim with a kernel module that is played by this
 * process: it traces the program until it is "elevated", and answers its
 * kelevate system calls. The gate it hands out makes the system call in user
 * mode. So what the shim does when elevated can be seen where there is no
 * module, and what it does with a module that misbehaves, anywhere.
 *
 *   --abi N		speak this version of the interface
 *   --query ERRNO	fail queries		--elevate ERRNO	fail elevation
 *   --state N		kelevate_info.state instead of "granted"
 *   --no-gate		offer none
 *   --no-shortcut NR	for this system call
 *   --number TEXT	put this in the module's parameter file
 *   --clobber		the gate destroys every register it may, as the real
 *			one does; without, it jumps to the SYSCALL instruction
 *
 * The gate counts its calls in the 8 bytes at FAKE_GATE_COUNT. Exit status 77:
 * it cannot be done here (needs root); otherwise the program's.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_module.h"
#include "kelevate.h"

#define NUMBER		600	/* ENOSYS on every kernel */

/* Both are copied to FAKE_GATE: position independent, count behind them. */
#ifdef __x86_64__
__asm__(
	".pushsection .rodata\n"
	"gate_plain:\n"
	"	movabs $" FAKE_GATE_COUNT_TEXT ", %r11\n"
	"	lock incq (%r11)\n"
	"	sub $2, %rcx\n"
	"	jmp *%rcx\n"
	"gate_plain_end:\n"
	"gate_clobber:\n"
	"	movabs $" FAKE_GATE_COUNT_TEXT ", %r11\n"
	"	lock incq (%r11)\n"
	"	lea -128(%rsp), %rsp\n"
	"	push %rcx\n"
	"	syscall\n"
	"	pop %rcx\n"
	"	lea 128(%rsp), %rsp\n"
	"	mov $-1, %rdi\n"
	"	mov $-2, %rsi\n"
	"	mov $-3, %rdx\n"
	"	mov $-4, %r8\n"
	"	mov $-5, %r9\n"
	"	mov $-6, %r10\n"
	"	mov $-7, %r11\n"
	"	jmp *%rcx\n"
	"gate_clobber_end:\n"
	".popsection\n");
#else
#define COUNT \
	"	ldr x9, 9f\n" \
	"1:	ldxr x10, [x9]\n" \
	"	add x10, x10, #1\n" \
	"	stxr w11, x10, [x9]\n" \
	"	cbnz w11, 1b\n"
#define COUNT_AT \
	"	.balign 8\n" \
	"9:	.quad " FAKE_GATE_COUNT_TEXT "\n"
__asm__(
	".pushsection .rodata\n"
	".balign 8\n"
	"gate_plain:\n"
	COUNT
	"	sub x17, x17, #4\n"
	"	br x17\n"
	COUNT_AT
	"gate_plain_end:\n"
	"gate_clobber:\n"
	COUNT
	"	svc #0\n"
	".irp i, 1,2,3,4,5,6,7,9,10,11,12,13,14,15,16\n"
	"	mov x\\i, #-\\i\n"
	".endr\n"
	"	br x17\n"
	COUNT_AT
	"gate_clobber_end:\n"
	".popsection\n");
#endif
#pragma GCC visibility push(hidden)
extern const char gate_plain[], gate_plain_end[];
extern const char gate_clobber[], gate_clobber_end[];
#pragma GCC visibility pop

static struct {
	unsigned int abi;
	long query, elevate;
	unsigned long state;
	int no_gate, clobber;
	long no_shortcut;
	const char *number;
} fake = { .abi = KELEVATE_ABI, .state = KELEVATE_S_GRANTED, .no_shortcut = -1 };

static void die(int status, const char *what)
{
	printf("fake_module: %s: %s\n", what, strerror(errno));
	exit(status);
}

/* /sys/module for this process and its children only. */
static void fake_sysfs(void)
{
	FILE *file;

	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("fake", "/sys/module", "tmpfs", 0, NULL))
		die(77, "cannot mount");
	mkdir("/sys/module/kelevate", 0755);
	mkdir("/sys/module/kelevate/parameters", 0755);
	file = fopen("/sys/module/kelevate/parameters/nr", "w");
	if (!file)
		die(125, "nr");
	if (fake.number)
		fputs(fake.number, file);
	else
		fprintf(file, "%d\n", NUMBER);
	fclose(file);
}

static void resume(pid_t pid, int sig)
{
	if (ptrace(PTRACE_SYSCALL, pid, NULL, sig))
		die(125, "ptrace");
}

/* To the next stop at a system call; exits with the program. */
static void next_stop(pid_t pid)
{
	int status;

	for (;;) {
		if (waitpid(pid, &status, 0) != pid)
			die(125, "waitpid");
		if (WIFEXITED(status))
			exit(WEXITSTATUS(status));
		if (WIFSIGNALED(status))
			exit(128 + WTERMSIG(status));
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			return;
		resume(pid, status >> 16 ? 0 : WSTOPSIG(status));
	}
}

static void write_memory(pid_t pid, unsigned long to, const void *from, size_t len)
{
	struct iovec local = { (void *)from, len }, remote = { (void *)to, len };

	if (process_vm_writev(pid, &local, 1, &remote, 1, 0) != (ssize_t)len)
		die(125, "process_vm_writev");
}

/* A stopped process: its registers, and at the entry of a system call that one's number. */
struct state {
	struct user_regs_struct regs;
	long nr;
};

#ifdef __x86_64__
#define ARG0(s)		((s)->regs.rdi)
#define ARG2(s)		((s)->regs.rdx)

static void get(pid_t pid, struct state *s)
{
	ptrace(PTRACE_GETREGS, pid, NULL, &s->regs);
	s->nr = s->regs.orig_rax;
}

static void put(pid_t pid, struct state *s)
{
	s->regs.orig_rax = s->nr;
	ptrace(PTRACE_SETREGS, pid, NULL, &s->regs);
}

static void set_result(struct state *s, long result)
{
	s->regs.rax = result;
}

/* From its exit back to its entry. */
static void rewind_call(struct state *s)
{
	s->regs.rip -= 2;
	s->regs.rax = s->nr;
}

static void set_mmap(struct state *s, unsigned long at, size_t size, int prot, int flags)
{
	s->nr = SYS_mmap;
	s->regs.rdi = at;
	s->regs.rsi = size;
	s->regs.rdx = prot;
	s->regs.r10 = flags;
	s->regs.r8 = -1;
	s->regs.r9 = 0;
}
#else
#define ARG0(s)		((s)->regs.regs[0])
#define ARG2(s)		((s)->regs.regs[2])

static void get(pid_t pid, struct state *s)
{
	struct iovec regs = { &s->regs, sizeof(s->regs) };
	int nr = -1;
	struct iovec number = { &nr, sizeof(nr) };

	ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &regs);
	ptrace(PTRACE_GETREGSET, pid, NT_ARM_SYSTEM_CALL, &number);
	s->nr = nr;
}

static void put(pid_t pid, struct state *s)
{
	struct iovec regs = { &s->regs, sizeof(s->regs) };
	int nr = s->nr;
	struct iovec number = { &nr, sizeof(nr) };

	ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &regs);
	ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &number);
}

static void set_result(struct state *s, long result)
{
	s->regs.regs[0] = result;
}

static void rewind_call(struct state *s)
{
	s->regs.pc -= 4;
}

static void set_mmap(struct state *s, unsigned long at, size_t size, int prot, int flags)
{
	s->nr = SYS_mmap;
	s->regs.regs[0] = at;
	s->regs.regs[1] = size;
	s->regs.regs[2] = prot;
	s->regs.regs[3] = flags;
	s->regs.regs[4] = -1;
	s->regs.regs[5] = 0;
}
#endif

/* From the entry of a system call to its exit, with that result. */
static void answer(pid_t pid, struct state *s, long result)
{
	s->nr = -1;
	put(pid, s);
	resume(pid, 0);
	next_stop(pid);
	get(pid, s);
	set_result(s, result);
	put(pid, s);
}

/* The same, but it maps the gate's page and then comes to its entry again. */
static void map_gate(pid_t pid, struct state *s)
{
	struct state mmap_state = *s;

	set_mmap(&mmap_state, FAKE_GATE, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED);
	put(pid, &mmap_state);
	resume(pid, 0);
	next_stop(pid);
	if (fake.clobber)
		write_memory(pid, FAKE_GATE, gate_clobber,
			     gate_clobber_end - gate_clobber);
	else
		write_memory(pid, FAKE_GATE, gate_plain,
			     gate_plain_end - gate_plain);
	rewind_call(s);
	put(pid, s);
	resume(pid, 0);
	next_stop(pid);
	get(pid, s);
}

static void query(pid_t pid, struct state *s, int is_elevated)
{
	struct kelevate_info info = {
		.size = sizeof(info),
		.abi = fake.abi,
		.features = fake.no_gate ? 0 : KELEVATE_F_GATE,
		.state = fake.state,
		.gate = is_elevated ? FAKE_GATE : 0,
		.version = "fake",
	};

	memset(info.shortcuts, 0xff, sizeof(info.shortcuts));
	if (fake.no_shortcut >= 0)
		info.shortcuts[fake.no_shortcut / 64] &=
			~(1ULL << fake.no_shortcut % 64);
	write_memory(pid, ARG2(s), &info, sizeof(info));
	answer(pid, s, fake.abi != KELEVATE_ABI ? -EPROTONOSUPPORT :
	       -fake.query);
}

static void play(pid_t pid)
{
	struct state s;
	int is_elevated = 0;
	int status;

	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
	resume(pid, 0);
	for (;;) {
		next_stop(pid);
		get(pid, &s);
		if (s.nr != NUMBER) {
			/* its exit, before the next entry */
			resume(pid, 0);
			next_stop(pid);
		} else if (ARG0(&s) == KELEVATE_QUERY) {
			query(pid, &s, is_elevated);
			if (is_elevated)
				break;
		} else if (ARG0(&s) == KELEVATE_ELEVATE) {
			if (!fake.elevate)
				map_gate(pid, &s);
			is_elevated = !fake.elevate;
			answer(pid, &s, -fake.elevate);
		} else {
			answer(pid, &s, 0);
		}
		resume(pid, 0);
	}
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	if (waitpid(pid, &status, 0) != pid)
		die(125, "waitpid");
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--no-gate"))
			fake.no_gate = 1;
		else if (!strcmp(argv[i], "--clobber"))
			fake.clobber = 1;
		else if (i + 1 == argc)
			break;
		else if (!strcmp(argv[i], "--abi"))
			fake.abi = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--query"))
			fake.query = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--elevate"))
			fake.elevate = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--state"))
			fake.state = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--no-shortcut"))
			fake.no_shortcut = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--number"))
			fake.number = argv[++i];
	}
	if (i + 1 >= argc) {
		puts("usage: fake_module [options] -- program args...");
		return 125;
	}
	fake_sysfs();

	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execvp(argv[i + 1], argv + i + 1);
		die(127, argv[i + 1]);
	}
	play(pid);
}
