// SPDX-License-Identifier: GPL-2.0
/*
 * What else can be made of a TCP connection, in the middle of its stream or before
 * it begins: kernel TLS, BPF's socket maps, Multipath TCP, time stamps of what is
 * sent, TCP-AO. An elevated sender's bytes go as a system call's would: encrypted, to
 * where BPF wants them, and so on. Other connections are handed over as ever.
 */
#include <netinet/in.h>
#include <linux/bpf.h>
#include <linux/errqueue.h>
#include <linux/mptcp.h>
#include <linux/net_tstamp.h>
#include <linux/tls.h>
#include "local/connection.h"

#define SOME	10

/* As receive_one(), by the gate. */
static void receive_elevated(void)
{
	unsigned char buf[SIZE];

	must(gate6(SYS_recvfrom, ends[1], buf, SIZE, MSG_WAITALL, 0, 0) == SIZE);
	for (int i = 0; i < SIZE; i++, got++)
		must(buf[i] == byte(got), "%u", got);
}

static void back_and_forth(void)
{
	for (int i = 0; i < SOME; i++) {
		send_one();
		must(arrived(5000), "%d", i);
		if (i % 2)
			receive_elevated();
		else
			receive_one();
	}
}

/* Encrypted by TLS 1.2: header, explicit nonce, data, tag. */
#define HEADER	5
#define RECORD	(HEADER + TLS_CIPHER_AES_GCM_128_IV_SIZE + SIZE + TLS_CIPHER_AES_GCM_128_TAG_SIZE)

/* From its record of this number on. */
static void encrypt(int fd, int direction, unsigned char number)
{
	struct tls12_crypto_info_aes_gcm_128 info = {
		.info = { TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128 },
		.iv = { 1, 2, 3 }, .key = { 4, 5, 6 }, .salt = { 7, 8, 9 }, .rec_seq = { [7] = number },
	};
	long ret = gate6(SYS_setsockopt, fd, IPPROTO_TCP, TCP_ULP, "tls", 3, 0);

	must(!ret, "TCP_ULP: %ld", ret);
	ret = gate6(SYS_setsockopt, fd, SOL_TLS, direction, &info, sizeof(info), 0);
	must(!ret, "direction %d: %ld", direction, ret);
}

/* The next record, as it is on the wire. */
static void receive_encrypted(unsigned char *record)
{
	unsigned char plain[SIZE];

	for (int i = 0; i < SIZE; i++)
		plain[i] = byte(got++);
	/* not more than what would be there of plaintext */
	must(recv(ends[1], record, SIZE, MSG_WAITALL | MSG_PEEK) == SIZE);
	for (int i = 0; i + 16 <= SIZE; i += 16)
		must(!memmem(record, SIZE, plain + i, 16), "%d is on the wire", i);
	must(recv(ends[1], record, RECORD, MSG_WAITALL) == RECORD);
	must(record[0] == 23 && (record[3] << 8 | record[4]) == RECORD - HEADER);
}

static void tls(void)
{
	unsigned char record[RECORD], first[RECORD], plain[SIZE];
	unsigned int place;
	uint64_t before;

	if (older_than(5, 11)) {
		printf("# Debian's 5.10 has no TLS in the kernel\n");
		return;
	}
	connect_ends();
	unobserved("before TLS");
	send_one();
	encrypt(ends[0], TLS_TX, 0);
	receive_one();
	before = handed_over();
	place = sent;
	for (int i = 0; i < SOME; i++) {
		send_one();
		receive_encrypted(i ? record : first);
	}
	encrypt(ends[1], TLS_RX, SOME);
	back_and_forth();
	must(handed_over() == before, "%lu of TLS", handed_over() - before);
	end_connection();

	/* a sender that encrypts by itself, for a receiver that does not decrypt by itself */
	connect_ends();
	unobserved("before TLS of the receiver");
	encrypt(ends[1], TLS_RX, 0);
	must(gate3(SYS_write, ends[0], first, RECORD) == RECORD);
	must(gate3(SYS_read, ends[1], plain, SIZE) == SIZE);
	for (int i = 0; i < SIZE; i++)
		must(plain[i] == byte(place + i), "%d", i);
	end_connection();
}

static long bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, command, attr, sizeof(*attr));

	must(ret >= 0, "%d: %d", command, errno);
	return ret;
}

