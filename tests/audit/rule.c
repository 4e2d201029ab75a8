// SPDX-License-Identifier: GPL-2.0
/*
 * An audit rule sees every call of an elevated thread, and the first elevation
 * of a process has its own record. Not among tests/elevate: once audit has been
 * switched on, the kernel watches the calls of every new process until it is
 * booted again.
 */
#include <linux/audit.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include "../elevate/kel.h"

#define CALLS 100

static int audit;		/* where the records come */

static int netlink(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);

	must(fd >= 0);
	return fd;
}

static void request(int fd, int type, const void *data, size_t size)
{
	static unsigned int seq;
	struct {
		struct nlmsghdr head;
		union {
			struct nlmsgerr error;
			char data[2048];
		};
	} message = { .head = { NLMSG_SPACE(size), type, NLM_F_REQUEST | NLM_F_ACK, ++seq, 0 } };
	ssize_t len;

	must(size <= sizeof(message.data));
	memcpy(message.data, data, size);
	must(send(fd, &message, message.head.nlmsg_len, 0) > 0);
	for (;;) {
		len = recv(fd, &message, sizeof(message), 0);
		must(len > (ssize_t)sizeof(message.head), "%s", strerror(errno));
		if (message.head.nlmsg_type == NLMSG_ERROR && message.head.nlmsg_seq == seq)
			break;
	}
	must(message.error.error == 0, "type %d: %s", type, strerror(-message.error.error));
}

/* Records from now on come here, with room for all of them. */
static void start_audit(void)
{
	struct audit_status status = {
		.mask = AUDIT_STATUS_ENABLED | AUDIT_STATUS_PID | AUDIT_STATUS_BACKLOG_LIMIT |
			AUDIT_STATUS_FAILURE,
		.enabled = 1, .pid = getpid(), .backlog_limit = 4096, .failure = AUDIT_FAIL_SILENT,
	};
	int space = 8 << 20;

	audit = netlink();
	must(!setsockopt(audit, SOL_SOCKET, SO_RCVBUFFORCE, &space, sizeof(space)));
	request(audit, AUDIT_SET, &status, sizeof(status));
}

/* Calls of getppid by this process. */
static void rule(int type, pid_t pid)
{
	struct audit_rule_data rule = {
		.flags = AUDIT_FILTER_EXIT, .action = AUDIT_ALWAYS, .field_count = 1,
		.fields = { AUDIT_PID }, .values = { pid }, .fieldflags = { AUDIT_EQUAL },
	};
	int fd = netlink();

	rule.mask[AUDIT_WORD(SYS_getppid)] = AUDIT_BIT(SYS_getppid);
	request(fd, type, &rule, sizeof(rule));
	close(fd);
}

/*
 * The records that came: system calls of that number by pid, elevations of it. Waits for as many as are wanted, and
 * then for more.
 */
static void count(pid_t pid, int wanted, int *calls, int *elevations)
{
	struct {
		struct nlmsghdr head;
		char text[8192];
	} message;
	double end = kel_now() + 60;
	char by[32], nr[32];
	ssize_t len;

	sprintf(by, " pid=%d ", pid);
	sprintf(nr, " syscall=%d ", SYS_getppid);
	*calls = *elevations = 0;
	for (;;) {
		struct timeval wait = { 1, 0 };

		must(!setsockopt(audit, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)));
		len = recv(audit, &message, sizeof(message) - 1, 0);
		if (len < 0 && (*calls < wanted || !*elevations) && kel_now() < end)
			continue;
		if (len < 0)
			break;
		((char *)&message)[len] = '\0';
		if (!strstr(message.text, by))
			continue;
		if (message.head.nlmsg_type == AUDIT_SYSCALL && strstr(message.text, nr))
			(*calls)++;
		if (strstr(message.text, "op=kelevate"))
			(*elevations)++;
	}
}

/* A child that makes its calls when it is told to; what the gate did with them. */
static void run(bool by_rule)
{
	int go[2], ready[2], status, calls, elevations;
	struct kelevate_stat *st = shared(sizeof(*st));
	char byte = 'x';
	pid_t child;

	must(!pipe(go) && !pipe(ready));
	child = fork();
	if (!child) {
		kel_elevate(KELEVATE_STICKY);
		must(write(ready[1], &byte, 1) == 1 && read(go[0], &byte, 1) == 1);
		for (int i = 0; i < CALLS; i++)
			must(gate0(SYS_getppid) == getppid());
		*st = kel_stat(getpid());
		_exit(0);
	}
	must(read(ready[0], &byte, 1) == 1);
	if (by_rule)
		rule(AUDIT_ADD_RULE, child);
	must(write(go[1], &byte, 1) == 1);
	must(waitpid(child, &status, 0) == child && !status, "%#x", status);
	/* as many that it made to know its parent */
	count(child, by_rule ? 2 * CALLS : 0, &calls, &elevations);
	if (by_rule)
		rule(AUDIT_DEL_RULE, child);
	printf("# %d calls, %d elevations audited; %llu calls watched\n", calls, elevations,
	       st->fallbacks[KELEVATE_FB_WORK]);
	must(elevations == 1);
	must(calls == (by_rule ? 2 * CALLS : 0));
	/* but for those that an event made a system call before it was looked */
	must(st->fallbacks[KELEVATE_FB_WORK] + st->fallbacks[KELEVATE_FB_EVENT] == CALLS);
}

int main(void)
{
	struct audit_rule_data never = { .flags = AUDIT_FILTER_TASK, .action = AUDIT_NEVER };

	if (!(kel_query().state & KELEVATE_S_CAPABLE))
		skip("not root");
	/* audit on, and no rule: watched, and nothing written */
	start_audit();
	run(false);
	run(true);

	/* what distributions do, to have the audit daemon without its cost */
	memset(never.mask, 0xff, sizeof(never.mask));
	request(netlink(), AUDIT_ADD_RULE, &never, sizeof(never));
	must(in_child({
		kel_elevate(KELEVATE_STICKY);
		for (int i = 0; i < CALLS; i++)
			gate0(SYS_getppid);
		must(kel_count(fallbacks[KELEVATE_FB_WORK]) == 0);
	}) == 0);
	request(netlink(), AUDIT_DEL_RULE, &never, sizeof(never));
	return 0;
}
