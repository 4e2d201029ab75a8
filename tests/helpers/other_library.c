// SPDX-License-Identifier: GPL-2.0
/* A library to be preloaded beside the shim, which wants to see every write(). */
#include <dlfcn.h>
#include <unistd.h>

unsigned long other_writes;

ssize_t write(int fd, const void *buf, size_t count)
{
	ssize_t (*next)(int, const void *, size_t) =
		(ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");

	other_writes++;
	return next(fd, buf, count);
}
