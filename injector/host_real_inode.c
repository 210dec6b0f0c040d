/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "injector/host.h"
#include "injector/host_real.h"

/*
 * By which numbers the kernel itself knows a file. stat() answers for programs, and file systems
 * may tell them something else: overlayfs, which most containers live on, shows the numbers of a
 * file's lower layer, and btrfs a device for each subvolume.
 */
enum {
	FDINFO_BYTES_MAX = 4096,
	MOUNTS_BYTES_MAX = 16 * 1024 * 1024,
	DEVICE_MINOR_BITS = 20 /* of the kernel's own dev_t */
};

int64_t real_fdinfo_number(const char *text, const char *key)
{
	size_t length = strlen(key);

	while (*text) {
		if (strncmp(text, key, length) == 0 && text[length] == ':') {
			char *end;
			long long number;

			errno = 0;
			number = strtoll(text + length + 1, &end, 10);
			return errno == 0 && end != text + length + 1 && number >= 0 ? number : -1;
		}
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return -1;
}

bool real_mount_device(const char *mounts, int64_t mount_id, uint32_t *out_device)
{
	while (*mounts) {
		unsigned major_number, minor_number;
		int64_t id;

		/* 31 23 0:28 / /mount/point options … */
		if (sscanf(mounts, "%9" SCNd64 " %*9u %9u:%9u ", &id, &major_number,
			    &minor_number) == 3 &&
			id == mount_id && minor_number < 1U << DEVICE_MINOR_BITS &&
			major_number < 1U << (32 - DEVICE_MINOR_BITS)) {
			*out_device = major_number << DEVICE_MINOR_BITS | minor_number;
			return true;
		}
		mounts += strcspn(mounts, "\n");
		mounts += *mounts == '\n';
	}
	return false;
}

/* Puts the kernel's own numbers in the place of stat()'s, where it tells them (`ino`: since 5.14).
 */
static void ask_kernel(int64_t pid, int file, uint64_t *inode, uint32_t *device)
{
	struct fail ignored = FAIL_INIT;
	char path[64], *text;
	int64_t number, mount_id;
	size_t length;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", file);
	if (host_file_read(path, FDINFO_BYTES_MAX, &text, &length, &ignored) < 0)
		return;
	number = real_fdinfo_number(text, "ino");
	mount_id = real_fdinfo_number(text, "mnt_id");
	free(text);
	if (number < 0 || mount_id < 0)
		return;
	/* The mounts that the process sees, since the way to the file went through its root. */
	text = real_proc_text(pid, "mountinfo", MOUNTS_BYTES_MAX, &length);
	if (text && real_mount_device(text, mount_id, device))
		*inode = (uint64_t)number;
	free(text);
}

int host_path_identity(
	int64_t pid, const char *path, uint64_t *out_inode, uint32_t *out_device, struct fail *fail)
{
	char seen[PATH_MAX];
	struct stat status;
	int file;

	if ((size_t)snprintf(seen, sizeof(seen), "/proc/%" PRId64 "/root%s", pid, path) >=
		sizeof(seen))
		return fail_set(fail, FAIL_REFUSED, "path %.100s…: too long", path);
	file = open(seen, O_PATH | O_CLOEXEC);
	if (file < 0 || fstat(file, &status) < 0) {
		fail_errno(fail, errno, "path %.200s, as process %" PRId64 " sees it", path, pid);
		if (file >= 0)
			close(file);
		return -1;
	}
	*out_inode = status.st_ino;
	*out_device = major(status.st_dev) << DEVICE_MINOR_BITS | minor(status.st_dev);
	ask_kernel(pid, file, out_inode, out_device);
	close(file);
	return 0;
}
