// SPDX-License-Identifier: GPL-2.0
/*
 * Exec ends a grant; GRANT_EXEC gives it to the next program, once, also after
 * setuid, by whatever kind of file and exec, but not to a program that gains
 * something by being executed; REVOKE gives it up.
 */
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include "kel.h"

#define NOBODY	65534

static const char *self;

static void run(const char *program, const char *how)
{
	execl(program, self, how, NULL);
	_exit(120);
}

static bool has_net_raw(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	must(!syscall(SYS_capget, &header, data));
	return data[0].effective & 1 << CAP_NET_RAW;
}

/* The started program's part. */
static int started(const char *how)
{
	uint64_t state = kel_query().state;

	if (!strcmp(how, "granted"))
		return !(state & KELEVATE_S_GRANTED) || (state & KELEVATE_S_GRANT_EXEC);
	if (!strcmp(how, "not"))
		return !!(state & ~KELEVATE_S_CAPABLE) || kel_query().gate;
	/* what it has gained, and not the grant */
	if (!strcmp(how, "setuid")) {
		must(getuid() == NOBODY && !geteuid());
		return started("not");
	}
	if (!strcmp(how, "setgid")) {
		must(getgid() == NOBODY && !getegid());
		return started("not");
	}
	if (!strcmp(how, "capability")) {
		must(has_net_raw());
		return started("not");
	}
	if (!strcmp(how, "once")) {
		must(state & KELEVATE_S_GRANTED);
		kel_elevate(KELEVATE_STICKY);
		must(gate0(SYS_getpid) == getpid());
		run("/proc/self/exe", "not");
	}
	if (!strcmp(how, "nobody")) {
		must(getuid() == NOBODY && geteuid() == NOBODY && getegid() == NOBODY && !has_net_raw());
		must(!(state & KELEVATE_S_CAPABLE));
		must(state & KELEVATE_S_GRANTED);
		kel_elevate(KELEVATE_STICKY);
		must(gate0(SYS_getuid) == NOBODY);
		must(kel(KELEVATE_GRANT, KELEVATE_GRANT_EXEC, NULL) == -EPERM);
		must(in_child(run("/proc/self/exe", "not")) == 0);
		must(!prctl(PR_GET_DUMPABLE), "others of that user could ptrace it");
		must(kel(KELEVATE_GRANT, KELEVATE_GRANT_REVOKE, NULL) == 0);
		must(kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL) == 0);
		must(kel_query().state == 0);
		must(kel(KELEVATE_ELEVATE, KELEVATE_STICKY, NULL) == -EPERM);
		return 0;
	}
	return 99;
}

static void grant_exec(void)
{
	must(kel(KELEVATE_GRANT, KELEVATE_GRANT_EXEC, NULL) == 0);
	must(kel_query().state & KELEVATE_S_GRANT_EXEC);
	must(!(kel_query().state & KELEVATE_S_GRANTED));
	must(kel_query().gate == 0);
}

static void *grant_in_thread(void *unused)
{
	grant_exec();
	return unused;
}

/* Its task_struct is taken again: for a thread that nobody granted anything. */
static void *state_in_thread(void *unused)
{
	(void)unused;
	return (void *)kel_query().state;
}

static void grant_by_ended_threads(void)
{
	struct kelevate_stat st = { .size = sizeof(st), .abi = KELEVATE_ABI, .pid = getpid() };
	double end = kel_now() + 60;
	pthread_t thread;
	void *state;

	for (int i = 0; i < 2000; i++) {
		pthread_create(&thread, NULL, i % 20 ? state_in_thread : grant_in_thread, NULL);
		pthread_join(thread, &state);
		must(!((uintptr_t)state & KELEVATE_S_GRANT_EXEC), "thread %d", i);
	}
	while (kel(KELEVATE_STAT, 0, &st) != -ESRCH)
		must(kel_now() < end, "it stays known for nothing");
}

static void copy_self_to(int out)
{
	int in = open("/proc/self/exe", O_RDONLY);
	char buffer[65536];
	ssize_t n;

	must(in >= 0 && out >= 0);
	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		must(write(out, buffer, n) == n);
	must(!n);
	close(in);
}

static void copy_self(const char *to)
{
	int out = open(to, O_CREAT | O_WRONLY, 0755);

	copy_self_to(out);
	close(out);
}

static void write_script(const char *name, const char *text)
{
	int out = open(name, O_CREAT | O_WRONLY, 0755);

	must(out >= 0 && write(out, text, strlen(text)) == (ssize_t)strlen(text));
	close(out);
}

static void become_nobody(void)
{
	must(!setgroups(0, NULL) && !setgid(NOBODY) && !setuid(NOBODY));
}

