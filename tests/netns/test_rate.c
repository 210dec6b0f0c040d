/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/flood.h"

/* What rate promises, on this kernel, with real packets. */
enum {
	LONG_MS = 300000,
	BYTES = 2 << 20,
	RATE_BITS = 8000000,
	SEGMENT_BYTES = 1460,   /* what a segment carries at most */
	TBF_BYTES = 128 * 1024, /* of tbf's bucket, which is full at first: two GSO packets */
	PARTS = 1000            /* one of so many may be lost where the kernel rounds a rate */
};

static const int families[] = {AF_INET, AF_INET6};

/* What so many bytes take at the rate; on the wire headers come on top. */
static int64_t at_rate_ns(int64_t bytes)
{
	return bytes * 8 * 1000000000 / RATE_BITS;
}

/* In bit/s: never more than asked, and not a small part of it. */
static void assert_achieved(struct injector *injector)
{
	cJSON *measure = injector_measure(injector, "slow", "rate", "egress");
	double achieved = cJSON_GetNumberValue(cJSON_GetObjectItem(measure, "achieved"));
	double tolerance = cJSON_GetNumberValue(cJSON_GetObjectItem(measure, "tolerance"));

	assert_string_equal(cJSON_GetObjectItem(measure, "unit")->valuestring, "bit/s");
	print_message("achieved %.0f of %d bit/s\n", achieved, RATE_BITS);
	assert_true(tolerance <= RATE_BITS / 20.0);
	assert_true(achieved <= RATE_BITS + tolerance);
	assert_true(achieved > RATE_BITS / 4.0);
	cJSON_Delete(measure);
}

/*
 * A packet leaves when its last bit would have been sent, and the bucket is empty at first: the
 * last byte can't arrive before all of them have had their time, which is 2.097 s.
 */
static void it_is_never_faster(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = {.fault = "rate",
		.id = "slow",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"bandwidth\":\"8Mbit\"}",
		.for_ms = LONG_MS};
	int64_t by_before = 0;

	injector_cut(injector, &cut);
	for (int i = 0; i < 2; i++) {
		int64_t begun_ns = now_ns(), took_ns, passed_by;

		/* Both ways: what is sent, and what is received. */
		tcp_stream(world, i ? NODE_B : NODE_A, i ? NODE_A : NODE_B, families[i], BYTES);
		took_ns = now_ns() - begun_ns;
		passed_by = injector_passed_by(injector, "slow") - by_before;
		by_before += passed_by;
		assert_true(passed_by * SEGMENT_BYTES < BYTES / 2);
		assert_true(took_ns >= at_rate_ns(BYTES - passed_by * SEGMENT_BYTES));
		if (i == 0)
			assert_achieved(injector);
	}
	assert_true(udp_passes(world, NODE_A, NODE_C, AF_INET, 7001));
	injector_heal(injector, "slow");
	assert_int_equal(injector_finish(injector), 0);
}

/* The kernel's tbf: in every kernel that we know, netem or not. */
static void tbf_is_never_faster_either(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = {.fault = "rate",
		.id = "slow",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"bandwidth\":\"8Mbit\",\"lane\":\"netem\"}",
		.for_ms = LONG_MS};

	injector_cut(injector, &cut);
	for (int i = 0; i < 2; i++) {
		int64_t begun_ns = now_ns();

		tcp_stream(world, i ? NODE_B : NODE_A, i ? NODE_A : NODE_B, families[i], BYTES);
		assert_true(
			now_ns() - begun_ns >= at_rate_ns(BYTES - TBF_BYTES) * (PARTS - 1) / PARTS);
	}
	assert_true(udp_passes(world, NODE_A, NODE_C, AF_INET, 7001));
	injector_heal(injector, "slow");
	assert_int_equal(injector_finish(injector), 0);
}

static void what_does_not_fit_is_lost_and_told(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = {.fault = "rate",
		.id = "full",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"bandwidth\":\"1Mbit\",\"limit\":\"16KiB\"}",
		.for_ms = LONG_MS};
	struct flood many = {.from = NODE_A,
		.to = NODE_B,
		.family = AF_INET,
		.port = 7001,
		.count = 500,
		.bytes = 1000};
	struct flooded out;
	cJSON *lost;

	injector_cut(injector, &cut);
	out = flood(world, &many);
	assert_true(out.arrived > 10 && out.arrived < out.count);
	lost = injector_measure(injector, "full", "lost to a full lane", "egress");
	assert_int_equal((size_t)cJSON_GetObjectItem(lost, "achieved")->valuedouble,
		out.count - out.arrived);
	cJSON_Delete(lost);
	flooded_free(&out);
	assert_int_equal(injector_finish(injector), 0);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(it_is_never_faster, 3),
		WORLD_TEST(tbf_is_never_faster_either, 3),
		WORLD_TEST(what_does_not_fit_is_lost_and_told, 2),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
