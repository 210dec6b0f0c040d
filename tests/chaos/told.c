/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/told.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* NULL when there is none. NUL-terminated, the caller frees. */
static char *slurp(const char *path, size_t *out_length)
{
	FILE *file = fopen(path, "re");
	char *text = NULL, block[65536];
	FILE *out;
	size_t count;

	if (!file)
		return NULL;
	out = open_memstream(&text, out_length);
	while (out && (count = fread(block, 1, sizeof(block), file)) > 0)
		fwrite(block, 1, count, out);
	if (!out || fclose(out) != 0)
		abort();
	fclose(file);
	return text;
}

static void find_run(struct told *told, const struct world *world)
{
	char pattern[PATH_MAX + 64];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s%s/2*", world->view, world->runs);
	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	snprintf(told->run, sizeof(told->run), "%s", found.gl_pathv[0] + strlen(world->view));
	globfree(&found);
}

static void read_journal(struct told *told, const char *path)
{
	size_t length = 0;
	char *text = slurp(path, &length), *line = text, *end;

	/* What stands behind the last newline was cut off while it was written. */
	while (line && (end = strchr(line, '\n'))) {
		cJSON *event;

		*end = '\0';
		event = cJSON_Parse(line);
		if (event)
			cJSON_AddItemToArray(told->events, event);
		else
			told->broken_lines++;
		line = end + 1;
	}
	free(text);
}

void told_read(struct told *told, const struct world *world)
{
	static const char *const forms[] = {"report.html", "report.css", "report.txt", "report.md",
		"junit.xml", "summary.json"};
	char path[PATH_MAX + 256];
	size_t length;
	char *text;

	*told = (struct told){.events = cJSON_CreateArray()};
	find_run(told, world);
	if (!told->run[0])
		return;
	snprintf(path, sizeof(path), "%s%s/journal.ndjson", world->view, told->run);
	read_journal(told, path);
	snprintf(path, sizeof(path), "%s%s/summary.json", world->view, told->run);
	text = slurp(path, &length);
	told->summary = text ? cJSON_Parse(text) : NULL;
	free(text);
	told->has_report = told->summary != NULL;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		snprintf(path, sizeof(path), "%s%s/%s", world->view, told->run, forms[i]);
		told->has_report = told->has_report && access(path, F_OK) == 0;
	}
}

void told_deinit(struct told *told)
{
	cJSON_Delete(told->events);
	cJSON_Delete(told->summary);
	*told = (struct told){.run = ""};
}

const char *told_text(const cJSON *object, const char *key)
{
	const cJSON *member = cJSON_GetObjectItem(object, key);

	return cJSON_IsString(member) ? member->valuestring : "";
}

const cJSON *told_event(
	const struct told *told, const char *type, const char *key, const char *value)
{
	const cJSON *event;

	cJSON_ArrayForEach(event, told->events)
		if (strcmp(told_text(event, "event"), type) == 0 &&
			(!key || strcmp(told_text(event, key), value) == 0))
			return event;
	return NULL;
}

bool told_phase_ended(const struct told *told, const char *phase)
{
	const cJSON *event = told_event(told, "phase_ended", "phase", phase);

	return event && strcmp(told_text(event, "how"), "time") == 0;
}

bool told_has_code(const struct told *told, int code)
{
	const cJSON *each;

	cJSON_ArrayForEach(each, cJSON_GetObjectItem(told->summary, "codes"))
		if (each->valueint == code)
			return true;
	return false;
}
