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
 * of the socket, which is ours for the time of one sendmsg, recvmsg (whose
 * segments are ACKs), sendfile or setsockopt (which takes off a cork), and only
 * then: nothing is left behind in a socket.
 *
 * A read of what has been received already, the most common one, is done without
 * the parts of tcp_recvmsg() that wait, peek, or look for timestamps.
 *
 * A small write on a connection with nothing in flight needs still less: what
 * the receiver is certain to take is as good as acknowledged. So it is made a
 * segment and given to the receiver, and the sender goes on as after the ACK,
 * with nothing to clone, to queue for retransmission, or to time.
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

static bool direct = true;
module_param(direct, bool, 0644);
MODULE_PARM_DESC(direct, "with local: small writes count as acknowledged once the receiver has them (default on)");

static bool direct_read = true;
module_param(direct_read, bool, 0644);
MODULE_PARM_DESC(direct_read, "copy what TCP has received without tcp_recvmsg() (default on)");

#define DIRECT_MAX	4096	/* bytes: copied into one buffer */
#define DIRECT_HEADERS	(sizeof(struct iphdr) + sizeof(struct tcphdr) + TCPOLEN_TSTAMP_ALIGNED)

static u32 (*select_window)(struct sock *sk);
static typeof(tcp_v4_do_rcv) *do_rcv;
static typeof(tcp_rcv_established) *rcv_established;
static const struct inet_connection_sock_af_ops *ipv4_ops;	/* every IPv4 socket's */
void *kel_tcp_recvmsg;
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
	if (kel_has_tc(lo))
		return true;
#ifdef CONFIG_XFRM
	if (net->xfrm.policy_count[XFRM_POLICY_IN] || net->xfrm.policy_count[XFRM_POLICY_OUT])
		return true;
#endif
	/* a queueing discipline, XDP, a bridge or the like */
	if (rcu_access_pointer(netdev_get_tx_queue(lo, 0)->qdisc)->enqueue ||
	    rcu_access_pointer(lo->xdp_prog) || rcu_access_pointer(lo->rx_handler))
		return true;
	/* packet and raw sockets; of those who receive IPv4, IP itself is one */
	if (dev_nit_active(lo) || !list_empty(&lo->ptype_specific) || kel_net_has_ptypes(net) ||
	    READ_ONCE(ip_ptypes->next) != READ_ONCE(ip_ptypes->prev) ||
	    !hlist_empty(&raw_v4_hashinfo.ht[raw_hashfunc(net, IPPROTO_TCP)]))
		return true;
	return kel_cgroup_bpf(sk, EGRESS);
}

/*
 * May what it sends be handed over at all? Not if what it sent last left through another
 * device: to ask for each segment would be of no use. Its route may be another one by now;
 * that is known after the next segment.
 */
static bool maybe_local(const struct sock *sk)
{
	const struct dst_entry *dst;
	bool maybe;

	if (!READ_ONCE(local) || !ip_ptypes)
		return false;
	rcu_read_lock();
	dst = rcu_dereference(sk->sk_dst_cache);
	maybe = !dst || dst->dev == sock_net(sk)->loopback_dev;
	rcu_read_unlock();
	return maybe;
}

/* Does the sending socket want something of the layers below? */
static bool plain_sender(struct sock *sk)
{
	struct dst_entry *dst = __sk_dst_check(sk, 0);

	return dst && dst->dev == sock_net(sk)->loopback_dev && !dst->xfrm && !dst->lwtstate &&
	       !rcu_access_pointer(inet_sk(sk)->inet_opt) &&
	       !sock_flag(sk, SOCK_TXTIME) && !kel_tcp_secured(sk) && !sk_is_mptcp(sk);
}

