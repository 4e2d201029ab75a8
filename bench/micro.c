// SPDX-License-Identifier: GPL-2.0
/*
 * micro - single operations, as system calls and as shortcuts, in pairs
 *
 * Every round measures both sides of every pair, in an order drawn anew, in
 * one process. A side's figure in a round is the median of its samples, so
 * that an interrupt in some of them does not count; the table shows medians
 * and quartiles over rounds, and ratios taken within rounds.
 *
 * Reads and writes have both ends in this one thread: what was written is
 * there when it is read, nobody blocks, nobody else runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench.h"
#include "gate.h"
#include "kelevate.h"

#define ROUNDS_MAX	1000
#define SAMPLES_MAX	10000
#define BLOCK		16	/* calls in a sample of a null call */
#define SIZE_MAX_IO	65536

static unsigned int rounds = 21, samples = 100;
static long nr;
static const void *gate;
static double empty_block;	/* ticks of a sample without a call */
static double clock_ticks;

static long call(bool elevated, long n, long a1, long a2, long a3)
{
	return elevated ? gate_call(gate, n, a1, a2, a3, 0, 0, 0) :
			  gate_syscall(n, a1, a2, a3, 0, 0, 0);
}

static void elevate(unsigned long flags)
{
	long ret = gate_syscall(nr, KELEVATE_ELEVATE, flags, 0, 0, 0, 0);

	if (ret)
		die("cannot elevate: %s", strerror(-ret));
}

static void forget(void)
{
	gate_syscall(nr, KELEVATE_LOWER, KELEVATE_FORGET, 0, 0, 0, 0);
}

/*
 * One sample of BLOCK times the body, less the loop, in ticks a time. The
 * bodies are macros: a function's call would be part of the figure.
 */
#define SAMPLE(body)							\
({									\
	uint64_t t0 = ticks();						\
									\
	for (unsigned int i_ = 0; i_ < BLOCK; i_++) {			\
		__asm__ volatile("" : : : "memory");			\
		body;							\
	}								\
	(ticks() - t0 - empty_block) / BLOCK;				\
})

#define ON_SAMPLES(expression)						\
({									\
	double v_[SAMPLES_MAX];						\
									\
	for (unsigned int s_ = 0; s_ < 3; s_++)				\
		(void)(expression);					\
	for (unsigned int s_ = 0; s_ < samples; s_++)			\
		v_[s_] = (expression);					\
	median(v_, samples);						\
})

/* An operation: its sides' figures in one round, in ticks. */
struct operation {
	const char *name, *note;
	double (*stock)(void);
	double (*elevated)(void);
	double v[2][ROUNDS_MAX];
};

static double getppid_stock(void)
{
	return ON_SAMPLES(SAMPLE(gate_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0)));
}

static double null_gate(void)
{
	double r;

	elevate(KELEVATE_STICKY);
	r = ON_SAMPLES(SAMPLE(gate_call(gate, nr, KELEVATE_NULL, 0, 0, 0, 0, 0)));
	forget();
	return r;
}

static double getppid_gate(void)
{
	double r;

	elevate(KELEVATE_STICKY);
	r = ON_SAMPLES(SAMPLE(gate_call(gate, SYS_getppid, 0, 0, 0, 0, 0, 0)));
	forget();
	return r;
}

static double null_bracketed(void)
{
	double r;

	elevate(KELEVATE_STICKY | KELEVATE_BRACKETED);
	r = ON_SAMPLES(SAMPLE(gate_call(gate, nr, KELEVATE_NULL, 0, 0, 0, 0, 0)));
	forget();
	return r;
}

static double kelevate_stock(void)
{
	return ON_SAMPLES(SAMPLE(gate_syscall(nr, KELEVATE_NULL, 0, 0, 0, 0, 0)));
}

/* There by the system call, back by another. */
static double trip_syscall(void)
{
	double r;

	elevate(KELEVATE_STICKY);
	r = ON_SAMPLES(SAMPLE({
		gate_syscall(nr, KELEVATE_ELEVATE, KELEVATE_STICKY, 0, 0, 0, 0);
		gate_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0);
	}));
	forget();
	return r;
}

