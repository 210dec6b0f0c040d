/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/world.h"

/* However a session ends, the fault ends with it, and nothing is left. */

enum {
	PORT = 7001,
	LONG_MS = 60000,
	SOON_MS = 15000
};

static const struct cut whole = {.id = "cut", .on = NODE_A, .from = NODE_B, .for_ms = LONG_MS};

static struct injector *cut_off(struct world *world, const char *lease, const struct cut *cut)
{
	struct injector *injector = injector_greeted(world, NODE_A, lease);

	injector_cut(injector, cut);
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	return injector;
}

static void assert_traffic_flows(struct world *world)
{
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, SOON_MS));
	assert_true(udp_passes_within(world, NODE_B, NODE_A, AF_INET6, SOON_MS));
}

static void end_of_input_heals(struct world *world)
{
	struct injector *injector = cut_off(world, "30s", &whole);

	assert_int_equal(injector_finish(injector), 0);
	assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
}

static void signals_heal(struct world *world)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

	for (int i = 0; i < 3; i++) {
		struct injector *injector = cut_off(world, "30s", &whole);

		injector_signal(injector, signals[i]);
		assert_int_equal(injector_wait(injector), 128 + signals[i]);
		assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	}
}

static void a_reader_that_went_away_heals(struct world *world)
{
	struct injector *injector = cut_off(world, "30s", &whole);

	/* Only its output is closed: the next evidence meets a broken pipe. */
	close(injector->from);
	injector->from = -1;
	assert_traffic_flows(world);
	assert_int_equal(injector_wait(injector), 0);
}

static void the_deadline_passes_while_it_is_stopped(struct world *world)
{
	struct cut cut = whole;
	struct injector *injector;
	cJSON *evidence, *fault;

	cut.for_ms = 2000;
	injector = cut_off(world, "60s", &cut);
	injector_signal(injector, SIGSTOP);
	/* Nobody of ours runs now: this is the kernel's own comparison. */
	assert_traffic_flows(world);
	injector_signal(injector, SIGCONT);
	do {
		pause_ms(20);
		evidence = injector_call(injector, "evidence", "{}");
		fault = cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "faults"), 0);
		if (cJSON_IsTrue(cJSON_GetObjectItem(fault, "healed")))
			break;
		cJSON_Delete(evidence);
	} while (true);
	cJSON_Delete(evidence);
	assert_int_equal(injector_finish(injector), 0);
}

static void a_lost_lease_ends_the_session(struct world *world)
{
	struct injector *injector = cut_off(world, "2s", &whole);

	assert_int_equal(injector_wait(injector), 3);
	assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
}

static void renewing_keeps_it_alive(struct world *world)
{
	struct injector *injector = cut_off(world, "3s", &whole);
	int64_t until = now_ns() + 5000 * 1000000LL;

	while (now_ns() < until) {
		cJSON_Delete(injector_call(injector, "renew", "{\"lease\":\"3s\"}"));
		assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	}
	assert_int_equal(injector_finish(injector), 0);
}

static void stopped_it_loses_its_lease_in_the_kernel(struct world *world)
{
	struct injector *injector = cut_off(world, "3s", &whole);
	int64_t stopped;

	injector_signal(injector, SIGSTOP);
	stopped = now_ns();
	assert_traffic_flows(world);
	assert_true(now_ns() - stopped < (3000 + SOON_MS) * 1000000LL);
	injector_signal(injector, SIGCONT);
	assert_int_equal(injector_wait(injector), 3);
}

static void killed_it_is_recovered(struct world *world)
{
	struct injector *injector = cut_off(world, "3s", &whole);
	char *said;

	injector_signal(injector, SIGKILL);
	assert_int_equal(injector_wait(injector), 128 + SIGKILL);
	assert_traffic_flows(world);
	said = world_recover_saying(world, NODE_A, 0, NULL);
	assert_non_null(strstr(said, "session test of the test"));
	if (strcmp(world->attach, "clsact") == 0) {
		assert_non_null(
			strstr(said, "filter bb_ingress (pref 1) removed from eth0 ingress"));
		assert_non_null(strstr(said, "qdisc clsact removed from eth0"));
	}
	assert_non_null(strstr(said, "nothing is left"));
	free(said);
	/* Once more is fine, and finds nothing. */
	said = world_recover_saying(world, NODE_A, 0, NULL);
	assert_non_null(strstr(said, "nothing to undo"));
	free(said);
}

