// SPDX-License-Identifier: GPL-2.0
/*
 * symbiote check - every requirement of this machine, one line each
 *
 * What is hooked, and what the module refuses, is decided by the module when
 * it is loaded; this tells the same beforehand, from what user space can see,
 * in the module's words. "unknown" is said where user space cannot see it, and
 * does not make a machine unfit: the module will find out.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifdef __x86_64__
#include <cpuid.h>
#endif

#include "symbiote.h"
#include "../kmod/compat/tested.h"

/* Names of system calls' functions, and what shortcuts.def asks of a kernel. */
#ifdef __x86_64__
#define SYS_PREFIX "__x64_sys_"
#else
#define SYS_PREFIX "__arm64_sys_"
#endif

static const char help[] =
"Usage: symbiote check [--json]\n"
"Say for every requirement whether this machine meets it, why not, and what\n"
"would help. Changes nothing.\n"
"\n"
"  -j, --json\n"
"  -h, --help\n"
"\n"
"Exit status: 0 ready, 1 not ready, 125 bad usage.\n";

static const struct option options[] = {
	{ "json",	no_argument,	NULL, 'j' },
	{ "help",	no_argument,	NULL, 'h' },
	{ }
};

enum status { OK, NOT_OK, UNKNOWN };

struct answer {
	enum status status;
	char *reason;
	const char *remedy;	/* NULL: none, or none needed */
};

/* What more than one answer is made from. */
static struct {
	struct utsname uts;
	struct module module;
	char *flags;		/* of the first CPU; NULL */
	char *config;		/* the running kernel's; NULL */
} host;

__attribute__((format(printf, 1, 2)))
static struct answer ok(const char *fmt, ...)
{
	struct answer a = { .status = OK };
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&a.reason, fmt, ap) < 0)
		a.reason = text("%s", "");
	va_end(ap);
	return a;
}

#define judge(st, rem, ...) ({				\
	struct answer a_ = ok(__VA_ARGS__);		\
	a_.status = (st);				\
	a_.remedy = (rem);				\
	a_; })
#define bad(remedy, ...) judge(NOT_OK, remedy, __VA_ARGS__)
#define unknown(remedy, ...) judge(UNKNOWN, remedy, __VA_ARGS__)

/* A word of a list separated by blanks. */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *s = list;

	while (s && (s = strstr(s, word))) {
		if ((s == list || s[-1] == ' ') && (!s[len] || s[len] == ' '))
			return true;
		s += len;
	}
	return false;
}

static bool cpu_has(const char *flag)
{
	return has_word(host.flags, flag);
}

static char *slurp(FILE *f)
{
	size_t size = 0, n;
	char *all = NULL;

	do {
		char *more = realloc(all, size + 65537);

		if (!more)
			break;
		all = more;
		n = fread(all + size, 1, 65536, f);
		size += n;
		all[size] = '\0';
	} while (n);
	if (!size) {
		free(all);
		all = NULL;
	}
	return all;
}

static char *kernel_config(void)
{
	static const char *const places[] = {
		"/boot/config-%s", "/lib/modules/%s/config",
		"/usr/lib/modules/%s/config", "/lib/modules/%s/build/.config",
	};
	char *config = NULL;
	size_t i;
	FILE *f;

	if (!access("/proc/config.gz", R_OK)) {
		f = popen("gzip -dc /proc/config.gz 2>/dev/null", "re");
		if (f) {
			config = slurp(f);
			pclose(f);
		}
	}
	for (i = 0; !config && i < sizeof(places) / sizeof(*places); i++) {
		char path[256];

		snprintf(path, sizeof(path), places[i], host.uts.release);
		f = fopen(path, "re");
		if (f) {
			config = slurp(f);
			fclose(f);
		}
	}
	return config;
}

/* 'y', 'm', 'n'; 0 when there is no configuration to read. */
static char config_value(const char *option)
{
	size_t len = strlen(option);
	const char *s = host.config;

	if (!s)
		return 0;
	while ((s = strstr(s, option))) {
		if ((s == host.config || s[-1] == '\n') && s[len] == '=')
			return s[len + 1];
		s += len;
	}
	return 'n';
}

static struct answer need_config(const char *option, const char *what)
{
	char value = config_value(option);

