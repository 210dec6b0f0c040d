/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/units.h"
#include "injector/clock/skew.h"
#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/kills.h"
#include "tests/unit/injector/talk.h"

/* The fault clock_skew: its arithmetic, its parameters, what is in the ledger, and the undo. */

#define UNDO "\"undo\":\"clock\""
#define LONG_NS (60 * NS_PER_SEC)

/* ---- arithmetic ---- */

static struct clock_moment moment(int64_t real_ns, int64_t steady_ns)
{
	return (struct clock_moment){.at_ns = {[LINE_REAL] = real_ns,
					     [LINE_TAI] = real_ns + 37 * NS_PER_SEC,
					     [LINE_MONOTONIC] = steady_ns,
					     [LINE_RAW] = steady_ns,
					     [LINE_BOOT] = steady_ns}};
}

static struct clock_control begun(const struct clock_skew *skew)
{
	struct clock_control control = {.owner = 7};
	struct clock_moment now = moment(1000 * NS_PER_SEC, 100 * NS_PER_SEC);

	skew_until(&control, 200 * NS_PER_SEC, &now);
	skew_write(&control, skew, &now);
	return control;
}

static int64_t real_at(const struct clock_control *control, int64_t since_ns)
{
	return clock_answer_ns(control, LINE_REAL, 1000 * NS_PER_SEC + since_ns) -
		1000 * NS_PER_SEC - since_ns;
}

static void wall_clocks_move_together(void **state)
{
	struct clock_control control =
		begun(&(struct clock_skew){.offset_ns = -2 * NS_PER_SEC, .drift = 1});

	(void)state;
	assert_int_equal(real_at(&control, 0), -2 * NS_PER_SEC);
	assert_int_equal(real_at(&control, 5 * NS_PER_SEC), -2 * NS_PER_SEC);
	assert_int_equal(clock_answer_ns(&control, LINE_TAI, 1037 * NS_PER_SEC), 1035 * NS_PER_SEC);
	assert_int_equal(
		clock_answer_ns(&control, LINE_MONOTONIC, 101 * NS_PER_SEC), 101 * NS_PER_SEC);
	assert_int_equal(clock_line_of(5), LINE_REAL);
	assert_int_equal(clock_line_of(11), LINE_TAI);
	assert_int_equal(clock_line_of(2), LINE_NONE);
	assert_int_equal(clock_line_of(-1), LINE_NONE);
	assert_int_equal(clock_line_of(16), LINE_NONE);
}

static void it_drifts_stands_and_alternates(void **state)
{
	struct clock_control control = begun(&(struct clock_skew){.drift = 1.5});

	(void)state;
	assert_int_equal(real_at(&control, 10 * NS_PER_SEC), 5 * NS_PER_SEC);
	control = begun(&(struct clock_skew){.drift = 1, .freeze = true});
	assert_int_equal(real_at(&control, 10 * NS_PER_SEC), -10 * NS_PER_SEC);
	control = begun(&(struct clock_skew){.drift = 1,
		.offset_ns = NS_PER_SEC,
		.other_ns = -NS_PER_SEC,
		.strobe_ns = 2 * NS_PER_SEC});
	assert_int_equal(real_at(&control, NS_PER_SEC / 2), NS_PER_SEC);
	assert_int_equal(real_at(&control, NS_PER_SEC * 3 / 2), -NS_PER_SEC);
	assert_int_equal(real_at(&control, NS_PER_SEC * 5 / 2), NS_PER_SEC);
}

static void steady_clocks_only_go_on(void **state)
{
	struct clock_control control = begun(&(struct clock_skew){.drift = 0.5, .steady = true});
	int64_t before_ns = 0;

	(void)state;
	for (int64_t at = 99 * NS_PER_SEC; at < 110 * NS_PER_SEC; at += 10 * NS_PER_MS) {
		int64_t said_ns = clock_answer_ns(&control, LINE_MONOTONIC, at);

		assert_true(said_ns > before_ns && said_ns <= at);
		before_ns = said_ns;
	}
	assert_true(before_ns < 106 * NS_PER_SEC);
}

/* What the drift has added up to stays when the drift becomes another. */
static void a_change_leaves_no_step_of_its_own(void **state)
{
	struct clock_control control = begun(&(struct clock_skew){.drift = 1.5});
	struct clock_moment now = moment(1010 * NS_PER_SEC, 110 * NS_PER_SEC);

	(void)state;
	skew_write(&control, &(struct clock_skew){.drift = 0.5}, &now);
	assert_int_equal(control.slot, 1);
	assert_int_equal(real_at(&control, 10 * NS_PER_SEC), 5 * NS_PER_SEC);
	assert_int_equal(real_at(&control, 20 * NS_PER_SEC), 0);
	skew_write(&control, &(struct clock_skew){.drift = 1, .offset_ns = NS_PER_SEC}, &now);
	assert_int_equal(control.slot, 0);
}

