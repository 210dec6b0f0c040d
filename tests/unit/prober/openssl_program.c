/* SPDX-License-Identifier: Apache-2.0 */
#include "openssl_program.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

pid_t openssl_start(char *const argv[])
{
	pid_t parent = getpid(), pid = fork();
	int null;

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
		execvp(argv[0], argv);
	_exit(127);
}

void openssl_run(char *const argv[])
{
	int status;

	assert_int_equal(waitpid(openssl_start(argv), &status, 0) > 0 ? status : -1, 0);
}
