/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/json.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "injector/faults/lane_faults.h"
#include "injector/lane/spec.h"

/* What the parameters of delay, rate and reorder mean for a lane, and which make no sense. */

typedef int maker(const void *, uint64_t, struct lane_spec *, struct fail *);

/* JSON in which ' stands for ". */
static int make(const struct shape *shape, maker *spec_of, const char *with, struct lane_spec *spec,
	struct fail *fail)
{
	char *text = must_copy(with);
	void *decoded = must_alloc(shape->size);
	cJSON *json;
	int result;

	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	json = json_parse(text, strlen(text), fail);
	if (!json)
		fail_msg("%s: %s", with, fail->text);
	result = shape_decode(shape, json, "", decoded, fail);
	if (result == 0) {
		result = spec_of(decoded, 77, spec, fail);
		shape_free(shape, decoded);
	}
	cJSON_Delete(json);
	free(decoded);
	free(text);
	return result;
}

/* Of a static spec, so that its caller need not free. */
static const struct lane_spec *made(const struct shape *shape, maker *spec_of, const char *with)
{
	static struct lane_spec spec;
	struct fail fail = FAIL_INIT;

	memset(&spec, 0xa5, sizeof(spec));
	if (make(shape, spec_of, with, &spec, &fail) < 0)
		fail_msg("%s: %s", with, fail.text);
	if (spec_check(&spec, &fail) < 0)
		fail_msg("%s: %s", with, fail.text);
	assert_int_equal(spec.seed, 77);
	return &spec;
}

#define DELAY(with) made(&delay_shape, delay_spec, with)
#define RATE(with) made(&rate_shape, rate_spec, with)
#define REORDER(with) made(&reorder_shape, reorder_spec, with)

static int64_t quantile(const struct lane_spec *spec, double wanted)
{
	struct delay_quantile answer = {.quantile = wanted};

	spec_delay_quantiles(spec, (struct path_share){.packets = 0}, &answer, 1);
	return answer.delay_ns;
}

static void delays(void **state)
{
	const struct lane_spec *spec = DELAY("{'delay':'20ms'}");

	(void)state;
	assert_int_equal(spec->spread, SPREAD_NONE);
	assert_int_equal(spec->delay_ns, 20 * NS_PER_MS);
	assert_true(spec->keep_order);
	assert_int_equal(spec->limit_bytes, 20 * 1250000);
	assert_int_equal(spec->reorder_gap, 0);
	assert_int_equal(spec->rate_bytes, 0);
	spec = DELAY("{'delay':'20ms','jitter':'20ms','correlation':0.25,'keep_order':false}");
	assert_int_equal(spec->spread, SPREAD_UNIFORM);
	assert_int_equal(spec->jitter_ns, 20 * NS_PER_MS);
	assert_true(spec->correlation == 0.25);
	assert_false(spec->keep_order);
	spec = DELAY("{'delay':'100ms','jitter':'10ms','distribution':'normal'}");
	assert_int_equal(spec->spread, SPREAD_TABLE);
	assert_true(llabs(quantile(spec, 0.5) - 100 * NS_PER_MS) < 10 * NS_PER_US);
	assert_true(llabs(quantile(spec, 0.8413) - 110 * NS_PER_MS) < 50 * NS_PER_US);
	assert_true(quantile(DELAY("{'delay':'100ms','jitter':'10ms','distribution':'pareto'}"),
			    0.5) < 97 * NS_PER_MS);
	assert_true(
		quantile(DELAY("{'delay':'100ms','jitter':'10ms','distribution':'paretonormal'}"),
			0.5) < 98 * NS_PER_MS);
	/* As long as anything may wait there is memory for it, but not all of it. */
	assert_int_equal(DELAY("{'delay':'10us'}")->limit_bytes, 16 << 20);
	assert_int_equal(DELAY("{'delay':'60s'}")->limit_bytes, 128 << 20);
}

static void delays_from_tables_and_traces(void **state)
{
	const struct lane_spec *spec =
		DELAY("{'distribution':'table','table':[{'quantile':0.5,'delay':'10ms'},"
		      "{'quantile':0.9,'delay':'50ms'}]}");

	(void)state;
	assert_int_equal(spec->spread, SPREAD_TABLE);
	assert_true(llabs(quantile(spec, 0.7) - 30 * NS_PER_MS) < 100 * NS_PER_US);
	assert_true(llabs(quantile(spec, 1) - 50 * NS_PER_MS) < NS_PER_US);
	spec = DELAY("{'distribution':'trace','trace':['1ms','500us','2s'],'lane':'tap'}");
	assert_int_equal(spec->spread, SPREAD_REPLAY);
	assert_int_equal(spec->table_count, 3);
	assert_int_equal(spec->table[1], 500);
	assert_int_equal(quantile(spec, 0.99), 2 * NS_PER_SEC);
}

static void rates(void **state)
{
	const struct lane_spec *spec = RATE("{'bandwidth':'10Mbit'}");

	(void)state;
	assert_int_equal(spec->rate_bytes, 1250000);
	assert_int_equal(spec->burst_bytes, 0);
	assert_int_equal(spec->limit_bytes, 250000);
	assert_int_equal(spec->delay_ns, 0);
	spec = RATE("{'bandwidth':'1.5Gbit','burst':'64KiB','overhead':24,'limit':'1MiB'}");
	assert_int_equal(spec->rate_bytes, 187500000);
	assert_int_equal(spec->burst_bytes, 65536);
	assert_int_equal(spec->overhead_bytes, 24);
	assert_int_equal(spec->limit_bytes, 1 << 20);
	assert_int_equal(RATE("{'bandwidth':'8kbit'}")->limit_bytes, 128 << 10);
	assert_int_equal(RATE("{'bandwidth':'100Gbit','lane':'netem'}")->limit_bytes, 64 << 20);
}

