/* SPDX-License-Identifier: GPL-2.0 */
/*
 * args.h - how operations are called: for each call its arguments, and for each
 * argument its variants. The first variant of each is the ordinary one.
 *
 * All memory that a call could read or write is the arena, at the same address
 * for both sides, filled anew with the same noise before each.
 */
#ifndef ARGS_H
#define ARGS_H

#include "kinds.h"

#define PAGE 4096L
#define BIG_SIZE (20 * PAGE)

/* Each array is followed by noise that nobody may change. */
struct arena {
	unsigned char buf[2 * PAGE];		/* page-aligned, for O_DIRECT */
	unsigned char guard0[64];
	struct msghdr msg;
	struct mmsghdr mmsg[4];
	struct iovec few[8];
	unsigned char addr[192];
	unsigned char control[512];
	unsigned char guard1[64];
	socklen_t addr_len;
	unsigned char guard2[60];
	struct pollfd pollfds[1100];
	struct epoll_event events[16];
	fd_set sets[3];
	unsigned char guard3[64];
	struct timespec time;
	sigset_t mask;
	unsigned char guard4[64];
};

/*
 * The arena, then one page before an unmapped one, one read-only, one without
 * access, and a large buffer with nothing behind it.
 */
static struct arena *arena;
static unsigned char *half, *readonly, *none, *big;
static struct iovec *many;		/* 1025, read only by the kernel */
static bool big_used;

#define ARENA_SIZE	((sizeof(struct arena) + PAGE - 1) & ~(PAGE - 1))
#define COMPARED_SIZE	(ARENA_SIZE + PAGE)	/* and half */

