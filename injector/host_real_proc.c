/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/units.h"
#include "injector/host.h"
#include "injector/host_real.h"
#include "injector/lists.h"

enum {
	STAT_BYTES_MAX = 4096,
	PROC_PATH_MAX = 64
};
/* What /proc/PID/ns/pid of the machine's own pid namespace is called: a constant of the kernel. */
#define FIRST_PID_NAMESPACE 0xeffffffc

uint32_t real_own_pid_namespace(void)
{
	struct stat status;

	if (stat("/proc/self/ns/pid", &status) < 0 || status.st_ino == FIRST_PID_NAMESPACE)
		return 0;
	return (uint32_t)status.st_ino;
}

const char *real_stat_word(const char *stat, int number)
{
	/* The second field is the command in parentheses, and may hold anything. */
	const char *at = strrchr(stat, ')');

	for (int field = 2; at && field < number; field++)
		at = strchr(at + 1, ' ');
	return at ? at + 1 : "";
}

char *real_proc_text(int64_t pid, const char *name, size_t max_bytes, size_t *out_length)
{
	char path[PROC_PATH_MAX], *text;
	struct fail ignored = FAIL_INIT;

	snprintf(path, sizeof(path), "/proc/%" PRId64 "/%s", pid, name);
	return host_file_read(path, max_bytes, &text, out_length, &ignored) == 0 ? text : NULL;
}

/* The field of a process, to be freed; NULL when there is no such process. */
static char *stat_field(int64_t pid, int number)
{
	size_t length;
	char *text = real_proc_text(pid, "stat", STAT_BYTES_MAX, &length), *field;
	const char *word;

	if (!text)
		return NULL;
	word = real_stat_word(text, number);
	field = strndup(word, strcspn(word, " "));
	if (!field)
		abort();
	free(text);
	return field;
}

/* 0 when there is none. */
static uint64_t stat_number(int64_t pid, int number)
{
	char *field = stat_field(pid, number);
	uint64_t value = field ? strtoull(field, NULL, 10) : 0;

	free(field);
	return value;
}

uint64_t host_process_start(int64_t pid)
{
	return stat_number(pid, 22);
}

bool real_is_stopped(int64_t pid)
{
	char *state = stat_field(pid, 3);
	bool stopped = state && strcmp(state, "T") == 0;

	free(state);
	return stopped;
}

/* Looked up after the descriptor is held: from then on it can't be another process. */
int real_continue(int64_t pid, uint64_t start_ticks, struct fail *fail)
{
	int process = pidfd_open((pid_t)pid, 0), result = 0;

	if (process < 0)
		return errno == ESRCH ? 0 : fail_errno(fail, errno, "process %" PRId64, pid);
	if (host_process_start(pid) == start_ticks &&
		pidfd_send_signal(process, SIGCONT, NULL, 0) < 0 && errno != ESRCH)
		result = fail_errno(fail, errno, "continuing process %" PRId64, pid);
	close(process);
	return result;
}

int host_process_resume(int64_t pid, uint64_t start_ticks, bool *out_was, struct fail *fail)
{
	*out_was = real_is_stopped(pid) && host_process_start(pid) == start_ticks;
	return *out_was ? real_continue(pid, start_ticks, fail) : 0;
}

int64_t host_process_parent(int64_t pid)
{
	int64_t parent = (int64_t)stat_number(pid, 4);

	return parent > 0 ? parent : 0;
}

int host_process_sockets(int64_t pid, struct list *inodes, struct fail *fail)
{
	char path[PROC_PATH_MAX];
	struct dirent *entry;
	DIR *directory;

	*inodes = (struct list){0};
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/fd", pid);
	directory = opendir(path);
	if (!directory)
		return errno == ENOENT || errno == ESRCH || errno == EACCES
			? 0
			: fail_errno(fail, errno, "reading %s", path);
	while ((entry = readdir(directory))) {
		char target[64];
		ssize_t length =
			readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1);
		uint64_t inode;

		if (length < 0)
			continue;
		target[length] = '\0';
		if (sscanf(target, "socket:[%" SCNu64 "]", &inode) == 1)
			*(uint64_t *)list_push(inodes, sizeof(inode)) = inode;
	}
	closedir(directory);
	return 0;
}

int host_process_stop(int64_t pid, uint64_t start_ticks, int64_t wait_ns, struct fail *fail)
{
	int process = pidfd_open((pid_t)pid, 0);
	struct pollfd wait = {.fd = process, .events = POLLIN};
	int result = 0;

	if (process < 0)
		return errno == ESRCH ? 0 : fail_errno(fail, errno, "process %" PRId64, pid);
	/* Looked up after the descriptor is held: from here on it can't be another process. */
	if (host_process_start(pid) != start_ticks) {
		close(process);
		return 0;
	}
	if (pidfd_send_signal(process, SIGTERM, NULL, 0) < 0 && errno != ESRCH)
		result = fail_errno(fail, errno, "signalling process %" PRId64, pid);
	else
		pidfd_send_signal(process, SIGCONT, NULL, 0);
	/* One that neither heals nor ends is killed: its ledger says what is left to undo. */
	if (result == 0 && poll(&wait, 1, (int)(wait_ns / NS_PER_MS)) != 1) {
		pidfd_send_signal(process, SIGKILL, NULL, 0);
		if (poll(&wait, 1, (int)(wait_ns / NS_PER_MS)) != 1)
			result = fail_set(fail, FAIL_BUSY,
				"process %" PRId64 " did not end within %" PRId64 " ms", pid,
				2 * wait_ns / NS_PER_MS);
	}
	close(process);
	return result;
}
