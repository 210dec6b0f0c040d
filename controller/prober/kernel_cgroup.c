/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/kernel_cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	DEPTH_MAX = 16
};

/* The second number of statm: resident pages. 0 for a process that is no more. */
static double resident_of(int pid)
{
	char path[64];
	unsigned long all, resident = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%lu %lu", &all, &resident) != 2)
		resident = 0;
	fclose(file);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static int add_own(const char *directory, void *context)
{
	struct cgroup_sum *sum = context;
	char path[PATH_MAX];
	FILE *file;
	int pid;

	if (snprintf(path, sizeof(path), "%s/cgroup.procs", directory) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fscanf(file, "%d", &pid) == 1) {
		sum->processes++;
		sum->resident_bytes += resident_of(pid);
	}
	fclose(file);
	return 0;
}

/* Calls `visit` for each directory below; what it answers is passed over. */
static void walk_below(const char *directory, int depth,
	int (*visit)(const char *directory, void *context), void *context)
{
	DIR *entries = depth < DEPTH_MAX ? opendir(directory) : NULL;
	const struct dirent *entry;
	char path[PATH_MAX];

	if (!entries)
		return;
	while ((entry = readdir(entries))) {
		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 ||
			strcmp(entry->d_name, "..") == 0 ||
			snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name) >=
				(int)sizeof(path))
			continue;
		visit(path, context);
		walk_below(path, depth + 1, visit, context);
	}
	closedir(entries);
}

int cgroup_sum_read(const char *directory, struct cgroup_sum *out)
{
	int error;

	*out = (struct cgroup_sum){0};
	error = add_own(directory, out);
	if (error == 0)
		walk_below(directory, 1, add_own, out);
	return error;
}

/* --- ids --------------------------------------------------------------------------------- */

void cgroup_ids_deinit(struct cgroup_ids *ids)
{
	free(ids->items);
	*ids = (struct cgroup_ids){0};
}

bool cgroup_ids_have(const struct cgroup_ids *ids, uint64_t id)
{
	for (size_t i = 0; i < ids->count; i++)
		if (ids->items[i] == id)
			return true;
	return false;
}

/* Of a cgroup the number of its inode is its id (kernfs, since Linux 5.5; of 64 bits there). */
static int add_id(const char *directory, void *context)
{
	struct cgroup_ids *ids = context;
	struct stat status;

	if (stat(directory, &status) < 0)
		return -errno;
	if (ids->count == ids->capacity) {
		ids->capacity = ids->capacity ? ids->capacity * 2 : 8;
		ids->items = reallocarray(ids->items, ids->capacity, sizeof(*ids->items));
		if (!ids->items)
			abort();
	}
	ids->items[ids->count++] = status.st_ino;
	return 0;
}

int cgroup_ids_read(const char *directory, struct cgroup_ids *ids)
{
	int error = add_id(directory, ids);

	if (error == 0)
		walk_below(directory, 1, add_id, ids);
	return error;
}
