// SPDX-License-Identifier: GPL-2.0
/*
 * What can be reached through the gate: one table of system calls, each with
 * the function that the kernel's own dispatcher would call (shallow), and for
 * some a way below it (deep) for the descriptors that have one.
 *
 * A deep way keeps every check that the system call makes, in its order: access
 * mode, the address range, both security hooks, fsnotify, I/O accounting. It
 * answers KEL_NOT_DEEP, having done nothing, where it does not apply.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fsnotify.h>
#include <linux/net.h>
#include <linux/module.h>
#include <linux/sched/xacct.h>
#include <linux/socket.h>
#include <linux/tcp.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <asm/unistd.h>
#include <net/sock.h>
#include <net/tcp.h>
#include "kelevate.h"

bool kel_deep = true;
module_param_named(deep, kel_deep, bool, 0444);
MODULE_PARM_DESC(deep, "deep shortcuts for TCP, UNIX stream and pipe descriptors (default on)");

struct kel_shortcut kel_shortcuts[KELEVATE_NR_MAX];

enum {
#define SHALLOW(call)		ROW_##call,
#define DEEP(call, function)	ROW_##call##_##function,
#include "shortcuts.def"
	ROWS
};

static struct {
	unsigned int nr;
	bool deep;
	const char *call, *function;
} rows[] = {
#define SHALLOW(call)		{ __NR_##call, false, #call, KEL_SYS #call },
#define DEEP(call, function)	{ __NR_##call, true, #call, #function },
#define __NR_kelevate		0	/* is a parameter */
#define __NR_newfstat		__NR_fstat
#define __NR_sendfile64		__NR_sendfile
#include "shortcuts.def"
};

static int (*verify_area)(int rw, struct file *file, const loff_t *pos, size_t len);
static int (*hook_recv)(struct socket *sock, struct msghdr *msg, int size, int flags);
static int (*hook_send)(struct socket *sock, struct msghdr *msg, int size);
static void *pipe_read_iter;	/* which only pipes have */

enum kind { KIND_NONE, KIND_TCP, KIND_UNIX };

/* The protocols whose functions are called; not their TLS, SMC, ... variants. */
static __always_inline enum kind socket_kind(struct socket *sock)
{
	struct sock *sk = sock->sk;

	if (sock->type != SOCK_STREAM)
		return KIND_NONE;
	if (sk->sk_family == AF_UNIX)
		return KIND_UNIX;
	if ((sk->sk_family == AF_INET || sk->sk_family == AF_INET6) &&
	    (void *)READ_ONCE(sk->sk_prot)->recvmsg == kel_tcp_recvmsg &&
	    READ_ONCE(sk->sk_prot)->sendmsg == tcp_sendmsg)
		return KIND_TCP;
	return KIND_NONE;
}

static __always_inline
long sock_in(struct socket *sock, enum kind kind, struct msghdr *msg, size_t len, int flags,
	     enum kel_way *way)
{
	long ret;

	ret = hook_recv(sock, msg, len, flags);
	if (ret)
		return ret;
	if (kind == KIND_UNIX)
		return sock->ops->recvmsg(sock, msg, len, flags);
	if (!(flags & MSG_ERRQUEUE))
		sock_rps_record_flow(sock->sk);
	return kel_local_recvmsg(sock->sk, msg, len, flags, way);
}

static __always_inline
long sock_out(struct socket *sock, enum kind kind, struct msghdr *msg, size_t len,
	      enum kel_way *way)
{
	long ret = hook_send(sock, msg, len);

	if (ret)
		return ret;
	if (kind == KIND_UNIX)
		return sock->ops->sendmsg(sock, msg, len);
	sock_rps_record_flow(sock->sk);
	return kel_local_sendmsg(sock->sk, msg, len, way);
}

static __always_inline
long pipe_io(struct file *file, char __user *buf, size_t len, bool out)
{
	/* no init_sync_kiocb(): pipes know no I/O priority */
	struct kiocb kiocb = { .ki_filp = file, .ki_flags = iocb_flags(file) };
	struct iov_iter iter;
	struct iovec iov;

	kel_iter_user(&iter, &iov, out ? ITER_SOURCE : ITER_DEST, buf, len);
	return out ? file->f_op->write_iter(&kiocb, &iter) :
		     file->f_op->read_iter(&kiocb, &iter);
}

/* What read and write leave behind: notifications and I/O accounting. */
static __always_inline void account(struct file *file, long ret, bool out)
{
	if (out) {
		if (ret > 0) {
			fsnotify_modify(file);
			add_wchar(current, ret);
		}
		inc_syscw(current);
	} else {
		if (ret > 0) {
			fsnotify_access(file);
			add_rchar(current, ret);
		}
		inc_syscr(current);
	}
}