static void it_ends_by_itself(void **state)
{
	struct clock_control control =
		begun(&(struct clock_skew){.offset_ns = NS_PER_SEC, .drift = 1});

	(void)state;
	assert_int_equal(real_at(&control, 100 * NS_PER_SEC - 1), NS_PER_SEC);
	assert_int_equal(real_at(&control, 100 * NS_PER_SEC), 0);
	/* As the kernel leaves it when the owner dies. */
	control.owner = 0x40000000;
	assert_int_equal(real_at(&control, 0), 0);
	control.owner = 7;
	control.on = 0;
	assert_int_equal(real_at(&control, 0), 0);
}

/* ---- the session ---- */

static struct talk_fault order(const char *with)
{
	return (struct talk_fault){.id = "s",
		.fault = "clock_skew",
		.with = with,
		.processes = "\"exe\":\"/usr/bin/db\"",
		.for_ns = LONG_NS};
}

static cJSON *ask(struct session *session, const char *verb, const char *with)
{
	struct talk_fault own = order(with);

	return talk_fault(session, verb, &own);
}

static void arm(struct session *session, const char *with)
{
	struct talk_fault own = order(with);

	talk_arm_fault(session, &own);
}

static void assert_refused(struct session *session, const char *with, const char *part)
{
	assert_null(ask(session, "arm", with));
	if (!strstr(talk_error, part))
		fail_msg("\"%s\" is not in: %s", part, talk_error);
	assert_int_equal(fake.clocks.count, 0);
}

static void start(struct session *session)
{
	cJSON *said;

	fake.now_ns += NS_PER_MS;
	assert_true(session_tick(session, fake.now_ns));
	while ((said = talk_notification(session)))
		cJSON_Delete(said);
}

static bool is_noted(void)
{
	bool found = false;

	LIST_EACH(fake.files, struct fake_file *, file) {
		if (strstr((*file)->path, "/ledger"))
			found |= memmem((*file)->text, (*file)->length, UNDO, strlen(UNDO)) != NULL;
	}
	return found;
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct session *session = kill_among();

	(void)state;
	assert_refused(session, "{}", "nothing is skewed");
	assert_refused(session, "{\"offset\":\"30s\"}", "a sign, a number and a unit");
	assert_refused(session, "{\"offset\":\"+9999d\"}", "more than ten years");
	assert_refused(session, "{\"drift\":3}", "drift");
	assert_refused(session, "{\"freeze\":true,\"drift\":1.5}", "a clock that stands");
	assert_refused(session, "{\"clocks\":\"all\",\"drift\":1.5}", "never goes back");
	assert_refused(session, "{\"clocks\":\"all\",\"offset\":\"+1s\"}", "never goes back");
	fake.clock_refusal = "it has no vDSO";
	assert_refused(session, "{\"offset\":\"+30s\"}", "it has no vDSO");
	fake.clock_refusal = NULL;
	talk_end(session);
}

static void it_is_noted_switched_on_and_healed(void **state)
{
	struct session *session = kill_among();

	(void)state;
	arm(session, "{\"offset\":\"+30s\"}");
	assert_true(is_noted());
	assert_true(fake.clocks.count > 0);
	assert_int_equal(fake_clock_control()->on, 0);
	start(session);
	assert_int_equal(fake_clock_control()->on, 1);
	assert_int_equal(fake_clock_control()->slots[0].shift_ns, 30 * NS_PER_SEC);
	cJSON_Delete(talk(session, "heal", "{}"));
	assert_int_equal(fake.clocks.count, 0);
	talk_end(session);
	assert_true(fake_is_clean());
}

static void pass(struct session *session, int64_t ns)
{
	cJSON *said;

	fake.now_ns += ns;
	cJSON_Delete(talk(session, "renew", "{\"lease\":\"5s\"}"));
	assert_true(session_tick(session, fake.now_ns));
	while ((said = talk_notification(session)))
		cJSON_Delete(said);
}

