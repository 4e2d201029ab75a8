// SPDX-License-Identifier: GPL-2.0
/*
 * load - requests to a Redis, memcached or HTTP server, and what became of them
 *
 * A closed loop in one thread: each connection sends its next requests when
 * all replies to the last ones are there. Every reply is compared, byte by
 * byte, with what it must be. Latency is from the sending of a connection's
 * requests to each reply; all samples are kept, so percentiles are exact.
 *
 * CPU time is counted between the first request and the last reply only, here
 * and (--count) in the server's schedstat files, and so are events (--event) in
 * its threads: connecting and starting are not part of it. One line of JSON on
 * stdout; status 1 if a reply was wrong.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/perf_event.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"

#define PIPELINE_MAX	64
#define OFFSETS		4096	/* values of different keys: parts of one pattern */
#define HEADER_MAX	1024	/* of a reply, besides the value */
#define SETTLE		50000	/* us, in which a server that is done goes to sleep */

enum protocol { REDIS, MEMCACHED, HTTP };

static const char *const protocols[] = { "redis", "memcached", "http" };

struct connection {
	int fd;
	bool wants_out;
	unsigned int key[PIPELINE_MAX];
	unsigned int asked, answered;
	char *out, *in;
	size_t out_len, out_done, in_len;
	uint64_t sent_at;
};

static enum protocol protocol;
static struct sockaddr_storage address;
static socklen_t address_len;
static const char *path = "/";
static unsigned int size = 3, keys = 1000, pipeline = 1;
static bool set;
static char *pattern;
static uint64_t random_state;

static int epoll;
static unsigned long requests = 10000, begun, done, wrong;
static uint32_t *latency;	/* ns */

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static uint64_t draw(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static const char *value(unsigned int key)
{
	return pattern + key * 97 % OFFSETS;
}

/* One request, appended to a connection's. A key's name has the size of its value. */
static char *request(char *at, unsigned int key, bool write)
{
	switch (protocol) {
	case REDIS:
		at += sprintf(at, write ? "*3\r\n$3\r\nSET\r\n$16\r\nkey:%06u%06u\r\n$%u\r\n" :
					  "*2\r\n$3\r\nGET\r\n$16\r\nkey:%06u%06u\r\n", size, key, size);
		break;
	case MEMCACHED:
		at += sprintf(at, write ? "set key:%06u%06u 0 0 %u\r\n" : "get key:%06u%06u\r\n", size, key, size);
		break;
	case HTTP:
		return at + sprintf(at, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
	}
	if (write) {
		memcpy(at, value(key), size);
		memcpy(at + size, "\r\n", 2);
		at += size + 2;
	}
	return at;
}

/* Length of the reply at the beginning of in, 0 if it is not all there. Dies of one that is not understood. */
static size_t reply(const char *in, size_t len, unsigned int key, bool write)
{
	char head[64];
	const char *body = in, *tail = "\r\n";
	size_t head_len;

	if (write) {
		const char *ok = protocol == REDIS ? "+OK\r\n" : "STORED\r\n";

		if (len < strlen(ok))
			return 0;
		if (memcmp(in, ok, strlen(ok)))
			die("the answer to a set is %.*s", (int)len, in);
		return strlen(ok);
	}
	switch (protocol) {
	case REDIS:
		sprintf(head, "$%u\r\n", size);
		break;
	case MEMCACHED:
		sprintf(head, "VALUE key:%06u%06u 0 %u\r\n", size, key, size);
		tail = "\r\nEND\r\n";
		break;
	case HTTP:
		strcpy(head, "HTTP/1.1 200 OK\r\n");
		tail = "";
		break;
	}
	head_len = strlen(head);
	if (len < head_len)
		return 0;
	if (memcmp(in, head, head_len))
		die("an answer begins with %.*s", (int)(len < 80 ? len : 80), in);
	if (protocol == HTTP) {
		body = memmem(in, len, "\r\n\r\n", 4);
		if (!body)
			return 0;
		head_len = body + 4 - in;
	}
	body = in + head_len;
	if (len < head_len + size + strlen(tail))
		return 0;
	if (memcmp(body, value(key), size) || memcmp(body + size, tail, strlen(tail)))
		wrong++;
	return head_len + size + strlen(tail);
}

static void open_connection(struct connection *c)
{
	int one = 1;

	c->fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, address_len))
		die("connect: %s", strerror(errno));
	if (address.ss_family == AF_INET)
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->out = malloc((HEADER_MAX + size) * (size_t)pipeline);
	c->in = malloc((HEADER_MAX + size) * (size_t)pipeline);
	if (!c->out || !c->in)
		die("no memory");
}

