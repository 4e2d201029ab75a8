/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kinds.h - what operations are tried on: kinds of descriptors, each in the
 * states that it can be in
 *
 * Everything is made anew for each side of a comparison, in the same order, so
 * that even the descriptors' numbers are the same. What cannot be the same is
 * the other end's port, which is recorded.
 */
#ifndef KINDS_H
#define KINDS_H

#include <arpa/inet.h>
#include <linux/memfd.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>
#include "elevate/kel.h"

#define STATES(X) \
	X(IDLE, "idle") X(DATA, "data") X(FULL, "full") \
	X(PEER_CLOSED, "peer closed") X(PEER_CLOSED_DATA, "peer closed, data") \
	X(PEER_SHUT_WR, "peer shut WR") X(PEER_SHUT_RD, "peer shut RD") \
	X(SHUT_RD_, "shut RD") X(SHUT_WR_, "shut WR") X(RESET, "reset") \
	X(OOB, "urgent data") X(PASSCRED, "SO_PASSCRED, data") \
	X(TIMESTAMP, "SO_TIMESTAMP, data") X(RIGHTS, "descriptors pending") \
	X(TIMEOUT, "SO_RCVTIMEO, SO_SNDTIMEO") X(LOWAT, "SO_RCVLOWAT not met") \
	X(FSIZE, "RLIMIT_FSIZE near") X(END, "at its end")

#define STATE_ENUM(id, name) id,
enum state { STATES(STATE_ENUM) NR_STATES };
#define STATE_NAME(id, name) name,
static const char *const state_names[] = { STATES(STATE_NAME) };

#define IN(state)	(1U << (state))
#define ONLY_IDLE	IN(IDLE)
#define PIPE_R_STATES	(IN(IDLE) | IN(DATA) | IN(PEER_CLOSED) | IN(PEER_CLOSED_DATA))
#define PIPE_W_STATES	(IN(IDLE) | IN(FULL) | IN(PEER_CLOSED))
#define STREAM_STATES	(IN(IDLE) | IN(DATA) | IN(FULL) | IN(PEER_CLOSED) | IN(PEER_CLOSED_DATA) | \
			 IN(PEER_SHUT_WR) | IN(PEER_SHUT_RD) | IN(SHUT_RD_) | IN(SHUT_WR_) | IN(RESET) | \
			 IN(OOB) | IN(TIMESTAMP) | IN(TIMEOUT) | IN(LOWAT))
#define UNIX_STATES	(STREAM_STATES | IN(PASSCRED) | IN(RIGHTS))
#define UDP_STATES	(IN(IDLE) | IN(DATA) | IN(RESET) | IN(SHUT_RD_) | IN(SHUT_WR_) | \
			 IN(TIMESTAMP) | IN(TIMEOUT))
#define FILE_STATES	(IN(IDLE) | IN(END) | IN(FSIZE))

struct target {
	int fd;			/* the operation's, whatever it is */
	int peer;		/* its other end, never blocking; -1: none */
	int check;		/* the same file, to be looked at; -1: none */
	int epfd;		/* watches fd; -1: none */
	int type;		/* SOCK_..., 0: no socket */
	unsigned int port;	/* of the other end; 0: none */
	struct timespec time;	/* the timeout that was given */
	struct sockaddr_storage addr;	/* to send to */
	socklen_t addr_len;
	bool kind_pty;		/* delivers by a worker */
	int timed;		/* ends by itself, after so many ms; 0: does not */
	bool stat;		/* arena->buf is a struct stat */
	bool opens;		/* one of our two files, perhaps */
	const struct sockopt *option;	/* that is set, to be looked at */
	void (*wake)(struct target *t);	/* other than by the other end */
};

static char equiv_dir[] = "/tmp/equiv.XXXXXX";	/* in memory */
static char disk_dir[64];			/* on disk */
static int tcp_listener[2];			/* AF_INET, AF_INET6 */
static pid_t main_tid;

