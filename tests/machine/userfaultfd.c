// SPDX-License-Identifier: GPL-2.0
/*
 * Data, text and stack of elevated threads in memory whose pages another thread
 * delivers by userfaultfd, when they are missing and when they are write-protected;
 * and gate calls into such memory.
 */
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include "elevate/kel.h"

#define PAGES	64
#define ROUNDS	15
#define STACK	32			/* of them are the stack */

static int uffd;
static unsigned char *area;		/* PAGES, then the stack */
static volatile bool stop;
static volatile unsigned long missing, protected;

/* A function that returns n, and n everywhere behind it. */
static void content(unsigned char *page, unsigned int n)
{
	const unsigned char code[] = CODE_RETURNS(n);

	memset(page, n, 4096);
	memcpy(page, code, sizeof(code));
}

static void *delivers(void *unused)
{
	static unsigned char page[4096] __attribute__((aligned(4096)));
	struct pollfd p = { uffd, POLLIN, 0 };
	struct uffd_msg msg;

	while (!stop) {
		struct uffdio_writeprotect wp = { };
		struct uffdio_copy copy = { };
		unsigned long at;

		if (poll(&p, 1, 100) <= 0 || read(uffd, &msg, sizeof(msg)) != sizeof(msg))
			continue;
		must(msg.event == UFFD_EVENT_PAGEFAULT);
		at = msg.arg.pagefault.address & -4096UL;
		if (msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP) {
			wp.range.start = at;
			wp.range.len = 4096;
			must(!ioctl(uffd, UFFDIO_WRITEPROTECT, &wp), "%s", strerror(errno));
			protected++;
			continue;
		}
		content(page, (at - (unsigned long)area) / 4096);
		copy.dst = at;
		copy.src = (unsigned long)page;
		copy.len = 4096;
		/* another thread may have waited for the same page */
		must(!ioctl(uffd, UFFDIO_COPY, &copy) || errno == EEXIST, "%s", strerror(errno));
		missing++;
	}
	return unused;
}

static void protect(void)
{
	struct uffdio_writeprotect wp = {
		.range = { (unsigned long)area, PAGES * 4096 },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	must(!ioctl(uffd, UFFDIO_WRITEPROTECT, &wp), "%s", strerror(errno));
}

/* By a plain thread: old kernels take the request for architectures that cannot (arm64's 5.10). */
static bool protection_works(void)
{
	double end = kel_now() + 2;

	area[0] = 1;
	protect();
	area[0] = 2;
	while (!protected && kel_now() < end)
		usleep(1000);
	return protected;
}

static __attribute__((noinline)) int deep(int n)
{
	volatile char frame[3000];

	kel_touch();
	frame[0] = frame[2999] = n;
	if (n)
		must(deep(n - 1) == n - 1);
	must(frame[0] == n);
	return n;
}

/* Its own stack is part of the area. */
static void *works(void *unused)
{
	int p[2];
	char byte;

	must(!pipe(p));
	kel_elevate(KELEVATE_STICKY);
	for (int round = 0; round < ROUNDS; round++) {
		must(!madvise(area, PAGES * 4096, MADV_DONTNEED));
		for (int i = 0; i < PAGES; i++) {
			volatile unsigned char *page = area + i * 4096;

			kel_touch();
			switch ((i + round) % 4) {
			case 0:
				must(page[2000] == i);
				break;
			case 1:
				must(((int (*)(void))page)() == i, "page %d", i);
				break;
			case 2:
				page[3000] = 1;
				must(page[3001] == i && page[3000] == 1);
				break;
			case 3:
				must(gate3(SYS_write, p[1], page + 100, 1) == 1);
				must(gate3(SYS_read, p[0], page + 4095, 1) == 1);
				must(page[4095] == i);
				break;
			}
		}
		protect();
		for (int i = 0; i < PAGES; i++) {
			volatile unsigned char *page = area + i * 4096;

			kel_touch();
			if (i % 2) {
				page[2000] = i + 1;
			} else {
				byte = i + 1;
				must(gate3(SYS_write, p[1], &byte, 1) == 1);
				must(gate3(SYS_read, p[0], page + 2000, 1) == 1);
			}
			must(page[2000] == i + 1);
		}
		must(deep(25) == 25);
		/* what is below this frame */
		must(!madvise(area + PAGES * 4096, (STACK - 6) * 4096, MADV_DONTNEED));
	}
	return unused;
}

int main(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct uffdio_register reg = { };
	pthread_t deliverer, worker;
	pthread_attr_t attr;
	bool protects;

	kel_nr();
	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		skip("no userfaultfd with write protection");
	area = mmap(NULL, (PAGES + STACK) * 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(area != MAP_FAILED);
	/* EINVAL: a kernel that has none */
	must(!madvise(area, (PAGES + STACK) * 4096, MADV_NOHUGEPAGE) || errno == EINVAL);
	reg.range.start = (unsigned long)area;
	reg.range.len = (PAGES + STACK) * 4096;
	reg.mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP;
	must(!ioctl(uffd, UFFDIO_REGISTER, &reg), "%s", strerror(errno));
	must(!pthread_create(&deliverer, NULL, delivers, NULL));
	protects = protection_works();
	if (!protects)
		printf("# no write protection in this kernel\n");
	pthread_attr_init(&attr);
	must(!pthread_attr_setstack(&attr, area + PAGES * 4096, STACK * 4096));
	must(!pthread_create(&worker, &attr, works, NULL));
	must(!pthread_join(worker, NULL));
	stop = true;
	must(!pthread_join(deliverer, NULL));
	printf("# %lu pages delivered, %lu unprotected\n", missing, protected);
	must(missing >= ROUNDS * PAGES && (!protects || protected >= ROUNDS * PAGES / 2));
	return 0;
}
