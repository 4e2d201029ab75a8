// SPDX-License-Identifier: GPL-2.0
/*
 * Other processes: which of them carry the shim, and what it says in there.
 *
 * The library's dynamic symbols are looked up in the process's own memory and
 * not in the file, which may have been replaced, be deleted, or be in a mount
 * namespace of its own. What is read is another program's memory: every number
 * in it is taken as an attempt to lead this one astray.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"

#define CHAIN_MAX	65536	/* symbols of a hash chain that are looked at */

struct image {
	pid_t pid;
	uint64_t start, end;	/* of everything mapped of the library */
	uint64_t bias;
	uint64_t symtab, strtab, gnu_hash;
};

static bool remote_read(const struct image *im, uint64_t addr, void *buf,
			size_t len)
{
	struct iovec local = { buf, len };
	struct iovec remote = { (void *)(uintptr_t)addr, len };
	char path[32];
	ssize_t n;
	int fd;

	n = process_vm_readv(im->pid, &local, 1, &remote, 1, 0);
	if (n == (ssize_t)len)
		return true;
	if (n < 0 && errno != ENOSYS)
		return false;
	/* a kernel without CONFIG_CROSS_MEMORY_ATTACH */
	snprintf(path, sizeof(path), "/proc/%d/mem", im->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = pread(fd, buf, len, addr);
	close(fd);
	return n == (ssize_t)len;
}

/* Where the library is mapped; 1 found, 0 not there, -1 cannot be known. */
static int find_image(struct image *im)
{
	char path[32], *line = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", im->pid);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT || errno == ESRCH ? 0 : -1;
	im->start = 0;
	errno = 0;
	while (getline(&line, &size, f) >= 0) {
		unsigned long start, end, offset;
		char *name;
		int at = 0;

		if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %n", &start, &end,
			   &offset, &at) != 3 || !at)
			continue;
		name = strrchr(line + at, '/');
		if (!name || strncmp(name + 1, library_name,
				     strlen(library_name)))
			continue;
		if (!im->start) {
			if (offset)
				continue;
			im->start = start;
		}
		im->end = end;
	}
	if (!im->start && (errno == EACCES || errno == EPERM)) {
		free(line);
		fclose(f);
		return -1;
	}
	free(line);
	fclose(f);
	return im->start != 0;
}

static bool read_dynamic(struct image *im)
{
	uint64_t dynamic = 0, size = 0, i;
	bool have_load = false;
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	Elf64_Dyn dyn;

	if (!remote_read(im, im->start, &eh, sizeof(eh)) ||
	    memcmp(eh.e_ident, ELFMAG, SELFMAG) ||
	    eh.e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh.e_phentsize != sizeof(ph))
		return false;
	for (i = 0; i < eh.e_phnum; i++) {
		if (!remote_read(im, im->start + eh.e_phoff + i * sizeof(ph),
				 &ph, sizeof(ph)))
			return false;
		if (ph.p_type == PT_LOAD && !have_load) {
			have_load = true;
			im->bias = im->start - (ph.p_vaddr & -4096UL);
		} else if (ph.p_type == PT_DYNAMIC) {
			dynamic = ph.p_vaddr;
			size = ph.p_memsz;
		}
	}
	if (!have_load || !dynamic)
		return false;
	for (i = 0; i < size / sizeof(dyn) && i < 256; i++) {
		uint64_t addr;

		if (!remote_read(im, im->bias + dynamic + i * sizeof(dyn),
				 &dyn, sizeof(dyn)) || dyn.d_tag == DT_NULL)
			break;
		/* glibc has relocated these in place, other linkers have not */
		addr = dyn.d_un.d_ptr;
		if (addr < im->start)
			addr += im->bias;
		if (dyn.d_tag == DT_SYMTAB)
			im->symtab = addr;
		else if (dyn.d_tag == DT_STRTAB)
			im->strtab = addr;
		else if (dyn.d_tag == DT_GNU_HASH)
			im->gnu_hash = addr;
	}
	return im->symtab && im->strtab && im->gnu_hash;
}