static void arena_map(void)
{
	unsigned char *at = mmap(NULL, 64 * PAGE + ARENA_SIZE, PROT_NONE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	must(at != MAP_FAILED);
	arena = (void *)at;
	half = at + ARENA_SIZE;
	must(!mprotect(at, ARENA_SIZE + PAGE, PROT_READ | PROT_WRITE));
	readonly = half + 2 * PAGE;
	must(!mprotect(readonly, PAGE, PROT_READ));
	none = readonly + PAGE;
	big = none + PAGE;
	must(!mprotect(big, BIG_SIZE, PROT_READ | PROT_WRITE));
	many = calloc(1025, sizeof(*many));
	for (int i = 0; i < 1025; i++)
		many[i] = (struct iovec){ arena->buf + i % 64, 1 };
	memcpy(big, noise, BIG_SIZE);
}

static void arena_reset(void)
{
	static const uint64_t five = 5;		/* what an eventfd can take */

	memcpy(arena, noise, COMPARED_SIZE);
	memcpy(arena->buf, &five, sizeof(five));
	if (big_used)
		memcpy(big, noise, BIG_SIZE);
	big_used = false;
}

struct variant {
	const char *name;
	long value;
};

struct dim {
	const char *name;
	const struct variant *variants;
	int n;
};

#define DIM(id, ...) \
	static const struct variant id##_variants[] = { __VA_ARGS__ }; \
	static const struct dim id = { #id, id##_variants, \
		sizeof(id##_variants) / sizeof(struct variant) }

enum { P_GOOD, P_BIG, P_HALF, P_READONLY, P_NONE, P_NULL, P_BAD, P_KERNEL, P_NONCANONICAL, P_LAST,
       P_WRAP };

#define POINTERS \
	{ "half mapped", P_HALF }, { "read-only", P_READONLY }, { "PROT_NONE", P_NONE }, \
	{ "NULL", P_NULL }, { "8", P_BAD }, { "kernel's", P_KERNEL }, \
	{ "not canonical", P_NONCANONICAL }, { "last of user half", P_LAST }, { "-1", P_WRAP }

/* good: what it should be. Half mapped: 24 bytes of it are. */
static long pointer(long variant, void *good)
{
	switch (variant) {
	case P_BIG:
		big_used = true;
		return (long)big;
	case P_HALF:		return (long)(half + PAGE - 24);
	case P_READONLY:	return (long)readonly;
	case P_NONE:		return (long)none;
	case P_NULL:		return 0;
	case P_BAD:		return 8;
	case P_KERNEL:		return 0xffff888000100000;
	case P_NONCANONICAL:	return 0x8000000000000000;
	case P_LAST:		return 0x7ffffffff000 - 16;
	case P_WRAP:		return -1;
	}
	return (long)good;
}

/* A pointer to what is in good: moved to where the variant says. */
static long moved(long variant, void *good, size_t size)
{
	if (variant == P_HALF)
		memcpy(half + PAGE - 24, good, size < 24 ? size : 24);
	return pointer(variant, good);
}

DIM(upper, { "", 0 }, { "upper half of fd's register set", 0x5a00000000 });
DIM(buf, { "good", P_GOOD }, { "large", P_BIG }, POINTERS);
DIM(len, { "64", 64 }, { "0", 0 }, { "1", 1 }, { "8", 8 }, { "4096", 4096 }, { "65537", 65537 },
	{ "2^31", 0x80000000 }, { "SSIZE_MAX", LONG_MAX }, { "-1", -1 });
DIM(offset, { "0", 0 }, { "100", 100 }, { "4096", 4096 }, { "8190", 8190 }, { "2^33", 1L << 33 },
	{ "LONG_MAX", LONG_MAX }, { "-1", -1 });
DIM(rwf, { "0", 0 }, { "HIPRI", 1 }, { "DSYNC", 2 }, { "SYNC", 4 }, { "NOWAIT", 8 }, { "APPEND", 16 },
	{ "bit 7", 128 }, { "bit 31", 1U << 31 });

enum { V_ONE, V_NONE, V_THREE, V_1024, V_1025, V_MAX, V_NEG, V_BADMID, V_NULLMID, V_HALFMID, V_BADFIRST,
       V_SUM, V_NEGLEN, V_BIG, V_HUGE, V_NULL, V_NULL0, V_BADIOV, V_HALFIOV, V_KERNELIOV, V_KERNELBASE };

DIM(iov, { "one of 64", V_ONE }, { "count 0", V_NONE }, { "10+0+54", V_THREE }, { "1024 of 1", V_1024 },
	{ "1025", V_1025 }, { "count INT_MAX", V_MAX }, { "count -1", V_NEG },
	{ "bad base amidst", V_BADMID }, { "NULL base amidst", V_NULLMID }, { "half mapped amidst", V_HALFMID },
	{ "bad base first", V_BADFIRST }, { "sum overflows", V_SUM }, { "length -1", V_NEGLEN },
	{ "2 of 32769", V_BIG }, { "length 2^31", V_HUGE }, { "NULL, 1", V_NULL }, { "NULL, 0", V_NULL0 },
	{ "bad iov", V_BADIOV }, { "iov half mapped", V_HALFIOV }, { "kernel's iov", V_KERNELIOV },
	{ "kernel's base amidst", V_KERNELBASE });

/* Fills iov at arena->few, or chooses another; its count. */
static long make_iov(long variant, struct iovec **iov)
{
	struct iovec *v = arena->few;
	unsigned char *buf = arena->buf;

	*iov = v;
	for (int i = 0; i < 3; i++)
		v[i] = (struct iovec){ buf + 100 * i, 20 };
	switch (variant) {
	case V_ONE:
		v[0].iov_len = 64;
		return 1;
	case V_NONE:
		return 0;
	case V_THREE:
		v[0].iov_len = 10;
		v[1].iov_len = 0;
		v[2].iov_len = 54;
		return 3;
	case V_1024:
		*iov = many;
		return 1024;
	case V_1025:
		*iov = many;
		return 1025;
	case V_MAX:
		return 0x7fffffff;
	case V_NEG:
		return -1;
	case V_BADMID:
	case V_BADFIRST:
		v[variant == V_BADMID].iov_base = (void *)8;
		return 3;
	case V_NULLMID:
		v[1].iov_base = NULL;
		return 3;
	case V_KERNELBASE:
		v[1].iov_base = (void *)0xffff888000100000;
		return 3;
	case V_HALFMID:
		v[1] = (struct iovec){ half + PAGE - 24, 100 };
		return 3;
	case V_SUM:
		v[0].iov_len = v[1].iov_len = LONG_MAX;
		return 2;
	case V_NEGLEN:
		v[1].iov_len = -1;
		return 3;
	case V_BIG:
	case V_HUGE:
		big_used = true;
		v[0] = (struct iovec){ big, variant == V_HUGE ? 0x80000000 : 32769 };
		v[1] = (struct iovec){ big + 32769, 32769 };
		return 2;
	case V_NULL:
	case V_NULL0:
		*iov = NULL;
		return variant == V_NULL;
	case V_BADIOV:
		*iov = (void *)8;
		return 1;
	case V_KERNELIOV:
		*iov = (void *)0xffff888000100000;
		return 1;
	case V_HALFIOV:
		*iov = (void *)moved(P_HALF, v, 3 * sizeof(*v));
		return 3;
	}
	return 0;
}

#define BIT(n) { "bit " #n, (long)(int)(1U << (n)) }
DIM(flags, { "0", 0 },
	{ "OOB", MSG_OOB }, { "PEEK", MSG_PEEK }, { "DONTROUTE", MSG_DONTROUTE }, { "CTRUNC", MSG_CTRUNC },
	BIT(4), { "TRUNC", MSG_TRUNC }, { "DONTWAIT", MSG_DONTWAIT }, { "EOR", MSG_EOR },
	{ "WAITALL", MSG_WAITALL }, { "FIN", MSG_FIN }, { "SYN", MSG_SYN }, { "CONFIRM", MSG_CONFIRM },
	{ "RST", MSG_RST }, { "ERRQUEUE", MSG_ERRQUEUE }, { "NOSIGNAL", MSG_NOSIGNAL }, { "MORE", MSG_MORE },
	{ "WAITFORONE", MSG_WAITFORONE }, BIT(17), BIT(18), BIT(19), BIT(20), BIT(21), BIT(22), BIT(23), BIT(24),
	BIT(25), { "ZEROCOPY", 1 << 26 }, BIT(27), BIT(28), { "FASTOPEN", 1 << 29 },
	{ "CMSG_CLOEXEC", MSG_CMSG_CLOEXEC }, BIT(31),
	{ "PEEK|TRUNC", MSG_PEEK | MSG_TRUNC }, { "PEEK|WAITALL", MSG_PEEK | MSG_WAITALL },
	{ "PEEK|OOB", MSG_PEEK | MSG_OOB }, { "DONTWAIT|WAITALL", MSG_DONTWAIT | MSG_WAITALL },
	{ "DONTWAIT|NOSIGNAL", MSG_DONTWAIT | MSG_NOSIGNAL }, { "MORE|EOR", MSG_MORE | MSG_EOR },
	{ "DONTWAIT|ERRQUEUE", MSG_DONTWAIT | MSG_ERRQUEUE }, { "-1", -1 });

enum { A_NONE, A_GOOD, A_SHORT, A_ZERO, A_NEG, A_LONG, A_FAMILY, A_NULL, A_BAD, A_NULLLEN, A_READONLY,
       A_KERNEL, A_HALF };

DIM(to, { "none", A_NONE }, { "good", A_GOOD }, { "short", A_SHORT }, { "length 0", A_ZERO },
	{ "length -1", A_NEG }, { "length 200", A_LONG }, { "other family", A_FAMILY },
	{ "NULL with length", A_NULL }, { "bad", A_BAD }, { "kernel's", A_KERNEL }, { "half mapped", A_HALF });
DIM(from, { "none", A_NONE }, { "good", A_GOOD }, { "short", A_SHORT }, { "length 0", A_ZERO },
	{ "length -1", A_NEG }, { "NULL with length", A_NULL }, { "no length", A_NULLLEN }, { "bad", A_BAD },
	{ "read-only", A_READONLY }, { "kernel's", A_KERNEL }, { "half mapped", A_HALF });

static long make_to(struct target *t, long variant, long *len)
{
	*len = t->addr_len;
	memcpy(arena->addr, &t->addr, sizeof(t->addr));
	switch (variant) {
	case A_NONE:
		*len = 0;
		return 0;
	case A_SHORT:	*len = 5; break;
	case A_ZERO:	*len = 0; break;
	case A_NEG:	*len = -1; break;
	case A_LONG:	*len = 200; break;
	case A_FAMILY:	arena->addr[0] ^= 0x15; break;
	case A_NULL:	return 0;
	case A_BAD:	return 8;
	case A_KERNEL:	return 0xffff888000100000;
	case A_HALF:
		memcpy(half + PAGE - 8, &t->addr, 8);
		return (long)(half + PAGE - 8);
	}
	return (long)arena->addr;
}

/* The length is at arena->addr_len; whether that is handed over: *len. */
static long make_from(long variant, long *len)
{
	arena->addr_len = 128;
	*len = (long)&arena->addr_len;
	switch (variant) {
	case A_NONE:
		*len = 0;
		return 0;
	case A_SHORT:	arena->addr_len = 5; break;
	case A_ZERO:	arena->addr_len = 0; break;
	case A_NEG:	arena->addr_len = -1; break;
	case A_NULL:	return 0;
	case A_NULLLEN:	*len = 0; break;
	case A_BAD:	return 8;
	case A_READONLY: return (long)readonly;
	case A_KERNEL:	return 0xffff888000100000;
	case A_HALF:	return (long)(half + PAGE - 4);
	}
	return (long)arena->addr;
}

enum { C_NONE, C_GOOD, C_SHORT, C_NULL, C_BAD, C_HUGE, C_RIGHTS, C_BADRIGHTS, C_CREDS, C_OTHERCREDS, C_LENGTH,
       C_LEVEL };

DIM(control_out, { "none", C_NONE }, { "descriptors", C_RIGHTS }, { "closed descriptor", C_BADRIGHTS },
	{ "credentials", C_CREDS }, { "pid 1's credentials", C_OTHERCREDS }, { "too long", C_LENGTH },
	{ "unknown type", C_LEVEL }, { "NULL with length", C_NULL }, { "bad", C_BAD }, { "huge", C_HUGE });
DIM(control_in, { "none", C_NONE }, { "good", C_GOOD }, { "short", C_SHORT }, { "NULL with length", C_NULL },
	{ "bad", C_BAD }, { "huge", C_HUGE });
DIM(header, { "good", P_GOOD }, POINTERS);

static void make_control(struct msghdr *msg, long variant)
{
	struct cmsghdr *c = (void *)arena->control;
	int fds[2] = { 1, 2 };
	struct ucred creds = { getpid(), 0, 0 };

	msg->msg_control = variant == C_NONE ? NULL : (void *)arena->control;
	msg->msg_controllen = 0;
	switch (variant) {
	case C_GOOD:
		msg->msg_controllen = 256;
		break;
	case C_SHORT:
		msg->msg_controllen = sizeof(*c) + 4;
		break;
	case C_NULL:
	case C_BAD:
		msg->msg_control = variant == C_NULL ? NULL : (void *)8;
		msg->msg_controllen = 64;
		break;
	case C_HUGE:
		msg->msg_controllen = LONG_MAX;
		break;
	case C_RIGHTS:
	case C_BADRIGHTS:
		fds[1] = variant == C_RIGHTS ? 2 : 999;
		*c = (struct cmsghdr){ CMSG_LEN(sizeof(fds)), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(c), fds, sizeof(fds));
		msg->msg_controllen = CMSG_SPACE(sizeof(fds));
		break;
	case C_CREDS:
	case C_OTHERCREDS:
		creds.pid = variant == C_CREDS ? creds.pid : 1;
		*c = (struct cmsghdr){ CMSG_LEN(sizeof(creds)), SOL_SOCKET, SCM_CREDENTIALS };
		memcpy(CMSG_DATA(c), &creds, sizeof(creds));
		msg->msg_controllen = CMSG_SPACE(sizeof(creds));
		break;
	case C_LENGTH:
	case C_LEVEL:
		*c = (struct cmsghdr){ variant == C_LENGTH ? 100000 : CMSG_LEN(4), SOL_SOCKET, 77 };
		msg->msg_controllen = CMSG_SPACE(4);
		break;
	}
}

static void make_msg(struct msghdr *msg, struct target *t, bool out, const long *v)
{
	long len;

	memset(msg, 0, sizeof(*msg));
	msg->msg_iovlen = make_iov(v[0], &msg->msg_iov);
	if (out) {
		msg->msg_name = (void *)make_to(t, v[2], &len);
		msg->msg_namelen = len;
	} else {
		msg->msg_name = (void *)make_from(v[2], &len);
		msg->msg_namelen = msg->msg_name ? arena->addr_len : 0;
	}
	make_control(msg, v[3]);
	msg->msg_flags = 0x5a5a;
}

DIM(vlen, { "2", 2 }, { "1", 1 }, { "0", 0 }, { "1025", 1025 }, { "-1", -1 });

enum { T_ZERO, T_INF, T_MS, T_NSEC, T_NEG, T_BADP, T_READONLY };
DIM(timeout, { "0", 0 }, { "-1", -1 }, { "1", 1 }, { "-5", -5 }, { "INT_MAX", 0x7fffffff });
DIM(timespec, { "0", T_ZERO }, { "NULL", T_INF }, { "1 ms", T_MS }, { "10^9 ns", T_NSEC }, { "-1 s", T_NEG },
	{ "bad", T_BADP }, { "read-only", T_READONLY });
DIM(mm_timespec, { "NULL", T_INF }, { "0", T_ZERO }, { "1 ms", T_MS }, { "10^9 ns", T_NSEC }, { "bad", T_BADP });

/* usec: the second member of a timeval, not of a timespec */
static long make_time(struct target *t, long variant, bool usec)
{
	arena->time = (struct timespec){ 0, 0 };
	switch (variant) {
	case T_INF:	return 0;
	case T_MS:
		arena->time.tv_nsec = usec ? 1000 : 1000000;
		t->timed = 1;
		break;
	case T_NSEC:	arena->time.tv_nsec = 1000000000; break;
	case T_NEG:	arena->time.tv_sec = -1; break;
	case T_BADP:	return 8;
	case T_READONLY: return (long)readonly;
	}
	t->time = arena->time;
	return (long)&arena->time;
}

enum { S_NULL, S_EMPTY, S_ALL, S_BAD, S_SIZE0, S_SIZE16 };
DIM(sigmask, { "NULL", S_NULL }, { "empty", S_EMPTY }, { "SIGUSR1", S_ALL }, { "bad", S_BAD },
	{ "size 0", S_SIZE0 }, { "size 16", S_SIZE16 });

static long make_mask(long variant, long *size)
{
	*size = variant == S_SIZE0 ? 0 : variant == S_SIZE16 ? 16 : 8;
	sigemptyset(&arena->mask);
	if (variant == S_ALL)
		sigaddset(&arena->mask, SIGUSR1);
	return variant == S_NULL ? 0 : variant == S_BAD ? 8 : (long)&arena->mask;
}

DIM(nfds, { "1", 1 }, { "0", 0 }, { "3", 3 }, { "1025", 1025 }, { "above RLIMIT_NOFILE", 5000 },
	{ "-1", -1 });
DIM(events, { "all", 0x2fff }, { "IN", POLLIN }, { "OUT", POLLOUT }, { "0", 0 }, { "PRI|RDHUP", POLLPRI | POLLRDHUP });
DIM(watch, { "level", 0 }, { "edge", EPOLLET }, { "once", EPOLLONESHOT }, { "fd itself", 1 });
DIM(maxevents, { "8", 8 }, { "1", 1 }, { "0", 0 }, { "-1", -1 }, { "INT_MAX", 0x7fffffff });
DIM(setsize, { "fd + 1", 1 }, { "0", 0 }, { "-1", -1 }, { "1024", 1024 }, { "INT_MAX", 0x7fffffff });
DIM(accept_flags, { "0", 0 }, { "CLOEXEC", SOCK_CLOEXEC }, { "NONBLOCK", SOCK_NONBLOCK },
	{ "both", SOCK_CLOEXEC | SOCK_NONBLOCK }, { "1", 1 }, { "-1", -1 });

/* Each fills a[] (a[0] is the descriptor) from its dimensions' values. */
static void build_rw(struct target *t, long *a, const long *v)
{
	(void)t;
	a[0] += v[0];
	a[1] = pointer(v[1], arena->buf);
	a[2] = v[2];
	a[3] = v[3];
	/* what does not fit goes where there is nothing behind it */
	if (v[1] == P_GOOD && (v[2] > 2 * PAGE || v[2] < 0))
		a[1] = pointer(P_BIG, NULL);
}

static void build_rwv(struct target *t, long *a, const long *v)
{
	(void)t;
	a[2] = make_iov(v[0], (struct iovec **)&a[1]);
	a[3] = v[1];
	a[5] = v[2];
}

static void build_send(struct target *t, long *a, const long *v)
{
	build_rw(t, a, v);
	a[4] = make_to(t, v[4], &a[5]);
}

static void build_recv(struct target *t, long *a, const long *v)
{
	build_rw(t, a, v);
	a[4] = make_from(v[4], &a[5]);
}

static void build_msg(struct target *t, long *a, const long *v, bool out)
{
	make_msg(&arena->msg, t, out, v);
	a[1] = moved(v[4], &arena->msg, sizeof(arena->msg));
	a[2] = v[1];
}

static void build_sendmsg(struct target *t, long *a, const long *v)
{
	build_msg(t, a, v, true);
}

static void build_recvmsg(struct target *t, long *a, const long *v)
{
	build_msg(t, a, v, false);
}

static void build_mmsg(struct target *t, long *a, const long *v, bool out)
{
	const long plain[5] = { V_ONE };

	/* more than four at most, and they end at a bad one */
	for (int i = 0; i < 4; i++)
		make_msg(&arena->mmsg[i].msg_hdr, t, out, i == 1 ? v : plain);
	arena->mmsg[3].msg_hdr.msg_iov = (void *)8;
	a[1] = (long)arena->mmsg;
	a[2] = v[4];
	a[3] = v[1];
}

static void build_sendmmsg(struct target *t, long *a, const long *v)
{
	build_mmsg(t, a, v, true);
}

static void build_recvmmsg(struct target *t, long *a, const long *v)
{
	int timed = t->timed;

	build_mmsg(t, a, v, false);
	a[4] = make_time(t, v[5], false);
	t->timed = timed;	/* that one is looked at between messages only */
}

static void build_accept(struct target *t, long *a, const long *v)
{
	(void)t;
	a[1] = make_from(v[0], &a[2]);
	a[3] = v[1];
}

static void build_fd(struct target *t, long *a, const long *v)
{
	(void)t;
	a[0] += v[0];
}

/* the timeout is left to the callers */
static void build_pollfds(struct target *t, long *a, const long *v)
{
	for (int i = 0; i < 1100; i++)
		arena->pollfds[i] = (struct pollfd){ -1, POLLIN, 0x5a };
	arena->pollfds[0].fd = t->fd;
	arena->pollfds[0].events = v[2];
	arena->pollfds[1] = (struct pollfd){ t->peer, v[2], 0x5a };
	a[0] = moved(v[0], arena->pollfds, sizeof(struct pollfd));
	a[1] = v[1];
}

static __attribute__((unused)) void build_poll(struct target *t, long *a, const long *v)
{
	build_pollfds(t, a, v);
	a[2] = v[3];
	t->timed = v[3] > 0 && v[3] < 100 ? v[3] : 0;
}

static void build_ppoll(struct target *t, long *a, const long *v)
{
	build_pollfds(t, a, v);
	a[2] = make_time(t, v[3], false);
	a[3] = make_mask(v[4], &a[4]);
}

static void build_epoll(struct target *t, long *a, const long *v)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | v[0],
				     .data.u64 = 0x123456789abc };
	int fd = t->fd;

	if (v[0] != 1) {
		t->epfd = epoll_create1(0);
		epoll_ctl(t->epfd, EPOLL_CTL_ADD, fd, &event);	/* not every kind can be */
		a[0] = t->epfd;
	}
	a[1] = pointer(v[1], arena->events);
	a[2] = v[2];
	a[3] = v[3];
	t->timed = v[3] > 0 && v[3] < 100 ? v[3] : 0;
	a[4] = make_mask(v[4], &a[5]);
}

static void build_select(struct target *t, long *a, const long *v, bool usec)
{
	bool fits = t->fd >= 0 && t->fd < 1024;

	for (int i = 0; i < 3; i++) {
		FD_ZERO(&arena->sets[i]);
		if (fits)
			FD_SET(t->fd, &arena->sets[i]);
		a[1 + i] = (long)&arena->sets[i];
	}
	a[0] = v[0] == 1 ? (fits ? t->fd + 1 : 1) : v[0];
	a[1] = moved(v[1], &arena->sets[0], sizeof(fd_set));
	a[4] = make_time(t, v[2], usec);
}

static __attribute__((unused)) void build_select_(struct target *t, long *a, const long *v)
{
	build_select(t, a, v, true);
}

static void build_pselect(struct target *t, long *a, const long *v)
{
	struct { long mask, size; } *both = (void *)(arena->guard4 + 8);

	build_select(t, a, v, false);
	both->mask = make_mask(v[3], &both->size);
	a[5] = (long)both;
}

/* hold: so many bytes are in the cork's way before it is done */
static const struct sockopt {
	int level, name, hold;
} sockopts[] = {
	{ SOL_TCP, TCP_CORK, 100 }, { SOL_TCP, TCP_CORK, 0 }, { SOL_TCP, TCP_NODELAY, 100 },
	{ SOL_TCP, TCP_NODELAY, 0 }, { SOL_TCP, TCP_MAXSEG, 0 }, { SOL_TCP, TCP_KEEPIDLE, 0 },
	{ SOL_TCP, TCP_USER_TIMEOUT, 0 }, { SOL_TCP, TCP_CONGESTION, 0 }, { SOL_TCP, 999, 0 },
	{ SOL_SOCKET, SO_REUSEADDR, 0 }, { SOL_SOCKET, SO_KEEPALIVE, 0 }, { SOL_SOCKET, SO_RCVBUF, 0 },
	{ SOL_SOCKET, SO_SNDBUF, 0 }, { SOL_SOCKET, SO_LINGER, 0 }, { SOL_SOCKET, SO_RCVTIMEO, 0 },
	{ SOL_SOCKET, SO_RCVLOWAT, 0 }, { SOL_SOCKET, SO_PRIORITY, 0 }, { SOL_SOCKET, SO_PASSCRED, 0 },
	{ SOL_SOCKET, SO_ATTACH_FILTER, 0 }, { SOL_SOCKET, SO_ZEROCOPY, 0 }, { SOL_SOCKET, 999, 0 },
	{ SOL_IP, IP_TOS, 0 }, { SOL_IP, IP_TTL, 0 }, { SOL_IPV6, IPV6_UNICAST_HOPS, 0 },
	{ SOL_IPV6, IPV6_V6ONLY, 0 }, { 12345, 1, 0 }, { -1, -1, 0 },
};
DIM(option, { "CORK with data", 0 }, { "CORK", 1 }, { "NODELAY with data", 2 }, { "NODELAY", 3 }, { "MAXSEG", 4 },
	{ "KEEPIDLE", 5 }, { "USER_TIMEOUT", 6 }, { "CONGESTION", 7 }, { "unknown of TCP", 8 }, { "REUSEADDR", 9 },
	{ "KEEPALIVE", 10 }, { "RCVBUF", 11 }, { "SNDBUF", 12 }, { "LINGER", 13 }, { "RCVTIMEO", 14 },
	{ "RCVLOWAT", 15 }, { "PRIORITY", 16 }, { "PASSCRED", 17 }, { "ATTACH_FILTER", 18 }, { "ZEROCOPY", 19 },
	{ "unknown", 20 }, { "TOS", 21 }, { "TTL", 22 }, { "UNICAST_HOPS", 23 }, { "V6ONLY", 24 },
	{ "unknown level", 25 }, { "-1", 26 });
DIM(number, { "0", 0 }, { "1", 1 }, { "-1", -1 }, { "1000", 1000 }, { "INT_MAX", 0x7fffffff });
DIM(value_len, { "4", 4 }, { "0", 0 }, { "1", 1 }, { "8", 8 }, { "16", 16 }, { "-1", -1 }, { "INT_MAX", 0x7fffffff });

static void build_setsockopt(struct target *t, long *a, const long *v)
{
	const struct sockopt *o = &sockopts[v[0]];
	int on = 1, number_ = v[1];

	if (o->hold && !setsockopt(t->fd, SOL_TCP, TCP_CORK, &on, sizeof(on)))
		send(t->fd, noise, o->hold, MSG_DONTWAIT | MSG_NOSIGNAL);
	t->option = o;
	memset(arena->buf, 0, 64);
	memcpy(arena->buf, &number_, sizeof(number_));
	a[1] = o->level;
	a[2] = o->name;
	a[3] = moved(v[2], arena->buf, 16);
	a[4] = v[3];
}

DIM(way, { "to it", 0 }, { "from it", 1 }, { "to itself", 2 });
DIM(place, { "NULL", P_NULL }, { "100", P_GOOD }, { "half mapped", P_HALF }, { "read-only", P_READONLY },
	{ "PROT_NONE", P_NONE }, { "8", P_BAD }, { "kernel's", P_KERNEL }, { "not canonical", P_NONCANONICAL });
DIM(count, { "64", 64 }, { "0", 0 }, { "1", 1 }, { "4096", 4096 }, { "65537", 65537 }, { "2^31", 0x80000000 },
	{ "SSIZE_MAX", LONG_MAX }, { "-1", -1 });

#define SOURCE_SIZE 30000
static char source_file[64], made_file[64];	/* in equiv_dir */

static void build_sendfile(struct target *t, long *a, const long *v)
{
	static const uint64_t hundred = 100;
	struct stat st;

	if (v[0] == 0) {
		a[1] = open(source_file, O_RDONLY);
	} else if (v[0] == 1) {
		a[1] = t->fd;
		a[0] = t->check = memfd_create("sink", 0);
	} else {
		a[1] = t->fd;
	}
	memcpy(arena->buf, &hundred, sizeof(hundred));
	a[2] = moved(v[1], arena->buf, sizeof(hundred));
	a[3] = v[2];
	/* /dev/zero has no end */
	if (v[0] && !fstat(t->fd, &st) && S_ISCHR(st.st_mode) && (unsigned long)a[3] > 65537)
		a[3] = 65537;
}

enum { N_SOURCE = P_WRAP + 1, N_EMPTY, N_HERE, N_MADE, N_LONG, N_UNDER, N_NULL_DEVICE };
DIM(dir, { "AT_FDCWD", AT_FDCWD }, { "fd", 0 }, { "-1", -1 });
DIM(path, { "a file", N_SOURCE }, { "new", N_MADE }, { "empty", N_EMPTY }, { ".", N_HERE },
	{ "too long", N_LONG }, { "below a file", N_UNDER }, { "/dev/null", N_NULL_DEVICE }, POINTERS);
DIM(open_flags, { "RDONLY", O_RDONLY }, { "RDWR", O_RDWR }, { "RDWR|CREAT", O_RDWR | O_CREAT },
	{ "WRONLY|CREAT|EXCL", O_WRONLY | O_CREAT | O_EXCL }, { "WRONLY|TRUNC", O_WRONLY | O_TRUNC },
	{ "APPEND|CLOEXEC", O_WRONLY | O_APPEND | O_CLOEXEC }, { "DIRECTORY", O_DIRECTORY }, { "PATH", O_PATH },
	{ "RDWR|TMPFILE", O_RDWR | O_TMPFILE }, { "NOFOLLOW|NONBLOCK", O_NOFOLLOW | O_NONBLOCK },
	{ "3", 3 }, { "-1", -1 });
DIM(mode, { "0600", 0600 }, { "0", 0 }, { "07777", 07777 }, { "-1", -1 });
DIM(stat_flags, { "EMPTY_PATH", AT_EMPTY_PATH }, { "0", 0 }, { "NOFOLLOW", AT_SYMLINK_NOFOLLOW }, { "-1", -1 });

/* In arena->control, of 512 bytes. */
static long put_path(long variant)
{
	char *at = (char *)arena->control;

	strcpy(at, source_file);
	switch (variant) {
	case N_EMPTY:	*at = '\0'; break;
	case N_HERE:	strcpy(at, "."); break;
	case N_MADE:	strcpy(at, made_file); break;
	case N_LONG:	memset(at, 'x', 400); at[400] = '\0'; break;
	case N_UNDER:	strcat(at, "/x"); break;
	case N_NULL_DEVICE: strcpy(at, "/dev/null"); break;
	}
	return variant >= N_SOURCE ? (long)at : moved(variant, at, strlen(at) + 1);
}

static void build_openat(struct target *t, long *a, const long *v)
{
	t->opens = true;
	a[0] = v[0] ? v[0] : t->fd;
	a[1] = put_path(v[1]);
	a[2] = v[2];
	a[3] = v[3];
}

static void build_fstat(struct target *t, long *a, const long *v)
{
	t->stat = true;
	a[0] += v[0];
	a[1] = pointer(v[1], arena->buf);
}

static void build_fstatat(struct target *t, long *a, const long *v)
{
	t->stat = true;
	a[1] = put_path(v[0]);
	a[2] = pointer(v[1], arena->buf);
	a[3] = v[2];
}

/* The ordinary one is what libc makes of fstat(). */
DIM(stat_path, { "empty", N_EMPTY }, { "a file", N_SOURCE }, { "missing", N_MADE }, { "too long", N_LONG },
	{ "below a file", N_UNDER }, { "/dev/null", N_NULL_DEVICE }, POINTERS);

#define MAX_DIMS 6

static const struct call {
	const char *name;
	long nr;
	void (*build)(struct target *t, long *a, const long *v);
	const struct dim *dims[MAX_DIMS + 1];
} calls[] = {
	{ "read", SYS_read, build_rw, { &upper, &buf, &len } },
	{ "write", SYS_write, build_rw, { &upper, &buf, &len } },
	{ "pread64", SYS_pread64, build_rw, { &upper, &buf, &len, &offset } },
	{ "pwrite64", SYS_pwrite64, build_rw, { &upper, &buf, &len, &offset } },
	{ "readv", SYS_readv, build_rwv, { &iov } },
	{ "writev", SYS_writev, build_rwv, { &iov } },
	{ "preadv", SYS_preadv, build_rwv, { &iov, &offset } },
	{ "pwritev", SYS_pwritev, build_rwv, { &iov, &offset } },
	{ "send", SYS_sendto, build_rw, { &upper, &buf, &len, &flags } },
	{ "sendto", SYS_sendto, build_send, { &upper, &buf, &len, &flags, &to } },
	{ "sendmsg", SYS_sendmsg, build_sendmsg, { &iov, &flags, &to, &control_out, &header } },
	{ "sendmmsg", SYS_sendmmsg, build_sendmmsg, { &iov, &flags, &to, &control_out, &vlen } },
	{ "recv", SYS_recvfrom, build_rw, { &upper, &buf, &len, &flags } },
	{ "recvfrom", SYS_recvfrom, build_recv, { &upper, &buf, &len, &flags, &from } },
	{ "recvmsg", SYS_recvmsg, build_recvmsg, { &iov, &flags, &from, &control_in, &header } },
	{ "recvmmsg", SYS_recvmmsg, build_recvmmsg, { &iov, &flags, &from, &control_in, &vlen, &mm_timespec } },
#ifdef SYS_epoll_wait
	{ "epoll_wait", SYS_epoll_wait, build_epoll, { &watch, &header, &maxevents, &timeout } },
#endif
	{ "epoll_pwait", SYS_epoll_pwait, build_epoll, { &watch, &header, &maxevents, &timeout, &sigmask } },
#ifdef SYS_poll
	{ "poll", SYS_poll, build_poll, { &header, &nfds, &events, &timeout } },
#endif
	{ "ppoll", SYS_ppoll, build_ppoll, { &header, &nfds, &events, &timespec, &sigmask } },
	{ "accept", SYS_accept, build_accept, { &from } },
	{ "accept4", SYS_accept4, build_accept, { &from, &accept_flags } },
	{ "close", SYS_close, build_fd, { &upper } },
	{ "openat", SYS_openat, build_openat, { &dir, &path, &open_flags, &mode } },
	{ "fstat", SYS_fstat, build_fstat, { &upper, &header } },
	{ "newfstatat", SYS_newfstatat, build_fstatat, { &stat_path, &header, &stat_flags } },
	{ "sendfile", SYS_sendfile, build_sendfile, { &way, &place, &count } },
	{ "setsockopt", SYS_setsockopt, build_setsockopt, { &option, &number, &header, &value_len } },
	/* not the shim's, but the gate's */
	{ "preadv2", SYS_preadv2, build_rwv, { &iov, &offset, &rwf } },
	{ "pwritev2", SYS_pwritev2, build_rwv, { &iov, &offset, &rwf } },
#ifdef SYS_select
	{ "select", SYS_select, build_select_, { &setsize, &header, &timespec } },
#endif
	{ "pselect6", SYS_pselect6, build_pselect, { &setsize, &header, &timespec, &sigmask } },
};

#define NR_CALLS ((int)(sizeof(calls) / sizeof(*calls)))

#endif /* ARGS_H */
