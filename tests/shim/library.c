// SPDX-License-Identifier: GPL-2.0
/*
 * Another preloaded library sees each call that it interposes, wherever it
 * stands. Behind the shim it would be passed over by the gate: such calls are
 * left to it, and counted with that reason. The others take the gate.
 */
#include <fcntl.h>
#include <poll.h>
#include "test.h"

ssize_t __pread_chk(int fd, void *buf, size_t count, off_t offset, size_t size);
int __poll_chk(struct pollfd *fds, nfds_t nfds, int timeout, size_t size);

/* The program's own, which is not what a fortified call means. */
int poll(struct pollfd *fds, nfds_t nfds, int timeout)
{
	(void)fds;
	(void)nfds;
	(void)timeout;
	return 77;
}

/* Other names of a call go where they went without the shim. */
static void check_names(const char *order)
{
	unsigned long *opens = dlsym(RTLD_DEFAULT, "other_opens");
	unsigned long *preads = dlsym(RTLD_DEFAULT, "other_preads");
	struct pollfd pfd = { -1, 0, 0 };
	int fd, fd64;
	char byte;

	must(opens && preads);
	*opens = *preads = 0;
	fd64 = open64("/proc/self/exe", O_RDONLY);
	must(fd64 >= 0 && *opens == 0, "%s: open64() is seen as open()", order);
	fd = open("/proc/self/exe", O_RDONLY);
	must(fd >= 0 && *opens == 1, "%s: open() %lu times", order, *opens);
	must(pread64(fd, &byte, 1, 1) == 1 && byte == 'E' && *preads == 0, "%s", order);
	must(pread(fd, &byte, 1, 2) == 1 && byte == 'L' && *preads == 0, "%s", order);
	must(__pread_chk(fd, &byte, 1, 3, 1) == 1 && byte == 'F', "%s", order);
	must(*preads == 1, "%s: __pread_chk() %lu times", order, *preads);
	must(__poll_chk(&pfd, 1, 0, sizeof(pfd)) == 0, "%s: the program's own poll()", order);
	close(fd);
	close(fd64);
}

static void start(char **argv, const char *order)
{
	char list[2 * PATH_MAX], other[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", other, sizeof(other) - 64);

	must(len > 0);
	other[len] = '\0';
	strcpy(strrchr(other, '/'), "/../helpers/other_library");
	if (access(shim_path(), R_OK))
		skip("there is no libsymbiote.so");
	if (!strcmp(order, "behind"))
		snprintf(list, sizeof(list), "%s:%s", shim_path(), other);
	else
		snprintf(list, sizeof(list), "%s:%s", other, shim_path());
	setenv("LD_PRELOAD", list, 1);
	setenv("TEST_ORDER", order, 1);
	execv("/proc/self/exe", argv);
	must(false, "execv: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	const char *order = getenv("TEST_ORDER");
	unsigned long *seen, left, passed_before;
	bool behind;
	char byte = 'x';
	int fds[2];

	(void)argc;
	if (!order)
		start(argv, "behind");
	behind = !strcmp(order, "behind");
	must(shim_stats() && shim_stats()->magic == SYMBIOTE_STATS_MAGIC);
	seen = dlsym(RTLD_DEFAULT, "other_writes");
	must(seen && !pipe(fds));
	*seen = 0;
	left = passed_for("write", SYMBIOTE_REASON_LIBRARY);
	passed_before = passed("read");
	for (int i = 0; i < 10; i++) {
		must(write(fds[1], &byte, 1) == 1);
		must(read(fds[0], &byte, 1) == 1 && byte == 'x');
	}
	must(*seen == 10, "%s: %lu", order, *seen);
	left = passed_for("write", SYMBIOTE_REASON_LIBRARY) - left;
	must(left == (behind && elevated() ? 10 : 0), "%s: %lu", order, left);
	must(passed_for("read", SYMBIOTE_REASON_LIBRARY) == 0);
	must(passed("read") - passed_before == (elevated() ? 0 : 10), "%s", order);
	must((shim_stats()->enabled >> shim_call("write") & 1) == (elevated() && !behind), "%s", order);
	must((shim_stats()->enabled >> shim_call("read") & 1) == elevated(), "%s", order);
	check_names(order);
	if (behind)
		start(argv, "before");
	return 0;
}
