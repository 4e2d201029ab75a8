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
#include "local/nft.h"

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
	struct tcp_info info = { .tcpi_unacked = 1 };
	socklen_t len = sizeof(info);
	unsigned int from = sent, n;
	int big = 4 << 20;
	char dropped;

	must(fd >= 0, "%s: %d", who, errno);
	/* what was sent before may be sent once more */
	while (info.tcpi_unacked) {
		must(!getsockopt(ends[0], IPPROTO_TCP, TCP_INFO, &info, &len));
		usleep(1000);
	}
	while (recv(fd, &dropped, 1, MSG_DONTWAIT) >= 0)
		;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	n = some();
	must(!n, "%s: %u not seen", who, n);
	all_seen(fd, from);
	close(fd);
	unobserved(who);
}

static bool netem(void)
{
	return system("tc qdisc add dev lo root netem loss 100%") == 0;
}

static void no_netem(void)
{
	must(!system("tc qdisc del dev lo root"));
}

/* Where none of ours go. */
static void netem_elsewhere(void)
{
	must(!system("ip link add other type dummy && ip link set other up && "
		     "tc qdisc add dev other root netem delay 1ms reorder 25%"));
	unobserved("netem on another device");
	must(!system("ip link del other"));
}

static bool ingress(void)
{
	return system("tc qdisc add dev lo clsact && "
		      "tc filter add dev lo ingress matchall action drop") == 0;
}

static void no_ingress(void)
{
	must(!system("tc qdisc del dev lo clsact"));
}

static const struct hook *hook_now;

static bool drop(void)
{
	return nft(true, hook_now, NF_DROP);
}

static void no_drop(void)
{
	must(nft(false, hook_now, 0));
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
	netem_elsewhere();
	stopped("filter on ingress", ingress, no_ingress);
	for (hook_now = hooks; hook_now < hooks + nr_hooks(); hook_now++)
		stopped(hook_now->name, drop, no_drop);
	if (older_than(5, 16))
		printf("# netfilter has no hook on egress before 5.16\n");
	end_connection();
	return 0;
}
