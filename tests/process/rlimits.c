// SPDX-License-Identifier: GPL-2.0
/*
 * Resource limits hold for elevated threads: CPU time ends a loop that makes no
 * call, real-time CPU time too; address space, descriptors, processes, pending
 * signals, locked memory and file size are refused by the gate as by the kernel.
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include "elevate/kel.h"

static void limit(int which, unsigned long soft, unsigned long hard)
{
	struct rlimit r = { soft, hard };

	must(!setrlimit(which, &r));
}

static volatile int xcpu;

static void on_xcpu(int signo)
{
	(void)signo;
	xcpu++;
}

static __attribute__((noreturn)) void spins(void)
{
	for (;;)
		kel_touch();
}

/* SIGXCPU at each second of it, SIGKILL at the end */
static void cpu_time(void)
{
	signal(SIGXCPU, on_xcpu);
	kel_elevate(KELEVATE_STICKY);
	limit(RLIMIT_CPU, 1, 3);
	while (!xcpu)
		kel_touch();
	must(gate0(SYS_getpid) == getpid());
	spins();
}

static void real_time(void)
{
	struct sched_param param = { .sched_priority = 1 };

	signal(SIGXCPU, SIG_DFL);
	limit(RLIMIT_RTTIME, 200000, 400000);
	must(!sched_setscheduler(0, SCHED_FIFO, &param), "%s", strerror(errno));
	kel_elevate(KELEVATE_STICKY);
	spins();
}

static void descriptors(void)
{
	struct msghdr msg = { };
	struct iovec iov;
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	char byte = 'x';
	int pair[2], fd = 1;

	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	kel_elevate(KELEVATE_STICKY);
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	iov = (struct iovec){ &byte, 1 };
	msg = (struct msghdr){ NULL, 0, &iov, 1, &control, sizeof(control), 0 };
	must(gate3(SYS_sendmsg, pair[0], &msg, 0) == 1);
	limit(RLIMIT_NOFILE, 3, 3);
	/* no room for what comes with it: cut off */
	must(gate3(SYS_recvmsg, pair[1], &msg, 0) == 1);
	must((msg.msg_flags & MSG_CTRUNC) && !msg.msg_controllen, "%#x %zu", msg.msg_flags, msg.msg_controllen);
	must(gate6(SYS_accept4, pair[1], NULL, NULL, 0, 0, 0) == -EINVAL ||
	     gate6(SYS_accept4, pair[1], NULL, NULL, 0, 0, 0) == -EMFILE);
	must(dup(pair[0]) == -1 && errno == EMFILE);
}

static void accept_limit(void)
{
	struct { sa_family_t family; char path[8]; } addr = { AF_UNIX, "\0kelrl" };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);

	must(!bind(listener, (void *)&addr, 8) && !listen(listener, 1));
	must(!connect(client, (void *)&addr, 8));
	kel_elevate(KELEVATE_STICKY);
	limit(RLIMIT_NOFILE, 3, 1024);
	must(gate6(SYS_accept4, listener, NULL, NULL, 0, 0, 0) == -EMFILE);
	limit(RLIMIT_NOFILE, 1024, 1024);
	must(gate6(SYS_accept4, listener, NULL, NULL, 0, 0, 0) > 2);
}

static void memory(void)
{
	char *at;

	kel_elevate(KELEVATE_STICKY);
	limit(RLIMIT_AS, 1 << 20, 1 << 20);
	kel_touch();
	at = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(at == MAP_FAILED && errno == ENOMEM);
	limit(RLIMIT_MEMLOCK, 0, 0);
	must(!setuid(65534));		/* root may lock nevertheless */
	must(mlock(&at, sizeof(at)) == -1 && errno == EPERM);
	must(gate0(SYS_getpid) == getpid());
}

static void *nothing(void *unused)
{
	return unused;
}

static void processes(void)
{
	pthread_t thread;

	kel_elevate(KELEVATE_STICKY);
	limit(RLIMIT_NPROC, 0, 0);
	must(!setuid(65534));
	kel_touch();
	must(fork() == -1 && errno == EAGAIN);
	must(pthread_create(&thread, NULL, nothing, NULL) == EAGAIN);
	must(gate0(SYS_getpid) == getpid());
}

static void file_size(void)
{
	int fd = open("file", O_CREAT | O_RDWR | O_TRUNC, 0600);
	char page[4096] = "";

	signal(SIGXFSZ, SIG_DFL);
	kel_elevate(KELEVATE_STICKY);
	limit(RLIMIT_FSIZE, 5000, 5000);
	must(gate3(SYS_write, fd, page, 4096) == 4096);
	must(gate3(SYS_write, fd, page, 4096) == 5000 - 4096, "up to the limit");
	gate3(SYS_write, fd, page, 1);
}

int main(void)
{
	int status;

	kel_nr();
	status = in_child(cpu_time());
	must(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "CPU: %#x", status);
	status = in_child(real_time());
	must(WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU, "RTTIME: %#x", status);
	must(in_child(descriptors()) == 0);
	must(in_child(accept_limit()) == 0);
	must(in_child(memory()) == 0);
	must(in_child(processes()) == 0);
	status = in_child(file_size());
	must(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ, "FSIZE: %#x", status);
	return 0;
}
