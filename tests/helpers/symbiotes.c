// SPDX-License-Identifier: GPL-2.0
/*
 * Symbiotes at work: processes whose threads elevate, spin, read and write
 * pipes by the gate, sleep in it, fault, migrate, fork and exec, and check what they
 * get; and that the clock never goes backward.
 *
 * symbiotes SECONDS [PROCESSES [THREADS]], or until SIGTERM
 */
#include "../elevate/kel.h"

static volatile double *end;	/* shared */
static int threads = 4;
static const char *self;

static long long now_ns(void)
{
	struct timespec t;

	must(!clock_gettime(CLOCK_MONOTONIC, &t));
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void check_clock(long long *last)
{
	long long now = now_ns();

	must(now >= *last, "the clock was %lld, is %lld", *last, now);
	*last = now;
}

/* A signal may end it, nothing else before its time. */
static void nap(void)
{
	struct timespec time = { 0, 5000000 };
	long long start = now_ns(), took;
	long ret = gate6(SYS_ppoll, NULL, 0, &time, NULL, 0, 0);

	took = now_ns() - start;
	must(ret == -EINTR || (ret == 0 && took >= 5000000), "%ld after %lld ns", ret, took);
}

static void *work(void *arg)
{
	unsigned int seed = gettid() * 31 + (long)arg;
	unsigned long done = 0;
	long long clock = 0;
	char out[64], in[64];
	int p[2], cpus = sysconf(_SC_NPROCESSORS_CONF);
	cpu_set_t set;

	must(!pipe(p));
	kel_elevate(KELEVATE_STICKY);
	/* once at least, however slow the machine is */
	for (; !done || kel_now() < *end; done++) {
		for (int i = 0; i < 50; i++) {
			size_t n = 1 + rand_r(&seed) % sizeof(out);

			for (size_t j = 0; j < n; j++)
				out[j] = rand_r(&seed);
			memset(in, 0, sizeof(in));
			must(gate3(SYS_write, p[1], out, n) == (long)n);
			must(gate3(SYS_read, p[0], in, sizeof(in)) == (long)n);
			must(!memcmp(in, out, n));
			kel_touch();
			for (volatile int spin = 0; spin < 500; spin++)
				;
			kel_relax();
			must(gate0(SYS_gettid) == gettid());
		}
		check_clock(&clock);
		if (done % 8 == 0) {
			nap();
			check_clock(&clock);
		}
		switch (rand_r(&seed) % 8) {
		case 0:
			CPU_ZERO(&set);
			CPU_SET(rand_r(&seed) % cpus, &set);
			/* that CPU may be off */
			sched_setaffinity(0, sizeof(set), &set);
			break;
		case 1:
			must(in_child(must(gate0(SYS_getpid) == getpid())) == 0);
			break;
		case 2:
			must(in_child({
				execl("/proc/self/exe", self, "exec", NULL);
				_exit(9);
			}) == 0);
			break;
		case 3:
			memset(mmap(NULL, 65536, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, 65536);
			break;
		case 4:
			sched_yield();
			break;
		case 5:
			must(kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL) == 0);
			kel_elevate(KELEVATE_STICKY);
			break;
		}
	}
	close(p[0]);
	close(p[1]);
	must(done > 0);
	return NULL;
}

static void on_term(int signo)
{
	(void)signo;
	*end = 0;
}

static int process(void)
{
	pthread_t thread[64];

	for (long i = 0; i < threads; i++)
		must(!pthread_create(&thread[i], NULL, work, (void *)i));
	for (int i = 0; i < threads; i++)
		must(!pthread_join(thread[i], NULL));
	return 0;
}

int main(int argc, char **argv)
{
	int processes = argc > 2 ? atoi(argv[2]) : 2, failed = 0, status;

	self = argv[0];
	if (argc > 1 && !strcmp(argv[1], "exec"))
		return !!(kel_query().state & KELEVATE_S_GRANTED);
	must(argc > 1, "usage: symbiotes SECONDS [PROCESSES [THREADS]]");
	end = shared(sizeof(*end));
	*end = kel_now() + atof(argv[1]);
	signal(SIGTERM, on_term);
	if (argc > 3)
		threads = atoi(argv[3]);
	must(threads <= 64);
	for (int i = 0; i < processes; i++)
		if (!fork())
			_exit(process());
	while (wait(&status) > 0)
		if (status) {
			printf("a symbiote's status: %#x\n", status);
			failed++;
		}
	return !!failed;
}
