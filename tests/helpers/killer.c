// SPDX-License-Identifier: GPL-2.0
/*
 * killer NR program args...
 *
 * Runs a program under a seccomp filter that kills whoever makes system call NR. Exit status 77: the kernel
 * has no filters.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, argc > 1 ? atoi(argv[1]) : 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (argc < 3) {
		puts("usage: killer NR program args...");
		return 125;
	}
	/* as root, so that what is executed keeps its privileges */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		printf("no seccomp filter: %s\n", strerror(errno));
		return 77;
	}
	execvp(argv[2], argv + 2);
	printf("%s: %s\n", argv[2], strerror(errno));
	return 127;
}
