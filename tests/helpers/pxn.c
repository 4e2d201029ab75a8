// SPDX-License-Identifier: GPL-2.0
/* Where user text is forbidden to the kernel's own mode, by kel_test_pxn() of tests/kmod/pxn.c. */
#include "../elevate/kel.h"

#ifdef __aarch64__
enum { PAGE = 1, TABLE = 2 };

static unsigned long function;

static unsigned long pxn(const void *at)
{
	struct kelevate_call c = { .size = sizeof(c), .function = function,
				   .arg = { (unsigned long)at } };

	must(kel(KELEVATE_CALL, 0, &c) == 0);
	must(c.result <= 3, "not mapped");
	return c.result;
}

/* Elevated: an interrupt in front of the call lowers, and the page stays as it was; then once more. */
static void execute(void *at)
{
	for (int i = 0; i < 20 && (!i || pxn(at)); i++) {
		kel_touch();
		must(((int (*)(void))at)() == 7);
	}
}

/* Two pages of text, each "return 7". */
static char *text(int flags, int fd)
{
	static const unsigned char returns[] = CODE_RETURNS(7);
	char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, flags, fd, 0);

	must(at != MAP_FAILED);
	memcpy(at, returns, sizeof(returns));
	memcpy(at + 4096, returns, sizeof(returns));
	__builtin___clear_cache(at, at + 8192);
	must(!mprotect(at, 8192, PROT_READ | PROT_EXEC));
	must(((int (*)(void))at)() == 7 && ((int (*)(void))(at + 4096))() == 7);
	return at;
}

int main(void)
{
	int fd = memfd_create("text", 0), status;
	char *data, *at, *again;

	kel_elevate(KELEVATE_STICKY);
	function = kel_resolve("kel_test_pxn");
	at = text(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(data != MAP_FAILED);
	*data = 1;
	/* the tables may be those of text that was executed elevated already; the pages are their own */
	must(pxn(at) & PAGE && pxn(at + 4096) & PAGE && pxn(data) & PAGE, "before");
	execute(at);
	must(pxn(at) == 0, "%lu: executed", pxn(at));
	must(pxn(at + 4096) & PAGE, "its neighbour was not");
	must(pxn(data) & PAGE, "and data never is");
	execute(at + 4096);
	must(pxn(at + 4096) == 0, "now it was");

	/* a new protection is the kernel's own again, and is taken away again where it is in the way */
	must(!mprotect(at, 4096, PROT_READ));
	must(pxn(at) & PAGE, "not executable");
	must(!mprotect(at, 4096, PROT_READ | PROT_EXEC));
	must(pxn(at) & PAGE, "executable anew");
	execute(at);
	must(pxn(at) == 0);

	/* the same page of a file, elsewhere in this process, and in another */
	must(fd >= 0 && !ftruncate(fd, 8192));
	at = text(MAP_SHARED, fd);
	again = mmap(NULL, 8192, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	must(again != MAP_FAILED && ((int (*)(void))again)() == 7);
	execute(at);
	must(pxn(at) == 0 && pxn(again) & PAGE, "each mapping is its own");
	status = in_child({
		char *own = mmap(NULL, 8192, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);

		must(own != MAP_FAILED && ((int (*)(void))own)() == 7);
		must(pxn(own) & PAGE);
	});
	must(status == 0, "%#x", status);

	/* a large page: one entry */
	at = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(at != MAP_FAILED);
	at = (char *)(((unsigned long)at + (2 << 20) - 1) & -(2UL << 20));
	madvise(at, 2 << 20, MADV_HUGEPAGE);
	memcpy(at, again, 4096);
	memcpy(at + (1 << 20), again, 4096);
	__builtin___clear_cache(at, at + (2 << 20));
	must(!mprotect(at, 2 << 20, PROT_READ | PROT_EXEC));
	must(pxn(at) & PAGE);
	execute(at + (1 << 20));
	printf("# large page: PXN %s\n", pxn(at) & PAGE ? "stays at its beginning (it is none)" : "is gone from all of it");
	must(pxn(at + (1 << 20)) == 0);
	return 0;
}
#else
int main(void)
{
	skip("PXN is arm64's");
}
#endif