/* And the receiving one? Its lock is held. */
static bool plain_receiver(struct sock *sk)
{
	return sk->sk_state == TCP_ESTABLISHED && rcu_access_pointer(sk->sk_rx_dst) &&
	       !rcu_access_pointer(sk->sk_filter) && !inet_sk(sk)->min_ttl &&
	       !sock_flag(sk, SOCK_TIMESTAMP) && !sk->sk_tsflags && !kel_tcp_secured(sk) &&
#ifdef CONFIG_XFRM
	       !rcu_access_pointer(sk->sk_policy[0]) &&
#endif
	       !kel_cgroup_bpf(sk, INGRESS) && !sk_is_mptcp(sk);
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

	kel_count_out_request(net);
	IP_UPD_PO_STATS(net, IPSTATS_MIB_OUT, len);
	dev_lstats_add(lo, len);	/* without its header, as the device does */
	__IP_UPD_PO_STATS(net, IPSTATS_MIB_IN, len);
	__IP_ADD_STATS(net, IPSTATS_MIB_NOECTPKTS + (tos & INET_ECN_MASK),
		       max_t(u16, 1, skb_shinfo(skb)->gso_segs));
	__IP_INC_STATS(net, IPSTATS_MIB_INDELIVERS);
	__TCP_INC_STATS(net, TCP_MIB_INSEGS);
}

/* As the device's receiving side would have it: also for a security module that is asked. */
static void received(struct sk_buff *skb, int iif)
{
	skb->protocol = htons(ETH_P_IP);
	skb->pkt_type = PACKET_HOST;
	skb->skb_iif = iif;
}

/* What the peer's tcp_v4_rcv() would do first. BHs are off, the peer's lock is held. */
static void arrive(struct sock *sk, struct sock *peer, struct net_device *lo, struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	unsigned int tos = inet_sk(sk)->tos;

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
}

/*
 * The other end with its lock held, if segments to it may be handed over. Called
 * with RCU and without BHs.
 */
static struct sock *lock_peer(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);
	struct net *net = sock_net(sk);
	struct net_device *lo = net->loopback_dev;
	struct sock *peer;

	if (!plain_sender(sk) || observed(net, lo, sk))
		return NULL;
	peer = kel_lookup_established(net, inet, lo->ifindex);
	if (!peer)
		return NULL;
	/*
	 * Sockets have no order among each other: when the peer's lock is not
	 * free, it may be waiting for ours.
	 */
	if (peer->sk_state == TCP_ESTABLISHED && peer != sk &&
	    spin_trylock(&peer->sk_lock.slock)) {
		if (!sock_owned_by_user(peer) && plain_receiver(peer))
			return peer;
		spin_unlock(&peer->sk_lock.slock);
	}
	sock_gen_put(peer);
	return NULL;
}

static void unlock_peer(struct sock *peer)
{
	spin_unlock(&peer->sk_lock.slock);
	sock_gen_put(peer);
}

static bool deliver(struct sock *sk, struct sk_buff *skb)
{
	struct net_device *lo = sock_net(sk)->loopback_dev;
	struct sock *peer;
	bool done = false;

	/* who sends without a copy waits for the pages to be free */
	if (kel_tx_flags(skb) || skb_zcopy(skb))
		return false;
	peer = lock_peer(sk);
	if (!peer)
		return false;
	/* it must not overtake those that are still on the long way */
	if (tcp_sk(peer)->rcv_nxt == ntohl(tcp_hdr(skb)->seq)) {
		push_header(sk, skb);
		received(skb, lo->ifindex);
		if (!security_sock_rcv_skb(peer, skb)) {
			skb_orphan(skb);
			skb_clear_delivery_time(skb);
			arrive(sk, peer, lo, skb);
			do_rcv(peer, skb);
			done = true;
		} else {
			received(skb, 0);	/* not yet */
		}
	}
	unlock_peer(peer);
	return done;
}

static int local_xmit(struct sock *sk, struct sk_buff *skb, struct flowi *fl)
{
	struct kel_thread *th = in_task() ? kel_thread_current() : NULL;
	bool done = false;

	/*
	 * The sender may sleep for memory: ACKs make TCP send in a softirq
	 * meanwhile, and others use the socket who are no symbiotes.
	 */
	if (th) {
		local_bh_disable();
		rcu_read_lock();
		done = deliver(sk, skb);
		rcu_read_unlock();
		local_bh_enable();
	}
	if (!done)
		return ip_queue_xmit(sk, skb, fl);
	th->delivered++;
	return 0;
}

