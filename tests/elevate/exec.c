// SPDX-License-Identifier: GPL-2.0
/*
 * Exec ends a grant; GRANT_EXEC gives it to the next program, once, also after
 * setuid, but not to a setuid program; REVOKE gives it up.
 */
#include <sys/prctl.h>
#include <sys/stat.h>
#include "kel.h"

static const char *self;

static void run(const char *program, const char *how)
{
	execl(program, self, how, NULL);
	_exit(120);
}

/* The started program's part. */
static int started(const char *how)
{
	uint64_t state = kel_query().state;

	if (!strcmp(how, "granted"))
		return !(state & KELEVATE_S_GRANTED) || (state & KELEVATE_S_GRANT_EXEC);
	if (!strcmp(how, "not"))
		return !!(state & ~KELEVATE_S_CAPABLE) || kel_query().gate;
	if (!strcmp(how, "once")) {
		must(state & KELEVATE_S_GRANTED);
		kel_elevate(KELEVATE_STICKY);
		must(gate0(SYS_getpid) == getpid());
		run("/proc/self/exe", "not");
	}
	if (!strcmp(how, "nobody")) {
		must(getuid() == 65534);
		must(!(state & KELEVATE_S_CAPABLE));
		must(state & KELEVATE_S_GRANTED);
		kel_elevate(KELEVATE_STICKY);
		must(gate0(SYS_getuid) == 65534);
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
	double end = kel_now() + 10;
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

static void copy_self(const char *to)
{
	char buffer[65536];
	int in = open("/proc/self/exe", O_RDONLY), out = open(to, O_CREAT | O_WRONLY, 0755);
	ssize_t n;

	must(in >= 0 && out >= 0);
	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		must(write(out, buffer, n) == n);
	close(in);
	close(out);
}

int main(int argc, char **argv)
{
	int status;

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
	copy_self("plain");
	status = in_child({
		grant_exec();
		must(!setgid(65534) && !setuid(65534));
		run("./plain", "nobody");
	});
	must(status == 0, "%#x", status);
	must(!chmod(".", 0755));
	must(!chmod("plain", 04755));
	status = in_child({
		must(!setgid(65534) && !setuid(65534));
		run("./plain", "not");
	});
	must(status == 0, "setuid program, nothing granted: %#x", status);
	status = in_child({
		grant_exec();
		must(!setgid(65534) && !setuid(65534));
		run("./plain", "not");
	});
	must(status == 0, "setuid program: %#x", status);

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