/* A call to memset(), or REP STOS, takes longer than the stores. */
static __always_inline void clear_msghdr(struct msghdr *msg)
{
	unsigned long *word = (unsigned long *)msg;
	unsigned int i;

	BUILD_BUG_ON(sizeof(*msg) % sizeof(*word));
#pragma GCC unroll 32
	for (i = 0; i < sizeof(*msg) / sizeof(*word); i++)
		WRITE_ONCE(word[i], 0);
}

/* read and write on a socket or pipe: neither has a position. */
static __always_inline
long deep_rw(struct pt_regs *regs, struct kel_thread *th, bool out)
{
	char __user *buf = (char __user *)kel_arg(regs, 1);
	size_t len = kel_arg(regs, 2);
	struct msghdr msg;
	struct iovec iov;
	enum kind kind = KIND_NONE;
	struct socket *sock;
	struct fd f = fdget(kel_arg(regs, 0));
	fmode_t mode = out ? FMODE_WRITE : FMODE_READ;
	enum kel_way way = 0;
	long ret = KEL_NOT_DEEP;
	unsigned int row;

	if (!fd_file(f))
		return KEL_NOT_DEEP;
	sock = kel_sock_from_file(fd_file(f));
	if (sock) {
		kind = socket_kind(sock);
		if (kind == KIND_NONE)
			goto out;
	} else if (fd_file(f)->f_op->read_iter != pipe_read_iter || !(fd_file(f)->f_mode & FMODE_STREAM)) {
		goto out;
	}
	/* whatever is an error before anything happens: not worth a copy */
	if (!(fd_file(f)->f_mode & mode) || !access_ok(buf, len) || (ssize_t)len <= 0)
		goto out;

	ret = verify_area(out ? WRITE : READ, fd_file(f), NULL, len);
	if (ret)
		goto out;
	len = min_t(size_t, len, MAX_RW_COUNT);
	if (!sock) {
		ret = pipe_io(fd_file(f), buf, len, out);
		row = out ? ROW_write_pipe_write : ROW_read_pipe_read;
	} else {
		clear_msghdr(&msg);
		kel_iter_user(&msg.msg_iter, &iov, out ? ITER_SOURCE : ITER_DEST, buf, len);
		if (fd_file(f)->f_flags & O_NONBLOCK)
			msg.msg_flags = MSG_DONTWAIT;
		if (out) {
			ret = sock_out(sock, kind, &msg, len, &way);
			row = kind == KIND_UNIX ? ROW_write_unix_stream_sendmsg :
						    ROW_write_tcp_sendmsg + way;
		} else {
			ret = sock_in(sock, kind, &msg, len, msg.msg_flags, &way);
			row = kind == KIND_UNIX ? ROW_read_unix_stream_recvmsg :
						  ROW_read_tcp_recvmsg + way;
		}
	}
	th->rows[row]++;
	account(fd_file(f), ret, out);
out:
	fdput(f);
	return ret;
}

static long deep_read(struct pt_regs *regs, struct kel_thread *th)
{
	return deep_rw(regs, th, false);
}

static long deep_write(struct pt_regs *regs, struct kel_thread *th)
{
	return deep_rw(regs, th, true);
}

/* recvfrom and sendto without an address: recv and send. */
static __always_inline
long deep_msg(struct pt_regs *regs, struct kel_thread *th, bool out)
{
	char __user *buf = (char __user *)kel_arg(regs, 1);
	size_t len = kel_arg(regs, 2);
	unsigned int flags = kel_arg(regs, 3), row;
	enum kel_way way = 0;
	struct msghdr msg;
	struct iovec iov;
	enum kind kind;
	struct socket *sock;
	long ret = KEL_NOT_DEEP;
	struct fd f;

	if (kel_arg(regs, 4) || !access_ok(buf, len))
		return KEL_NOT_DEEP;
	f = fdget(kel_arg(regs, 0));
	if (!fd_file(f))
		return KEL_NOT_DEEP;
	sock = kel_sock_from_file(fd_file(f));
	if (!sock)
		goto out;
	kind = socket_kind(sock);
	if (kind == KIND_NONE)
		goto out;
	len = min_t(size_t, len, MAX_RW_COUNT);
	clear_msghdr(&msg);
	kel_iter_user(&msg.msg_iter, &iov, out ? ITER_SOURCE : ITER_DEST, buf, len);
	if (fd_file(f)->f_flags & O_NONBLOCK)
		flags |= MSG_DONTWAIT;
	if (out) {
		msg.msg_flags = flags & ~MSG_INTERNAL_SENDMSG_FLAGS;
		ret = sock_out(sock, kind, &msg, len, &way);
		row = kind == KIND_UNIX ? ROW_sendto_unix_stream_sendmsg :
					      ROW_sendto_tcp_sendmsg + way;
	} else {
		ret = sock_in(sock, kind, &msg, len, flags, &way);
		row = kind == KIND_UNIX ? ROW_recvfrom_unix_stream_recvmsg :
					  ROW_recvfrom_tcp_recvmsg + way;
	}
	th->rows[row]++;
out:
	fdput(f);
	return ret;
}

