// SPDX-License-Identifier: GPL-2.0
/*
 * symbiote stat - who is elevated, and what became of every call
 *
 * Two sources: the module counts the calls that reached the gate (shortcuts
 * taken, and those it handed to the real system call), the shim inside each
 * process counts those that it passed to libc instead. Only both together say
 * how much of a program's traffic is short cut. A process that carries the
 * shim and is not elevated is shown with its reason, module or not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "process.h"
#include "symbiote.h"

static const char help[] =
"Usage: symbiote stat [--watch [SECONDS]] [--json] [PID]\n"
"Without PID: all processes that are elevated, or carry the shim and are not\n"
"(with the reason). With PID: all counters of one process.\n"
"\n"
"  -w, --watch [SECONDS]  again and again (every second), with rates;\n"
"                         SECONDS is 0.1 to 60\n"
"  -j, --json             for programs; with --watch one object per line\n"
"  -h, --help\n"
"\n"
"Exit status: 0 shown, 1 PID is not there or has nothing to show, 125 bad\n"
"usage.\n";

static const struct option options[] = {
	{ "watch",	optional_argument,	NULL, 'w' },
	{ "json",	no_argument,		NULL, 'j' },
	{ "help",	no_argument,		NULL, 'h' },
	{ }
};

static const char *const fallback_names[KELEVATE_FB_REASONS] = {
	[KELEVATE_FB_WORK]	= "work",
	[KELEVATE_FB_RESTART]	= "restart",
	[KELEVATE_FB_UNKNOWN]	= "unknown",
	[KELEVATE_FB_EVENT]	= "event",
	[KELEVATE_FB_STEP]	= "step",
};

static const char *const fallback_texts[KELEVATE_FB_REASONS] = {
	[KELEVATE_FB_WORK]	= "watched (seccomp, ptrace, audit, trace)",
	[KELEVATE_FB_RESTART]	= "a signal came before data moved",
	[KELEVATE_FB_UNKNOWN]	= "no shortcut for this call",
	[KELEVATE_FB_EVENT]	= "an event hit the gate's entry",
	[KELEVATE_FB_STEP]	= "the thread is single-stepped",
};

struct process {
	pid_t pid;
	uid_t uid;
	char comm[16];
	bool symbiote;		/* the module knows it: k is filled */
	bool granted;		/* and lets it elevate */
	struct kelevate_stat k;
	enum shim_view view;
	struct symbiote_stats *s;	/* when view is SHIM_SEEN */
	uint64_t taken, kernel_fallbacks, shim_fallbacks;
};

struct snapshot {
	struct timespec time;
	struct module module;
	bool have_total;
	struct kelevate_stat total;
	size_t n;
	struct process *p;
	size_t hidden;		/* processes of which this user may know nothing */
};

static struct symbiote_stats shim;	/* of the process looked at */
static struct kelevate_row rows[KELEVATE_ROWS_MAX];
static unsigned int nr_rows;

static void read_rows(const struct module *m)
{
	for (nr_rows = 0; nr_rows < KELEVATE_ROWS_MAX; nr_rows++)
		if (module_row(m, nr_rows, &rows[nr_rows]))
			break;
}

/* Of the kernel's __u64 and of uint64_t, which are different types. */
#define sum(array, n) ({				\
	uint64_t total_ = 0;				\
	size_t n_ = (n);				\
	while (n_--)					\
		total_ += (array)[n_];			\
	total_; })

static void out_of_memory(void)
{
	complain("out of memory");
	exit(EXIT_OWN);
}

static void add_up(struct process *p)
{
	uint32_t i;

	p->taken = p->kernel_fallbacks = p->shim_fallbacks = 0;
	if (p->symbiote) {
		p->taken = sum(p->k.rows, KELEVATE_ROWS_MAX);
		p->kernel_fallbacks = sum(p->k.fallbacks,
					  KELEVATE_REASONS_MAX);
	}
	if (p->view == SHIM_SEEN)
		for (i = 0; i < p->s->nr_calls; i++)
			p->shim_fallbacks += sum(p->s->counts.passed[i],
						 p->s->nr_reasons);
}

