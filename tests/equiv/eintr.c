// SPDX-License-Identifier: GPL-2.0
/*
 * Blocking calls and signals: by a system call, by the gate resident and by the
 * gate bracketed a call does the same when a handler with or without SA_RESTART
 * interrupts it, when the process is stopped and continued, when the signal is
 * ignored, and when a pending one is let in by the call's own mask.
 *
 * --sabotage: every second call by the gate returns something else, and that has
 * to be noticed.
 *
 * The call is a child's. Its parent sees it sleep, does what is to be done,
 * and, when the call sleeps again, ends it by making its descriptor ready.
 */
#include <linux/sockios.h>
#include "kinds.h"

#define LONG_TIME	60000		/* ms: a timeout that never comes */

enum shape { RW, VEC, MSG, MMSG, ACCEPT, SENDFILE, OPEN, POLL, PPOLL, EPOLL, SELECT, PSELECT };

static const struct row {
	const char *call;
	long nr;
	enum shape shape;
	const char *kind;
	enum state state;
	long len, flags;	/* POLL, EPOLL: flags is the timeout, -1 or more */
	bool timeo;		/* with SO_RCVTIMEO and SO_SNDTIMEO: never restarted */
} rows[] = {
	{ "read", SYS_read, RW, "pipe, read end", IDLE, 64, 0, false },
	{ "read", SYS_read, RW, "FIFO, O_RDWR", IDLE, 64, 0, false },
	{ "read", SYS_read, RW, "UNIX stream pair", IDLE, 64, 0, false },
	{ "read", SYS_read, RW, "UNIX stream pair", IDLE, 64, 0, true },
	{ "read", SYS_read, RW, "UNIX dgram pair", IDLE, 64, 0, false },
	{ "read", SYS_read, RW, "TCP v4", IDLE, 64, 0, false },
	{ "read", SYS_read, RW, "TCP v6", IDLE, 64, 0, true },
	{ "read", SYS_read, RW, "UDP v4", IDLE, 64, 0, false },
	{ "read", SYS_read, RW, "eventfd", IDLE, 64, 0, false },
	{ "read", SYS_read, RW, "timerfd", IDLE, 64, 0, false },
	{ "read", SYS_read, RW, "inotify", IDLE, 64, 0, false },
	{ "read", SYS_read, RW, "pty master", IDLE, 64, 0, false },
	{ "readv", SYS_readv, VEC, "pipe, read end", IDLE, 64, 0, false },
	{ "readv", SYS_readv, VEC, "TCP v4", IDLE, 64, 0, false },
	{ "preadv2", SYS_preadv2, VEC, "pipe, read end", IDLE, 64, -1, false },
	{ "recv", SYS_recvfrom, RW, "UNIX stream pair", IDLE, 64, 0, false },
	{ "recv", SYS_recvfrom, RW, "TCP v4", IDLE, 64, 0, false },
	{ "recv", SYS_recvfrom, RW, "TCP v4", IDLE, 64, 0, true },
	{ "recv, part is there", SYS_recvfrom, RW, "TCP v4", DATA, 116, MSG_WAITALL, false },
	{ "recv, part is there", SYS_recvfrom, RW, "UNIX stream pair", DATA, 116, MSG_WAITALL, false },
	{ "recv, PEEK", SYS_recvfrom, RW, "TCP v4", IDLE, 64, MSG_PEEK, false },
	{ "recvmsg", SYS_recvmsg, MSG, "UNIX seqpacket pair", IDLE, 64, 0, false },
	{ "recvmsg", SYS_recvmsg, MSG, "TCP v4", IDLE, 64, 0, true },
	{ "recvmmsg", SYS_recvmmsg, MMSG, "UDP v4", IDLE, 64, 0, false },
	{ "recvmmsg, one is there", SYS_recvmmsg, MMSG, "UNIX dgram pair", DATA, 64, 0, false },
	{ "write", SYS_write, RW, "pipe, write end", FULL, 64, 0, false },
	{ "write, part fits", SYS_write, RW, "pipe, write end", IDLE, 65537, 0, false },
	{ "write", SYS_write, RW, "UNIX stream pair", FULL, 64, 0, false },
	{ "write, part fits", SYS_write, RW, "UNIX stream pair", IDLE, 65537, 0, false },
	{ "write", SYS_write, RW, "TCP v4", FULL, 64, 0, false },
	{ "write", SYS_write, RW, "eventfd", FULL, 8, 0, false },
	{ "writev", SYS_writev, VEC, "pipe, write end", FULL, 64, 0, false },
	{ "send", SYS_sendto, RW, "UNIX stream pair", FULL, 64, 0, true },
	{ "send", SYS_sendto, RW, "TCP v4", FULL, 64, 0, false },
	{ "sendmsg", SYS_sendmsg, MSG, "UNIX dgram pair", FULL, 64, 0, false },
	{ "sendmmsg", SYS_sendmmsg, MMSG, "UNIX stream pair", FULL, 64, 0, false },
	{ "sendfile", SYS_sendfile, SENDFILE, "TCP v4", FULL, 64, 0, false },
	{ "sendfile", SYS_sendfile, SENDFILE, "TCP v4", FULL, 64, 0, true },
	{ "sendfile", SYS_sendfile, SENDFILE, "UNIX stream pair", FULL, 64, 0, false },
	{ "sendfile", SYS_sendfile, SENDFILE, "UNIX stream pair", FULL, 64, 0, true },
	{ "sendfile, part fits", SYS_sendfile, SENDFILE, "UNIX stream pair", IDLE, 65537, 0, false },
	{ "sendfile", SYS_sendfile, SENDFILE, "pipe, write end", FULL, 64, 0, false },
	{ "accept", SYS_accept, ACCEPT, "TCP v4 listening", IDLE, 0, 0, false },
	{ "accept", SYS_accept, ACCEPT, "TCP v4 listening", IDLE, 0, 0, true },
	{ "accept4", SYS_accept4, ACCEPT, "UNIX listening", IDLE, 0, SOCK_CLOEXEC, false },
	{ "openat, to read", SYS_openat, OPEN, "FIFO, O_RDWR", IDLE, 0, O_RDONLY, false },
	{ "openat, to write", SYS_openat, OPEN, "FIFO, O_RDWR", IDLE, 0, O_WRONLY, false },
#ifdef SYS_poll
	{ "poll", SYS_poll, POLL, "pipe, read end", IDLE, 0, -1, false },
	{ "poll, timeout", SYS_poll, POLL, "pipe, read end", IDLE, 0, LONG_TIME, false },
#endif
	{ "ppoll", SYS_ppoll, PPOLL, "TCP v4", IDLE, 0, -1, false },
	{ "ppoll, timeout", SYS_ppoll, PPOLL, "TCP v4", IDLE, 0, LONG_TIME, false },
	{ "epoll_wait", SYS_epoll_wait, EPOLL, "TCP v4", IDLE, 0, -1, false },
	{ "epoll_wait, timeout", SYS_epoll_wait, EPOLL, "TCP v4", IDLE, 0, LONG_TIME, false },
	{ "epoll_pwait", SYS_epoll_pwait, EPOLL, "UNIX stream pair", IDLE, 0, -1, false },
#ifdef SYS_select
	{ "select", SYS_select, SELECT, "pipe, read end", IDLE, 0, -1, false },
	{ "select, timeout", SYS_select, SELECT, "pipe, read end", IDLE, 0, LONG_TIME, false },
#endif
	{ "pselect6", SYS_pselect6, PSELECT, "pipe, read end", IDLE, 0, -1, false },
};

