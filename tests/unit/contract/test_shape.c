/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/address.h"
#include "contract/json.h"
#include "contract/shape.h"
#include "contract/units.h"

/* An object with a member of every kind. */
struct part {
	char *name;
	int64_t weight;
};

struct whole {
	bool flag;
	int64_t count, delay_ns, size, stamp;
	double number, ratio;
	int colour;
	char *text, *name, *group, *node;
	struct prefix prefix;
	struct port_set ports;
	cJSON *json;
	struct part *one;
	struct list words, parts, named, numbers;
};

static const char *const colours[] = {"red", "green", "blue", NULL};

#define AT(type, member) .offset = offsetof(struct type, member)

static const struct field part_fields[] = {
	{.key = "weight",
		.kind = FIELD_INTEGER,
		AT(part, weight),
		.required = true,
		.min = 1,
		.max = 9},
};
static const struct shape part_shape = {
	.name = "part", .size = sizeof(struct part), SHAPE_FIELDS(part_fields)};

static const struct field whole_fields[] = {
	{.key = "flag", .kind = FIELD_BOOL, AT(whole, flag)},
	{.key = "count",
		.kind = FIELD_INTEGER,
		AT(whole, count),
		.preset = "5",
		.min = 1,
		.max = 10},
	{.key = "delay",
		.kind = FIELD_DURATION,
		AT(whole, delay_ns),
		.min = NS_PER_MS,
		.max = NS_PER_SEC,
		.preset = "\"250ms\""},
	{.key = "size", .kind = FIELD_SIZE, AT(whole, size)},
	{.key = "stamp", .kind = FIELD_I64, AT(whole, stamp)},
	{.key = "number", .kind = FIELD_NUMBER, AT(whole, number)},
	{.key = "ratio", .kind = FIELD_RATIO, AT(whole, ratio)},
	{.key = "colour",
		.kind = FIELD_ENUM,
		.words = colours,
		AT(whole, colour),
		.preset = "\"green\""},
	{.key = "text", .kind = FIELD_STRING, AT(whole, text)},
	{.key = "name", .kind = FIELD_NAME, AT(whole, name), .required = true},
	{.key = "group", .kind = FIELD_GROUP, AT(whole, group)},
	{.key = "node", .kind = FIELD_NODE, AT(whole, node)},
	{.key = "prefix", .kind = FIELD_PREFIX, AT(whole, prefix)},
	{.key = "ports", .kind = FIELD_PORTS, AT(whole, ports)},
	{.key = "json", .kind = FIELD_JSON, AT(whole, json)},
	{.key = "one", .kind = FIELD_OBJECT, .sub = &part_shape, AT(whole, one)},
	{.key = "words",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		.one_is_list = true,
		AT(whole, words)},
	{.key = "parts",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &part_shape,
		AT(whole, parts),
		.allow_empty = true},
	{.key = "named", .kind = FIELD_MAP, .sub = &part_shape, AT(whole, named)},
	{.key = "numbers", .kind = FIELD_LIST, .item = FIELD_INTEGER, AT(whole, numbers)},
	{.key = "burn", .later = true},
};
static const struct shape whole_shape = {
	.name = "whole", .size = sizeof(struct whole), SHAPE_FIELDS(whole_fields)};

static int decode(const char *text, struct whole *out, struct fail *fail)
{
	cJSON *value = cJSON_Parse(text);
	int outcome;

	assert_non_null(value);
	outcome = shape_decode(&whole_shape, value, "", out, fail);
	cJSON_Delete(value);
	return outcome;
}

static const char full[] =
	"{\"flag\":true,\"count\":7,\"delay\":\"1.5ms\",\"size\":\"64KiB\",\"stamp\":\"-"
	"9007199254740993\","
	"\"number\":-2.5,\"ratio\":0.25,\"colour\":\"blue\",\"text\":\"t\",\"name\":\"a.b-c_9\","
	"\"group\":\"g\","
	"\"node\":\"n\",\"prefix\":\"10.0.0.0/"
	"8\",\"ports\":[80,\"8000-8080\"],\"json\":{\"x\":[1]},"
	"\"one\":{\"weight\":1},\"words\":[\"a\",\"b\"],\"parts\":[{\"weight\":2},{\"weight\":3}],"
	"\"named\":{\"p\":{\"weight\":4}},\"numbers\":[1,10]}";

static void test_every_kind_is_decoded(void **state)
{
	struct fail fail = FAIL_INIT;
	struct whole whole;

	(void)state;
	if (decode(full, &whole, &fail) < 0)
		fail_msg("%s: %s", fail.path, fail.text);
	assert_true(whole.flag);
	assert_int_equal(whole.count, 7);
	assert_int_equal(whole.delay_ns, 1500000);
	assert_int_equal(whole.size, 65536);
	assert_true(whole.stamp == INT64_C(-9007199254740993));
	assert_true(whole.number == -2.5 && whole.ratio == 0.25);
	assert_int_equal(whole.colour, 2);
	assert_string_equal(whole.name, "a.b-c_9");
	assert_true(whole.prefix.ipv4 && whole.prefix.length == 104);
	assert_true(port_set_has(&whole.ports, 8040));
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(whole.json, "x")), 1);
	assert_int_equal(whole.one->weight, 1);
	assert_int_equal(whole.words.count, 2);
	assert_int_equal(LIST_AT(whole.parts, struct part, 1)->weight, 3);
	assert_string_equal(LIST_AT(whole.named, struct part, 0)->name, "p");
	assert_int_equal(*LIST_AT(whole.numbers, int64_t, 1), 10);
	shape_free(&whole_shape, &whole);
	assert_null(whole.name);
}

