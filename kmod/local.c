// SPDX-License-Identifier: GPL-2.0
/*
 * TCP between two sockets of this kernel. A segment that would go through the
 * loopback device, and come back through it in a softirq on top of its sender,
 * is handed to the receiving socket at once. All of TCP stays as it is on both
 * sides (sequence numbers, windows, ACKs, timers, accounting, wake-ups): only
 * the IP layer, the device and the softirq between them are left out, and only
 * while nothing there looks at packets or changes them. Which way a segment
 * takes is decided anew for each: to the receiver they look the same.
 *
 * The segment is caught where TCP gives it to IP, at the queue_xmit function
 * of the socket, which is ours for the time of one sendmsg and only then:
 * nothing is left behind in a socket.
 */
#include <linux/bpf-cgroup.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <net/inet_hashtables.h>
#include <net/ip.h>
#include <net/raw.h>
#include <net/tcp.h>
#include "kelevate.h"

static bool local = true;
module_param(local, bool, 0644);
MODULE_PARM_DESC(local, "hand TCP segments over loopback to the receiving socket at once (default on)");

static struct inet_connection_sock_af_ops local_ops __ro_after_init;
static struct list_head *ip_ptypes;	/* who receives IPv4 packets */
static unsigned long secmark_hook;	/* looks at packets with a secmark, which ours never have */

#ifdef CONFIG_NETFILTER
static bool hooked(const struct nf_hook_entries *hooks)
{
	unsigned int i;

	for (i = 0; hooks && i < hooks->num_hook_entries; i++) {
		if ((unsigned long)hooks->hooks[i].hook != secmark_hook)
			return true;
	}
	return false;
}
#endif

/* Would anybody see the packet, or change it, on its way? */
static bool observed(const struct net *net, struct net_device *lo, struct sock *sk)
{
	static const unsigned int hooks[] = {
		NF_INET_LOCAL_OUT, NF_INET_POST_ROUTING, NF_INET_PRE_ROUTING, NF_INET_LOCAL_IN
	};
	unsigned int i;

#ifdef CONFIG_NETFILTER
	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		if (hooked(rcu_dereference(net->nf.hooks_ipv4[hooks[i]])))
			return true;
	}
#endif
#ifdef CONFIG_NETFILTER_INGRESS
	if (rcu_access_pointer(lo->nf_hooks_ingress))
		return true;
#endif
#ifdef CONFIG_NETFILTER_EGRESS
	if (rcu_access_pointer(lo->nf_hooks_egress))
		return true;
#endif
#ifdef CONFIG_NET_CLS_ACT
	if (rcu_access_pointer(lo->miniq_ingress) || rcu_access_pointer(lo->miniq_egress))
		return true;
#endif
#ifdef CONFIG_XFRM
	if (net->xfrm.policy_count[XFRM_POLICY_IN] || net->xfrm.policy_count[XFRM_POLICY_OUT])
		return true;
#endif
	/* a queueing discipline, XDP, a bridge or the like */
	if (rcu_access_pointer(netdev_get_tx_queue(lo, 0)->qdisc)->enqueue ||
	    rcu_access_pointer(lo->xdp_prog) || rcu_access_pointer(lo->rx_handler))
		return true;
	/* packet and raw sockets; of those who receive IPv4, IP itself is one */
	if (dev_nit_active(lo) || !list_empty(&lo->ptype_specific) ||
	    READ_ONCE(ip_ptypes->next) != READ_ONCE(ip_ptypes->prev) ||
	    !hlist_empty(&raw_v4_hashinfo.ht[raw_hashfunc(net, IPPROTO_TCP)]))
		return true;
	return cgroup_bpf_enabled(CGROUP_INET_EGRESS) &&
	       cgroup_bpf_sock_enabled(sk, CGROUP_INET_EGRESS);
}