enum treatment { HANDLER, RESTART, STOP, IGNORED, PENDING, NR_TREATMENTS };
static const char *const treatment_names[] = {
	"handler", "handler with SA_RESTART", "SIGSTOP, SIGCONT", "ignored signal",
	"pending signal let in by the mask",
};

enum mode { PLAIN, RESIDENT, BRACKETED, NR_MODES };
static const char *const mode_names[] = { "system call", "gate, resident", "gate, bracketed" };

static char fifo[64];		/* of kind FIFO */

/* What parent and child share. */
static struct {
	volatile int phase;		/* 1: the call is made, 2: it is over */
	long ret;
	int handled;
	unsigned long hash;		/* of everything it was handed back */
} *common;

static void on_usr1(int signo)
{
	(void)signo;
	common->handled++;
}

/* OPEN: the FIFO's other end, which can be opened while somebody waits for it. */
static void wake_open(struct target *t)
{
	t->peer = open(fifo, O_NONBLOCK | (t->type == O_RDONLY ? O_WRONLY : O_RDONLY));
}

static void child(const struct row *r, enum treatment treatment, enum mode mode, struct target *t)
{
	static char data[65537];
	struct sigaction action = {
		.sa_handler = treatment == IGNORED ? SIG_IGN : on_usr1,
		.sa_flags = treatment == RESTART ? SA_RESTART : 0,
	};
	struct iovec iov = { data, r->len };
	struct mmsghdr mmsg[2] = {
		{ .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } },
	};
	struct pollfd pfd = { t->fd, POLLIN, 0 };
	struct timespec time = { r->flags / 1000, 0 }, *timeout = r->flags < 0 ? NULL : &time;
	struct epoll_event event = { .events = EPOLLIN };
	sigset_t usr1, empty;
	struct { sigset_t *mask; long size; } both = { &empty, 8 };
	long a[6] = { t->fd, 0, 0, 0, 0, 0 }, offset;
	int file = -1;
	fd_set set;

	sigemptyset(&empty);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	FD_ZERO(&set);
	if (t->fd >= 0)
		FD_SET(t->fd, &set);
	must(!sigaction(SIGUSR1, &action, NULL));
	if (treatment == PENDING) {
		sigprocmask(SIG_BLOCK, &usr1, NULL);
		raise(SIGUSR1);
	}
	switch (r->shape) {
	case RW:
		a[1] = (long)data;
		a[2] = r->len;
		a[3] = r->flags;
		break;
	case VEC:
		a[1] = (long)&iov;
		a[2] = 1;
		a[3] = r->flags;
		break;
	case MSG:
		a[1] = (long)mmsg;
		a[2] = r->flags;
		break;
	case MMSG:
		a[1] = (long)mmsg;
		a[2] = 2;
		a[3] = r->flags;
		break;
	case ACCEPT:
		a[3] = r->flags;
		break;
	case SENDFILE:
		a[1] = file = memfd_create("source", 0);
		must(write(file, noise, sizeof(noise)) == sizeof(noise) && !lseek(file, 0, SEEK_SET));
		a[3] = r->len;
		break;
	case OPEN:
		a[0] = AT_FDCWD;
		a[1] = (long)fifo;
		a[2] = r->flags;
		break;
	case POLL:
		a[0] = (long)&pfd;
		a[1] = 1;
		a[2] = r->flags;
		break;
	case PPOLL:
		a[0] = (long)&pfd;
		a[1] = 1;
		a[2] = (long)timeout;
		a[3] = (long)&empty;
		a[4] = 8;
		break;
	case EPOLL:
		a[0] = epoll_create1(0);
		must(!epoll_ctl(a[0], EPOLL_CTL_ADD, t->fd, &event));
		a[1] = (long)&event;
		a[2] = 1;
		a[3] = r->flags;
		a[4] = (long)&empty;
		a[5] = 8;
		break;
	case SELECT:
	case PSELECT:
		a[0] = t->fd + 1;
		a[1] = (long)&set;
		a[4] = (long)timeout;
		a[5] = (long)&both;
		break;
	}
	if (mode != PLAIN)
		kel_elevate(KELEVATE_STICKY | (mode == BRACKETED ? KELEVATE_BRACKETED : 0));
	common->phase = 1;
	if (mode != PLAIN)
		common->ret = gate6(r->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	else
		common->ret = gate_syscall(r->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	common->phase = 2;
	pour((void *)data, sizeof(data));
	pour((void *)&pfd, sizeof(pfd));
	pour((void *)&set, sizeof(set));
	pour((void *)&event, sizeof(event));
	offset = lseek(file, 0, SEEK_CUR);
	pour((void *)&offset, sizeof(offset));
	for (int i = 0; i < 2; i++)
		pour((void *)&mmsg[i].msg_len, sizeof(mmsg[i].msg_len));
	common->hash = sink.hash;
	_exit(0);
}

/* Waits until the call sleeps (true) or is over (false). */
static bool sleeps(pid_t pid)
{
	static char text[4096];
	long before = -1, switches;
	double start = kel_now();
	char path[64], *at;
	int fd, n;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY);
	must(fd >= 0);
	for (;;) {
		must(kel_now() - start < 60, "neither asleep nor over");
		usleep(500);
		if (common->phase == 2)
			break;
		n = pread(fd, text, sizeof(text) - 1, 0);
		must(n > 0, "the child died");
		text[n] = '\0';
		at = strstr(text, "\nvoluntary_ctxt_switches:");
		if (common->phase != 1 || !at || !strstr(text, "\nState:\tS"))
			continue;
		switches = atol(at + 25);
		if (switches == before)
			break;
		before = switches;
	}
	close(fd);
	return common->phase != 2;
}