static void test_absent_members_take_their_presets(void **state)
{
	struct fail fail = FAIL_INIT;
	struct whole whole;

	(void)state;
	assert_int_equal(decode("{\"name\":\"x\",\"words\":\"alone\"}", &whole, &fail), 0);
	assert_int_equal(whole.count, 5);
	assert_int_equal(whole.delay_ns, 250 * NS_PER_MS);
	assert_int_equal(whole.colour, 1);
	assert_false(whole.flag);
	assert_null(whole.one);
	assert_null(whole.text);
	assert_int_equal(whole.words.count, 1);
	assert_string_equal(*LIST_AT(whole.words, char *, 0), "alone");
	shape_free(&whole_shape, &whole);
}

static void test_encoding_is_decodings_inverse(void **state)
{
	struct fail fail = FAIL_INIT;
	struct whole first, second;
	cJSON *encoded, *again;
	char *text;

	(void)state;
	assert_int_equal(decode(full, &first, &fail), 0);
	encoded = shape_encode(&whole_shape, &first);
	text = json_print(encoded);
	if (decode(text, &second, &fail) < 0)
		fail_msg("%s: %s: %s", text, fail.path, fail.text);
	again = shape_encode(&whole_shape, &second);
	assert_true(cJSON_Compare(encoded, again, true));
	assert_string_equal(LIST_AT(second.named, struct part, 0)->name, "p");
	assert_true(second.stamp == first.stamp && second.delay_ns == first.delay_ns);
	free(text);
	cJSON_Delete(encoded);
	cJSON_Delete(again);
	shape_free(&whole_shape, &first);
	shape_free(&whole_shape, &second);
}

struct mistake {
	const char *text, *path, *says;
};

static const struct mistake mistakes[] = {
	{"[]", "", "whole must be an object, not a list"},
	{"{}", "", "whole needs the key \"name\""},
	{"{\"name\":\"x\",\"colur\":\"red\"}", "colur",
		"unknown key \"colur\" in whole (did you mean \"colour\"?)"},
	{"{\"name\":\"x\",\"zzzzzzzz\":1}", "zzzzzzzz", "unknown key \"zzzzzzzz\" in whole"},
	{"{\"name\":\"x\",\"burn\":1}", "burn", "\"burn\" is not supported in this version"},
	{"{\"name\":\"x\",\"flag\":1}", "flag", "must be true or false, not a number"},
	{"{\"name\":\"x\",\"count\":1.5}", "count", "must be a whole number"},
	{"{\"name\":\"x\",\"count\":\"1\"}", "count", "must be a whole number, not a string"},
	{"{\"name\":\"x\",\"count\":11}", "count", "must be from 1 to 10, not 11"},
	{"{\"name\":\"x\",\"number\":1e999}", "number", "must be finite"},
	{"{\"name\":\"x\",\"ratio\":1.01}", "ratio", "must be a ratio from 0 to 1, not 1.01"},
	{"{\"name\":\"x\",\"ratio\":-0.1}", "ratio", "must be a ratio from 0 to 1, not -0.1"},
	{"{\"name\":\"x\",\"delay\":5}", "delay",
		"must be a duration like \"250ms\" or \"1.5s\", not a number"},
	{"{\"name\":\"x\",\"delay\":\"5 s\"}", "delay",
		"\"5 s\" is not a duration: a number and one of ns, us, ms, s, m, h, d"},
	{"{\"name\":\"x\",\"delay\":\"2s\"}", "delay", "must be from 1ms to 1s, not 2s"},
	{"{\"name\":\"x\",\"size\":\"1kB\"}", "size",
		"\"1kB\" is not a size: a whole number and one of B, KiB, MiB, GiB"},
	{"{\"name\":\"x\",\"stamp\":5}", "stamp", "must be a decimal string, not a number"},
	{"{\"name\":\"x\",\"stamp\":\"9223372036854775808\"}", "stamp",
		"\"9223372036854775808\" is not a decimal 64-bit integer"},
	{"{\"name\":\"x\",\"colour\":\"grean\"}", "colour",
		"\"grean\" is not one of red, green, blue (did you mean \"green\"?)"},
	{"{\"name\":\"x\",\"text\":\"\"}", "text", "must not be empty"},
	{"{\"name\":\"a b\"}", "name",
		"\"a b\" is not a name: letters, digits, '.', '_', '-'; at most 63 of them"},
	{"{\"name\":\".x\"}", "name",
		"\".x\" is not a name: letters, digits, '.', '_', '-'; at most 63 of them"},
	{"{\"name\":\"../x\"}", "name",
		"\"../x\" is not a name: letters, digits, '.', '_', '-'; at most 63 of them"},
	{"{\"name\":null}", "name", "must be a name, not null"},
	{"{\"name\":\"x\",\"prefix\":\"10.0.0.1/8\"}", "prefix",
		"\"10.0.0.1/8\" has bits set behind its prefix length"},
	{"{\"name\":\"x\",\"ports\":[80,0]}", "ports[1]",
		"\"0\" is not a port (1..65535) or a range like \"8000-8080\""},
	{"{\"name\":\"x\",\"ports\":[]}", "ports", "must name at least one port"},
	{"{\"name\":\"x\",\"ports\":80.5}", "ports",
		"\"80.5\" is not a port (1..65535) or a range like \"8000-8080\""},
	{"{\"name\":\"x\",\"one\":{\"weight\":0}}", "one.weight", "must be from 1 to 9, not 0"},
	{"{\"name\":\"x\",\"one\":[]}", "one", "part must be an object, not a list"},
	{"{\"name\":\"x\",\"words\":[]}", "words", "must not be empty"},
	{"{\"name\":\"x\",\"words\":[\"a\",1]}", "words[1]", "must be a string, not a number"},
	{"{\"name\":\"x\",\"numbers\":5}", "numbers", "must be a list, not a number"},
	{"{\"name\":\"x\",\"parts\":[{\"weight\":2},{}]}", "parts[1]",
		"part needs the key \"weight\""},
	{"{\"name\":\"x\",\"named\":{\"p q\":{\"weight\":1}}}", "named[\"p q\"]",
		"\"p q\" is not a name: letters, digits, '.', '_', '-'; at most 63 of them"},
	{"{\"name\":\"x\",\"named\":{\"p\":{\"weight\":\"1\"}}}", "named.p.weight",
		"must be a whole number, not a string"},
};

