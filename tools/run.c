// SPDX-License-Identifier: GPL-2.0
/*
 * symbiote run - grant one exec, preload the shim, become the program
 *
 * The command execs in place, so that the program has its pid, its parent, its
 * descriptors, its signals and its exit status without anything passing them
 * on. Whatever prevents elevation leaves a program that runs as it would have
 * without this command, unless --strict asks for the opposite.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "symbiote.h"

static const char help[] =
"Usage: symbiote run [options] [--] program [argument...]\n"
"Run an unmodified program with its threads elevated, so that its calls reach\n"
"the kernel as function calls. Where that is not possible it runs as always.\n"
"\n"
"  -m, --mode MODE    resident   stay elevated between calls (default)\n"
"                     bracketed  be elevated only inside a call\n"
"                     off        do not elevate\n"
"  -u, --user USER    grant first, then run the program as this user\n"
"  -n, --dry-run      show what would be done and whether the program would\n"
"                     be elevated (exit status 0 yes, 1 no); run nothing\n"
"  -s, --strict       fail instead of running without elevation\n"
"  -v, --verbose      say why when it is not elevated; twice: say as well how it\n"
"                     is, when it is\n"
"  -h, --help\n"
"\n"
"Exit status: the program's; 125 symbiote failed, 126 the program cannot be\n"
"executed, 127 there is no such program.\n";

static const struct option options[] = {
	{ "mode",	required_argument,	NULL, 'm' },
	{ "user",	required_argument,	NULL, 'u' },
	{ "dry-run",	no_argument,		NULL, 'n' },
	{ "strict",	no_argument,		NULL, 's' },
	{ "verbose",	no_argument,		NULL, 'v' },
	{ "help",	no_argument,		NULL, 'h' },
	{ }
};

struct plan {
	const char *mode;	/* NULL: as the environment has it */
	const struct passwd *user;	/* NULL: stay who we are */
	bool dry, strict;
	int verbose;
	char **args;

	struct module module;
	struct program program;
	char *library;		/* NULL: none to preload */
	char *preload;		/* LD_PRELOAD; NULL: leave as it is */
	const char *why;	/* not elevated: the reason; NULL */
	const char *remedy;
	bool granted;
	bool off;		/* not elevated, as asked for */
};

static bool mode_known(const char *mode)
{
	return !strcmp(mode, "resident") || !strcmp(mode, "bracketed") ||
	       !strcmp(mode, "off");
}

/* 0, or the exit status */
static int parse(struct plan *p, int argc, char **argv)
{
	const char *user = NULL, *env;
	long uid;
	int c;

	while ((c = getopt_long(argc, argv, "+m:u:nsvh", options, NULL)) >= 0) {
		switch (c) {
		case 'm':
			if (!mode_known(optarg))
				return usage_error("run", "--mode %s: it is "
					"resident, bracketed or off", optarg);
			p->mode = optarg;
			break;
		case 'u':
			user = optarg;
			break;
		case 'n':
			p->dry = true;
			break;
		case 's':
			p->strict = true;
			break;
		case 'v':
			p->verbose++;
			break;
		case 'h':
			fputs(help, stdout);
			exit(finish_output(0));
		default:	/* getopt has said what is wrong */
			fprintf(stderr, "Try 'symbiote run --help'.\n");
			return EXIT_OWN;
		}
	}
	p->args = argv + optind;
	if (!*p->args)
		return usage_error("run", "which program is to run?");

	env = getenv("SYMBIOTE_MODE");
	p->off = !strcmp(p->mode ? p->mode : env ? env : "", "off");
	env = getenv("SYMBIOTE_STRICT");
	p->strict |= env && !strcmp(env, "1");

	if (!user)
		return 0;
	errno = 0;
	p->user = getpwnam(user);
	if (!p->user && parse_number(user, 0, UINT32_MAX - 1L, &uid))
		p->user = getpwuid(uid);
	if (!p->user) {
		complain("--user %s: %s", user,
			 errno ? strerror(errno) : "there is no such user");
		return EXIT_OWN;
	}
	return 0;
}

