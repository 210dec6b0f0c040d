/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/list.h"
#include "controller/prober/orders.h"
#include "controller/run/run_parts.h"
#include "given.h"

/* Orders to probers and injectors; secrets go into them and nowhere else. */

struct stage {
	struct scenario scenario;
	struct catalogue catalogue;
	struct plan plan;
	struct resolved_group members;
	struct list groups;
};

static struct stage *stage_new(cJSON *tree)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	stage->scenario = given_scenario(tree);
	stage->catalogue = given_catalogue();
	stage->plan = given_plan(&stage->scenario, &stage->catalogue);
	stage->members.group = (char *)"members";
	list_push_text(&stage->members.nodes, "n1");
	list_push_text(&stage->members.nodes, "n3");
	stage->groups = (struct list){.items = &stage->members, .count = 1};
	return stage;
}

static void stage_free(struct stage *stage)
{
	list_free_texts(&stage->members.nodes);
	plan_deinit(&stage->plan);
	catalogue_deinit(&stage->catalogue);
	scenario_deinit(&stage->scenario);
	free(stage);
}

static cJSON *probe_order(struct stage *stage, struct fail *fail)
{
	return order_probe(
		&stage->plan, &stage->groups, scenario_probe(&stage->scenario, "put"), 7, fail);
}

static void a_probe_knows_each_member(void **state)
{
	(void)state;
	struct stage *stage = stage_new(given_tree());
	struct fail fail = FAIL_INIT;
	cJSON *json = probe_order(stage, &fail);
	struct probe_order order;
	const struct probe_target *targets;

	assert_non_null(json);
	assert_int_equal(shape_decode(&probe_order_shape, json, "", &order, &fail), 0);
	targets = order.targets.items;
	assert_int_equal(order.targets.count, 2);
	assert_string_equal(targets[0].node, "n1");
	assert_string_equal(targets[0].url, "http://10.0.0.1:2379/v3/kv/put");
	assert_string_equal(targets[1].url, "http://10.0.0.3:2379/v3/kv/put");
	assert_string_equal(order.method, "POST");
	assert_true(order.rate == 50);
	assert_int_equal(order.timeout_ns, 300 * NS_PER_MS);
	assert_int_equal(order.start_ns, 7);
	assert_int_equal(order.seed, 7);
	assert_string_equal(json_string(order.body_json, "key", ""), "key-{n}");
	assert_int_equal(order.base64_at.count, 2);
	assert_int_equal(*LIST_AT(order.expect_status, int64_t, 0), 200);
	assert_string_equal(LIST_AT(order.classes, struct probe_class, 0)->slo, "avail");
	shape_free(&probe_order_shape, &order);
	cJSON_Delete(json);
	stage_free(stage);
}

static void a_final_read_asks_each_member_alone(void **state)
{
	(void)state;
	struct stage *stage = stage_new(given_tree());
	struct fail fail = FAIL_INIT;
	cJSON *json = order_final_read(
		&stage->plan, &stage->groups, scenario_workload(&stage->scenario, "acked"), &fail);
	struct final_read_order order;
	const struct read_target *targets;

	assert_int_equal(shape_decode(&final_read_order_shape, json, "", &order, &fail), 0);
	targets = order.targets.items;
	assert_int_equal(order.targets.count, 2);
	assert_string_equal(*LIST_AT(targets[1].argv, char *, 1), "10.0.0.3");
	shape_free(&final_read_order_shape, &order);
	cJSON_Delete(json);
	json = order_workload(&stage->plan, &stage->groups,
		scenario_workload(&stage->scenario, "acked"), 0, &fail);
	assert_string_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(json, "argv"), 1)->valuestring,
		"10.0.0.1,10.0.0.3");
	cJSON_Delete(json);
	stage_free(stage);
}

/* --- secrets ---------------------------------------------------------------------------------- */

