// SPDX-License-Identifier: GPL-2.0
/*
 * Random system calls, as nobody and as root: whatever is asked, the answer is
 * an error number or 0, nobody gets elevated, and the machine lives. SEED=N
 * repeats a run. CALL, which trusts its address, is left out.
 */
#include "kel.h"

static const int ops[] = { 0, 1, 2, 3, 4, 5, 6, 7, 9, 10, -1 };

static uint64_t value(unsigned int *seed)
{
	static const uint64_t odd[] = { 0, 1, 2, 7, 8, 16, 24, 152, 4096, 4097, -1, 1ULL << 31,
					1ULL << 63, 0xffff888000000000, 0x7ffffffff000, 400 };

	if (rand_r(seed) % 3)
		return odd[rand_r(seed) % (sizeof(odd) / sizeof(*odd))];
	return (uint64_t)rand_r(seed) << 32 ^ rand_r(seed);
}

static void fuzz(unsigned int seed, bool root, double seconds)
{
	char *page = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long calls = 0;

	must(page != MAP_FAILED && !munmap(page + 12288, 4096));
	for (double end = kel_now() + seconds; kel_now() < end;) {
		for (int i = 0; i < 200; i++, calls++) {
			char *arg = page + 8 * (rand_r(&seed) % 1600);
			int op = ops[rand_r(&seed) % (sizeof(ops) / sizeof(*ops))];
			unsigned long flags = rand_r(&seed) % 2 ? 1UL << rand_r(&seed) % 64 : 0;
			long ret;

			if (arg > page + 12288 - 8)
				arg = page;
			for (int j = 0; j < 24 && arg + 8 * j < page + 12288; j++)
				*(uint64_t *)(arg + 8 * j) = rand_r(&seed) % 4 ? 0 : value(&seed);
			/* sizes and versions are often right */
			if (rand_r(&seed) % 4)
				*(uint32_t *)arg = value(&seed) % 2048;
			if (rand_r(&seed) % 4)
				*(uint32_t *)(arg + 4) = KELEVATE_ABI;
			if (rand_r(&seed) % 8 == 0)
				arg = (char *)value(&seed);
			ret = kel(op, flags, arg);
			must(ret <= 0 && ret >= -4095, "op %d, flags %#lx: %ld", op, flags, ret);
			if (!root)
				must(cpl() == 3 && !(op == KELEVATE_ELEVATE && !ret), "elevated");
			else if (rand_r(&seed) % 64 == 0)
				must(kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL) == 0);
		}
	}
	printf("%s: %lu calls\n", root ? "root" : "nobody", calls);
	fflush(stdout);
}

int main(void)
{
	unsigned int seed = getenv("SEED") ? strtoul(getenv("SEED"), NULL, 0) : (unsigned int)time(NULL);

	printf("SEED=%u\n", seed);
	must(in_child({ must(!setuid(65534)); fuzz(seed, false, 4); }) == 0);
	must(in_child(fuzz(seed, true, 4)) == 0);
	must(kel_query().state == KELEVATE_S_CAPABLE);
	return 0;
}
