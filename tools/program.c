// SPDX-License-Identifier: GPL-2.0
/*
 * What an exec of a name would run, and whether LD_PRELOAD reaches it: the
 * dynamic linker of a 64-bit program of this architecture reads it, unless the
 * program gains privileges by being executed.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "symbiote.h"

#if defined(__x86_64__)
#define NATIVE EM_X86_64
#elif defined(__aarch64__)
#define NATIVE EM_AARCH64
#else
#error "symbiote knows x86_64 and arm64"
#endif

#define SCRIPT_DEPTH 5		/* as the kernel's */
#define SCRIPT_LINE 256

static bool is_native(const Elf64_Ehdr *eh)
{
	return !memcmp(eh->e_ident, ELFMAG, SELFMAG) &&
	       eh->e_ident[EI_CLASS] == ELFCLASS64 &&
	       eh->e_ident[EI_DATA] == ELFDATA2LSB && eh->e_machine == NATIVE;
}

/* As the dynamic linker will do it. */
static bool may_be_executed(int fd, const char *path, const char **why)
{
	void *at = mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	if (at == MAP_FAILED) {
		*why = text("%s may not be executed: %s", path, strerror(errno));
		return false;
	}
	munmap(at, 1);
	return true;
}

/* What the dynamic linker cannot preload it only complains about. */
bool library_loadable(const char *path, const char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool loadable = false;
	Elf64_Ehdr eh;
	struct stat st;

	if (fd < 0) {
		*why = text("%s: %s", path, strerror(errno));
		return false;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    read(fd, &eh, sizeof(eh)) != sizeof(eh) || !is_native(&eh) ||
	    eh.e_type != ET_DYN)
		*why = text("%s is not a shared library of this machine", path);
	else
		loadable = may_be_executed(fd, path, why);
	close(fd);
	return loadable;
}

__attribute__((format(printf, 2, 3)))
static void not_preloadable(struct program *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->why, sizeof(p->why), fmt, ap);
	va_end(ap);
	p->preloadable = false;
}

/* execvp's search, with its choice of the error. */
static int search(struct program *p, const char *name)
{
	const char *path = getenv("PATH"), *next;
	int err = ENOENT;

	if (!*name)
		return ENOENT;
	if (strchr(name, '/')) {
		if (strlen(name) >= sizeof(p->path))
			return ENAMETOOLONG;
		strcpy(p->path, name);
		return 0;
	}
	if (!path)
		path = "/bin:/usr/bin";
	for (;; path = next + 1) {
		struct stat st;
		int n;

		next = strchrnul(path, ':');
		n = snprintf(p->path, sizeof(p->path), "%.*s%s%s",
			     (int)(next - path), path, next > path ? "/" : "",
			     name);
		if (n > 0 && n < (int)sizeof(p->path) && !stat(p->path, &st) &&
		    S_ISREG(st.st_mode)) {
			if (!access(p->path, X_OK))
				return 0;
			err = EACCES;
		}
		if (!*next)
			break;
	}
	snprintf(p->path, sizeof(p->path), "%s", name);
	return err;
}

