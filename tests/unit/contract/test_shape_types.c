/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/json.h"
#include "contract/shape.h"
#include "tests/unit/contract/quoted.h"

/* Keys that belong to some words of "type", told or left out. */

enum {
	CAR,
	BOAT
};

struct vehicle {
	int type;
	int64_t wheels, sails;
};

static const char *const vehicle_words[] = {[CAR] = "car", [BOAT] = "boat", NULL};

/* Two tables alike but for whether the type may be left out. */
#define VEHICLE_FIELDS(...)                                                                        \
	{                                                                                          \
		{.key = "type",                                                                    \
			.kind = FIELD_ENUM,                                                        \
			.offset = offsetof(struct vehicle, type),                                  \
			.words = vehicle_words,                                                    \
			__VA_ARGS__},                                                              \
			{.key = "wheels",                                                          \
				.kind = FIELD_INTEGER,                                             \
				.offset = offsetof(struct vehicle, wheels),                        \
				.of = FIELD_OF(CAR),                                               \
				.required = true},                                                 \
			{.key = "sails",                                                           \
				.kind = FIELD_INTEGER,                                             \
				.offset = offsetof(struct vehicle, sails),                         \
				.of = FIELD_OF(BOAT)},                                             \
	}

static const struct field usually_boat_fields[] = VEHICLE_FIELDS(.preset = "\"boat\"");
static const struct field usually_car_fields[] = VEHICLE_FIELDS(.preset = "\"car\"");
static const struct field told_fields[] = VEHICLE_FIELDS(.required = true);
static const struct shape vehicle_shapes[] = {
	{.name = "vehicle", .size = sizeof(struct vehicle), SHAPE_FIELDS(usually_boat_fields)},
	{.name = "vehicle", .size = sizeof(struct vehicle), SHAPE_FIELDS(usually_car_fields)},
	{.name = "vehicle", .size = sizeof(struct vehicle), SHAPE_FIELDS(told_fields)},
};

static const struct {
	const char *json;
	const char *text[3]; /* what each of the tables says; NULL: taken */
} vehicles[] = {
	{"{'type':'car','wheels':4}", {NULL, NULL, NULL}},
	{"{'sails':2}",
		{NULL, "type \"car\" needs the key \"wheels\"", "vehicle needs the key \"type\""}},
	{"{'wheels':4,'sails':2}",
		{"does not belong to type \"boat\", which has: sails",
			"does not belong to type \"car\", which has: wheels",
			"vehicle needs the key \"type\""}},
	{"{'wheels':4}",
		{"does not belong to type \"boat\", which has: sails", NULL,
			"vehicle needs the key \"type\""}},
	{"{}", {NULL, "type \"car\" needs the key \"wheels\"", "vehicle needs the key \"type\""}},
	{"{'type':'boat','wheels':4}",
		{"does not belong to type \"boat\", which has: sails",
			"does not belong to type \"boat\", which has: sails",
			"does not belong to type \"boat\", which has: sails"}},
};

static void a_type_that_is_left_out_is_its_preset(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vehicles) / sizeof(vehicles[0]); i++)
		for (size_t j = 0; j < sizeof(vehicle_shapes) / sizeof(vehicle_shapes[0]); j++) {
			const char *said = vehicles[i].text[j];
			cJSON *value = quoted_json(vehicles[i].json);
			struct fail fail = FAIL_INIT;
			struct vehicle vehicle;

			assert_int_equal(
				shape_decode(&vehicle_shapes[j], value, "", &vehicle, &fail),
				said ? -1 : 0);
			assert_string_equal(fail.text, said ? said : "");
			cJSON_Delete(value);
		}
}

static void a_type_that_is_a_parameter_binds_nothing_yet(void **state)
{
	(void)state;
	cJSON *value = quoted_json("{'type':{'param':'kind'},'sails':2}");
	struct fail fail = FAIL_INIT;

	for (size_t j = 0; j < sizeof(vehicle_shapes) / sizeof(vehicle_shapes[0]); j++)
		assert_int_equal(shape_decode(&vehicle_shapes[j], value, "", NULL, &fail), 0);
	cJSON_Delete(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_type_that_is_left_out_is_its_preset),
		cmocka_unit_test(a_type_that_is_a_parameter_binds_nothing_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