/* The last reason is the one to cure: it is the program's own, if it has one. */
static void not_elevated(struct plan *p, const char *remedy, const char *why)
{
	p->why = why;
	p->remedy = remedy;
}

/*
 * The shim goes behind what the user preloads: their wrapper of a call keeps
 * seeing it, and reaches the shim as it would have reached libc. In front, the
 * shim would take the call to the kernel and the wrapper would be dead.
 */
static char *preload_list(const char *library)
{
	const char *have = getenv("LD_PRELOAD");
	char *copy, *word, *save;
	bool found = false;

	if (!have || !*have)
		return text("%s", library);
	copy = text("%s", have);
	for (word = strtok_r(copy, " :", &save); word && !found;
	     word = strtok_r(NULL, " :", &save)) {
		const char *slash = strrchr(word, '/'), *why;

		/* one that is gone does not count */
		found = !strcmp(slash ? slash + 1 : word, library_name) &&
			(!slash || library_loadable(word, &why));
	}
	free(copy);
	return found ? NULL : text("%s:%s", have, library);
}

/* While still being who may ask for a grant. */
static void ask_module(struct plan *p)
{
	const char *why = NULL;

	if (!module_open(&p->module))
		not_elevated(p, p->module.remedy, p->module.why);
	else if (!may_grant(&why) ||
		 !(p->module.info.state & KELEVATE_S_CAPABLE))
		not_elevated(p, "run it as root, with --user to drop to "
			     "another user", why ? why :
			     "the kelevate module allows this process no grant");
}

static void grant(struct plan *p)
{
	int err = module_grant_exec(&p->module);

	p->granted = !err;
	if (err)
		not_elevated(p, "the kernel log has the reason",
			     text("the kelevate module refused the grant: %s",
				  strerror(err)));
}

/* Nothing of this may fail unseen: the program would run as somebody else. */
static int drop_user(const struct passwd *user)
{
	uid_t r, e, s;

	if (initgroups(user->pw_name, user->pw_gid) ||
	    setgid(user->pw_gid) || setuid(user->pw_uid)) {
		complain("--user %s: %s", user->pw_name, strerror(errno));
		return EXIT_OWN;
	}
	if (user->pw_uid)	/* what is ambient would survive the exec */
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (getresuid(&r, &e, &s) || r != user->pw_uid || e != r || s != r ||
	    getgid() != user->pw_gid || getegid() != user->pw_gid ||
	    (user->pw_uid && !setuid(0))) {
		complain("--user %s: the user could not be dropped to for good",
			 user->pw_name);
		return EXIT_OWN;
	}
	return 0;
}

/* As whoever it runs as: PATH and what may be read are that user's. */
static void look_at_program(struct plan *p)
{
	const char *why = NULL, *slash;

	program_inspect(&p->program, *p->args);
	if (!p->program.preloadable) {
		/* no LD_PRELOAD either: the linker of a 32-bit program, or
		 * another libc, would complain about it
		 */
		if (!p->program.error)
			not_elevated(p, "see LIMITS in symbiote-run(1)",
				     p->program.why);
	} else {
		p->library = find_library(&why);
		if (p->library)
			p->preload = preload_list(p->library);
		else
			not_elevated(p, p->user ? "install it where everybody "
				     "can read it (make install)" : NULL, why);
	}
	/* as it is behind #! of most scripts; of others nobody knows */
	slash = strrchr(p->program.image, '/');
	if (p->user && p->user->pw_uid && p->program.preloadable && slash &&
	    !strcmp(slash, "/env")) {
		p->preload = NULL;
		not_elevated(p, "name the program that it executes, before "
			     "the script",
			     text("%s executes another program, and the grant "
				  "of an ordinary user ends there",
				  p->program.image));
	}
	if (p->granted && (p->why || p->program.error)) {
		module_revoke(&p->module);
		p->granted = false;
	}
}