	if (value == 'y' || value == 'm')
		return ok("%s=%c", option, value);
	if (host.module.usable)
		return ok("the module is loaded and has it");
	if (value)
		return bad("use a kernel with it: distributions' kernels have",
			   "%s is not set: %s", option, what);
	return unknown("install the kernel's configuration as /boot/config-*",
		       "the kernel's configuration is not to be found");
}

static struct answer check_arch(void)
{
	if (strcmp(host.uts.machine, "x86_64") &&
	    strcmp(host.uts.machine, "aarch64"))
		return bad("use an x86_64 or arm64 machine", "%s: elevation is "
			   "implemented for x86_64 and arm64",
			   host.uts.machine);
	return ok("%s", host.uts.machine);
}

static struct answer check_kernel(void)
{
	int major = 0, minor = 0;

	sscanf(host.uts.release, "%d.%d", &major, &minor);
	if (major < 5 || (major == 5 && minor < 10))
		return bad("use Linux 5.10 or later", "%s is older than 5.10",
			   host.uts.release);
	if (major > KEL_TESTED_MAJOR ||
	    (major == KEL_TESTED_MAJOR && minor > KEL_TESTED_MINOR))
		return unknown(NULL, "%s is newer than any that was tested "
			       "(%d.%d); the module tests itself when it is "
			       "loaded", host.uts.release, KEL_TESTED_MAJOR,
			       KEL_TESTED_MINOR);
	return ok("%s", host.uts.release);
}

static struct answer check_installed(void)
{
	char path[300], *line = NULL;
	bool found = false;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep",
		 host.uts.release);
	f = fopen(path, "re");
	while (f && !found && getline(&line, &size, f) >= 0) {
		char *end = strchr(line, ':'), *base;

		if (!end)
			continue;
		*end = '\0';
		base = strrchr(line, '/');
		base = base ? base + 1 : line;
		if (!strncmp(base, "kelevate.ko", 11)) {
			found = true;
			memmove(line, base, strlen(base) + 1);
		}
	}
	if (f)
		fclose(f);
	if (found) {
		struct answer a = ok("%s for %s", line, host.uts.release);

		free(line);
		return a;
	}
	free(line);
	if (host.module.loaded)
		return ok("not in /lib/modules/%s, but loaded",
			  host.uts.release);
	return bad("make install",
		   "no kelevate.ko in /lib/modules/%s", host.uts.release);
}

static struct answer check_loaded(void)
{
	if (host.module.loaded)
		return ok("kelevate%s%s", host.module.usable ? " " : "",
			  host.module.usable ? host.module.info.version : "");
	return bad("modprobe kelevate; when it refuses, its last line in the "
		   "kernel log (dmesg) has the reason", "not loaded");
}

static struct answer check_abi(void)
{
	if (host.module.usable)
		return ok("%u", host.module.info.abi);
	if (!host.module.loaded)
		return unknown(NULL, "the module is not loaded");
	return bad(host.module.remedy, "%s", host.module.why);
}

static struct answer check_syscall(void)
{
	if (host.module.usable)
		return ok("number %ld, registered by %s", host.module.nr,
			  module_hook(&host.module));
	if (!host.module.loaded)
		return unknown(NULL, "the module is not loaded");
	return bad(host.module.remedy, "%s", host.module.why);
}

static struct answer check_library(void)
{
	const char *why = NULL;
	char *path = find_library(&why);
	struct answer a = path ? ok("%s", path) :
		bad(NULL, "%s", why);

	free(path);
	return a;
}

static struct answer check_privilege(void)
{
	const char *why = NULL;

	if (has_privilege(&why))
		return ok("CAP_SYS_MODULE in the initial user namespace");
	return bad("run as root, outside of containers", "%s", why);
}

static struct answer check_signature(void)
{
	char *line = read_line("/sys/module/module/parameters/sig_enforce");
	bool enforced = line && *line == 'Y';

	free(line);
	if (!enforced || config_value("CONFIG_MODULE_SIG") == 'n')
		return ok("not enforced");
	if (host.module.loaded)
		return ok("enforced, and the module is loaded");
	return unknown("sign the module with a key that the kernel trusts",
		       "only signed modules can be loaded");
}

