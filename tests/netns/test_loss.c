/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/flood.h"

/* What loss promises, on this kernel, with real packets. */
enum {
	PORT = 7001,
	MANY = 50000,
	SOME = 5000,
	LONG_MS = 300000
};

static const int families[] = {AF_INET, AF_INET6};

static struct cut lose(const char *id, const char *with)
{
	return (struct cut){.fault = "loss",
		.id = id,
		.on = NODE_A,
		.from = NODE_B,
		.with = with,
		.seed = 7,
		.for_ms = LONG_MS};
}

static struct flooded send_many(
	const struct world *world, int from, int to, int family, size_t count)
{
	struct flood many = {
		.from = from, .to = to, .family = family, .port = PORT, .count = count};

	return flood(world, &many);
}

static void the_ratio_is_what_was_asked(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = lose("tenth", "{\"ratio\":0.1}");
	struct flooded out, into, bystander;
	struct counted counted;

	injector_cut(injector, &cut);
	out = send_many(world, NODE_A, NODE_B, AF_INET, MANY);
	assert_true(within_chance(out.count - out.arrived, out.count, 0.1));
	counted = injector_counted(injector, "tenth", "egress");
	assert_int_equal(counted.segments, out.count - out.arrived);
	assert_int_equal(counted.matched, MANY);
	into = send_many(world, NODE_B, NODE_A, AF_INET6, SOME);
	assert_true(within_chance(into.count - into.arrived, into.count, 0.1));
	assert_int_equal(
		injector_counted(injector, "tenth", "ingress").segments, into.count - into.arrived);
	bystander = send_many(world, NODE_A, NODE_C, AF_INET, SOME);
	assert_int_equal(bystander.arrived, SOME);
	injector_heal(injector, "tenth");
	flooded_free(&into);
	into = send_many(world, NODE_B, NODE_A, AF_INET6, SOME);
	assert_int_equal(into.arrived, SOME);
	flooded_free(&out);
	flooded_free(&into);
	flooded_free(&bystander);
	assert_int_equal(injector_finish(injector), 0);
}

static void the_same_seed_loses_the_same_packets(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct flooded first, second, other;
	struct cut cut = lose("first", "{\"ratio\":0.3}");

	injector_cut(injector, &cut);
	first = send_many(world, NODE_A, NODE_B, AF_INET, SOME);
	injector_heal(injector, "first");
	cut.id = "second";
	injector_cut(injector, &cut);
	second = send_many(world, NODE_A, NODE_B, AF_INET6, SOME);
	injector_heal(injector, "second");
	cut.id = "other";
	cut.seed = 8;
	injector_cut(injector, &cut);
	other = send_many(world, NODE_A, NODE_B, AF_INET, SOME);
	assert_memory_equal(first.times, second.times, SOME);
	assert_true(memcmp(first.times, other.times, SOME) != 0);
	flooded_free(&first);
	flooded_free(&second);
	flooded_free(&other);
	assert_int_equal(injector_finish(injector), 0);
}

struct runs {
	size_t bursts, lost;
};

static struct runs runs_of(const struct flooded *flooded)
{
	struct runs runs = {0};

	for (size_t i = 0; i < flooded->count; i++) {
		runs.lost += !flooded->times[i];
		runs.bursts += !flooded->times[i] && (!i || flooded->times[i - 1]);
	}
	return runs;
}

/* Bursts end with chance 1/4 a packet: four packets long on average. */
static void bursts_are_as_long_as_they_should(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = lose("bursts",
		"{\"type\":\"gilbert_elliott\",\"to_bad\":0.02,\"to_good\":0.25,\"direction\":"
		"\"out\"}");
	struct flooded many;
	struct runs runs;
	double mean;

	injector_cut(injector, &cut);
	many = send_many(world, NODE_A, NODE_B, AF_INET, MANY);
	runs = runs_of(&many);
	mean = (double)runs.lost / (double)runs.bursts;
	/* About 925 bursts, each geometric with deviation 3.46: 0.114 for the mean, times 3.3. */
	assert_true(mean > 4 - 0.38 && mean < 4 + 0.38);
	assert_true(runs.bursts > 700 && runs.bursts < 1150);
	flooded_free(&many);
	assert_int_equal(injector_finish(injector), 0);
}

