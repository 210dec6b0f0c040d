/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/flood.h"
#include "tests/netns/way.h"

/*
 * What delay promises, on this kernel, with real packets. Never earlier than asked, exactly; how
 * much later a busy machine lets them be is measured in tools/bench.
 */
enum {
	PORT = 7001,
	LONG_MS = 300000,
	MANY = 400
};

static const int families[] = {AF_INET, AF_INET6};

static struct cut hold(const char *id, const char *with)
{
	return (struct cut){.fault = "delay",
		.id = id,
		.on = NODE_A,
		.from = NODE_B,
		.with = with,
		.seed = 7,
		.for_ms = LONG_MS};
}

static void each_way_takes_longer(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = hold("late", "{\"delay\":\"40ms\"}");

	injector_cut(injector, &cut);
	for (int i = 0; i < 2; i++) {
		struct way out = {NODE_A, NODE_B, families[i]}, in = {NODE_B, NODE_A, families[i]};
		struct way other = {NODE_A, NODE_C, families[i]};
		int64_t bystander = way_best_ns(world, &other, 10);

		assert_true(way_best_ns(world, &out, 10) >= 40 * 1000000LL);
		assert_true(way_best_ns(world, &in, 10) >= 40 * 1000000LL);
		assert_true(bystander < 20 * 1000000LL);
	}
	assert_true(injector_counted(injector, "late", "egress").packets >= 20);
	assert_true(injector_counted(injector, "late", "ingress").packets >= 20);
	injector_heal(injector, "late");
	assert_true(
		way_best_ns(world, &(struct way){NODE_A, NODE_B, AF_INET}, 20) < 40 * 1000000LL);
	assert_int_equal(injector_finish(injector), 0);
}

/*
 * Trains of segments go through whole, and what is sent arrives. How long they are is TCP's choice:
 * on a slow machine a few segments. Counted before the other way's acknowledgements, which are
 * none.
 */
static void tcp_goes_through(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = hold("tcp", "{\"delay\":\"10ms\"}");
	struct counted counted;

	injector_cut(injector, &cut);
	tcp_stream(world, NODE_A, NODE_B, AF_INET, 8 << 20);
	counted = injector_counted(injector, "tcp", "egress");
	print_message("%lld segments in %lld packets\n", (long long)counted.segments,
		(long long)counted.packets);
	assert_true(counted.segments > 2 * counted.packets);
	tcp_stream(world, NODE_B, NODE_A, AF_INET6, 8 << 20);
	assert_int_equal(injector_finish(injector), 0);
}

static double achieved(struct injector *injector, const char *id, const char *name)
{
	cJSON *measure = injector_measure(injector, id, name, "egress");
	double value = cJSON_GetObjectItem(measure, "achieved")->valuedouble;

	cJSON_Delete(measure);
	return value;
}

static double asked(struct injector *injector, const char *id, const char *name)
{
	cJSON *measure = injector_measure(injector, id, name, "egress");
	double value = cJSON_GetObjectItem(measure, "asked")->valuedouble;

	cJSON_Delete(measure);
	return value;
}

static void what_varies_is_told(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = hold("normal",
		"{\"delay\":\"50ms\",\"jitter\":\"10ms\",\"distribution\":\"normal\","
		"\"direction\":\"out\",\"keep_order\":false}");
	struct flood many = {
		.from = NODE_A, .to = NODE_B, .family = AF_INET, .port = PORT, .count = MANY};
	struct flooded out;

	injector_cut(injector, &cut);
	out = flood(world, &many);
	assert_int_equal(out.arrived, MANY);
	assert_true(out.overtaken > 0);
	assert_true(achieved(injector, "normal", "delay p50") >= 40e6);
	assert_true(asked(injector, "normal", "delay p50") > 45e6);
	assert_true(asked(injector, "normal", "delay p50") < 55e6);
	assert_true(achieved(injector, "normal", "delay p99") >
		achieved(injector, "normal", "delay p50"));
	flooded_free(&out);
	assert_int_equal(injector_finish(injector), 0);
}

static void order_is_kept_unless_asked_otherwise(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = hold("order", "{\"delay\":\"20ms\",\"jitter\":\"20ms\"}");
	struct flood many = {
		.from = NODE_A, .to = NODE_B, .family = AF_INET6, .port = PORT, .count = MANY};
	struct flooded out;

	injector_cut(injector, &cut);
	out = flood(world, &many);
	assert_int_equal(out.arrived, MANY);
	assert_int_equal(out.overtaken, 0);
	flooded_free(&out);
	assert_int_equal(injector_finish(injector), 0);
}