static long deep_recvfrom(struct pt_regs *regs, struct kel_thread *th)
{
	return deep_msg(regs, th, false);
}

static long deep_sendto(struct pt_regs *regs, struct kel_thread *th)
{
	return deep_msg(regs, th, true);
}

/* sendmsg on TCP, of some buffers and nothing else: as servers send a header and a value. */
static long deep_sendmsg(struct pt_regs *regs, struct kel_thread *th)
{
	unsigned int flags = kel_arg(regs, 2);
	struct iovec fast[UIO_FASTIOV], *iov = fast;
	enum kel_way way = KEL_WAY_SENDMSG;
	struct user_msghdr umsg;
	struct msghdr msg;
	struct socket *sock;
	long ret = KEL_NOT_DEEP;
	struct fd f;

	if (flags & MSG_CMSG_COMPAT)
		return KEL_NOT_DEEP;
	f = fdget(kel_arg(regs, 0));
	if (!fd_file(f))
		return KEL_NOT_DEEP;
	sock = kel_sock_from_file(fd_file(f));
	if (!sock || socket_kind(sock) != KIND_TCP)
		goto out;
	clear_msghdr(&msg);
	/* whatever is an error before anything happens: not worth a copy */
	if (copy_from_user(&umsg, (void __user *)kel_arg(regs, 1), sizeof(umsg)) ||
	    umsg.msg_name || umsg.msg_controllen ||
	    !umsg.msg_iovlen || umsg.msg_iovlen > UIO_FASTIOV ||
	    import_iovec(ITER_SOURCE, umsg.msg_iov, umsg.msg_iovlen, UIO_FASTIOV, &iov,
			 &msg.msg_iter) < 0)
		goto out;
	msg.msg_flags = flags & ~MSG_INTERNAL_SENDMSG_FLAGS;
	if (fd_file(f)->f_flags & O_NONBLOCK)
		msg.msg_flags |= MSG_DONTWAIT;
	ret = sock_out(sock, KIND_TCP, &msg, iov_iter_count(&msg.msg_iter), &way);
	th->rows[ROW_sendmsg_tcp_sendmsg + way]++;
	kfree(iov);
out:
	fdput(f);
	return ret;
}

/* writev on TCP: as write. */
static long deep_writev(struct pt_regs *regs, struct kel_thread *th)
{
	struct iovec fast[UIO_FASTIOV], *iov = fast;
	enum kel_way way = KEL_WAY_SENDMSG;
	struct msghdr msg;
	struct socket *sock;
	long ret = KEL_NOT_DEEP;
	struct fd f = fdget(kel_arg(regs, 0));

	if (!fd_file(f))
		return KEL_NOT_DEEP;
	sock = kel_sock_from_file(fd_file(f));
	if (!sock || socket_kind(sock) != KIND_TCP || kel_arg(regs, 2) > UIO_FASTIOV)
		goto out;
	clear_msghdr(&msg);
	if (import_iovec(ITER_SOURCE, (void __user *)kel_arg(regs, 1), kel_arg(regs, 2),
			 UIO_FASTIOV, &iov, &msg.msg_iter) <= 0)
		goto out;
	ret = verify_area(WRITE, fd_file(f), NULL, iov_iter_count(&msg.msg_iter));
	if (!ret) {
		if (fd_file(f)->f_flags & O_NONBLOCK)
			msg.msg_flags = MSG_DONTWAIT;
		ret = sock_out(sock, KIND_TCP, &msg, iov_iter_count(&msg.msg_iter), &way);
		th->rows[ROW_writev_tcp_sendmsg + way]++;
	}
	account(fd_file(f), ret, true);
	kfree(iov);
out:
	fdput(f);
	return ret;
}