/* False: nothing is known of this process; then it may be hidden. */
static bool look_at(const struct module *m, pid_t pid, struct process *p)
{
	int err = 0;

	memset(p, 0, sizeof(*p));
	p->pid = pid;
	p->view = process_shim(pid, &shim);
	if (m->usable)
		err = module_stat(m, 0, pid, &p->k);
	p->symbiote = m->usable && !err;
	if (err == EPERM && p->view == SHIM_NONE)
		p->view = SHIM_HIDDEN;
	p->granted = p->k.state & KELEVATE_S_GRANTED;
	if (!p->symbiote && (p->view == SHIM_NONE || p->view == SHIM_HIDDEN))
		return false;
	if (p->view == SHIM_SEEN) {
		p->s = aligned_alloc(SYMBIOTE_PAGE, sizeof(shim));
		if (!p->s)
			out_of_memory();
		memcpy(p->s, &shim, sizeof(shim));
	}
	process_name(pid, p->comm, sizeof(p->comm));
	p->uid = process_uid(pid);
	add_up(p);
	return true;
}

static struct process *one_more(struct snapshot *snap)
{
	struct process *more = realloc(snap->p, (snap->n + 1) * sizeof(*more));

	if (!more)
		out_of_memory();
	snap->p = more;
	return &snap->p[snap->n];
}

static void take(struct snapshot *snap, pid_t only)
{
	size_t i, n;
	pid_t *pids;

	memset(snap, 0, sizeof(*snap));
	module_open(&snap->module);
	if (snap->module.usable) {
		read_rows(&snap->module);
		snap->have_total = !module_stat(&snap->module, 0, 0,
						&snap->total);
	}
	clock_gettime(CLOCK_MONOTONIC, &snap->time);
	if (only) {
		snap->n += look_at(&snap->module, only, one_more(snap));
		return;
	}
	/*
	 * Every process is asked for, and not only KELEVATE_STAT_NEXT's: those
	 * that carry the shim in vain are the ones that need explaining.
	 */
	n = process_list(&pids);
	for (i = 0; i < n; i++) {
		struct process *p = one_more(snap);

		if (look_at(&snap->module, pids[i], p))
			snap->n++;
		else if (p->view == SHIM_HIDDEN)
			snap->hidden++;
	}
	free(pids);
}

static void forget(struct snapshot *snap)
{
	while (snap->n)
		free(snap->p[--snap->n].s);
	free(snap->p);
}

static const struct process *find(const struct snapshot *snap, pid_t pid)
{
	size_t i;

	for (i = 0; snap && i < snap->n; i++)
		if (snap->p[i].pid == pid)
			return &snap->p[i];
	return NULL;
}

static const char *mode_of(const struct process *p)
{
	if (p->view == SHIM_SEEN)
		return p->s->mode_name;
	if (p->k.state & KELEVATE_S_BRACKETED)
		return "bracketed";
	if (p->k.state & KELEVATE_S_STICKY)
		return "resident";
	return "-";
}

/*
 * Why this process is not elevated; NULL when it is. The module knows better
 * than the shim: a grant may have been revoked since.
 */
static const char *reason_of(const struct process *p)
{
	if (p->symbiote && p->k.threads)
		return NULL;
	if (p->view == SHIM_SEEN) {
		if (strcmp(p->s->status_name, "elevated"))
			return p->s->status_text;
		return p->granted ? NULL : "its grant is gone";
	}
	if (p->granted)
		return "granted, no thread has elevated yet";
	return shim_view_text(p->view);
}

