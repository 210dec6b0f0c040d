/* SPDX-License-Identifier: Apache-2.0 */
#include "junit_schema.h"

#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int run_xmllint(const char *file)
{
	char *argv[] = {(char *)"xmllint", (char *)"--noout", (char *)"--nonet", (char *)"--schema",
		(char *)JUNIT_SCHEMA, (char *)file, NULL};
	posix_spawn_file_actions_t actions;
	int status, error;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		return -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	/* posix_spawn may tell of a missing program through its child. */
	return WEXITSTATUS(status) == 127 ? -1 : WEXITSTATUS(status);
}

bool junit_schema_judges(const char *text, bool *out_accepted)
{
	char path[] = "/tmp/backburn-junit-XXXXXX";
	int fd = mkstemp(path), code;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	code = run_xmllint(path);
	unlink(path);
	*out_accepted = code == 0;
	return code >= 0;
}

void assert_junit(const char *text)
{
	bool accepted;

	if (junit_schema_judges(text, &accepted) && !accepted)
		fail_msg("not accepted by the schema:\n%s", text);
}
