/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/programs.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MARK "BACKBURN_TEST"

enum {
	PROGRAMS_MAX = 512,
	LINE_BYTES = 64,
	GO_WITHIN_S = 20,
	TEXT_BYTES = 65536
};

/* --- whose ----------------------------------------------------------------------------- */

static const char *mark(void)
{
	static char text[48];

	if (!*text) {
		char value[24];

		snprintf(value, sizeof(value), "%d", (int)getpid());
		snprintf(text, sizeof(text), MARK "=%s", value);
		assert_int_equal(setenv(MARK, value, 1), 0);
	}
	return text;
}

static size_t read_text(const char *path, char *text)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got;

	if (file < 0)
		return 0;
	while (used < TEXT_BYTES - 1 && (got = read(file, text + used, TEXT_BYTES - 1 - used)) > 0)
		used += (size_t)got;
	close(file);
	text[used] = '\0';
	return used;
}

/* Without our mark: of another test, or nothing of tests at all. */
static bool is_of_others(const char *pid)
{
	static char text[TEXT_BYTES];
	char path[300], own[16];
	size_t length;

	/* What setenv() changes does not show in our own /proc. */
	snprintf(own, sizeof(own), "%d", (int)getpid());
	snprintf(path, sizeof(path), "/proc/%s/environ", pid);
	length = read_text(path, text);
	for (const char *word = text; word < text + length; word += strlen(word) + 1)
		if (strcmp(word, mark()) == 0)
			return false;
	return strcmp(pid, own) != 0;
}

static void add_held(const char *pid, uint32_t *ids, size_t *count)
{
	char directory[300], path[600];
	static char text[TEXT_BYTES];
	struct dirent *entry;
	DIR *list;

	snprintf(directory, sizeof(directory), "/proc/%s/fdinfo", pid);
	list = opendir(directory);
	while (list && (entry = readdir(list))) {
		const char *id;

		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (read_text(path, text) == 0 || !(id = strstr(text, "prog_id:")))
			continue;
		if (*count < PROGRAMS_MAX)
			ids[(*count)++] = (uint32_t)strtoul(id + strlen("prog_id:"), NULL, 10);
	}
	if (list)
		closedir(list);
}

/* Programs, and those of links, that processes of other tests hold. */
static size_t held_by_others(uint32_t *ids)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(proc);
	while ((entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			is_of_others(entry->d_name))
			add_held(entry->d_name, ids, &count);
	closedir(proc);
	return count;
}

static bool has_id(const uint32_t *ids, size_t count, uint32_t id)
{
	for (size_t i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* --- the list -------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

char *programs_list(void)
{
	static char lines[PROGRAMS_MAX][LINE_BYTES];
	uint32_t others[PROGRAMS_MAX], id = 0;
	size_t count = 0, size, held;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	(void)mark();
	held = held_by_others(others);
	while (count < PROGRAMS_MAX && bpf_prog_get_next_id(id, &id) == 0) {
		struct bpf_prog_info info = {0};
		__u32 length = sizeof(info);
		int file = bpf_prog_get_fd_by_id(id);

		if (file < 0)
			continue;
		if (bpf_obj_get_info_by_fd(file, &info, &length) == 0 &&
			strncmp(info.name, "bb_", 3) == 0 && !has_id(others, held, id))
			snprintf(lines[count++], LINE_BYTES, "%s %02x%02x%02x%02x", info.name,
				info.tag[0], info.tag[1], info.tag[2], info.tag[3]);
		close(file);
	}
	qsort(lines, count, LINE_BYTES, by_text);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s\n", lines[i]);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* How often a whole line stands in a text. */
static size_t times(const char *text, const char *line, size_t length)
{
	size_t found = 0;

	for (; *text; text += strcspn(text, "\n") + 1)
		found += strcspn(text, "\n") == length && memcmp(text, line, length) == 0;
	return found;
}

static bool has_new(const char *now, const char *before)
{
	for (const char *line = now; *line; line += strcspn(line, "\n") + 1) {
		size_t length = strcspn(line, "\n");

		if (times(now, line, length) > times(before, line, length))
			return true;
	}
	return false;
}

static int64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

void assert_no_new_programs(char *before)
{
	static const struct timespec pause = {.tv_nsec = 50000000};
	int64_t until_s = now_s() + GO_WITHIN_S;

	for (;;) {
		char *now = programs_list();
		bool left = has_new(now, before);

		if (left && now_s() > until_s)
			fail_msg("BPF programs left:\n%s\nbefore:\n%s", now, before);
		free(now);
		if (!left)
			break;
		nanosleep(&pause, NULL);
	}
	free(before);
}