static void field(const char *name, const char *value)
{
	printf("%-12s ", name);
	print_plain(stdout, value);
	putchar('\n');
}

/* Otherwise this command says itself why not. */
static bool shim_tells(const struct plan *p)
{
	return p->verbose && (!p->why || p->off);
}

static int show(const struct plan *p)
{
	const struct program *prog = &p->program;
	bool yes = !p->why && !p->off && !prog->error;
	int i;

	field("program:", prog->path);
	if (strcmp(prog->path, prog->image))
		field("runs:", prog->image);
	field("kind:", prog->error ? strerror(prog->error) : prog->kind);
	for (i = 0; p->args[i]; i++)
		field(i ? "" : "arguments:", p->args[i]);
	field("library:", p->library ? p->library : "none");
	if (p->preload)
		field("environment:", text("LD_PRELOAD=%s", p->preload));
	else
		field("environment:", "LD_PRELOAD stays as it is");
	if (p->mode)
		field("", text("SYMBIOTE_MODE=%s", p->mode));
	if (p->strict)
		field("", "SYMBIOTE_STRICT=1");
	if (shim_tells(p))
		field("", p->verbose > 1 ? "SYMBIOTE_VERBOSE=2" :
		      "SYMBIOTE_VERBOSE=1");
	if (p->user)
		field("user:", text("%s (uid %u, gid %u)", p->user->pw_name,
				    p->user->pw_uid, p->user->pw_gid));
	else
		field("user:", text("unchanged (uid %u)", getuid()));
	if (p->module.usable)
		field("module:", text("kelevate %s, ABI %u, system call %ld",
				      p->module.info.version,
				      p->module.info.abi, p->module.nr));
	else
		field("module:", p->module.why);
	field("grant:", yes ? "for this exec" : "none");
	if (yes) {
		field("elevated:", "yes");
	} else {
		field("elevated:", text("no: %s", prog->error ?
			"the program cannot be executed" :
			p->off ? "mode off" : p->why));
		if (!p->off && !prog->error && p->why && p->remedy)
			field("remedy:", p->remedy);
	}
	return finish_output(yes ? 0 : 1);
}

static int become(const struct plan *p)
{
	bool bad = p->preload && setenv("LD_PRELOAD", p->preload, 1);
	int err;

	if (p->mode)
		bad |= setenv("SYMBIOTE_MODE", p->mode, 1);
	if (p->strict)
		bad |= setenv("SYMBIOTE_STRICT", "1", 1);
	if (shim_tells(p))
		bad |= setenv("SYMBIOTE_VERBOSE", p->verbose > 1 ? "2" : "1", 1);
	if (bad) {
		complain("environment: %s", strerror(errno));
		return EXIT_OWN;
	}
	execvp(*p->args, p->args);
	err = errno;
	complain("%s: %s", *p->args, strerror(err));
	return err == ENOENT ? EXIT_NOTFOUND : EXIT_CANNOT;
}

int cmd_run(int argc, char **argv)
{
	struct plan plan = { }, *p = &plan;
	int status = parse(p, argc, argv);

	if (status)
		return status;
	ask_module(p);
	if (!p->dry && !p->why && !p->off)
		grant(p);
	if (p->user) {
		status = drop_user(p->user);
		if (status)
			return status;
	}
	look_at_program(p);
	if (p->dry)
		return show(p);
	if (p->why && !p->off && !p->program.error) {
		if (p->strict) {
			complain("%s is not run: %s", *p->args, p->why);
			if (p->remedy)
				complain("remedy: %s", p->remedy);
			return EXIT_OWN;
		}
		if (p->verbose)
			complain("%s runs without elevation: %s", *p->args,
				 p->why);
	}
	return become(p);
}