/* The program is for the sockets of the map. */
static void give(int map, enum bpf_prog_type type, enum bpf_attach_type at,
		 const struct bpf_insn *program, unsigned int len)
{
	union bpf_attr load = {
		.prog_type = type, .expected_attach_type = at,
		.insns = (long)program, .insn_cnt = len, .license = (long)"GPL",
	};
	union bpf_attr attach = { .target_fd = map, .attach_type = at };

	attach.attach_bpf_fd = bpf(BPF_PROG_LOAD, &load);
	bpf(BPF_PROG_ATTACH, &attach);
	close(attach.attach_bpf_fd);
}

static int new_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_SOCKMAP, .key_size = 4, .value_size = 4, .max_entries = 2,
	};

	return bpf(BPF_MAP_CREATE, &attr);
}

static void put(int map, uint32_t end)
{
	union bpf_attr attr = { .map_fd = map, .key = (long)&end, .value = (long)&ends[end] };

	bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

static void take_out(int map, uint32_t end)
{
	union bpf_attr attr = { .map_fd = map, .key = (long)&end };

	bpf(BPF_MAP_DELETE_ELEM, &attr);
}

/* What TCP received at the receiver's end. */
static uint64_t received(void)
{
	struct {
		struct tcp_info old;
		uint64_t pacing, max_pacing, acked, received;
	} info;
	socklen_t len = sizeof(info);

	must(!getsockopt(ends[1], IPPROTO_TCP, TCP_INFO, &info, &len) && len == sizeof(info));
	return info.received;
}

/* A program takes what is sent to the other end, past TCP. */
static void redirected(void)
{
	int map = new_map();
	const struct bpf_insn to_end_1[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_2, .src_reg = BPF_PSEUDO_MAP_FD, .imm = map },
		{ .code = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = 1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_4, .imm = BPF_F_INGRESS },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_msg_redirect_map },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	uint64_t before;

	give(map, BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT, to_end_1, 6);
	connect_ends();
	unobserved("before a socket map");
	put(map, 1);
	put(map, 0);
	before = received();
	back_and_forth();
	must(received() == before, "%lu bytes by TCP", received() - before);
	take_out(map, 0);
	take_out(map, 1);
	unobserved("after a socket map");
	must(received() > before);
	end_connection();
	close(map);
}

/* A program looks at what has come for the receiver, and lets it pass. */
static void looked_through(void)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = SK_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int map;

	if (older_than(5, 13)) {
		printf("# BPF gives no verdict on a stream without a parser before 5.13\n");
		return;
	}
	map = new_map();
	give(map, BPF_PROG_TYPE_SK_SKB, BPF_SK_SKB_VERDICT, pass, 2);
	connect_ends();
	unobserved("before a verdict");
	put(map, 1);
	back_and_forth();
	take_out(map, 1);
	unobserved("after a verdict");
	end_connection();
	close(map);
}

static bool is_multipath(int fd)
{
	struct mptcp_info info;
	socklen_t len = sizeof(info);

	return !getsockopt(fd, SOL_MPTCP, MPTCP_INFO, &info, &len) &&
	       !(info.mptcpi_flags & MPTCP_INFO_FLAG_FALLBACK);
}