/* Exec of this file changes credentials: the linker runs in secure mode. */
static bool gains_privileges(struct program *p, const char *file, int fd)
{
	uid_t uid = getuid();
	struct statvfs fs;
	struct stat st;

	if (fstat(fd, &st))
		return false;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return false;
	if (!fstatvfs(fd, &fs) && fs.f_flag & ST_NOSUID)
		return false;
	if (st.st_mode & S_ISUID && st.st_uid != uid)
		not_preloadable(p, "%s is setuid: the dynamic linker ignores "
				"LD_PRELOAD", file);
	else if ((st.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
		 st.st_gid != getgid())
		not_preloadable(p, "%s is setgid: the dynamic linker ignores "
				"LD_PRELOAD", file);
	else if (uid && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		not_preloadable(p, "%s has file capabilities: the dynamic "
				"linker ignores LD_PRELOAD", file);
	else
		return false;
	return true;
}

/* The interpreter of a script: true when `line` names one. */
static bool script_interpreter(char *line, char *out, size_t size)
{
	char *s = line + 2, *end;

	s += strspn(s, " \t");
	end = s + strcspn(s, " \t\n");
	if (end == s)
		return false;
	*end = '\0';
	snprintf(out, size, "%s", s);
	return true;
}

/* The dynamic linker that a program names; "" if none. */
static void read_interp(int fd, const Elf64_Ehdr *eh, char interp[PATH_MAX])
{
	Elf64_Phdr ph;
	size_t n;
	int i;

	memset(interp, 0, PATH_MAX);
	for (i = 0; i < eh->e_phnum; i++) {
		if (pread(fd, &ph, sizeof(ph), eh->e_phoff +
			  (off_t)i * eh->e_phentsize) != sizeof(ph))
			return;
		if (ph.p_type != PT_INTERP)
			continue;
		n = ph.p_filesz < PATH_MAX ? ph.p_filesz : PATH_MAX - 1;
		if (pread(fd, interp, n, ph.p_offset) != (ssize_t)n)
			interp[0] = '\0';
		return;
	}
}

/*
 * Is this another dynamic linker than the one of this command? Then the C
 * library is another one too: musl, or a glibc that the program brings and
 * which may be too old for libsymbiote.so. Its linker would end the program.
 */
static bool foreign_linker(const char *linker)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char own[PATH_MAX] = "";
	struct stat ours, its;
	Elf64_Ehdr eh;

	if (fd < 0)
		return false;
	if (pread(fd, &eh, sizeof(eh), 0) == sizeof(eh))
		read_interp(fd, &eh, own);
	close(fd);
	return !stat(own, &ours) && !stat(linker, &its) &&
	       (ours.st_dev != its.st_dev || ours.st_ino != its.st_ino);
}

static void inspect_elf(struct program *p, int fd, const Elf64_Ehdr *eh)
{
	char interp[PATH_MAX], *base;
	const char *linker;

	if (eh->e_ident[EI_CLASS] != ELFCLASS64) {
		strcpy(p->kind, "32-bit");
		not_preloadable(p, "%s is a 32-bit program", p->image);
		return;
	}
	if (!is_native(eh)) {
		strcpy(p->kind, "for another architecture");
		not_preloadable(p, "%s is for another architecture (ELF "
				"machine %u)", p->image, eh->e_machine);
		return;
	}
	read_interp(fd, eh, interp);
	base = strrchr(p->image, '/');
	base = base ? base + 1 : p->image;
	if (!interp[0] && strncmp(base, "ld-linux", 8)) {
		strcpy(p->kind, "64-bit, static");
		not_preloadable(p, "%s is statically linked: nothing reads "
				"LD_PRELOAD", p->image);
		return;
	}
	strcpy(p->kind, "64-bit, dynamic");
	linker = interp[0] ? interp : p->image;
	if (foreign_linker(linker)) {
		not_preloadable(p, "%s has a C library of its own: its dynamic "
				"linker is %s", p->image, linker);
		return;
	}
	p->preloadable = true;
}

void program_inspect(struct program *p, const char *name)
{
	union {
		char line[SCRIPT_LINE + 1];
		Elf64_Ehdr eh;
	} head;
	char file[PATH_MAX];
	int depth, fd;
	ssize_t n;

	memset(p, 0, sizeof(*p));
	p->error = search(p, name);
	snprintf(p->image, sizeof(p->image), "%s", p->path);
	strcpy(p->kind, "unknown");
	if (p->error)
		return;
	for (depth = 0; depth <= SCRIPT_DEPTH; depth++) {
		struct stat st;

		if (stat(p->image, &st)) {
			p->error = errno;
			return;
		}
		if (!S_ISREG(st.st_mode) || access(p->image, X_OK)) {
			p->error = EACCES;
			return;
		}
		fd = open(p->image, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {		/* executable, not readable */
			not_preloadable(p, "%s cannot be read: %s", p->image,
					strerror(errno));
			return;
		}
		memset(&head, 0, sizeof(head));
		n = read(fd, head.line, SCRIPT_LINE);
		if (n >= (ssize_t)sizeof(head.eh) &&
		    !memcmp(head.eh.e_ident, ELFMAG, SELFMAG)) {
			/* the kernel takes a script's credentials from its
			 * interpreter, so only this file counts
			 */
			inspect_elf(p, fd, &head.eh);
			gains_privileges(p, p->image, fd);
			close(fd);
			return;
		}
		close(fd);
		/* execvp gives what the kernel does not know to the shell */
		if (n < 2 || memcmp(head.line, "#!", 2) ||
		    !script_interpreter(head.line, file, sizeof(file)))
			strcpy(file, "/bin/sh");
		strcpy(p->image, file);
	}
	p->error = ELOOP;
}
