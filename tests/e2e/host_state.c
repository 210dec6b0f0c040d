/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/host_state.h"

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/fail.h"
#include "controller/lab/lab_cgroup.h"

static void add_links(FILE *out)
{
	struct if_nameindex *links = if_nameindex();

	for (struct if_nameindex *link = links; link && link->if_index; link++)
		fprintf(out, "link %s\n", link->if_name);
	if_freenameindex(links);
}

/* "pair", "pair.lock", "pair-n1", but not "sshpair": that is another lab, which others use. */
static bool is_of(const char *entry, const char *name)
{
	size_t length = strlen(name);

	return length == 0 ||
		(strncmp(entry, name, length) == 0 && strchr(".-", entry[length]) != NULL);
}

static void add_entries(FILE *out, const char *directory, const char *name)
{
	struct dirent **entries = NULL;
	int count = scandir(directory, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		if (is_of(entries[i]->d_name, name))
			fprintf(out, "%s/%s\n", directory, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

static void add_lines(FILE *out, const char *path, const char *part)
{
	FILE *file = fopen(path, "re");
	char line[4096];

	while (file && fgets(line, sizeof(line), file))
		if (strstr(line, part))
			fprintf(out, "%s %s", path, line);
	if (file)
		fclose(file);
}

static bool mentions(const char *pid, const char *name, const char *part)
{
	char path[64], text[65536];
	ssize_t count;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.16s/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	count = read(fd, text, sizeof(text));
	close(fd);
	return count > 0 && memmem(text, (size_t)count, part, strlen(part));
}

static void add_processes(FILE *out, const char *lab)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	char part[64];

	snprintf(part, sizeof(part), "backburn/lab/%s", lab);
	assert_non_null(proc);
	/* A zombie has ended; when it disappears is for init to decide. */
	while ((entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			!mentions(entry->d_name, "stat", ") Z ") &&
			(mentions(entry->d_name, "cgroup", part) ||
				mentions(entry->d_name, "cmdline", part)))
			fprintf(out, "process %s\n", entry->d_name);
	closedir(proc);
}

static void add_cgroups(FILE *out, const char *lab)
{
	char path[PATH_MAX], *slash;
	struct fail fail;

	if (lab_cgroup_path(lab, NULL, path, &fail) < 0)
		fail_msg("%s", fail.text);
	add_entries(out, path, "");
	slash = strrchr(path, '/');
	*slash = '\0';
	add_entries(out, path, lab);
}

char *host_state(const char *lab)
{
	char *text = NULL, netns[64], mount[64];
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	snprintf(netns, sizeof(netns), "bb-%s", lab);
	snprintf(mount, sizeof(mount), "backburn/lab/%s", lab);
	add_links(out);
	add_entries(out, "/run/netns", netns);
	add_lines(out, "/proc/self/mountinfo", netns);
	add_lines(out, "/proc/self/mountinfo", mount);
	add_entries(out, "/run/backburn/lab", lab);
	add_cgroups(out, lab);
	add_processes(out, lab);
	fclose(out);
	return text;
}

void assert_host_state(const char *lab, char *before)
{
	char *now = host_state(lab);

	assert_string_equal(now, before);
	free(now);
	free(before);
}