static void push(struct connection *c)
{
	struct epoll_event event = { .data.ptr = c };

	while (c->out_done < c->out_len) {
		ssize_t n = write(c->fd, c->out + c->out_done, c->out_len - c->out_done);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			die("write: %s", strerror(errno));
		c->out_done += n;
	}
	if (c->wants_out != (c->out_done < c->out_len)) {
		c->wants_out = !c->wants_out;
		event.events = EPOLLIN | (c->wants_out ? EPOLLOUT : 0);
		epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
	}
}

static void ask(struct connection *c)
{
	char *at = c->out;

	c->asked = c->answered = 0;
	while (c->asked < pipeline && begun < requests) {
		unsigned int key = draw() % keys;

		at = request(at, key, set);
		c->key[c->asked++] = key;
		begun++;
	}
	c->out_len = at - c->out;
	c->out_done = c->in_len = 0;
	c->sent_at = now(CLOCK_MONOTONIC);
	push(c);
}

static void pull(struct connection *c)
{
	size_t room = (HEADER_MAX + size) * (size_t)pipeline, at = 0, len;
	ssize_t n = read(c->fd, c->in + c->in_len, room - c->in_len);
	uint64_t t;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		die("read: %s", n ? strerror(errno) : "the server hung up");
	c->in_len += n;
	t = now(CLOCK_MONOTONIC) - c->sent_at;
	while (c->answered < c->asked) {
		len = reply(c->in + at, c->in_len - at, c->key[c->answered], set);
		if (!len)
			break;
		at += len;
		c->answered++;
		latency[done++] = t < UINT32_MAX ? t : UINT32_MAX;
	}
	memmove(c->in, c->in + at, c->in_len - at);
	c->in_len -= at;
	if (c->answered < c->asked)
		return;
	if (c->in_len)
		die("more answers than questions");
	if (begun < requests)
		ask(c);
}

/* One request and its reply, on a blocking socket. */
static void exchange(struct connection *c, unsigned int key, bool write_it)
{
	size_t len = request(c->out, key, write_it) - c->out, got = 0;

	for (size_t sent = 0; sent < len;) {
		ssize_t n = write(c->fd, c->out + sent, len - sent);

		if (n < 0)
			die("write: %s", strerror(errno));
		sent += n;
	}
	do {
		ssize_t n = read(c->fd, c->in + got, HEADER_MAX + size - got);

		if (n <= 0)
			die("read: %s", n ? strerror(errno) : "the server hung up");
		got += n;
	} while (!reply(c->in, got, key, write_it));
}

/* Nanoseconds of CPU that the threads of these schedstat files have had. */
static uint64_t cpu_of(char **files, unsigned int n)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < n; i++) {
		FILE *file = fopen(files[i], "r");
		unsigned long long ns = 0;

		if (!file || fscanf(file, "%llu", &ns) != 1)
			die("%s: cannot be read", files[i]);
		fclose(file);
		sum += ns;
	}
	return sum;
}

/* Counts a tracepoint's events in a thread from now on. */
static int open_event(unsigned long id, pid_t thread)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr), .config = id };
	int fd = syscall(SYS_perf_event_open, &attr, thread, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		die("event %lu, thread %d: %s", id, thread, strerror(errno));
	return fd;
}

static uint64_t events_of(const int *counters, unsigned int n)
{
	uint64_t sum = 0, value;

	for (unsigned int i = 0; i < n; i++) {
		if (read(counters[i], &value, sizeof(value)) != sizeof(value))
			die("a counter cannot be read");
		sum += value;
	}
	return sum;
}

/* Packets that the loopback device of this network namespace has carried. */
static unsigned long packets_on_loopback(void)
{
	FILE *file = fopen("/proc/net/dev", "r");
	unsigned long n = 0;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, " lo: %*u %lu", &n);
	if (file)
		fclose(file);
	return n;
}

