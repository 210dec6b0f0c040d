/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/world.h"
#include "tests/planting.h"

/* Who was hit, by the addresses of real packets; and a fault that hits more than it was told to. */

enum {
	PORT = 7001,
	LONG_MS = 60000,
	SOON_MS = 15000
};

/* The only fault of the evidence, which is the caller's to delete. */
static cJSON *only_fault(const cJSON *evidence)
{
	cJSON *faults = cJSON_GetObjectItem(evidence, "faults");

	assert_int_equal(cJSON_GetArraySize(faults), 1);
	return cJSON_GetArrayItem(faults, 0);
}

/* NULL: the fault hit nothing of that address. */
static const cJSON *touched_of(const cJSON *fault, const char *address)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItem(fault, "touched")) {
		if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(item, "address")), address) ==
			0)
			return item;
	}
	return NULL;
}

static long number_of(const cJSON *item, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(item, key));

	return text ? strtol(text, NULL, 10) : -1;
}

static void addresses_and_connections_are_told(struct world *world)
{
	struct tcp_pair pairs[2] = {tcp_connect(world, NODE_A, NODE_B, AF_INET, PORT),
		tcp_connect(world, NODE_A, NODE_B, AF_INET, PORT + 1)};
	struct injector *injector = injector_greeted(world, NODE_A, "30s");
	struct cut cut = {.id = "cut", .on = NODE_A, .from = NODE_B, .for_ms = LONG_MS};
	const cJSON *touched;
	cJSON *evidence;

	injector_cut(injector, &cut);
	for (int i = 0; i < 2; i++)
		assert_int_equal(send(pairs[i].client, "lost", 4, 0), 4);
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET6, PORT));
	assert_true(udp_passes_within(world, NODE_A, NODE_C, AF_INET, SOON_MS));
	injector_heal(injector, "cut");
	evidence = injector_call(injector, "evidence", "{}");
	touched = touched_of(only_fault(evidence), world_address(NODE_B, AF_INET));
	assert_non_null(touched);
	assert_int_equal(number_of(touched, "connections"), 2);
	assert_true(number_of(touched, "packets") >= 2);
	assert_true(number_of(touched, "first_ns") <= number_of(touched, "last_ns"));
	assert_non_null(cJSON_GetStringValue(cJSON_GetObjectItem(touched, "peer")));
	touched = touched_of(only_fault(evidence), world_address(NODE_B, AF_INET6));
	assert_non_null(touched);
	assert_true(number_of(touched, "connections") >= 1);
	assert_null(touched_of(only_fault(evidence), world_address(NODE_C, AF_INET)));
	cJSON_Delete(evidence);
	assert_int_equal(injector_finish(injector), 0);
	tcp_close(&pairs[0]);
	tcp_close(&pairs[1]);
}

static cJSON *await_the_end(struct injector *injector)
{
	int64_t give_up = now_ns() + SOON_MS * 1000000LL;

	for (;;) {
		cJSON *evidence = injector_call(injector, "evidence", "{}");

		if (cJSON_IsTrue(cJSON_GetObjectItem(only_fault(evidence), "healed")))
			return evidence;
		cJSON_Delete(evidence);
		assert_true(now_ns() < give_up);
		pause_ms(20);
	}
}

/* The tables are wrong, and the injector knows by the packets alone. */
static void a_fault_that_hits_a_third_ends_by_itself(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "60s");
	struct cut cut = {.id = "cut", .on = NODE_A, .from = NODE_B, .for_ms = LONG_MS};
	const char *victim = world_address(NODE_C, AF_INET);
	const cJSON *touched;
	cJSON *evidence;

	injector_cut(injector, &cut);
	assert_true(udp_passes_within(world, NODE_A, NODE_C, AF_INET, SOON_MS));
	assert_true(plant_spill(injector->pid, world_address(NODE_B, AF_INET), victim));
	udp_passes(world, NODE_A, NODE_C, AF_INET, PORT);
	evidence = await_the_end(injector);
	touched = touched_of(only_fault(evidence), victim);
	assert_non_null(touched);
	assert_true(number_of(touched, "packets") >= 1);
	assert_int_equal(number_of(touched, "connections"), 1);
	assert_null(cJSON_GetObjectItem(touched, "peer"));
	cJSON_Delete(evidence);
	assert_true(udp_passes_within(world, NODE_A, NODE_C, AF_INET, SOON_MS));
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, SOON_MS));
	assert_int_equal(injector_finish(injector), 0);
}

/* What goes through the wire and a lane is told by the same addresses, and is no spill. */
static void what_is_lost_or_held_back_is_told_too(struct world *world)
{
	static const struct {
		const char *fault, *with;
	} kinds[] = {{"loss", "{\"ratio\":1}"}, {"delay", "{\"delay\":\"5ms\"}"}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct injector *injector = injector_greeted(world, NODE_A, "30s");
		struct cut cut = {.id = "cut",
			.fault = kinds[i].fault,
			.with = kinds[i].with,
			.on = NODE_A,
			.from = NODE_B,
			.for_ms = LONG_MS};
		cJSON *evidence;

		injector_cut(injector, &cut);
		udp_passes(world, NODE_A, NODE_B, AF_INET, PORT);
		evidence = injector_call(injector, "evidence", "{}");
		assert_false(cJSON_IsTrue(cJSON_GetObjectItem(only_fault(evidence), "healed")));
		assert_true(
			number_of(touched_of(only_fault(evidence), world_address(NODE_B, AF_INET)),
				"packets") >= 1);
		cJSON_Delete(evidence);
		assert_int_equal(injector_finish(injector), 0);
	}
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(addresses_and_connections_are_told, 3),
		WORLD_TEST(a_fault_that_hits_a_third_ends_by_itself, 3),
		WORLD_TEST(what_is_lost_or_held_back_is_told_too, 2),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