/* While the sender slept its socket has become a listener, of which others are cloned. */
static int local_conn_request(struct sock *sk, struct sk_buff *skb)
{
	WRITE_ONCE(inet_csk(sk)->icsk_af_ops, ipv4_ops);
	return ipv4_ops->conn_request(sk, skb);
}

/*
 * Our queue_xmit comes, with the socket locked, only while it is established: those
 * that a listener accepts are copies of it.
 */
static void local_begin(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (sk->sk_state != TCP_ESTABLISHED)
		return;
	cmpxchg(&inet_csk(sk)->icsk_af_ops, ipv4_ops, &local_ops);
	/*
	 * What was written directly has narrowed the window by what the peer had
	 * still to read. TCP looks at the peer's next offer only if the prediction
	 * does not already say so.
	 */
	if (tp->pred_flags &&
	    (ntohl(tp->pred_flags) & 0xffff) != tp->snd_wnd >> tp->rx_opt.snd_wscale)
		tp->pred_flags = 0;
}

static void begin_unlocked(struct sock *sk)
{
	spin_lock_bh(&sk->sk_lock.slock);
	if (!sock_owned_by_user(sk))
		local_begin(sk);
	spin_unlock_bh(&sk->sk_lock.slock);
}

/* It may have slept, and another thread have been here. */
static void local_end(struct sock *sk)
{
	cmpxchg(&inet_csk(sk)->icsk_af_ops, &local_ops, ipv4_ops);
}

static bool is_plain_ipv4(const struct sock *sk)
{
	const struct inet_connection_sock_af_ops *ops = READ_ONCE(inet_csk(sk)->icsk_af_ops);

	return ops == ipv4_ops || ops == &local_ops;
}

/*
 * Is TCP idle on this connection: nothing unsent or unacknowledged, no timer but
 * that of a delayed ACK, nothing out of the ordinary in the next header?
 */
static bool idle_sender(struct sock *sk, size_t len)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);

	return sk->sk_state == TCP_ESTABLISHED && !sk->sk_err &&
	       !(sk->sk_shutdown & SEND_SHUTDOWN) &&
	       tcp_rtx_and_write_queues_empty(sk) && !tp->packets_out &&
	       tp->snd_una == tp->write_seq && tp->snd_nxt == tp->write_seq &&
	       len <= tp->snd_wnd && len <= tp->mss_cache &&
	       !icsk->icsk_pending && icsk->icsk_ca_state == TCP_CA_Open &&
	       !(tp->nonagle & TCP_NAGLE_CORK) && !tp->repair && tp->snd_up == tp->snd_una &&
	       !kel_tcp_ecn(tp) && !tp->rx_opt.num_sacks && !tp->rx_opt.dsack &&
	       !tp->compressed_ack && !tp->tcp_tx_delay && !tp->bpf_sock_ops_cb_flags &&
	       tp->tcp_header_len == sizeof(struct tcphdr) +
				     (tp->rx_opt.tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0) &&
	       sk->sk_pacing_status == SK_PACING_NONE && !sk->sk_tsflags && !kel_sk_bpf_cb(sk) &&
	       is_plain_ipv4(sk);
}

/* Will TCP certainly queue it there, in order? The peer's lock is held. */
static bool will_take(struct sock *peer, const struct tcp_sock *tp, size_t len, int truesize)
{
	const struct tcp_sock *pp = tcp_sk(peer);

	return pp->rcv_nxt == tp->write_seq && len <= tcp_receive_window(pp) &&
	       between(tp->rcv_nxt, pp->snd_una, pp->snd_nxt) &&
	       RB_EMPTY_ROOT(&pp->out_of_order_queue) && !pp->urg_data &&
	       pp->rx_opt.tstamp_ok == tp->rx_opt.tstamp_ok && !pp->bpf_sock_ops_cb_flags &&
	       (skb_queue_empty(&peer->sk_receive_queue) ||
		(truesize <= peer->sk_forward_alloc &&
		 atomic_read(&peer->sk_rmem_alloc) + truesize <= peer->sk_rcvbuf));
}

