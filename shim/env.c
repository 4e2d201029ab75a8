// SPDX-License-Identifier: GPL-2.0
/*
 * env.c - reads the SYMBIOTE_ environment
 *
 * Nothing here allocates, writes to the environment or trusts its contents:
 * tests/fuzz/env.c feeds it with rubbish.
 */
#include <stddef.h>
#include <string.h>

#include "env.h"
#include "shim.h"

/* What is repeated of a nonsense value. */
#define VALUE_SHOWN	48

#define VARIABLE(id, values, value, text) { "SYMBIOTE_" #id, values, value, text },
const struct symbiote_variable_info symbiote_variables[] = {
	SYMBIOTE_VARIABLES(VARIABLE)
};

#define MODE_NAME(id, name) name,
static const char *const mode_names[] = { SYMBIOTE_MODES(MODE_NAME) };

static bool is(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && !memcmp(word, name, len);
}

/* One digit, at most max. */
static bool parse_digit(const char *value, unsigned int max, unsigned int *out)
{
	if (value[0] < '0' || (unsigned int)(value[0] - '0') > max || value[1])
		return false;
	*out = value[0] - '0';
	return true;
}

static bool parse_mode(const char *value, unsigned int *out)
{
	for (unsigned int mode = 0; mode < SYMBIOTE_NR_MODES; mode++) {
		if (!strcmp(value, mode_names[mode])) {
			*out = mode;
			return true;
		}
	}
	return false;
}

/* The calls that have this name or are the same function; 0: there is none. */
static uint64_t calls_named(const char *word, size_t len)
{
	if (is(word, len, "all"))
		return ALL_CALLS;
	for (int call = 0; call < NR_CALLS; call++)
		if (is(word, len, symbiote_call_name(call)))
			return CALL_BIT(call);
#define ALIAS(ret, name, call, ...) \
	if (is(word, len, #name)) \
		return CALL_BIT(CALL_##call);
#include "calls.def"
	return 0;
}

static bool parse_calls(const char *value, uint64_t *out)
{
	/* "-close" is "all,-close" */
	uint64_t calls = *value == '-' ? ALL_CALLS : 0;

	for (;;) {
		size_t len = strcspn(value, ",");
		bool off = *value == '-';
		const char *word = value + off;
		size_t word_len = len - off;
		uint64_t bits = calls_named(word, word_len);

		if (!off && is(word, word_len, "none"))
			calls = 0;
		else if (!bits)
			return false;
		calls = off ? calls & ~bits : calls | bits;

		if (!value[len])
			break;
		value += len + 1;
	}
	*out = calls;
	return true;
}

bool symbiote_env_set(struct symbiote_config *config,
		      enum symbiote_variable variable, const char *value)
{
	unsigned int strict;

	if (!value)
		value = symbiote_variables[variable].value;

	switch (variable) {
	case SYMBIOTE_ENV_MODE:
		return parse_mode(value, &config->mode);
	case SYMBIOTE_ENV_CALLS:
		return parse_calls(value, &config->calls);
	case SYMBIOTE_ENV_VERBOSE:
		return parse_digit(value, 2, &config->verbose);
	case SYMBIOTE_ENV_STRICT:
		if (!parse_digit(value, 1, &strict))
			return false;
		config->strict = strict;
		return true;
	case SYMBIOTE_NR_VARIABLES:
		break;
	}
	return false;
}

/* The value of name, or NULL. The first one counts, as for getenv(). */
static const char *find(char *const *environment, const char *name)
{
	size_t len = strlen(name);

	for (; environment && *environment; environment++)
		if (!strncmp(*environment, name, len) &&
		    (*environment)[len] == '=')
			return *environment + len + 1;
	return NULL;
}

/* A line about a value must stay one line, whatever the value is. */
static void make_printable(char shown[VALUE_SHOWN], const char *value)
{
	size_t i;

	for (i = 0; value[i] && i < VALUE_SHOWN - 1; i++)
		shown[i] = value[i] < ' ' || value[i] > '~' ? '?' : value[i];
	if (value[i])
		memcpy(shown + VALUE_SHOWN - 4, "...", 3);
	shown[i] = '\0';
}

void symbiote_env_read(struct symbiote_config *config, char *const *environment,
		       void (*complain)(const struct symbiote_variable_info *,
					const char *value))
{
	memset(config, 0, sizeof(*config));

	for (int i = 0; i < SYMBIOTE_NR_VARIABLES; i++) {
		const struct symbiote_variable_info *info = &symbiote_variables[i];
		const char *value = find(environment, info->name);
		char shown[VALUE_SHOWN];

		symbiote_env_set(config, i, NULL);
		/* Set but empty is how a shell writes "not set". */
		if (!value || !*value || symbiote_env_set(config, i, value))
			continue;
		config->bad |= 1U << i;
		make_printable(shown, value);
		complain(info, shown);
	}
}
