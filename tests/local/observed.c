// SPDX-License-Identifier: GPL-2.0
/*
 * Whoever looks at packets, or keeps them from going on, sees and stops those
 * between elevated senders and their peers in this machine, from the moment it
 * is there, in the middle of a stream; when it has gone, segments are handed
 * over again.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include "elevate/kel.h"

#define WRITES	50
#define SIZE	1000

static int ends[2];
static in_port_t port;		/* of the sender */
static unsigned int sent, got;	/* every byte is its place in the stream */

static uint64_t handed_over(void)
{
	struct kelevate_stat st = kel_stat(getpid());
	struct kelevate_row row = { .size = sizeof(row) };
	uint64_t n = 0;

	for (; kel(KELEVATE_ROW, 0, &row) == 0; row.index++) {
		if (!strcmp(row.function, "tcp_rcv_established") || !strcmp(row.function, "tcp_v4_do_rcv"))
			n += st.rows[row.index];
	}
	return n;
}

static void connect_ends(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	must(!bind(listener, (void *)&at, len) && !listen(listener, 1));
	must(!getsockname(listener, (void *)&at, &len));
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	must(!connect(ends[0], (void *)&at, len) && !getsockname(ends[0], (void *)&at, &len));
	port = at.sin_port;
	ends[1] = accept(listener, NULL, NULL);
	must(ends[1] >= 0 && !setsockopt(ends[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
	close(listener);
}

static unsigned char byte(unsigned int place)
{
	return place * 2654435761u >> 17;
}

static void send_one(void)
{
	unsigned char buf[SIZE];

	for (int i = 0; i < SIZE; i++)
		buf[i] = byte(sent++);
	must(gate3(SYS_write, ends[0], buf, SIZE) == SIZE);
}

static void receive_one(void)
{
	unsigned char buf[SIZE];

	must(recv(ends[1], buf, SIZE, MSG_WAITALL) == SIZE);
	for (int i = 0; i < SIZE; i++, got++)
		must(buf[i] == byte(got), "%u", got);
}

static bool arrived(int milliseconds)
{
	struct pollfd fd = { .fd = ends[1], .events = POLLIN };

	return poll(&fd, 1, milliseconds) == 1;
}

/* How many of the writes were handed over. */
static unsigned int some(void)
{
	uint64_t before = handed_over();

	for (int i = 0; i < WRITES; i++) {
		send_one();
		receive_one();
	}
	return handed_over() - before;
}

static void unobserved(const char *since)
{
	unsigned int n = 0;

	/* some things go only after a grace period */
	for (int i = 0; i < 40 && n < WRITES / 2; i++) {
		n = some();
		if (n < WRITES / 2)
			usleep(50000);
	}
	must(n >= WRITES / 2, "%s: %u of %u", since, n, WRITES);
}

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

/* Nothing arrives while it is there, and everything after. */
static void stopped(const char *who, bool (*begin)(void), void (*end)(void))
{
	uint64_t before;

	if (!begin()) {
		printf("# no %s here\n", who);
		return;
	}
	before = handed_over();
	for (int i = 0; i < 5; i++)
		send_one();
	must(!arrived(300), "%s: it was not stopped", who);
	must(handed_over() == before, "%s", who);
	end();
	for (int i = 0; i < 5; i++)
		receive_one();
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

/* Adds or deletes a table; with it, a chain on the way in whose policy is to drop. */
static bool nft(bool add)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	uint32_t hook[] = { htonl(NF_INET_LOCAL_IN), htonl(0) }, policy = htonl(NF_DROP);
	struct { struct nlmsghdr nlh; struct nlmsgerr err; } ack;
	struct nlattr *nest;
	struct nlmsghdr *nlh;
	bool done;

	if (fd < 0)
		return false;
	memset(batch, 0, sizeof(batch));
	batch_len = 0;
	message(NFNL_MSG_BATCH_BEGIN, 0, 0, NFNL_SUBSYS_NFTABLES);
	nlh = message(NFNL_SUBSYS_NFTABLES << 8 | (add ? NFT_MSG_NEWTABLE : NFT_MSG_DELTABLE),
		      (add ? NLM_F_CREATE : 0) | NLM_F_ACK, NFPROTO_IPV4, 0);
	attribute(nlh, NFTA_TABLE_NAME, "observed", 9);
	if (add) {
		nlh = message(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN, NLM_F_CREATE,
			      NFPROTO_IPV4, 0);
		attribute(nlh, NFTA_CHAIN_TABLE, "observed", 9);
		attribute(nlh, NFTA_CHAIN_NAME, "in", 3);
		nest = attribute(nlh, NLA_F_NESTED | NFTA_CHAIN_HOOK, NULL, 0);
		attribute(nlh, NFTA_HOOK_HOOKNUM, &hook[0], 4);
		attribute(nlh, NFTA_HOOK_PRIORITY, &hook[1], 4);
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
	stopped("nftables", drop, no_drop);
	close(ends[0]);
	must(recv(ends[1], batch, 1, 0) == 0 && got == sent);
	return 0;
}
