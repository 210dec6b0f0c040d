/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/kernel_cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
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

static int add_own(const char *directory, struct cgroup_sum *sum)
{
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

static void add_below(const char *directory, int depth, struct cgroup_sum *sum)
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
		add_own(path, sum);
		add_below(path, depth + 1, sum);
	}
	closedir(entries);
}

int cgroup_sum_read(const char *directory, struct cgroup_sum *out)
{
	int error;

	*out = (struct cgroup_sum){0};
	error = add_own(directory, out);
	if (error == 0)
		add_below(directory, 1, out);
	return error;
}
