/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/lab/lab_start.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/lab/lab_cgroup.h"
#include "controller/lab/lab_paths.h"

/* The descriptors through which a child enters its node, opened before the fork. */
struct doors {
	int netns, cgroup;
	int report[2]; /* closed by a successful exec, else carries the errno */
};

static void doors_close(struct doors *doors)
{
	const int fds[] = {doors->netns, doors->cgroup, doors->report[0], doors->report[1]};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int doors_open(
	struct doors *doors, const struct lab_file *file, size_t node, struct fail *fail)
{
	const char *name = lab_file_node(file, node)->name;
	char netns[LAB_PATH_MAX], cgroup[PATH_MAX], procs[PATH_MAX + 16];

	*doors = (struct doors){.netns = -1, .cgroup = -1, .report = {-1, -1}};
	if (lab_cgroup_path(file->name, name, cgroup, fail) < 0)
		return -1;
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
	doors->cgroup = open(procs, O_WRONLY | O_CLOEXEC);
	doors->netns = open(lab_path_netns(file->name, name, netns), O_RDONLY | O_CLOEXEC);
	if (doors->cgroup < 0 || doors->netns < 0 || pipe2(doors->report, O_CLOEXEC) < 0) {
		fail_errno(fail, errno, "entering node %s of lab %s", name, file->name);
		doors_close(doors);
		return -1;
	}
	return 0;
}

static int walk_in(const struct doors *doors)
{
	if (write(doors->cgroup, "0", 1) < 0 || setns(doors->netns, CLONE_NEWNET) < 0)
		return errno;
	return 0;
}

static int become_service(const struct lab_command *command, const char *directory)
{
	int null = open("/dev/null", O_RDONLY);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(command->log, STDOUT_FILENO) < 0 ||
		dup2(command->log, STDERR_FILENO) < 0 || chdir(directory) < 0)
		return errno;
	setsid();
	umask(022);
	if (initgroups(command->user, command->gid) < 0 || setgid(command->gid) < 0 ||
		setuid(command->uid) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return errno;
	return 0;
}

static void reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

__attribute__((noreturn)) static void report_and_exit(int report, int error)
{
	_exit(write(report, &error, sizeof(error)) < 0 ? 126 : 127);
}

/* Descriptors that the caller holds are not the service's; the report closes at exec. */
static int keep_only(int report)
{
	if (report != 3 && dup3(report, 3, O_CLOEXEC) < 0)
		return report;
	close_range(4, ~0U, 0);
	return 3;
}

/* 0 when the child has executed its program; else reaps it and says why not. */
static int await_exec(struct doors *doors, pid_t pid, const char *program, struct fail *fail)
{
	int error = 0;
	ssize_t count;

	close(doors->report[1]);
	doors->report[1] = -1;
	do
		count = read(doors->report[0], &error, sizeof(error));
	while (count < 0 && errno == EINTR);
	if (count <= 0)
		return 0;
	waitpid(pid, NULL, 0);
	return fail_errno(fail, error, "starting %s", program);
}

int lab_start_service(const struct lab_command *command, const struct lab_file *file, size_t node,
	pid_t *out_pid, struct fail *fail)
{
	char directory[LAB_PATH_MAX];
	struct doors doors;
	int outcome;
	pid_t pid;

	lab_path_node_dir(file->name, lab_file_node(file, node)->name, directory);
	if (doors_open(&doors, file, node, fail) < 0)
		return -1;
	/*
	 * Not fork(): in a supervisor that a run has left, libuv's handler for forks would close
	 * descriptors of its own by number, long since closed and by now the doors', and the
	 * service would stay in the supervisor's cgroup.
	 */
	pid = _Fork();
	if (pid == 0) {
		int error = walk_in(&doors);
		int report;

		if (error == 0)
			error = become_service(command, directory);
		if (error)
			report_and_exit(doors.report[1], error);
		report = keep_only(doors.report[1]);
		reset_signals();
		execve(command->program, command->argv, command->envp);
		report_and_exit(report, errno);
	}
	if (pid < 0)
		outcome = fail_errno(fail, errno, "fork");
	else
		outcome = await_exec(&doors, pid, command->program, fail);
	doors_close(&doors);
	if (outcome == 0)
		*out_pid = pid;
	return outcome;
}

static int wait_for(pid_t pid, int *out_code, struct fail *fail)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno(fail, errno, "waiting for a command");
	*out_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

int lab_start_and_wait(const struct lab_file *file, size_t node, char *const argv[], int *out_code,
	struct fail *fail)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old_int, old_quit;
	struct doors doors;
	int outcome;
	pid_t pid;

	if (doors_open(&doors, file, node, fail) < 0)
		return -1;
	/* Ctrl-C is meant for the command; the caller waits to see what that makes of it. */
	sigaction(SIGINT, &ignore, &old_int);
	sigaction(SIGQUIT, &ignore, &old_quit);
	pid = fork();
	if (pid == 0) {
		int error = walk_in(&doors);

		sigaction(SIGINT, &old_int, NULL);
		sigaction(SIGQUIT, &old_quit, NULL);
		if (error)
			report_and_exit(doors.report[1], error);
		execvp(argv[0], argv);
		report_and_exit(doors.report[1], errno);
	}
	if (pid < 0) {
		outcome = fail_errno(fail, errno, "fork");
	} else {
		outcome = await_exec(&doors, pid, argv[0], fail);
		if (outcome == 0)
			outcome = wait_for(pid, out_code, fail);
	}
	doors_close(&doors);
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGQUIT, &old_quit, NULL);
	return outcome;
}
