// SPDX-License-Identifier: GPL-2.0
/* A filter that is installed later is obeyed by gate calls, and forbids elevation. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include "kel.h"

int main(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 99),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };
	uint64_t before;

	kel_elevate(KELEVATE_STICKY);
	must(gate0(SYS_getppid) == getppid());
	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(gate0(SYS_getppid) == getppid(), "no_new_privs alone changes nothing");
	must(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
	before = kel_count(fallbacks[KELEVATE_FB_WORK]);
	for (int i = 0; i < 100; i++) {
		must(gate0(SYS_getppid) == -99, "the filter was not asked");
		must(gate0(SYS_getpid) == getpid());
	}
	must(kel_count(fallbacks[KELEVATE_FB_WORK]) >= before + 150);
	must(kel(KELEVATE_ELEVATE, KELEVATE_STICKY, NULL) == -EPERM);
	must(kel(KELEVATE_GRANT, KELEVATE_GRANT_EXEC, NULL) == -EPERM);
	must(!(kel_query().state & KELEVATE_S_CAPABLE));
	return 0;
}
