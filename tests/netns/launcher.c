/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/netns/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A request to wait has a pid; one to start has texts: the namespace and the arguments. */
struct request {
	pid_t wait_for;
	int count;
	char texts[LAUNCH_TEXT_MAX];
};

static int launcher = -1;

static pid_t spawn(const struct request *request, int to[2], int from[2])
{
	char *arguments[LAUNCH_ARGUMENTS_MAX + 1] = {0};
	const char *text = request->texts;
	pid_t pid = fork();
	int netns;

	if (pid != 0)
		return pid;
	for (int i = 0; i < request->count; i++, text += strlen(text) + 1)
		arguments[i] = (char *)text;
	if (!arguments[0] || !arguments[1])
		_exit(125);
	netns = open(arguments[0], O_RDONLY | O_CLOEXEC);
	if (netns < 0 || setns(netns, CLONE_NEWNET) < 0)
		_exit(126);
	dup2(to[0], STDIN_FILENO);
	dup2(from[1], STDOUT_FILENO);
	signal(SIGPIPE, SIG_DFL);
	execv(arguments[1], arguments + 1);
	_exit(127);
}

static void reply(int sock, int value, const int *files)
{
	char control[CMSG_SPACE(2 * sizeof(int))] = {0};
	struct iovec bytes = {.iov_base = &value, .iov_len = sizeof(value)};
	struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};

	if (files) {
		struct cmsghdr *header;

		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(2 * sizeof(int));
		memcpy(CMSG_DATA(header), files, 2 * sizeof(int));
	}
	if (sendmsg(sock, &message, 0) < 0)
		_exit(1);
}

static void start(int sock, const struct request *request)
{
	int to[2], from[2], ours[2];
	pid_t pid;

	if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		_exit(1);
	pid = spawn(request, to, from);
	ours[0] = to[1];
	ours[1] = from[0];
	reply(sock, pid, ours);
	close(to[0]);
	close(to[1]);
	close(from[0]);
	close(from[1]);
}

static void serve(int sock)
{
	struct request request;

	while (recv(sock, &request, sizeof(request), 0) == sizeof(request)) {
		int status = 0;

		if (!request.wait_for) {
			start(sock, &request);
			continue;
		}
		while (waitpid(request.wait_for, &status, 0) < 0 && errno == EINTR)
			;
		reply(sock, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
			NULL);
	}
	_exit(0);
}

void launcher_init(void)
{
	int ends[2];
	pid_t middle;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		abort();
	middle = fork();
	if (middle < 0)
		abort();
	if (middle == 0) {
		/* The grandchild's parent ends at once: from then on it is init's child. */
		if (fork() == 0) {
			close(ends[0]);
			serve(ends[1]);
		}
		_exit(0);
	}
	close(ends[1]);
	launcher = ends[0];
	waitpid(middle, NULL, 0);
}

pid_t launcher_start(const char *netns, const char *const *arguments, int *to, int *from)
{
	struct request request = {.count = 1};
	char control[CMSG_SPACE(2 * sizeof(int))];
	pid_t pid = 0;
	struct iovec bytes = {.iov_base = &pid, .iov_len = sizeof(pid)};
	struct msghdr message = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	size_t used = (size_t)snprintf(request.texts, sizeof(request.texts), "%s", netns) + 1;
	struct cmsghdr *header;
	int files[2];

	for (; *arguments; arguments++) {
		assert_in_range(used + strlen(*arguments) + 1, 1, sizeof(request.texts));
		memcpy(request.texts + used, *arguments, strlen(*arguments) + 1);
		used += strlen(*arguments) + 1;
		assert_in_range(++request.count, 1, LAUNCH_ARGUMENTS_MAX);
	}
	assert_int_equal(send(launcher, &request, sizeof(request), 0), sizeof(request));
	assert_int_equal(recvmsg(launcher, &message, MSG_CMSG_CLOEXEC), sizeof(pid));
	header = CMSG_FIRSTHDR(&message);
	if (!header) {
		fail_msg("the launcher sent no descriptors");
		return -1;
	}
	memcpy(files, CMSG_DATA(header), sizeof(files));
	*to = files[0];
	*from = files[1];
	return pid;
}

int launcher_wait(pid_t pid)
{
	struct request request = {.wait_for = pid};
	int status = -1;

	assert_int_equal(send(launcher, &request, sizeof(request), 0), sizeof(request));
	assert_int_equal(recv(launcher, &status, sizeof(status), 0), sizeof(status));
	return status;
}
