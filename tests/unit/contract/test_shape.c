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
#include "tests/unit/contract/quoted.h"

/* One struct with every kind of field, and what its table takes and refuses. */

struct part {
	char *name;
	int64_t weight;
	char *note;
};

struct whole {
	bool flag;
	int64_t integer, duration_ns, size, bandwidth, id;
	double number, ratio, narrow;
	int color;
	char *text, *empty_text, *name, *group, *node;
	struct prefix prefix;
	struct port_set ports;
	cJSON *json;
	struct part *object;
	struct list names, prefixes, durations, colors, parts, one_or_more, flags, jsons;
	struct list map;
	int64_t preset;
};

static const char *const colors[] = {"red", "green", "blue", NULL};

#define AT(member) .offset = offsetof(struct whole, member)

static const struct field part_fields[] = {
	{.key = "weight",
		.kind = FIELD_INTEGER,
		.offset = offsetof(struct part, weight),
		.required = true,
		.min = 1,
		.max = 9},
	{.key = "note", .kind = FIELD_STRING, .offset = offsetof(struct part, note)},
};
static const struct shape part_shape = {
	.name = "part", .size = sizeof(struct part), SHAPE_FIELDS(part_fields)};

static const struct field whole_fields[] = {
	{.key = "flag", .kind = FIELD_BOOL, AT(flag)},
	{.key = "integer", .kind = FIELD_INTEGER, AT(integer), .min = -5, .max = 100},
	{.key = "duration",
		.kind = FIELD_DURATION,
		AT(duration_ns),
		.min = 10 * NS_PER_MS,
		.max = 2 * (double)NS_PER_SEC},
	{.key = "size", .kind = FIELD_SIZE, AT(size), .min = 1024, .max = 1 << 20},
	{.key = "bandwidth", .kind = FIELD_BANDWIDTH, AT(bandwidth), .min = 1000, .max = 1e10},
	{.key = "id", .kind = FIELD_I64, AT(id)},
	{.key = "number", .kind = FIELD_NUMBER, AT(number), .min = 0.5, .max = 4},
	{.key = "ratio", .kind = FIELD_RATIO, AT(ratio)},
	{.key = "narrow", .kind = FIELD_RATIO, AT(narrow), .min = 0.1, .max = 0.2},
	{.key = "color", .kind = FIELD_ENUM, .words = colors, AT(color)},
	{.key = "text", .kind = FIELD_STRING, AT(text)},
	{.key = "empty_text", .kind = FIELD_STRING, AT(empty_text), .allow_empty = true},
	{.key = "name", .kind = FIELD_NAME, AT(name)},
	{.key = "group", .kind = FIELD_GROUP, AT(group)},
	{.key = "node", .kind = FIELD_NODE, AT(node)},
	{.key = "prefix", .kind = FIELD_PREFIX, AT(prefix)},
	{.key = "ports", .kind = FIELD_PORTS, AT(ports)},
	{.key = "json", .kind = FIELD_JSON, AT(json)},
	{.key = "object", .kind = FIELD_OBJECT, .sub = &part_shape, AT(object)},
	{.key = "names", .kind = FIELD_LIST, .item = FIELD_NAME, AT(names)},
	{.key = "prefixes", .kind = FIELD_LIST, .item = FIELD_PREFIX, AT(prefixes)},
	{.key = "durations", .kind = FIELD_LIST, .item = FIELD_DURATION, AT(durations)},
	{.key = "colors", .kind = FIELD_LIST, .item = FIELD_ENUM, .words = colors, AT(colors)},
	{.key = "parts",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &part_shape,
		AT(parts),
		.allow_empty = true},
	{.key = "one_or_more",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		.one_is_list = true,
		AT(one_or_more)},
	{.key = "flags", .kind = FIELD_LIST, .item = FIELD_BOOL, AT(flags)},
	{.key = "jsons", .kind = FIELD_LIST, .item = FIELD_JSON, AT(jsons)},
	{.key = "map", .kind = FIELD_MAP, .sub = &part_shape, AT(map)},
	{.key = "preset", .kind = FIELD_DURATION, AT(preset), .preset = "\"1500ms\""},
	{.key = "coming", .kind = FIELD_STRING, .later = true},
};
static const struct shape whole_shape = {
	.name = "whole", .size = sizeof(struct whole), SHAPE_FIELDS(whole_fields)};