static unsigned char noise[100000];		/* never changes */

/* What the other end received: all of it, in whichever pieces. */
static struct sink {
	unsigned long bytes, hash;
} sink;

static void pour(const unsigned char *data, long n)
{
	for (long i = 0; i < n; i++)
		sink.hash = (sink.hash ^ data[i]) * 0x100000001b3;
	sink.bytes += n > 0 ? n : 0;
}

/* Reads what is there for the other end: up to limit bytes, or one message. */
static long drain_some(struct target *t, long limit)
{
	static unsigned char data[131072];
	long n = read(t->peer, data, limit < (long)sizeof(data) ? limit : (long)sizeof(data));

	pour(data, n);
	return n;
}

static void put(int fd, int n)
{
	(void)!write(fd, noise, n);
}

static void set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

static void fill(int fd, bool messages)
{
	static const int sizes[] = { 4096, 64, 1 };

	set_nonblock(fd, true);
	for (int pass = 0; pass < 2; pass++)
		for (int i = messages; i < (messages ? 2 : 3); i++)
			for (int n = 0; n < 1000 && write(fd, noise, sizes[i]) > 0; n++)
				;
	set_nonblock(fd, false);
}

/* Until the state has arrived: loopback and ttys deliver a little later. */
static void arrive(int fd, int events, int ms)
{
	struct pollfd p = { fd, events, 0 };

	poll(&p, 1, ms);
}

static void send_rights(int fd)
{
	struct iovec iov = { noise, 20 };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = { .header = { CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int fds[2] = { 1, 2 };

	memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
	sendmsg(fd, &msg, 0);
}

static void close_peer(struct target *t)
{
	close(t->peer);
	t->peer = -1;
}

/* ms: some ticks, for sockets count in these, and the first of them may be over at once */
#define LITTLE	20

static void socket_state(struct target *t, enum state state)
{
	struct timeval little = { 0, LITTLE * 1000 };
	struct linger linger = { 1, 0 };
	bool messages = t->type != SOCK_STREAM, inet = t->addr.ss_family != AF_UNIX;
	int on = 1, low = 50;

	switch (state) {
	case DATA:
		put(t->peer, 100);
		if (messages)
			put(t->peer, 30);
		break;
	case FULL:
		fill(t->fd, messages);
		break;
	case PEER_CLOSED_DATA:
		put(t->peer, 100);
		/* fallthrough */
	case PEER_CLOSED:
		close_peer(t);
		break;
	case PEER_SHUT_WR:
		shutdown(t->peer, SHUT_WR);
		break;
	case PEER_SHUT_RD:
		shutdown(t->peer, SHUT_RD);
		break;
	case SHUT_RD_:
		shutdown(t->fd, SHUT_RD);
		break;
	case SHUT_WR_:
		shutdown(t->fd, SHUT_WR);
		break;
	case RESET:
		if (inet && messages) {
			close_peer(t);
			put(t->fd, 10);		/* an ICMP error comes back */
		} else if (inet) {
			setsockopt(t->peer, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
			close_peer(t);
		} else {
			put(t->fd, 10);		/* never read */
			close_peer(t);
		}
		break;
	case OOB:
		put(t->peer, 10);
		send(t->peer, "o", 1, MSG_OOB);
		break;
	case PASSCRED:
		setsockopt(t->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
		put(t->peer, 100);
		break;
	case TIMESTAMP:
		setsockopt(t->fd, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof(on));
		put(t->peer, 100);
		break;
	case RIGHTS:
		send_rights(t->peer);
		put(t->peer, 30);
		break;
	case TIMEOUT:
		setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &little, sizeof(little));
		setsockopt(t->fd, SOL_SOCKET, SO_SNDTIMEO, &little, sizeof(little));
		t->timed = LITTLE;
		break;
	case LOWAT:
		setsockopt(t->fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low));
		put(t->peer, 10);
		return;
	default:
		return;
	}
	if (inet && state != FULL && state != SHUT_WR_ && state != PEER_SHUT_RD && state != TIMEOUT)
		arrive(t->fd, POLLIN | POLLRDHUP, 20);
}

static unsigned int port_of(int fd)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (void *)&addr, &len))
		return 0;
	return ((struct sockaddr_in *)&addr)->sin_port;	/* sin6_port is there too */
}

