// SPDX-License-Identifier: GPL-2.0
/* The parser of the SYMBIOTE_ environment: good values, nonsense, and noise. */
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "../../shim/env.c"
#include "test.h"

#define CALL(ret, name, ...) #name,
static const char *const names[] = {
#include "calls.def"
};

const char *symbiote_call_name(enum call call)
{
	return names[call];
}

#define READ	CALL_BIT(CALL_read)
#define WRITE	CALL_BIT(CALL_write)
#define CLOSE	CALL_BIT(CALL_close)

static const struct {
	enum symbiote_variable variable;
	const char *value;
	bool good;
	uint64_t result;
} cases[] = {
	{ SYMBIOTE_ENV_MODE, "resident", true, SYMBIOTE_MODE_RESIDENT },
	{ SYMBIOTE_ENV_MODE, "bracketed", true, SYMBIOTE_MODE_BRACKETED },
	{ SYMBIOTE_ENV_MODE, "off", true, SYMBIOTE_MODE_OFF },
	{ SYMBIOTE_ENV_MODE, NULL, true, SYMBIOTE_MODE_RESIDENT },
	{ SYMBIOTE_ENV_MODE, "", false, 0 },
	{ SYMBIOTE_ENV_MODE, "Resident", false, 0 },
	{ SYMBIOTE_ENV_MODE, "resident ", false, 0 },
	{ SYMBIOTE_ENV_CALLS, NULL, true, ALL_CALLS },
	{ SYMBIOTE_ENV_CALLS, "all", true, ALL_CALLS },
	{ SYMBIOTE_ENV_CALLS, "none", true, 0 },
	{ SYMBIOTE_ENV_CALLS, "read", true, READ },
	{ SYMBIOTE_ENV_CALLS, "read,write", true, READ | WRITE },
	{ SYMBIOTE_ENV_CALLS, "all,-close", true, ALL_CALLS & ~CLOSE },
	{ SYMBIOTE_ENV_CALLS, "-close", true, ALL_CALLS & ~CLOSE },
	{ SYMBIOTE_ENV_CALLS, "-close,-read", true, ALL_CALLS & ~CLOSE & ~READ },
	{ SYMBIOTE_ENV_CALLS, "-close,none,read", true, READ },
	{ SYMBIOTE_ENV_CALLS, "read,-close", true, READ },
	{ SYMBIOTE_ENV_CALLS, "-all", true, 0 },
	{ SYMBIOTE_ENV_CALLS, "all,-open", true, ALL_CALLS & ~CALL_BIT(CALL_open64) },
	{ SYMBIOTE_ENV_CALLS, "open64", true, CALL_BIT(CALL_open64) },
	{ SYMBIOTE_ENV_CALLS, "fstat,sendfile", true, CALL_BIT(CALL_fstat64) | CALL_BIT(CALL_sendfile64) },
	{ SYMBIOTE_ENV_CALLS, "pread,pwrite", true, CALL_BIT(CALL_pread64) | CALL_BIT(CALL_pwrite64) },
	{ SYMBIOTE_ENV_CALLS, "openat64,preadv64", true, CALL_BIT(CALL_openat) | CALL_BIT(CALL_preadv) },
	{ SYMBIOTE_ENV_CALLS, "opena", false, 0 },
	{ SYMBIOTE_ENV_CALLS, "fstat6", false, 0 },
	{ SYMBIOTE_ENV_CALLS, "all,-all,read", true, READ },
	{ SYMBIOTE_ENV_CALLS, "read,none,write", true, WRITE },
	{ SYMBIOTE_ENV_CALLS, "", false, 0 },
	{ SYMBIOTE_ENV_CALLS, ",", false, 0 },
	{ SYMBIOTE_ENV_CALLS, "read,", false, 0 },
	{ SYMBIOTE_ENV_CALLS, "rea", false, 0 },
	{ SYMBIOTE_ENV_CALLS, "reads", false, 0 },
	{ SYMBIOTE_ENV_CALLS, "-", false, 0 },
	{ SYMBIOTE_ENV_CALLS, "-none", false, 0 },
	{ SYMBIOTE_ENV_CALLS, "--read", false, 0 },
	{ SYMBIOTE_ENV_CALLS, "read write", false, 0 },
	{ SYMBIOTE_ENV_VERBOSE, "0", true, 0 },
	{ SYMBIOTE_ENV_VERBOSE, "2", true, 2 },
	{ SYMBIOTE_ENV_VERBOSE, "3", false, 0 },
	{ SYMBIOTE_ENV_VERBOSE, "-1", false, 0 },
	{ SYMBIOTE_ENV_VERBOSE, "1x", false, 0 },
	{ SYMBIOTE_ENV_VERBOSE, "", false, 0 },
	{ SYMBIOTE_ENV_STRICT, "1", true, 1 },
	{ SYMBIOTE_ENV_STRICT, "2", false, 0 },
	{ SYMBIOTE_ENV_STRICT, "yes", false, 0 },
};

