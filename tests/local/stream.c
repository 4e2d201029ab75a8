// SPDX-License-Identifier: GPL-2.0
/*
 * Many TCP connections within this machine, elevated and ordinary ends, and all
 * that TCP is used for at random, while the parameters local, direct and direct_read change,
 * and who captures, filters, delays or reorders packets comes and goes: nothing is lost,
 * repeated or put elsewhere, and each stream ends where its sender ended it. SEED=N repeats
 * a run's choices.
 */
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include "local/nft.h"

#define CONNECTIONS	12
#define SECONDS		16
#define LONGER		120	/* at most, until each visitor has come */
#define PERIOD		1048573	/* of the pattern: a prime */
#define BIGGEST		65536

static unsigned char pattern[PERIOD + BIGGEST];
static int pattern_file;		/* what is in it, for sendfile */
static volatile double round_end;
static bool plain_only;
static __thread bool elevated;
static __thread unsigned int seed;
static sigset_t usr1;			/* what interrupts the threads of the connections, and no other */
static atomic_ulong interrupted;

/* One direction of a connection. */
struct flow {
	volatile uint64_t sent, got;
	volatile bool ended;
	unsigned int offset;		/* into the pattern */
	uint64_t limit;
	pthread_mutex_t lock;		/* of its writers */
	int writers;
};

struct end {
	int fd;
	int users;			/* threads */
	bool nonblock, slow, oob, lazy_close, abort;
	struct flow *out, *in;
	struct end *peer;
	unsigned int protocol;		/* seed of the lengths of requests and replies */
};

struct task {
	struct end *end;
	void (*work)(struct end *end);
	unsigned int seed, how;
	pthread_t thread;
};

static bool one_in(int n)
{
	return rand_r(&seed) % n == 0;
}

static size_t size(unsigned int *from)
{
	static const size_t odd[] = { 1, 4095, 4096, 4097, 32768, BIGGEST };

	switch (rand_r(from) % 16) {
	case 0:
		return odd[rand_r(from) % (sizeof(odd) / sizeof(*odd))];
	case 1:
		return 1 + rand_r(from) % BIGGEST;
	case 2 ... 6:
		return 1 + rand_r(from) % 4096;
	default:
		return 1 + rand_r(from) % 300;
	}
}

static const unsigned char *at(const struct flow *flow, uint64_t position)
{
	return pattern + (flow->offset + position) % PERIOD;
}

static void sysctl(const char *name, const char *value)
{
	char path[100];
	int fd;

	sprintf(path, "/proc/sys/net/ipv4/%s", name);
	fd = open(path, O_WRONLY);
	must(fd >= 0 && write(fd, value, strlen(value)) > 0, "%s", path);
	close(fd);
}

static void option(int fd, int level, int name, int value)
{
	if (elevated && one_in(2))
		must(!gate6(SYS_setsockopt, fd, level, name, &value, sizeof(value), 0), "%d", name);
	else
		must(!setsockopt(fd, level, name, &value, sizeof(value)), "%d: %d", name, errno);
}

/* A page, and one behind it that cannot be read; left free, others' memory would come there. */
static unsigned char *page(void)
{
	static __thread unsigned char *at;

	if (!at) {
		at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(at != MAP_FAILED && !mprotect(at + 4096, 4096, PROT_NONE));
	}
	return at;
}

static long put(struct end *end, const void *from, size_t n, int flags)
{
	struct iovec two[] = { { (void *)from, n / 2 }, { (char *)from + n / 2, n - n / 2 } };
	struct msghdr msg = { .msg_iov = two, .msg_iovlen = 2 };
	off_t place = (unsigned char *)from - pattern;
	long ret;

	if (elevated && !one_in(16)) {
		if (!flags && one_in(4) && place >= 0 && place < PERIOD)
			return gate6(SYS_sendfile, end->fd, pattern_file, &place, n, 0, 0);
		if (!flags && one_in(3))
			return gate3(SYS_writev, end->fd, two, 2);
		if (!flags && one_in(2))
			return gate3(SYS_write, end->fd, from, n);
		return gate6(SYS_sendto, end->fd, from, n, flags, 0, 0);
	}
	ret = one_in(2) ? send(end->fd, from, n, flags) : sendmsg(end->fd, &msg, flags);
	return ret < 0 ? -errno : ret;
}

