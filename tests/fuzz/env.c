// SPDX-License-Identifier: GPL-2.0
/*
 * Rubbish in the SYMBIOTE_ environment: random bytes, valid values, and those
 * cut, joined and mutated. Whatever comes, the configuration is a valid one, a
 * complaint is short and printable, the environment stays as it was, and the
 * address sanitizer is content. Half of the time as root, if we are, and half of
 * it as nobody.
 *
 *	env [--seed N] [--seconds N]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../shim/env.c"

static unsigned int complaints;

const char *symbiote_call_name(enum call call)
{
#define CALL(ret, name, ...) #name,
	static const char *const names[] = {
#include "calls.def"
	};

	return names[call];
}

#define must(condition) \
	((condition) ? (void)0 : \
	 (printf("line %d: not true: %s\n", __LINE__, #condition), fflush(stdout), abort()))

static void complain(const struct symbiote_variable_info *info, const char *value)
{
	size_t len = strlen(value);

	must(info >= symbiote_variables && info < symbiote_variables + SYMBIOTE_NR_VARIABLES);
	must(len > 0 && len < VALUE_SHOWN);
	for (size_t i = 0; i < len; i++)
		must(value[i] >= ' ' && value[i] <= '~');
	complaints++;
}

static uint64_t random_state;

static unsigned int pick(unsigned int n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 20) % n;
}

static const char *word(void)
{
	static const char *const words[] = {
		"all", "none", "resident", "bracketed", "off", "0", "1", "2", "3", "-", ",", ",,", "-all",
		"-none", "--read", "read ", " read", "READ", "rea", "reads", "00", "+1", "", "=", "\n", "\xff",
		"all,-close", "SYMBIOTE_MODE=off",
	};
	unsigned int n = pick(sizeof(words) / sizeof(*words) + NR_CALLS);

	return n < NR_CALLS ? symbiote_call_name(n) : words[n - NR_CALLS];
}

/* Some text of at most max bytes, NUL included. */
static void make_value(char *value, size_t max)
{
	size_t len = 0;

	*value = '\0';
	for (unsigned int parts = pick(6); parts; parts--) {
		const char *w = word();

		if (len + strlen(w) + 2 >= max)
			break;
		len += sprintf(value + len, "%s%s", len && pick(4) ? "," : "", w);
	}
	if (!pick(3))
		for (unsigned int n = pick(20); n && len + 1 < max; n--)
			value[len++] = 1 + pick(255);
	value[len] = '\0';
	if (len && !pick(3))
		value[pick(len)] = pick(4) ? 1 + pick(255) : '\0';
	if (!pick(200)) {
		memset(value, "a,-"[pick(3)], max - 1);
		value[max - 1] = '\0';
	}
}

static void one(void)
{
	enum { MAX = 12, SIZE = 600 };
	char *environment[MAX + 1], *copies[MAX], value[500];
	struct symbiote_config config;
	unsigned int n = pick(MAX + 1);

	/* exactly as long as they are: the sanitizer sees each byte beyond */
	for (unsigned int i = 0; i < n; i++) {
		char text[SIZE];

		make_value(value, pick(10) ? 100 : sizeof(value));
		if (pick(8))
			snprintf(text, sizeof(text), "%.*s%s%s",
				 pick(10) ? 99 : (int)pick(10),
				 symbiote_variables[pick(SYMBIOTE_NR_VARIABLES)].name,
				 pick(20) ? "=" : "", value);
		else
			snprintf(text, sizeof(text), "%s", value);
		environment[i] = strdup(text);
		copies[i] = strdup(text);
	}
	environment[n] = NULL;

	complaints = 0;
	memset(&config, 0xa5, sizeof(config));
	symbiote_env_read(&config, pick(1000) ? environment : NULL, complain);
	must(config.mode < SYMBIOTE_NR_MODES);
	must(!(config.calls & ~ALL_CALLS));
	must(config.verbose <= 2);
	must((unsigned int)__builtin_popcount(config.bad) == complaints);
	must(!(config.bad >> SYMBIOTE_NR_VARIABLES));

	for (unsigned int i = 0; i < n; i++) {
		must(!strcmp(environment[i], copies[i]));
		free(environment[i]);
		free(copies[i]);
	}
}

#define NOBODY	65534

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void run(unsigned long seed, double seconds)
{
	unsigned long rounds = 0;
	double end = now() + seconds;

	random_state = seed * 2654435761 + 88172645463325252;
	do {
		for (int i = 0; i < 1000; i++)
			one();
		rounds += 1000;
	} while (now() < end);
	printf("# %lu environments as user %u\n", rounds, geteuid());
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned long seed = getenv("SEED") ? strtoul(getenv("SEED"), NULL, 0) : (unsigned long)time(NULL);
	double seconds = 5;
	int status;
	pid_t pid;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--seed"))
			seed = strtoul(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--seconds"))
			seconds = atof(argv[i + 1]);
	}
	printf("# seed %lu\n", seed);
	fflush(stdout);
	run(seed, seconds / 2);
	pid = fork();
	must(pid >= 0);
	if (!pid) {
		must(geteuid() || (!setgid(NOBODY) && !setuid(NOBODY)));
		run(seed + 1, seconds / 2);
		return 0;
	}
	must(waitpid(pid, &status, 0) == pid);
	must(WIFEXITED(status) && !WEXITSTATUS(status));
	return 0;
}
