// SPDX-License-Identifier: GPL-2.0
/*
 * STAT and ROW: rows are named and fixed, counters count what was done, each
 * process for itself, and the sum keeps those that ended.
 */
#include "kel.h"

static int row(const char *call, const char *function)
{
	struct kelevate_row r = { .size = sizeof(r) };

	for (; kel(KELEVATE_ROW, 0, &r) == 0; r.index++) {
		must(r.size == sizeof(r) && r.call[0] && r.function[0], "row %u", r.index);
		must(memchr(r.call, 0, sizeof(r.call)) && memchr(r.function, 0, sizeof(r.function)));
		if (!strcmp(r.call, call) && (!function || !strcmp(r.function, function)))
			return r.index;
	}
	must(false, "no row of %s", call);
	return -1;
}

static uint64_t sum(const struct kelevate_stat *st)
{
	uint64_t n = 0;

	for (int i = 0; i < KELEVATE_ROWS_MAX; i++)
		n += st->rows[i];
	return n;
}

/*
 * So many calls, but for those that an event in the gate's first instructions
 * made real system calls.
 */
static bool counted(uint64_t before, uint64_t after, const struct kelevate_stat *a,
		    const struct kelevate_stat *b, uint64_t n)
{
	uint64_t events = b->fallbacks[KELEVATE_FB_EVENT] - (a ? a->fallbacks[KELEVATE_FB_EVENT] : 0);

	return after - before <= n && after - before + events >= n;
}

/* pid 0 */
static struct kelevate_stat all(void)
{
	return kel_stat(0);
}

static void wait_byte(int fd)
{
	char byte;

	must(read(fd, &byte, 1) == 1);
}

static pid_t next(pid_t pid)
{
	struct kelevate_stat st = { .size = sizeof(st), .abi = KELEVATE_ABI, .pid = pid };
	long ret = kel(KELEVATE_STAT, KELEVATE_STAT_NEXT, &st);

	must(ret == 0 || ret == -ESRCH, "%ld", ret);
	return ret ? 0 : st.pid;
}

/* Nobody sees itself and what was granted as nobody, and steps over the rest. */
static void as_nobody(const char *self)
{
	struct kelevate_stat st = { .size = sizeof(st), .abi = KELEVATE_ABI };
	pid_t asker, foreign, other, *told = shared(4096);
	int go[2], ready[2], status;
	char byte = 'x', out[12];

	must(!pipe(go) && !pipe(ready));
	asker = fork();
	if (!asker) {
		must(!setuid(65534));
		wait_byte(go[0]);
		must(next(1) == getpid(), "%d", next(1));
		must(next(getpid() + 1) == *told, "%d", next(getpid() + 1));
		must(kel_stat(*told).uid == 65534);
		must(next(*told + 1) == 0);
		st.pid = getppid();
		must(kel(KELEVATE_STAT, 0, &st) == -EPERM);
		_exit(0);
	}
	foreign = fork();
	if (!foreign)
		pause();
	other = fork();
	if (!other) {
		sprintf(out, "%d", ready[1]);
		must(kel(KELEVATE_GRANT, KELEVATE_GRANT_EXEC, NULL) == 0);
		must(!setgid(65534) && !setuid(65534));
		execl("/proc/self/exe", self, out, NULL);
		_exit(120);
	}
	wait_byte(ready[0]);
	must(asker < foreign && foreign < other && next(asker + 1) == foreign);
	*told = other;
	must(write(go[1], &byte, 1) == 1);
	must(waitpid(asker, &status, 0) == asker && !status, "%#x", status);
	must(!kill(foreign, SIGKILL) && !kill(other, SIGKILL));
	must(waitpid(foreign, NULL, 0) == foreign && waitpid(other, NULL, 0) == other);
}

