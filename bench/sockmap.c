// SPDX-License-Identifier: GPL-2.0
/*
 * sockmap - what people do today about TCP over loopback: BPF takes a message
 * from one socket's send call to the other socket's receive queue
 *
 * For all TCP connections over IPv4 that processes of a control group open or
 * accept, until this program ends. Says "ready" when it is in force. Two BPF
 * programs of twenty instructions: written out here, so that no compiler for
 * BPF is needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define INSN(c, d, s, o, i) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
#define LOAD(dst, src, off)	INSN(BPF_LDX | BPF_MEM | BPF_W, dst, src, off, 0)
#define STORE(dst, off, src)	INSN(BPF_STX | BPF_MEM | BPF_W, dst, src, off, 0)
#define MOVE(dst, src)		INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define MOVE_IMM(dst, imm)	INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define ADD_IMM(dst, imm)	INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, imm)
#define TO_BE32(dst)		INSN(BPF_ALU | BPF_END | BPF_TO_BE, dst, 0, 0, 32)
#define JUMP_EQ(reg, imm, off)	INSN(BPF_JMP | BPF_JEQ | BPF_K, reg, 0, off, imm)
#define JUMP_NE(reg, imm, off)	INSN(BPF_JMP | BPF_JNE | BPF_K, reg, 0, off, imm)
#define LOAD_MAP(dst, fd)	INSN(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)
#define CALL(function)		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_##function)
#define EXIT()			INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

#define KEY	-16	/* on the stack: local address, remote address, local port, remote port, of one end */

static long bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int load(enum bpf_prog_type type, enum bpf_attach_type attach, const struct bpf_insn *insns, size_t size)
{
	static char log[65536];
	union bpf_attr attr = {
		.prog_type = type, .expected_attach_type = attach,
		.insns = (uintptr_t)insns, .insn_cnt = size / sizeof(*insns),
		.license = (uintptr_t)"GPL",
		.log_buf = (uintptr_t)log, .log_size = sizeof(log), .log_level = 1,
	};
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		die("the kernel refuses the program: %s\n%s", strerror(errno), log);
	return fd;
}

int main(int argc, char **argv)
{
	union bpf_attr map_attr = {
		.map_type = BPF_MAP_TYPE_SOCKHASH, .key_size = 16, .value_size = 4, .max_entries = 65536,
	};
	int map = bpf(BPF_MAP_CREATE, &map_attr), cgroup;

	if (argc != 2)
		die("usage: sockmap CGROUP-DIRECTORY");
	cgroup = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup < 0 || map < 0)
		die("%s: %s", cgroup < 0 ? argv[1] : "no map", strerror(errno));

	/* A connection was established, on either side: into the map, under its own addresses. */
	const struct bpf_insn established[] = {
		MOVE(BPF_REG_6, BPF_REG_1),
		LOAD(BPF_REG_0, BPF_REG_6, offsetof(struct bpf_sock_ops, op)),
		JUMP_EQ(BPF_REG_0, BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB, 1),
		JUMP_NE(BPF_REG_0, BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB, 18),
		LOAD(BPF_REG_0, BPF_REG_6, offsetof(struct bpf_sock_ops, family)),
		JUMP_NE(BPF_REG_0, AF_INET, 16),
		LOAD(BPF_REG_0, BPF_REG_6, offsetof(struct bpf_sock_ops, local_ip4)),
		STORE(BPF_REG_10, KEY, BPF_REG_0),
		LOAD(BPF_REG_0, BPF_REG_6, offsetof(struct bpf_sock_ops, remote_ip4)),
		STORE(BPF_REG_10, KEY + 4, BPF_REG_0),
		LOAD(BPF_REG_0, BPF_REG_6, offsetof(struct bpf_sock_ops, local_port)),
		TO_BE32(BPF_REG_0),
		STORE(BPF_REG_10, KEY + 8, BPF_REG_0),
		LOAD(BPF_REG_0, BPF_REG_6, offsetof(struct bpf_sock_ops, remote_port)),
		STORE(BPF_REG_10, KEY + 12, BPF_REG_0),
		MOVE(BPF_REG_1, BPF_REG_6),
		LOAD_MAP(BPF_REG_2, map),
		MOVE(BPF_REG_3, BPF_REG_10),
		ADD_IMM(BPF_REG_3, KEY),
		MOVE_IMM(BPF_REG_4, BPF_ANY),
		CALL(sock_hash_update),
		MOVE_IMM(BPF_REG_0, 1),
		EXIT(),
	};
	/* A message is sent: to the socket whose addresses are ours the other way round, if it is in the map. */
	const struct bpf_insn sent[] = {
		MOVE(BPF_REG_6, BPF_REG_1),
		LOAD(BPF_REG_0, BPF_REG_6, offsetof(struct sk_msg_md, remote_ip4)),
		STORE(BPF_REG_10, KEY, BPF_REG_0),
		LOAD(BPF_REG_0, BPF_REG_6, offsetof(struct sk_msg_md, local_ip4)),
		STORE(BPF_REG_10, KEY + 4, BPF_REG_0),
		LOAD(BPF_REG_0, BPF_REG_6, offsetof(struct sk_msg_md, remote_port)),
		STORE(BPF_REG_10, KEY + 8, BPF_REG_0),
		LOAD(BPF_REG_0, BPF_REG_6, offsetof(struct sk_msg_md, local_port)),
		TO_BE32(BPF_REG_0),
		STORE(BPF_REG_10, KEY + 12, BPF_REG_0),
		MOVE(BPF_REG_1, BPF_REG_6),
		LOAD_MAP(BPF_REG_2, map),
		MOVE(BPF_REG_3, BPF_REG_10),
		ADD_IMM(BPF_REG_3, KEY),
		MOVE_IMM(BPF_REG_4, BPF_F_INGRESS),
		CALL(msg_redirect_hash),
		MOVE_IMM(BPF_REG_0, SK_PASS),
		EXIT(),
	};
	union bpf_attr to_map = {
		.target_fd = map, .attach_type = BPF_SK_MSG_VERDICT,
		.attach_bpf_fd = load(BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT, sent, sizeof(sent)),
	};
	union bpf_attr to_cgroup = { .link_create = {
		.target_fd = cgroup, .attach_type = BPF_CGROUP_SOCK_OPS,
		.prog_fd = load(BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS, established, sizeof(established)),
	} };

	if (bpf(BPF_PROG_ATTACH, &to_map))
		die("the map takes no program: %s", strerror(errno));
	if (bpf(BPF_LINK_CREATE, &to_cgroup) < 0)
		die("%s takes no program: %s", argv[1], strerror(errno));
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
