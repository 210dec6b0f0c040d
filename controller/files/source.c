/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/files/source.h"
#include "contract/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/memory.h"
#include "controller/files/override.h"

static int parse_text(struct source *source, struct fail *fail)
{
	source->tree = json_parse(source->text, source->length, fail);
	if (source->tree)
		return 0;
	if (fail->path[0])
		fail_context(fail, "%s", fail->path);
	return fail_context(fail, "%s:%d", source->path, fail->line > 0 ? fail->line : 1);
}

static int check_kind(const struct source *source, const char *kind_key, struct fail *fail)
{
	const cJSON *kind = cJSON_GetObjectItemCaseSensitive(source->tree, kind_key);

	if (!cJSON_IsObject(source->tree))
		return fail_set(fail, FAIL_BAD_FILE, "%s:1: must be an object, not %s",
			source->path, json_kind(source->tree));
	if (!kind)
		return fail_set(fail, FAIL_BAD_FILE, "%s:1: has no key \"%s\" at its top level",
			source->path, kind_key);
	if (!cJSON_IsNumber(kind) || kind->valuedouble != 1)
		return fail_set(fail, FAIL_BAD_FILE,
			"%s:%d: %s: must be 1, the only format of this version", source->path,
			json_line_of(source->text, source->length, kind_key), kind_key);
	return 0;
}

int source_load(struct source *source, const char *path, const char *kind_key, struct fail *fail)
{
	*source = (struct source){.path = must_copy(path)};
	if (file_read(path, SOURCE_BYTES_MAX, &source->text, &source->length, fail) < 0) {
		fail->kind = FAIL_BAD_FILE;
		source_deinit(source);
		return -1;
	}
	if (parse_text(source, fail) < 0 || check_kind(source, kind_key, fail) < 0) {
		source_deinit(source);
		return -1;
	}
	return 0;
}

void source_deinit(struct source *source)
{
	free(source->path);
	free(source->text);
	cJSON_Delete(source->tree);
	*source = (struct source){0};
}

bool source_has_kind(const char *path, const char *kind_key)
{
	struct fail fail = FAIL_INIT;
	struct source source;

	if (source_load(&source, path, kind_key, &fail) < 0)
		return false;
	source_deinit(&source);
	return true;
}

void sources_deinit(struct sources *sources)
{
	for (size_t i = 0; i < sources->count; i++)
		source_deinit(&sources->items[i]);
	free(sources->items);
	*sources = (struct sources){0};
}

struct source *sources_add(
	struct sources *sources, const char *path, const char *kind_key, struct fail *fail)
{
	struct source *grown = reallocarray(sources->items, sources->count + 1, sizeof(*grown));

	if (!grown)
		abort();
	sources->items = grown;
	if (source_load(&grown[sources->count], path, kind_key, fail) < 0)
		return NULL;
	return &grown[sources->count++];
}

/* The parent of a path, in place: cuts the last ".key", "[3]" or ["odd.key"]. */
static void cut_last_step(char *path)
{
	size_t length = strlen(path);
	char *cut = NULL;

	if (length && path[length - 1] == ']') {
		for (char *at = path; (at = strchr(at, '[')); at++)
			cut = at;
	} else {
		cut = strrchr(path, '.');
	}
	if (cut)
		*cut = '\0';
	else
		*path = '\0';
}

void sources_explain(const struct sources *sources, struct fail *fail)
{
	char place[FAIL_PATH_MAX];

	if (fail->kind != FAIL_BAD_FILE || fail->line > 0 || !sources->count)
		return;
	if (override_explain(sources->given, fail))
		return;
	memcpy(place, fail->path, sizeof(place));
	for (;;) {
		for (size_t i = 0; i < sources->count; i++) {
			const struct source *source = &sources->items[i];
			int line = json_line_of(source->text, source->length, place);

			if (line == 0)
				continue;
			fail->line = line;
			if (fail->path[0])
				fail_context(fail, "%s", fail->path);
			fail_context(fail, "%s:%d", source->path, line);
			return;
		}
		if (!*place)
			return;
		cut_last_step(place);
	}
}

char *path_beside(const char *file, const char *name)
{
	const char *slash = strrchr(file, '/');
	char *path;

	if (*name == '/' || !slash)
		return must_copy(name);
	if (asprintf(&path, "%.*s/%s", (int)(slash - file), file, name) < 0)
		abort();
	return path;
}