static void reorderings(void **state)
{
	const struct lane_spec *spec = REORDER("{'ratio':0.25,'correlation':0.5}");

	(void)state;
	assert_true(spec->reorder == 0.25 && spec->reorder_correlation == 0.5);
	assert_int_equal(spec->delay_ns, 10 * NS_PER_MS);
	assert_false(spec->keep_order);
	spec = REORDER("{'gap':5,'delay':'3ms','lane':'netem'}");
	assert_int_equal(spec->reorder_gap, 5);
	assert_int_equal(spec->delay_ns, 3 * NS_PER_MS);
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const struct shape *shape;
		maker *spec_of;
		const char *with, *says;
	} wrong[] = {
#define POINTS "'table':[{'quantile':0,'delay':'1ms'},{'quantile':1,'delay':'2ms'}]"
		{&delay_shape, delay_spec, "{}", "say \"delay\""},
		{&delay_shape, delay_spec, "{'delay':'61s'}", "from 0s to 60s, not 61s"},
		{&delay_shape, delay_spec, "{'delay':'5ms','jitter':'6ms'}",
			"can't arrive before it was sent"},
		{&delay_shape, delay_spec, "{'delay':'5ms','distribution':'normal'}",
			"distribution \"normal\" needs \"jitter\""},
		{&delay_shape, delay_spec, "{'delay':'5ms','correlation':0.5}",
			"correlation is of delays that vary"},
		{&delay_shape, delay_spec, "{'delay':'5ms','distribution':'constant'}",
			"\"constant\" is refused: without \"jitter\""},
		{&delay_shape, delay_spec, "{'distribution':'table'}",
			"distribution \"table\" needs the quantiles in \"table\""},
		{&delay_shape, delay_spec, "{'distribution':'trace'}",
			"distribution \"trace\" needs the delays in \"trace\""},
		{&delay_shape, delay_spec, "{'delay':'5ms'," POINTS "}",
			"\"table\" is for distribution \"table\", not \"uniform\""},
		{&delay_shape, delay_spec, "{'distribution':'table','trace':['1ms']}",
			"\"trace\" is for distribution \"trace\", not \"table\""},
		{&delay_shape, delay_spec, "{'delay':'5ms','distribution':'table'," POINTS "}",
			"a table holds whole delays"},
		{&delay_shape, delay_spec,
			"{'distribution':'table','table':[{'quantile':0,'delay':'1ms'}]}",
			"from 2 to 1000 points"},
		{&delay_shape, delay_spec,
			"{'distribution':'trace','trace':['1ms'],'correlation':0.1}",
			"the correlation that was recorded"},
		{&delay_shape, delay_spec, "{'distribution':'trace','trace':['1ms','61s']}",
			"from 0s to 60s"},
		{&delay_shape, delay_spec,
			"{'distribution':'trace','trace':['1ms'],'lane':'netem'}",
			"lane \"netem\": netem has no recorded traces"},
		{&delay_shape, delay_spec, "{'delay':'5ms','jitter':'1ms','lane':'netem'}",
			"netem does not keep the order"},
		{&rate_shape, rate_spec, "{}", "needs the key \"bandwidth\""},
		{&rate_shape, rate_spec, "{'bandwidth':'7kbit'}", "from 8kbit to 100Gbit"},
		{&rate_shape, rate_spec, "{'bandwidth':'1Mbit','burst':'65MiB'}",
			"from 0B to 64MiB"},
		{&rate_shape, rate_spec, "{'bandwidth':'1Mbit','limit':'100B'}", "from 4KiB to"},
		{&rate_shape, rate_spec, "{'bandwidth':'1Mbit','overhead':-101}", "from -100"},
		{&reorder_shape, reorder_spec, "{}", "ratio"},
		{&reorder_shape, reorder_spec, "{'ratio':0.5,'gap':3}", "gap"},
		{&reorder_shape, reorder_spec, "{'ratio':1}", "from 0.0001 to 0.9999"},
		{&reorder_shape, reorder_spec, "{'gap':1}", "from 2 to"},
		{&reorder_shape, reorder_spec, "{'gap':4,'correlation':0.5}", "\"ratio\""},
		{&reorder_shape, reorder_spec, "{'ratio':0.5,'correlation':0.5,'lane':'netem'}",
			"lane \"netem\": netem reorders fewer"},
	};
	struct lane_spec *spec = must_alloc(sizeof(*spec));

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct fail fail = FAIL_INIT;

		if (make(wrong[i].shape, wrong[i].spec_of, wrong[i].with, spec, &fail) == 0)
			fail_msg("%s was taken", wrong[i].with);
		if (!strstr(fail.text, wrong[i].says))
			fail_msg("%s: %s", wrong[i].with, fail.text);
	}
	free(spec);
}

/* What the controller will check scenarios with. */
static void the_tables_can_be_published(void **state)
{
	static const struct shape *const shapes[] = {&delay_shape, &rate_shape, &reorder_shape};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		cJSON *description = shape_describe(shapes[i]);
		struct fail fail = FAIL_INIT;
		struct shape *again = shape_from_description(description, &fail);

		assert_non_null(again);
		assert_int_equal(again->count, shapes[i]->count);
		for (size_t j = 0; j < shapes[i]->count; j++)
			assert_true(strlen(shapes[i]->fields[j].help) > 10);
		shape_description_free(again);
		cJSON_Delete(description);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delays),
		cmocka_unit_test(delays_from_tables_and_traces),
		cmocka_unit_test(rates),
		cmocka_unit_test(reorderings),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(the_tables_can_be_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
