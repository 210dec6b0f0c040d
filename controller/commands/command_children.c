/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "controller/commands/commands.h"
#include "controller/exit_code.h"
#include "controller/prober/asker.h"
#include "controller/prober/prober.h"
#include "controller/run/reach.h"

/* Subcommands that backburn starts itself, where it measures from. */

/*
 * Workload clients lie beside us; a scenario names them without a path. The prober becomes nobody
 * before it starts one, and nobody may not be let into the folders above ours (a checkout below
 * /root): so the folder is opened while we may, and searched through its descriptor. The
 * descriptor closes on exec, after the kernel has found the program through it.
 */
static int put_self_on_path(struct fail *fail)
{
	const char *path = getenv("PATH");
	char *dir, *extended = NULL;
	int fd;

	if (reach_self_dir(&dir, fail) < 0)
		return -1;
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		fail_errno(fail, errno, "%s", dir);
		free(dir);
		return -1;
	}
	if (asprintf(&extended, "/proc/self/fd/%d:%s", fd,
		    path ? path : "/usr/local/bin:/usr/bin:/bin") < 0 ||
		setenv("PATH", extended, 1) < 0)
		abort();
	free(extended);
	free(dir);
	return 0;
}

int command_probe(int argc, char **argv)
{
	struct fail fail = FAIL_INIT;

	(void)argv;
	if (argc > 1) {
		fputs("backburn probe: takes its orders on stdin\n", stderr);
		return EXIT_USAGE;
	}
	if (put_self_on_path(&fail) < 0) {
		fprintf(stderr, "backburn probe: %s\n", fail.text);
		return EXIT_TROUBLE;
	}
	return prober_main();
}

int command_ask(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		fputs("backburn ask: takes its questions on stdin\n", stderr);
		return EXIT_USAGE;
	}
	return asker_main();
}
