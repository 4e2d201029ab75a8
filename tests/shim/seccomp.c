// SPDX-License-Identifier: GPL-2.0
/*
 * A seccomp filter that kills for a kelevate system call: nothing happens to a
 * program that starts under it, nor to one that installs it later and then
 * makes threads and children. Nor to one that starts under a filter that kills
 * for any other call that the program would not make without the shim.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "test.h"

static void filter(unsigned int nr)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		skip("the kernel has no seccomp filters");
}

static void *use(void *arg)
{
	int fds[2];
	char byte;

	must(!pipe(fds));
	must(write(fds[1], "x", 1) == 1 && read(fds[0], &byte, 1) == 1);
	must(!close(fds[0]) && !close(fds[1]));
	return arg;
}

/* Starts anew under a filter. */
static void start_under(unsigned int nr, char **argv)
{
	bool off = shim_stats()->status == SYMBIOTE_STATUS_MODE_OFF;
	pid_t pid = fork();
	int status;

	if (!pid) {
		char text[8];

		filter(nr);
		sprintf(text, "%d", off ? SYMBIOTE_STATUS_MODE_OFF : SYMBIOTE_STATUS_SECCOMP);
		execl("/proc/self/exe", argv[0], text, NULL);
		_exit(1);
	}
	must(waitpid(pid, &status, 0) == pid && !status, "%u: %x", nr, status);
}

int main(int argc, char **argv)
{
	static const unsigned int calls[] = { SYS_madvise, SYS_getpid, SYS_prctl,
#ifdef SYS_access
		SYS_faccessat,	/* elsewhere ld.so itself makes it */
#endif
	};
	pthread_t thread;
	int status;

	shim_start(argv);
	if (argc > 1) {
		must(!elevated());
		must(shim_stats()->status == (uint32_t)atoi(argv[1]), "%s",
		     shim_stats()->status_text);
		use(NULL);
		return 0;
	}

	unsigned int nr = shim_stats()->nr ? shim_stats()->nr : 600;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		start_under(calls[i], argv);
	use(NULL);
	filter(nr);
	use(NULL);
	for (int i = 0; i < 4; i++) {
		must(!pthread_create(&thread, NULL, use, NULL));
		must(!pthread_join(thread, NULL));
	}
	must(!passed_for("read", SYMBIOTE_REASON_THREAD));

	pid_t pid = fork();

	if (!pid) {
		must(!pthread_create(&thread, NULL, use, NULL));
		must(!pthread_join(thread, NULL));
		use(NULL);
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && !status, "%x", status);

	start_under(nr, argv);
	return 0;
}
