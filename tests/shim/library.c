// SPDX-License-Identifier: GPL-2.0
/*
 * Another preloaded library sees each call that it interposes, wherever it
 * stands. Behind the shim it would be passed over by the gate: such calls are
 * left to it, and counted with that reason. The others take the gate.
 */
#include "test.h"

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
	if (behind)
		start(argv, "before");
	return 0;
}
