// SPDX-License-Identifier: GPL-2.0
/* /proc/PID/syscall of a thread that blocks in a gate call shows the call as it is. */
#include "kel.h"

int main(void)
{
	unsigned long *where = shared(4096), v[9];
	char path[64], line[512];
	uint64_t ret;
	pid_t child;
	double end;
	int p[2], status;

	must(!pipe(p));
	kel_elevate(KELEVATE_STICKY);
	child = fork();
	if (!child) {
		char byte[0x123];

		where[0] = (unsigned long)byte;
		must(gate6(SYS_read, p[0], byte, sizeof(byte), 0x44, 0x55, 0x66) == 3);
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/%d/syscall", child);
	for (end = kel_now() + 60;;) {
		FILE *f = fopen(path, "r");

		must(f && fgets(line, sizeof(line), f));
		fclose(f);
		if (sscanf(line, "%lu %lx %lx %lx %lx %lx %lx %lx %lx", v, v + 1, v + 2, v + 3, v + 4,
			   v + 5, v + 6, v + 7, v + 8) == 9 && v[0] == SYS_read)
			break;
		must(kel_now() < end, "it says: %s", line);
		usleep(1000);
	}
	must(v[1] == (unsigned long)p[0] && v[2] == where[0] && v[3] == 0x123, "%s", line);
	must(v[4] == 0x44 && v[5] == 0x55 && v[6] == 0x66, "%s", line);
	must(v[7] <= where[0] && v[7] + 65536 > where[0], "stack pointer: %s", line);
	must(v[8] > (unsigned long)main - 65536 && v[8] < (unsigned long)main + 65536,
	     "instruction pointer: %s", line);
	/* it was a gate call, not the system call */
	ret = kel_stat(child).fallbacks[KELEVATE_FB_UNKNOWN];
	must(ret == 0 && kel_stat(child).threads == 1);
	must(write(p[1], "abc", 3) == 3);
	must(waitpid(child, &status, 0) == child && status == 0, "%#x", status);
	return 0;
}
