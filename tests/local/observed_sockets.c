// SPDX-License-Identifier: GPL-2.0
/*
 * Programs and policies that decide on packets (XDP on the loopback device, BPF
 * of a control group, IPsec), and options of either socket that do: each stops
 * what an elevated sender sends, from the moment it is there, or sees to it that
 * segments go all the way; when it has gone, they are handed over again.
 */
#include <netinet/in.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include "local/connection.h"

static int link_fd;

/* A program whose only answer is that packets are dropped; until link_fd is closed. */
static bool attach(enum bpf_prog_type type, enum bpf_attach_type at, int target, int answer)
{
	struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = answer },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = type, .expected_attach_type = at,
		.insns = (long)program, .insn_cnt = 2, .license = (long)"GPL",
	};
	int fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	must(fd >= 0, "no program of type %d: %d", type, errno);
	attr = (union bpf_attr){ .link_create = { .prog_fd = fd, .target_fd = target, .attach_type = at } };
	if (at == BPF_XDP)
		attr.link_create.flags = XDP_FLAGS_SKB_MODE;
	link_fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	close(fd);
	must(link_fd >= 0, "no link of type %d: %d", type, errno);
	return true;
}

static bool xdp(void)
{
	return attach(BPF_PROG_TYPE_XDP, BPF_XDP, 1, XDP_DROP);
}

static bool cgroup(enum bpf_attach_type at)
{
	int root = open("/sys/fs/cgroup", O_RDONLY);

	must(root >= 0);
	attach(BPF_PROG_TYPE_CGROUP_SKB, at, root, 0);
	close(root);
	return true;
}

static bool egress(void)
{
	return cgroup(BPF_CGROUP_INET_EGRESS);
}

static bool ingress(void)
{
	return cgroup(BPF_CGROUP_INET_INGRESS);
}

static void detach(void)
{
	close(link_fd);
}

static bool filter(void)
{
	struct sock_filter drop = { .code = BPF_RET | BPF_K, .k = 0 };
	struct sock_fprog program = { 1, &drop };

	return !setsockopt(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static void no_filter(void)
{
	int unused = 0;

	must(!setsockopt(ends[1], SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused)));
}

/* The loopback device has IPsec off; that is looked at when a route is made. */
static void ipsec_on_loopback(bool on)
{
	must(!system(on ? "sysctl -qw net.ipv4.conf.lo.disable_policy=0 net.ipv4.conf.lo.disable_xfrm=0" :
			  "sysctl -qw net.ipv4.conf.lo.disable_policy=1 net.ipv4.conf.lo.disable_xfrm=1"));
}

static bool policy_in(void)
{
	return !system("ip xfrm policy add src 127.0.0.1 dst 127.0.0.1 dir in action block");
}

static void no_policy_in(void)
{
	must(!system("ip xfrm policy del src 127.0.0.1 dst 127.0.0.1 dir in"));
}

static bool policy_out(void)
{
	return !system("ip xfrm policy add src 127.0.0.1 dst 127.0.0.1 dir out action block");
}

static void no_policy_out(void)
{
	must(!system("ip xfrm policy del src 127.0.0.1 dst 127.0.0.1 dir out"));
}

static bool socket_policy(int fd, int direction)
{
	struct xfrm_userpolicy_info block = {
		.sel.family = AF_INET, .dir = direction, .action = XFRM_POLICY_BLOCK,
		.lft = { XFRM_INF, XFRM_INF, XFRM_INF, XFRM_INF },
	};

	return !setsockopt(fd, IPPROTO_IP, IP_XFRM_POLICY, &block, sizeof(block));
}

static bool receiver_policy(void)
{
	return socket_policy(ends[1], XFRM_POLICY_IN);
}

static void no_receiver_policy(void)
{
	must(!setsockopt(ends[1], IPPROTO_IP, IP_XFRM_POLICY, NULL, 0));
}

static bool sender_policy(void)
{
	return socket_policy(ends[0], XFRM_POLICY_OUT);
}

static void no_sender_policy(void)
{
	must(!setsockopt(ends[0], IPPROTO_IP, IP_XFRM_POLICY, NULL, 0));
}

static bool min_ttl(void)
{
	int ttl = 255;

	return !setsockopt(ends[1], IPPROTO_IP, IP_MINTTL, &ttl, sizeof(ttl));
}

static void no_min_ttl(void)
{
	int ttl = 0;

	must(!setsockopt(ends[1], IPPROTO_IP, IP_MINTTL, &ttl, sizeof(ttl)));
}

/* Segments that this end and peer exchange are signed. */
static void sign(int end, int peer)
{
	struct tcp_md5sig key = { .tcpm_keylen = 6, .tcpm_key = "symbio" };
	socklen_t len = sizeof(struct sockaddr_in);

	must(!getsockname(peer, (void *)&key.tcpm_addr, &len));
	must(!setsockopt(end, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof(key)), "%d", errno);
}

/* What is not signed does not arrive; what is, goes all the way. It stays so for the connection. */
static void signatures(void)
{
	sign(ends[1], ends[0]);
	held_back("TCP MD5");
	sign(ends[0], ends[1]);
	released();
	all_the_way("TCP MD5");
}

int main(void)
{
	static const unsigned char options[] = { 1, 1, 1, 0 };	/* none, but four bytes of it */
	static const int on = 1;

	if (!(kel_query().features & KELEVATE_F_DEEP))
		skip("no deep shortcuts");
	close(socket(AF_NETLINK, SOCK_RAW, NETLINK_XFRM));	/* loads what knows of policies */
	kel_elevate(KELEVATE_STICKY);

	connect_ends();
	unobserved("at first");
	stopped("XDP on lo", xdp, detach);
	stopped("BPF of the control group, egress", egress, detach);
	stopped("BPF of the control group, ingress", ingress, detach);
	stopped("a socket filter", filter, no_filter);
	stopped("IP_MINTTL", min_ttl, no_min_ttl);
	stopped("the receiver's IPsec policy", receiver_policy, no_receiver_policy);
	stopped("the sender's IPsec policy", sender_policy, no_sender_policy);
	/* once a socket had any, there is something to look at, and so it stays */
	must(!setsockopt(ends[0], IPPROTO_IP, IP_OPTIONS, options, sizeof(options)));
	all_the_way("IP_OPTIONS");
	end_connection();

	connect_ends();
	unobserved("at second");
	must(!setsockopt(ends[1], SOL_SOCKET, SO_TIMESTAMP, &on, sizeof(on)));
	all_the_way("SO_TIMESTAMP");
	end_connection();

	ipsec_on_loopback(true);
	connect_ends();
	unobserved("with IPsec on lo");
	stopped("an IPsec policy, in", policy_in, no_policy_in);
	stopped("an IPsec policy, out", policy_out, no_policy_out);
	end_connection();
	ipsec_on_loopback(false);

	connect_ends();
	unobserved("at last");
	signatures();
	end_connection();
	return 0;
}
