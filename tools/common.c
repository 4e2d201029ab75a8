// SPDX-License-Identifier: GPL-2.0
/* What every part of the command needs. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbiote.h"

const char library_name[] = "libsymbiote.so";

static void say(const char *fmt, va_list ap)
{
	fflush(stdout);
	fputs("symbiote: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

int usage_error(const char *command, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	fprintf(stderr, "Try 'symbiote%s%s --help'.\n", *command ? " " : "",
		command);
	return EXIT_OWN;
}

char *text(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0) {
		complain("out of memory");
		exit(EXIT_OWN);
	}
	return s;
}

char *read_line(const char *fmt, ...)
{
	char path[PATH_MAX], *line = NULL;
	size_t size = 0;
	ssize_t n;
	va_list ap;
	FILE *f;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	f = fopen(path, "re");
	if (!f)
		return NULL;
	errno = 0;
	n = getline(&line, &size, f);
	if (n < 0) {
		bool empty = !ferror(f);

		free(line);
		line = empty ? text("%s", "") : NULL;
	} else if (n && line[n - 1] == '\n') {
		line[n - 1] = '\0';
	}
	fclose(f);
	return line;
}

bool parse_number(const char *s, long min, long max, long *out)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*out = strtol(s, &end, 10);
	return !errno && !*end && *out >= min && *out <= max;
}

char *read_field(const char *path, const char *name)
{
	size_t size = 0, len = strlen(name);
	char *line = NULL, *value = NULL, *s;
	FILE *f = fopen(path, "re");

	if (!f)
		return NULL;
	while (!value && getline(&line, &size, f) >= 0) {
		if (strncmp(line, name, len))
			continue;
		s = line + len;
		s += strspn(s, " \t");
		if (*s++ != ':')
			continue;
		s += strspn(s, " \t");
		s[strcspn(s, "\n")] = '\0';
		value = text("%s", s);
	}
	free(line);
	fclose(f);
	return value;
}

const char *lockdown_state(void)
{
	static const char *const states[] = {
		"none", "integrity", "confidentiality",
	};
	char *line = read_line("/sys/kernel/security/lockdown");
	const char *found = NULL;
	size_t i;

	for (i = 0; line && i < sizeof(states) / sizeof(*states); i++) {
		char *mark = strchr(line, '[');

		if (mark && !strncmp(mark + 1, states[i], strlen(states[i])))
			found = states[i];
	}
	free(line);
	return found;
}

#define CAP_SYS_MODULE		16
#define INIT_USER_NS		0xeffffffdU	/* PROC_USER_INIT_INO */

bool under_seccomp(const char **why)
{
	char *mode = read_field("/proc/self/status", "Seccomp");
	bool under = mode && strcmp(mode, "0");

	free(mode);
	if (under)
		*why = "this process is under a seccomp filter (a container "
		       "or sandbox), which would not see the program's calls";
	return under;
}

bool has_privilege(const char **why)
{
	char *caps = read_field("/proc/self/status", "CapEff");
	bool have = caps && strtoull(caps, NULL, 16) >> CAP_SYS_MODULE & 1;
	struct stat st;

	free(caps);
	if (!have) {
		*why = "this process lacks CAP_SYS_MODULE (is not root)";
		return false;
	}
	if (!stat("/proc/self/ns/user", &st) && st.st_ino != INIT_USER_NS) {
		*why = "this process is not in the initial user namespace "
		       "(a container)";
		return false;
	}
	return !under_seccomp(why);
}

bool may_grant(const char **why)
{
	const char *state = lockdown_state();

	if (!has_privilege(why))
		return false;
	if (state && strcmp(state, "none")) {
		*why = text("the kernel is locked down (%s)", state);
		return false;
	}
	return true;
}

/* Bytes of a well-formed UTF-8 sequence at s; 0: none. */
static int utf8_length(const unsigned char *s)
{
	int i, n = *s >= 0xf0 && *s <= 0xf4 ? 4 : *s >= 0xe0 ? 3 : 2;

	if (*s < 0xc2 || *s > 0xf4)
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* overlong forms, surrogates, past the last plane */
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static void print_escaped(FILE *f, const char *str, bool json)
{
	const unsigned char *s = (const unsigned char *)str;

	while (*s) {
		int n = utf8_length(s);

		if (n == 2 && *s == 0xc2 && s[1] < 0xa0) {	/* C1 controls */
			if (json)
				fprintf(f, "\\u%04x", s[1]);
			else
				fputc('?', f);
			s += n;
			continue;
		}
		if (n) {
			fwrite(s, 1, n, f);
			s += n;
			continue;
		}
		if (json && (*s == '"' || *s == '\\'))
			fprintf(f, "\\%c", *s);
		else if (*s >= 0x20 && *s < 0x7f)
			fputc(*s, f);
		else if (json)		/* a stray byte as Latin-1 */
			fprintf(f, "\\u%04x", *s);
		else
			fputc('?', f);
		s++;
	}
}

void print_quoted(FILE *f, const char *s)
{
	fputc('"', f);
	print_escaped(f, s, true);
	fputc('"', f);
}

void print_plain(FILE *f, const char *s)
{
	print_escaped(f, s, false);
}

/*
 * SYMBIOTE_LIBRARY, then where `make install` puts it, then the build tree.
 * The path ends up in LD_PRELOAD, where a space or a colon separates and a
 * dollar sign is expanded, and nothing quotes them.
 */
char *find_library(const char **why)
{
	const char *env = getenv("SYMBIOTE_LIBRARY");
	char self[PATH_MAX], *path = NULL, *slash;
	ssize_t n;

	if (env && *env) {
		path = realpath(env, NULL);
		if (!path) {
			*why = text("SYMBIOTE_LIBRARY: %s: %s", env,
				    strerror(errno));
			return NULL;
		}
	} else if (!access(PREFIX "/lib/symbiote/libsymbiote.so", F_OK)) {
		path = text("%s", PREFIX "/lib/symbiote/libsymbiote.so");
	} else {
		n = readlink("/proc/self/exe", self, sizeof(self) - 1);
		self[n > 0 ? n : 0] = '\0';
		slash = strrchr(self, '/');
		if (slash) {
			char *tree;

			*slash = '\0';
			tree = text("%s/../shim/libsymbiote.so", self);
			path = realpath(tree, NULL);
			free(tree);
		}
	}
	if (!path) {
		*why = "libsymbiote.so is not installed "
		       "in " PREFIX "/lib/symbiote (make install, or set "
		       "SYMBIOTE_LIBRARY)";
		return NULL;
	}
	if (!library_loadable(path, why)) {
		free(path);
		return NULL;
	}
	if (strpbrk(path, " :\t\n$")) {
		*why = text("the library's path '%s' has a space, a colon or a "
			    "dollar sign, which LD_PRELOAD cannot carry", path);
		free(path);
		return NULL;
	}
	return path;
}

int finish_output(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		complain("standard output: %s", strerror(errno));
		return EXIT_OWN;
	}
	return status;
}