/* Rounded down, so that 100 % means every single one. */
static void print_taken(uint64_t taken, uint64_t fallbacks, int width)
{
	unsigned __int128 all = (unsigned __int128)taken + fallbacks;
	char share[16] = "no calls";
	unsigned int part;

	if (all) {
		part = (unsigned __int128)taken * 10000 / all;
		snprintf(share, sizeof(share), "%u.%02u %%", part / 100,
			 part % 100);
	}
	printf("%-*s", width, share);
}

static double seconds_between(const struct snapshot *a,
			      const struct snapshot *b)
{
	return (b->time.tv_sec - a->time.tv_sec) +
	       (b->time.tv_nsec - a->time.tv_nsec) / 1e9;
}

/* A counter, and its rate where there is an earlier value. */
static void print_count(uint64_t now, bool rate, uint64_t before,
			double seconds)
{
	printf(" %14llu", (unsigned long long)now);
	if (rate && seconds > 0)
		printf(" %10.0f/s", now >= before ?
		       (now - before) / seconds : 0.0);
}

static void print_module(const struct snapshot *snap)
{
	const struct module *m = &snap->module;

	if (!m->usable) {
		printf("kelevate: %s; remedy: %s\n", m->why, m->remedy);
		return;
	}
	printf("kelevate ");
	print_plain(stdout, m->info.version);
	printf(": ABI %u, system call %ld by %s, deep shortcuts %s\n",
	       m->info.abi, m->nr, module_hook(m),
	       m->info.features & KELEVATE_F_DEEP ? "on" : "off");
}

static void print_user(uid_t uid, int width)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw && width)
		printf(" %-*.*s", width, width, pw->pw_name);
	else if (pw)
		printf(" %s", pw->pw_name);
	else
		printf(" %-*u", width, uid);
}

static void print_table(const struct snapshot *snap,
			const struct snapshot *before)
{
	double secs = before ? seconds_between(before, snap) : 0;
	size_t i;

	print_module(snap);
	if (snap->have_total) {
		const struct kelevate_stat *t = &snap->total;

		printf("symbiotes now: %u; since the module was loaded: %llu "
		       "shortcut calls, %llu fallbacks in the kernel\n",
		       t->symbiotes,
		       (unsigned long long)sum(t->rows, KELEVATE_ROWS_MAX),
		       (unsigned long long)sum(t->fallbacks,
					       KELEVATE_REASONS_MAX));
	}
	if (snap->hidden)
		printf("processes that this user may not look into: %zu\n",
		       snap->hidden);
	if (!snap->n) {
		printf("no %sprocess is elevated or carries the shim\n",
		       snap->hidden ? "other " : "");
		return;
	}
	printf("\n%7s %-10s %-9s %7s %*s %*s %-9s %s\n", "PID", "USER",
	       "MODE", "THREADS", before ? 27 : 14, "SHORTCUTS",
	       before ? 27 : 14, "FALLBACKS", "TAKEN", "COMMAND");
	for (i = 0; i < snap->n; i++) {
		const struct process *p = &snap->p[i];
		const struct process *old = find(before, p->pid);
		uint64_t fb = p->kernel_fallbacks + p->shim_fallbacks;
		uint64_t old_fb = old ? old->kernel_fallbacks +
					old->shim_fallbacks : 0;
		const char *why = reason_of(p);

		printf("%7d", p->pid);
		print_user(p->uid, 10);
		printf(" %-9s %7u", mode_of(p), p->k.threads);
		print_count(p->taken, old, old ? old->taken : 0, secs);
		if (before && !old)
			printf("%13s", "");
		print_count(fb, old, old_fb, secs);
		if (before && !old)
			printf("%13s", "");
		putchar(' ');
		print_taken(p->taken, fb, 10);
		print_plain(stdout, p->comm);
		if (why) {
			printf(": ");
			print_plain(stdout, why);
		}
		putchar('\n');
	}
}

static void heading(const char *s, uint64_t count)
{
	printf("\n%s%s\n", s, count ? "" : ": none");
}