static uint32_t gnu_hash(const char *s)
{
	uint32_t h = 5381;

	while (*s)
		h = h * 33 + (unsigned char)*s++;
	return h;
}

/* The address of a symbol; 0 when the library has none of that name. */
static uint64_t find_symbol(const struct image *im, const char *want)
{
	struct {
		uint32_t buckets, first, blooms, shift;
	} head;
	uint32_t hash = gnu_hash(want), i, n, link;
	uint64_t buckets, chains;
	char name[64];

	if (strlen(want) >= sizeof(name) ||
	    !remote_read(im, im->gnu_hash, &head, sizeof(head)) ||
	    !head.buckets)
		return 0;
	buckets = im->gnu_hash + sizeof(head) + head.blooms * 8ULL;
	chains = buckets + head.buckets * 4ULL;
	if (!remote_read(im, buckets + hash % head.buckets * 4ULL, &i,
			 sizeof(i)) || i < head.first)
		return 0;
	for (n = 0; n < CHAIN_MAX; n++, i++) {
		Elf64_Sym sym;

		if (!remote_read(im, chains + (i - head.first) * 4ULL, &link,
				 sizeof(link)))
			return 0;
		if ((link | 1) == (hash | 1) &&
		    remote_read(im, im->symtab + i * sizeof(sym), &sym,
				sizeof(sym)) &&
		    remote_read(im, im->strtab + sym.st_name, name,
				strlen(want) + 1) &&
		    !memcmp(name, want, strlen(want) + 1))
			return im->bias + sym.st_value;
		if (link & 1)
			break;
	}
	return 0;
}

