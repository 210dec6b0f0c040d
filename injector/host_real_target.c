/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "contract/failpoint.h"
#include "contract/units.h"
#include "injector/host.h"
#include "injector/host_real.h"
#include "injector/lists.h"

enum {
	PROC_PATH_MAX = 64,
	STAT_BYTES_MAX = 4096,
	CGROUP_BYTES_MAX = 64 * 1024,
	CMDLINE_BYTES_MAX = 4 * 1024 * 1024, /* the kernel's own bound is below it */
	PIDFILE_BYTES_MAX = 64
};

/* PF_KTHREAD of include/linux/sched.h; part of no uapi header, but stable since 2.6.29. */
#define FLAG_KTHREAD UINT64_C(0x00200000)

int host_process_list(struct list *pids, struct fail *fail)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;

	*pids = (struct list){0};
	if (!directory)
		return fail_errno(fail, errno, "reading /proc");
	while ((entry = readdir(directory))) {
		char *end;
		long long pid = strtoll(entry->d_name, &end, 10);

		if (*end == '\0' && pid > 0)
			*(int64_t *)list_push(pids, sizeof(int64_t)) = pid;
	}
	closedir(directory);
	return 0;
}

char *host_process_exe(int64_t pid)
{
	static const char deleted[] = " (deleted)";
	const size_t tail = sizeof(deleted) - 1;
	char path[PROC_PATH_MAX], target[PATH_MAX];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%" PRId64 "/exe", pid);
	length = readlink(path, target, sizeof(target) - 1);
	if (length <= 0)
		return NULL;
	target[length] = '\0';
	/* A program that was upgraded while it ran is still that program. */
	if ((size_t)length > tail && strcmp(target + length - tail, deleted) == 0)
		target[(size_t)length - tail] = '\0';
	return must_copy(target);
}

static char *cmdline_of(int64_t pid)
{
	size_t length;
	char *text = real_proc_text(pid, "cmdline", CMDLINE_BYTES_MAX, &length);

	while (text && length && text[length - 1] == '\0')
		length--;
	for (size_t i = 0; text && i < length; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	return text;
}

static char *cgroup_of(int64_t pid)
{
	size_t length;
	char *text = real_proc_text(pid, "cgroup", CGROUP_BYTES_MAX, &length), *line, *rest = NULL;
	char *found = NULL;

	for (line = text ? strtok_r(text, "\n", &rest) : NULL; line && !found;
		line = strtok_r(NULL, "\n", &rest))
		/* Hierarchy 0 without controllers is v2. */
		if (strncmp(line, "0::", 3) == 0)
			found = must_copy(line + 3);
	free(text);
	return found;
}

static int64_t uid_of(int64_t pid)
{
	char path[PROC_PATH_MAX];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%" PRId64, pid);
	return stat(path, &status) == 0 ? (int64_t)status.st_uid : -1;
}

/* The second word of /proc/PID/stat, in parentheses; it may hold any byte, also these. */
static void name_of(const char *stat_text, char name[PROCESS_NAME_MAX])
{
	const char *from = strchr(stat_text, '('), *to = strrchr(stat_text, ')');

	snprintf(name, PROCESS_NAME_MAX, "%.*s", from && to > from ? (int)(to - from - 1) : 0,
		from ? from + 1 : "");
}

bool host_process_read(int64_t pid, struct host_process *out)
{
	size_t length;
	char *stat_text = real_proc_text(pid, "stat", STAT_BYTES_MAX, &length);
	char state;

	if (!stat_text)
		return false;
	state = real_stat_word(stat_text, 3)[0];
	*out = (struct host_process){
		.pid = pid,
		.parent = (int64_t)strtoull(real_stat_word(stat_text, 4), NULL, 10),
		.start_ticks = strtoull(real_stat_word(stat_text, 22), NULL, 10),
		.rss = (int64_t)strtoull(real_stat_word(stat_text, 24), NULL, 10) *
			sysconf(_SC_PAGESIZE),
		.kernel = strtoull(real_stat_word(stat_text, 9), NULL, 10) & FLAG_KTHREAD,
		.dead = state == 'Z' || state == 'X',
		.uid = uid_of(pid),
		.exe = host_process_exe(pid),
		.cmdline = cmdline_of(pid),
		.cgroup = cgroup_of(pid),
	};
	name_of(stat_text, out->name);
	free(stat_text);
	return true;
}

void host_process_deinit(struct host_process *process)
{
	free(process->exe);
	free(process->cmdline);
	free(process->cgroup);
	*process = (struct host_process){0};
}

int host_process_open(int64_t pid, int *out_file, struct fail *fail)
{
	int error = FAILPOINT_ERROR(process_open), file = error ? -1 : pidfd_open((pid_t)pid, 0);

	if (file < 0)
		return fail_errno(fail, error ? error : errno, "opening process %" PRId64, pid);
	*out_file = file;
	return 0;
}

int host_process_signal(int file, int number, struct fail *fail)
{
	int error = FAILPOINT_ERROR(process_signal);

	if (!error && pidfd_send_signal(file, number, NULL, 0) < 0)
		error = errno;
	return error ? fail_errno(fail, error, "sending signal %d", number) : 0;
}

bool host_process_has_exited(int file)
{
	struct pollfd look = {.fd = file, .events = POLLIN};

	return poll(&look, 1, 0) == 1;
}

int64_t host_ticks_wall_ns(uint64_t ticks)
{
	struct timespec since_boot;
	int64_t per_second = sysconf(_SC_CLK_TCK);
	int64_t age_ns;

	clock_gettime(CLOCK_BOOTTIME, &since_boot);
	age_ns = since_boot.tv_sec * NS_PER_SEC + since_boot.tv_nsec -
		(int64_t)ticks * (NS_PER_SEC / per_second);
	return host_wall_ns() - age_ns;
}

int real_pid_parse(const char *text, int64_t *out)
{
	char *end;
	int64_t pid = strtoll(text, &end, 10);

	if (end == text || (*end && *end != '\n' && *end != ' ' && *end != '\r') || pid <= 0)
		return -1;
	*out = pid;
	return 0;
}

int host_pidfile_read(const char *path, struct host_pidfile *out, struct fail *fail)
{
	/* Whoever can write there could put a FIFO in its place: nothing may wait for it. */
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char text[PIDFILE_BYTES_MAX] = "";
	struct stat status;
	ssize_t got;

	if (file < 0)
		return fail_errno(fail, errno, "pidfile %.200s", path);
	got = fstat(file, &status) == 0 && S_ISREG(status.st_mode)
		? read(file, text, sizeof(text) - 1)
		: -1;
	close(file);
	if (got < 0)
		return fail_set(fail, FAIL_REFUSED, "pidfile %.200s is no regular file", path);
	/* What stands there instead is not quoted: the path is the controller's choice. */
	if (real_pid_parse(text, &out->pid) < 0)
		return fail_set(
			fail, FAIL_REFUSED, "pidfile %.200s does not begin with a pid", path);
	out->uid = (int64_t)status.st_uid;
	out->written_ns = status.st_mtim.tv_sec * NS_PER_SEC + status.st_mtim.tv_nsec;
	return 0;
}