static struct answer check_preempt_notifiers(void)
{
	return need_config("CONFIG_PREEMPT_NOTIFIERS", "SMEP and SMAP could "
			   "not be put back when another task runs");
}

static struct answer check_kprobes(void)
{
	return need_config("CONFIG_KPROBES", "unexported functions cannot be "
			   "found, nor the system call be registered");
}

static struct answer check_tracepoints(void)
{
	return need_config("CONFIG_TRACEPOINTS", "exec, fork and exit cannot "
			   "be followed");
}

static struct answer check_kallsyms(void)
{
	return need_config("CONFIG_KALLSYMS", "kernel functions cannot be "
			   "found");
}

/*
 * What the module refuses: the names are those of its last line in the kernel
 * log. `flag` is what it looks at, as /proc/cpuinfo shows it.
 */
static struct answer flag_absent(const char *flag, const char *remedy,
				 const char *why)
{
	if (!host.flags)
		return unknown(NULL, "/proc/cpuinfo is not readable");
	if (!cpu_has(flag))
		return ok("not in use");
	if (host.module.usable)
		return ok("the module is loaded and copes");
	return bad(remedy, "%s", why);
}

static struct answer check_nohz_full(void)
{
	char *list = read_line("/sys/devices/system/cpu/nohz_full");
	bool on = list && *list && !strstr(list, "null");
	struct answer a = on ?
		bad("boot without nohz_full=", "nohz_full is active on CPUs "
		    "%s, which has to see every entry from user mode", list) :
		ok("not active");

	free(list);
	return a;
}

/* What the kernel may not have been built with, unless the module is loaded. */
static struct answer config_absent(const char *option, const char *remedy,
				   const char *why)
{
	char value = config_value(option);

	if (value == 'n')
		return ok("%s is not set", option);
	if (host.module.usable)
		return ok("the module is loaded and copes");
	if (value)
		return bad(remedy, "%s", why);
	return unknown("install the kernel's configuration as /boot/config-*",
		       "the kernel's configuration is not to be found");
}

/* Up to 6.12 at least CONFIG_CFI was CONFIG_CFI_CLANG. */
static struct answer check_cfi(void)
{
	const char *option = config_value("CONFIG_CFI_CLANG") == 'y' ?
			     "CONFIG_CFI_CLANG" : "CONFIG_CFI";

	return config_absent(option, "use a kernel without it", "the kernel "
			     "checks the types of indirect calls (kCFI), "
			     "which those to and from a module as this one "
			     "may not pass");
}

/* What only the module can look at. */
static struct answer module_looks(const char *what)
{
	if (host.module.usable)
		return ok("the module is loaded: %s", what);
	return unknown(NULL, "the module looks when it is loaded: %s", what);
}

static struct answer check_self_test(void)
{
	return module_looks("each mechanism, tried on something of its own");
}

/* The kernel's functions that the module calls without their being exported. */
static struct answer check_symbols(void)
{
	static const char *const needed[] = {
#define SHALLOW(call)	SYS_PREFIX #call,
#define DEEP(call, function)
#include "../kmod/shortcuts.def"
#ifdef __x86_64__
#define SYMBOL(name)	#name,
#include "../kmod/arch/x86/symbols.def"
#endif
	};
	const size_t n = sizeof(needed) / sizeof(*needed);
	bool found[sizeof(needed) / sizeof(*needed)] = { };
	char *line = NULL, name[256];
	size_t size = 0, i;
	FILE *f = fopen("/proc/kallsyms", "re");

	if (!f)
		return unknown(NULL, "/proc/kallsyms is not readable");
	setvbuf(f, NULL, _IOFBF, 1 << 16);	/* it is megabytes, read by the KiB otherwise */
	while (getline(&line, &size, f) >= 0) {
		if (sscanf(line, "%*s %*s %255s", name) != 1)
			continue;
		for (i = 0; i < n; i++)
			if (!strcmp(name, needed[i]))
				found[i] = true;
	}
	free(line);
	fclose(f);
	for (i = 0; i < n; i++)
		if (!found[i] && strcmp(needed[i], SYS_PREFIX "kelevate"))
			return bad("another kernel", "this kernel has no "
				   "symbol %s", needed[i]);
	return ok("all %zu that are needed", n - 1);
}