/* Terminated, and nothing in it that a terminal would obey. */
static void plain(char *s, size_t size)
{
	s[size - 1] = '\0';
	for (; *s; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
}

#define PLAIN(array) plain(array, sizeof(array))

static void distrust(struct symbiote_stats *s)
{
	size_t i;

	if (s->nr_calls > SYMBIOTE_CALLS_MAX)
		s->nr_calls = SYMBIOTE_CALLS_MAX;
	if (s->nr_reasons > SYMBIOTE_REASONS_MAX)
		s->nr_reasons = SYMBIOTE_REASONS_MAX;
	PLAIN(s->shim_version);
	PLAIN(s->module_version);
	PLAIN(s->libc_version);
	PLAIN(s->mode_name);
	PLAIN(s->status_name);
	PLAIN(s->status_text);
	for (i = 0; i < SYMBIOTE_REASONS_MAX; i++)
		PLAIN(s->reason[i]);
	for (i = 0; i < SYMBIOTE_CALLS_MAX; i++)
		PLAIN(s->call[i].name);
}

/* The pid by which the process calls itself: the innermost namespace's. */
static pid_t own_pid(pid_t pid)
{
	char path[32], *list, *last;
	pid_t own = pid;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	list = read_field(path, "NSpid");
	if (list) {
		last = strrchr(list, '\t');
		own = atoi(last ? last + 1 : list);
		free(list);
	}
	return own;
}

static enum shim_view look(struct image *im, struct symbiote_stats *s)
{
	uint64_t addr;

	if (!read_dynamic(im))
		return SHIM_UNREADABLE;
	addr = find_symbol(im, SYMBIOTE_STATS_SYMBOL);
	if (!addr || !remote_read(im, addr, s,
				  offsetof(struct symbiote_stats, mode)))
		return SHIM_UNREADABLE;
	if (!s->magic)
		return SHIM_STARTING;
	if (s->magic != SYMBIOTE_STATS_MAGIC ||
	    s->version != SYMBIOTE_STATS_VERSION || s->size != sizeof(*s))
		return SHIM_OTHER;
	if (!remote_read(im, addr, s, sizeof(*s)))
		return SHIM_UNREADABLE;
	return SHIM_SEEN;
}

/*
 * Whoever serves a process's memory (userfaultfd, FUSE) may do so late, or
 * never: a child looks, and is not waited for without end. The first that is
 * late is given time enough for any busy machine; there may be many.
 */
static enum shim_view look_within(struct image *im, struct symbiote_stats *s)
{
	static int patience = 3000;	/* ms */
	struct answer {
		enum shim_view view;
		struct symbiote_stats stats;
	} *answer;
	enum shim_view view = SHIM_UNREADABLE;
	struct pollfd ended;
	int fds[2];
	pid_t child;

	answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (answer == MAP_FAILED)
		return SHIM_UNREADABLE;
	if (pipe2(fds, O_CLOEXEC)) {
		munmap(answer, sizeof(*answer));
		return SHIM_UNREADABLE;
	}
	answer->view = view;
	child = fork();
	if (!child) {
		answer->view = look(im, &answer->stats);
		_exit(0);
	}
	close(fds[1]);
	if (child > 0) {
		ended = (struct pollfd){ .fd = fds[0] };
		if (poll(&ended, 1, patience) > 0) {
			view = answer->view;
			*s = answer->stats;
		} else {
			patience = 100;
			kill(child, SIGKILL);
		}
		waitpid(child, NULL, 0);
	}
	close(fds[0]);
	munmap(answer, sizeof(*answer));
	return view;
}

enum shim_view process_shim(pid_t pid, struct symbiote_stats *s)
{
	struct image im = { .pid = pid };
	int found = find_image(&im);
	enum shim_view view;

	if (found <= 0)
		return found ? SHIM_HIDDEN : SHIM_NONE;
	view = look_within(&im, s);
	if (view != SHIM_SEEN)
		return view;
	distrust(s);
	/* a vfork child runs in its parent's memory: not its counts */
	if (s->counts.pid && s->counts.pid != own_pid(pid))
		memset(&s->counts, 0, sizeof(s->counts));
	return SHIM_SEEN;
}

const char *shim_view_text(enum shim_view view)
{
	switch (view) {
	case SHIM_SEEN:
		return "seen";
	case SHIM_STARTING:
		return "the shim has not started yet";
	case SHIM_OTHER:
		return "the shim is of another version than this command";
	case SHIM_UNREADABLE:
		return "the shim's counters are not readable";
	case SHIM_HIDDEN:
		return "the process is not visible to this user";
	case SHIM_NONE:
		break;
	}
	return "the process does not carry the shim";
}

void process_name(pid_t pid, char *comm, size_t size)
{
	char *line = read_line("/proc/%d/comm", pid);

	snprintf(comm, size, "%s", line ? line : "?");
	free(line);
}

uid_t process_uid(pid_t pid)
{
	char path[32], *ids;
	unsigned int euid = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	ids = read_field(path, "Uid");
	if (ids)
		sscanf(ids, "%*u %u", &euid);
	free(ids);
	return euid;
}

bool process_exists(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return !access(path, F_OK);
}

static int by_number(const void *a, const void *b)
{
	return *(const pid_t *)a < *(const pid_t *)b ? -1 :
	       *(const pid_t *)a > *(const pid_t *)b;
}

size_t process_list(pid_t **list)
{
	DIR *proc = opendir("/proc");
	size_t n = 0, room = 0;
	struct dirent *d;

	*list = NULL;
	while (proc && (d = readdir(proc))) {
		if (!isdigit((unsigned char)*d->d_name))
			continue;
		if (n == room) {
			pid_t *more;

			room = room ? 2 * room : 256;
			more = realloc(*list, room * sizeof(**list));
			if (!more)
				break;
			*list = more;
		}
		(*list)[n++] = atoi(d->d_name);
	}
	if (proc)
		closedir(proc);
	if (n)
		qsort(*list, n, sizeof(**list), by_number);
	return n;
}
