// SPDX-License-Identifier: GPL-2.0
/*
 * A library to be preloaded beside the shim, which wants to see every write(), and
 * of open() and pread() one of their names.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

unsigned long other_writes, other_opens, other_preads;

ssize_t write(int fd, const void *buf, size_t count)
{
	ssize_t (*next)(int, const void *, size_t) =
		(ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");

	other_writes++;
	return next(fd, buf, count);
}

int open(const char *path, int flags, ...)
{
	int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");

	other_opens++;
	return next(path, flags, 0);
}

ssize_t __pread_chk(int fd, void *buf, size_t count, off_t offset, size_t size);
ssize_t __pread_chk(int fd, void *buf, size_t count, off_t offset, size_t size)
{
	(void)size;
	other_preads++;
	return pread(fd, buf, count, offset);
}
