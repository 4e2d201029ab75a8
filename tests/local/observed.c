// SPDX-License-Identifier: GPL-2.0
/*
 * Whoever looks at packets, or keeps them from going on, sees and stops those
 * between elevated senders and their peers in this machine, from the moment it
 * is there, in the middle of a stream; when it has gone, segments are handed
 * over again.
 */
#include <netinet/ip.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include "local/connection.h"

/* Takes what the observer got: each byte of the sender's from this one on, at least once. */
static void all_seen(int fd, unsigned int from)
{
	unsigned char packet[4096], *seen = calloc(1, sent - from);
	struct iphdr *ip = (void *)packet;
	unsigned int first_seq = 0, missing = 0;
	bool first = true;
	long n;

	while ((n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT)) > 0) {
		struct tcphdr *tcp = (void *)(packet + ip->ihl * 4);
		unsigned int header, place;

		if (ip->version != 4 || ip->protocol != IPPROTO_TCP || tcp->source != port)
			continue;
		header = ip->ihl * 4 + tcp->doff * 4;
		if (header >= ntohs(ip->tot_len))
			continue;
		if (first)
			first_seq = ntohl(tcp->seq);
		first = false;
		place = ntohl(tcp->seq) - first_seq;
		for (unsigned int i = 0; i < ntohs(ip->tot_len) - header && place + i < sent - from; i++) {
			must(packet[header + i] == byte(from + place + i), "%u", from + place + i);
			seen[place + i] = 1;
		}
	}
	for (unsigned int i = 0; i < sent - from; i++)
		missing += !seen[i];
	must(!missing, "%u of %u bytes not seen", missing, sent - from);
	free(seen);
}

static void looked_at(const char *who, int fd)
{
	unsigned int from = sent, n;
	int big = 4 << 20;

	must(fd >= 0, "%s: %d", who, errno);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	n = some();
	must(!n, "%s: %u not seen", who, n);
	all_seen(fd, from);
	close(fd);
	unobserved(who);
}

static bool netem(void)
{
	return system("tc qdisc add dev lo root netem loss 100% 2>/dev/null") == 0;
}

static void no_netem(void)
{
	must(!system("tc qdisc del dev lo root"));
}

static bool ingress(void)
{
	return system("tc qdisc add dev lo clsact 2>/dev/null && "
		      "tc filter add dev lo ingress matchall action drop 2>/dev/null") == 0;
}

static void no_ingress(void)
{
	must(!system("tc qdisc del dev lo clsact"));
}

static unsigned char batch[1024];
static unsigned int batch_len;

static struct nlmsghdr *message(int type, int flags, int family, int resource)
{
	struct nlmsghdr *nlh = (void *)(batch + batch_len);
	struct nfgenmsg *nfg = NLMSG_DATA(nlh);

	*nlh = (struct nlmsghdr){ NLMSG_LENGTH(sizeof(*nfg)), type, NLM_F_REQUEST | flags, 0, 0 };
	*nfg = (struct nfgenmsg){ family, NFNETLINK_V0, htons(resource) };
	batch_len += nlh->nlmsg_len;
	return nlh;
}

static struct nlattr *attribute(struct nlmsghdr *nlh, int type, const void *value, int len)
{
	struct nlattr *attr = (void *)(batch + batch_len);

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memcpy(attr + 1, value, len);
	batch_len += NLA_ALIGN(attr->nla_len);
	nlh->nlmsg_len += NLA_ALIGN(attr->nla_len);
	return attr;
}

static const struct hook {
	const char *name;
	int family, number;
} hooks[] = {
	{ "nftables, input", NFPROTO_IPV4, NF_INET_LOCAL_IN },
	{ "nftables, output", NFPROTO_IPV4, NF_INET_LOCAL_OUT },
	{ "nftables, prerouting", NFPROTO_IPV4, NF_INET_PRE_ROUTING },
	{ "nftables, postrouting", NFPROTO_IPV4, NF_INET_POST_ROUTING },
	{ "nftables, ingress of lo", NFPROTO_NETDEV, NF_NETDEV_INGRESS },
	{ "nftables, egress of lo", NFPROTO_NETDEV, NF_NETDEV_EGRESS },	/* 5.16 */
}, *hook_now;

/* Adds or deletes a table; with it, a chain on the way whose policy is to drop. */
static bool nft(bool add)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	uint32_t hook[] = { htonl(hook_now->number), htonl(0) }, policy = htonl(NF_DROP);
	struct { struct nlmsghdr nlh; struct nlmsgerr err; } ack;
	struct nlattr *nest;
	struct nlmsghdr *nlh;
	bool done;

	if (fd < 0)
		return false;
	memset(batch, 0, sizeof(batch));
	batch_len = 0;
	/* the last of them is acknowledged, or the first that fails */
	message(NFNL_MSG_BATCH_BEGIN, 0, 0, NFNL_SUBSYS_NFTABLES);
	nlh = message(NFNL_SUBSYS_NFTABLES << 8 | (add ? NFT_MSG_NEWTABLE : NFT_MSG_DELTABLE),
		      add ? NLM_F_CREATE : NLM_F_ACK, hook_now->family, 0);
	attribute(nlh, NFTA_TABLE_NAME, "observed", 9);
	if (add) {
		nlh = message(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_ACK,
			      hook_now->family, 0);
		attribute(nlh, NFTA_CHAIN_TABLE, "observed", 9);
		attribute(nlh, NFTA_CHAIN_NAME, "in", 3);
		nest = attribute(nlh, NLA_F_NESTED | NFTA_CHAIN_HOOK, NULL, 0);
		attribute(nlh, NFTA_HOOK_HOOKNUM, &hook[0], 4);
		attribute(nlh, NFTA_HOOK_PRIORITY, &hook[1], 4);
		if (hook_now->family == NFPROTO_NETDEV)
			attribute(nlh, NFTA_HOOK_DEV, "lo", 3);
		nest->nla_len = batch + batch_len - (unsigned char *)nest;
		attribute(nlh, NFTA_CHAIN_POLICY, &policy, 4);
		attribute(nlh, NFTA_CHAIN_TYPE, "filter", 7);
	}
	message(NFNL_MSG_BATCH_END, 0, 0, NFNL_SUBSYS_NFTABLES);
	must(sendto(fd, batch, batch_len, 0, (void *)&kernel, sizeof(kernel)) == (long)batch_len);
	done = recv(fd, &ack, sizeof(ack), 0) >= (long)sizeof(ack) && !ack.err.error;
	close(fd);
	return done;
}

static bool drop(void)
{
	return nft(true);
}

static void no_drop(void)
{
	must(nft(false));
}

int main(void)
{
	struct kelevate_info info = kel_query();

	if (!(info.features & KELEVATE_F_DEEP))
		skip("no deep shortcuts");
	connect_ends();
	kel_elevate(KELEVATE_STICKY);
	unobserved("at first");
	looked_at("a packet socket", socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL)));
	looked_at("a packet socket for IP", socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP)));
	looked_at("a raw socket", socket(AF_INET, SOCK_RAW, IPPROTO_TCP));
	stopped("netem", netem, no_netem);
	stopped("filter on ingress", ingress, no_ingress);
	for (hook_now = hooks; hook_now < hooks + sizeof(hooks) / sizeof(*hooks); hook_now++)
		stopped(hook_now->name, drop, no_drop);
	close(ends[0]);
	must(recv(ends[1], batch, 1, 0) == 0 && got == sent);
	return 0;
}
