/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/asker_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "contract/memory.h"
#include "contract/units.h"
#include "controller/prober/client.h"

#define AT(type, member) .offset = offsetof(struct type, member)

static const struct field run_fields[] = {
	{.key = "argv",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(ask_run, argv),
		.required = true},
	{.key = "timeout",
		.kind = FIELD_DURATION,
		AT(ask_run, timeout_ns),
		.required = true,
		.min = NS_PER_MS,
		.max = 60.0 * NS_PER_SEC},
};
const struct shape ask_run_shape = {
	.name = "run", .size = sizeof(struct ask_run), SHAPE_FIELDS(run_fields)};

static const struct field ran_fields[] = {
	{.key = "exit_code", .kind = FIELD_INTEGER, AT(ask_ran, exit_code), .required = true},
	{.key = "first_line",
		.kind = FIELD_STRING,
		AT(ask_ran, first_line),
		.required = true,
		.allow_empty = true},
};
const struct shape ask_ran_shape = {
	.name = "ran", .size = sizeof(struct ask_ran), SHAPE_FIELDS(ran_fields)};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

/* In a process group of its own, so that what it starts ends with it. 0 or an errno. */
static int spawn(const struct ask_run *run, int output, pid_t *out_pid)
{
	char **argv = must_array(run->argv.count + 1, sizeof(*argv)), *path;
	char home[] = "HOME=/", language[] = "LANG=C.UTF-8";
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int error;

	for (size_t i = 0; i < run->argv.count; i++)
		argv[i] = *LIST_AT(run->argv, char *, i);
	if (asprintf(&path, "PATH=%s", client_search_path()) < 0)
		abort();
	if (posix_spawn_file_actions_init(&files) || posix_spawnattr_init(&attributes) ||
		posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0) ||
		posix_spawn_file_actions_adddup2(&files, output, 1) ||
		posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0) ||
		posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP))
		abort();
	error = posix_spawnp(out_pid, argv[0], &files, &attributes, argv,
		(char *const[]){path, home, language, NULL});
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	free(path);
	free(argv);
	return error;
}

/* The first line; what follows it is read and dropped. -1 when the time was over first. */
static int read_first_line(int output, int64_t deadline_ns, struct ask_ran *ran)
{
	bool complete = false;
	size_t used = 0;

	for (;;) {
		struct pollfd ready = {.fd = output, .events = POLLIN};
		int64_t left_ns = deadline_ns - now_ns();
		char bytes[4096];
		ssize_t count;

		if (left_ns <= 0)
			return -1;
		if (poll(&ready, 1, (int)(left_ns / NS_PER_MS) + 1) <= 0)
			continue;
		count = read(output, bytes, sizeof(bytes));
		if (count <= 0)
			return 0;
		for (ssize_t i = 0; i < count && !complete; i++) {
			char c = bytes[i];

			complete = c == '\n' || used == sizeof(ran->line) - 1;
			if (!complete)
				ran->line[used++] = (char)(c >= ' ' && c < 0x7f ? c : '?');
		}
		ran->line[used] = '\0';
	}
}

/* It has closed its output, so it is about to end; whoever lingers is killed. */
static bool reap(pid_t pid, int64_t deadline_ns, int *out_status)
{
	const struct timespec pause = {.tv_nsec = NS_PER_MS};

	while (waitpid(pid, out_status, WNOHANG) == 0) {
		if (now_ns() >= deadline_ns)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

int asker_run(const struct ask_run *run, struct ask_ran *ran, struct fail *fail)
{
	int64_t deadline_ns = now_ns() + run->timeout_ns;
	const char *program = *LIST_AT(run->argv, char *, 0);
	int output[2], error, status = 0;
	bool ended;
	pid_t pid;

	ran->line[0] = '\0';
	ran->first_line = ran->line;
	if (pipe2(output, O_CLOEXEC) < 0)
		return fail_errno(fail, errno, "pipe");
	error = spawn(run, output[1], &pid);
	close(output[1]);
	if (error) {
		close(output[0]);
		return fail_errno(fail, error, "%.80s", program);
	}
	ended = read_first_line(output[0], deadline_ns, ran) == 0 &&
		reap(pid, deadline_ns, &status);
	kill(-pid, SIGKILL);
	if (!ended)
		waitpid(pid, &status, 0);
	close(output[0]);
	if (!ended)
		return fail_set(fail, FAIL_PEER, "%.80s did not end in time", program);
	if (!WIFEXITED(status))
		return fail_set(
			fail, FAIL_PEER, "%.80s was ended by signal %d", program, WTERMSIG(status));
	ran->exit_code = WEXITSTATUS(status);
	return 0;
}
