/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/json.h"
#include "controller/prober/exposition.h"
#include "controller/prober/value_text.h"
#include "fuzz.h"

/* The name of a metric, an object of labels, and a page: a line each, and the rest. */
static void find(char *text)
{
	char *metric = strsep(&text, "\n"), *labels = strsep(&text, "\n");
	struct exposition_query query = {.metric = metric};
	struct exposition_found found;
	struct fail fail = FAIL_INIT;
	cJSON *tree = labels ? json_parse(labels, strlen(labels), &fail) : NULL;
	bool texts = tree && cJSON_IsObject(tree);

	for (const cJSON *label = texts ? tree->child : NULL; label; label = label->next)
		texts = texts && cJSON_IsString(label);
	query.labels = texts ? tree : NULL;
	if (text && exposition_find(text, strlen(text), &query, &found, &fail) == 0 &&
		found.series) {
		fuzz_require(found.min <= found.last && found.last <= found.max);
		fuzz_require(found.series > 1 || found.sum == found.last);
	}
	cJSON_Delete(tree);
}

static void next_values(const char *text)
{
	struct fail fail = FAIL_INIT;
	double value;
	int more;

	while ((more = value_text_next(&text, &value, &fail)) > 0)
		;
	fuzz_require(more == 0 || *fail.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	next_values(text);
	find(text);
	free(text);
	return 0;
}
