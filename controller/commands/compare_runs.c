/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/commands/compare_runs.h"

#include <stdio.h>
#include <stdlib.h>

#include "contract/json.h"
#include "controller/report/versus.h"

static void print(const struct versus *versus, bool as_json)
{
	cJSON *json;
	char *text;

	if (!as_json) {
		versus_text(stdout, versus);
		return;
	}
	json = versus_json(versus);
	text = json_print_indented(json);
	puts(text);
	free(text);
	cJSON_Delete(json);
}

int compare_runs(const char *first, const char *second, bool as_json, struct fail *fail)
{
	struct report one, other;
	struct versus versus;

	if (report_load(&one, first, fail) < 0)
		return -1;
	if (report_load(&other, second, fail) < 0) {
		report_deinit(&one);
		return -1;
	}
	versus_init(&versus, &one, &other);
	print(&versus, as_json);
	versus_deinit(&versus);
	report_deinit(&one);
	report_deinit(&other);
	return 0;
}