static long get(struct end *end, void *to, size_t n, int flags)
{
	long ret;

	if (elevated && !one_in(16)) {
		if (!flags && one_in(2))
			return gate3(SYS_read, end->fd, to, n);
		return gate6(SYS_recvfrom, end->fd, to, n, flags, 0, 0);
	}
	ret = recv(end->fd, to, n, flags);
	return ret < 0 ? -errno : ret;
}

/* Sends up to n bytes, in one call; how many, 0 for "later", or negative: the peer is gone. */
static long send_some(struct end *end, size_t n, int flags)
{
	const unsigned char *from = at(end->out, end->out->sent);
	long ret;

	if (one_in(64)) {
		/* the page ends before the data does */
		size_t have = 1 + rand_r(&seed) % 4096;

		memcpy(page() + 4096 - have, from, have);
		ret = put(end, page() + 4096 - have, have + 1 + rand_r(&seed) % 5000, flags);
		must(ret <= (long)have, "%ld of %zu bytes", ret, have);
		if (ret == -EFAULT)
			return 0;
	} else {
		if (end->oob && one_in(64))
			flags |= MSG_OOB;
		ret = put(end, from, n, flags);
		must(ret <= (long)n, "%ld of %zu bytes", ret, n);
	}
	if (ret == -EAGAIN || ret == -EINTR)
		return 0;
	must(ret > 0 || ((ret == -EPIPE || ret == -ECONNRESET) && end->peer->abort), "%ld", ret);
	if (ret > 0)
		end->out->sent += ret;
	return ret;
}

/* Receives up to n bytes; how many, 0 for "later", or negative: the end. */
static long receive_some(struct end *end, size_t n, int flags)
{
	static __thread unsigned char buf[BIGGEST];
	struct flow *in = end->in;
	long ret;

	/* not waiting for SO_RCVLOWAT with what is there still in the buffer: it may be full */
	if (one_in(32)) {
		ret = get(end, buf, n, MSG_DONTWAIT | MSG_PEEK);
		must(ret <= 0 || !memcmp(buf, at(in, in->got), ret), "peek at %lu", in->got);
	}
	ret = get(end, buf, n, flags);
	if (ret == -EAGAIN || ret == -EINTR)
		return 0;
	if (ret == -ECONNRESET && end->peer->abort)
		return -1;
	must(ret >= 0, "%ld", ret);
	if (!ret) {
		must(end->peer->abort || (in->ended && in->got == in->sent), "end at %lu of %lu",
		     in->got, in->sent);
		return -1;
	}
	for (long i = 0; i < ret; i++)
		must(buf[i] == at(in, in->got)[i], "byte %lu, %ld in %ld: %#x, not %#x",
		     in->got + i, i, ret, buf[i], at(in, in->got)[i]);
	in->got += ret;
	return ret;
}

static void wait_for(struct end *end, int events)
{
	struct pollfd fd = { .fd = end->fd, .events = events };

	poll(&fd, 1, 100);
}

static int random_flags(void)
{
	return (one_in(16) ? MSG_MORE : 0) | (one_in(4) ? MSG_NOSIGNAL : 0) |
	       (one_in(8) ? MSG_DONTWAIT : 0);
}

static bool enough(const struct flow *flow)
{
	return kel_now() > round_end || flow->sent > flow->limit;
}

/* This thread does not use the end any more. The last one closes it. */
static void leave(struct end *end)
{
	if (__atomic_sub_fetch(&end->users, 1, __ATOMIC_SEQ_CST) == 0)
		close(end->fd);
}

static void end_of(struct end *end)
{
	end->out->ended = true;
	if (!end->lazy_close)
		must(!shutdown(end->fd, SHUT_WR) || (errno == ENOTCONN && end->peer->abort));
}

/* A step of sending; false: no more. */
static bool send_step(struct end *end)
{
	bool on;

	if (enough(end->out) || send_some(end, size(&seed), random_flags()) < 0)
		return false;
	if (one_in(64)) {
		on = one_in(2);
		option(end->fd, IPPROTO_TCP, TCP_CORK, on);
		if (on && one_in(2))
			usleep(1000);
	}
	if (one_in(512))
		usleep(rand_r(&seed) % 60000);
	return true;
}