/* The program is granted, becomes nobody, and is executed: what it says of how. */
#define as_nobody(program, how) \
	__extension__ ({ \
		int status_ = in_child({ \
			grant_exec(); \
			become_nobody(); \
			run(program, how); \
		}); \
		must(status_ == 0, "%s, %s: %#x", program, how, status_); \
	})

/* Programs that gain something by being executed, and those that could but do not. */
static void exec_with_gain(void)
{
	struct vfs_cap_data capability = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data[0].permitted = 1 << CAP_NET_RAW,
	};
	int status;

	copy_self("setuid");
	copy_self("setgid");
	copy_self("capability");
	must(!chmod("setuid", 04755) && !chmod("setgid", 02755));
	must(!setxattr("capability", "security.capability", &capability, sizeof(capability), 0));
	status = in_child({ become_nobody(); run("./setuid", "setuid"); });
	must(status == 0, "setuid program, nothing granted: %#x", status);
	as_nobody("./setuid", "setuid");
	as_nobody("./setgid", "setgid");
	as_nobody("./capability", "capability");
	write_script("script_setgid", "#!./setgid setgid\n");
	as_nobody("./script_setgid", "");
	for (int i = 0; i < 3; i++) {
		static const char *const programs[] = { "./setuid", "./setgid", "./capability" };
		const char *program = programs[i];

		status = in_child({
			grant_exec();
			become_nobody();
			must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
			/* the last one gains nothing, but the kernel takes it for one that does */
			run(program, i < 2 ? "nobody" : "not");
		});
		must(status == 0, "%s, no_new_privs: %#x", program, status);
	}
}

/* Other kinds of files, and of exec. */
static void exec_of_all_kinds(void)
{
	char *argv[] = { (char *)self, "nobody", NULL };
	int fd, status;

	write_script("script", "#!./plain nobody\n");
	as_nobody("./script", "");
	must(!chmod("script", 06755));		/* of no effect */
	as_nobody("./script", "");
	write_script("script_of_script", "#!./script\n");
	as_nobody("./script_of_script", "");

	fd = memfd_create("program", MFD_CLOEXEC);
	copy_self_to(fd);
	for (int how = 0; how < 2; how++) {
		status = in_child({
			grant_exec();
			become_nobody();
			if (how)
				fexecve(fd, argv, environ);
			else
				syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
			_exit(121);
		});
		must(status == 0, "memfd, way %d: %#x", how, status);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 1)
		return started(argv[1]);
	if (kel_query().state != KELEVATE_S_CAPABLE)
		skip("not root");

	/* cleared by exec, whatever it was */
	must(in_child({
		kel_elevate(KELEVATE_STICKY);
		kel_touch();
		run("/proc/self/exe", "not");
	}) == 0);
	must(in_child({
		must(kel(KELEVATE_GRANT, KELEVATE_GRANT_SELF, NULL) == 0);
		must(kel_query().state & KELEVATE_S_GRANTED);
		run("/proc/self/exe", "not");
	}) == 0);

	/* one exec */
	must(in_child({ grant_exec(); run("/proc/self/exe", "granted"); }) == 0);
	must(in_child({ grant_exec(); run("/proc/self/exe", "once"); }) == 0);
	must(in_child({
		grant_exec();
		must(execl("/no/such/program", "x", NULL) == -1);
		run("/proc/self/exe", "granted");
	}) == 0, "an exec that fails does not count");
	must(in_child({
		grant_exec();
		must(in_child(run("/proc/self/exe", "not")) == 0, "it is this thread's exec");
		run("/proc/self/exe", "granted");
	}) == 0);
	must(in_child({
		pthread_t thread;

		pthread_create(&thread, NULL, grant_in_thread, NULL);
		pthread_join(thread, NULL);
		run("/proc/self/exe", "not");
	}) == 0, "another thread's exec");
	must(in_child(grant_by_ended_threads()) == 0);
	must(in_child({
		grant_exec();
		must(kel(KELEVATE_GRANT, KELEVATE_GRANT_REVOKE, NULL) == 0);
		must(kel_query().state == KELEVATE_S_CAPABLE);
		run("/proc/self/exe", "not");
	}) == 0);

	/* another user */
	must(!chmod(".", 0755));
	copy_self("plain");
	as_nobody("./plain", "nobody");
	exec_with_gain();
	exec_of_all_kinds();

	/* REVOKE */
	must(in_child({
		kel_elevate(KELEVATE_STICKY);
		must(kel(KELEVATE_GRANT, KELEVATE_GRANT_REVOKE, NULL) == 0);
		must(gate0(SYS_getpid) == getpid(), "a thread that is elevated stays so");
		must(!(kel_query().state & KELEVATE_S_GRANTED));
		must(kel(KELEVATE_LOWER, KELEVATE_FORGET, NULL) == 0);
		must(caught(kel_touch()) == PRIVILEGED_SIGNAL);
	}) == 0);
	return 0;
}