static struct whole decode(const char *text)
{
	cJSON *value = quoted_json(text);
	struct fail fail = FAIL_INIT;
	struct whole whole;

	memset(&whole, 0xa5, sizeof(whole)); /* whatever was there before */
	if (shape_decode(&whole_shape, value, "", &whole, &fail) < 0)
		fail_msg("%s: %s: %s", text, fail.path, fail.text);
	cJSON_Delete(value);
	return whole;
}

static const char everything[] =
	"{'flag':true,'integer':-5,'duration':'250ms','size':'64KiB','bandwidth':'1.5Mbit','id':'-"
	"9007199254740993',"
	"'number':2.5,'ratio':0.25,'narrow':0.15,'color':'blue','text':'hé','empty_text':'',"
	"'name':'a.b-c_1','group':'g','node':'n','prefix':'10.0.0.0/8','ports':[80,'90-91'],"
	"'json':{'any':[1,null,'x']},'object':{'weight':3},'names':['a','b'],"
	"'prefixes':['fd00::1','10.1.0.0/16'],'durations':['1s','2ms'],'colors':['green','red'],"
	"'parts':[{'weight':1},{'weight':2,'note':'two'}],'one_or_more':['x','y'],"
	"'flags':[true,false,true],'jsons':[1,'two',{'three':3}],"
	"'map':{'first':{'weight':8},'second':{'weight':9,'note':'n'}},'preset':'3s'}";

static void every_kind_is_decoded(void **state)
{
	(void)state;
	struct whole whole = decode(everything);
	const struct part *parts = whole.parts.items, *map = whole.map.items;

	assert_true(whole.flag);
	assert_int_equal(whole.integer, -5);
	assert_int_equal(whole.duration_ns, 250 * NS_PER_MS);
	assert_int_equal(whole.size, 65536);
	assert_int_equal(whole.bandwidth, 1500000);
	assert_true(whole.id == INT64_C(-9007199254740993)); /* more than a double holds */
	assert_true(whole.number == 2.5 && whole.ratio == 0.25 && whole.narrow == 0.15);
	assert_int_equal(whole.color, 2);
	assert_string_equal(whole.text, "hé");
	assert_string_equal(whole.empty_text, "");
	assert_string_equal(whole.name, "a.b-c_1");
	assert_string_equal(whole.group, "g");
	assert_string_equal(whole.node, "n");
	assert_int_equal(whole.prefix.length, 104);
	assert_int_equal(whole.ports.count, 2);
	assert_true(port_set_has(&whole.ports, 91));
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(whole.json, "any")), 3);
	assert_int_equal(whole.object->weight, 3);
	assert_string_equal(*LIST_AT(whole.names, char *, 1), "b");
	assert_false(LIST_AT(whole.prefixes, struct prefix, 0)->ipv4);
	assert_int_equal(*LIST_AT(whole.durations, int64_t, 1), 2 * NS_PER_MS);
	assert_int_equal(*LIST_AT(whole.colors, int, 0), 1);
	assert_int_equal(*LIST_AT(whole.colors, int, 1), 0);
	assert_int_equal(whole.parts.count, 2);
	assert_null(parts[0].note);
	assert_string_equal(parts[1].note, "two");
	assert_int_equal(whole.one_or_more.count, 2);
	assert_true(*LIST_AT(whole.flags, bool, 2) && !*LIST_AT(whole.flags, bool, 1));
	assert_string_equal((*LIST_AT(whole.jsons, cJSON *, 1))->valuestring, "two");
	assert_string_equal(map[0].name, "first");
	assert_int_equal(map[0].weight, 8);
	assert_string_equal(map[1].name, "second");
	assert_int_equal(whole.preset, 3 * NS_PER_SEC);
	shape_free(&whole_shape, &whole);
	for (size_t i = 0; i < sizeof(whole); i++)
		assert_int_equal(((const unsigned char *)&whole)[i], 0);
}

