/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/json.h"
#include "controller/files/params.h"
#include "controller/plan/check.h"
#include "controller/plan/plan_json.h"
#include "controller/plan/radius.h"
#include "fuzz.h"

static struct catalogue catalogue;

/* A scenario that passes is planned and printed as well. */
static void plan_it(const struct scenario *scenario)
{
	struct environment environment = {.name = (char *)"fuzz"};
	struct list none = {0};
	struct plan plan;
	struct fail fail = FAIL_INIT;

	plan_init(&plan, scenario, &catalogue, &environment);
	for (int i = 0; i < 3; i++)
		plan_add_node(&plan, (const char[]){'n', (char)('1' + i), '\0'}, "h")->labels =
			json_object();
	plan_check_names(&plan, &fail);
	plan_check_limits(&plan, &fail);
	plan_check_radius(&plan, &none, &fail);
	cJSON_Delete(plan_to_json(&plan, &none));
	plan_deinit(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scenario scenario;
	struct fail fail = FAIL_INIT;
	cJSON *tree = json_parse((const char *)data, size, &fail);

	if (!catalogue.count)
		fuzz_require(catalogue_builtin(&catalogue, &fail) == 0);
	if (!tree)
		return 0;
	if (cJSON_IsObject(tree) && cJSON_HasObjectItem(tree, "backburn") &&
		params_apply(tree, NULL, &fail) < 0) {
		cJSON_Delete(tree);
		return 0;
	}
	if (scenario_from_merged(&scenario, tree, &fail) < 0) {
		fuzz_require(fail.kind == FAIL_BAD_FILE);
		return 0;
	}
	if (scenario_check(&scenario, &catalogue, &fail) == 0)
		plan_it(&scenario);
	scenario_deinit(&scenario);
	return 0;
}
