/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/state.h"

#include <bpf/bpf.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/lab/lab_paths.h"
#include "tests/chaos/members.h"

/* Newer than the headers of Debian 12; the numbers are the kernel's ABI (Linux 6.6). */
enum {
	TCX_INGRESS = 46,
	TCX_EGRESS = 47,
	LISTED_MAX = 64,
	COMMAND_PATIENCE_MS = 10000
};

static FILE *open_text(char **text, size_t *size)
{
	FILE *out = open_memstream(text, size);

	if (!out)
		abort();
	return out;
}

/* ---- comparing ---- */

static bool has_line(const char *text, const char *line, size_t length)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (strcspn(text, "\n") == length && memcmp(text, line, length) == 0)
			return true;
	return false;
}

static void add_missing(FILE *out, const char *sign, const char *text, const char *other)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		size_t length = strcspn(text, "\n");

		if (!has_line(other, text, length))
			fprintf(out, "%s %.*s\n", sign, (int)length, text);
	}
}

char *state_difference(const char *before, const char *now)
{
	char *text;
	size_t size;
	FILE *out = open_text(&text, &size);

	add_missing(out, "-", before, now);
	add_missing(out, "+", now, before);
	fclose(out);
	return text;
}

/* ---- nodes ---- */

static void ask(const struct world *world, const char *const *argv, FILE *out)
{
	const struct conditions plain = {.mounts = -1};
	char path[PATH_MAX + 16], line[1024];
	struct child child;
	FILE *answer;

	snprintf(path, sizeof(path), "%s/.answer", world->dir);
	unlink(path);
	if (child_start(argv, path, &plain, &child) < 0 ||
		child_wait(&child, COMMAND_PATIENCE_MS) == -1)
		fprintf(out, "%s %s: no answer\n", argv[0], argv[1]);
	answer = fopen(path, "re");
	while (answer && fgets(line, sizeof(line), answer)) {
		/* The other end's name is looked up among all namespaces, which others change. */
		char *volatile_part = strstr(line, " link-netns");

		if (strncmp(line, "Error: Peer netns", 17) == 0)
			continue;
		if (volatile_part) {
			volatile_part[0] = '\n';
			volatile_part[1] = '\0';
		}
		fputs(line, out);
	}
	if (answer)
		fclose(answer);
	unlink(path);
}

static void add_tcx(FILE *out)
{
	unsigned index = if_nametoindex("eth0");

	for (int hook = TCX_INGRESS; hook <= TCX_EGRESS; hook++) {
		__u32 ids[LISTED_MAX] = {0}, count = LISTED_MAX;

		if (bpf_prog_query((int)index, (enum bpf_attach_type)hook, 0, NULL, ids, &count) ==
			0)
			fprintf(out, "tcx %d: %u programs\n", hook, count);
	}
}

char *state_of_nodes(struct world *world)
{
	static const char *const questions[][8] = {
		{"ip", "-o", "link", "show", NULL},
		{"ip", "rule", "show", NULL},
		{"ip", "-4", "route", "show", "table", "all", NULL},
		{"tc", "qdisc", "show", NULL},
		{"tc", "filter", "show", "dev", "eth0", "ingress", NULL},
		{"tc", "filter", "show", "dev", "eth0", "egress", NULL},
	};
	char *text;
	size_t size;
	FILE *out = open_text(&text, &size);

	for (int node = 0; node < PLAN_NODES; node++) {
		fprintf(out, "node %s\n", world_nodes[node]);
		if (!world_enter(world, node)) {
			fprintf(out, "is gone\n");
			continue;
		}
		add_tcx(out);
		for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
			ask(world, questions[i], out);
		world_leave(world);
	}
	fclose(out);
	return text;
}

/* ---- leftovers ---- */

static bool is_in_node(const struct world *world, const char *pid)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%.16s/ns/net", pid);
	if (stat(path, &status) < 0)
		return false;
	for (int i = 0; i < PLAN_NODES; i++)
		if (world->inode[i] == status.st_ino)
			return true;
	return false;
}

/* Its words name this run's files, or the lab's cgroup. */
static bool names_us(const struct world *world, const char *pid)
{
	char path[64], words[4096], lab[32];
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.16s/cmdline", pid);
	snprintf(lab, sizeof(lab), "/lab/%s/", world->lab);
	file = fopen(path, "re");
	length = file ? fread(words, 1, sizeof(words), file) : 0;
	if (file)
		fclose(file);
	return memmem(words, length, lab, strlen(lab)) ||
		memmem(words, length, world->dir, strlen(world->dir));
}