/* A system call that makes TCP send on this descriptor: as it is, but its segments take our way. */
static long deep_sends(struct pt_regs *regs, struct kel_thread *th, int fd, unsigned int row)
{
	struct kel_shortcut *sc = &kel_shortcuts[rows[row].nr];
	long ret = KEL_NOT_DEEP;
	struct fd f = fdget(fd);
	struct socket *sock;

	if (!fd_file(f))
		return KEL_NOT_DEEP;
	sock = kel_sock_from_file(fd_file(f));
	if (sock && socket_kind(sock) == KIND_TCP) {
		u64 delivered = th->delivered;

		ret = kel_local_call(sock->sk, sc->sys, regs);
		th->rows[th->delivered != delivered ? row : sc->row]++;
	}
	fdput(f);
	return ret;
}

static long deep_sendfile(struct pt_regs *regs, struct kel_thread *th)
{
	return deep_sends(regs, th, kel_arg(regs, 0), ROW_sendfile64_tcp_v4_do_rcv);
}

/* What was held back goes when the cork is taken off. */
static long deep_setsockopt(struct pt_regs *regs, struct kel_thread *th)
{
	int option = kel_arg(regs, 2);

	if ((int)kel_arg(regs, 1) != SOL_TCP || (option != TCP_CORK && option != TCP_NODELAY))
		return KEL_NOT_DEEP;
	return deep_sends(regs, th, kel_arg(regs, 0), ROW_setsockopt_tcp_v4_do_rcv);
}

static long gate_kelevate(const struct pt_regs *regs)
{
	switch ((unsigned int)kel_arg(regs, 0)) {
	case KELEVATE_NULL:
		return 0;
	case KELEVATE_ELEVATE:
	case KELEVATE_LOWER:
	case KELEVATE_SETTLE:
	case KELEVATE_GRANT:
		/* these change what the gate stands on: as a system call */
		return -ERESTARTNOINTR;
	}
	return kelevate_call((struct pt_regs *)regs, true);
}

unsigned int kel_shortcut_rows(void)
{
	return ROWS;
}

int kel_shortcut_row(struct kelevate_row *row)
{
	unsigned int i = row->index;

	if (i >= ROWS)
		return -ENOENT;
	memset(row, 0, sizeof(*row));
	row->index = i;
	row->nr = rows[i].nr;
	row->deep = rows[i].deep;
	strscpy(row->call, rows[i].call, sizeof(row->call));
	strscpy(row->function, rows[i].function, sizeof(row->function));
	return 0;
}

int kel_shortcut_init(void)
{
	unsigned int i;

	BUILD_BUG_ON(ARRAY_SIZE(rows) != ROWS);
	BUILD_BUG_ON(KELEVATE_ROWS_MAX < ROWS);
	rows[ROW_kelevate].nr = kel_nr;
	for (i = 0; i < ROWS; i++) {
		struct kel_shortcut *sc = &kel_shortcuts[rows[i].nr];

		if (rows[i].deep)
			continue;
		sc->row = i;
		if (i == ROW_kelevate)
			sc->sys = gate_kelevate;
		else
			sc->sys = (kel_sys_t)kel_ksym(rows[i].function);
		if (!sc->sys) {
			pr_err("refused: symbols: this kernel has no symbol %s\n",
			       rows[i].function);
			return -EOPNOTSUPP;
		}
	}
	if (!kel_deep)
		return 0;
	kel_local_init();
	verify_area = (void *)kel_ksym("rw_verify_area");
	hook_recv = (void *)kel_ksym("security_socket_recvmsg");
	hook_send = (void *)kel_ksym("security_socket_sendmsg");
	/* 6.15: a FIFO's is another */
	pipe_read_iter = (void *)(kel_ksym("pipe_read") ?: kel_ksym("anon_pipe_read"));
	if (!verify_area || !hook_recv || !hook_send || !pipe_read_iter || !kel_tcp_recvmsg) {
		pr_notice("no deep shortcuts: this kernel lacks a symbol of theirs\n");
		kel_deep = false;
		return 0;
	}
	kel_shortcuts[__NR_read].deep = deep_read;
	kel_shortcuts[__NR_write].deep = deep_write;
	kel_shortcuts[__NR_recvfrom].deep = deep_recvfrom;
	kel_shortcuts[__NR_sendto].deep = deep_sendto;
	kel_shortcuts[__NR_sendmsg].deep = deep_sendmsg;
	kel_shortcuts[__NR_writev].deep = deep_writev;
	kel_shortcuts[__NR_sendfile64].deep = deep_sendfile;
	kel_shortcuts[__NR_setsockopt].deep = deep_setsockopt;
	return 0;
}
