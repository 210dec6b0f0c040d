/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "contract/failpoint.h"
#include "contract/memory.h"
#include "injector/host.h"
#include "injector/host_real.h"

/* cgroups: where they are mounted, and which is which. */

bool host_is_cgroup2(const char *path)
{
	struct statfs fs;
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode) && statfs(path, &fs) == 0 &&
		fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* mountinfo writes blanks and backslashes of a path as \ooo. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* What of `path` lies below a mount point; NULL when it is not there. */
static const char *below(const char *path, const char *point)
{
	size_t length = strcmp(point, "/") == 0 ? 0 : strlen(point);

	return strncmp(path, point, length) == 0 && (path[length] == '/' || path[length] == '\0')
		? path + length
		: NULL;
}

/* Root and mount point of a line of mountinfo, which is taken apart; false: no cgroup v2. */
static bool mount_of(char *line, char **out_root, char **out_point)
{
	/* 31 23 0:28 /root /mount/point options … - cgroup2 … */
	char *words[5] = {NULL}, *at = NULL;

	if (!strstr(line, " - cgroup2 "))
		return false;
	for (int i = 0; i < 5; i++)
		words[i] = strtok_r(i ? NULL : line, " ", &at);
	if (!words[4])
		return false;
	unescape(words[3]);
	unescape(words[4]);
	*out_root = words[3];
	*out_point = words[4];
	return true;
}

/* Two parts of a path, of which the first may be all of it, or "/" alone. */
static char *join(const char *first, const char *rest)
{
	char *joined;

	if (asprintf(&joined, "%s%s", strcmp(first, "/") == 0 && *rest ? "" : first, rest) < 0)
		abort();
	return joined;
}

char *real_mount_below(char *line, const char *path)
{
	char *root, *point;
	const char *rest;

	if (!mount_of(line, &root, &point))
		return NULL;
	rest = below(path, point);
	return rest ? join(root, rest) : NULL;
}

char *real_mount_above(char *line, const char *cgroup)
{
	char *root, *point;
	const char *rest;

	if (!mount_of(line, &root, &point))
		return NULL;
	rest = below(cgroup, root);
	return rest ? join(point, strcmp(rest, "/") == 0 ? "" : rest) : NULL;
}

/* What `translate` makes of the first mount that knows `path`; NULL with errno 0: none does. */
static char *translated(const char *path, char *(*translate)(char *line, const char *path))
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, *found = NULL;
	size_t size = 0;

	if (!mounts)
		return NULL;
	while (!found && getline(&line, &size, mounts) > 0)
		found = translate(line, path);
	free(line);
	fclose(mounts);
	errno = 0;
	return found;
}

int host_cgroup_below(const char *directory, char **out_path, struct fail *fail)
{
	char path[PATH_MAX];

	if (!realpath(directory, path))
		return fail_errno(fail, errno, "%s", directory);
	*out_path = translated(path, real_mount_below);
	if (*out_path)
		return 0;
	if (errno)
		return fail_errno(fail, errno, "/proc/self/mountinfo");
	return fail_set(fail, FAIL_REFUSED, "%s lies in no cgroup v2 mount", directory);
}

int host_cgroup_directory(const char *cgroup, char **out_path, struct fail *fail)
{
	*out_path = translated(cgroup, real_mount_above);
	if (*out_path)
		return 0;
	if (errno)
		return fail_errno(fail, errno, "/proc/self/mountinfo");
	return fail_set(
		fail, FAIL_REFUSED, "cgroup %.200s: no mount of cgroup v2 shows it", cgroup);
}

int host_cgroup_id(const char *cgroup, uint64_t *out_id, struct fail *fail)
{
	struct stat status;
	char *directory;
	int result = -1;

	if (host_cgroup_directory(cgroup, &directory, fail) < 0)
		return -1;
	if (stat(directory, &status) < 0 && errno != ENOENT) {
		fail_errno(fail, errno, "cgroup %.200s", cgroup);
	} else if (!host_is_cgroup2(directory)) {
		fail_set(fail, FAIL_REFUSED, "there is no cgroup %.200s", cgroup);
	} else {
		*out_id = status.st_ino;
		result = 0;
	}
	free(directory);
	return result;
}

/* Through a descriptor, so that it is the one that was looked at. */
static int thaw(int directory, bool *out_was)
{
	int file = openat(directory, "cgroup.freeze", O_RDWR | O_CLOEXEC);
	int result = 0;
	char digit;

	if (file < 0)
		return errno == ENOENT ? 0 : -errno;
	*out_was = read(file, &digit, 1) == 1 && digit == '1';
	if (*out_was && write(file, "0", 1) != 1)
		result = errno == ENODEV ? 0 : -errno;
	close(file);
	return result;
}

int host_cgroup_thaw(const char *cgroup, uint64_t id, bool *out_was, struct fail *fail)
{
	struct stat status;
	char *directory;
	int file, result = 0;

	*out_was = false;
	if (host_cgroup_directory(cgroup, &directory, fail) < 0)
		return -1;
	file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file < 0 && errno != ENOENT)
		result = -errno;
	if (file >= 0 && fstat(file, &status) == 0 && status.st_ino == id)
		result = thaw(file, out_was);
	if (file >= 0)
		close(file);
	free(directory);
	return result < 0 ? fail_errno(fail, result, "thawing cgroup %.200s", cgroup) : 0;
}

/* Through a descriptor, so that it is the one that was looked at. */
static int kill_all(int directory)
{
	int file = openat(directory, "cgroup.kill", O_WRONLY | O_CLOEXEC);
	int error = file < 0 || write(file, "1", 1) != 1 ? errno : 0;

	if (file >= 0)
		close(file);
	return error == ENODEV ? ESRCH : error;
}

int host_cgroup_kill(const char *cgroup, uint64_t id, struct fail *fail)
{
	int error = FAILPOINT_ERROR(process_signal);
	struct stat status = {0};
	char *directory;
	int file;

	if (host_cgroup_directory(cgroup, &directory, fail) < 0)
		return -1;
	file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(directory);
	if (!error && (file < 0 || fstat(file, &status) < 0))
		error = errno == ENOENT ? ESRCH : errno;
	if (!error)
		error = status.st_ino == id ? kill_all(file) : ESRCH;
	if (file >= 0)
		close(file);
	return error ? fail_errno(fail, error, "killing cgroup %.200s", cgroup) : 0;
}

int host_cgroup_remove(const char *directory, struct fail *fail)
{
	if (rmdir(directory) == 0 || errno == ENOENT)
		return 0;
	return fail_errno(fail, errno, "removing cgroup %.200s", directory);
}