static void killed_it_is_recovered_from_another_namespace(struct world *world)
{
	struct injector *injector = cut_off(world, "3s", &whole);
	char *said;

	injector_signal(injector, SIGKILL);
	assert_int_equal(injector_wait(injector), 128 + SIGKILL);
	said = world_recover_saying(world, NODE_B, 0, NULL);
	assert_non_null(strstr(said, "network namespace /"));
	assert_non_null(strstr(said, "nothing is left"));
	free(said);
	assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
}

static void the_next_session_heals_what_was_left(struct world *world)
{
	struct injector *injector = cut_off(world, "60s", &whole);

	injector_signal(injector, SIGKILL);
	assert_int_equal(injector_wait(injector), 128 + SIGKILL);
	injector = injector_greeted(world, NODE_A, "30s");
	assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_int_equal(injector_finish(injector), 0);
}

static void recover_leaves_a_live_session_alone_unless_told(struct world *world)
{
	struct injector *injector = cut_off(world, "60s", &whole);
	char *said = world_recover_saying(world, NODE_A, 0, NULL);

	assert_non_null(strstr(said, "session test is live: left alone"));
	free(said);
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	said = world_recover_saying(world, NODE_A, 0, "--stop-live");
	assert_non_null(strstr(said, "was ended"));
	free(said);
	assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_int_equal(injector_wait(injector), 128 + SIGTERM);
}

static void a_namespace_that_is_gone_takes_its_ledger_along(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_C, "60s");
	struct cut cut = {.id = "cut", .on = NODE_C, .from = NODE_B, .for_ms = LONG_MS};
	const char *netns = world_netns(world, NODE_C);
	int64_t give_up = now_ns() + SOON_MS * 1000000LL;
	char *said;

	injector_cut(injector, &cut);
	injector_signal(injector, SIGKILL);
	assert_int_equal(injector_wait(injector), 128 + SIGKILL);
	world_run("ip", "netns", "del", netns, NULL);
	/* The kernel takes its time to let go of the last process's namespace. */
	do {
		said = world_recover_saying(world, NODE_A, 0, NULL);
		if (strstr(said, "its network namespace is gone"))
			break;
		free(said);
		pause_ms(50);
		assert_true(now_ns() < give_up);
	} while (true);
	free(said);
	world->nodes = 2;
	free(world->before[NODE_C]);
}

static void a_second_session_is_told_who_is_there(struct world *world)
{
	struct injector *first = cut_off(world, "60s", &whole);
	struct injector *second = injector_start(world, NODE_A, NULL);
	char *text = injector_refusal(second, "hello",
		"{\"version\":1,\"session\":\"other\",\"controller\":\"another\",\"lease\":"
		"\"5s\"}");

	assert_non_null(strstr(text, "the test"));
	assert_non_null(strstr(text, "pid"));
	free(text);
	assert_int_equal(injector_finish(second), 0);
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_int_equal(injector_finish(first), 0);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(end_of_input_heals, 2),
		WORLD_TEST(signals_heal, 2),
		WORLD_TEST(a_reader_that_went_away_heals, 2),
		WORLD_TEST(the_deadline_passes_while_it_is_stopped, 2),
		WORLD_TEST(a_lost_lease_ends_the_session, 2),
		WORLD_TEST(renewing_keeps_it_alive, 2),
		WORLD_TEST(stopped_it_loses_its_lease_in_the_kernel, 2),
		WORLD_TEST(killed_it_is_recovered, 2),
		WORLD_TEST(killed_it_is_recovered_from_another_namespace, 2),
		WORLD_TEST(the_next_session_heals_what_was_left, 2),
		WORLD_TEST(recover_leaves_a_live_session_alone_unless_told, 2),
		WORLD_TEST(a_namespace_that_is_gone_takes_its_ledger_along, 3),
		WORLD_TEST(a_second_session_is_told_who_is_there, 2),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