static bool receive_step(struct end *end)
{
	int flags = one_in(8) ? MSG_DONTWAIT : one_in(32) && end->users > 1 ? MSG_WAITALL : 0;

	if (end->slow && one_in(8) && kel_now() < round_end)
		usleep(rand_r(&seed) % 20000);
	if (one_in(64))
		option(end->fd, IPPROTO_TCP, TCP_QUICKACK, one_in(2));
	return receive_some(end, size(&seed), flags) >= 0;
}

static void writer(struct end *end)
{
	bool more;

	do {
		pthread_mutex_lock(&end->out->lock);
		more = send_step(end);
		if (!more && --end->out->writers == 0)
			end_of(end);
		pthread_mutex_unlock(&end->out->lock);
		if (end->nonblock || one_in(64))
			wait_for(end, POLLOUT);
	} while (more);
	leave(end);
}

static void reader(struct end *end)
{
	while (receive_step(end)) {
		if (end->nonblock)
			wait_for(end, POLLIN);
	}
	leave(end);
}

/* Both directions in one thread, which never sleeps but in poll. */
static void both(struct end *end)
{
	bool sending = true, receiving = true;
	struct pollfd fd = { .fd = end->fd };

	while (sending || receiving) {
		fd.events = (sending ? POLLOUT : 0) | (receiving ? POLLIN : 0);
		if (!poll(&fd, 1, 100) && !sending && end->peer->abort &&
		    !__atomic_load_n(&end->peer->users, __ATOMIC_SEQ_CST))
			break;		/* its reset was lost, with a queueing discipline */
		if (receiving && (fd.revents & ~POLLOUT))
			receiving = receive_step(end);
		if (sending && (fd.revents & ~POLLIN)) {
			sending = send_step(end);
			if (!sending && end->abort)
				break;		/* with data unread, most probably */
			if (!sending)
				end_of(end);
		}
	}
	leave(end);
}

/* A message of this length, in one or more writes. */
static void send_all(struct end *end, size_t n)
{
	while (n) {
		size_t part = one_in(8) ? 1 + rand_r(&seed) % n : n;
		long ret;

		ret = put(end, at(end->out, end->out->sent), part,
			  part < n && one_in(2) ? MSG_MORE : 0);
		must(ret > 0 || ret == -EAGAIN || ret == -EINTR, "%ld", ret);
		if (ret > 0) {
			end->out->sent += ret;
			n -= ret;
		}
		if (ret == -EAGAIN)
			wait_for(end, POLLOUT);
	}
}

/* False: the stream ended instead. */
static bool receive_all(struct end *end, size_t n)
{
	for (size_t done = 0; done < n;) {
		long ret = receive_some(end, n - done, 0);

		if (ret < 0) {
			must(!done, "the end within a message");
			return false;
		}
		done += ret;
		if (!ret)
			wait_for(end, POLLIN);
	}
	return true;
}

static void client(struct end *end)
{
	while (!enough(end->out)) {
		send_all(end, size(&end->protocol));
		must(receive_all(end, size(&end->protocol)));
		if (one_in(256))
			usleep(rand_r(&seed) % 60000);
	}
	end_of(end);
	must(!receive_all(end, 1));
	leave(end);
}

static void server(struct end *end)
{
	while (receive_all(end, size(&end->protocol))) {
		/* a delayed ACK may go before the reply, or with it */
		if (one_in(256))
			usleep(rand_r(&seed) % 60000);
		send_all(end, size(&end->protocol));
	}
	end_of(end);
	leave(end);
}

static void *run(void *arg)
{
	static const unsigned long modes[] = { KELEVATE_STICKY, KELEVATE_STICKY | KELEVATE_BRACKETED };
	struct task *task = arg;

	pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
	seed = task->seed;
	elevated = task->how < 2;
	if (elevated)
		kel_elevate(modes[task->how]);
	task->work(task->end);
	return NULL;
}

