// SPDX-License-Identifier: GPL-2.0
/* The kelevate system call, as kmod/uapi/kelevate.h documents it. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbiote.h"

#define SYS_MODULE "/sys/module/kelevate"

static int kelevate(const struct module *m, unsigned int op,
		    unsigned long flags, void *arg)
{
	return syscall(m->nr, op, flags, arg) < 0 ? errno : 0;
}

static bool unusable(struct module *m, const char *remedy, char *why)
{
	snprintf(m->why, sizeof(m->why), "%s", why);
	snprintf(m->remedy, sizeof(m->remedy), "%s", remedy);
	free(why);
	return false;
}

bool module_open(struct module *m)
{
	const char *same = "install the module and the command of one build "
			   "and load the module again";
	const char *filter;
	char *line;
	int err;

	memset(m, 0, sizeof(*m));
	m->nr = -1;
	if (access(SYS_MODULE, F_OK)) {
		if (access("/sys/module", F_OK))
			return unusable(m, "mount -t sysfs sysfs /sys",
					text("/sys is not mounted"));
		return unusable(m, "modprobe kelevate",
				text("the kelevate module is not loaded"));
	}
	m->loaded = true;
	line = read_line(SYS_MODULE "/parameters/nr");
	if (!line || !parse_number(line, 1, 65535, &m->nr)) {
		m->nr = -1;
		free(line);
		return unusable(m, same, text("the kelevate module does not "
					      "say its system call's number"));
	}
	free(line);

	/*
	 * A filter may kill for a system call it does not know, so this comes
	 * before the first one, and without prctl(), which it may not know
	 * either.
	 */
	if (access("/proc/self/status", R_OK))
		return unusable(m, "mount -t proc proc /proc",
				text("/proc is not mounted"));
	if (under_seccomp(&filter))
		return unusable(m, "start it where there is no filter (in "
				"systemd's units SystemCallFilter= and some "
				"Protect*=, Restrict*= make one)",
				text("%s", filter));

	m->info.size = sizeof(m->info);
	m->info.abi = KELEVATE_ABI;
	err = kelevate(m, KELEVATE_QUERY, 0, &m->info);
	if (!err && m->info.abi == KELEVATE_ABI) {
		m->info.version[sizeof(m->info.version) - 1] = '\0';
		m->usable = true;
		return true;
	}
	if (!err || err == EPROTONOSUPPORT)
		return unusable(m, same,
				text("the kelevate module speaks ABI %u, this "
				     "command ABI %u", m->info.abi,
				     KELEVATE_ABI));
	if (err == ENOSYS)
		return unusable(m, "modprobe -r kelevate; modprobe kelevate",
				text("system call %ld is not answered by the "
				     "kelevate module", m->nr));
	return unusable(m, "the kernel log may have the reason",
			text("system call %ld (kelevate): %s", m->nr,
			     strerror(err)));
}

int module_grant_exec(const struct module *m)
{
	return kelevate(m, KELEVATE_GRANT, KELEVATE_GRANT_EXEC, NULL);
}

void module_revoke(const struct module *m)
{
	kelevate(m, KELEVATE_GRANT, KELEVATE_GRANT_REVOKE, NULL);
}

int module_stat(const struct module *m, unsigned long flags, pid_t pid,
		struct kelevate_stat *st)
{
	memset(st, 0, sizeof(*st));
	st->size = sizeof(*st);
	st->abi = KELEVATE_ABI;
	st->pid = pid;
	return kelevate(m, KELEVATE_STAT, flags, st);
}

int module_row(const struct module *m, unsigned int index,
	       struct kelevate_row *row)
{
	int err;

	memset(row, 0, sizeof(*row));
	row->size = sizeof(*row);
	row->index = index;
	err = kelevate(m, KELEVATE_ROW, 0, row);
	row->call[sizeof(row->call) - 1] = '\0';
	row->function[sizeof(row->function) - 1] = '\0';
	return err;
}

const char *module_hook(const struct module *m)
{
	if (m->info.features & KELEVATE_F_HOOK_TABLE)
		return "table";
	if (m->info.features & KELEVATE_F_HOOK_KPROBE)
		return "kprobe";
	return "unknown";
}