/* Delays add up; and healing one loses nothing of what waits, and leaves the others in effect. */
static void three_on_one_path(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut first = hold("first", "{\"delay\":\"30ms\"}"),
		   second = hold("second", "{\"delay\":\"50ms\"}"), lossy = first;
	struct way out = {NODE_A, NODE_B, AF_INET};
	struct flood some = {
		.from = NODE_A, .to = NODE_B, .family = AF_INET, .port = PORT, .count = 3000};
	struct flooded flooded;

	lossy.fault = "loss";
	lossy.id = "lossy";
	lossy.with = "{\"type\":\"every\",\"every\":3,\"ports\":7001,\"direction\":\"out\"}";
	injector_cut(injector, &first);
	injector_cut(injector, &lossy);
	injector_cut(injector, &second);
	assert_true(way_best_ns(world, &out, 10) >= 80 * 1000000LL);
	injector_heal(injector, "first");
	assert_true(way_best_ns(world, &out, 10) >= 50 * 1000000LL);
	assert_true(way_best_ns(world, &out, 20) < 80 * 1000000LL);
	flooded = flood(world, &some);
	assert_int_equal(flooded.arrived, 2000);
	flooded_free(&flooded);
	injector_heal(injector, "lossy");
	flooded = flood(world, &some);
	assert_int_equal(flooded.arrived, 3000);
	flooded_free(&flooded);
	assert_true(way_best_ns(world, &out, 10) >= 50 * 1000000LL);
	assert_int_equal(injector_finish(injector), 0);
}

/* Whoever dies: packets flow again, none of ours is left, and nobody has to do a thing. */
static void killed_it_passes(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "4s");
	struct cut cut = hold("late", "{\"delay\":\"2s\"}");
	struct way out = {NODE_A, NODE_B, AF_INET};

	injector_cut(injector, &cut);
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	injector_signal(injector, SIGKILL);
	assert_int_equal(injector_wait(injector), 128 + SIGKILL);
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, 15000));
	assert_true(way_best_ns(world, &out, 10) < 1000 * 1000000LL);
	world_recover(world, NODE_A);
}

static bool can_shape(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "30s");
	struct cut cut = hold("trial", "{\"delay\":\"1ms\",\"lane\":\"netem\"}");
	char *order = injector_cut_order(&cut, now_ns()), *text;
	cJSON *answer;
	bool can;

	injector_ask(injector, "arm", "%s", order);
	answer = injector_reply(injector);
	can = cJSON_HasObjectItem(answer, "result");
	if (!can) {
		text = cJSON_PrintUnformatted(answer);
		assert_non_null(strstr(text, "this kernel has no sch_netem"));
		free(text);
	}
	cJSON_Delete(answer);
	free(order);
	assert_int_equal(injector_finish(injector), 0);
	return can;
}

/* The kernel's own queue, where it has one; where it has none the refusal says so, as seen above.
 */
static void netem_delays_as_well(struct world *world)
{
	struct injector *injector;
	struct cut cut = hold("late", "{\"delay\":\"40ms\",\"lane\":\"netem\"}");

	if (!can_shape(world)) {
		world_assert_unchanged(world);
		print_message("skipped: this kernel has no sch_netem\n");
		skip();
	}
	injector = injector_greeted(world, NODE_A, "300s");
	injector_cut(injector, &cut);
	for (int i = 0; i < 2; i++) {
		struct way out = {NODE_A, NODE_B, families[i]}, in = {NODE_B, NODE_A, families[i]};
		struct way other = {NODE_A, NODE_C, families[i]};

		assert_true(way_best_ns(world, &out, 5) >= 40 * 1000000LL);
		assert_true(way_best_ns(world, &in, 5) >= 40 * 1000000LL);
		assert_true(way_best_ns(world, &other, 10) < 40 * 1000000LL);
	}
	tcp_stream(world, NODE_A, NODE_B, AF_INET, 1 << 20);
	injector_heal(injector, "late");
	assert_true(
		way_best_ns(world, &(struct way){NODE_A, NODE_B, AF_INET}, 20) < 40 * 1000000LL);
	/* Its table is longer than what most messages hold. */
	cut = hold("varies",
		"{\"delay\":\"60ms\",\"jitter\":\"5ms\",\"distribution\":\"normal\","
		"\"keep_order\":false,\"lane\":\"netem\"}");
	injector_cut(injector, &cut);
	assert_true(
		way_best_ns(world, &(struct way){NODE_A, NODE_B, AF_INET}, 5) >= 30 * 1000000LL);
	assert_int_equal(injector_finish(injector), 0);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(each_way_takes_longer, 3),
		WORLD_TEST(tcp_goes_through, 2),
		WORLD_TEST(what_varies_is_told, 2),
		WORLD_TEST(order_is_kept_unless_asked_otherwise, 2),
		WORLD_TEST(three_on_one_path, 2),
		WORLD_TEST(killed_it_passes, 2),
		WORLD_TEST(netem_delays_as_well, 3),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
