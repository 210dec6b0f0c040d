/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "contract/failpoint.h"
#include "contract/units.h"
#include "injector/host.h"
#include "injector/lists.h"

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

void host_pause(int64_t ns)
{
	const struct timespec pause = {.tv_sec = ns / NS_PER_SEC, .tv_nsec = ns % NS_PER_SEC};

	nanosleep(&pause, NULL);
}

int64_t host_now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t host_wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

static int netns_cookie(uint64_t *out, struct fail *fail)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(*out);
	int result = 0;

	if (sock < 0)
		return fail_errno(fail, errno, "socket");
	if (getsockopt(sock, SOL_SOCKET, SO_NETNS_COOKIE, out, &size) < 0)
		result = fail_errno(fail, errno, "reading the network namespace's cookie");
	close(sock);
	return result;
}

int host_facts(struct host_facts *out, struct fail *fail)
{
	struct utsname name;
	char *boot_id;
	size_t length;

	*out = (struct host_facts){.pid = getpid(), .uid = geteuid()};
	uname(&name);
	snprintf(out->host, sizeof(out->host), "%.64s", name.nodename);
	snprintf(out->kernel, sizeof(out->kernel), "%.64s", name.release);
	snprintf(out->machine, sizeof(out->machine), "%.64s", name.machine);
	out->start_ticks = host_process_start(out->pid);
	if (host_file_read("/proc/sys/kernel/random/boot_id", 64, &boot_id, &length, fail) < 0)
		return -1;
	boot_id[strcspn(boot_id, "\n")] = '\0';
	snprintf(out->boot_id, sizeof(out->boot_id), "%.36s", boot_id);
	free(boot_id);
	return netns_cookie(&out->netns_cookie, fail);
}

int host_dir_make(const char *path, struct fail *fail)
{
	char part[PATH_MAX];

	if (snprintf(part, sizeof(part), "%s/", path) >= (int)sizeof(part))
		return fail_errno(fail, ENAMETOOLONG, "%s", path);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int error = FAILPOINT_ERROR(dir_make);

		*slash = '\0';
		if (!error && mkdir(part, 0700) < 0 && errno != EEXIST)
			error = errno;
		if (error)
			return fail_errno(fail, error, "making directory %s", part);
		*slash = '/';
	}
	return 0;
}

int host_dir_list(const char *path, struct list *names, struct fail *fail)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	*names = (struct list){0};
	if (!directory)
		return errno == ENOENT ? 0 : fail_errno(fail, errno, "reading directory %s", path);
	while ((entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			list_add_text(names, "%s", entry->d_name);
	closedir(directory);
	list_sort_texts(names);
	return 0;
}

void host_dir_remove(const char *path)
{
	rmdir(path);
}

int host_file_remove(const char *path, struct fail *fail)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return fail_errno(fail, errno, "removing %s", path);
	return 0;
}

/* False: the path now names another file, or none, because its last owner removed it. */
static bool still_named(int file, const char *path)
{
	struct stat mine, named;

	return fstat(file, &mine) == 0 && stat(path, &named) == 0 && mine.st_ino == named.st_ino &&
		mine.st_dev == named.st_dev;
}

int host_file_lock(const char *path, int *out_file, struct fail *fail)
{
	for (;;) {
		int error = FAILPOINT_ERROR(file_lock);
		int file = error
			? -1
			: open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (file < 0)
			return fail_errno(fail, error ? error : errno, "opening %s", path);
		if (flock(file, LOCK_EX | LOCK_NB) < 0) {
			error = errno;
			close(file);
			if (error == EWOULDBLOCK)
				return fail_set(fail, FAIL_BUSY, "%s is locked", path);
			return fail_errno(fail, error, "locking %s", path);
		}
		if (still_named(file, path)) {
			*out_file = file;
			return 0;
		}
		close(file);
	}
}

void host_file_close(int file)
{
	if (file >= 0)
		close(file);
}

static int append(int file, const char *text, size_t length, struct fail *fail)
{
	int error = FAILPOINT_ERROR(file_append);

	if (error)
		return fail_errno(fail, error, "writing");
	while (length) {
		ssize_t written = write(file, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return fail_errno(fail, errno, "writing");
		text += written;
		length -= (size_t)written;
	}
	error = FAILPOINT_ERROR(file_sync);
	if (!error && fdatasync(file) < 0)
		error = errno;
	return error ? fail_errno(fail, error, "syncing") : 0;
	return 0;
}

int host_file_append(int file, const char *text, size_t length, struct fail *fail)
{
	struct stat before;

	if (fstat(file, &before) < 0)
		return fail_errno(fail, errno, "looking at its length");
	if (append(file, text, length, fail) == 0)
		return 0;
	if (ftruncate(file, before.st_size) < 0)
		fail_context(fail, "and half a line stays");
	return -1;
}

int host_file_clear(int file, struct fail *fail)
{
	return ftruncate(file, 0) < 0 ? fail_errno(fail, errno, "truncating") : 0;
}

/* Sizes in /proc say nothing, so it is read until its end. */
int host_file_read(
	const char *path, size_t max_bytes, char **out_text, size_t *out_length, struct fail *fail)
{
	int error = FAILPOINT_ERROR(file_read);
	int file = error ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0, capacity = 4096;
	char *text;

	if (file < 0) {
		fail_errno(fail, error ? error : errno, "opening %s", path);
		return -1;
	}
	text = must_alloc(capacity);
	for (;;) {
		ssize_t got = read(file, text + used, capacity - used - 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || used + (size_t)got > max_bytes) {
			if (got < 0)
				fail_errno(fail, errno, "reading %s", path);
			else
				fail_set(fail, FAIL_REFUSED, "%s is longer than %zu bytes", path,
					max_bytes);
			close(file);
			free(text);
			return -1;
		}
		if (got == 0)
			break;
		used += (size_t)got;
		if (capacity - used < 2) {
			capacity *= 2;
			text = realloc(text, capacity);
			if (!text)
				abort();
		}
	}
	close(file);
	text[used] = '\0';
	*out_text = text;
	*out_length = used;
	return 0;
}

bool host_file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}