/* What tcp_select_window() does, with a window that is not zero. */
static u16 offer_window(struct tcp_sock *tp, u32 win)
{
	u32 now = tcp_receive_window(tp);

	if (win < now)
		win = ALIGN(now, 1 << tp->rx_opt.rcv_wscale);
	if (!tp->rcv_wnd)
		__NET_INC_STATS(sock_net((struct sock *)tp), LINUX_MIB_TCPFROMZEROWINDOWADV);
	tp->rcv_wnd = win;
	tp->rcv_wup = tp->rcv_nxt;
	kel_tcp_window_offered(tp);
	if (!tp->rx_opt.rcv_wscale &&
	    READ_ONCE(sock_net((struct sock *)tp)->ipv4.sysctl_tcp_workaround_signed_windows))
		win = min(win, MAX_TCP_WINDOW);
	return min_t(u32, win, 65535U << tp->rx_opt.rcv_wscale) >> tp->rx_opt.rcv_wscale;
}

/* The header that TCP would have put before the data. False: not this one. */
static bool push_tcp_header(struct sock *sk, struct sock *peer, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 win = select_window(sk), stamp;
	struct tcphdr *th;
	__be32 *opt;

	tp->tcp_clock_cache = tcp_clock_ns();
	tp->tcp_mstamp = div_u64(tp->tcp_clock_cache, NSEC_PER_USEC);
	stamp = tcp_time_stamp_ts(tp) + tp->tsoffset;
	if (!win ||
	    (tp->rx_opt.tstamp_ok && (s32)(stamp - tcp_sk(peer)->rx_opt.ts_recent) < 0))
		return false;

	th = skb_push(skb, tp->tcp_header_len);
	skb_reset_transport_header(skb);
	memset(th, 0, sizeof(*th));
	th->source = inet_sk(sk)->inet_sport;
	th->dest = inet_sk(sk)->inet_dport;
	th->seq = htonl(tp->write_seq);
	th->ack_seq = htonl(tp->rcv_nxt);
	th->doff = tp->tcp_header_len / 4;
	th->ack = 1;
	th->psh = 1;
	th->window = htons(offer_window(tp, win));
	if (tp->rx_opt.tstamp_ok) {
		opt = (__be32 *)(th + 1);
		opt[0] = htonl(TCPOPT_NOP << 24 | TCPOPT_NOP << 16 |
			       TCPOPT_TIMESTAMP << 8 | TCPOLEN_TIMESTAMP);
		opt[1] = htonl(stamp);
		opt[2] = htonl(tp->rx_opt.ts_recent);
	}
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb_set_hash_from_sk(skb, sk);
	return true;
}

/* The sender after len bytes were sent and acknowledged, and the peer's window is win. */
static void acknowledged(struct sock *sk, size_t len, u32 win)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 now = tcp_jiffies32;

	WRITE_ONCE(tp->write_seq, tp->write_seq + len);
	WRITE_ONCE(tp->snd_nxt, tp->write_seq);
	tp->snd_una = tp->write_seq;
	tp->snd_up = tp->write_seq;
	tp->snd_sml = tp->write_seq;
	tp->pushed_seq = tp->write_seq;
	tp->snd_wnd = win;
	/*
	 * Whoever sends next may not come by local_begin(). With half of the window TCP
	 * gets on; with less it would wait for an offer that the prediction hides.
	 */
	if (win < tp->max_window >> 1)
		tp->pred_flags = 0;
	tp->bytes_acked += len;
	tp->delivered++;
	WRITE_ONCE(tp->bytes_sent, tp->bytes_sent + len);
	WRITE_ONCE(tp->data_segs_out, tp->data_segs_out + 1);
	WRITE_ONCE(tp->segs_out, tp->segs_out + 1);
	TCP_INC_STATS(sock_net(sk), TCP_MIB_OUTSEGS);
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPORIGDATASENT);
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPDELIVERED);
	tp->rcv_tstamp = now;
	tp->lsndtime = now;
	/* a reply to what came just now, and our ACK went with it */
	if ((u32)(now - icsk->icsk_ack.lrcvtime) < icsk->icsk_ack.ato)
		inet_csk_enter_pingpong_mode(sk);
	tcp_dec_quickack_mode(sk);
	inet_csk_clear_xmit_timer(sk, ICSK_TIME_DACK);
}

