/* SPDX-License-Identifier: GPL-2.0 */
/*
 * env.h - the SYMBIOTE_ environment
 *
 * X(identifier, values, default, meaning)
 *
 * A value that is none of these gives one line on stderr and the default, or
 * with STRICT, which therefore is read first, ends the program. The environment
 * itself is never changed: a child gets what its parent got.
 */
#ifndef SYMBIOTE_ENV_H
#define SYMBIOTE_ENV_H

#include <stdbool.h>
#include <stdint.h>

#define SYMBIOTE_VARIABLES(X) \
	X(STRICT, "0 or 1", "0",					\
	  "1: exit with status 125 and the reason where the program "	\
	  "would otherwise run without being elevated, and for a value "	\
	  "that is not valid")						\
	X(MODE, "resident, bracketed or off", "resident",		\
	  "resident: threads stay elevated between calls; "		\
	  "bracketed: only from a call's entry to its return; "		\
	  "off: every call goes to libc")				\
	X(CALLS, "a list of all, none, CALL and -CALL, separated by commas", \
	  "all",							\
	  "which calls take the gate, applied from left to right: "	\
	  "read,write or -close; names as in symbiote stat")		\
	X(VERBOSE, "0, 1 or 2", "0",					\
	  "1: say on stderr why the program is not elevated; "		\
	  "2: say as well that it is, and how")

#define SYMBIOTE_ENUM_VARIABLE(id, values, value, text) SYMBIOTE_ENV_##id,
enum symbiote_variable {
	SYMBIOTE_VARIABLES(SYMBIOTE_ENUM_VARIABLE)
	SYMBIOTE_NR_VARIABLES
};

struct symbiote_variable_info {
	const char *name;	/* "SYMBIOTE_MODE" */
	const char *values;
	const char *value;	/* the default */
	const char *meaning;
};

extern const struct symbiote_variable_info
	symbiote_variables[SYMBIOTE_NR_VARIABLES];

struct symbiote_config {
	unsigned int mode;	/* enum symbiote_mode */
	uint64_t calls;		/* mask of enum call */
	unsigned int verbose;
	bool strict;
	unsigned int bad;	/* mask of variables without a valid value */
};

/* Sets one variable. NULL: the default. False: nonsense, nothing changed. */
bool symbiote_env_set(struct symbiote_config *config,
		      enum symbiote_variable variable, const char *value);

/*
 * Reads all of them from an environment. Calls complain() once for each
 * nonsense value, which is printable and short by then.
 */
void symbiote_env_read(struct symbiote_config *config, char *const *environment,
		       void (*complain)(const struct symbiote_variable_info *,
					const char *value));

#endif /* SYMBIOTE_ENV_H */