static int by_length(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double percentile(double p)
{
	return latency[(unsigned long)((done - 1) * p / 100 + 0.5)] / 1e3;
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || end == text)
		die("not a number: %s", text);
	return n;
}

static void set_address(const char *host, unsigned int port, const char *unix_path)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&address;
	struct sockaddr_un *un = (struct sockaddr_un *)&address;

	if (unix_path) {
		un->sun_family = AF_UNIX;
		if (strlen(unix_path) >= sizeof(un->sun_path))
			die("too long: %s", unix_path);
		strcpy(un->sun_path, unix_path);
		address_len = sizeof(*un);
	} else {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		if (!inet_aton(host, &in->sin_addr))
			die("not an address: %s", host);
		address_len = sizeof(*in);
	}
}

/* What a GET finds: one pattern, or a file's content. */
static void make_values(const char *file_name)
{
	pattern = malloc(size + OFFSETS);
	if (!pattern)
		die("no memory");
	random_state = 88172645463325252ULL;
	for (size_t i = 0; i < size + (size_t)OFFSETS; i++)
		pattern[i] = ' ' + draw() % 95;
	if (file_name) {
		FILE *file = fopen(file_name, "r");

		if (!file || fread(pattern, 1, size, file) != size || fgetc(file) != EOF)
			die("%s: not a file of %u bytes", file_name, size);
		fclose(file);
		keys = 1;
	}
}

static const char help[] =
"Usage: load [options] redis|memcached|http\n"
"  --host ADDRESS   (127.0.0.1)        --port N   --unix PATH\n"
"  --connections N  (50)               --idle N   more of them that only stay open (0)\n"
"  --requests N     (10000)            --pipeline N  sent at once on a connection (1)\n"
"  --size N         of a value (3)     --keys N   (1000)\n"
"  --set            write instead of read\n"
"  --fill           write every key once, and that is all\n"
"  --path PATH --file FILE   for http: what to get, and what it is to be (--size long)\n"
"  --seed N         of the keys' order\n"
"  --count FILE     a schedstat file whose CPU time is counted; may be repeated\n"
"  --event ID       a tracepoint that is counted in each --thread TID; may be repeated\n";

static const struct option options[] = {
	{ "host",	 required_argument, NULL, 'H' },
	{ "port",	 required_argument, NULL, 'p' },
	{ "unix",	 required_argument, NULL, 'u' },
	{ "connections", required_argument, NULL, 'c' },
	{ "idle",	 required_argument, NULL, 'i' },
	{ "requests",	 required_argument, NULL, 'n' },
	{ "pipeline",	 required_argument, NULL, 'P' },
	{ "size",	 required_argument, NULL, 's' },
	{ "keys",	 required_argument, NULL, 'k' },
	{ "set",	 no_argument,	    NULL, 'S' },
	{ "fill",	 no_argument,	    NULL, 'f' },
	{ "path",	 required_argument, NULL, 'a' },
	{ "file",	 required_argument, NULL, 'F' },
	{ "seed",	 required_argument, NULL, 'r' },
	{ "count",	 required_argument, NULL, 'C' },
	{ "event",	 required_argument, NULL, 'e' },
	{ "thread",	 required_argument, NULL, 't' },
	{ "help",	 no_argument,	    NULL, 'h' },
	{ }
};

