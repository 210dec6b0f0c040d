/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/halts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "injector/host.h"

enum {
	PATH_BYTES = 512
};

static void directory(char path[PATH_BYTES], const char *runtime_dir, uint64_t cookie)
{
	snprintf(path, PATH_BYTES, "%s/halts/%" PRIu64, runtime_dir, cookie);
}

static void say_mark(const char *path, char text[HALT_TEXT_MAX])
{
	struct fail fail = FAIL_INIT;
	size_t length;
	char *content;

	if (host_file_read(path, HALT_BYTES_MAX, &content, &length, &fail) < 0) {
		halt_say_unreadable(path, &fail, text);
		return;
	}
	halt_say_file(path, content, length, text);
	free(content);
}

static void list_directory(const char *dir, struct list *texts)
{
	struct fail fail = FAIL_INIT;
	struct list names = {0};
	char text[HALT_TEXT_MAX];

	/* Asked first, since it is asked often and is rarely there. */
	if (!host_file_exists(dir))
		return;
	if (host_dir_list(dir, &names, &fail) < 0) {
		halt_say_unreadable(dir, &fail, text);
		list_push_text(texts, text);
		return;
	}
	LIST_EACH(names, char *, name) {
		char path[2 * PATH_BYTES];

		snprintf(path, sizeof(path), "%s/%s", dir, *name);
		say_mark(path, text);
		list_push_text(texts, text);
	}
	list_free_texts(&names);
}

void halts_list(const char *runtime_dir, uint64_t cookie, struct list *texts)
{
	char dir[PATH_BYTES];

	directory(dir, runtime_dir, cookie);
	list_directory(dir, texts);
	snprintf(dir, sizeof(dir), "%s/halts/all", runtime_dir);
	list_directory(dir, texts);
}

bool halts_engaged(const char *runtime_dir, uint64_t cookie, char text[HALT_TEXT_MAX])
{
	struct list texts = {0};
	bool engaged;

	halts_list(runtime_dir, cookie, &texts);
	engaged = texts.count > 0;
	if (engaged)
		snprintf(text, HALT_TEXT_MAX, "%s", *LIST_AT(texts, char *, 0));
	list_free_texts(&texts);
	return engaged;
}

/* A reader that comes in between finds half a file, which is a halt as well. */
static int write_mark(const char *path, const struct halt *halt, struct fail *fail)
{
	cJSON *json = shape_encode(&halt_shape, halt);
	char *text = json_print(json);
	int file, result;

	cJSON_Delete(json);
	result = host_file_lock(path, &file, fail);
	if (result == 0) {
		result = host_file_clear(file, fail);
		if (result == 0)
			result = host_file_append(file, text, strlen(text), fail);
		host_file_close(file);
	}
	free(text);
	return result;
}

int halts_engage(
	const char *runtime_dir, uint64_t cookie, const struct halt *halt, struct fail *fail)
{
	char dir[PATH_BYTES], path[2 * PATH_BYTES];

	directory(dir, runtime_dir, cookie);
	snprintf(path, sizeof(path), "%s/%s", dir, halt->environment);
	if (host_file_exists(path))
		return 0;
	if (host_dir_make(dir, fail) < 0 || write_mark(path, halt, fail) < 0)
		return fail_context(fail, "halting this host");
	return 0;
}

int halts_release(
	const char *runtime_dir, uint64_t cookie, const char *environment, struct fail *fail)
{
	char dir[PATH_BYTES], path[2 * PATH_BYTES];

	directory(dir, runtime_dir, cookie);
	snprintf(path, sizeof(path), "%s/%s", dir, environment);
	if (host_file_exists(path) && host_file_remove(path, fail) < 0)
		return fail_context(fail, "releasing this host");
	host_dir_remove(dir);
	snprintf(dir, sizeof(dir), "%s/halts", runtime_dir);
	host_dir_remove(dir);
	return 0;
}