static socklen_t loopback(struct sockaddr_storage *addr, int family, unsigned int port)
{
	struct sockaddr_in6 *in6 = (void *)addr;
	struct sockaddr_in *in = (void *)addr;

	memset(addr, 0, sizeof(*addr));
	addr->ss_family = family;
	in->sin_port = port;
	if (family == AF_INET6)
		in6->sin6_addr = in6addr_loopback;
	else
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return family == AF_INET6 ? sizeof(*in6) : sizeof(*in);
}

static int inet_socket(int family, int type)
{
	int fd = socket(family, type, 0), small = 4096, on = 1;

	must(fd >= 0);
	if (type == SOCK_STREAM) {
		/* little to fill, nothing held back: as good as no timing */
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	return fd;
}

static int inet_bound(int family, int type)
{
	struct sockaddr_storage addr;
	socklen_t len = loopback(&addr, family, 0);
	int fd = inet_socket(family, type);

	must(!bind(fd, (void *)&addr, len));
	return fd;
}

static int inet_connect(int fd, int family, unsigned int port)
{
	struct sockaddr_storage addr;
	socklen_t len = loopback(&addr, family, port);

	return connect(fd, (void *)&addr, len);
}

/* arg of inet kinds: family, and SOCK_... */
#define INET_ARG(family, type)	((family) * 16 + (type))
#define UNCONNECTED		15		/* a SOCK_DGRAM, that is */
#define ARG_FAMILY(arg)		((arg) / 16)
#define ARG_TYPE(arg)		((arg) % 16)

static void make_tcp(struct target *t, int arg, enum state state)
{
	int family = ARG_FAMILY(arg), listener = tcp_listener[family == AF_INET6];

	t->fd = inet_socket(family, SOCK_STREAM);
	must(!inet_connect(t->fd, family, port_of(listener)), "%s", strerror(errno));
	t->peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	must(t->peer >= 0);
	t->port = port_of(t->peer);
	t->type = SOCK_STREAM;
	t->addr_len = loopback(&t->addr, family, htons(9));
	socket_state(t, state);
}

static void make_udp(struct target *t, int arg, enum state state)
{
	int family = ARG_FAMILY(arg);

	t->fd = inet_bound(family, SOCK_DGRAM);
	t->peer = inet_bound(family, SOCK_DGRAM);
	set_nonblock(t->peer, true);
	t->port = port_of(t->peer);
	t->type = SOCK_DGRAM;
	t->addr_len = loopback(&t->addr, family, t->port);
	if (ARG_TYPE(arg) == SOCK_DGRAM)
		must(!inet_connect(t->fd, family, t->port));
	must(!inet_connect(t->peer, family, port_of(t->fd)));
	socket_state(t, state);
}

static void make_unconnected(struct target *t, int arg, enum state state)
{
	int family = ARG_FAMILY(arg);

	(void)state;
	t->type = ARG_TYPE(arg);
	t->fd = family == AF_UNIX ? socket(family, t->type, 0) : inet_socket(family, t->type);
	if (family == AF_UNIX)
		t->addr.ss_family = AF_UNIX;
	else
		t->addr_len = loopback(&t->addr, family, htons(9));
}

static void wake_listener(struct target *t)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	int fd;

	/* the operation may have closed it */
	if (getsockname(t->fd, (void *)&addr, &len))
		return;
	fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	connect(fd, (void *)&addr, len);
	t->port = addr.ss_family == AF_UNIX ? 0 : port_of(fd);
}

