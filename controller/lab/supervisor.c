/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/lab/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract/failpoint.h"
#include "contract/json.h"
#include "contract/processes.h"
#include "contract/units.h"
#include "contract/wire.h"
#include "controller/lab/lab_cgroup.h"
#include "controller/lab/lab_paths.h"
#include "controller/lab/lab_time.h"
#include "controller/lab/services.h"

enum {
	REQUEST_MAX = 4096
};

struct supervisor {
	struct services services;
	int listener, signals;
	bool stop;
};

/* --- requests -------------------------------------------------------------------------- */

static cJSON *say_services(struct supervisor *supervisor, const cJSON *params, struct fail *fail)
{
	(void)params;
	(void)fail;
	return services_describe(&supervisor->services);
}

static cJSON *take_healed(struct supervisor *supervisor, const cJSON *params, struct fail *fail)
{
	struct healed_params healed;
	int outcome;

	if (shape_decode(&healed_params_shape, params, "", &healed, fail) < 0)
		return NULL;
	FAILPOINT(heal_heard);
	outcome = services_healed(&supervisor->services, healed.node, lab_now_ns(), fail);
	shape_free(&healed_params_shape, &healed);
	return outcome < 0 ? NULL : json_object();
}

static const struct {
	const char *name;
	cJSON *(*answer)(struct supervisor *, const cJSON *params, struct fail *);
} requests[] = {
	{"services", say_services},
	{"healed", take_healed},
};

static char *answer(struct supervisor *supervisor, const char *line, size_t length)
{
	struct wire_message message;
	struct fail fail = FAIL_INIT;
	cJSON *result = NULL;
	char *reply;

	if (wire_parse(line, length, &message, &fail) < 0)
		return wire_error(0, &fail);
	fail_set(&fail, FAIL_PEER, "no request called \"%s\"", message.method);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strcmp(message.method, requests[i].name) == 0)
			result = requests[i].answer(supervisor, message.body, &fail);
	reply = result ? wire_reply(message.id, result) : wire_error(message.id, &fail);
	wire_message_deinit(&message);
	return reply;
}

static void send_all(int fd, const char *text)
{
	for (size_t left = strlen(text); left > 0;) {
		ssize_t count = send(fd, text, left, MSG_NOSIGNAL);

		if (count <= 0)
			return;
		text += count;
		left -= (size_t)count;
	}
}

/* One connection, one request. Only root can connect, so a short timeout is guard enough. */
static void serve(struct supervisor *supervisor)
{
	const struct timeval patience = {.tv_usec = 500000};
	int fd = accept4(supervisor->listener, NULL, NULL, SOCK_CLOEXEC);
	char line[REQUEST_MAX];
	size_t used = 0;
	const char *end = NULL;

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	while (!end && used < sizeof(line)) {
		ssize_t count = recv(fd, line + used, sizeof(line) - used, 0);

		if (count <= 0)
			break;
		used += (size_t)count;
		end = memchr(line, '\n', used);
	}
	if (end) {
		char *reply;

		FAILPOINT(request_taken);
		reply = answer(supervisor, line, (size_t)(end - line));

		send_all(fd, reply);
		free(reply);
	}
	close(fd);
}

/* --- the process ----------------------------------------------------------------------- */