char state_letter(const char *pid)
{
	char path[64], text[256];
	const char *after;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.16s/stat", pid);
	file = fopen(path, "re");
	after = file && fgets(text, sizeof(text), file) ? strrchr(text, ')') : NULL;
	if (file)
		fclose(file);
	return after && after[1] && after[2] ? after[2] : 'Z';
}

/* A program of this build that has to do with this run: others may go on beside it. */
static bool is_ours(const struct world *world, const char *pid)
{
	char path[64], exe[PATH_MAX];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%.16s/exe", pid);
	length = readlink(path, exe, sizeof(exe) - 1);
	if (length <= 0)
		return false;
	exe[length] = '\0';
	if (strncmp(exe, world->build, strlen(world->build)) != 0 ||
		(!strstr(exe, "/bin/backburn") && !strstr(exe, "/bin/etcd-set-client")) ||
		strstr(exe, "/backburn-chaos"))
		return false;
	return is_in_node(world, pid) || names_us(world, pid);
}

static void add_processes(const struct world *world, FILE *out)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	char path[64], name[32];

	while (proc && (entry = readdir(proc))) {
		char state;
		FILE *file;

		if (!isdigit((unsigned char)entry->d_name[0]) || !is_ours(world, entry->d_name))
			continue;
		state = state_letter(entry->d_name);
		if (state == 'Z')
			continue;
		snprintf(path, sizeof(path), "/proc/%.16s/comm", entry->d_name);
		file = fopen(path, "re");
		if (!file || !fgets(name, sizeof(name), file))
			name[0] = '\0';
		if (file)
			fclose(file);
		name[strcspn(name, "\n")] = '\0';
		/* The lab is up, so its supervisor is there; but not stopped. */
		if (strcmp(name, "backburn-lab") == 0 && state != 'T')
			continue;
		fprintf(out, "process %.16s (%s), state %c\n", entry->d_name, name, state);
	}
	if (proc)
		closedir(proc);
}

static void add_entries(FILE *out, const char *directory, const char *part)
{
	struct dirent **entries = NULL;
	int count = scandir(directory, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.' && strstr(entries[i]->d_name, part))
			fprintf(out, "%s/%s\n", directory, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

char *state_of_leftovers(const struct world *world)
{
	char *text, path[96];
	size_t size;
	FILE *out = open_text(&text, &size);

	add_processes(world, out);
	members_left(world, out);
	for (int node = 0; node < PLAN_NODES; node++) {
		snprintf(path, sizeof(path), "%s/run/backburn/%" PRIu64, world->view,
			world->cookie[node]);
		if (access(path, F_OK) == 0)
			fprintf(out, "%s\n", path);
		add_entries(out, path, "");
	}
	fclose(out);
	return text;
}

char *state_of_programs(const struct parts *parts)
{
	char *text;
	size_t size;
	FILE *out = open_text(&text, &size);

	for (size_t i = 0; i < parts->count; i++) {
		const struct part *part = &parts->items[i];
		int file = part->map_id ? bpf_map_get_fd_by_id(part->map_id) : -1;

		if (file >= 0) {
			fprintf(out, "map %u of pid %d\n", part->map_id, part->pid);
			close(file);
		}
		for (int j = 0; j < PROGRAMS_MAX && part->programs[j]; j++) {
			file = bpf_prog_get_fd_by_id(part->programs[j]);
			if (file < 0)
				continue;
			fprintf(out, "program %u of pid %d\n", part->programs[j], part->pid);
			close(file);
		}
	}
	fclose(out);
	return text;
}

/* ---- outside ---- */

static void add_lines(FILE *out, const char *path, const char *part)
{
	FILE *file = fopen(path, "re");
	char line[4096];

	while (file && fgets(line, sizeof(line), file))
		if (strstr(line, part))
			fputs(line, out);
	if (file)
		fclose(file);
}

char *state_outside(const struct world *world)
{
	char *text, part[64], cgroup[PATH_MAX];
	size_t size;
	FILE *out = open_text(&text, &size);

	snprintf(part, sizeof(part), "bb-%s", world->lab);
	add_entries(out, LAB_NETNS_ROOT, part);
	add_lines(out, "/proc/self/mountinfo", part);
	add_lines(out, "/proc/self/mountinfo", world->lab);
	add_entries(out, LAB_RUN_ROOT, world->lab);
	world_cgroup(world, NULL, cgroup);
	if (cgroup[0] && access(cgroup, F_OK) == 0)
		fprintf(out, "%s\n", cgroup);
	fclose(out);
	return text;
}