/* The other ways there, after a system call that lowered. */
#ifdef __x86_64__
static double trip_vector(void)
{
	double r;

	elevate(KELEVATE_STICKY);
	r = ON_SAMPLES(SAMPLE({
		__asm__ volatile("int $0x16" : : : "memory");
		gate_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0);
	}));
	forget();
	return r;
}
#endif

static double trip_privileged(void)
{
	double r;

	elevate(KELEVATE_STICKY);
	r = ON_SAMPLES(SAMPLE({
		__asm__ volatile(PRIVILEGED_ASM : : : "memory");
		gate_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0);
	}));
	forget();
	return r;
}

static double trip_gate(void)
{
	double r;

	elevate(KELEVATE_STICKY);
	r = ON_SAMPLES(SAMPLE({
		gate_call(gate, nr, KELEVATE_NULL, 0, 0, 0, 0, 0);
		gate_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0);
	}));
	forget();
	return r;
}

static struct operation null_operations[] = {
	{ .name = "null call", .note = "getppid / KELEVATE_NULL",
	  .stock = getppid_stock, .elevated = null_gate },
	{ .name = "getppid", .note = "",
	  .stock = getppid_stock, .elevated = getppid_gate },
	{ .name = "null call, bracketed", .note = "getppid / KELEVATE_NULL",
	  .stock = getppid_stock, .elevated = null_bracketed },
	{ .name = "kelevate as a system call", .note = "getppid / KELEVATE_NULL",
	  .stock = getppid_stock, .elevated = kelevate_stock },
	{ .name = "elevate by system call", .note = "getppid / and elevate",
	  .stock = getppid_stock, .elevated = trip_syscall },
#ifdef __x86_64__
	{ .name = "elevate by fast vector", .note = "getppid / and elevate",
	  .stock = getppid_stock, .elevated = trip_vector },
#endif
	{ .name = "elevate by " PRIVILEGED_NAME, .note = "getppid / and elevate",
	  .stock = getppid_stock, .elevated = trip_privileged },
	{ .name = "elevate by gate fault", .note = "getppid / and null call",
	  .stock = getppid_stock, .elevated = trip_gate },
};

#define NR_NULL	(sizeof(null_operations) / sizeof(null_operations[0]))

/* Reads and writes. */
struct channel {
	const char *name;
	int out, in;
};

static struct channel channels[] = { { .name = "pipe" }, { .name = "unix" }, { .name = "tcp" } };
static const unsigned int sizes[] = { 1, 64, 512, 1024, 4096, 16384, 65536 };

#define NR_CHANNELS	(sizeof(channels) / sizeof(channels[0]))
#define NR_SIZES	(sizeof(sizes) / sizeof(sizes[0]))

struct transfer {
	const struct channel *channel;
	unsigned int size;
	double v[2][2][ROUNDS_MAX];	/* write or read, stock or elevated */
};

static struct transfer transfers[NR_CHANNELS * NR_SIZES];
static char buffer[2][SIZE_MAX_IO] __attribute__((aligned(4096)));

