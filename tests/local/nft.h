/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nft.h - netfilter's hooks that packets over the loopback device pass, and a chain
 * on one of them
 */
#ifndef NFT_H
#define NFT_H

#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include "local/connection.h"

static const struct hook {
	const char *name;
	int family, number;
} hooks[] = {
	{ "nftables, input", NFPROTO_IPV4, NF_INET_LOCAL_IN },
	{ "nftables, output", NFPROTO_IPV4, NF_INET_LOCAL_OUT },
	{ "nftables, prerouting", NFPROTO_IPV4, NF_INET_PRE_ROUTING },
	{ "nftables, postrouting", NFPROTO_IPV4, NF_INET_POST_ROUTING },
	{ "nftables, ingress of lo", NFPROTO_NETDEV, NF_NETDEV_INGRESS },
	{ "nftables, egress of lo", NFPROTO_NETDEV, NF_NETDEV_EGRESS },	/* the last: from 5.16 on */
};

static inline int nr_hooks(void)
{
	return sizeof(hooks) / sizeof(*hooks) - older_than(5, 16);
}

static unsigned char batch[1024];
static unsigned int batch_len;

static inline struct nlmsghdr *message(int type, int flags, int family, int resource)
{
	struct nlmsghdr *nlh = (void *)(batch + batch_len);
	struct nfgenmsg *nfg = NLMSG_DATA(nlh);

	*nlh = (struct nlmsghdr){ NLMSG_LENGTH(sizeof(*nfg)), type, NLM_F_REQUEST | flags, 0, 0 };
	*nfg = (struct nfgenmsg){ family, NFNETLINK_V0, htons(resource) };
	batch_len += nlh->nlmsg_len;
	return nlh;
}

static inline struct nlattr *attribute(struct nlmsghdr *nlh, int type, const void *value, int len)
{
	struct nlattr *attr = (void *)(batch + batch_len);

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memcpy(attr + 1, value, len);
	batch_len += NLA_ALIGN(attr->nla_len);
	nlh->nlmsg_len += NLA_ALIGN(attr->nla_len);
	return attr;
}

/* Adds or deletes a table; with it, a chain on this hook, of this policy. */
static inline bool nft(bool add, const struct hook *at, int verdict)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	uint32_t hook[] = { htonl(at->number), htonl(0) }, policy = htonl(verdict);
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
		      add ? NLM_F_CREATE : NLM_F_ACK, at->family, 0);
	attribute(nlh, NFTA_TABLE_NAME, "observed", 9);
	if (add) {
		nlh = message(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_ACK,
			      at->family, 0);
		attribute(nlh, NFTA_CHAIN_TABLE, "observed", 9);
		attribute(nlh, NFTA_CHAIN_NAME, "in", 3);
		nest = attribute(nlh, NLA_F_NESTED | NFTA_CHAIN_HOOK, NULL, 0);
		attribute(nlh, NFTA_HOOK_HOOKNUM, &hook[0], 4);
		attribute(nlh, NFTA_HOOK_PRIORITY, &hook[1], 4);
		if (at->family == NFPROTO_NETDEV)
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

#endif
