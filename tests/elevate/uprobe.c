// SPDX-License-Identifier: GPL-2.0
/* A uprobe in elevated text counts every pass, and the text goes on right. */
#include "kel.h"

#define TRACING	"/sys/kernel/tracing/"
#define PASSES	2000

static __attribute__((noinline)) long probed(long a)
{
	__asm__ volatile("" : "+r" (a));
	return a * 3 + 1;
}

static bool put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_APPEND);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok;
}

/* Where in the file the function is. */
static unsigned long offset(void)
{
	unsigned long start, end, at, here = (unsigned long)probed;
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx %*s %lx", &start, &end, &at) == 3 && here >= start &&
		    here < end)
			return here - start + at;
	must(false);
	return 0;
}

/* The copy of this program that is probed. */
static int calls(void)
{
	kel_elevate(KELEVATE_STICKY);
	for (long i = 0; i < PASSES; i++) {
		kel_touch();
		must(probed(i) == 3 * i + 1);
		must(gate0(SYS_getpid) == getpid());
	}
	return 0;
}

int main(int argc, char **argv)
{
	char text[600], line[512], buffer[65536], here[400];
	unsigned long hits = 0;
	int in, out, status;
	ssize_t n;
	FILE *f;

	if (argc > 1)
		return calls();
	(void)argv;
	kel_query();
	if (access(TRACING "uprobe_events", W_OK))
		skip("no uprobes");
	in = open("/proc/self/exe", O_RDONLY);
	out = open("copy", O_CREAT | O_WRONLY, 0755);
	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		must(write(out, buffer, n) == n);
	close(out);
	must(getcwd(here, sizeof(here)));
	snprintf(text, sizeof(text), "p:kel_test/probed %s/copy:%#lx", here, offset());
	must(put(TRACING "uprobe_events", text), "%s", text);
	must(put(TRACING "events/kel_test/probed/enable", "1"));
	status = in_child(execl("./copy", "copy", "calls", NULL));
	f = fopen(TRACING "uprobe_profile", "r");
	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, "probed"))
			sscanf(line, " %*s probed %lu", &hits);
	put(TRACING "events/kel_test/probed/enable", "0");
	put(TRACING "uprobe_events", "-:kel_test/probed");
	must(status == 0, "status %#x", status);
	must(hits == PASSES, "%lu hits of %d: %s", hits, PASSES, line);
	return 0;
}
