// SPDX-License-Identifier: GPL-2.0
/*
 * Symbiotes that keep memory while something is done to it: data, text and
 * stack, read, written and executed elevated and by gate calls. What they find
 * is what they left there.
 *
 * keeper SECONDS THREADS MB [pageout|collapse|merge]..., or until SIGTERM
 *
 * pageout: they have some of it swapped out; collapse: made into huge pages;
 * merge: it is mostly the same, for KSM.
 */
#include "../elevate/kel.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#define HUGE_PAGE (2UL << 20)

static volatile double end;
static size_t size;
static bool pageout, collapse, merge;
static _Atomic unsigned long visits;

/* A page: a function that returns value; then words. */
struct page {
	unsigned char text[64];
	uint64_t words[504];
};

static unsigned int value_of(unsigned long n, unsigned int generation)
{
	/* for KSM they go on being alike, however often they were changed */
	return merge ? (n + generation) % 4 : n * 2654435761u + generation;
}

static void fill(struct page *p, unsigned int value)
{
	const unsigned char returns[] = CODE_RETURNS(value);

	memcpy(p->text, returns, sizeof(returns));
	__builtin___clear_cache((char *)p->text, (char *)p->text + sizeof(returns));
	for (int i = 0; i < 504; i++)
		p->words[i] = value + (uint64_t)i * 0x100000001;
}

static void check(const struct page *p, unsigned int value, unsigned long n)
{
	kel_touch();
	for (int i = 0; i < 504; i++)
		must(p->words[i] == value + (uint64_t)i * 0x100000001, "page %lu, word %d: %#lx for %#x", n, i,
		     p->words[i], value);
	kel_touch();
	must(((unsigned int (*)(void))p->text)() == value, "page %lu", n);
}

static __attribute__((noinline)) unsigned int deep(unsigned int n)
{
	volatile unsigned int frame[512];

	for (int i = 0; i < 512; i += 64)
		frame[i] = n + i;
	if (n)
		must(deep(n - 1) == n - 1);
	else
		madvise((void *)((unsigned long)frame & -4096UL), 100 * 4096, pageout ? MADV_PAGEOUT : MADV_NORMAL);
	for (int i = 0; i < 512; i += 64)
		must(frame[i] == n + i, "stack");
	return n;
}

static void *keep(void *unused)
{
	unsigned long pages = size / sizeof(struct page), n;
	unsigned int *generation = calloc(pages, sizeof(*generation));
	unsigned int seed = gettid();
	struct page *at, copy;
	int p[2];

	must(generation && !pipe(p));
	at = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(at != MAP_FAILED);
	at = (void *)(((unsigned long)at + HUGE_PAGE - 1) & -HUGE_PAGE);
	if (merge)
		madvise(at, size, MADV_MERGEABLE);
	madvise(at, size, merge || pageout ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
	for (n = 0; n < pages; n++)
		fill(&at[n], value_of(n, 0));
	kel_elevate(KELEVATE_STICKY);
	/* some at least, however slow the machine is */
	for (; kel_now() < end || visits <= 100; visits++) {
		n = rand_r(&seed) % pages;
		check(&at[n], value_of(n, generation[n]), n);
		switch (rand_r(&seed) % 16) {
		case 0:
		case 1:
			generation[n] += 1 + rand_r(&seed) % 3;
			kel_touch();
			fill(&at[n], value_of(n, generation[n]));
			break;
		case 2:
		case 3:
			must(gate3(SYS_write, p[1], &at[n], sizeof(copy)) == sizeof(copy));
			must(gate3(SYS_read, p[0], &copy, sizeof(copy)) == sizeof(copy));
			must(!memcmp(&copy, &at[n], sizeof(copy)), "page %lu by a pipe", n);
			break;
		case 4:		/* the kernel writes into it */
			generation[n]++;
			fill(&copy, value_of(n, generation[n]));
			must(gate3(SYS_write, p[1], &copy, sizeof(copy)) == sizeof(copy));
			must(gate3(SYS_read, p[0], &at[n], sizeof(copy)) == sizeof(copy));
			break;
		case 5:
			deep(200);
			break;
		case 6:
			if (pageout)
				madvise(&at[n & -64UL], 64 * sizeof(copy), MADV_PAGEOUT);
			break;
		case 7:
			if (collapse)
				madvise((void *)((unsigned long)&at[n] & -HUGE_PAGE), HUGE_PAGE, MADV_COLLAPSE);
			break;
		}
	}
	for (n = 0; n < pages; n++)
		check(&at[n], value_of(n, generation[n]), n);
	return unused;
}

static void on_term(int signo)
{
	(void)signo;
	end = 0;
}

int main(int argc, char **argv)
{
	pthread_t thread[64];
	int threads;

	must(argc > 3, "usage: keeper SECONDS THREADS MB [pageout|collapse|merge]...");
	end = kel_now() + atof(argv[1]);
	signal(SIGTERM, on_term);
	threads = atoi(argv[2]);
	size = (size_t)atoi(argv[3]) << 20;
	for (int i = 4; i < argc; i++) {
		pageout |= !strcmp(argv[i], "pageout");
		collapse |= !strcmp(argv[i], "collapse");
		merge |= !strcmp(argv[i], "merge");
	}
	must(threads <= 64 && size % HUGE_PAGE == 0);
	for (int i = 0; i < threads; i++)
		must(!pthread_create(&thread[i], NULL, keep, NULL));
	for (int i = 0; i < threads; i++)
		must(!pthread_join(thread[i], NULL));
	printf("# %lu visits of pages\n", visits);
	return 0;
}