/*
 * The segment, to a peer that will take it. Its lock is held, so a buffer that
 * has to be faulted in is left to the ordinary way.
 */
static bool hand_over(struct sock *sk, struct sock *peer, struct msghdr *msg, size_t len)
{
	struct net_device *lo = sock_net(sk)->loopback_dev;
	struct tcp_sock *tp = tcp_sk(sk);
	size_t copied = 0;
	struct sk_buff *skb;

	skb = __alloc_skb(DIRECT_HEADERS + len, GFP_NOWAIT | __GFP_NOWARN, SKB_ALLOC_NAPI,
			  NUMA_NO_NODE);
	if (!skb)
		return false;
	if (!will_take(peer, tp, len, skb->truesize))
		goto free;
	skb_reserve(skb, DIRECT_HEADERS);
	/* no copy_from_iter_full(): it would look for the new buffer's size */
	pagefault_disable();
	copied = _copy_from_iter(skb_put(skb, len), len, &msg->msg_iter);
	pagefault_enable();
	if (copied != len || !push_tcp_header(sk, peer, skb))
		goto revert;
	push_header(sk, skb);
	received(skb, lo->ifindex);
	if (security_sock_rcv_skb(peer, skb))
		goto revert;
	arrive(sk, peer, lo, skb);
	sock_rps_save_rxhash(peer, skb);
	rcv_established(peer, skb);
	if (!WARN_ON_ONCE(tcp_sk(peer)->rcv_nxt != tp->write_seq + (u32)len))
		return true;
	/* as if it had been lost */
	skb = NULL;
revert:
	iov_iter_revert(&msg->msg_iter, copied);
free:
	kfree_skb(skb);
	return false;
}

/* Returns whether everything went; if not, nothing was done. The socket is locked. */
static bool send_direct(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct sock *peer;
	bool done = false;
	u32 win;

	if (!len || len > DIRECT_MAX || msg->msg_controllen ||
	    (msg->msg_flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL)) || !idle_sender(sk, len))
		return false;
	local_bh_disable();
	rcu_read_lock();
	peer = lock_peer(sk);
	if (peer) {
		done = hand_over(sk, peer, msg, len);
		win = tcp_receive_window(tcp_sk(peer));
		unlock_peer(peer);
	}
	rcu_read_unlock();
	local_bh_enable();
	if (done)
		acknowledged(sk, len, win);
	return done;
}

/* tcp_sendmsg(), with our ways under it. */
int kel_local_sendmsg(struct sock *sk, struct msghdr *msg, size_t len, enum kel_way *way)
{
	struct kel_thread *th = kel_thread_current();
	u64 delivered = th->delivered;
	int ret = len;

	*way = KEL_WAY_SENDMSG;
	if (!maybe_local(sk))
		return tcp_sendmsg(sk, msg, len);
	lock_sock(sk);
	if (READ_ONCE(direct) && select_window && send_direct(sk, msg, len)) {
		*way = KEL_WAY_DIRECT;
	} else {
		local_begin(sk);
		ret = tcp_sendmsg_locked(sk, msg, len);
		local_end(sk);
		if (th->delivered != delivered)
			*way = KEL_WAY_DELIVERED;
	}
	release_sock(sk);
	return ret;
}

/* Is a read likely to send an ACK? For those that it does not, which is most, locking is too dear. */
static bool will_ack(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return !inet_csk_in_pingpong_mode(sk) ||
	       tp->rcv_nxt - tp->rcv_wup > inet_csk(sk)->icsk_ack.rcv_mss;
}

