/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernels that the module is built for have under different names or
 * in different shapes. The rest of the module is written for the newest of
 * them, or uses what is defined here; have.h says what this one has, see probes.
 * Each piece is for those who have included the kernel's header of it.
 */
#ifndef KEL_COMPAT_H
#define KEL_COMPAT_H

#include <linux/thread_info.h>
#include <linux/version.h>
#include "have.h"
#include "tested.h"

/* Newer than any that was tested? The one look at a version, and only to say so. */
static inline bool kel_untested(void)
{
	return KERNEL_VERSION(KEL_TESTED_MAJOR, KEL_TESTED_MINOR + 1, 0) <= LINUX_VERSION_CODE;
}

/* 5.11: work on the entry to system calls has a word of its own */
#ifdef CONFIG_X86_64
static inline unsigned long kel_entry_work(void)
{
#ifdef KEL_HAVE_SYSCALL_WORK
	return READ_ONCE(current_thread_info()->syscall_work);
#else
	return READ_ONCE(current_thread_info()->flags) &
	       (_TIF_SYSCALL_TRACE | _TIF_SYSCALL_AUDIT | _TIF_SECCOMP | _TIF_SYSCALL_EMU |
		_TIF_SYSCALL_TRACEPOINT);
#endif
}
#endif

/*
 * 5.16, and backported: the kernel says whether it is a guest whose registers
 * are encrypted (SEV-ES, SEV-SNP). X86_FEATURE_SEV_ES does not: guests clear it.
 * Before, the CPU is asked as the kernel asked it.
 */
#ifdef CONFIG_X86_64
#ifdef KEL_HAVE_CC_PLATFORM
#include <linux/cc_platform.h>
static inline bool kel_state_encrypted(void)
{
	return cc_platform_has(CC_ATTR_GUEST_STATE_ENCRYPT);
}
#else
#include <asm/msr.h>
#include <asm/processor.h>
static inline bool kel_state_encrypted(void)
{
	u64 status;

	return boot_cpu_data.extended_cpuid_level >= 0x8000001f &&
	       cpuid_eax(0x8000001f) & BIT(1) && !rdmsrl_safe(MSR_AMD64_SEV, &status) &&
	       status & MSR_AMD64_SEV_ES_ENABLED;
}
#endif
#endif

/* 7.0: arm64 looks for work on its way to user mode as the others do */
#if defined(CONFIG_ARM64) && !defined(_TIF_WORK_MASK)
#include <linux/irq-entry-common.h>
#define _TIF_WORK_MASK	EXIT_TO_USER_MODE_WORK
#endif

#ifdef CONFIG_ARM64
/*
 * 7.0: a restartable sequence is looked at on the way to user mode only if the kernel was
 * entered by an exception. Its own entries say so.
 */
#ifdef KEL_HAVE_RSEQ_NOTE_IRQ
#include <linux/rseq_entry.h>
static inline void kel_note_user_irq(void)
{
	rseq_note_user_irq_entry();
}
#else
static inline void kel_note_user_irq(void) { }
#endif

/* 5.13: user text is forbidden to the kernel by tables as well; before, the bit was never set */
#ifndef PMD_TABLE_PXN
#define PMD_TABLE_PXN	(1UL << 59)
#endif

/* Are memory tags checked in user mode? 5.13: all of its SCTLR_EL1 is kept */
#ifdef CONFIG_ARM64_MTE
static inline bool kel_checks_tags(void)
{
#ifdef KEL_HAVE_SCTLR_USER
	return current->thread.sctlr_user & (3UL << SCTLR_EL1_TCF0_SHIFT);
#else
	return current->thread.sctlr_tcf0;
#endif
}
#endif
#endif

/* 6.17: whose CPU it is has become part of the name */
#if defined(_LINUX_WORKQUEUE_H) && !defined(KEL_HAVE_SYSTEM_PERCPU_WQ)
#define system_percpu_wq	system_wq
#endif

/* 6.10: the file in a struct fd is not to be used by name */
#if defined(__LINUX_FILE_H) && !defined(KEL_HAVE_FD_FILE)
#define fd_file(f)	((f).file)
#endif