int main(int argc, char **argv)
{
	const char *host = "127.0.0.1", *unix_path = NULL, *file = NULL;
	unsigned int port = 0, nr = 50, idle = 0, counted = 0, nr_ids = 0, nr_threads = 0, nr_counters = 0;
	char **count = calloc(argc, sizeof(*count));
	char **ids = calloc(argc, sizeof(*ids)), **threads = calloc(argc, sizeof(*threads));
	uint64_t start, end, mine, theirs, seen, sum = 0;
	struct connection *connections;
	struct epoll_event *events;
	unsigned long seed = 1, packets;
	struct rlimit files;
	bool fill = false;
	int *counters, c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'H':
			host = optarg;
			break;
		case 'p':
			port = number(optarg);
			break;
		case 'u':
			unix_path = optarg;
			break;
		case 'c':
			nr = number(optarg);
			break;
		case 'i':
			idle = number(optarg);
			break;
		case 'n':
			requests = number(optarg);
			break;
		case 'P':
			pipeline = number(optarg);
			break;
		case 's':
			size = number(optarg);
			break;
		case 'k':
			keys = number(optarg);
			break;
		case 'S':
			set = true;
			break;
		case 'f':
			fill = true;
			break;
		case 'a':
			path = optarg;
			break;
		case 'F':
			file = optarg;
			break;
		case 'r':
			seed = number(optarg);
			break;
		case 'C':
			count[counted++] = optarg;
			break;
		case 'e':
			ids[nr_ids++] = optarg;
			break;
		case 't':
			threads[nr_threads++] = optarg;
			break;
		default:
			fputs(help, c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 125;
		}
	}
	if (optind + 1 != argc || !nr || !requests || !keys || !pipeline || pipeline > PIPELINE_MAX) {
		fputs(help, stderr);
		return 125;
	}
	while (strcmp(argv[optind], protocols[protocol]))
		if (++protocol > HTTP)
			die("not a protocol: %s", argv[optind]);
	if (strlen(path) > HEADER_MAX / 2)
		die("too long: %s", path);
	if ((protocol == HTTP) != !!file || (file && (set || fill)))
		die("--file is for http, --set and --fill are not");
	set_address(host, port, unix_path);
	make_values(file);
	random_state = seed * 2 + 1;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	connections = calloc(nr + idle, sizeof(*connections));
	events = calloc(nr, sizeof(*events));
	latency = calloc(requests, sizeof(*latency));
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!connections || !events || !latency || epoll < 0)
		die("no memory");
	if (fill) {
		open_connection(&connections[0]);
		for (unsigned int key = 0; key < keys; key++)
			exchange(&connections[0], key, true);
		return 0;
	}
	/* A first request on each: the server has accepted it then. */
	for (unsigned int i = 0; i < nr + idle; i++) {
		open_connection(&connections[i]);
		exchange(&connections[i], 0, set);
	}
	for (unsigned int i = 0; i < nr; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &connections[i] };

		fcntl(connections[i].fd, F_SETFL, O_NONBLOCK);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].fd, &event))
			die("epoll_ctl: %s", strerror(errno));
	}

	counters = calloc(nr_ids * nr_threads, sizeof(*counters));
	for (unsigned int i = 0; i < nr_ids; i++)
		for (unsigned int j = 0; j < nr_threads; j++)
			counters[nr_counters++] = open_event(number(ids[i]), number(threads[j]));

	usleep(SETTLE);
	theirs = cpu_of(count, counted);
	seen = events_of(counters, nr_counters);
	packets = packets_on_loopback();
	mine = now(CLOCK_PROCESS_CPUTIME_ID);
	start = now(CLOCK_MONOTONIC);
	for (unsigned int i = 0; i < nr && begun < requests; i++)
		ask(&connections[i]);
	while (done < requests) {
		int n = epoll_wait(epoll, events, nr, 10000);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("%s", n ? strerror(errno) : "no answer for 10 s");
		for (int i = 0; i < n; i++) {
			struct connection *at = events[i].data.ptr;

			if (events[i].events & EPOLLOUT)
				push(at);
			if (events[i].events & ~EPOLLOUT)
				pull(at);
		}
	}
	end = now(CLOCK_MONOTONIC);
	mine = now(CLOCK_PROCESS_CPUTIME_ID) - mine;
	usleep(SETTLE);
	theirs = cpu_of(count, counted) - theirs;
	seen = events_of(counters, nr_counters) - seen;
	packets = packets_on_loopback() - packets;

	qsort(latency, done, sizeof(*latency), by_length);
	for (unsigned long i = 0; i < done; i++)
		sum += latency[i];
	printf("{\"requests\": %lu, \"wrong\": %lu, \"rps\": %.1f, \"server\": %.1f, \"client\": %.1f, "
	       "\"packets\": %lu, \"events\": %lu, \"mean\": %.2f, \"p50\": %.2f, \"p99\": %.2f, \"p999\": %.2f, \"max\": %.2f}\n",
	       done, wrong, done * 1e9 / (end - start), (double)theirs / done, (double)mine / done,
	       packets, (unsigned long)seen, sum / 1e3 / done, percentile(50), percentile(99), percentile(99.9), latency[done - 1] / 1e3);
	return wrong ? 1 : 0;
}
