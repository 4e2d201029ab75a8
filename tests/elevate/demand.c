// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that are not there yet, touched by elevated text: data, stack, its own
 * text from a file, and copies on write after fork.
 */
#include <sys/resource.h>
#include "kel.h"

#define PAGES	2000

static __attribute__((noinline)) int deep(int n)
{
	volatile char frame[3000];

	kel_put(frame, n);
	kel_put(frame + 2999, n);
	if (n)
		must(deep(n - 1) == n - 1);
	must(kel_get(frame) == (char)n);
	return n;
}

static void text(void)
{
	int fd = open("text", O_CREAT | O_RDWR | O_TRUNC, 0700);
	unsigned char page[4096];
	char *at;

	must(fd >= 0);
	memset(page, 0xcc, sizeof(page));
	for (int i = 0; i < 500; i++) {
		unsigned char body[] = CODE_RETURNS(i);

		memcpy(page, body, sizeof(body));
		must(write(fd, page, sizeof(page)) == sizeof(page));
	}
	fsync(fd);
	for (int round = 0; round < 3; round++) {
		at = mmap(NULL, 500 * 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
		must(at != MAP_FAILED);
		for (int again = 0; again < 2; again++) {
			for (int i = 0; i < 500; i++) {
				kel_touch();
				must(((int (*)(void))(at + i * 4096))() == i);
			}
			must(!madvise(at, 500 * 4096, MADV_DONTNEED));
			posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		}
		must(!munmap(at, 500 * 4096));
	}
}

static void copies(char *at)
{
	for (int i = 0; i < PAGES; i++)
		must(kel_get(at + i * 4096) == (char)i);
	must(in_child({
		for (int i = 0; i < PAGES; i++) {
			kel_put(at + i * 4096, i + 1);
			must(kel_get(at + i * 4096) == (char)(i + 1));
		}
	}) == 0);
	for (int i = 0; i < PAGES; i++) {
		must(kel_get(at + i * 4096) == (char)i, "the child wrote into the parent's page");
		kel_put(at + i * 4096, i + 2);
	}
}

/* Its own text goes away under it. */
static void own_text(void)
{
	unsigned long start = (unsigned long)deep & -4096UL;

	for (int i = 0; i < 200; i++) {
		kel_touch();
		must(!madvise((void *)start, 4096, MADV_DONTNEED));
		must(cpl_privileged() == 0);
	}
}

int main(void)
{
	uint64_t lowered;
	char *at;

	kel_elevate(KELEVATE_STICKY);
	lowered = kel_count(lowered);
	at = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(at != MAP_FAILED);
	/* EINVAL: a kernel that has none */
	must(!madvise(at, PAGES * 4096, MADV_NOHUGEPAGE) || errno == EINVAL);
	for (int i = 0; i < PAGES; i++)
		kel_put(at + i * 4096, i);
	must(kel_count(lowered) >= lowered + PAGES, "every page is a fault");
	copies(at);
	must(deep(1000) == 1000);
	text();
	own_text();

	/* the gate's arguments may be absent as well, and the stack it is called on */
	must(!madvise(at, PAGES * 4096, MADV_DONTNEED));
	for (int i = 0; i < PAGES; i += 10) {
		int p[2];

		must(!pipe(p));
		must(gate3(SYS_write, p[1], at + i * 4096, 4096) == 4096);
		must(gate3(SYS_read, p[0], at + (i + 1) * 4096, 4096) == 4096);
		must(!close(p[0]) && !close(p[1]));
	}
	return 0;
}
