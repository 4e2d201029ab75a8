// SPDX-License-Identifier: GPL-2.0
/*
 * A seccomp filter that one thread installs for all (TSYNC) is obeyed by the
 * elevated others with their next gate call, wherever it found them: in
 * elevated text, in the gate, asleep in a call.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include "elevate/kel.h"

#define THREADS 3

static volatile int ready, refused;
static volatile bool installed;
static int quiet[2];
static pid_t parent;

static void *calls(void *flags)
{
	kel_elevate((unsigned long)flags);
	__atomic_add_fetch(&ready, 1, __ATOMIC_RELAXED);
	for (;;) {
		bool before = installed;
		long ret = gate0(SYS_getppid);

		must(ret == parent || ret == -EDOM, "%ld", ret);
		if (ret == -EDOM)
			break;
		must(!before, "a call after the filter was installed");
	}
	/* and it is no way around it */
	if (!((unsigned long)flags & KELEVATE_BRACKETED))
		kel_touch();
	must(gate0(SYS_getppid) == -EDOM);
	__atomic_add_fetch(&refused, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void *sleeps(void *unused)
{
	char byte;

	kel_elevate(KELEVATE_STICKY);
	__atomic_add_fetch(&ready, 1, __ATOMIC_RELAXED);
	must(gate3(SYS_read, quiet[0], &byte, 1) == 1);
	must(gate0(SYS_getppid) == -EDOM);
	__atomic_add_fetch(&refused, 1, __ATOMIC_RELAXED);
	return unused;
}

static void once(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EDOM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };
	pthread_t thread[THREADS + 1];
	char byte = 'x';

	must(!pipe(quiet));
	parent = getppid();
	for (long i = 0; i < THREADS; i++)
		must(!pthread_create(&thread[i], NULL, calls,
				     (void *)(KELEVATE_STICKY | (i == 2 ? KELEVATE_BRACKETED : 0))));
	must(!pthread_create(&thread[THREADS], NULL, sleeps, NULL));
	while (ready < THREADS + 1)
		usleep(100);
	usleep(rand() % 20000);
	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program));
	installed = true;
	must(write(quiet[1], &byte, 1) == 1);
	for (int i = 0; i <= THREADS; i++)
		must(!pthread_join(thread[i], NULL));
	must(refused == THREADS + 1);
	must(kel(KELEVATE_ELEVATE, KELEVATE_STICKY, NULL) == -EPERM);
}

int main(void)
{
	unsigned int seed = getenv("SEED") ? atoi(getenv("SEED")) : time(NULL);
	int status;

	printf("# seed %u\n", seed);
	kel_nr();
	srand(seed);
	for (int i = 0; i < 15; i++) {
		rand();
		status = in_child(once());
		must(status == 0, "round %d: %#x", i, status);
	}
	return 0;
}