static void make_listening(struct target *t, int arg, enum state state)
{
	int family = ARG_FAMILY(arg);

	t->type = SOCK_STREAM;
	t->addr.ss_family = family;
	if (family == AF_UNIX) {
		struct sockaddr_un addr = { .sun_family = AF_UNIX };

		memcpy(addr.sun_path, "\0equiv", 6);	/* no file to remove */
		t->fd = socket(AF_UNIX, SOCK_STREAM, 0);
		must(!bind(t->fd, (void *)&addr, 8));
	} else {
		t->fd = inet_bound(family, SOCK_STREAM);
	}
	must(!listen(t->fd, 2));
	t->wake = wake_listener;
	if (state == DATA || state == RESET) {
		wake_listener(t);
		arrive(t->fd, POLLIN, 20);
	}
	if (state == RESET)	/* gone before it is accepted */
		close(t->fd + 1);
	if (state == TIMEOUT)
		socket_state(t, state);
}

static void make_pair(struct target *t, int arg, enum state state)
{
	int fds[2], small = 4096;

	must(!socketpair(AF_UNIX, arg, 0, fds));
	t->fd = fds[0];
	t->peer = fds[1];
	set_nonblock(t->peer, true);
	setsockopt(t->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	t->type = arg;
	t->addr.ss_family = AF_UNIX;
	t->addr_len = sizeof(sa_family_t) + 5;
	socket_state(t, state);
}

enum { PIPE_W = 1, PIPE_PACKET = 2, PIPE_LOW = 4, PIPE_HIGH = 8 };

static void make_pipe(struct target *t, int arg, enum state state)
{
	int fds[2];

	must(!pipe2(fds, arg & PIPE_PACKET ? O_DIRECT : 0));
	t->fd = fds[arg & PIPE_W];
	t->peer = fds[!(arg & PIPE_W)];
	fcntl(t->fd, F_SETPIPE_SZ, 4096);
	set_nonblock(t->peer, true);
	if (state == DATA || state == PEER_CLOSED_DATA)
		put(t->peer, 100);
	if (state == FULL)
		fill(t->fd, false);
	if (state == PEER_CLOSED || state == PEER_CLOSED_DATA)
		close_peer(t);
	if (arg & (PIPE_LOW | PIPE_HIGH)) {
		int to = arg & PIPE_LOW ? 0 : 1500;

		must(dup2(t->fd, to) == to);
		close(t->fd);
		t->fd = to;
	}
}

static void make_fifo(struct target *t, int arg, enum state state)
{
	char path[64];

	(void)arg;
	snprintf(path, sizeof(path), "%s/fifo", equiv_dir);
	unlink(path);
	must(!mkfifo(path, 0600));
	t->fd = open(path, O_RDWR);
	t->peer = open(path, O_RDWR | O_NONBLOCK);
	fcntl(t->fd, F_SETPIPE_SZ, 4096);
	if (state == DATA)
		put(t->fd, 100);
	if (state == FULL)
		fill(t->fd, false);
}

static void wake_eventfd(struct target *t)
{
	struct pollfd p = { t->fd, POLLOUT, 0 };
	uint64_t value = 1;

	poll(&p, 1, 0);
	if (p.revents & POLLOUT)
		(void)!write(t->fd, &value, sizeof(value));
	else
		(void)!read(t->fd, &value, sizeof(value));
}

static void make_eventfd(struct target *t, int arg, enum state state)
{
	uint64_t value = state == FULL ? UINT64_MAX - 1 : 3;

	t->fd = eventfd(0, arg);
	t->wake = wake_eventfd;
	if (state != IDLE)
		must(write(t->fd, &value, sizeof(value)) == sizeof(value));
}

static void wake_timerfd(struct target *t)
{
	struct itimerspec soon = { .it_value = { 0, 1 } };

	timerfd_settime(t->fd, 0, &soon, NULL);
}

static void make_timerfd(struct target *t, int arg, enum state state)
{
	t->fd = timerfd_create(arg, 0);
	t->wake = wake_timerfd;
	if (state == DATA) {
		wake_timerfd(t);
		arrive(t->fd, POLLIN, 20);
	}
}

static void wake_signalfd(struct target *t)
{
	(void)t;
	syscall(SYS_tgkill, getpid(), main_tid, SIGUSR1);
}

static void make_signalfd(struct target *t, int arg, enum state state)
{
	sigset_t set;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	t->fd = signalfd(-1, &set, 0);
	t->wake = wake_signalfd;
	if (state == DATA)
		wake_signalfd(t);
}

static void wake_inotify(struct target *t)
{
	char path[64];

	(void)t;
	snprintf(path, sizeof(path), "%s/watched/file", equiv_dir);
	mknod(path, 0600, 0);
	unlink(path);
}

static void make_inotify(struct target *t, int arg, enum state state)
{
	char path[64];

	(void)arg;
	snprintf(path, sizeof(path), "%s/watched", equiv_dir);
	t->fd = inotify_init1(0);
	must(inotify_add_watch(t->fd, path, IN_CREATE) > 0);
	t->wake = wake_inotify;
	if (state == DATA)
		wake_inotify(t);
}

/* arg: 1 the slave, 0 the master */
static void make_pty(struct target *t, int arg, enum state state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	struct termios settings;

	must(master >= 0 && !grantpt(master) && !unlockpt(master));
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	must(slave >= 0);
	tcgetattr(slave, &settings);
	settings.c_lflag &= ~ECHO;	/* comes back when a worker gets to it */
	tcsetattr(slave, TCSANOW, &settings);
	t->fd = arg ? slave : master;
	t->peer = arg ? master : slave;
	set_nonblock(t->peer, true);
	if (state == DATA || state == PEER_CLOSED_DATA) {
		(void)!write(t->peer, "line\nmore\npart", 14);
		arrive(t->fd, POLLIN, 20);
	}
	if (state == PEER_CLOSED || state == PEER_CLOSED_DATA)
		close_peer(t);
}

enum { ON_DISK = 1 << 30 };

static void make_file(struct target *t, int arg, enum state state)
{
	struct rlimit limit = { 8192 + 40, RLIM_INFINITY };
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/file", arg & ON_DISK ? disk_dir : equiv_dir);
	unlink(path);
	fd = open(path, O_CREAT | O_RDWR, 0600);
	must(fd >= 0 && write(fd, noise, 8192) == 8192);
	close(fd);
	t->fd = open(path, arg & ~ON_DISK);
	t->check = open(path, O_RDONLY);
	must(t->fd >= 0 && t->check >= 0, "%s %#x: %s", path, arg, strerror(errno));
	lseek(t->fd, state == IDLE ? 1024 : 8192, SEEK_SET);
	if (state == FSIZE)
		setrlimit(RLIMIT_FSIZE, &limit);
}

static const char *const paths[] = {
	"/dev/zero", "/dev/null", "/dev/full", "/proc/version", "/proc/self/comm", "/proc/self",
};
enum { ZERO, NULL_, FULL_, VERSION, COMM, DIRECTORY };

static void make_path(struct target *t, int arg, enum state state)
{
	(void)state;
	if (arg == COMM)
		pthread_setname_np(pthread_self(), "equiv");
	t->fd = open(paths[arg], arg == VERSION || arg == DIRECTORY ? O_RDONLY : O_RDWR);
	must(t->fd >= 0, "%s", paths[arg]);
}

static void make_blockdev(struct target *t, int arg, enum state state)
{
	char path[64];

	(void)arg;
	(void)state;
	snprintf(path, sizeof(path), "%s/loop", equiv_dir);
	t->fd = open(path, O_RDONLY | O_DIRECT);
	must(t->fd >= 0);
}

static void make_memfd(struct target *t, int seals, enum state state)
{
	t->fd = memfd_create("equiv", MFD_ALLOW_SEALING);
	must(t->fd >= 0 && write(t->fd, noise, 8192) == 8192);
	t->check = dup(t->fd);
	lseek(t->fd, state == IDLE ? 1024 : 8192, SEEK_SET);
	if (seals)
		must(!fcntl(t->fd, F_ADD_SEALS, seals));
}

static void wake_epoll(struct target *t)
{
	uint64_t one = 1;

	(void)!write(t->fd + 1, &one, sizeof(one));
}

static void make_epoll(struct target *t, int arg, enum state state)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 0x1234567890 };
	int inner;

	(void)arg;
	t->fd = epoll_create1(0);
	inner = eventfd(state == DATA, 0);
	must(inner == t->fd + 1 && !epoll_ctl(t->fd, EPOLL_CTL_ADD, inner, &event));
	t->wake = wake_epoll;
}