static void absent_is_zero_or_the_preset(void **state)
{
	(void)state;
	struct whole whole = decode("{}");

	assert_int_equal(whole.preset, 1500 * NS_PER_MS);
	assert_null(whole.text);
	assert_null(whole.object);
	assert_int_equal(whole.names.count, 0);
	assert_null(whole.names.items);
	shape_free(&whole_shape, &whole);
}

static void one_value_may_stand_for_a_list(void **state)
{
	(void)state;
	struct whole whole = decode("{'one_or_more':'x','ports':8080}");

	assert_int_equal(whole.one_or_more.count, 1);
	assert_string_equal(*LIST_AT(whole.one_or_more, char *, 0), "x");
	assert_true(port_set_has(&whole.ports, 8080));
	shape_free(&whole_shape, &whole);
}

static void encode_and_decode_are_inverse(void **state)
{
	(void)state;
	struct whole whole = decode(everything);
	cJSON *first = shape_encode(&whole_shape, &whole), *second;
	char *text = json_print(first);
	struct fail fail = FAIL_INIT;
	struct whole again;

	assert_int_equal(shape_decode(&whole_shape, first, "", &again, &fail), 0);
	second = shape_encode(&whole_shape, &again);
	assert_true(cJSON_Compare(first, second, true));
	/* Nothing was left out on the way: every key of the original is there. */
	shape_free(&whole_shape, &again);
	cJSON_Delete(second);
	second = quoted_json(everything);
	for (const cJSON *member = second->child; member; member = member->next)
		assert_true(cJSON_HasObjectItem(first, member->string));
	assert_int_equal(cJSON_GetArraySize(first), cJSON_GetArraySize(second));
	free(text);
	cJSON_Delete(first);
	cJSON_Delete(second);
	shape_free(&whole_shape, &whole);
}

/* --- refusals ------------------------------------------------------------------------------- */

struct refusal {
	const char *json, *path, *text;
};