static const struct kind *find_kind(const char *name)
{
	for (int i = 0; i < NR_KINDS; i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	must(false, "no kind %s", name);
	return NULL;
}

struct outcome {
	long ret;
	int handled, sleeps;	/* sleeps: how often it did, up to four times */
	unsigned long hash;
};

static bool sabotage;
static int patience;		/* grows on slow machines */

/* What TCP has on its way makes room when it is acknowledged, and its timers do once more. */
static void keep_full(int fd)
{
	int queued, unsent;

	for (int refused = 0; refused < 3; refused++) {
		usleep(3000 << patience);
		must(!ioctl(fd, SIOCOUTQ, &queued) && !ioctl(fd, SIOCOUTQNSD, &unsent));
		if (queued != unsent || send(fd, noise, 64, MSG_DONTWAIT) > 0)
			refused = -1;
	}
}

static struct outcome run(const struct row *r, enum treatment treatment, enum mode mode)
{
	struct target t = { .fd = -1, .peer = -1, .check = -1, .epfd = -1 };
	const struct kind *kind = find_kind(r->kind);
	struct timeval long_time = { LONG_TIME, 0 };
	static unsigned int nr_gate;
	struct outcome o = { 0 };
	int status, base = dup(0);
	pid_t pid;

	close(base);
	memset((void *)common, 0, sizeof(*common));
	kind->make(&t, kind->arg, r->state);
	if (r->state == FULL && t.port)
		keep_full(t.fd);
	if (r->shape == OPEN) {
		close(t.fd);
		close(t.peer);
		t.fd = t.peer = -1;
		t.type = r->flags;
		t.wake = wake_open;
	}
	if (r->timeo) {
		setsockopt(t.fd, SOL_SOCKET, SO_RCVTIMEO, &long_time, sizeof(long_time));
		setsockopt(t.fd, SOL_SOCKET, SO_SNDTIMEO, &long_time, sizeof(long_time));
	}
	sink = (struct sink){ 0, 0 };
	fflush(stdout);
	pid = fork();
	must(pid >= 0);
	if (!pid)
		child(r, treatment, mode, &t);
	while (sleeps(pid)) {
		must(o.sleeps < 100, "%s on %s does not end", r->call, r->kind);
		if (o.sleeps++ || treatment == PENDING) {
			target_wake(&t);
		} else if (treatment == STOP) {
			kill(pid, SIGSTOP);
			must(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status), "%#x", status);
			kill(pid, SIGCONT);
		} else {
			kill(pid, SIGUSR1);
		}
	}
	must(waitpid(pid, &status, 0) == pid);
	must(WIFEXITED(status) && !WEXITSTATUS(status), "%s: status %#x", r->call, status);
	syscall(SYS_close_range, base, ~0U, 0);
	o.sleeps = o.sleeps < 4 ? o.sleeps : 4;
	o.ret = common->ret + (sabotage && mode == RESIDENT && ++nr_gate % 2);
	o.handled = common->handled;
	o.hash = common->hash;
	return o;
}

