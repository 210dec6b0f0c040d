/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/lab/lab_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/file.h"
#include "contract/units.h"
#include "controller/lab/lab_paths.h"
#include "controller/lab/lab_time.h"

/*
 * An injector that came first has made the upper one for itself alone; services that run as nobody
 * must get through to their own directory. What lies beside it keeps its own mode.
 */
static int make_roots(struct fail *fail)
{
	static const char *const roots[] = {"/run/backburn", LAB_RUN_ROOT};

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		struct stat status;

		if ((mkdir(roots[i], 0755) < 0 && errno != EEXIST) || stat(roots[i], &status) < 0 ||
			chmod(roots[i], (status.st_mode & 07777) | 0711) < 0)
			return fail_errno(fail, errno, "%s", roots[i]);
	}
	return 0;
}

/* The file may be removed between open and flock by one who just took the lab down. */
static bool still_linked(int fd, const char *path)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino &&
		held.st_dev == named.st_dev;
}

static int busy(const char *lab, int fd, struct fail *fail)
{
	char holder[24] = "";
	ssize_t length = pread(fd, holder, sizeof(holder) - 1, 0);

	close(fd);
	holder[length > 0 ? strcspn(holder, "\n") : 0] = '\0';
	return fail_set(fail, FAIL_BUSY, "lab %s is being changed by process %s", lab,
		holder[0] ? holder : "(unknown)");
}

/* 0: held. 1: the file went away meanwhile, or somebody holds it: to be tried again. */
static int try_lock(const char *path, int *out_fd, bool *held_by_other)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	*held_by_other = false;
	if (fd < 0)
		return errno == ENOENT ? 1 : -errno;
	*out_fd = fd;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		*held_by_other = true;
		return 1;
	}
	if (still_linked(fd, path))
		return 0;
	close(fd);
	return 1;
}

int lab_lock(const char *lab, int *out_fd, struct fail *fail)
{
	int64_t give_up_ns = lab_now_ns() + 5 * NS_PER_SEC;
	char path[LAB_PATH_MAX];

	lab_path_lock(lab, path);
	for (;;) {
		bool held_by_other;
		int fd = -1, outcome;

		if (make_roots(fail) < 0)
			return -1;
		outcome = try_lock(path, &fd, &held_by_other);
		if (outcome == 0) {
			if (ftruncate(fd, 0) == 0)
				dprintf(fd, "%d\n", getpid());
			*out_fd = fd;
			return 0;
		}
		if (outcome < 0)
			return fail_errno(fail, outcome, "lock %s", path);
		if (lab_now_ns() > give_up_ns && held_by_other)
			return busy(lab, fd, fail);
		if (held_by_other)
			close(fd);
		lab_sleep_ns(20 * NS_PER_MS);
	}
}

void lab_unlock(const char *lab, int fd, bool last)
{
	char path[LAB_PATH_MAX];

	if (last) {
		unlink(lab_path_lock(lab, path));
		rmdir(LAB_RUN_ROOT);
		rmdir("/run/backburn");
	}
	close(fd);
}

int lab_fs_mount(const char *lab, struct fail *fail)
{
	char path[LAB_PATH_MAX];

	lab_path_dir(lab, path);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return fail_errno(fail, errno, "%s", path);
	/* The bound protects the host's memory from a service that fills its disk. */
	if (mount("backburn-lab", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=2g") < 0)
		return fail_errno(fail, errno, "mounting a tmpfs at %s", path);
	lab_path_file(lab, LAB_FILE_NODES, path);
	if (mkdir(path, 0755) < 0)
		return fail_errno(fail, errno, "%s", path);
	return 0;
}

int lab_fs_unmount(const char *lab, struct fail *fail)
{
	char path[LAB_PATH_MAX];

	lab_path_dir(lab, path);
	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	if (errno != EINVAL && errno != ENOENT)
		return fail_errno(fail, errno, "unmounting %s", path);
	if (rmdir(path) < 0 && errno != ENOENT)
		return fail_errno(fail, errno, "removing %s", path);
	return 0;
}

bool lab_fs_exists(const char *lab)
{
	char path[LAB_PATH_MAX];

	return access(lab_path_dir(lab, path), F_OK) == 0;
}

int lab_fs_write(const char *lab, const char *name, const char *text, struct fail *fail)
{
	char path[LAB_PATH_MAX];
	int fd, outcome = 0;

	lab_path_file(lab, name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return fail_errno(fail, errno, "%s", path);
	if (file_write(fd, text, strlen(text)) < 0)
		outcome = fail_errno(fail, errno, "%s", path);
	close(fd);
	return outcome;
}