static const struct refusal refusals[] = {
	{"{'flag':1}", "flag", "must be true or false, not a number"},
	{"{'integer':1.5}", "integer", "must be a whole number"},
	{"{'integer':'1'}", "integer", "must be a whole number, not a string"},
	{"{'integer':101}", "integer", "must be from -5 to 100, not 101"},
	{"{'integer':-6}", "integer", "must be from -5 to 100, not -6"},
	{"{'integer':1e300}", "integer", "must be a whole number"},
	{"{'number':1e999}", "number", "must be finite"},
	{"{'number':0.4}", "number", "must be from 0.5 to 4, not 0.4"},
	{"{'ratio':1.1}", "ratio", "must be a ratio from 0 to 1, not 1.1"},
	{"{'ratio':-0.1}", "ratio", "must be a ratio from 0 to 1, not -0.1"},
	{"{'narrow':0.3}", "narrow", "must be a ratio from 0.1 to 0.2, not 0.3"},
	{"{'duration':250}", "duration",
		"must be a duration like \"250ms\" or \"1.5s\", not a number"},
	{"{'duration':'250'}", "duration",
		"\"250\" is not a duration: a number and one of ns, us, ms, s, m, h, d"},
	{"{'duration':'9ms'}", "duration", "must be from 10ms to 2s, not 9ms"},
	{"{'duration':'3s'}", "duration", "must be from 10ms to 2s, not 3s"},
	{"{'size':'64KB'}", "size",
		"\"64KB\" is not a size: a whole number and one of B, KiB, MiB, GiB"},
	{"{'size':'1023B'}", "size", "must be from 1KiB to 1MiB, not 1023B"},
	{"{'bandwidth':1000}", "bandwidth", "must be a bandwidth like \"10Mbit\", not a number"},
	{"{'bandwidth':'10Mbps'}", "bandwidth",
		"\"10Mbps\" is not a bandwidth: a number and one of bit, kbit, Mbit, Gbit (a "
		"second)"},
	{"{'bandwidth':'11Gbit'}", "bandwidth", "must be from 1kbit to 10Gbit, not 11Gbit"},
	{"{'id':12}", "id", "must be a decimal string, not a number"},
	{"{'id':'9223372036854775808'}", "id",
		"\"9223372036854775808\" is not a decimal 64-bit integer"},
	{"{'id':'-'}", "id", "\"-\" is not a decimal 64-bit integer"},
	{"{'color':'blu'}", "color",
		"\"blu\" is not one of red, green, blue (did you mean \"blue\"?)"},
	{"{'color':'octarine'}", "color", "\"octarine\" is not one of red, green, blue"},
	{"{'text':''}", "text", "must not be empty"},
	{"{'text':null}", "text", "must be a string, not null"},
	{"{'name':'.x'}", "name",
		"\".x\" is not a name: letters, digits, '.', '_', '-'; at most 63 of them"},
	{"{'name':'a b'}", "name",
		"\"a b\" is not a name: letters, digits, '.', '_', '-'; at most 63 of them"},
	{"{'group':''}", "group",
		"\"\" is not a name: letters, digits, '.', '_', '-'; at most 63 of them"},
	{"{'prefix':'10.0.0.1/8'}", "prefix",
		"\"10.0.0.1/8\" has bits set behind its prefix length"},
	{"{'prefix':7}", "prefix", "must be an address or prefix, not a number"},
	{"{'ports':[80,0]}", "ports[1]",
		"\"0\" is not a port (1..65535) or a range like \"8000-8080\""},
	{"{'ports':[]}", "ports", "must name at least one port"},
	{"{'ports':[true]}", "ports[0]", "must be a port or a range like \"8000-8080\", not true"},
	{"{'object':[]}", "object", "part must be an object, not a list"},
	{"{'object':{}}", "object", "part needs the key \"weight\""},
	{"{'object':{'weight':10}}", "object.weight", "must be from 1 to 9, not 10"},
	{"{'object':{'weight':1,'wieght':1}}", "object.wieght",
		"unknown key \"wieght\" in part (did you mean \"weight\"?)"},
	{"{'names':[]}", "names", "must not be empty"},
	{"{'names':'a'}", "names", "must be a list, not a string"},
	{"{'names':['a',3]}", "names[1]", "must be a name, not a number"},
	{"{'parts':[{'weight':1},{'weight':0}]}", "parts[1].weight", "must be from 1 to 9, not 0"},
	{"{'one_or_more':7}", "one_or_more", "must be a string, not a number"},
	{"{'map':[]}", "map", "must be an object, not a list"},
	{"{'map':{}}", "map", "must not be empty"},
	{"{'map':{'a b':{'weight':1}}}", "map[\"a b\"]",
		"\"a b\" is not a name: letters, digits, '.', '_', '-'; at most 63 of them"},
	{"{'map':{'x':{'weight':1},'y':{}}}", "map.y", "part needs the key \"weight\""},
	{"{'coming':'x'}", "coming", "\"coming\" is not supported in this version"},
	{"{'comin':'x'}", "comin", "unknown key \"comin\" in whole"},
	{"{'durations':['1s','x']}", "durations[1]",
		"\"x\" is not a duration: a number and one of ns, us, ms, s, m, h, d"},
	{"[]", "", "whole must be an object, not a list"},
};