static void take_signals(struct supervisor *supervisor)
{
	struct signalfd_siginfo info;

	while (read(supervisor->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo == SIGTERM)
			supervisor->stop = true;
}

static void supervise(struct supervisor *supervisor)
{
	struct pollfd fds[] = {{.fd = supervisor->signals, .events = POLLIN},
		{.fd = supervisor->listener, .events = POLLIN}};

	while (!supervisor->stop) {
		int64_t now_ns = lab_now_ns(), next_ns, wait_ns = NS_PER_SEC;

		services_reap(&supervisor->services, now_ns);
		next_ns = services_start_due(&supervisor->services, now_ns);
		services_bound_logs(&supervisor->services);
		if (next_ns - now_ns < wait_ns)
			wait_ns = next_ns - now_ns;
		if (poll(fds, 2, (int)(wait_ns / NS_PER_MS) + 1) <= 0)
			continue;
		if (fds[0].revents)
			take_signals(supervisor);
		/* What died before the request is known before it is answered. */
		services_reap(&supervisor->services, lab_now_ns());
		if (fds[1].revents)
			serve(supervisor);
	}
	services_kill(&supervisor->services);
}

static int open_listener(const char *lab, struct fail *fail)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char path[LAB_PATH_MAX];

	lab_path_file(lab, LAB_FILE_SOCKET, path);
	if (fd < 0)
		return fail_errno(fail, errno, "socket");
	memcpy(address.sun_path, path, strlen(path) + 1);
	umask(0177);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, 16) < 0) {
		fail_errno(fail, errno, "listening on %s", path);
		close(fd);
		return -1;
	}
	umask(022);
	return fd;
}

static int open_signals(struct fail *fail)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_SETMASK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? fail_errno(fail, errno, "signalfd") : fd;
}

/* Away from everything that the caller holds: terminal, pipes, locks, session, cgroup. */
static int leave_caller(const char *lab, int *report, struct fail *fail)
{
	char path[LAB_PATH_MAX];
	int null = open("/dev/null", O_RDONLY);
	int log = open(lab_path_file(lab, "supervisor.log", path),
		O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0644);

	if (null < 0 || log < 0)
		return fail_errno(fail, errno, "%s", path);
	setsid();
	dup2(null, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	if (*report != 3 && dup3(*report, 3, O_CLOEXEC) < 0)
		return fail_errno(fail, errno, "dup3");
	*report = 3;
	close_range(4, ~0U, 0);
	if (chdir("/") < 0)
		return fail_errno(fail, errno, "chdir");
	prctl(PR_SET_NAME, SUPERVISOR_NAME);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return lab_cgroup_join(lab, LAB_SUPERVISOR_CGROUP, 0, fail);
}

static int set_up(
	struct supervisor *supervisor, const struct lab_file *file, int *report, struct fail *fail)
{
	if (leave_caller(file->name, report, fail) < 0)
		return -1;
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	supervisor->signals = open_signals(fail);
	supervisor->listener = supervisor->signals < 0 ? -1 : open_listener(file->name, fail);
	if (supervisor->listener < 0 || services_init(&supervisor->services, file, fail) < 0)
		return -1;
	return services_start_all(&supervisor->services, fail);
}

/* The report is one struct fail: below PIPE_BUF, so it comes whole. */
__attribute__((noreturn)) static void run(const struct lab_file *file, int report)
{
	struct supervisor supervisor = {.listener = -1, .signals = -1};
	struct fail fail = FAIL_INIT;
	int outcome = set_up(&supervisor, file, &report, &fail);

	if (outcome == 0)
		FAILPOINT(supervisor_ready);
	if (write(report, &fail, sizeof(fail)) != (ssize_t)sizeof(fail))
		outcome = -1;
	close(report);
	if (outcome < 0)
		services_kill(&supervisor.services);
	else
		supervise(&supervisor);
	_exit(outcome < 0 ? 1 : 0);
}

int supervisor_start(const struct lab_file *file, struct fail *fail)
{
	int report[2], status;
	struct fail answer_text;
	ssize_t count;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return fail_errno(fail, errno, "pipe");
	pid = fork();
	if (pid == 0) {
		/* A second fork: the supervisor must not be the caller's child to wait for. */
		pid = fork();
		if (pid == 0)
			run(file, report[1]);
		_exit(pid < 0 ? 1 : 0);
	}
	close(report[1]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	do
		count = read(report[0], &answer_text, sizeof(answer_text));
	while (count < 0 && errno == EINTR);
	close(report[0]);
	if (count != (ssize_t)sizeof(answer_text))
		return fail_set(
			fail, FAIL_SYSTEM, "the supervisor of lab %s did not start", file->name);
	if (answer_text.kind != FAIL_NONE) {
		*fail = answer_text;
		return fail_context(fail, "supervisor of lab %s", file->name);
	}
	return 0;
}
