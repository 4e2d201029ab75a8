// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings that change under elevated threads: protection, text that goes away,
 * huge pages, protection keys. What user mode may not do, it may not either.
 */
#include "kel.h"

static volatile bool running;

static void *runs_in(void *text)
{
	running = true;
	((void (*)(void))text)();
	return NULL;
}

int main(void)
{
	static const unsigned char loop[] = CODE_LOOPS, back[] = CODE_RETURN;
	size_t huge = 2 << 20;
	pthread_t thread;
	int status, key;
	char *at;

	kel_elevate(KELEVATE_STICKY);
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(at != MAP_FAILED);
	for (int i = 0; i < 50; i++) {
		kel_put(at, 1);
		must(!mprotect(at, 4096, PROT_READ));
		must(kel_get(at) == 1);
		must(caught(kel_put(at, 1)) == SIGSEGV && kel_info.si_code == SEGV_ACCERR);
		must(!mprotect(at, 4096, PROT_NONE));
		must(caught(kel_get(at)) == SIGSEGV && kel_info.si_code == SEGV_ACCERR);
		must(!mprotect(at, 4096, PROT_READ | PROT_WRITE));
		must(kel_get(at) == 1);
	}

	/* text that another thread of the process executes */
	for (int how = 0; how < 3; how++) {
		status = in_child({
			void *text = code(loop, sizeof(loop));

			must(!pthread_create(&thread, NULL, runs_in, text));
			while (!running)
				usleep(1000);
			usleep(10000);
			if (how == 0)
				must(!munmap(text, 4096));
			else if (how == 1)
				must(!mprotect(text, 4096, PROT_READ));
			else
				must(!mprotect(text, 4096, PROT_NONE));
			sleep(60);
		});
		must(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "%d: %#x", how, status);
	}

#if !WRITABLE_TEXT
	/* executed in user mode: there is no elevating it, and no end of trying */
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(at != MAP_FAILED);
	memcpy(at, loop, sizeof(loop));
	__builtin___clear_cache(at, at + sizeof(loop));
	must(caught(((void (*)(void))at)()) == PRIVILEGED_SIGNAL);
	memcpy(at, back, sizeof(back));
	__builtin___clear_cache(at, at + sizeof(back));
	kel_touch();
	((void (*)(void))at)();
	must(!mprotect(at, 4096, PROT_READ | PROT_EXEC));
	kel_touch();
	((void (*)(void))at)();
#endif

	/* huge pages, also split */
	at = mmap(NULL, 2 * huge, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(at != MAP_FAILED);
	at = (char *)(((unsigned long)at + huge - 1) & -huge);
	madvise(at, huge, MADV_HUGEPAGE);
	for (int i = 0; i < 5; i++) {
		kel_put(at + i, 1);
		memcpy(at + huge / 2, back, sizeof(back));
		__builtin___clear_cache(at + huge / 2, at + huge / 2 + sizeof(back));
		kel_touch();
		((void (*)(void))(at + huge / 2))();
		must(!mprotect(at + 4096, 4096, PROT_READ));
		must(caught(kel_put(at + 4096, 1)) == SIGSEGV);
		kel_put(at + 8192, 1);
		((void (*)(void))(at + huge / 2))();
		must(!mprotect(at + 4096, 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
		must(!madvise(at, huge, MADV_DONTNEED));
	}

	key = pkey_alloc(0, PKEY_DISABLE_WRITE);
	if (key >= 0) {
		kel_put(at, 1);
		must(!pkey_mprotect(at, 4096, PROT_READ | PROT_WRITE, key));
		must(kel_get(at) == 1);
		must(caught(kel_put(at, 1)) == SIGSEGV, "protection key");
		must(kel_info.si_code == SEGV_PKUERR, "%d", kel_info.si_code);
	}
	return 0;
}