static void refusals_name_place_and_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		cJSON *value = quoted_json(refusals[i].json);
		struct fail fail = FAIL_INIT, checked = FAIL_INIT;
		struct whole whole;

		if (shape_decode(&whole_shape, value, "", &whole, &fail) == 0)
			fail_msg("%s was taken", refusals[i].json);
		assert_int_equal(fail.kind, FAIL_BAD_FILE);
		assert_string_equal(fail.path, refusals[i].path);
		assert_string_equal(fail.text, refusals[i].text);
		/* Only checked, the answer is the same. */
		assert_int_equal(shape_decode(&whole_shape, value, "", NULL, &checked), -1);
		assert_string_equal(checked.text, fail.text);
		cJSON_Delete(value);
	}
}

static void a_refusal_leaves_nothing_behind(void **state)
{
	(void)state;
	/* Everything is decoded before the last key fails; leaks are the sanitizer's to see. */
	cJSON *value = quoted_json(everything);
	struct fail fail = FAIL_INIT;
	struct whole whole;

	json_put_string(value, "zzz", "unknown");
	assert_int_equal(shape_decode(&whole_shape, value, "a[3]", &whole, &fail), -1);
	assert_string_equal(fail.path, "a[3].zzz");
	for (size_t i = 0; i < sizeof(whole); i++)
		assert_int_equal(((const unsigned char *)&whole)[i], 0);
	cJSON_Delete(value);
}

/* --- what fields ask of one another ----------------------------------------------------------- */

struct bound {
	char *way, *other, *one, *both, *code;
	cJSON *text, *texts, *strings, *names, *with;
	struct count count;
	struct list map;
};

static const struct form code_form = {.pattern = "^[A-Z]{2}$", .says = "a code: two capitals"};

#define BOUND(member) .offset = offsetof(struct bound, member)

static const struct field bound_fields[] = {
	{.key = "way", .kind = FIELD_NAME, BOUND(way), .choice = CHOICE_ONE, .needs = "both"},
	{.key = "other", .kind = FIELD_NAME, BOUND(other), .choice = CHOICE_ONE},
	{.key = "one", .kind = FIELD_NAME, BOUND(one), .choice = CHOICE_ANY},
	{.key = "both", .kind = FIELD_NAME, BOUND(both), .choice = CHOICE_ANY},
	{.key = "code", .kind = FIELD_STRING, BOUND(code), .form = &code_form},
	{.key = "text", .kind = FIELD_TEXT, BOUND(text)},
	{.key = "texts", .kind = FIELD_TEXTS, BOUND(texts)},
	{.key = "strings", .kind = FIELD_STRINGS, BOUND(strings), .form = &code_form},
	{.key = "names", .kind = FIELD_NAMES, BOUND(names)},
	{.key = "with", .kind = FIELD_WITH, BOUND(with)},
	{.key = "count", .kind = FIELD_COUNT, BOUND(count)},
	{.key = "map", .kind = FIELD_MAP, .sub = &part_shape, BOUND(map), .form = &code_form},
};
static const struct shape bound_shape = {
	.name = "bound", .size = sizeof(struct bound), SHAPE_FIELDS(bound_fields)};

