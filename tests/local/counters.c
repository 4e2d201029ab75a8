// SPDX-License-Identifier: GPL-2.0
/* The counters of what is handed over: those of IP and the device agree, as they do when everything passes them. */
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include "local/connection.h"

/* In a file of /proc/net with a line of names and one of values for each group. */
static unsigned long counter(const char *file, const char *group, const char *name)
{
	char path[64], names[8192], values[8192], *n, *v, *rest_n, *rest_v;
	FILE *f;

	sprintf(path, "/proc/self/net/%s", file);
	f = fopen(path, "r");
	must(f);
	while (fgets(names, sizeof(names), f) && fgets(values, sizeof(values), f)) {
		n = strtok_r(names, " \n", &rest_n);
		v = strtok_r(values, " \n", &rest_v);
		if (strncmp(n, group, strlen(group)) || n[strlen(group)] != ':')
			continue;
		while ((n = strtok_r(NULL, " \n", &rest_n)) && (v = strtok_r(NULL, " \n", &rest_v))) {
			if (!strcmp(n, name)) {
				fclose(f);
				return strtoul(v, NULL, 10);
			}
		}
	}
	must(false, "%s has no %s: %s", file, group, name);
	return 0;
}

static void device(unsigned long *rx, unsigned long *tx)
{
	FILE *f = fopen("/proc/self/net/dev", "r");
	char line[512], *at;

	must(f);
	while (fgets(line, sizeof(line), f)) {
		at = strstr(line, "lo:");
		if (at) {
			must(sscanf(at + 3, "%lu %*u %*u %*u %*u %*u %*u %*u %lu", rx, tx) == 2);
			fclose(f);
			return;
		}
	}
	must(false);
}

static bool agree(bool last)
{
	unsigned long rx, tx, in = counter("netstat", "IpExt", "InOctets"), out = counter("netstat", "IpExt", "OutOctets");
	unsigned long received = counter("snmp", "Ip", "InReceives"), requests = counter("snmp", "Ip", "OutRequests");

	device(&rx, &tx);
	if (last)
		printf("bytes: device %lu and %lu, IP %lu and %lu; packets: %lu and %lu\n", rx, tx, in, out, received, requests);
	return rx == in && tx == out && in == out && received == requests;
}

static void counters(void)
{
	static char buf[16384];
	uint64_t delivered = shortcuts_to("tcp_v4_do_rcv"), direct = shortcuts_to("tcp_rcv_established");
	int tries = 20;

	connect_ends();
	must(agree(false) || (sleep(1), agree(true)), "before anything was handed over");
	for (int i = 0; i < 400; i++) {
		int size = i & 1 ? 1 + i * 7 : 8192 + i;

		must(gate3(SYS_write, ends[0], buf, size) == size);
		must(recv(ends[1], buf, size, MSG_WAITALL) == size);
	}
	close(ends[0]);
	must(recv(ends[1], buf, 1, 0) == 0);
	close(ends[1]);
	delivered = shortcuts_to("tcp_v4_do_rcv") - delivered;
	direct = shortcuts_to("tcp_rcv_established") - direct;
	must(delivered > 100 && direct > 100, "%lu delivered, %lu direct", delivered, direct);
	while (!agree(tries == 1)) {
		must(--tries);
		usleep(100000);
	}
}

int main(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK };
	int fd;

	if (!(kel_query().features & KELEVATE_F_DEEP))
		skip("no deep shortcuts");
	must(!unshare(CLONE_NEWNET));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	must(fd >= 0 && !ioctl(fd, SIOCSIFFLAGS, &lo));
	close(fd);
	kel_elevate(KELEVATE_STICKY);
	counters();
	return 0;
}