/* Of each case's last eight tries so many must be the same, unless the first one is. */
#define WINDOW	8
#define ENOUGH	6
#define TRIES	(3 * WINDOW)

static int nr_again;

/* What is a matter of time is not so each time, and less with more of it: patience. */
static bool same(const struct row *r, enum treatment treatment)
{
	struct outcome o[NR_MODES], odd[NR_MODES];
	unsigned int last = 0;
	bool equal;

	for (int tries = 1; tries <= TRIES; tries++) {
		for (int mode = 0; mode < NR_MODES; mode++)
			o[mode] = run(r, treatment, mode);
		equal = !memcmp(&o[0], &o[1], sizeof(*o)) && !memcmp(&o[0], &o[2], sizeof(*o));
		last = (last << 1 | equal) & ((1 << WINDOW) - 1);
		if (tries == 1 && equal)
			return true;
		if (!equal)
			memcpy(odd, o, sizeof(odd));
		nr_again += tries == 1;
		patience += !equal && r->state == FULL && patience < 7;
		if (tries >= WINDOW && __builtin_popcount(last) >= ENOUGH)
			return true;
	}
	if (sabotage)
		return false;
	printf("%s on %s, %s%s, %s:\n", r->call, r->kind, state_names[r->state],
	       r->timeo ? ", SO_RCVTIMEO, SO_SNDTIMEO" : "", treatment_names[treatment]);
	for (int mode = 0; mode < NR_MODES; mode++)
		printf("  %-15s: %ld, handler called %d times, slept %d times, data %#lx\n",
		       mode_names[mode], odd[mode].ret, odd[mode].handled, odd[mode].sleeps, odd[mode].hash);
	return false;
}