static const struct {
	const char *json, *path, *text; /* path NULL: taken */
} bounds[] = {
	{"{'other':'a','one':'b'}", NULL, NULL},
	{"{'way':'a','one':'b','both':'c'}", NULL, NULL},
	{"{'one':'b'}", "", "bound needs exactly one of \"way\" and \"other\""},
	{"{'way':'a','other':'a','both':'b'}", "",
		"bound needs exactly one of \"way\" and \"other\""},
	{"{'other':'a'}", "", "bound needs at least one of \"one\" and \"both\""},
	{"{'way':'a','one':'b'}", "way", "\"way\" needs the key \"both\" beside it"},
	{"{'other':'a','one':'b','code':'XY'}", NULL, NULL},
	{"{'other':'a','one':'b','code':'XYZ'}", "code", "\"XYZ\" is not a code: two capitals"},
	{"{'other':'a','one':'b','text':'x'}", NULL, NULL},
	{"{'other':'a','one':'b','text':{'secret':'x'}}", NULL, NULL},
	{"{'other':'a','one':'b','text':{'secret':7}}", "text",
		"must be a string or a secret, not an object"},
	{"{'other':'a','one':'b','texts':{'x':'y','z':{'secret':'x'}}}", NULL, NULL},
	{"{'other':'a','one':'b','texts':{'x':7}}", "texts.x",
		"must be a string or a secret, not a number"},
	{"{'other':'a','one':'b','strings':{'AB':'y'}}", NULL, NULL},
	{"{'other':'a','one':'b','strings':{'AB':{'secret':'x'}}}", "strings.AB",
		"must be a string, not an object"},
	{"{'other':'a','one':'b','strings':{'ab':'y'}}", "strings.ab",
		"\"ab\" is not a code: two capitals"},
	{"{'other':'a','one':'b','strings':[]}", "strings",
		"must be an object of strings, not a list"},
	{"{'other':'a','one':'b','names':{'n1':['n2','n3'],'n2':['n1']}}", NULL, NULL},
	{"{'other':'a','one':'b','names':{}}", "names", "must not be empty"},
	{"{'other':'a','one':'b','names':['n1']}", "names",
		"must be an object of lists of names, not a list"},
	{"{'other':'a','one':'b','names':{'n1':'n2'}}", "names.n1",
		"must be a list of names, not a string"},
	{"{'other':'a','one':'b','names':{'n1':[]}}", "names.n1", "must not be empty"},
	{"{'other':'a','one':'b','names':{'n1':['n2',7]}}", "names.n1[1]",
		"must be a name, not a number"},
	{"{'other':'a','one':'b','names':{'n1':['../x']}}", "names.n1[0]",
		"\"../x\" is not a name: letters, digits, '.', '_', '-'; at most 63 of them"},
	{"{'other':'a','one':'b','with':[]}", "with", "must be an object, not a list"},
	{"{'other':'a','one':'b','count':7}", NULL, NULL},
	{"{'other':'a','one':'b','count':{'min':2,'max':2}}", NULL, NULL},
	{"{'other':'a','one':'b','count':{}}", "count",
		"needs at least one of \"min\" and \"max\""},
	{"{'other':'a','one':'b','count':{'max':0}}", "count.max",
		"must be a whole number from 1 to 100000"},
	{"{'other':'a','one':'b','map':{'AB':{'weight':1}}}", NULL, NULL},
	{"{'other':'a','one':'b','map':{'abc':{'weight':1}}}", "map.abc",
		"\"abc\" is not a code: two capitals"},
};

static void fields_are_bound_to_one_another(void **state)
{
	(void)state;
	cJSON *description = shape_describe(&bound_shape), *again;
	struct fail fail = FAIL_INIT;
	struct shape *described = shape_from_description(description, &fail);

	assert_non_null(described);
	again = shape_describe(described);
	assert_true(cJSON_Compare(description, again, true));
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		cJSON *value = quoted_json(bounds[i].json), *encoded;
		int expected = bounds[i].path ? -1 : 0;
		struct bound bound;

		if (shape_decode(&bound_shape, value, "", &bound, &fail) != expected)
			fail_msg("%s: %s", bounds[i].json, fail.text);
		if (bounds[i].path) {
			assert_string_equal(fail.path, bounds[i].path);
			assert_string_equal(fail.text, bounds[i].text);
		} else {
			encoded = shape_encode(&bound_shape, &bound);
			/* A count of exactly two is written as the number. */
			if (!strstr(bounds[i].json, "'min':2"))
				assert_true(cJSON_Compare(value, encoded, true));
			cJSON_Delete(encoded);
			shape_free(&bound_shape, &bound);
		}
		assert_int_equal(shape_decode(described, value, "", NULL, &fail), expected);
		cJSON_Delete(value);
	}
	cJSON_Delete(again);
	cJSON_Delete(description);
	shape_description_free(described);
}