/* Before they are connected. */
static void buffers(int fd)
{
	if (one_in(4))
		option(fd, SOL_SOCKET, SO_RCVBUF, 1 + rand_r(&seed) % 20000);
	if (one_in(4))
		option(fd, SOL_SOCKET, SO_SNDBUF, 1 + rand_r(&seed) % 20000);
	if (one_in(8))
		option(fd, IPPROTO_TCP, TCP_MAXSEG, 536 + rand_r(&seed) % 2000);
}

static void connection(int fds[2])
{
	static const char * const sysctls[] = {
		"tcp_window_scaling", "tcp_timestamps", "tcp_sack", "tcp_ecn"
	};
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(to);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	for (int i = 0; i < 4; i++)
		sysctl(sysctls[i], one_in(4) == (i == 3) ? "1" : "0");
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	buffers(fds[0]);
	buffers(listener);
	must(!bind(listener, (void *)&to, len) && !listen(listener, 1));
	must(!getsockname(listener, (void *)&to, &len) && !connect(fds[0], (void *)&to, len));
	fds[1] = accept(listener, NULL, NULL);
	must(fds[1] >= 0);
	close(listener);
}

/* All threads of one connection. */
static int start(struct end ends[2], struct flow flows[2], struct task *tasks)
{
	void (*work[4])(struct end *end);
	unsigned int protocol = rand_r(&seed), how[2], n = 0;
	int kind = rand_r(&seed) % 3, fds[2];
	bool oob = one_in(4);

	connection(fds);
	for (int i = 0; i < 2; i++) {
		flows[i] = (struct flow){
			.offset = rand_r(&seed) % PERIOD,
			.limit = one_in(4) ? size(&seed) * 100 : 1 << 30,
			.lock = PTHREAD_MUTEX_INITIALIZER,
		};
		ends[i] = (struct end){
			.fd = fds[i], .out = &flows[i], .in = &flows[!i], .peer = &ends[!i],
			.nonblock = one_in(2), .slow = one_in(3), .protocol = protocol,
			.oob = oob,
		};
		if (ends[i].nonblock || kind == 0)
			must(!fcntl(fds[i], F_SETFL, O_NONBLOCK));
		if (one_in(2))
			option(fds[i], IPPROTO_TCP, TCP_NODELAY, 1);
		/* who waits for a short message would not be woken for it */
		if (kind != 2 && one_in(6))
			option(fds[i], SOL_SOCKET, SO_RCVLOWAT, 1 + rand_r(&seed) % 2000);
		/* urgent data stays in its place */
		option(fds[i], SOL_SOCKET, SO_OOBINLINE, 1);
		how[i] = rand_r(&seed) % 3;
	}
	if (plain_only)
		how[0] = how[1] = 2;
	for (int i = 0; i < 2; i++) {
		int threads = 0;

		if (kind == 0) {
			ends[i].abort = i == 0 && one_in(2);
			flows[i].writers = 1;
			work[threads++] = both;
		} else if (kind == 1) {
			ends[i].lazy_close = i == 0 && one_in(2);
			work[threads++] = reader;
			work[threads++] = writer;
			if (one_in(2))
				work[threads++] = writer;
			flows[i].writers = threads - 1;
		} else {
			work[threads++] = i ? server : client;
		}
		ends[i].users = threads;
		for (int j = 0; j < threads; j++) {
			struct task *task = &tasks[n++];

			*task = (struct task){
				.end = &ends[i], .work = work[j], .seed = rand_r(&seed),
				.how = plain_only || (threads > 1 && one_in(3)) ? 2 : how[i],
			};
		}
	}
	for (unsigned int i = 0; i < n; i++)
		must(!pthread_create(&tasks[i].thread, NULL, run, &tasks[i]));
	return n;
}

/* For whoever has to find out why nothing moves. */
static void describe(const struct end *end)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	int of_socket[] = { SO_RCVBUF, SO_SNDBUF, SO_RCVLOWAT }, value[3] = { };

	for (int i = 0; i < 3; i++) {
		socklen_t size = sizeof(int);

		getsockopt(end->fd, SOL_SOCKET, of_socket[i], &value[i], &size);
	}
	if (getsockopt(end->fd, IPPROTO_TCP, TCP_INFO, &info, &len)) {
		printf("closed, sent %lu, received %lu\n", end->out->sent, end->in->got);
		return;
	}
	printf("state %d, sent %lu, received %lu, SO_RCVBUF %d, SO_SNDBUF %d, SO_RCVLOWAT %d, "
	       "unacked %d, probes %d, backoff %d, retransmits %d, rto %d, rcv_wnd %d\n",
	       info.tcpi_state, end->out->sent, end->in->got, value[0], value[1], value[2],
	       info.tcpi_unacked, info.tcpi_probes, info.tcpi_backoff,
	       info.tcpi_retransmits, info.tcpi_rto, info.tcpi_rcv_space);
}

