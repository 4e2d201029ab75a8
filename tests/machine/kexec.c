// SPDX-License-Identifier: GPL-2.0
/*
 * Another kernel is loaded by kexec, and unloaded, while symbiotes live: neither
 * disturbs the other.
 */
#include <linux/kexec.h>
#include "elevate/kel.h"

static int loaded(void)
{
	FILE *f = fopen("/sys/kernel/kexec_loaded", "r");
	int value;

	must(f && fscanf(f, "%d", &value) == 1);
	fclose(f);
	return value;
}

static void *calls(void *stop)
{
	long done = 0;

	kel_elevate(KELEVATE_STICKY);
	while (!*(volatile bool *)stop) {
		must(gate0(SYS_getppid) == getppid());
		kel_touch();
		done++;
	}
	return (void *)done;
}

int main(void)
{
	const char *build = getenv("RIG_BUILD");
	bool stop = false;
	pthread_t thread;
	char path[4096];
	void *done;
	int fd;

	kel_nr();
	snprintf(path, sizeof(path), "%s/vmlinuz", build ? build : "/boot");
	fd = open(path, O_RDONLY);
	if (fd < 0)
		skip("no kernel image to load");
	if (access("/sys/kernel/kexec_loaded", R_OK))
		skip("the kernel has no kexec");
	if (syscall(SYS_kexec_file_load, -1, -1, 0UL, NULL, (long)KEXEC_FILE_UNLOAD) && errno == ENOSYS)
		skip("the kernel has no kexec_file_load()");
	must(!pthread_create(&thread, NULL, calls, &stop));
	for (int i = 0; i < 5; i++) {
		must(!syscall(SYS_kexec_file_load, fd, -1, 6UL, "quiet", (long)KEXEC_FILE_NO_INITRAMFS), "%s",
		     strerror(errno));
		must(loaded());
		usleep(50000);
		must(!syscall(SYS_kexec_file_load, -1, -1, 0UL, NULL, (long)KEXEC_FILE_UNLOAD), "%s", strerror(errno));
		must(!loaded());
	}
	stop = true;
	must(!pthread_join(thread, &done) && (long)done > 100, "%ld", (long)done);
	return 0;
}