static void row_start(const char *a, const char *b)
{
	printf("  %-14s %-40s", a, b);
}

static void print_kernel_side(const struct process *p,
			      const struct process *old, double secs)
{
	const struct {
		const char *name, *text;
		uint64_t now;
		uint64_t before;
	} events[] = {
#define EVENT(field, text) \
	{ #field, text, p->k.field, old ? old->k.field : 0 }
		EVENT(elevations, "by system call"),
		EVENT(by_vector, "again, on the fast vector"),
		EVENT(by_privileged, "again, on a privileged instruction"),
		EVENT(by_gate, "again, on the gate"),
		EVENT(by_kaddr, "again, on a kernel address"),
		EVENT(lowered, "by events on elevated text"),
		EVENT(settles, "pending work done"),
#undef EVENT
	};
	unsigned int i;

	heading("shortcut calls: call, kernel function", p->taken);
	for (i = 0; i < nr_rows; i++) {
		if (!p->k.rows[i])
			continue;
		row_start(rows[i].call, rows[i].function);
		print_count(p->k.rows[i], old, old ? old->k.rows[i] : 0, secs);
		putchar('\n');
	}
	heading("fallbacks in the kernel: reason", p->kernel_fallbacks);
	for (i = 0; i < KELEVATE_FB_REASONS; i++) {
		if (!p->k.fallbacks[i])
			continue;
		row_start(fallback_names[i], fallback_texts[i]);
		print_count(p->k.fallbacks[i], old,
			    old ? old->k.fallbacks[i] : 0, secs);
		putchar('\n');
	}
	heading("elevated, lowered, settled", 1);
	for (i = 0; i < sizeof(events) / sizeof(*events); i++) {
		row_start(events[i].name, events[i].text);
		print_count(events[i].now, old, events[i].before, secs);
		putchar('\n');
	}
}

static void print_shim_side(const struct process *p,
			    const struct process *old, double secs)
{
	uint32_t i, j;
	bool rate = old && old->view == SHIM_SEEN;

	heading("fallbacks in the shim: call, reason", p->shim_fallbacks);
	for (i = 0; i < p->s->nr_calls; i++) {
		for (j = 0; j < p->s->nr_reasons; j++) {
			uint64_t now = p->s->counts.passed[i][j];

			if (!now)
				continue;
			row_start(p->s->call[i].name, p->s->reason[j]);
			print_count(now, rate, rate ?
				    old->s->counts.passed[i][j] : 0, secs);
			putchar('\n');
		}
	}
}

static void print_one(const struct snapshot *snap,
		      const struct snapshot *before)
{
	const struct process *p = &snap->p[0], *old = find(before, p->pid);
	double secs = before ? seconds_between(before, snap) : 0;
	const char *why = reason_of(p);

	print_module(snap);
	printf("process %d (", p->pid);
	print_plain(stdout, p->comm);
	printf("), user");
	print_user(p->uid, 0);
	printf(", mode %s, %u thread%s elevated\n", mode_of(p), p->k.threads,
	       p->k.threads == 1 ? "" : "s");
	if (why) {
		printf("not elevated: ");
		print_plain(stdout, why);
		if (p->view == SHIM_SEEN && p->s->error)
			printf(" (%s)", strerror(p->s->error));
		putchar('\n');
	}
	if (p->view == SHIM_SEEN) {
		printf("shim ");
		print_plain(stdout, p->s->shim_version);
		printf(", ABI %u, glibc ", p->s->shim_abi);
		print_plain(stdout, p->s->libc_version);
		putchar('\n');
	} else {
		printf("shim: %s\n", shim_view_text(p->view));
	}
	if (p->symbiote)
		print_kernel_side(p, old, secs);
	if (p->view == SHIM_SEEN)
		print_shim_side(p, old, secs);
	printf("\nshortcuts taken: ");
	print_taken(p->taken, p->kernel_fallbacks + p->shim_fallbacks, 0);
	puts(p->view == SHIM_HIDDEN ? " of those that reached the gate" : "");
}

/* JSON: `sep` is what stands before a member. */
static void json_string(const char *sep, const char *name, const char *value)
{
	printf("%s\"%s\": ", sep, name);
	if (value)
		print_quoted(stdout, value);
	else
		printf("null");
}

static void json_number(const char *sep, const char *name, uint64_t value)
{
	printf("%s\"%s\": %llu", sep, name, (unsigned long long)value);
}

static void json_counters(const struct kelevate_stat *k)
{
	unsigned int i;

	printf(", \"shortcuts\": [");
	for (i = 0; i < nr_rows; i++) {
		json_string(i ? ", {" : "{", "call", rows[i].call);
		json_string(", ", "function", rows[i].function);
		printf(", \"deep\": %s", rows[i].deep ? "true" : "false");
		json_number(", ", "count", k->rows[i]);
		putchar('}');
	}
	printf("], \"kernel_fallbacks\": {");
	for (i = 0; i < KELEVATE_FB_REASONS; i++)
		json_number(i ? ", " : "", fallback_names[i], k->fallbacks[i]);
	printf("}");
	json_number(", ", "elevations", k->elevations);
	json_number(", ", "by_vector", k->by_vector);
	json_number(", ", "by_privileged", k->by_privileged);
	json_number(", ", "by_gate", k->by_gate);
	json_number(", ", "by_kaddr", k->by_kaddr);
	json_number(", ", "lowered", k->lowered);
	json_number(", ", "settles", k->settles);
}

static void json_shim(const struct symbiote_stats *s)
{
	const char *sep = "{";
	uint32_t i, j;

	json_string(", \"shim\": {", "version", s->shim_version);
	json_number(", ", "abi", s->shim_abi);
	json_string(", ", "libc", s->libc_version);
	json_string(", ", "status", s->status_name);
	json_number(", ", "errno", s->error > 0 ? s->error : -s->error);
	printf(", \"fallbacks\": [");
	for (i = 0; i < s->nr_calls; i++) {
		for (j = 0; j < s->nr_reasons; j++) {
			if (!s->counts.passed[i][j])
				continue;
			json_string(sep, "call", s->call[i].name);
			json_string(", ", "reason", s->reason[j]);
			json_number(", ", "count", s->counts.passed[i][j]);
			putchar('}');
			sep = ", {";
		}
	}
	printf("]}");
}

static void json_process(const struct process *p)
{
	const char *why = reason_of(p);

	json_number("{", "pid", p->pid);
	json_number(", ", "uid", p->uid);
	json_string(", ", "command", p->comm);
	printf(", \"granted\": %s", p->granted ? "true" : "false");
	json_number(", ", "threads", p->k.threads);
	json_string(", ", "mode", mode_of(p));
	json_string(", ", "not_elevated", why);
	json_number(", ", "taken", p->taken);
	json_number(", ", "fallbacks",
		    p->kernel_fallbacks + p->shim_fallbacks);
	if (p->symbiote)
		json_counters(&p->k);
	if (p->view == SHIM_SEEN)
		json_shim(p->s);
	putchar('}');
}

/* One line. */
static void print_json(const struct snapshot *snap, pid_t only)
{
	const struct module *m = &snap->module;
	size_t i;

	printf("{\"module\": {\"loaded\": %s, \"usable\": %s",
	       m->loaded ? "true" : "false", m->usable ? "true" : "false");
	if (m->usable) {
		json_string(", ", "version", m->info.version);
		json_number(", ", "abi", m->info.abi);
		json_number(", ", "nr", m->nr);
		json_string(", ", "hook", module_hook(m));
		printf(", \"deep\": %s",
		       m->info.features & KELEVATE_F_DEEP ? "true" : "false");
	} else {
		json_string(", ", "reason", m->why);
	}
	putchar('}');
	if (snap->have_total && !only) {
		json_number(", \"total\": {", "symbiotes",
			    snap->total.symbiotes);
		json_number(", ", "taken",
			    sum(snap->total.rows, KELEVATE_ROWS_MAX));
		json_counters(&snap->total);
		putchar('}');
	}
	if (only) {
		printf(", \"process\": ");
		json_process(&snap->p[0]);
	} else {
		json_number(", ", "hidden", snap->hidden);
		printf(", \"processes\": [");
		for (i = 0; i < snap->n; i++) {
			if (i)
				printf(", ");
			json_process(&snap->p[i]);
		}
		putchar(']');
	}
	puts("}");
}

static int nothing_to_show(const struct module *m, pid_t pid,
			   enum shim_view view)
{
	if (!process_exists(pid))
		complain("there is no process %d", pid);
	else if (view == SHIM_HIDDEN)
		complain("process %d may not be looked into by this user",
			 pid);
	else
		complain("process %d is not granted and does not carry the "
			 "shim: it was not started by 'symbiote run'%s%s", pid,
			 m->usable ? "" : "; ", m->usable ? "" : m->why);
	return 1;
}

static bool parse_seconds(const char *s, double *out)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	*out = strtod(s, &end);
	return !*end && *out >= 0.1 && *out <= 60;
}

