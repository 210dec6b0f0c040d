/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/injector/plans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/json.h"
#include "injector/lists.h"
#include "injector/registry.h"

char plan_refusal[FAIL_TEXT_MAX];

static cJSON *parse(const char *with)
{
	char *text = must_copy(with);
	struct fail fail = FAIL_INIT;
	cJSON *json;

	for (char *at = text; *at; at++)
		if (*at == '\'')
			*at = '"';
	json = json_parse(text, strlen(text), &fail);
	free(text);
	assert_non_null(json);
	return json;
}

struct plan *plan_of(const char *fault, const char *with, enum fault_role role)
{
	static struct prefix addresses[2] = {{.length = 128}, {.length = 128}};
	static struct endpoint a = {.node = (char *)"a"}, b = {.node = (char *)"b"};
	static struct fault_order order;
	struct fail fail = FAIL_INIT;
	const struct fault_ops *ops = registry_find(fault, &fail);
	struct plan *plan = must_alloc(sizeof(*plan));
	cJSON *json = parse(with);
	int result = -1;
	void *decoded;

	assert_non_null(ops);
	a.prefixes = (struct list){.items = &addresses[0], .count = 1};
	b.prefixes = (struct list){.items = &addresses[1], .count = 1};
	order = (struct fault_order){
		.id = (char *)"x",
		.fault = (char *)fault,
		.role = role,
		.on = {.items = &a, .count = 1},
		.from = {.items = &b, .count = 1},
		.seed = 77,
		.start_ns = 10,
		.deadline_ns = 20,
	};
	decoded = must_alloc(ops->with->size);
	if (shape_decode(ops->with, json, "with", decoded, &fail) == 0) {
		result = ops->plan(&order, decoded, plan, &fail);
		shape_free(ops->with, decoded);
	}
	free(decoded);
	cJSON_Delete(json);
	snprintf(plan_refusal, sizeof(plan_refusal), "%s", fail.text);
	if (result == 0)
		return plan;
	free_plan(plan);
	return NULL;
}

const struct match_rule *plan_rule(const struct plan *plan)
{
	assert_int_equal(plan->effects.count, 1);
	return &LIST_AT(plan->effects, struct effect, 0)->match;
}

void free_plan(struct plan *plan)
{
	plan_deinit(plan);
	free(plan);
}
