/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/child.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "contract/units.h"

int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

void pause_ms(int ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * NS_PER_MS}, NULL);
}

static int take_on(const struct conditions *conditions)
{
	struct rlimit files = {(rlim_t)conditions->descriptors, (rlim_t)conditions->descriptors};

	if (conditions->failpoint)
		setenv("BACKBURN_FAILPOINT", conditions->failpoint, 1);
	if (conditions->failpoint_log)
		setenv("BACKBURN_FAILPOINT_LOG", conditions->failpoint_log, 1);
	if (conditions->mounts >= 0 && setns(conditions->mounts, CLONE_NEWNS) < 0)
		return -1;
	return conditions->descriptors ? setrlimit(RLIMIT_NOFILE, &files) : 0;
}

__attribute__((noreturn)) static void become(
	const char *const *argv, const char *output, const struct conditions *conditions)
{
	int input = conditions->input ? conditions->input : open("/dev/null", O_RDONLY), file;

	/* The harness killed: nobody would look after this one. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	file = open(output, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (input < 0 || file < 0 || dup2(input, 0) < 0 ||
		dup2(conditions->reply ? conditions->reply : file, 1) < 0 || dup2(file, 2) < 0)
		_exit(126);
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	if (take_on(conditions) < 0)
		_exit(126);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

int child_start(const char *const *argv, const char *output, const struct conditions *conditions,
	struct child *out)
{
	pid_t pid = fork();

	*out = (struct child){.pid = pid};
	if (pid == 0)
		become(argv, output, conditions);
	return pid < 0 ? -1 : 0;
}

bool child_has_ended(struct child *child)
{
	int status;

	if (child->ended || !child->pid)
		return true;
	if (waitpid(child->pid, &status, WNOHANG) != child->pid)
		return false;
	child->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	child->ended = true;
	return true;
}

int child_wait(struct child *child, int within_ms)
{
	int64_t until_ns = now_ns() + within_ms * NS_PER_MS;

	while (!child_has_ended(child)) {
		if (now_ns() > until_ns) {
			kill(child->pid, SIGKILL);
			while (!child_has_ended(child))
				pause_ms(5);
			return -1;
		}
		pause_ms(5);
	}
	return child->code;
}
