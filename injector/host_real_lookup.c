/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract/memory.h"
#include "injector/host.h"
#include "injector/host_real_power.h"
#include "injector/names.h"

/* Names are resolved by a child (backburn-injector resolve) each, which is nobody. */
enum {
	NOBODY = 65534 /* the kernel's overflow ids */
};

struct host_lookup {
	pid_t pid;
	int from; /* its standard output */
	size_t used;
	char text[NAMES_BYTES_MAX];
};

/* All lookups that run; -1: none ever did. */
static int watched = -1;

int host_lookup_watch(int *out_file, struct fail *fail)
{
	if (watched < 0)
		watched = epoll_create1(EPOLL_CLOEXEC);
	if (watched < 0)
		return fail_errno(fail, errno, "epoll");
	*out_file = watched;
	return 0;
}

/* Never returns. Between fork and exec only calls that a signal handler might make. */
static void become_resolver(const char *name, int to)
{
	char *const arguments[] = {
		(char *)"backburn-injector", (char *)"resolve", (char *)name, NULL};
	char *const environment[] = {NULL};
	int nothing = open("/dev/null", O_RDWR);

	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(to, STDOUT_FILENO) < 0 ||
		dup2(nothing, STDERR_FILENO) < 0 || close_range(STDERR_FILENO + 1, ~0U, 0) < 0)
		_exit(1);
	if (syscall(SYS_setgroups, 0, NULL) < 0 ||
		syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) < 0 ||
		syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) < 0)
		_exit(1);
	signal(SIGPIPE, SIG_DFL);
	execve("/proc/self/exe", arguments, environment);
	_exit(1);
}

/* What the child has from the moment of the fork it loses with its exec. */
static pid_t fork_with_power(struct fail *fail)
{
	bool user = real_power_raise(CAP_SETUID), group = real_power_raise(CAP_SETGID);
	pid_t pid = -1;

	if (user && group)
		pid = _Fork();
	else
		fail_set(fail, FAIL_UNSUPPORTED,
			"without CAP_SETUID and CAP_SETGID it would be looked up as root");
	if (pid == 0)
		return 0;
	if (pid < 0 && user && group)
		fail_errno(fail, errno, "starting a lookup");
	real_power_lower(CAP_SETGID, group);
	real_power_lower(CAP_SETUID, user);
	return pid;
}

static int watch(struct host_lookup *lookup, struct fail *fail)
{
	struct epoll_event event = {.events = EPOLLIN};
	int file = -1;

	if (host_lookup_watch(&file, fail) < 0)
		return -1;
	if (fcntl(lookup->from, F_SETFL, O_NONBLOCK) < 0 ||
		epoll_ctl(file, EPOLL_CTL_ADD, lookup->from, &event) < 0)
		return fail_errno(fail, errno, "watching a lookup");
	return 0;
}

int host_lookup_start(const char *name, struct host_lookup **out, struct fail *fail)
{
	struct host_lookup *lookup;
	int ends[2] = {-1, -1};

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(fail, errno, "pipe");
	lookup = must_alloc(sizeof(*lookup));
	lookup->from = ends[0];
	if (watch(lookup, fail) < 0) {
		close(ends[1]);
		host_lookup_end(lookup);
		return -1;
	}
	lookup->pid = fork_with_power(fail);
	if (lookup->pid == 0)
		become_resolver(name, ends[1]);
	close(ends[1]);
	if (lookup->pid < 0) {
		host_lookup_end(lookup);
		return -1;
	}
	*out = lookup;
	return 0;
}

enum host_lookup_state host_lookup_look(
	struct host_lookup *lookup, struct list *addresses, struct fail *fail)
{
	ssize_t got;

	do {
		got = read(lookup->from, lookup->text + lookup->used,
			sizeof(lookup->text) - lookup->used);
		if (got > 0)
			lookup->used += (size_t)got;
	} while ((got > 0 && lookup->used < sizeof(lookup->text)) || (got < 0 && errno == EINTR));
	if (got < 0 && errno == EAGAIN)
		return LOOKUP_RUNS;
	return names_read(lookup->text, lookup->used, addresses, fail) < 0 ? LOOKUP_FAILED
									   : LOOKUP_DONE;
}

void host_lookup_end(struct host_lookup *lookup)
{
	if (!lookup)
		return;
	close(lookup->from); /* which takes it out of what is watched, too */
	if (lookup->pid > 0) {
		kill(lookup->pid, SIGKILL);
		while (waitpid(lookup->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	free(lookup);
}