int main(int argc, char **argv)
{
	int differ = 0, n = 0;
	char path[64];

	sabotage = argc > 1 && !strcmp(argv[1], "--sabotage");
	kel_nr();
	common = shared(sizeof(*common));
	must(mkdtemp(equiv_dir));
	snprintf(fifo, sizeof(fifo), "%s/fifo", equiv_dir);
	snprintf(path, sizeof(path), "%s/watched", equiv_dir);
	must(!mkdir(path, 0700));
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 2; i++) {
		tcp_listener[i] = inet_bound(i ? AF_INET6 : AF_INET, SOCK_STREAM);
		must(!listen(tcp_listener[i], 64));
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (int treatment = 0; treatment < NR_TREATMENTS; treatment++) {
			const struct row *r = &rows[i];

			if (treatment == PENDING && r->nr != SYS_ppoll && r->nr != SYS_epoll_pwait &&
			    r->nr != SYS_pselect6)
				continue;
			if (sabotage && n == 6)
				continue;
			n++;
			differ += !same(r, treatment);
		}
	}
	snprintf(path, sizeof(path), "rm -rf %s", equiv_dir);
	(void)!system(path);
	printf("# %d cases, %d differ, %d tried again\n", n, differ, nr_again);
	if (sabotage)
		return differ < n / 2;
	must(nr_again <= 5 + n / 10);
	return differ > 0;
}