static uint64_t get(const struct symbiote_config *config,
		    enum symbiote_variable variable)
{
	switch (variable) {
	case SYMBIOTE_ENV_MODE:		return config->mode;
	case SYMBIOTE_ENV_CALLS:	return config->calls;
	case SYMBIOTE_ENV_VERBOSE:	return config->verbose;
	case SYMBIOTE_ENV_STRICT:	return config->strict;
	default:			return -1;
	}
}

static int complaints;

static void complain(const struct symbiote_variable_info *info, const char *value)
{
	complaints++;
	must(info && strlen(value) < VALUE_SHOWN);
	for (; *value; value++)
		must(*value >= ' ' && *value <= '~');
}

static void fuzz(unsigned int seed, int rounds)
{
	static const char *const seeds[] = {
		"all,-close", "read,write,epoll_wait", "resident", "bracketed",
		"none", "1", "-read,all", ",,,,", "all,all,-all",
	};
	/* Values end where memory does: reading on is fatal. */
	char *end = mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	must(end != MAP_FAILED);
	must(!mprotect(end, 2 * 4096, PROT_READ | PROT_WRITE));
	end += 2 * 4096;
	for (int round = 0; round < rounds; round++) {
		const struct symbiote_variable_info *info =
			&symbiote_variables[rand_r(&seed) % SYMBIOTE_NR_VARIABLES];
		struct symbiote_config config;
		char value[200], *variable;
		int len = 0;

		if (rand_r(&seed) % 2)
			len = sprintf(value, "%s", seeds[rand_r(&seed) %
				      (sizeof(seeds) / sizeof(*seeds))]);
		while (rand_r(&seed) % 8 && len < 190) {
			int at = rand_r(&seed) % (len + 1);

			if (rand_r(&seed) % 3 || !len) {
				memmove(value + at + 1, value + at, len - at);
				value[at] = rand_r(&seed) % 255 + 1;
				len++;
			} else {
				memmove(value + at, value + at + 1, len - at);
				len -= at < len;
			}
		}
		value[len] = '\0';

		variable = end - (strlen(info->name) + 1 + len + 1);
		sprintf(variable, "%s=%s", info->name, value);

		char *environment[] = { "A=b", "SYMBIOTE_", "SYMBIOTE_MOD=x",
					variable, NULL };

		complaints = 0;
		symbiote_env_read(&config, environment, complain);
		must(complaints == __builtin_popcount(config.bad));
		must(complaints <= 1);
		must(config.mode < SYMBIOTE_NR_MODES && config.verbose <= 2);
		must(!(config.calls & ~ALL_CALLS));
	}
}

int main(int argc, char **argv)
{
	unsigned int seed = argc > 1 ? atoi(argv[1]) : getpid();
	struct symbiote_config config;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&config, 0x55, sizeof(config));
		bool good = symbiote_env_set(&config, cases[i].variable,
					     cases[i].value);

		must(good == cases[i].good, "%s", cases[i].value);
		if (good)
			must(get(&config, cases[i].variable) == cases[i].result,
			     "%s", cases[i].value);
	}

	symbiote_env_read(&config, NULL, complain);
	must(config.mode == SYMBIOTE_MODE_RESIDENT && config.calls == ALL_CALLS &&
	     !config.verbose && !config.strict && !config.bad && !complaints);

	printf("seed %u\n", seed);
	fuzz(seed, 200000);
	return 0;
}