#ifdef _LINUX_NET_H
/* 5.11: sock_from_file() cannot fail in two ways any more */
static inline struct socket *kel_sock_from_file(struct file *file)
{
#ifdef KEL_HAVE_SOCK_FROM_FILE_1
	return sock_from_file(file);
#else
	int err;

	return sock_from_file(file, &err);
#endif
}

/* 6.1: what user space cannot ask of sendto */
#ifndef MSG_INTERNAL_SENDMSG_FLAGS
#define MSG_INTERNAL_SENDMSG_FLAGS	0
#endif
#endif

#ifdef __LINUX_UIO_H
#ifndef ITER_SOURCE		/* 6.2 */
#define ITER_SOURCE	WRITE
#define ITER_DEST	READ
#endif

/* 6.0: iterators over one buffer, without an array */
static inline void kel_iter_user(struct iov_iter *iter, struct iovec *iov, int direction,
				 void __user *buf, size_t len)
{
#ifdef KEL_HAVE_ITER_UBUF
	iov_iter_ubuf(iter, direction, buf, len);
#else
	iov->iov_base = buf;
	iov->iov_len = len;
	iov_iter_init(iter, direction, iov, 1, len);
#endif
}
#endif

#ifdef _LINUX_SKBUFF_H
/* What its sender wants to be told of a packet: timestamps, that its pages are free. */
static inline unsigned int kel_tx_flags(const struct sk_buff *skb)
{
#ifdef KEL_HAVE_TX_SHARED_FRAG
	return skb_shinfo(skb)->tx_flags & ~SKBTX_SHARED_FRAG;
#else
	return skb_shinfo(skb)->tx_flags;
#endif
}
#endif

#ifdef _TCP_H
#ifdef KEL_HAVE_RPS_H
#include <net/rps.h>
#endif

/* 5.19: nonblock is a flag among the others; 7.1: nobody wanted the address */
static inline int kel_call_recvmsg(typeof(tcp_recvmsg) *recvmsg, struct sock *sk,
				   struct msghdr *msg, size_t len, int flags)
{
#ifdef KEL_HAVE_TCP_RECVMSG_4
	return recvmsg(sk, msg, len, flags);
#else
	int addr_len = 0, ret;

#ifdef KEL_HAVE_TCP_RECVMSG_5
	ret = recvmsg(sk, msg, len, flags, &addr_len);
#else
	ret = recvmsg(sk, msg, len, flags & MSG_DONTWAIT, flags & ~MSG_DONTWAIT, &addr_len);
#endif
	if (ret >= 0)
		msg->msg_namelen = addr_len;
	return ret;
#endif
}

/* 6.7: TCP's timestamps may be in microseconds */
#ifndef KEL_HAVE_TCP_TIME_STAMP_TS
#define tcp_time_stamp_ts	tcp_time_stamp
#endif

/* Does the connection tell of congestion? 6.18: in one of several ways */
static inline bool kel_tcp_ecn(const struct tcp_sock *tp)
{
#ifdef TCP_ECN_MODE_ACCECN
	return tcp_ecn_mode_any(tp);
#else
	return tp->ecn_flags & TCP_ECN_OK;
#endif
}

/* 7.1: what was offered once may come, however small the window is by then */
static inline void kel_tcp_window_offered(struct tcp_sock *tp)
{
#ifdef KEL_HAVE_TCP_MAX_WINDOW
	tcp_update_max_rcv_wnd_seq(tp);
#endif
}

/* Does it sign its segments (MD5; 6.7: AO), or encrypt them (6.18: PSP)? */
static inline bool kel_tcp_secured(const struct sock *sk)
{
#ifdef CONFIG_TCP_MD5SIG
	if (rcu_access_pointer(tcp_sk(sk)->md5sig_info))
		return true;
#endif
#if defined(CONFIG_TCP_AO) && defined(KEL_HAVE_TCP_AO)
	if (rcu_access_pointer(tcp_sk(sk)->ao_info))
		return true;
#endif
#if defined(CONFIG_INET_PSP) && defined(KEL_HAVE_SK_PSP)
	if (rcu_access_pointer(sk->psp_assoc))
		return true;
#endif
	return false;
}
#endif

