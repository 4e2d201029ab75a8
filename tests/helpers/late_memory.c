// SPDX-License-Identifier: GPL-2.0
/* late_memory FILE: maps it, says "mapped", and never gives its memory to whoever reads it. Status 77: no userfaultfd. */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIZE	65536

int main(int argc, char **argv)
{
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	int fd = argc == 2 ? open(argv[1], O_RDWR | O_CREAT, 0600) : -1;
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	void *memory;

	if (fd < 0 || ftruncate(fd, SIZE))
		return 1;
	memory = mmap(NULL, SIZE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return 1;
	range.range.start = (unsigned long)memory;
	range.range.len = SIZE;
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &range))
		return 77;
	puts("mapped");
	fflush(stdout);
	pause();
	return 0;
}
