/* SPDX-License-Identifier: GPL-2.0 */
/*
 * symbiote - what the parts of the command share
 */
#ifndef SYMBIOTE_H
#define SYMBIOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "../kmod/uapi/kelevate.h"

#ifndef SYMBIOTE_VERSION
#define SYMBIOTE_VERSION "0.1.0"
#endif
#ifndef PREFIX
#define PREFIX "/usr/local"
#endif

/* The exit status of a wrapper, as env(1), nice(1) and timeout(1) have it. */
enum {
	EXIT_OWN	= 125,		/* the command itself failed */
	EXIT_CANNOT	= 126,		/* the program cannot be executed */
	EXIT_NOTFOUND	= 127,		/* the program does not exist */
};

int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_stat(int argc, char **argv);

/* common.c */
extern const char library_name[];	/* libsymbiote.so */

__attribute__((format(printf, 1, 2))) void complain(const char *fmt, ...);
/* asprintf that cannot fail */
__attribute__((format(printf, 1, 2))) char *text(const char *fmt, ...);
int usage_error(const char *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The first line of a file, without its newline; NULL when unreadable. */
char *read_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool parse_number(const char *s, long min, long max, long *out);
/* A string in which no byte can disturb a terminal; JSON's rules suit both. */
void print_quoted(FILE *f, const char *s);
void print_plain(FILE *f, const char *s);
/* Where libsymbiote.so is; NULL with *why set when nowhere. */
char *find_library(const char **why);
/* Then *why is set. */
bool under_seccomp(const char **why);
/* What a grant takes, but for lockdown; else *why is set. */
bool has_privilege(const char **why);
bool may_grant(const char **why);
/* "none", "integrity", ...; NULL when it cannot be known. */
const char *lockdown_state(void);
/* The value behind "name:" in /proc/PID/status or /proc/cpuinfo; NULL. */
char *read_field(const char *path, const char *name);
/* All must be written, or the command has failed. */
int finish_output(int status);

/* module.c: the system call */
struct module {
	bool loaded;		/* /sys/module/kelevate is there */
	bool usable;		/* QUERY answered in our ABI */
	long nr;		/* number of the system call; -1 */
	struct kelevate_info info;
	char why[192];		/* not usable: the reason */
	char remedy[128];
};

bool module_open(struct module *m);
int module_grant_exec(const struct module *m);	/* 0 or an errno */
void module_revoke(const struct module *m);
int module_stat(const struct module *m, unsigned long flags, pid_t pid,
		struct kelevate_stat *st);	/* 0 or an errno */
int module_row(const struct module *m, unsigned int index,
	       struct kelevate_row *row);	/* 0 or an errno */
const char *module_hook(const struct module *m);

/* program.c: what execvp would run, and what it would preload */
bool library_loadable(const char *path, const char **why);

struct program {
	char path[4096];	/* what is executed */
	char image[4096];	/* the ELF file that ends up running: differs
				 * for a script */
	int error;		/* errno with which exec would fail; 0 */
	bool preloadable;
	char kind[128];		/* "64-bit, dynamic" */
	char why[512];		/* not preloadable: the reason */
};

/* By whom it is executed. */
void program_inspect(struct program *p, const char *name);

#endif