static void test_each_mistake_is_named_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct fail fail = FAIL_INIT, checked = FAIL_INIT;
		static const struct whole zero;
		struct whole whole;
		cJSON *value = cJSON_Parse(mistakes[i].text);

		if (decode(mistakes[i].text, &whole, &fail) == 0)
			fail_msg("taken: %s", mistakes[i].text);
		if (strcmp(fail.path, mistakes[i].path) != 0 ||
			strcmp(fail.text, mistakes[i].says) != 0)
			fail_msg("%s\n  said %s: %s", mistakes[i].text, fail.path, fail.text);
		assert_int_equal(fail.kind, FAIL_BAD_FILE);
		/* Nothing is left behind, and checking alone says the same. */
		assert_memory_equal(&whole, &zero, sizeof(zero));
		assert_int_equal(shape_decode(&whole_shape, value, "", NULL, &checked), -1);
		assert_string_equal(checked.text, fail.text);
		cJSON_Delete(value);
	}
}

static void test_a_described_shape_judges_alike(void **state)
{
	cJSON *description = shape_describe(&whole_shape), *value = cJSON_Parse(full);
	struct fail fail = FAIL_INIT;
	struct shape *described = shape_from_description(description, &fail);

	(void)state;
	assert_non_null(described);
	assert_int_equal(shape_decode(described, value, "", NULL, &fail), 0);
	cJSON_Delete(value);
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		value = cJSON_Parse(mistakes[i].text);
		assert_int_equal(shape_decode(described, value, "", NULL, &fail), -1);
		assert_string_equal(fail.path, mistakes[i].path);
		/* What is not built yet is not published: there it is just unknown. */
		if (strcmp(mistakes[i].path, "burn") != 0)
			assert_string_equal(fail.text, mistakes[i].says);
		cJSON_Delete(value);
	}
	shape_description_free(described);
	cJSON_Delete(description);
}

static void test_a_bad_description_is_refused(void **state)
{
	static const char *const bad[] = {"{}", "{\"fields\":5}", "{\"fields\":[{}]}",
		"{\"fields\":[{\"key\":\"a\",\"kind\":\"nonsense\"}]}",
		"{\"fields\":[{\"key\":\"a\",\"kind\":\"enum\"}]}",
		"{\"fields\":[{\"key\":\"a\",\"kind\":\"object\"}]}",
		"{\"fields\":[{\"key\":\"a\",\"kind\":\"list\"}]}",
		"{\"fields\":[{\"key\":\"a\",\"kind\":\"list\",\"item\":\"object\"}]}"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cJSON *description = cJSON_Parse(bad[i]);
		struct fail fail = FAIL_INIT;

		assert_null(shape_from_description(description, &fail));
		assert_int_equal(fail.kind, FAIL_PEER);
		cJSON_Delete(description);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_is_decoded),
		cmocka_unit_test(test_absent_members_take_their_presets),
		cmocka_unit_test(test_encoding_is_decodings_inverse),
		cmocka_unit_test(test_each_mistake_is_named_with_its_place),
		cmocka_unit_test(test_a_described_shape_judges_alike),
		cmocka_unit_test(test_a_bad_description_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