static void make_number(struct target *t, int arg, enum state state)
{
	(void)state;
	t->fd = arg;
}

static const struct kind {
	const char *name;
	void (*make)(struct target *t, int arg, enum state state);
	int arg;
	unsigned int states;
} kinds[] = {
	{ "pipe, read end",	make_pipe, 0, PIPE_R_STATES },
	{ "pipe, write end",	make_pipe, PIPE_W, PIPE_W_STATES },
	{ "packet pipe, read end", make_pipe, PIPE_PACKET, PIPE_R_STATES },
	{ "packet pipe, write end", make_pipe, PIPE_PACKET | PIPE_W, PIPE_W_STATES },
	{ "pipe as fd 0",	make_pipe, PIPE_LOW, PIPE_R_STATES },
	{ "pipe as fd 1500",	make_pipe, PIPE_HIGH | PIPE_W, PIPE_W_STATES },
	{ "FIFO, O_RDWR",	make_fifo, 0, IN(IDLE) | IN(DATA) | IN(FULL) },
	{ "UNIX stream pair",	make_pair, SOCK_STREAM, UNIX_STATES },
	{ "UNIX dgram pair",	make_pair, SOCK_DGRAM, UNIX_STATES & ~IN(OOB) & ~IN(LOWAT) },
	{ "UNIX seqpacket pair", make_pair, SOCK_SEQPACKET, UNIX_STATES & ~IN(OOB) & ~IN(LOWAT) },
	{ "UNIX listening",	make_listening, INET_ARG(AF_UNIX, SOCK_STREAM),
				IN(IDLE) | IN(DATA) | IN(RESET) | IN(TIMEOUT) },
	{ "UNIX stream unconnected", make_unconnected, INET_ARG(AF_UNIX, SOCK_STREAM), ONLY_IDLE },
	{ "UNIX dgram unconnected", make_unconnected, INET_ARG(AF_UNIX, SOCK_DGRAM), ONLY_IDLE },
	{ "TCP v4",		make_tcp, INET_ARG(AF_INET, SOCK_STREAM), STREAM_STATES },
	{ "TCP v6",		make_tcp, INET_ARG(AF_INET6, SOCK_STREAM), STREAM_STATES },
	{ "TCP v4 listening",	make_listening, INET_ARG(AF_INET, SOCK_STREAM),
				IN(IDLE) | IN(DATA) | IN(RESET) | IN(TIMEOUT) },
	{ "TCP v6 listening",	make_listening, INET_ARG(AF_INET6, SOCK_STREAM), IN(IDLE) | IN(DATA) },
	{ "TCP v4 unconnected",	make_unconnected, INET_ARG(AF_INET, SOCK_STREAM), ONLY_IDLE },
	{ "TCP v6 unconnected",	make_unconnected, INET_ARG(AF_INET6, SOCK_STREAM), ONLY_IDLE },
	{ "UDP v4",		make_udp, INET_ARG(AF_INET, SOCK_DGRAM), UDP_STATES },
	{ "UDP v6",		make_udp, INET_ARG(AF_INET6, SOCK_DGRAM), UDP_STATES },
	{ "UDP v4 unconnected",	make_udp, INET_ARG(AF_INET, UNCONNECTED),
				IN(IDLE) | IN(DATA) | IN(TIMESTAMP) | IN(TIMEOUT) },
	{ "UDP v6 unconnected",	make_udp, INET_ARG(AF_INET6, UNCONNECTED), IN(IDLE) | IN(DATA) },
	{ "eventfd",		make_eventfd, 0, IN(IDLE) | IN(DATA) | IN(FULL) },
	{ "eventfd, semaphore",	make_eventfd, EFD_SEMAPHORE, IN(IDLE) | IN(DATA) },
	{ "timerfd",		make_timerfd, CLOCK_MONOTONIC, IN(IDLE) | IN(DATA) },
	{ "signalfd",		make_signalfd, 0, IN(IDLE) | IN(DATA) },
	{ "inotify",		make_inotify, 0, IN(IDLE) | IN(DATA) },
	{ "pty master",		make_pty, 0, PIPE_R_STATES },
	{ "pty slave",		make_pty, 1, PIPE_R_STATES },
	{ "file in memory",	make_file, O_RDWR, FILE_STATES },
	{ "file in memory, O_APPEND", make_file, O_RDWR | O_APPEND, FILE_STATES },
	{ "file in memory, O_RDONLY", make_file, O_RDONLY, ONLY_IDLE },
	{ "file in memory, O_WRONLY", make_file, O_WRONLY, ONLY_IDLE },
	{ "file in memory, O_PATH", make_file, O_PATH, ONLY_IDLE },
	{ "file on disk",	make_file, ON_DISK | O_RDWR, FILE_STATES },
	{ "file on disk, O_APPEND", make_file, ON_DISK | O_RDWR | O_APPEND, FILE_STATES },
	{ "file on disk, O_DIRECT", make_file, ON_DISK | O_RDWR | O_DIRECT, FILE_STATES },
	{ "file on disk, O_DSYNC", make_file, ON_DISK | O_RDWR | O_DSYNC, ONLY_IDLE },
	{ "block device, O_DIRECT", make_blockdev, 0, ONLY_IDLE },
	{ "memfd",		make_memfd, 0, IN(IDLE) | IN(END) },
	{ "memfd, no writing",	make_memfd, F_SEAL_WRITE, ONLY_IDLE },
	{ "memfd, no growing",	make_memfd, F_SEAL_GROW, IN(IDLE) | IN(END) },
	{ "directory",		make_path, DIRECTORY, ONLY_IDLE },
	{ "/dev/zero",		make_path, ZERO, ONLY_IDLE },
	{ "/dev/null",		make_path, NULL_, ONLY_IDLE },
	{ "/dev/full",		make_path, FULL_, ONLY_IDLE },
	{ "/proc/version",	make_path, VERSION, ONLY_IDLE },
	{ "/proc/self/comm",	make_path, COMM, ONLY_IDLE },
	{ "epoll",		make_epoll, 0, IN(IDLE) | IN(DATA) },
	{ "closed fd",		make_number, 999, ONLY_IDLE },
	{ "fd -1",		make_number, -1, ONLY_IDLE },
	{ "fd INT_MAX",		make_number, 0x7fffffff, ONLY_IDLE },
};

#define NR_KINDS ((int)(sizeof(kinds) / sizeof(*kinds)))

/* Lets a blocked operation go on, if its descriptor can. */
static void target_wake(struct target *t)
{
	int n = 0;

	if (t->wake) {
		t->wake(t);
	} else if (t->peer >= 0) {
		/* exactly what is there: the operation may be adding more */
		if (!ioctl(t->peer, FIONREAD, &n) && n > 0)
			drain_some(t, n);
		else
			put(t->peer, 8);
	}
}

#endif /* KINDS_H */