static void open_channels(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int listener, pair[2], one = 1, room = 1 << 20;

	if (pipe(pair) || fcntl(pair[1], F_SETPIPE_SZ, room) < 0)
		die("pipe: %s", strerror(errno));
	channels[0].in = pair[0];
	channels[0].out = pair[1];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		die("socketpair: %s", strerror(errno));
	channels[1].in = pair[0];
	channels[1].out = pair[1];
	listener = socket(AF_INET, SOCK_STREAM, 0);
	channels[2].out = socket(AF_INET, SOCK_STREAM, 0);
	/* inherited by the accepted socket */
	setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&addr, &len) ||
	    connect(channels[2].out, (struct sockaddr *)&addr, sizeof(addr)))
		die("TCP over the loopback interface: %s", strerror(errno));
	channels[2].in = accept(listener, NULL, NULL);
	close(listener);
	setsockopt(channels[2].out, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	for (unsigned int i = 1; i < NR_CHANNELS; i++)
		setsockopt(channels[i].out, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

/* Until all is through: a stream may give it in parts. */
static inline __attribute__((always_inline))
void all(bool elevated, long n, int fd, char *at, size_t left)
{
	while (left) {
		long ret = call(elevated, n, fd, (long)at, left);

		if (ret <= 0)
			die("%s: %s", n == SYS_read ? "read" : "write", strerror(-ret));
		at += ret;
		left -= ret;
	}
}

static inline __attribute__((always_inline))
void transfer_samples(struct transfer *t, bool elevated, double *writes, double *reads)
{
	const struct channel *c = t->channel;
	unsigned int warm = 8;

	for (unsigned int i = 0; i < samples + warm; i++) {
		unsigned int k = i < warm ? 0 : i - warm;
		uint64_t t0, t1, t2;

		buffer[0][0] = i;
		t0 = ticks();
		all(elevated, SYS_write, c->out, buffer[0], t->size);
		t1 = ticks();
		all(elevated, SYS_read, c->in, buffer[1], t->size);
		t2 = ticks();
		if (buffer[1][0] != (char)i)
			die("%s, %u bytes: what was read is not what was written", c->name, t->size);
		writes[k] = t1 - t0 - clock_ticks;
		reads[k] = t2 - t1 - clock_ticks;
	}
}

static void transfer_round(struct transfer *t, bool elevated, unsigned int round)
{
	double writes[SAMPLES_MAX], reads[SAMPLES_MAX];

	if (elevated) {
		elevate(KELEVATE_STICKY);
		transfer_samples(t, true, writes, reads);
		forget();
	} else {
		transfer_samples(t, false, writes, reads);
	}
	t->v[0][elevated][round] = median(writes, samples);
	t->v[1][elevated][round] = median(reads, samples);
}

static double per_tick;
static const char *unit;
static FILE *json;

/* One line of the table. stock and elevated are in ticks. */
static void report(const char *name, const char *note, const double *stock, const double *elevated)
{
	double s[ROUNDS_MAX], e[ROUNDS_MAX], r[ROUNDS_MAX], sq[3], eq[3], rq[3];

	for (unsigned int i = 0; i < rounds; i++) {
		s[i] = stock[i] * per_tick;
		e[i] = elevated[i] * per_tick;
		r[i] = e[i] / s[i];
	}
	quartiles(s, rounds, sq);
	quartiles(e, rounds, eq);
	quartiles(r, rounds, rq);
	printf("%-28s%10.0f%10.0f  %7.3f  %5.3f .. %5.3f  %s\n", name, sq[1], eq[1], rq[1], rq[0], rq[2], note);
	if (json)
		fprintf(json, "{\"bench\": \"micro\", \"name\": \"%s\", \"sides\": \"%s\", \"unit\": \"%s\", "
			"\"rounds\": %u, \"samples\": %u, \"stock\": [%.2f, %.2f, %.2f], "
			"\"elevated\": [%.2f, %.2f, %.2f], \"ratio\": [%.4f, %.4f, %.4f]}\n",
			name, note, unit, rounds, samples, sq[0], sq[1], sq[2],
			eq[0], eq[1], eq[2], rq[0], rq[1], rq[2]);
}

static const char help[] =
"Usage: micro [options]\n"
"  --instructions   ticks are instructions (a guest started with --icount)\n"
"  --rounds N       rounds (21)\n"
"  --samples N      samples of a side in a round (100)\n"
"  --seed N         of the order in which sides and operations come\n"
"  --json FILE      append the figures as JSON lines\n";

static const struct option options[] = {
	{ "instructions",	no_argument,		NULL, 'i' },
	{ "rounds",		required_argument,	NULL, 'r' },
	{ "samples",		required_argument,	NULL, 's' },
	{ "seed",		required_argument,	NULL, 'S' },
	{ "json",		required_argument,	NULL, 'j' },
	{ "help",		no_argument,		NULL, 'h' },
	{ }
};

static unsigned int number(const char *text, unsigned int max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || end == text || n > max)
		die("not a number up to %u: %s", max, text);
	return n;
}

int main(int argc, char **argv)
{
	static unsigned int order[NR_NULL + NR_CHANNELS * NR_SIZES];
	const unsigned int n = sizeof(order) / sizeof(order[0]);
	struct kelevate_info info = { .size = sizeof(info), .abi = KELEVATE_ABI };
	unsigned int seed = time(NULL);
	bool instructions = false;
	struct utsname uts;
	FILE *file;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'i':
			instructions = true;
			break;
		case 'r':
			rounds = number(optarg, ROUNDS_MAX);
			break;
		case 's':
			samples = number(optarg, SAMPLES_MAX);
			break;
		case 'S':
			seed = number(optarg, -1U);
			break;
		case 'j':
			json = fopen(optarg, "a");
			if (!json)
				die("%s: %s", optarg, strerror(errno));
			break;
		default:
			fputs(help, c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 125;
		}
	}
	if (!rounds || !samples)
		die("no rounds, no samples: nothing to measure");

	file = fopen("/sys/module/kelevate/parameters/nr", "r");
	if (!file || fscanf(file, "%ld", &nr) != 1)
		die("the module is not loaded");
	fclose(file);
	if (gate_syscall(nr, KELEVATE_GRANT, KELEVATE_GRANT_SELF, 0, 0, 0, 0) ||
	    gate_syscall(nr, KELEVATE_QUERY, 0, (long)&info, 0, 0, 0))
		die("not granted: needs CAP_SYS_MODULE, and this module's version");
	gate = (const void *)info.gate;

	uname(&uts);
	unit = instructions ? "instructions" : "ns";
	per_tick = unit_per_tick(instructions);
	clock_ticks = clock_cost();
	empty_block = 0;
	empty_block = BLOCK * ON_SAMPLES(SAMPLE());
	open_channels();
	memset(buffer, 1, sizeof(buffer));
	for (unsigned int i = 0; i < NR_CHANNELS; i++)
		for (unsigned int j = 0; j < NR_SIZES; j++)
			transfers[i * NR_SIZES + j] = (struct transfer){ &channels[i], sizes[j], { } };
	for (unsigned int i = 0; i < n; i++)
		order[i] = i;

	srandom(seed);
	for (unsigned int round = 0; round < rounds; round++) {
		for (unsigned int i = n - 1; i; i--) {
			unsigned int k = random() % (i + 1), o = order[i];

			order[i] = order[k];
			order[k] = o;
		}
		for (unsigned int i = 0; i < n; i++) {
			bool first = random() & 1;

			for (unsigned int side = 0; side < 2; side++) {
				bool elevated = side ^ first;

				if (order[i] < NR_NULL) {
					struct operation *o = &null_operations[order[i]];

					o->v[elevated][round] = elevated ? o->elevated() : o->stock();
				} else {
					transfer_round(&transfers[order[i] - NR_NULL], elevated, round);
				}
			}
		}
	}

	printf("kernel %s, %s per operation, %u rounds of %u samples, seed %u\n",
	       uts.release, instructions ? "instructions" : "nanoseconds", rounds, samples, seed);
	printf("%-28s%10s%10s  %7s  quartiles\n", "median of rounds", "stock", "elevated", "ratio");
	for (unsigned int i = 0; i < NR_NULL; i++)
		report(null_operations[i].name, null_operations[i].note,
		       null_operations[i].v[0], null_operations[i].v[1]);
	for (unsigned int i = 0; i < NR_CHANNELS * NR_SIZES; i++) {
		struct transfer *t = &transfers[i];
		char name[64];

		snprintf(name, sizeof(name), "%s write %u B", t->channel->name, t->size);
		report(name, "", t->v[0][0], t->v[0][1]);
		snprintf(name, sizeof(name), "%s read %u B", t->channel->name, t->size);
		report(name, "", t->v[1][0], t->v[1][1]);
	}
	return 0;
}