static void multipath(void)
{
	int client, on = 1;

	if (older_than(5, 11)) {
		printf("# Debian's 5.10 has no MPTCP\n");
		return;
	}
	connect_by(IPPROTO_MPTCP, IPPROTO_MPTCP, NULL);
	all_the_way("MPTCP");
	back_and_forth();
	must(is_multipath(ends[0]) && is_multipath(ends[1]));
	end_connection();

	/* with one who knows TCP only */
	connect_by(IPPROTO_MPTCP, IPPROTO_TCP, NULL);
	all_the_way("MPTCP to TCP");
	must(!is_multipath(ends[0]));
	client = ends[0];
	ends[0] = ends[1];
	ends[1] = client;
	must(!setsockopt(ends[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
	all_the_way("TCP to MPTCP");
	end_connection();
	connect_by(IPPROTO_TCP, IPPROTO_MPTCP, NULL);
	back_and_forth();
	end_connection();
}

/* One of the stamps of the byte before this, or nothing. Which: 1 << its kind. */
static unsigned int stamp(unsigned int end)
{
	char control[300];
	struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof(control) };
	struct sock_extended_err *error = NULL;
	struct scm_timestamping *times = NULL;

	if (recvmsg(ends[0], &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return 0;
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
		if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_TIMESTAMPING)
			times = (void *)CMSG_DATA(cmsg);
		if (cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_RECVERR)
			error = (void *)CMSG_DATA(cmsg);
	}
	must(error && times && error->ee_origin == SO_EE_ORIGIN_TIMESTAMPING);
	must(error->ee_data == end - 1, "of byte %u, not %u", error->ee_data, end - 1);
	must(times->ts[0].tv_sec || times->ts[0].tv_nsec);
	return 1 << error->ee_info;
}

/* All of these, and none twice. */
static void stamped(unsigned int kinds, unsigned int end)
{
	struct pollfd error = { .fd = ends[0] };
	unsigned int told = 0, one;

	while (told != kinds) {
		must(poll(&error, 1, 5000) == 1, "%#x of %#x, byte %u", told, kinds, end);
		one = stamp(end);
		must(one && !(told & one) && !(one & ~kinds), "%#x, %#x of %#x", one, told, kinds);
		told |= one;
	}
	must(!stamp(end));
}

#define SENT	(1 << SCM_TSTAMP_SND)
#define QUEUED	(1 << SCM_TSTAMP_SCHED)
#define ACKED	(1 << SCM_TSTAMP_ACK)

static unsigned int wanted(unsigned int kinds)
{
	return (kinds & SENT ? SOF_TIMESTAMPING_TX_SOFTWARE : 0) |
	       (kinds & QUEUED ? SOF_TIMESTAMPING_TX_SCHED : 0) |
	       (kinds & ACKED ? SOF_TIMESTAMPING_TX_ACK : 0);
}

static void timestamping(unsigned int flags)
{
	must(!setsockopt(ends[0], SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)), "%d", errno);
}

static void send_as(bool elevated, struct msghdr *msg)
{
	unsigned char buf[SIZE];
	struct iovec data = { buf, SIZE };

	for (int i = 0; i < SIZE; i++)
		buf[i] = byte(sent++);
	msg->msg_iov = &data;
	msg->msg_iovlen = 1;
	must((elevated ? gate3(SYS_sendmsg, ends[0], msg, 0) : sendmsg(ends[0], msg, 0)) == SIZE);
}

/* Of each write, or of those whose message says so. */
static void times(unsigned int kinds, bool of_each)
{
	unsigned int report = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
	char control[CMSG_SPACE(sizeof(uint32_t))] = { };
	struct msghdr msg = { };
	struct cmsghdr *cmsg;

	timestamping(report | (of_each ? wanted(kinds) : 0));
	if (!of_each) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SO_TIMESTAMPING;
		cmsg->cmsg_len = CMSG_LEN(sizeof(uint32_t));
		*(uint32_t *)CMSG_DATA(cmsg) = wanted(kinds);
	}
	for (int i = 1; i <= SOME; i++) {
		send_as(i % 2, &msg);
		receive_one();
		stamped(kinds, i * SIZE);
	}
	timestamping(0);
	unobserved("after time stamps");
}

static void timestamps(void)
{
	connect_ends();
	unobserved("before time stamps");
	for (int of_each = 0; of_each < 2; of_each++) {
		times(SENT, of_each);
		times(ACKED, of_each);
		times(SENT | QUEUED | ACKED, of_each);
	}
	end_connection();
}

#ifndef TCP_AO_ADD_KEY
#define TCP_AO_ADD_KEY	38
struct tcp_ao_add {
	struct sockaddr_storage addr;
	char alg_name[64];
	int32_t ifindex;
	uint32_t flags;
	uint16_t reserved2;
	uint8_t prefix, sndid, rcvid, maclen, keyflags, keylen, key[80];
} __attribute__((aligned(8)));
#endif

static void key(int fd)
{
	struct tcp_ao_add add = {
		.alg_name = "hmac(sha1)", .prefix = 32, .sndid = 1, .rcvid = 1, .keylen = 6, .key = "symbio",
	};
	struct sockaddr_in *peer = (void *)&add.addr;

	peer->sin_family = AF_INET;
	peer->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(!setsockopt(fd, IPPROTO_TCP, TCP_AO_ADD_KEY, &add, sizeof(add)), "%d", errno);
}

static void authenticated(void)
{
	if (older_than(7, 0)) {
		printf("# Debian's kernels have no TCP-AO before 7.x\n");
		return;
	}
	connect_by(IPPROTO_TCP, IPPROTO_TCP, key);
	all_the_way("TCP-AO");
	back_and_forth();
	end_connection();
}

int main(void)
{
	if (!(kel_query().features & KELEVATE_F_DEEP))
		skip("no deep shortcuts");
	kel_elevate(KELEVATE_STICKY);
	tls();
	redirected();
	looked_through();
	multipath();
	timestamps();
	authenticated();

	connect_ends();
	unobserved("at last");
	end_connection();
	return 0;
}