struct request {
	double every;		/* 0: once */
	bool json;
	pid_t pid;		/* 0: all */
};

/* 0, or the exit status */
static int parse(struct request *r, int argc, char **argv)
{
	const char *seconds = NULL;
	long pid;
	int c;

	while ((c = getopt_long(argc, argv, "w::jh", options, NULL)) >= 0) {
		switch (c) {
		case 'w':
			seconds = optarg;
			r->every = 1;
			/* a number behind --watch is SECONDS */
			if (!seconds && argv[optind] && *argv[optind] >= '0' &&
			    *argv[optind] <= '9')
				seconds = argv[optind++];
			if (seconds && !parse_seconds(seconds, &r->every))
				return usage_error("stat", "--watch %s: SECONDS "
					"is 0.1 to 60 (a process: symbiote "
					"stat --watch -- PID)", seconds);
			break;
		case 'j':
			r->json = true;
			break;
		case 'h':
			fputs(help, stdout);
			exit(finish_output(0));
		default:
			fprintf(stderr, "Try 'symbiote stat --help'.\n");
			return EXIT_OWN;
		}
	}
	if (optind < argc) {
		if (!parse_number(argv[optind], 1, INT_MAX, &pid))
			return usage_error("stat", "'%s' is not a process id",
					   argv[optind]);
		r->pid = pid;
		optind++;
	}
	if (optind < argc)
		return usage_error("stat", "one process at a time: what is "
				   "'%s'?", argv[optind]);
	return 0;
}

int cmd_stat(int argc, char **argv)
{
	struct snapshot now, before = { };
	bool again = false, clear;
	struct request r = { };
	int status = parse(&r, argc, argv);

	if (status)
		return status;
	clear = r.every > 0 && !r.json && isatty(STDOUT_FILENO);
	for (;;) {
		take(&now, r.pid);
		if (r.pid && !now.n) {
			if (!again)
				return nothing_to_show(&now.module, r.pid,
						       now.p->view);
			complain("process %d has ended", r.pid);
			return finish_output(0);
		}
		if (clear)
			fputs("\033[H\033[J", stdout);
		else if (again && !r.json)
			puts("");
		if (r.json)
			print_json(&now, r.pid);
		else if (r.pid)
			print_one(&now, again ? &before : NULL);
		else
			print_table(&now, again ? &before : NULL);
		if (finish_output(0))
			return EXIT_OWN;
		if (!(r.every > 0))
			return 0;
		forget(&before);
		before = now;
		again = true;
		usleep(r.every * 1e6);
	}
}
