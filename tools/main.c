// SPDX-License-Identifier: GPL-2.0
/* symbiote - run programs elevated, say whether and how well it works */
#include <stdlib.h>
#include <string.h>

#include "symbiote.h"

static const char help[] =
"Usage: symbiote COMMAND [options]\n"
"\n"
"  run      run an unmodified program elevated\n"
"  check    is this machine ready, and if not, why not\n"
"  stat     who is elevated, which calls are shortcuts, which are not and why\n"
"  version  of the command and of the loaded module\n"
"\n"
"symbiote COMMAND --help says more, and so do symbiote(1) and libsymbiote(7).\n";

static int cmd_version(int argc, char **argv)
{
	struct module m;

	if (argc > 1) {
		if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
			puts("Usage: symbiote version");
			return finish_output(0);
		}
		return usage_error("version", "version takes no '%s'", argv[1]);
	}
	printf("symbiote %s (ABI %u)\n", SYMBIOTE_VERSION, KELEVATE_ABI);
	if (module_open(&m))
		printf("kelevate %s (ABI %u)\n", m.info.version, m.info.abi);
	else
		printf("kelevate: %s\n", m.why);
	return finish_output(0);
}

static int cmd_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	fputs(help, stdout);
	return finish_output(0);
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "run",	cmd_run },
	{ "check",	cmd_check },
	{ "stat",	cmd_stat },
	{ "version",	cmd_version },
	{ "--version",	cmd_version },
	{ "-V",		cmd_version },
	{ "help",	cmd_help },
	{ "--help",	cmd_help },
	{ "-h",		cmd_help },
};

int main(int argc, char **argv)
{
	size_t i;

	if (argc < 2) {
		fputs(help, stderr);
		return EXIT_OWN;
	}
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		argv[1] = "symbiote";	/* in getopt's messages */
		return commands[i].run(argc - 1, argv + 1);
	}
	return usage_error("", "there is no command '%s'", argv[1]);
}
