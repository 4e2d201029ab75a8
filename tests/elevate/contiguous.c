// SPDX-License-Identifier: GPL-2.0
/*
 * Text in huge pages of every size that the kernel has (on arm64 also those that are a row of
 * contiguous entries) is executed by elevated threads, and makes gate calls.
 */
#include <dirent.h>
#include "kel.h"

#define MOST	(64UL << 20)

/* long call(void *gate, long nr): a gate call without arguments */
#ifdef __x86_64__
/* mov %rdi, %r11; mov %rsi, %rax; lea 5(%rip), %rcx; jmp *%r11; syscall; ret */
static const unsigned char call[] = {
	0x49, 0x89, 0xfb, 0x48, 0x89, 0xf0, 0x48, 0x8d, 0x0d, 0x05, 0x00, 0x00, 0x00,
	0x41, 0xff, 0xe3, 0x0f, 0x05, 0xc3,
};
#else
/* mov x16, x0; mov x8, x1; adr x17, 12; br x16; svc #0; ret */
static const unsigned char call[] = {
	WORD(0xaa0003f0u), WORD(0xaa0103e8u), WORD(0x10000071u), WORD(0xd61f0200u), WORD(0xd4000001u),
	WORD(0xd65f03c0u),
};
#endif

static bool set(const char *name, const char *value)
{
	char path[128];
	bool done;
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/%s/nr_hugepages", name);
	fd = open(path, O_WRONLY);
	done = fd >= 0 && write(fd, value, strlen(value)) > 0;
	close(fd);
	return done;
}

static bool run(size_t size)
{
	int shift = __builtin_ctzl(size);
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | shift << 26, -1, 0);

	if (at == MAP_FAILED)
		return false;
	for (size_t offset = 0; offset < size; offset += size / 4) {
		long (*text)(void *, long) = (long (*)(void *, long))(unsigned long)(at + offset);

		must(!mprotect(at, size, PROT_READ | PROT_WRITE));
		memcpy(at + offset, call, sizeof(call));
		must(!mprotect(at, size, PROT_READ | PROT_EXEC));
		__builtin___clear_cache(at + offset, at + offset + sizeof(call));
		for (int i = 0; i < 200; i++) {
			kel_touch();
			must(text(kel_gate, SYS_getppid) == getppid());
			must(text(kel_gate, SYS_sched_yield) == 0);
		}
	}
	must(!munmap(at, size));
	return true;
}

int main(void)
{
	DIR *dir = opendir("/sys/kernel/mm/hugepages");
	struct dirent *entry;
	int ran = 0;

	if (!dir)
		skip("no huge pages");
	kel_elevate(KELEVATE_STICKY);
	while ((entry = readdir(dir))) {
		unsigned long kb;

		if (sscanf(entry->d_name, "hugepages-%lukB", &kb) != 1 || kb << 10 > MOST)
			continue;
		if (set(entry->d_name, "1") && run(kb << 10)) {
			printf("# pages of %lu KiB\n", kb);
			ran++;
		}
		set(entry->d_name, "0");
	}
	if (!ran)
		skip("no huge page to be had");
	return 0;
}