static cJSON *with_secrets(const char *file)
{
	cJSON *tree = given_tree();
	char secrets[256];

	snprintf(secrets, sizeof(secrets),
		"{'token':{'env':'BACKBURN_TEST_TOKEN'},"
		"'password':{'file':'%s'}}",
		file);
	given_set(tree, "secrets", secrets);
	given_set(tree, "probes.put.headers", "{'X-Token':{'secret':'token'},'X-N':'{n}'}");
	given_set(tree, "probes.put.body.json",
		"{'user':'me','login':{'password':{'secret':'password'}}}");
	given_set(tree, "probes.put.body.base64_at", NULL);
	return tree;
}

static void secrets_are_put_into_the_order_alone(void **state)
{
	(void)state;
	char path[] = "/tmp/backburn-secret-XXXXXX";
	int fd = mkstemp(path);
	struct fail fail = FAIL_INIT;
	struct stage *stage;
	cJSON *json;
	char *text;

	assert_int_equal(write(fd, "hunter2\n", 8), 8);
	close(fd);
	setenv("BACKBURN_TEST_TOKEN", "s3cr3t {n}", 1);
	stage = stage_new(with_secrets(path));
	json = probe_order(stage, &fail);
	assert_non_null(json);
	text = json_print(json);
	assert_non_null(strstr(text, "\"X-Token: s3cr3t {n}\""));
	assert_non_null(strstr(text, "\"X-N: {n}\""));
	assert_non_null(strstr(text, "{\"password\":\"hunter2\"}"));
	free(text);
	cJSON_Delete(json);

	/* What the journal keeps still has the names. */
	text = json_print(stage->scenario.merged);
	assert_null(strstr(text, "s3cr3t"));
	assert_null(strstr(text, "hunter2"));
	assert_non_null(strstr(text, "{\"secret\":\"token\"}"));
	free(text);

	unlink(path);
	assert_null(probe_order(stage, &fail));
	assert_int_equal(fail.kind, FAIL_REFUSED);
	unsetenv("BACKBURN_TEST_TOKEN");
	assert_null(probe_order(stage, &fail));
	assert_string_equal(fail.text,
		"probe put: secret \"token\": the environment variable "
		"BACKBURN_TEST_TOKEN is not set");
	stage_free(stage);
}

/* --- faults ----------------------------------------------------------------------------------- */

static void a_fault_order_names_both_sides(void **state)
{
	(void)state;
	struct stage *stage = stage_new(given_tree());
	struct fault_record fault = {.spec = scenario_fault(&stage->scenario, "cut-leader", NULL),
		.start_ns = 5,
		.deadline_ns = 6};
	struct fault_order order;
	const struct endpoint *from;

	list_push_text(&fault.on, "n2");
	list_push_text(&fault.from, "n1");
	list_push_text(&fault.from, "n2");
	list_push_text(&fault.from, "everything");
	list_push_text(&fault.from, "10.9.0.0/16");
	order_fault(&stage->plan, &fault, ROLE_ON, "n2", &order);
	from = order.from.items;
	assert_int_equal(order.from.count, 3); /* no node is cut from itself */
	assert_string_equal(from[0].node, "n1");
	assert_int_equal(from[0].prefixes.count, 1);
	assert_string_equal(from[1].node, "everything");
	assert_int_equal(from[1].prefixes.count, 2);
	assert_int_equal(LIST_AT(from[1].prefixes, struct prefix, 0)->length, 96);
	assert_int_equal(LIST_AT(from[1].prefixes, struct prefix, 1)->length, 0);
	assert_int_equal(LIST_AT(from[2].prefixes, struct prefix, 0)->length, 112);
	assert_int_equal(order.start_ns, 5);
	assert_int_equal(order.deadline_ns, 6);
	assert_string_equal(order.id, "cut-leader");
	shape_free(&fault_order_shape, &order);
	list_free_texts(&fault.on);
	list_free_texts(&fault.from);
	stage_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_probe_knows_each_member),
		cmocka_unit_test(a_final_read_asks_each_member_alone),
		cmocka_unit_test(secrets_are_put_into_the_order_alone),
		cmocka_unit_test(a_fault_order_names_both_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