/* 6.15: programs of BPF that want to know when something is sent */
#ifdef _SOCK_H
static inline bool kel_sk_bpf_cb(const struct sock *sk)
{
#ifdef KEL_HAVE_SK_BPF_CB
	return READ_ONCE(sk->sk_bpf_cb_flags);
#else
	return false;
#endif
}
#endif

/* 6.8: what the counter of requests counted before is that of transmits */
#ifdef _IP_H
static inline void kel_count_out_request(struct net *net)
{
#ifdef KEL_HAVE_OUT_REQUESTS
	IP_INC_STATS(net, IPSTATS_MIB_OUTREQUESTS);
#endif
}
#endif

/* 5.18: a packet's time stamp may be the time of its delivery */
#if defined(_LINUX_SKBUFF_H) && !defined(KEL_HAVE_DELIVERY_TIME)
static inline void skb_clear_delivery_time(struct sk_buff *skb)
{
	skb->tstamp = 0;
}
#endif

#ifdef _LINUX_NETDEVICE_H
/* 6.6: programs of tc at a device */
static inline bool kel_has_tc(const struct net_device *dev)
{
#ifdef CONFIG_NET_XGRESS
	return rcu_access_pointer(dev->tcx_ingress) || rcu_access_pointer(dev->tcx_egress);
#elif defined(CONFIG_NET_CLS_ACT)
	return rcu_access_pointer(dev->miniq_ingress) || rcu_access_pointer(dev->miniq_egress);
#else
	return false;
#endif
}
#endif

/* 6.16: packet sockets for one protocol, on any device, are listed by namespace */
#ifdef __NET_NET_NAMESPACE_H
static inline bool kel_net_has_ptypes(const struct net *net)
{
#ifdef KEL_HAVE_NET_PTYPES
	return !list_empty(&net->ptype_specific);
#else
	return false;
#endif
}
#endif

/* 6.1: raw sockets are hashed by namespace as well */
#if defined(_RAW_H) && !defined(KEL_HAVE_RAW_HASHFUNC)
#define raw_hashfunc(net, protocol)	((protocol) & (RAW_HTABLE_SIZE - 1))
#endif

#ifdef _BPF_CGROUP_H
/* 5.15: BPF of cgroups is known by kind and socket; before, only whether there is any */
#ifdef KEL_HAVE_CGROUP_BPF_KINDS
#define kel_cgroup_bpf(sk, kind) \
	(cgroup_bpf_enabled(CGROUP_INET_##kind) && cgroup_bpf_sock_enabled(sk, CGROUP_INET_##kind))
#elif defined(CONFIG_CGROUP_BPF)
#define kel_cgroup_bpf(sk, kind)	static_branch_unlikely(&cgroup_bpf_enabled_key)
#else
#define kel_cgroup_bpf(sk, kind)	false
#endif
#endif

/* 7.0: there is one table of connections in a namespace, so it is not given */
#if defined(_INET_HASHTABLES_H)
static inline struct sock *kel_lookup_established(struct net *net, const struct inet_sock *inet,
						  int dif)
{
	return __inet_lookup_established(net,
#ifndef KEL_HAVE_LOOKUP_ESTABLISHED_6
					 net->ipv4.tcp_death_row.hashinfo,
#endif
					 inet->inet_saddr, inet->inet_sport,
					 inet->inet_daddr, ntohs(inet->inet_dport), dif, 0);
}
#endif

/*
 * The calling task's memory is not dumpable from here on. 6.18: the flags of an
 * mm are a bitmap; 7.2: that it is dumpable has left the mm.
 */
#ifdef _LINUX_SCHED_COREDUMP_H
#ifdef KEL_HAVE_EXEC_STATE_H
#include <linux/sched/exec_state.h>
static inline void kel_undumpable(void)
{
	rcu_read_lock();
	WRITE_ONCE(rcu_dereference(current->exec_state)->dumpable, TASK_DUMPABLE_OFF);
	rcu_read_unlock();
}
#else
static inline void kel_undumpable(void)
{
#ifdef KEL_HAVE_MM_FLAGS_FUNCTIONS
	__mm_flags_set_mask_bits_word(current->mm, MMF_DUMPABLE_MASK, SUID_DUMP_DISABLE);
#else
	set_mask_bits(&current->mm->flags, MMF_DUMPABLE_MASK, SUID_DUMP_DISABLE);
#endif
}
#endif
#endif

#endif