/* For tcp_read_sock(), which knows no other than its bounds. */
static int copy_received(read_descriptor_t *desc, struct sk_buff *skb, unsigned int offset,
			 size_t len)
{
	struct iov_iter *to = desc->arg.data;
	int start = skb_headlen(skb), copied;
	const skb_frag_t *frag = skb_shinfo(skb)->frags;
	void *from = NULL;

	len = min(len, desc->count);
	if (!len)
		return 0;
	if (offset + len <= start) {
		from = skb->data + offset;
	} else if (offset >= start && skb_shinfo(skb)->nr_frags &&
		   offset + len <= start + skb_frag_size(frag)) {
		from = skb_frag_address(frag);
		if (from)
			from += offset - start;
	}
	if (from) {
		/* in its bounds: no copy_to_iter(), which would look for the buffer's size */
		copied = _copy_to_iter(from, len, to);
		if (copied != len) {
			iov_iter_revert(to, copied);
			return -EFAULT;
		}
	} else if (skb_copy_datagram_iter(skb, offset, to, len)) {
		return -EFAULT;
	}
	desc->count -= len;
	return len;
}

/* What is there already. 0: nothing was done, or it is the end of the stream. */
static int receive_direct(struct sock *sk, struct msghdr *msg, size_t len, bool acks)
{
	read_descriptor_t desc = { .arg.data = &msg->msg_iter, .count = len };
	const struct tcp_sock *tp = tcp_sk(sk);
	int ret = 0;

	lock_sock(sk);
	if (!tp->urg_data && !tp->repair) {
		if (acks)
			local_begin(sk);
		ret = tcp_read_sock(sk, &desc, copy_received);
		if (acks)
			local_end(sk);
	}
	release_sock(sk);
	return ret;
}

/* tcp_recvmsg(), whose ACKs take our way. */
int kel_local_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags,
		      enum kel_way *way)
{
	bool acks = will_ack(sk) && maybe_local(sk);
	int ret;

	*way = KEL_WAY_RECVMSG;
	if (READ_ONCE(direct_read) && len && !(flags & ~MSG_DONTWAIT) &&
	    READ_ONCE(sk->sk_rcvlowat) <= 1 && READ_ONCE(sk->sk_peek_off) < 0 &&
	    !skb_queue_empty_lockless(&sk->sk_receive_queue)) {
		ret = receive_direct(sk, msg, len, acks);
		if (ret) {
			*way = KEL_WAY_READ_SOCK;
			return ret;
		}
	}
	if (!acks)
		return kel_call_recvmsg(kel_tcp_recvmsg, sk, msg, len, flags);
	begin_unlocked(sk);
	ret = kel_call_recvmsg(kel_tcp_recvmsg, sk, msg, len, flags);
	local_end(sk);
	return ret;
}

/* A system call that may send on this socket, other than by sendmsg. */
long kel_local_call(struct sock *sk, kel_sys_t sys, struct pt_regs *regs)
{
	long ret;

	if (!maybe_local(sk))
		return sys(regs);
	begin_unlocked(sk);
	ret = sys(regs);
	local_end(sk);
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

/* What has no symbol where kallsyms knows functions only, every TCP socket has. */
static bool find_tcp(void)
{
	struct socket *sock;

	if (sock_create_kern(&init_net, PF_INET, SOCK_STREAM, IPPROTO_TCP, &sock))
		return false;
	do_rcv = sock->sk->sk_prot->backlog_rcv;
	ipv4_ops = inet_csk(sock->sk)->icsk_af_ops;
	sock_release(sock);
	return true;
}

void kel_local_init(void)
{
	select_window = (void *)kel_ksym("__tcp_select_window");
	rcv_established = (void *)kel_ksym("tcp_rcv_established");
	secmark_hook = kel_ksym("apparmor_ip_postroute") ?:
		       kel_ksym("apparmor_ipv4_postroute");
	kel_tcp_recvmsg = (void *)kel_ksym("tcp_recvmsg");
	if (!rcv_established || !find_tcp())
		return;
	ip_ptypes = find_ip_ptypes();
	local_ops = *ipv4_ops;
	local_ops.queue_xmit = local_xmit;
	local_ops.conn_request = local_conn_request;
}