/* Does the sending socket want something of the layers below? */
static bool plain_sender(struct sock *sk, struct sk_buff *skb, struct dst_entry *dst)
{
	return !rcu_access_pointer(inet_sk(sk)->inet_opt) && !dst->xfrm && !dst->lwtstate &&
	       !skb_shinfo(skb)->tx_flags && !sock_flag(sk, SOCK_TXTIME) &&
#ifdef CONFIG_TCP_MD5SIG
	       !rcu_access_pointer(tcp_sk(sk)->md5sig_info) &&
#endif
	       !sk_is_mptcp(sk);
}

/* And the receiving one? Its lock is held. */
static bool plain_receiver(struct sock *sk)
{
	return sk->sk_state == TCP_ESTABLISHED && rcu_access_pointer(sk->sk_rx_dst) &&
	       !rcu_access_pointer(sk->sk_filter) && !inet_sk(sk)->min_ttl &&
	       !sock_flag(sk, SOCK_TIMESTAMP) && !sk->sk_tsflags &&
#ifdef CONFIG_TCP_MD5SIG
	       !rcu_access_pointer(tcp_sk(sk)->md5sig_info) &&
#endif
#ifdef CONFIG_XFRM
	       !rcu_access_pointer(sk->sk_policy[0]) &&
#endif
	       !(cgroup_bpf_enabled(CGROUP_INET_INGRESS) &&
		 cgroup_bpf_sock_enabled(sk, CGROUP_INET_INGRESS)) &&
	       !sk_is_mptcp(sk);
}

/* What IP would have put before the segment: security modules may look at it. */
static void push_header(struct sock *sk, struct sk_buff *skb)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct iphdr *iph = skb_push(skb, sizeof(*iph));

	skb_reset_network_header(skb);
	*iph = (struct iphdr) {
		.version = 4,
		.ihl = 5,
		.tos = inet->tos,
		.tot_len = htons(skb->len),
		.frag_off = htons(IP_DF),
		.ttl = 64,
		.protocol = IPPROTO_TCP,
		.saddr = inet->inet_saddr,
		.daddr = inet->inet_daddr,
	};
	ip_send_check(iph);
	skb_pull(skb, sizeof(*iph));
}

/* The counters of the layers left out, as they would have counted. */
static void count(struct net *net, struct net_device *lo, struct sk_buff *skb, unsigned int tos)
{
	unsigned int len = skb->len + sizeof(struct iphdr);

	IP_UPD_PO_STATS(net, IPSTATS_MIB_OUT, len);
	dev_lstats_add(lo, len + ETH_HLEN);
	__IP_UPD_PO_STATS(net, IPSTATS_MIB_IN, len);
	__IP_ADD_STATS(net, IPSTATS_MIB_NOECTPKTS + (tos & INET_ECN_MASK),
		       max_t(u16, 1, skb_shinfo(skb)->gso_segs));
	__IP_INC_STATS(net, IPSTATS_MIB_INDELIVERS);
	__TCP_INC_STATS(net, TCP_MIB_INSEGS);
}

/* The peer's half of tcp_v4_rcv(). BHs are off, the peer's lock is held. */
static void receive(struct sock *sk, struct sock *peer, struct net_device *lo, struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	unsigned int tos = inet_sk(sk)->tos;

	skb_orphan(skb);
	skb_clear_delivery_time(skb);
	skb->protocol = htons(ETH_P_IP);
	skb->pkt_type = PACKET_HOST;
	skb->skb_iif = lo->ifindex;
	count(sock_net(sk), lo, skb, tos);

	memset(&TCP_SKB_CB(skb)->header.h4, 0, sizeof(TCP_SKB_CB(skb)->header.h4));
	TCP_SKB_CB(skb)->header.h4.iif = lo->ifindex;
	TCP_SKB_CB(skb)->seq = ntohl(th->seq);
	TCP_SKB_CB(skb)->end_seq = ntohl(th->seq) + th->syn + th->fin + skb->len - th->doff * 4;
	TCP_SKB_CB(skb)->ack_seq = ntohl(th->ack_seq);
	TCP_SKB_CB(skb)->tcp_flags = tcp_flag_byte(th);
	TCP_SKB_CB(skb)->ip_dsfield = tos;

	sk_incoming_cpu_update(peer);
	tcp_segs_in(tcp_sk(peer), skb);
	tcp_v4_do_rcv(peer, skb);
}