int main(int argc, char **argv)
{
	struct kelevate_row r = { .size = sizeof(r), .index = kel_query().nr_rows };
	struct kelevate_stat a, b, total;
	char byte = 'x';
	int p[2], go[2], done[2], pipe_write = -1;
	pid_t child[3], seen;

	if (argc > 1) {
		must(write(atoi(argv[1]), &byte, 1) == 1);
		pause();
	}
	must(kel(KELEVATE_ROW, 0, &r) == -ENOENT);
	r.index = -1U;
	must(kel(KELEVATE_ROW, 0, &r) == -ENOENT);
	for (r.index = 0; r.index < kel_query().nr_rows; r.index++)
		must(kel(KELEVATE_ROW, 0, &r) == 0);
	a.size = sizeof(a);
	memset(&a, 0, sizeof(a));
	a.size = sizeof(a);
	a.abi = KELEVATE_ABI;
	a.pid = getpid();
	must(kel(KELEVATE_STAT, 0, &a) == -ESRCH, "not a symbiote yet");
	a.pid = -1;
	must(kel(KELEVATE_STAT, 0, &a) == -EINVAL);

	must(!pipe(p) && !pipe(go) && !pipe(done));
	total = all();
	kel_elevate(KELEVATE_STICKY);
	a = kel_stat(getpid());
	must(a.pid == getpid() && a.uid == 0 && a.threads == 1 && a.elevations == 1);
	must(!strncmp(a.comm, "stat", 4), "%s", a.comm);
	must(a.state == (KELEVATE_S_GRANTED | KELEVATE_S_STICKY), "%#llx", a.state);
	for (int i = 0; i < 1000; i++) {
		gate0(SYS_getppid);
		must(gate3(SYS_write, p[1], &byte, 1) == 1);
		must(gate3(SYS_read, p[0], &byte, 1) == 1);
		gate3(SYS_lseek, p[0], 0, 0);
	}
	b = kel_stat(getpid());
	must(counted(a.rows[row("getppid", NULL)], b.rows[row("getppid", NULL)], &a, &b, 1000),
	     "getppid: %llu", b.rows[row("getppid", NULL)]);
	if (kel_query().features & KELEVATE_F_DEEP)
		pipe_write = row("write", "pipe_write");
	else
		pipe_write = row("write", NULL);
	must(counted(a.rows[pipe_write], b.rows[pipe_write], &a, &b, 1000));
	must(counted(a.fallbacks[KELEVATE_FB_UNKNOWN], b.fallbacks[KELEVATE_FB_UNKNOWN], &a, &b, 1000));
	must(sum(&b) + b.fallbacks[KELEVATE_FB_EVENT] >= sum(&a) + 3000);
	must(b.by_gate >= a.by_gate + 900, "after each fallback");

	/* processes in the order of their pids; what ended stays in the sum */
	for (int i = 0; i < 3; i++) {
		child[i] = fork();
		if (!child[i]) {
			for (int j = 0; j < 100 * (i + 1); j++)
				gate0(SYS_getppid);
			must(write(done[1], &byte, 1) == 1);
			wait_byte(go[0]);
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++)
		wait_byte(done[0]);
	must(all().symbiotes == total.symbiotes + 4);
	for (int i = 0; i < 3; i++) {
		a = kel_stat(child[i]);
		must(counted(0, a.rows[row("getppid", NULL)], NULL, &a, 100 * (i + 1)), "%d: %llu", i,
		     a.rows[row("getppid", NULL)]);
		must(a.elevations == 0 && a.threads == 1);
	}
	seen = 0;
	a.pid = 1;
	for (int n = 0; kel(KELEVATE_STAT, KELEVATE_STAT_NEXT, &a) == 0; n++) {
		must(a.pid > seen, "%d after %d", a.pid, seen);
		seen = a.pid++;
		must(n < 1000);
		memset(a.resv, 0, sizeof(a.resv));
	}
	must(seen == child[2], "the last is %d, not %d", seen, child[2]);
	a.pid = child[2] + 1;
	must(kel(KELEVATE_STAT, 0, &a) == -ESRCH);
	for (int i = 0; i < 3; i++)
		must(write(go[1], &byte, 1) == 1);
	for (int i = 0; i < 3; i++)
		must(waitpid(child[i], NULL, 0) == child[i]);
	a.pid = child[1];
	must(kel(KELEVATE_STAT, 0, &a) == -ESRCH);
	b = all();
	must(b.rows[row("getppid", NULL)] >= total.rows[row("getppid", NULL)] + 1500, "%llu, %llu",
	     b.rows[row("getppid", NULL)], total.rows[row("getppid", NULL)]);
	must(b.symbiotes == total.symbiotes + 1);

	as_nobody(argv[0]);
	must(!setuid(65534));
	a.pid = 0;
	must(kel(KELEVATE_STAT, 0, &a) == -EPERM, "the sum, as nobody");
	return 0;
}
