/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/seed.h"
#include "controller/plan/counterparts.h"
#include "controller/run/run_parts.h"
#include "given.h"

/* Orders to injectors. */

struct stage {
	struct scenario scenario;
	struct catalogue catalogue;
	struct plan plan;
};

static struct stage *stage_new(cJSON *tree)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	stage->scenario = given_scenario(tree);
	stage->catalogue = given_catalogue();
	stage->plan = given_plan(&stage->scenario, &stage->catalogue);
	return stage;
}

static void stage_free(struct stage *stage)
{
	plan_deinit(&stage->plan);
	catalogue_deinit(&stage->catalogue);
	scenario_deinit(&stage->scenario);
	free(stage);
}

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
	assert_string_equal(order.self, "n2");
	assert_true(order.seed == seed_of_fault(7, "cut-leader"));
	shape_free(&fault_order_shape, &order);
	list_free_texts(&fault.on);
	list_free_texts(&fault.from);
	stage_free(stage);
}

/* More prefixes than evidence can hold one by one are a set, which is named and not spelled out. */
static void many_prefixes_are_one_endpoint(void **state)
{
	(void)state;
	for (int count = 64; count <= 65; count++) {
		char prefixes[4096] = "[";
		cJSON *tree = given_tree();
		struct fault_record fault = {0};
		struct fault_order order;
		struct stage *stage;
		size_t used = 1;

		for (int i = 0; i < count; i++)
			used += (size_t)snprintf(prefixes + used, sizeof(prefixes) - used,
				"%s'11.0.0.%d'", i ? "," : "", i);
		snprintf(prefixes + used, sizeof(prefixes) - used, "]");
		given_set(tree, "phases[1].faults[0].from", "{}");
		given_set(tree, "phases[1].faults[0].from.prefixes", prefixes);
		stage = stage_new(tree);
		fault.spec = scenario_fault(&stage->scenario, "cut-leader", NULL);
		counterpart_add_names(fault.spec, &fault.from);
		list_push_text(&fault.on, "n2");
		order_fault(&stage->plan, &fault, ROLE_ON, "n2", &order);
		if (count == 64) {
			assert_int_equal(order.from.count, 64);
			assert_string_equal(
				LIST_AT(order.from, struct endpoint, 63)->node, "11.0.0.63");
		} else {
			const struct endpoint *only = order.from.items;

			assert_int_equal(order.from.count, 1);
			assert_string_equal(only->node, "prefixes of cut-leader");
			assert_string_equal(only->set, "cut-leader");
			assert_int_equal(only->prefixes.count, 0);
		}
		shape_free(&fault_order_shape, &order);
		list_free_texts(&fault.on);
		list_free_texts(&fault.from);
		stage_free(stage);
	}
}

static void a_host_is_for_the_node_to_resolve(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct fault_record fault = {0};
	const struct endpoint *from;
	struct fault_order order;
	struct stage *stage;

	/* One has the name of a node of ours, and is meant as a host's all the same. */
	given_set(tree, "phases[1].faults[0].from", "{'hosts':['s3.example.com','n3']}");
	stage = stage_new(tree);
	fault.spec = scenario_fault(&stage->scenario, "cut-leader", NULL);
	counterpart_add_names(fault.spec, &fault.from);
	list_push_text(&fault.on, "n2");
	order_fault(&stage->plan, &fault, ROLE_ON, "n2", &order);
	assert_int_equal(order.from.count, 2);
	from = order.from.items;
	for (int i = 0; i < 2; i++) {
		assert_string_equal(from[i].node, i ? "n3" : "s3.example.com");
		assert_string_equal(from[i].host, i ? "n3" : "s3.example.com");
		assert_int_equal(from[i].prefixes.count, 0);
	}
	shape_free(&fault_order_shape, &order);
	list_free_texts(&fault.on);
	list_free_texts(&fault.from);
	stage_free(stage);
}

/* Whoever carries it draws the same picture: they differ in nothing but in who they are. */
static void orders_of_a_fault_within_differ_in_self_alone(void **state)
{
	(void)state;
	static const char *const names[] = {"n1", "n2", "n3"};
	cJSON *tree = given_tree(), *first = NULL;
	struct fault_record fault = {.start_ns = 5, .deadline_ns = 6};
	struct stage *stage;

	given_set(tree, "phases[1].faults[0]",
		"{'id':'cut-leader','fault':'partition','on':{'nodes':'members'},'with':{'shape':"
		"'random'}}");
	stage = stage_new(tree);
	fault.spec = scenario_fault(&stage->scenario, "cut-leader", NULL);
	for (size_t i = 0; i < 3; i++)
		list_push_text(&fault.on, names[i]);
	for (size_t i = 0; i < 3; i++) {
		struct fault_order order;
		cJSON *json;

		order_fault(&stage->plan, &fault, ROLE_ON, names[i], &order);
		assert_int_equal(order.on.count, 3);
		assert_int_equal(order.from.count, 0);
		json = shape_encode(&fault_order_shape, &order);
		assert_string_equal(json_string(json, "self", ""), names[i]);
		cJSON_DeleteItemFromObjectCaseSensitive(json, "self");
		if (first)
			assert_true(cJSON_Compare(first, json, true));
		if (i == 0)
			first = json;
		else
			cJSON_Delete(json);
		shape_free(&fault_order_shape, &order);
	}
	cJSON_Delete(first);
	list_free_texts(&fault.on);
	stage_free(stage);
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_order_names_both_sides),
		cmocka_unit_test(many_prefixes_are_one_endpoint),
		cmocka_unit_test(a_host_is_for_the_node_to_resolve),
		cmocka_unit_test(orders_of_a_fault_within_differ_in_self_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
