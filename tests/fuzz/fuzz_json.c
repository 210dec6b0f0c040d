/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/json.h"
#include "fuzz.h"

/* Every place of a tree that was taken has a line inside the text. */
static void locate(const cJSON *value, const char *path, const char *text, size_t size)
{
	char child_path[JSON_PATH_MAX];
	size_t index = 0;
	int lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	for (const cJSON *child = value->child; child && index < 8; child = child->next, index++) {
		int line;

		if (cJSON_IsObject(value))
			json_path_key(child_path, path, child->string);
		else
			json_path_index(child_path, path, index);
		line = json_line_of(text, size, child_path);
		fuzz_require(line >= 0 && line <= lines);
		locate(child, child_path, text, size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct fail fail = FAIL_INIT;
	cJSON *value = json_parse(text, size, &fail);
	char *printed;

	if (!value) {
		fuzz_require(fail.kind == FAIL_BAD_FILE && *fail.text);
		fuzz_require(fail.line > 0 || *fail.path);
		return 0;
	}
	fuzz_require(fail.kind == FAIL_NONE);
	locate(value, "", text, size);
	printed = json_print(value);
	cJSON_Delete(value);
	free(printed);
	return 0;
}