#ifdef __x86_64__
static struct answer check_vector(void)
{
	return module_looks("a vector for re-elevation (vector=)");
}

static struct answer check_ist(void)
{
	return module_looks("a free slot in the interrupt stack table");
}

static struct answer check_idt(void)
{
	return module_looks("the interrupt descriptor table");
}

static struct answer check_cr4(void)
{
	return module_looks("SMEP and SMAP can be cleared");
}

static struct answer check_tdx(void)
{
	return flag_absent("tdx_guest", "use a guest without TDX",
			   "an encrypted guest (TDX) takes #VE, whose entry "
			   "is not handled");
}

static struct answer check_kpti(void)
{
	char *line = read_line("/sys/devices/system/cpu/vulnerabilities/"
			       "meltdown");
	bool on = cpu_has("pti") || (line && strstr(line, "PTI"));
	struct answer a;

	if (on)
		a = bad("a CPU that Meltdown does not affect; or pti=off where "
			"its loss is acceptable", "page table isolation is "
			"active, in which user text is not executable in the "
			"kernel's page tables");
	else if (line || host.flags)
		a = ok("not active%s%s%s", line ? " (" : "", line ? line : "",
		       line ? ")" : "");
	else
		a = unknown(NULL, "neither sysfs nor /proc/cpuinfo says");
	free(line);
	return a;
}

static struct answer check_fred(void)
{
	return flag_absent("fred", "boot with fred=off",
			   "event delivery by FRED has no descriptor table");
}

static struct answer check_xen_pv(void)
{
	char *type = read_line("/sys/hypervisor/type");
	char *guest = read_line("/sys/hypervisor/guest_type");
	struct answer a;

	if (type && !strcmp(type, "xen") && guest && !strcmp(guest, "PV"))
		a = bad("use HVM or PVH", "a Xen PV guest's kernel does not "
			"run at CPL 0");
	else if (type && !strcmp(type, "xen") && !guest)
		a = unknown(NULL, "a Xen guest of unknown type");
	else
		a = ok("no");
	free(type);
	free(guest);
	return a;
}

static struct answer check_shadow_stack(void)
{
	return flag_absent("user_shstk", "boot with nousershstk",
			   "user shadow stacks are enabled, which elevated "
			   "text cannot use");
}

static struct answer check_ibt(void)
{
	return flag_absent("ibt", "boot with ibt=off", "indirect branch "
			   "tracking is active, and application text has no "
			   "landing pads");
}

static struct answer check_lass(void)
{
	return flag_absent("lass", "boot with clearcpuid=lass",
			   "linear address space separation is active");
}

static struct answer check_call_depth(void)
{
	static const char *const files[] = {
		"/sys/devices/system/cpu/vulnerabilities/retbleed",
		"/sys/devices/system/cpu/vulnerabilities/indirect_target_selection",
	};
	bool on = false;
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
		char *line = read_line("%s", files[i]);

		on |= line && strstr(line, "Stuffing");
		free(line);
	}
	if (on)
		return bad("boot without retbleed=stuff and "
			   "indirect_target_selection=stuff", "returns count "
			   "the depth of calls, also those of the entry stubs, "
			   "where GS is the application's");
	return ok("not counted");
}

/*
 * The kernel takes the flag out of /proc/cpuinfo in guests. The CPU says whether
 * it has SEV-ES, and in a register that only the kernel reads whether it is on.
 */
static struct answer check_sev_es(void)
{
	unsigned int eax = 0, b, c, d;
	uint64_t status;
	ssize_t n = -1;
	int fd;

	if (!cpu_has("hypervisor") || !__get_cpuid(0x8000001f, &eax, &b, &c, &d) ||
	    !(eax & 2) || !(eax & 8))
		return ok("not in use");
	if (host.module.usable)
		return ok("the module is loaded and copes");
	fd = open("/dev/cpu/0/msr", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = pread(fd, &status, sizeof(status), 0xc0010131);
		close(fd);
	}
	if (n != sizeof(status))
		return unknown("modprobe msr, and ask as root", "the CPU has "
			       "SEV-ES; whether it is on for this guest is for "
			       "the kernel to see");
	/* bit 3: somebody below this kernel takes #VC for it (vTOM) */
	if (!(status & 2) || (status & 8))
		return ok("the CPU has SEV-ES; this guest has nothing to do with it");
	return bad("use a guest without SEV-ES and SEV-SNP", "an encrypted "
		   "guest (SEV-ES) takes #VC, whose entry is not handled");
}

