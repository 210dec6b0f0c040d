/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/lab/lab_cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "contract/cgroups.h"
#include "contract/units.h"
#include "controller/lab/lab_paths.h"
#include "controller/lab/lab_time.h"

int lab_cgroup_path(const char *lab, const char *node, char out[PATH_MAX], struct fail *fail)
{
	char below[LAB_PATH_MAX];
	char mount[PATH_MAX];

	if (cgroup_mount(mount, fail) < 0)
		return -1;
	lab_path_cgroup(lab, node, below);
	if ((size_t)snprintf(out, PATH_MAX, "%s%s", mount, below) >= PATH_MAX)
		return fail_set(fail, FAIL_UNSUPPORTED, "the path of cgroup v2 is too long");
	return 0;
}

static int make_levels(const char *mount, const char *const *levels, char path[PATH_MAX])
{
	for (; *levels; levels++) {
		if ((size_t)snprintf(path, PATH_MAX, "%s%s", mount, *levels) >= PATH_MAX)
			return -ENAMETOOLONG;
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

int lab_cgroup_make(const char *lab, const char *node, struct fail *fail)
{
	char mount[PATH_MAX], path[PATH_MAX], lab_level[LAB_PATH_MAX], node_level[LAB_PATH_MAX];
	const char *const levels[] = {"/backburn", "/backburn/lab",
		lab_path_cgroup(lab, NULL, lab_level),
		node ? lab_path_cgroup(lab, node, node_level) : NULL, NULL};
	int error;

	if (cgroup_mount(mount, fail) < 0)
		return -1;
	error = make_levels(mount, levels, path);
	/* Another lab that goes down removes the shared parents when it finds them empty. */
	for (int again = 0; error == -ENOENT && again < 3; again++)
		error = make_levels(mount, levels, path);
	if (error)
		return fail_errno(fail, error, "cgroup %s", path);
	return 0;
}

static int write_in(const char *directory, const char *name, const char *text)
{
	int dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = dir < 0 ? -1 : openat(dir, name, O_WRONLY | O_CLOEXEC);
	int error = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		error = errno;
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	return -error;
}

int lab_cgroup_join(const char *lab, const char *node, pid_t pid, struct fail *fail)
{
	char path[PATH_MAX], text[24];
	int error;

	if (lab_cgroup_path(lab, node, path, fail) < 0)
		return -1;
	snprintf(text, sizeof(text), "%d", pid);
	error = write_in(path, "cgroup.procs", text);
	if (error)
		return fail_errno(fail, error, "cgroup %s", path);
	return 0;
}

/* Also true when the cgroup is gone. */
static bool is_empty(const char *path)
{
	char name[PATH_MAX + 16], text[256];
	FILE *events;
	size_t length;

	snprintf(name, sizeof(name), "%s/cgroup.events", path);
	events = fopen(name, "re");
	if (!events)
		return true;
	length = fread(text, 1, sizeof(text) - 1, events);
	text[length] = '\0';
	fclose(events);
	return strstr(text, "populated 0") != NULL;
}

static int remove_tree(const char *path, int depth)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	char child[PATH_MAX];

	if (!directory)
		return errno == ENOENT ? 0 : -1;
	while (depth > 0 && (entry = readdir(directory))) {
		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 ||
			strcmp(entry->d_name, "..") == 0)
			continue;
		if ((size_t)snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) <
			sizeof(child))
			remove_tree(child, depth - 1);
	}
	closedir(directory);
	return rmdir(path) < 0 && errno != ENOENT ? -1 : 0;
}

/* The processes to be killed, held by pidfds, so that their end can be awaited without a race. */
struct victims {
	int fds[512];
	size_t count;
};

static void collect_from(const char *directory, struct victims *victims)
{
	char name[PATH_MAX + 16];
	FILE *procs;
	int pid;

	snprintf(name, sizeof(name), "%s/cgroup.procs", directory);
	procs = fopen(name, "re");
	if (!procs)
		return;
	while (victims->count < sizeof(victims->fds) / sizeof(victims->fds[0]) &&
		fscanf(procs, "%d", &pid) == 1) {
		int fd = (int)syscall(SYS_pidfd_open, pid, 0);

		if (fd >= 0)
			victims->fds[victims->count++] = fd;
	}
	fclose(procs);
}

static void collect(const char *path, struct victims *victims)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	char child[PATH_MAX];

	victims->count = 0;
	if (!directory)
		return;
	while ((entry = readdir(directory)))
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, "..") != 0 &&
			(size_t)snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) <
				sizeof(child))
			collect_from(child, victims);
	closedir(directory);
}

/*
 * The dead leave the process table when init has reaped them, which some inits do once a second.
 * Waiting for it is a courtesy to those who look right after; it never fails.
 */
static void await_reaped(struct victims *victims)
{
	int64_t give_up_ns = lab_now_ns() + 3 * NS_PER_SEC;

	for (size_t i = 0; i < victims->count; i++) {
		while (syscall(SYS_pidfd_send_signal, victims->fds[i], 0, NULL, 0) == 0 &&
			lab_now_ns() < give_up_ns)
			lab_sleep_ns(5 * NS_PER_MS);
		close(victims->fds[i]);
	}
}

int lab_cgroup_destroy(const char *lab, struct fail *fail)
{
	int64_t give_up_ns = lab_now_ns() + 10 * NS_PER_SEC;
	struct victims victims;
	char path[PATH_MAX];
	int error;

	if (lab_cgroup_path(lab, NULL, path, fail) < 0)
		return -1;
	collect(path, &victims);
	error = write_in(path, "cgroup.kill", "1");
	/* Killed again each time: what was just forked outside may walk in at any moment. */
	while (error == 0 && (!is_empty(path) || remove_tree(path, 8) < 0)) {
		if (lab_now_ns() > give_up_ns) {
			error = -ETIMEDOUT;
			break;
		}
		lab_sleep_ns(2 * NS_PER_MS);
		error = write_in(path, "cgroup.kill", "1");
	}
	await_reaped(&victims);
	if (error && access(path, F_OK) == 0)
		return fail_errno(fail, error, "ending the processes of cgroup %s", path);
	/* The shared parents go with the last lab; others keep them. */
	for (int i = 0; i < 2; i++) {
		*strrchr(path, '/') = '\0';
		rmdir(path);
	}
	return 0;
}