static void one_round(double seconds)
{
	static struct end ends[CONNECTIONS][2];
	static struct flow flows[CONNECTIONS][2];
	static struct task tasks[CONNECTIONS * 6];
	struct timespec until;
	uint64_t bytes = 0;
	int n = 0;

	round_end = kel_now() + seconds;
	for (int i = 0; i < CONNECTIONS; i++)
		n += start(ends[i], flows[i], tasks + n);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 40;
	for (int i = 0; i < n; i++) {
		const struct end *end = tasks[i].end;

		if (!pthread_timedjoin_np(tasks[i].thread, NULL, &until))
			continue;
		describe(end);
		describe(end->peer);
		fflush(stdout);
		if (system("ss -tnmoi state connected"))
			printf("no ss\n");
		must(false, "a %s does not end", tasks[i].work == reader ? "reader" :
		     tasks[i].work == writer ? "writer" : tasks[i].work == both ? "poller" :
		     tasks[i].work == client ? "client" : "server");
	}
	for (int i = 0; i < CONNECTIONS * 2; i++)
		bytes += flows[i / 2][i % 2].got;
	printf("%d threads, %lu kB\n", n, bytes / 1024);
	fflush(stdout);
}

static int capture;

static void capture_comes(void)
{
	static const int protocols[] = { ETH_P_ALL, ETH_P_IP };
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(protocols[one_in(2)]),
		.sll_ifindex = one_in(2) ? 0 : if_nametoindex("lo"),
	};

	capture = socket(AF_PACKET, SOCK_DGRAM, 0);
	must(capture >= 0 && !bind(capture, (void *)&at, sizeof(at)));
}

static bool capture_goes(void)
{
	char packet;
	bool any = recv(capture, &packet, 1, MSG_DONTWAIT) > 0;

	close(capture);
	return any;
}

static const struct hook *hook;

static void filter_comes(void)
{
	hook = &hooks[rand_r(&seed) % nr_hooks()];
	must(nft(true, hook, NF_ACCEPT), "%s", hook->name);
}

static bool filter_goes(void)
{
	must(nft(false, hook, 0), "%s", hook->name);
	return true;
}

static void netem_comes(void)
{
	must(!system("tc qdisc add dev lo root netem limit 10000 delay 1ms reorder 25% 50%"));
}

static bool netem_goes(void)
{
	bool any = !system("tc -s qdisc show dev lo | grep -q 'Sent [1-9]'");

	must(!system("tc qdisc del dev lo root"));
	return any;
}

static uint64_t already;

static void elsewhere_comes(void)
{
	must(!system("ip link add other type dummy && ip link set other up && "
		     "tc qdisc add dev other root netem delay 1ms reorder 25%"));
	already = handed_over();
}

/* It has been in nobody's way. */
static bool elsewhere_goes(void)
{
	bool any = handed_over() > already;

	must(!system("ip link del other"));
	return any;
}

/* Who comes and goes, one after another. */
static struct visitor {
	const char *name;
	void (*comes)(void);
	bool (*goes)(void);		/* had it been of any effect? */
	atomic_uint visits;		/* that had */
	atomic_uint after;		/* visits after which writes were handed over again */
} visitors[] = {
	{ .name = "a packet socket", .comes = capture_comes, .goes = capture_goes },
	{ .name = "netfilter", .comes = filter_comes, .goes = filter_goes },
	{ .name = "netem", .comes = netem_comes, .goes = netem_goes },
	{ .name = "netem elsewhere", .comes = elsewhere_comes, .goes = elsewhere_goes },
};
#define VISITORS	(sizeof(visitors) / sizeof(*visitors))