/* What could not be healed is tried again long before its deadline, and not at every turn. */
static void what_is_left_is_healed_soon(void **state)
{
	struct session *session = kill_among();

	(void)state;
	arm(session, "{\"offset\":\"+30s\"}");
	start(session);
	fake.fail_name = "clock_heal";
	assert_null(talk(session, "heal", "{}"));
	assert_true(fake.clocks.count > 0);
	assert_true(session_next_ns(session, fake.now_ns) > fake.now_ns);
	pass(session, NS_PER_SEC);
	assert_true(fake.clocks.count > 0);
	assert_true(session_next_ns(session, fake.now_ns) > fake.now_ns);
	fake.fail_name = NULL;
	pass(session, NS_PER_SEC);
	assert_int_equal(fake.clocks.count, 0);
	talk_end(session);
	assert_true(fake_is_clean());
}

static int attachments, second_attachment;

static void note_attachments(const char *name, int number)
{
	if (strcmp(name, "clock_attach") == 0 && ++attachments == 2)
		second_attachment = number;
}

/* The same of one that could be neither armed, at the second process, nor unmade. */
static void what_was_begun_is_healed_soon(void **state)
{
	struct session *session = kill_among();

	fake.asked = note_attachments;
	arm(session, "{\"offset\":\"+30s\"}");
	talk_end(session);
	talk_reset(state);
	session = kill_among();
	fake.fail_at = second_attachment;
	fake.fail_more = 10;
	assert_null(ask(session, "arm", "{\"offset\":\"+30s\"}"));
	assert_non_null(strstr(talk_error, "and then"));
	assert_int_equal(fake.clocks.count, 1);
	fake.fail_at = 0;
	pass(session, NS_PER_SEC);
	assert_int_equal(fake.clocks.count, 0);
	talk_end(session);
	assert_true(fake_is_clean());
}

static void a_change_goes_to_the_other_slot(void **state)
{
	struct session *session = kill_among();
	cJSON *changed;

	(void)state;
	arm(session, "{\"offset\":\"+30s\"}");
	start(session);
	changed = talk(session, "update", "{\"fault\":\"s\",\"with\":{\"offset\":\"-1m\"}}");
	assert_non_null(changed);
	cJSON_Delete(changed);
	assert_int_equal(fake_clock_control()->slot, 1);
	assert_int_equal(fake_clock_control()->slots[1].shift_ns, -60 * NS_PER_SEC);
	talk_end(session);
}

static void the_lease_is_in_the_page(void **state)
{
	struct session *session = kill_among();
	int64_t before_ns;

	(void)state;
	arm(session, "{\"offset\":\"+30s\"}");
	start(session);
	before_ns = fake_clock_control()->until_ns[LINE_MONOTONIC];
	cJSON_Delete(talk(session, "renew", "{\"lease\":\"5s\"}"));
	assert_true(fake_clock_control()->until_ns[LINE_MONOTONIC] <= before_ns + LONG_NS);
	assert_true(fake_clock_control()->until_ns[LINE_MONOTONIC] > fake.now_ns);
	talk_end(session);
}

static void the_dry_run_says_it(void **state)
{
	struct session *session = kill_among();
	cJSON *seen = ask(session, "inspect",
		"{\"offset\":\"+30s\",\"drift\":1.5,\"strobe\":{\"offset\":\"-1s\",\"every\":"
		"\"2s\"}}");
	char *said;

	(void)state;
	assert_non_null(seen);
	said = cJSON_PrintUnformatted(seen);
	assert_non_null(strstr(said, "+30.0s and -1.00s in turns"));
	assert_non_null(strstr(said, "1.5 s for each true one"));
	assert_non_null(strstr(said, "not what asks the kernel itself"));
	free(said);
	cJSON_Delete(seen);
	assert_int_equal(fake.clocks.count, 0);
	talk_end(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wall_clocks_move_together),
		cmocka_unit_test(it_drifts_stands_and_alternates),
		cmocka_unit_test(steady_clocks_only_go_on),
		cmocka_unit_test(a_change_leaves_no_step_of_its_own),
		cmocka_unit_test(it_ends_by_itself),
		cmocka_unit_test_setup(what_makes_no_sense_is_refused, talk_reset),
		cmocka_unit_test_setup(it_is_noted_switched_on_and_healed, talk_reset),
		cmocka_unit_test_setup(what_is_left_is_healed_soon, talk_reset),
		cmocka_unit_test_setup(what_was_begun_is_healed_soon, talk_reset),
		cmocka_unit_test_setup(a_change_goes_to_the_other_slot, talk_reset),
		cmocka_unit_test_setup(the_lease_is_in_the_page, talk_reset),
		cmocka_unit_test_setup(the_dry_run_says_it, talk_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
