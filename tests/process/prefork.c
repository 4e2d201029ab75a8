// SPDX-License-Identifier: GPL-2.0
/*
 * A prefork server with the shim, as root and as nobody: its workers inherit
 * the grant, drop their privileges, are elevated and serve; some are killed
 * and replaced; a worker of another round executes a program. A daemon that
 * forks twice serves as well. Each worker tells how its calls went.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include "shim/test.h"

#define WORKERS		4
#define REQUESTS	300

static struct {
	volatile long served[WORKERS], elevated, passed;
} *shared;
static int listener;
static struct sockaddr_in address;

/* One request per connection, and its answer. */
static void serve(int number)
{
	char request[64];

	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		ssize_t n;

		must(fd >= 0, "%s", strerror(errno));
		while ((n = recv(fd, request, sizeof(request), 0)) > 0) {
			must(request[0] == 'r');
			request[0] = 'a';
			must(send(fd, request, n, 0) == n);
		}
		close(fd);
		shared->served[number]++;
		if (elevated() && !passed("recv") && !passed("send") && !passed("accept4"))
			__atomic_add_fetch(&shared->elevated, 1, __ATOMIC_RELAXED);
		else
			__atomic_add_fetch(&shared->passed, 1, __ATOMIC_RELAXED);
	}
}

static pid_t worker(int number)
{
	pid_t pid = fork();

	must(pid >= 0);
	if (pid)
		return pid;
	if (!geteuid())
		must(!setgid(65534) && !setuid(65534));
	serve(number);
	_exit(1);
}

/* false: the worker was killed amidst it */
static bool request(int number)
{
	char out[64], in[64];
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ssize_t n;

	must(fd >= 0 && !connect(fd, (void *)&address, sizeof(address)));
	snprintf(out, sizeof(out), "request %d of the client", number);
	must(send(fd, out, sizeof(out), MSG_NOSIGNAL) == sizeof(out));
	shutdown(fd, SHUT_WR);
	n = recv(fd, in, sizeof(in), MSG_WAITALL);
	close(fd);
	if (n != sizeof(in))
		return false;
	must(in[0] == 'a' && !strcmp(in + 1, out + 1), "%s", in);
	return true;
}

static void listens(void)
{
	socklen_t len = sizeof(address);

	listener = socket(AF_INET, SOCK_STREAM, 0);
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(listener >= 0 && !bind(listener, (void *)&address, sizeof(address)) && !listen(listener, 64));
	must(!getsockname(listener, (void *)&address, &len));
}

static void server(unsigned int seed)
{
	pid_t pids[WORKERS];
	int status, lost = 0, killed = 0;

	for (int i = 0; i < WORKERS; i++)
		pids[i] = worker(i);
	for (int i = 0; i < REQUESTS; i++) {
		if (i % 20 == 10) {
			int victim = rand_r(&seed) % WORKERS;

			must(!kill(pids[victim], i % 40 == 10 ? SIGKILL : SIGTERM));
			must(waitpid(pids[victim], &status, 0) == pids[victim] && WIFSIGNALED(status), "%#x", status);
			pids[victim] = worker(victim);
			killed++;
		}
		lost += !request(i);
	}
	for (int i = 0; i < WORKERS; i++) {
		must(!kill(pids[i], SIGTERM));
		must(waitpid(pids[i], &status, 0) == pids[i] && WIFSIGNALED(status), "worker %d: %#x", i, status);
	}
	printf("# %d workers killed, %d requests lost, %ld served elevated, %ld not\n", killed, lost,
	       shared->elevated, shared->passed);
	must(lost <= killed);
}

/* As daemon(3) does, and once more. */
static pid_t daemonize(int tell)
{
	pid_t pid = fork();

	must(pid >= 0);
	if (pid) {
		int status;

		must(waitpid(pid, &status, 0) == pid && !status);
		must(read(tell, &pid, sizeof(pid)) == sizeof(pid));
		return pid;
	}
	must(setsid() > 0);
	pid = fork();
	must(pid >= 0);
	if (pid)
		_exit(0);
	must(!chdir("/"));
	close(0);
	close(1);
	close(2);
	return 0;
}

static void serve_as_daemon(void)
{
	long before = shared->served[0];
	int tell[2];
	pid_t pid;

	must(!pipe(tell));
	pid = daemonize(tell[0]);
	if (!pid) {
		pid = getpid();
		must(getppid() != pid && write(tell[1], &pid, sizeof(pid)) == sizeof(pid));
		serve(0);
	}
	for (int i = 0; i < 20; i++)
		must(request(i));
	for (int i = 0; i < 2000 && shared->served[0] < before + 20; i++)
		usleep(1000);
	must(shared->served[0] == before + 20, "%ld", shared->served[0] - before);
	must(!kill(pid, SIGKILL));
}

int main(int argc, char **argv)
{
	unsigned int seed = getenv("SEED") ? atoi(getenv("SEED")) : time(NULL);
	bool was_elevated;

	(void)argc;
	shim_start(argv);
	alarm(100);
	printf("# seed %u\n", seed);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared != MAP_FAILED);
	listens();
	was_elevated = elevated();
	server(seed);
	serve_as_daemon();
	must(was_elevated ? !shared->passed : !shared->elevated, "%ld elevated, %ld not", shared->elevated,
	     shared->passed);
	return 0;
}