/* A step of theirs; there: has one come? */
static bool visit(bool there)
{
	static struct visitor *last;
	static unsigned int next;
	static uint64_t handed;

	if (there) {
		last->visits += last->goes();
		handed = handed_over();
	} else {
		if (last)
			last->after += handed_over() > handed;
		last = &visitors[next++ % VISITORS];
		last->comes();
	}
	return !there;
}

/* Has each come, and been forgotten? */
static bool all_visited(void)
{
	for (size_t i = 0; i < VISITORS; i++) {
		if (!visitors[i].visits || !visitors[i].after)
			return false;
	}
	return true;
}

/* What a run that has failed left. */
static void show_out(void)
{
	if (system("tc qdisc del dev lo root; ip link del other"))
		printf("no netem\n");
	nft(false, &hooks[0], 0);
	nft(false, &hooks[4], 0);
}

static volatile bool stop;

static void *change(void *arg)
{
	bool there = false;

	/* many times as often, with all the others at it */
	must(!setpriority(PRIO_PROCESS, gettid(), -15));
	seed = (long)arg;
	while (!stop) {
		usleep(rand_r(&seed) % 50000);
		set("local", !one_in(4));
		set("direct", !one_in(3));
		set("direct_read", !one_in(3));
		kill(getpid(), SIGUSR1);
		if (!plain_only && one_in(there ? 2 : 4))
			there = visit(there);
	}
	if (there)
		visit(there);
	return NULL;
}

static void interrupt(int signo)
{
	(void)signo;
	interrupted++;
}

static void streams(unsigned int first)
{
	bool deep = !plain_only && (kel_query().features & KELEVATE_F_DEEP);
	const char *patience = getenv("RIG_PATIENCE");
	int longer = LONGER * (patience ? atoi(patience) : 1);
	struct sigaction action = { .sa_handler = interrupt };
	pthread_t changer;

	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = i < PERIOD ? i * 2654435761u >> 11 ^ i * 40503u >> 7 : pattern[i - PERIOD];
	pattern_file = memfd_create("pattern", 0);
	must(pattern_file >= 0 && write(pattern_file, pattern, sizeof(pattern)) == sizeof(pattern));
	seed = first;
	signal(SIGPIPE, SIG_IGN);
	action.sa_flags = one_in(2) ? SA_RESTART : 0;
	must(!sigaction(SIGUSR1, &action, NULL));
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	if (!plain_only) {
		/* its counters are there from now on */
		kel_elevate(KELEVATE_STICKY);
		must(!kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL));
	}
	must(!pthread_create(&changer, NULL, change, (void *)(long)rand_r(&seed)));
	for (double end = kel_now() + SECONDS;
	     kel_now() < end || (deep && !all_visited() && kel_now() < end + longer);)
		one_round(2);
	stop = true;
	must(!pthread_join(changer, NULL));
	must(interrupted);
	if (plain_only)
		return;
	printf("# %lu writes handed over, %lu direct, %lu signals\n", shortcuts_to("tcp_v4_do_rcv"),
	       shortcuts_to("tcp_rcv_established"), interrupted);
	fflush(stdout);
	for (size_t i = 0; i < VISITORS; i++)
		printf("# %s: %u visits, after %u handed over again\n", visitors[i].name,
		       visitors[i].visits, visitors[i].after);
	fflush(stdout);
	if (deep)
		must(shortcuts_to("tcp_v4_do_rcv") && shortcuts_to("tcp_rcv_established") &&
		     shortcuts_to("tcp_read_sock") && all_visited());
}

int main(int argc, char **argv)
{
	unsigned int first = getenv("SEED") ? strtoul(getenv("SEED"), NULL, 0) : (unsigned int)time(NULL);
	int status;

	kel_nr();
	/* the test itself, without the module in it */
	plain_only = argc > 1 && !strcmp(argv[1], "plain");
	printf("# SEED=%u\n", first);
	status = in_child(streams(first));
	if (status)
		show_out();
	set("local", true);
	set("direct", true);
	set("direct_read", true);
	sysctl("tcp_window_scaling", "1");
	sysctl("tcp_timestamps", "1");
	sysctl("tcp_sack", "1");
	sysctl("tcp_ecn", "2");
	must(!status, "%#x", status);
	return 0;
}