static bool deliver(struct sock *sk, struct sk_buff *skb)
{
	struct inet_sock *inet = inet_sk(sk);
	struct net *net = sock_net(sk);
	struct net_device *lo = net->loopback_dev;
	struct dst_entry *dst = __sk_dst_check(sk, 0);
	struct sock *peer;
	bool done = false;

	if (!dst || dst->dev != lo || !plain_sender(sk, skb, dst) || observed(net, lo, sk))
		return false;
	peer = __inet_lookup_established(net, net->ipv4.tcp_death_row.hashinfo,
					 inet->inet_saddr, inet->inet_sport,
					 inet->inet_daddr, ntohs(inet->inet_dport),
					 lo->ifindex, 0);
	if (!peer)
		return false;
	/*
	 * Sockets have no order among each other: when the peer's lock is not
	 * free, it may be waiting for ours. And a segment must not overtake
	 * those that are still on the long way.
	 */
	if (peer->sk_state != TCP_ESTABLISHED || peer == sk || !spin_trylock(&peer->sk_lock.slock))
		goto put;
	if (!sock_owned_by_user(peer) && plain_receiver(peer) &&
	    tcp_sk(peer)->rcv_nxt == ntohl(tcp_hdr(skb)->seq)) {
		push_header(sk, skb);
		if (!security_sock_rcv_skb(peer, skb)) {
			receive(sk, peer, lo, skb);
			done = true;
		}
	}
	spin_unlock(&peer->sk_lock.slock);
put:
	sock_gen_put(peer);
	return done;
}

static int local_xmit(struct sock *sk, struct sk_buff *skb, struct flowi *fl)
{
	bool done = false;

	/* the sender may sleep for memory while ACKs make TCP send in a softirq */
	if (in_task()) {
		local_bh_disable();
		rcu_read_lock();
		done = deliver(sk, skb);
		rcu_read_unlock();
		local_bh_enable();
	}
	if (!done)
		return ip_queue_xmit(sk, skb, fl);
	kel_thread_current()->delivered++;
	return 0;
}

/* tcp_sendmsg(), with our queue_xmit under it. */
int kel_local_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	int ret;

	if (!READ_ONCE(local))
		return tcp_sendmsg(sk, msg, len);
	lock_sock(sk);
	if (icsk->icsk_af_ops == &ipv4_specific)
		icsk->icsk_af_ops = &local_ops;
	ret = tcp_sendmsg_locked(sk, msg, len);
	/* it may have slept, and another thread have been here */
	if (icsk->icsk_af_ops == &local_ops)
		icsk->icsk_af_ops = &ipv4_specific;
	release_sock(sk);
	return ret;
}

static int neighbour_rcv(struct sk_buff *skb, struct net_device *dev,
			 struct packet_type *pt, struct net_device *orig)
{
	kfree_skb(skb);
	return 0;
}

/*
 * The list of those who receive IPv4 packets. Kernels without KALLSYMS_ALL have
 * no symbol for it; so a type of frames that nobody sends, of the same list, is
 * at its front for a moment.
 */
static struct list_head *find_ip_ptypes(void)
{
	static struct packet_type neighbour = {
		.type = cpu_to_be16(0xfff0 | (ETH_P_IP & PTYPE_HASH_MASK)),
		.func = neighbour_rcv,
	};
	struct list_head *front, *last = NULL;

	/* somebody else may have come to its front meanwhile */
	for (;; last = front) {
		dev_add_pack(&neighbour);
		front = READ_ONCE(neighbour.list.prev);
		dev_remove_pack(&neighbour);
		if (front == last)
			return front;
	}
}

void kel_local_init(void)
{
	secmark_hook = kel_ksym("apparmor_ip_postroute");
	ip_ptypes = find_ip_ptypes();
	local_ops = ipv4_specific;
	local_ops.queue_xmit = local_xmit;
}
