// SPDX-License-Identifier: GPL-2.0
/*
 * Calls are counted when they go to libc, and only then; the others took the
 * gate. With the module, root is elevated.
 */
#include <stdint.h>
#include <sys/syscall.h>

#include "../helpers/fake_module.h"
#include "kelevate.h"
#include "test.h"

/*
 * Calls of write that took the gate, those that an event made a system call at
 * its first instructions included.
 */
static unsigned long gate_count(void)
{
	long nr = shim_stats()->nr;
	struct kelevate_stat stat = {
		.size = sizeof(stat), .abi = KELEVATE_ABI, .pid = getpid()
	};
	unsigned long sum = 0;

	if (getenv("FAKE_MODULE"))
		return *(volatile uint64_t *)FAKE_GATE_COUNT;
	must(!syscall(nr, KELEVATE_STAT, 0, &stat), "%s", strerror(errno));
	for (unsigned int i = 0; i < KELEVATE_ROWS_MAX; i++) {
		struct kelevate_row row = { .size = sizeof(row), .index = i };

		if (syscall(nr, KELEVATE_ROW, 0, &row))
			break;
		if (row.nr == SYS_write)
			sum += stat.rows[i];
	}
	return sum + stat.fallbacks[KELEVATE_FB_EVENT];
}

int main(int argc, char **argv)
{
	unsigned long before, gate = 0;
	char byte = 'x';
	int fds[2];

	(void)argc;
	shim_start(argv);
	must(!pipe(fds));

	if (!access("/sys/module/kelevate/parameters/nr", R_OK) && !geteuid())
		must(elevated() || getenv("SYMBIOTE_MODE"), "%s",
		     shim_stats()->status_text);
	before = passed("write");
	if (elevated())
		gate = gate_count();
	errno = 4711;
	must(write(fds[1], &byte, 1) == 1);
	must(errno == 4711, "a call that succeeds leaves errno alone");
	if (elevated())
		must(gate_count() == gate + 1, "%lu, then %lu", gate, gate_count());
	must(passed("write") == before + !elevated());
	must(!!(shim_stats()->enabled >> shim_call("write") & 1) == elevated());

	before = passed("read");
	byte = 0;
	must(read(fds[0], &byte, 1) == 1 && byte == 'x');
	must(passed("read") == before + !elevated());
	must(passed_for("read", SYMBIOTE_REASON_OFF) == passed("read"));

	must(read(-1, &byte, 1) == -1 && errno == EBADF);
	must(write(fds[1], bad_pointer(), 1) == -1 && errno == EFAULT);
	return 0;
}
