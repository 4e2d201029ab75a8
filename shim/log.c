// SPDX-License-Identifier: GPL-2.0
/*
 * log.c - a line on stderr
 *
 * For the constructor only. It writes to descriptor 2 itself: a program's
 * stderr stream need not be usable yet, and is its own.
 */
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "gate.h"
#include "shim.h"

void symbiote_log(const char *format, ...)
{
	static const char prefix[] = "symbiote: ";
	char line[512];
	size_t len = sizeof(prefix) - 1;
	va_list args;
	int n;

	__builtin_memcpy(line, prefix, len);
	va_start(args, format);
	n = vsnprintf(line + len, sizeof(line) - len - 1, format, args);
	va_end(args);
	if (n < 0)
		return;
	len += (size_t)n < sizeof(line) - len - 1 ?
	       (size_t)n : sizeof(line) - len - 2;
	line[len++] = '\n';
	/* One write: lines of several processes do not mix. */
	gate_syscall(SYS_write, 2, (long)line, len, 0, 0, 0);
}