static struct answer check_cx16(void)
{
	if (!host.flags)
		return unknown(NULL, "/proc/cpuinfo is not readable");
	if (!cpu_has("cx16"))
		return bad("use another CPU, or another CPU model for the "
			   "guest", "the CPU has no CMPXCHG16B");
	return ok("the CPU has CMPXCHG16B");
}
#else
static struct answer check_vectors(void)
{
	return module_looks("the exception vectors that stock Linux never "
			    "uses");
}

static struct answer check_pseudo_nmi(void)
{
	static const char option[] = "irqchip.gicv3_pseudo_nmi=";
	char *line = read_line("/proc/cmdline");
	const char *at = line ? strstr(line, option) : NULL;
	bool on = false;

	if (at) {	/* as kstrtobool() */
		at += strlen(option);
		on = !strchr("0nN", *at) && strncasecmp(at, "of", 2);
	}

	free(line);
	if (!on)
		return ok("not asked for");
	return config_absent("CONFIG_ARM64_PSEUDO_NMI",
			     "boot without irqchip.gicv3_pseudo_nmi=1",
			     "interrupts are masked by priority");
}

static struct answer check_sw_pan(void)
{
	return config_absent("CONFIG_ARM64_SW_TTBR0_PAN",
			     "a CPU with PAN, or another kernel",
			     "user pages are unmapped in the kernel, on CPUs "
			     "without PAN");
}

static struct answer check_scs(void)
{
	return config_absent("CONFIG_SHADOW_CALL_STACK", "another kernel",
			     "the kernel keeps a shadow call stack in x18, "
			     "which belongs to applications");
}

static struct answer check_bti(void)
{
	if (host.flags && !cpu_has("bti"))
		return ok("the CPU has none");
	return config_absent("CONFIG_ARM64_BTI_KERNEL",
			     "another kernel, or arm64.nobti",
			     "the kernel's text has branch target "
			     "identification");
}

static struct answer check_sme(void)
{
	return flag_absent("sme", "boot with arm64.nosme", "the CPU has SME, "
			   "whose use by elevated text the kernel would not "
			   "notice");
}

static struct answer check_gcs(void)
{
	return flag_absent("gcs", "boot with arm64.nogcs", "user shadow stacks "
			   "(GCS) would not follow elevated text's calls");
}

/* User space is not told of S1PIE, but that a CPU has POE, which needs it. */
static struct answer check_s1pie(void)
{
	if (host.module.usable)
		return ok("the module is loaded and copes");
	return flag_absent("poe", "another CPU", "permissions of pages are "
			   "indirect (S1PIE), so that none can be executed by "
			   "application and kernel both");
}

static struct answer check_sdei(void)
{
	DIR *devices = opendir("/sys/bus/platform/drivers/sdei");
	bool on = false;
	struct dirent *d;

	/* besides its devices: bind, unbind, uevent, module */
	while (devices && (d = readdir(devices)))
		on |= *d->d_name != '.' && strstr(d->d_name, "sdei");
	if (devices)
		closedir(devices);
	if (on)
		return bad("boot without SDEI, by the firmware's settings",
			   "the firmware delivers events (SDEI) past the "
			   "exception vectors");
	return ok("the kernel does not use it");
}
#endif

static struct answer check_lockdown(void)
{
	const char *state = lockdown_state();

	if (!state)
		return config_value("CONFIG_SECURITY_LOCKDOWN_LSM") == 'n' ||
		       host.module.usable ?
			ok("none") :
			unknown("mount -t securityfs securityfs "
				"/sys/kernel/security",
				"/sys/kernel/security/lockdown is not "
				"readable");
	if (!strcmp(state, "none"))
		return ok("none");
	return bad("boot without lockdown= and without Secure Boot",
		   "the kernel is locked down (%s): elevating is loading code "
		   "into it", state);
}

