/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "hands.h"

/* An emergency stop: as a signal, but the run ends with 3, and says who wanted it. */

#define BY_ROOT "halt engaged by root on gate because the pager went off"

static void halt(struct hands *hands)
{
	hands_feed(
		hands, (struct event){.kind = EVENT_HALT, .fail = &(struct fail){.text = BY_ROOT}});
}

static void mid_fault_it_heals_at_once(void **state)
{
	struct hands hands;
	struct record record;
	struct judgement judgement;
	int64_t halted_ns;

	(void)state;
	hands_init(&hands, given_tree());
	assert_true(hands_run_to(&hands, ENGINE_ARMING, SECONDS(100)));
	assert_true(hands_run_to(&hands, ENGINE_RUNNING, SECONDS(100)));
	assert_true(hands_anything_armed(&hands));
	halted_ns = hands.now_ns;
	halt(&hands);
	assert_int_equal(hands.heals, 3); /* ordered before anything else happened */
	halt(&hands);                     /* told by each of the hosts */
	assert_true(hands_run(&hands, hands.now_ns + SECONDS(60)));
	assert_false(hands_anything_armed(&hands));
	assert_int_equal(hands_journaled(&hands, "stop"), 1);
	assert_int_equal(hands.reads, 0); /* nobody waits for writes to settle */
	assert_in_range((int64_t)json_number(hands_event(&hands, "fault_over"), "t_ns", 0),
		halted_ns, halted_ns + SECONDS(1));
	judgement = hands_judgement(&hands, &record);
	assert_int_equal(judgement.exit_code, 3);
	assert_string_equal(judgement.headline, "STOPPED");
	assert_string_equal(judgement.reason, BY_ROOT);
	judgement_deinit(&judgement);
	record_deinit(&record);
	hands_deinit(&hands);
}

static void before_the_first_fault_nothing_is_armed(void **state)
{
	struct hands hands;

	(void)state;
	hands_init(&hands, given_tree());
	assert_true(hands_run_to(&hands, ENGINE_RUNNING, SECONDS(100)));
	halt(&hands);
	assert_true(hands_run(&hands, hands.now_ns + SECONDS(60)));
	assert_int_equal(hands.arms, 0);
	assert_int_equal(hands_code(&hands), 3);
	hands_deinit(&hands);
}

/* Everything is healed by then: what is left of the run goes on, without its final reads. */
static void after_the_last_phase_it_only_hurries(void **state)
{
	struct hands hands;

	(void)state;
	hands_init(&hands, given_tree());
	assert_true(hands_run_to(&hands, ENGINE_QUIESCING, SECONDS(200)));
	halt(&hands);
	assert_true(hands_run(&hands, hands.now_ns + SECONDS(60)));
	assert_int_equal(hands.reads, 0);
	assert_int_equal(hands_journaled(&hands, "run_ended"), 1);
	assert_int_equal(hands_code(&hands), 3);
	hands_deinit(&hands);
}

/* Whenever it comes: what was armed is healed, the run ends, and it ends with 3. */
static void in_every_state(void **state)
{
	(void)state;
	for (int at = ENGINE_STARTING; at < ENGINE_DONE; at++) {
		struct hands hands;

		hands_init(&hands, given_tree());
		if (!hands_run_to(&hands, (enum engine_state)at, SECONDS(200))) {
			/* Only a stop leads there, and the first reason stays. */
			assert_int_equal(at, ENGINE_STOPPING);
			hands_deinit(&hands);
			continue;
		}
		halt(&hands);
		assert_true(hands_run(&hands, hands.now_ns + SECONDS(60)));
		assert_false(hands_anything_armed(&hands));
		assert_int_equal(hands_journaled(&hands, "run_ended"), 1);
		assert_int_equal(hands_journaled(&hands, "stop"), 1);
		assert_int_equal(hands_journaled(&hands, "fault_armed"),
			hands_journaled(&hands, "fault_healed"));
		assert_int_equal(hands_code(&hands), 3);
		hands_deinit(&hands);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mid_fault_it_heals_at_once),
		cmocka_unit_test(before_the_first_fault_nothing_is_armed),
		cmocka_unit_test(after_the_last_phase_it_only_hurries),
		cmocka_unit_test(in_every_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
