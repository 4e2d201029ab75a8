// SPDX-License-Identifier: GPL-2.0
/*
 * Who may: root, and whom root granted. Not: another user, root of a user
 * namespace, without CAP_SYS_MODULE, under a seccomp filter. Those get EPERM
 * and no address, and the gate's address is of no use to them.
 */
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include "kel.h"

static void *leaked;		/* the gate's address, which nobody should know */
static pid_t symbiote;		/* of root */

static void refused(const char *who, bool stat)
{
	struct kelevate_symbol s = { .size = sizeof(s), .name = "jiffies" };
	struct kelevate_call c = { .size = sizeof(c) };
	struct kelevate_stat st = { .size = sizeof(st), .abi = KELEVATE_ABI, .pid = symbiote };
	struct kelevate_info info = kel_query();

	must(info.state == 0, "%s: state %#llx", who, info.state);
	must(info.gate == 0, "%s: gate %#llx", who, info.gate);
	must(kel(KELEVATE_ELEVATE, 0, NULL) == -EPERM, "%s", who);
	must(kel(KELEVATE_ELEVATE, KELEVATE_STICKY, NULL) == -EPERM, "%s", who);
	must(kel(KELEVATE_ELEVATE, KELEVATE_STICKY | KELEVATE_KADDR, NULL) == -EPERM, "%s", who);
	must(kel(KELEVATE_ELEVATE, KELEVATE_STICKY | KELEVATE_BRACKETED, NULL) == -EPERM, "%s", who);
	must(kel(KELEVATE_GRANT, KELEVATE_GRANT_SELF, NULL) == -EPERM, "%s", who);
	must(kel(KELEVATE_GRANT, KELEVATE_GRANT_EXEC, NULL) == -EPERM, "%s", who);
	must(kel(KELEVATE_GRANT, KELEVATE_GRANT_REVOKE, NULL) == 0, "%s: REVOKE is harmless", who);
	must(kel(KELEVATE_RESOLVE, 0, &s) == -EPERM && !s.address, "%s", who);
	must(kel(KELEVATE_CALL, 0, &c) == -EPERM, "%s", who);
	must(kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL) == 0, "%s: LOWER is harmless", who);
	if (stat) {
		must(kel(KELEVATE_STAT, 0, &st) == -EPERM, "%s: of a stranger's process", who);
		st.pid = 0;
		must(kel(KELEVATE_STAT, 0, &st) == -EPERM, "%s: of all", who);
	}
	must(kel_query().state == 0 && cpl() == 3, "%s", who);
	must(caught(kel_touch()) == PRIVILEGED_SIGNAL, "%s", who);
	must(kel_info.si_code == PRIVILEGED_CODE, "%s", who);
	kel_gate = leaked;
	must(caught(gate0(SYS_getpid)) == SIGSEGV, "%s: jump to the gate", who);
	must(kel_info.si_addr == leaked, "%s", who);
	must(kel_info.si_code == SEGV_MAPERR, "%s: code %d", who, kel_info.si_code);
	must(caught((void)*(volatile long *)leaked) == SIGSEGV, "%s", who);
}

static void drop(int capability)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	must(!syscall(SYS_capget, &header, data));
	data[0].effective &= ~(1U << capability);
	must(!syscall(SYS_capset, &header, data));
}

static void filter(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 1, &allow };

	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

static void nobody(void)
{
	must(!setgid(65534) && !setuid(65534));
}

int main(void)
{
	int p[2], status;
	void **address;
	char byte;

	if (!(kel_query().state & KELEVATE_S_CAPABLE))
		skip("not root");
	/* a symbiote of root that lives all the time, so that all machinery is in place */
	must(!pipe(p));
	address = shared(4096);

	symbiote = fork();
	if (!symbiote) {
		kel_elevate(KELEVATE_STICKY);
		*address = kel_gate;
		must(write(p[1], "x", 1) == 1);
		pause();
		_exit(0);
	}
	must(read(p[0], &byte, 1) == 1);
	leaked = *address;
	must((unsigned long)leaked >> 48 == 0xffff);

	/* root, who did nothing yet: a bystander, too */
	kel_gate = leaked;
	must(caught(gate0(SYS_getpid)) == SIGSEGV);
	must(caught(kel_touch()) == PRIVILEGED_SIGNAL);
	must(kel_query().state == KELEVATE_S_CAPABLE && !kel_query().gate);

	status = in_child({ nobody(); refused("nobody", true); });
	must(status == 0, "%#x", status);
	status = in_child({ must(!unshare(CLONE_NEWUSER)); refused("user namespace", false); });
	must(status == 0, "%#x", status);
	status = in_child({
		int fd;

		must(!unshare(CLONE_NEWUSER));
		fd = open("/proc/self/uid_map", O_WRONLY);
		must(fd >= 0 && write(fd, "0 0 1", 5) == 5);
		must(getuid() == 0);
		refused("root of a user namespace", false);
	});
	must(status == 0, "%#x", status);
	status = in_child({
		nobody();
		/* where that is allowed */
		if (!unshare(CLONE_NEWUSER))
			refused("nobody, in a user namespace", true);
	});
	must(status == 0, "%#x", status);
	status = in_child({ drop(CAP_SYS_MODULE); refused("no CAP_SYS_MODULE", false); });
	must(status == 0, "%#x", status);
	status = in_child({ filter(); refused("seccomp", false); });
	must(status == 0, "%#x", status);

	/* what does not matter */
	must(in_child({
		must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		kel_elevate(KELEVATE_STICKY);
		must(gate0(SYS_getpid) == getpid());
	}) == 0);
	must(in_child({
		drop(CAP_SYS_ADMIN);
		kel_elevate(KELEVATE_STICKY);
		must(gate0(SYS_getpid) == getpid());
	}) == 0);

	/* granted as root, then another user: the grant stays, and the way back as well */
	must(in_child({
		must(kel(KELEVATE_GRANT, KELEVATE_GRANT_SELF, NULL) == 0);
		nobody();
		must(kel_query().state == KELEVATE_S_GRANTED);
		kel_elevate(KELEVATE_STICKY);
		must(gate0(SYS_getuid) == 65534);
		must(kel_resolve("vfs_read"));
		must(kel(KELEVATE_GRANT, KELEVATE_GRANT_EXEC, NULL) == -EPERM);
		must(in_child({
			must(gate0(SYS_getpid) == getpid());
			must(kel(KELEVATE_GRANT, KELEVATE_GRANT_REVOKE, NULL) == 0);
			must(kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL) == 0);
			refused("revoked", true);
		}) == 0);
	}) == 0);

	kill(symbiote, SIGKILL);
	return 0;
}