static const struct {
	const char *name;
	struct answer (*check)(void);
} checks[] = {
	{ "architecture",	check_arch },
	{ "kernel",		check_kernel },
	{ "module-installed",	check_installed },
	{ "module-loaded",	check_loaded },
	{ "module-abi",		check_abi },
	{ "system-call",	check_syscall },
	{ "library",		check_library },
	{ "privilege",		check_privilege },
	{ "module-signature",	check_signature },
	{ "preempt-notifiers",	check_preempt_notifiers },
	{ "kprobes",		check_kprobes },
	{ "tracepoints",	check_tracepoints },
	{ "kallsyms",		check_kallsyms },
	{ "nohz-full",		check_nohz_full },
	{ "cfi",		check_cfi },
	{ "lockdown",		check_lockdown },
	{ "symbols",		check_symbols },
	{ "self-test",		check_self_test },
#ifdef __x86_64__
	{ "kpti",		check_kpti },
	{ "fred",		check_fred },
	{ "xen-pv",		check_xen_pv },
	{ "shadow-stack",	check_shadow_stack },
	{ "ibt",		check_ibt },
	{ "lass",		check_lass },
	{ "call-depth",		check_call_depth },
	{ "sev-es",		check_sev_es },
	{ "tdx",		check_tdx },
	{ "cx16",		check_cx16 },
	{ "vector",		check_vector },
	{ "ist",		check_ist },
	{ "idt",		check_idt },
	{ "cr4",		check_cr4 },
#else
	{ "pseudo-nmi",		check_pseudo_nmi },
	{ "sw-pan",		check_sw_pan },
	{ "scs",		check_scs },
	{ "bti",		check_bti },
	{ "sme",		check_sme },
	{ "gcs",		check_gcs },
	{ "s1pie",		check_s1pie },
	{ "sdei",		check_sdei },
	{ "vectors",		check_vectors },
#endif
};

static const char *const words[] = {
	[OK] = "ok", [NOT_OK] = "not ok", [UNKNOWN] = "unknown",
};

static void print_json(const char *name, const struct answer *a, bool first)
{
	printf("%s\n  {\"name\": ", first ? "" : ",");
	print_quoted(stdout, name);
	printf(", \"status\": \"%s\", \"reason\": ", words[a->status]);
	print_quoted(stdout, a->reason);
	if (a->remedy) {
		printf(", \"remedy\": ");
		print_quoted(stdout, a->remedy);
	}
	putchar('}');
}

static void print_line(const char *name, const struct answer *a)
{
	printf("%-8s %-18s ", words[a->status], name);
	print_plain(stdout, a->reason);
	if (a->remedy) {
		printf("; remedy: ");
		print_plain(stdout, a->remedy);
	}
	putchar('\n');
}

int cmd_check(int argc, char **argv)
{
	int c, failed = 0, open = 0;
	bool json = false;
	size_t i;

	while ((c = getopt_long(argc, argv, "jh", options, NULL)) >= 0) {
		switch (c) {
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return finish_output(0);
		default:
			fprintf(stderr, "Try 'symbiote check --help'.\n");
			return EXIT_OWN;
		}
	}
	if (optind < argc)
		return usage_error("check", "check takes no '%s'",
				   argv[optind]);

	uname(&host.uts);
	module_open(&host.module);
#ifdef __x86_64__
	host.flags = read_field("/proc/cpuinfo", "flags");
#else
	host.flags = read_field("/proc/cpuinfo", "Features");
#endif
	host.config = kernel_config();

	if (json)
		printf("{\"checks\": [");
	for (i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		struct answer a = checks[i].check();

		failed += a.status == NOT_OK;
		open += a.status == UNKNOWN;
		if (json)
			print_json(checks[i].name, &a, !i);
		else
			print_line(checks[i].name, &a);
		free(a.reason);
	}
	if (json)
		printf("],\n \"ready\": %s}\n", failed ? "false" : "true");
	else if (failed)
		printf("\nnot ready: %d of %zu requirements are not met\n",
		       failed, sizeof(checks) / sizeof(*checks));
	else if (open)
		printf("\nready, as far as can be seen (%d unknown)\n", open);
	else
		printf("\nready\n");
	return finish_output(failed ? 1 : 0);
}