static void a_parameter_passes_where_values_are_only_checked(void **state)
{
	(void)state;
	cJSON *value = quoted_json("{'other':{'param':'p'},'one':'b','count':{'min':{'param':'p'}},"
				   "'strings':{'AB':{'param':'p'}},'map':{'AB':{'param':'p'}}}");
	struct fail fail = FAIL_INIT;
	struct bound bound;

	assert_int_equal(shape_decode(&bound_shape, value, "", NULL, &fail), 0);
	assert_int_equal(shape_decode(&bound_shape, value, "", &bound, &fail), -1);
	cJSON_Delete(value);
}

/* --- descriptions ---------------------------------------------------------------------------- */

static void a_description_judges_as_the_table_does(void **state)
{
	(void)state;
	cJSON *description = shape_describe(&whole_shape), *again;
	struct fail fail = FAIL_INIT;
	struct shape *shape = shape_from_description(description, &fail);
	cJSON *value = quoted_json(everything);

	assert_non_null(shape);
	assert_int_equal(shape_decode(shape, value, "", NULL, &fail), 0);
	cJSON_Delete(value);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		value = quoted_json(refusals[i].json);
		if (shape_decode(shape, value, "", NULL, &fail) == 0)
			fail_msg("%s was taken", refusals[i].json);
		assert_string_equal(fail.path, refusals[i].path);
		/* What comes later is not published: such keys are plainly unknown. */
		if (strstr(refusals[i].json, "comin") == NULL)
			assert_string_equal(fail.text, refusals[i].text);
		cJSON_Delete(value);
	}
	again = shape_describe(shape);
	assert_true(cJSON_Compare(description, again, true));
	cJSON_Delete(again);
	cJSON_Delete(description);
	shape_description_free(shape);
	shape_description_free(NULL);
}

static void bad_descriptions_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"{}",
		"{'name':'x','fields':{}}",
		"{'name':'x','fields':[{}]}",
		"{'name':'x','fields':[{'key':'a','kind':'quark'}]}",
		"{'name':'x','fields':[{'key':'a','kind':'list'}]}",
		"{'name':'x','fields':[{'key':'a','kind':'enum'}]}",
		"{'name':'x','fields':[{'key':'a','kind':'list','item':'enum'}]}",
		"{'name':'x','fields':[{'key':'a','kind':'object'}]}",
		"{'name':'x','fields':[{'key':'a','kind':'map'}]}",
		"{'name':'x','fields':[{'key':'a','kind':'list','item':'object'}]}",
		"{'name':'x','fields':[{'key':'a','kind':'object','object':{}}]}",
		"{'name':'x','fields':[{'key':'a','kind':'string','form':{'pattern':'('}}]}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cJSON *description = quoted_json(bad[i]);
		struct fail fail = FAIL_INIT;

		if (shape_from_description(description, &fail))
			fail_msg("%s was taken", bad[i]);
		assert_int_equal(fail.kind, FAIL_PEER);
		cJSON_Delete(description);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_decoded),
		cmocka_unit_test(absent_is_zero_or_the_preset),
		cmocka_unit_test(one_value_may_stand_for_a_list),
		cmocka_unit_test(encode_and_decode_are_inverse),
		cmocka_unit_test(refusals_name_place_and_reason),
		cmocka_unit_test(a_refusal_leaves_nothing_behind),
		cmocka_unit_test(fields_are_bound_to_one_another),
		cmocka_unit_test(a_parameter_passes_where_values_are_only_checked),
		cmocka_unit_test(a_description_judges_as_the_table_does),
		cmocka_unit_test(bad_descriptions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
