// SPDX-License-Identifier: GPL-2.0
/* Calls are counted when they go to libc, and only then. */
#include <stdint.h>

#include "../helpers/fake_module.h"
#include "test.h"

static unsigned long fake_gate_count(void)
{
	return *(volatile uint64_t *)FAKE_GATE_COUNT;
}

int main(int argc, char **argv)
{
	unsigned long before, gate = 0;
	char byte = 'x';
	int fds[2];

	(void)argc;
	shim_start(argv);
	must(!pipe(fds));

	before = passed("write");
	if (getenv("FAKE_MODULE")) {
		must(elevated(), "%s", shim_stats()->status_text);
		gate = fake_gate_count();
	}
	errno = 4711;
	must(write(fds[1], &byte, 1) == 1);
	must(errno == 4711, "a call that succeeds leaves errno alone");
	if (getenv("FAKE_MODULE"))
		must(fake_gate_count() == gate + 1);
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