static void correlation_makes_bursts_and_keeps_the_ratio(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut =
		lose("bursts", "{\"type\":\"correlated\",\"ratio\":0.1,\"correlation\":0.5}");
	struct flooded many;
	struct runs runs;
	double ratio, mean;

	injector_cut(injector, &cut);
	many = send_many(world, NODE_A, NODE_B, AF_INET, MANY);
	runs = runs_of(&many);
	ratio = (double)runs.lost / MANY;
	mean = (double)runs.lost / (double)runs.bursts;
	/* A loss follows a loss with 0.1 + 0.5 · 0.9 = 0.55: bursts of 1 / 0.45 packets. The ratio
	 * scatters three times as much as that of independent losses. */
	assert_true(ratio > 0.1 - 0.0077 && ratio < 0.1 + 0.0077);
	assert_true(mean > 2.222 - 0.13 && mean < 2.222 + 0.13);
	flooded_free(&many);
	assert_int_equal(injector_finish(injector), 0);
}

static void every_third_is_every_third(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "60s");
	struct cut cut = lose("third", "{\"type\":\"every\",\"every\":3,\"ports\":7001}");

	injector_cut(injector, &cut);
	for (int f = 0; f < 2; f++) {
		struct flooded some = send_many(world, NODE_A, NODE_B, families[f], 300);

		for (size_t i = 0; i < some.count; i++)
			assert_int_equal(some.times[i], i % 3 != 2);
		flooded_free(&some);
	}
	assert_int_equal(injector_finish(injector), 0);
}

/* One buffer of the sender is many segments, and each has its own fate. */
static void tcp_loses_single_segments(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut =
		lose("segments", "{\"ratio\":0.01,\"direction\":\"out\",\"protocol\":\"tcp\"}");
	struct counted counted;

	injector_cut(injector, &cut);
	for (int i = 0; i < 2; i++)
		tcp_stream(world, NODE_A, NODE_B, families[i], 8 << 20);
	counted = injector_counted(injector, "segments", "egress");
	assert_true(counted.matched > 5000);
	assert_int_equal(counted.packets, counted.segments);
	assert_true(within_chance((size_t)counted.segments, (size_t)counted.matched, 0.01));
	assert_int_equal(injector_finish(injector), 0);
}

static void asked_and_done_are_told(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "60s");
	struct cut cut = lose("told", "{\"ratio\":0.2,\"direction\":\"in\"}");
	struct flooded some;
	cJSON *measure;

	injector_cut(injector, &cut);
	some = send_many(world, NODE_B, NODE_A, AF_INET, SOME);
	measure = injector_measure(injector, "told", "loss", "ingress");
	assert_string_equal(cJSON_GetObjectItem(measure, "unit")->valuestring, "ratio");
	assert_true(cJSON_GetObjectItem(measure, "asked")->valuedouble > 0.1999);
	assert_int_equal(atoi(cJSON_GetObjectItem(measure, "count")->valuestring), SOME);
	assert_int_equal(
		atoi(cJSON_GetObjectItem(measure, "hits")->valuestring), some.count - some.arrived);
	cJSON_Delete(measure);
	flooded_free(&some);
	assert_int_equal(injector_finish(injector), 0);
}

/* Half a second of all, half a second of none, from the fault's start on. */
static void it_flaps(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	struct cut cut =
		lose("flap", "{\"ratio\":1,\"flap\":{\"on\":\"500ms\",\"off\":\"500ms\"}}");
	int64_t end;
	int changes = 0;
	bool passed = true;

	injector_cut(injector, &cut);
	end = now_ns() + 60 * 1000000000LL;
	while (changes < 6 && now_ns() < end) {
		bool passes = udp_passes(world, NODE_A, NODE_B, AF_INET, PORT);

		changes += passes != passed;
		passed = passes;
	}
	assert_int_equal(changes, 6);
	assert_int_equal(injector_finish(injector), 0);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(the_ratio_is_what_was_asked, 3),
		WORLD_TEST(the_same_seed_loses_the_same_packets, 2),
		WORLD_TEST(bursts_are_as_long_as_they_should, 2),
		WORLD_TEST(correlation_makes_bursts_and_keeps_the_ratio, 2),
		WORLD_TEST(every_third_is_every_third, 2),
		WORLD_TEST(tcp_loses_single_segments, 2),
		WORLD_TEST(asked_and_done_are_told, 2),
		WORLD_TEST(it_flaps, 2),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
