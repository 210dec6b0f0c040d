/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/host_real_child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void real_child_started(struct real_child *child, pid_t pid, int life)
{
	*child = (struct real_child){
		.pid = pid, .life = life, .pidfd = (int)syscall(SYS_pidfd_open, pid, 0)};
}

static bool ends_within(const struct real_child *child, int within_ms)
{
	struct pollfd end = {.fd = child->pidfd, .events = POLLIN};

	return child->pidfd >= 0 && poll(&end, 1, within_ms) == 1;
}

bool real_child_lives(const struct real_child *child)
{
	struct pollfd end = {.fd = child->pidfd, .events = POLLIN};

	return poll(&end, 1, 0) == 0;
}

static void close_life(struct real_child *child)
{
	if (child->life >= 0)
		close(child->life);
	child->life = -1;
}

void real_child_stop(struct real_child *child, int within_ms)
{
	close_life(child);
	if (child->pid <= 0)
		return;
	if (!ends_within(child, within_ms))
		kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
}

void real_child_forget(struct real_child *child)
{
	close_life(child);
	if (child->pidfd >= 0)
		close(child->pidfd);
	child->pidfd = -1;
}
