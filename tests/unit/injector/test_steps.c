/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#include <cmocka.h>

#include "contract/units.h"
#include "injector/clock/step.h"
#include "injector/lists.h"
#include "injector/mechanisms/step_note.h"
#include "injector/recover.h"
#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/kills.h"
#include "tests/unit/injector/talk.h"

/* The fault clock_step: its arithmetic, who may do it, what is in the ledger, and the undo. */

#define HOUR_NS (3600 * NS_PER_SEC)
#define LONG_NS (60 * NS_PER_SEC)
/* A Wednesday, 12:00 UTC. */
#define WALL_NS (INT64_C(1760529600) * NS_PER_SEC)
#define NOTE STATE_DIR STEP_NOTE
#define ALLOWED "{\"backburn_policy\":1,\"faults\":{\"allow\":[\"clock_skew\",\"clock_step\"]}}"

static int begin(void **state)
{
	talk_reset(state);
	fake.wall_ns = WALL_NS;
	fake_write(POLICY_FILE, ALLOWED);
	return 0;
}

static struct session *among(void)
{
	kill_databases();
	return kill_greeted(&kill_config);
}

/* ---- arithmetic ---- */

static struct machine_clock clock_at(int64_t real_ns, int64_t steady_ns, int64_t raw_ns)
{
	return (struct machine_clock){.at = {.at_ns = {[LINE_REAL] = real_ns,
						     [LINE_MONOTONIC] = steady_ns,
						     [LINE_RAW] = raw_ns,
						     [LINE_BOOT] = steady_ns}},
		.tick = 10000};
}

static void true_time_goes_on(void **state)
{
	struct machine_clock before = clock_at(WALL_NS, 100 * NS_PER_SEC, 90 * NS_PER_SEC);
	struct machine_clock now = clock_at(WALL_NS + HOUR_NS, 160 * NS_PER_SEC, 150 * NS_PER_SEC);

	(void)state;
	assert_int_equal(step_true_ns(&before, &now), WALL_NS + 60 * NS_PER_SEC);
	assert_int_equal(step_off_ns(&before, &now), HOUR_NS - 60 * NS_PER_SEC);
	/* Asleep for ten seconds: the raw clock stood, and so did the monotonic one. */
	now.at.at_ns[LINE_BOOT] += 10 * NS_PER_SEC;
	assert_int_equal(step_true_ns(&before, &now), WALL_NS + 70 * NS_PER_SEC);
	/* What coarse clock sources differ by is no slewing. */
	now.at.at_ns[LINE_RAW] += NS_PER_MS;
	assert_int_equal(step_true_ns(&before, &now), WALL_NS + 70 * NS_PER_SEC);
}

/* Somebody let the clock go 10 % slower to bring it back. */
static void slewing_is_seen_through(void **state)
{
	struct machine_clock before = clock_at(WALL_NS, 100 * NS_PER_SEC, 90 * NS_PER_SEC);
	struct machine_clock now =
		clock_at(WALL_NS + 54 * NS_PER_SEC, 154 * NS_PER_SEC, 150 * NS_PER_SEC);

	(void)state;
	assert_int_equal(step_true_ns(&before, &now), WALL_NS + 60 * NS_PER_SEC);
	/* At the rate that it had: 100 millionths more. */
	before.freq = 100 * 65536;
	assert_int_equal(step_true_ns(&before, &now), WALL_NS + 60 * NS_PER_SEC + 6 * NS_PER_MS);
}

static void what_counts_as_undone(void **state)
{
	struct clock_step step = {.offset_ns = HOUR_NS, .before = clock_at(WALL_NS, 0, 0)};
	struct machine_clock now = clock_at(WALL_NS + 99 * NS_PER_MS, 0, 0);

	(void)state;
	assert_true(step_is_undone(&step, &now));
	step.offset_ns = -150 * NS_PER_MS;
	assert_false(step_is_undone(&step, &now));
	now = clock_at(WALL_NS + 101 * NS_PER_MS, 0, 0);
	step.offset_ns = HOUR_NS;
	assert_false(step_is_undone(&step, &now));
}

/* ---- orders ---- */

static struct talk_fault order(const char *with)
{
	return (struct talk_fault){
		.id = "s", .fault = "clock_step", .with = with, .for_ns = LONG_NS};
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
	assert_null(fake_text(NOTE));
	assert_int_equal(fake.steering.stepped_ns, 0);
}

/* On by so much, as the loop and the guardian would go on. */
static void pass(struct session *session, int64_t ns)
{
	cJSON *said;

	fake.now_ns += ns;
	fake_guardian_looks();
	assert_true(session_tick(session, fake.now_ns));
	while ((said = talk_notification(session)))
		cJSON_Delete(said);
}

/* The number that a measure of the fault achieved; fails when there is none. */
static double achieved(struct session *session, const char *name)
{
	cJSON *evidence = talk(session, "evidence", "{}"), *measure;
	const cJSON *fault = cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "faults"), 0);
	double found = -1;
	char *text;

	cJSON_ArrayForEach(measure, cJSON_GetObjectItem(fault, "measures")) {
		if (strcmp(cJSON_GetObjectItem(measure, "name")->valuestring, name) != 0)
			continue;
		found = cJSON_GetObjectItem(measure, "achieved")->valuedouble;
		cJSON_Delete(evidence);
		return found;
	}
	text = cJSON_PrintUnformatted(evidence);
	fail_msg("no measure \"%s\" in: %s", name, text);
	return found;
}

static bool is_noted(void)
{
	bool found = false;

	LIST_EACH(fake.files, struct fake_file *, file) {
		if (strstr((*file)->path, "/ledger"))
			found |= memmem((*file)->text, (*file)->length, "\"undo\":\"step\"",
					 strlen("\"undo\":\"step\"")) != NULL;
	}
	return found;
}

static size_t recover(void)
{
	struct list said = {0};
	struct host_facts facts;
	struct fail fail = FAIL_INIT;
	size_t left;

	assert_int_equal(host_facts(&facts, &fail), 0);
	left = recover_namespace("/run/backburn", &facts, facts.netns_cookie, &said);
	list_free_texts(&said);
	return left;
}

/* ---- who may ---- */

static void what_makes_no_sense_is_refused(void **state)
{
	struct session *session = among();

	(void)state;
	assert_refused(session, "{}", "offset");
	assert_refused(session, "{\"offset\":\"1h\"}", "a sign, a number and a unit");
	assert_refused(session, "{\"offset\":\"+9999d\"}", "more than ten years");
	assert_refused(session, "{\"offset\":\"+10us\"}", "less than 1ms");
	fake.wall_ns = fake.now_ns;
	assert_refused(session, "{\"offset\":\"-1h\"}", "before 1970");
	talk_end(session);
}

static void only_the_hosts_own_policy_allows_it(void **state)
{
	static const struct session_config with_extra = {.runtime_dir = "/run/backburn",
		.state_dir = STATE_DIR,
		.policy_file = "/etc/backburn/none.json",
		.extra_policy = POLICY_FILE};
	static const char *const texts[] = {"{\"backburn_policy\":1}",
		"{\"backburn_policy\":1,\"faults\":{}}",
		"{\"backburn_policy\":1,\"faults\":{\"allow\":[\"kill\"]}}", "{"};
	struct session *session = kill_greeted(&with_extra);

	(void)state;
	assert_refused(session, "{\"offset\":\"+1h\"}", "which is not there");
	talk_end(session);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fake_write(POLICY_FILE, texts[i]);
		session = among();
		assert_refused(session, "{\"offset\":\"+1h\"}", "in faults.allow, which");
		talk_end(session);
	}
	fake_write(POLICY_FILE,
		"{\"backburn_policy\":1,\"faults\":{\"allow\":[\"clock_step\"],"
		"\"deny\":[\"clock_step\"]}}");
	session = among();
	assert_refused(session, "{\"offset\":\"+1h\"}", "faults.deny names clock_step");
	talk_end(session);
}

static void only_the_machines_own_injector_does_it(void **state)
{
	static const struct session_config confined = {.runtime_dir = "/run/backburn",
		.state_dir = STATE_DIR,
		.policy_file = POLICY_FILE,
		.cgroup = "/sys/fs/cgroup/lab"};
	struct session *session = among();

	(void)state;
	fake.machine_refusal = "it lives elsewhere";
	assert_null(ask(session, "inspect", "{\"offset\":\"+1h\"}"));
	assert_refused(session, "{\"offset\":\"+1h\"}", "it lives elsewhere");
	fake.machine_refusal = NULL;
	talk_end(session);
	session = kill_greeted(&confined);
	assert_refused(session, "{\"offset\":\"+1h\"}", "confined to a cgroup");
	talk_end(session);
}

static void one_at_a_time_has_the_clocks(void **state)
{
	static const char skew[] =
		"{\"id\":\"k\",\"fault\":\"clock_skew\",\"scope\":{},\"role\":\"on\","
		"\"with\":{\"offset\":\"+30s\"},\"on\":[{\"node\":\"a\",\"prefixes\":[]}],"
		"\"from\":[],\"processes\":{\"exe\":\"/usr/bin/db\"},"
		"\"start_ns\":\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64 "\"}";
	struct session *session = among();
	char order[512];

	(void)state;
	snprintf(order, sizeof(order), skew, fake.now_ns + 1, fake.now_ns + LONG_NS);
	cJSON_Delete(talk(session, "arm", "%s", order));
	assert_refused(session, "{\"offset\":\"+1h\"}", "has the clocks of this machine");
	cJSON_Delete(talk(session, "heal", "{}"));
	arm(session, "{\"offset\":\"+1h\"}");
	assert_null(talk(session, "arm", "%s", order));
	talk_end(session);
}

/* ---- what it does ---- */

static void it_is_noted_stepped_and_set_right(void **state)
{
	struct session *session = among();

	(void)state;
	fake.steering.freq = 77;
	arm(session, "{\"offset\":\"+1h\"}");
	assert_true(is_noted());
	assert_non_null(strstr(fake_text(NOTE), "\"boot\":\"boot-1\""));
	assert_int_equal(fake.steering.stepped_ns, 0);
	pass(session, NS_PER_MS);
	assert_int_equal(fake.steering.stepped_ns, HOUR_NS);
	assert_true(achieved(session, "clock step") == (double)HOUR_NS);
	fake.steering.freq = 99;
	pass(session, NS_PER_SEC);
	cJSON_Delete(talk(session, "heal", "{}"));
	assert_int_equal(fake.steering.stepped_ns, 0);
	assert_int_equal(fake.steering.freq, 77);
	assert_int_equal(fake.steering.status, 0);
	assert_null(fake_text(NOTE));
	assert_true(achieved(session, "clock off at end") == (double)HOUR_NS);
	assert_true(achieved(session, "clock error since") == 0);
	talk_end(session);
}

static void its_deadline_needs_nobody(void **state)
{
	struct session *session = among();

	(void)state;
	cJSON_Delete(talk(session, "renew", "{\"lease\":\"200s\"}"));
	arm(session, "{\"offset\":\"-1h\"}");
	pass(session, NS_PER_MS);
	assert_int_equal(fake.steering.stepped_ns, -HOUR_NS);
	fake.now_ns += LONG_NS;
	fake_guardian_looks();
	assert_int_equal(fake.steering.stepped_ns, 0);
	pass(session, NS_PER_MS);
	assert_true(achieved(session, "clock off at end") == -(double)HOUR_NS);
	talk_end(session);
}

/* A time service has stepped it back, and says so. */
static void what_another_has_set_right_is_left(void **state)
{
	struct session *session = among();

	(void)state;
	kill_add(33, 5, "/usr/sbin/chronyd", "chronyd");
	fake_find_process(33)->name = "chronyd";
	arm(session, "{\"offset\":\"+1h\"}");
	pass(session, NS_PER_MS);
	fake.steering.stepped_ns = 3 * NS_PER_MS;
	fake.steering.freq = 5;
	fake.steering.status = STA_PLL;
	pass(session, NS_PER_SEC);
	assert_true(achieved(session, "moved by others, chronyd (pid 33)?") > 3599e9);
	cJSON_Delete(talk(session, "heal", "{}"));
	assert_int_equal(fake.steering.stepped_ns, 3 * NS_PER_MS);
	assert_int_equal(fake.steering.freq, 5);
	assert_int_equal(fake.steering.status, STA_PLL);
	assert_true(achieved(session, "clock error since") == 3e6);
	fake.steering = (struct fake_steering){0};
	talk_end(session);
}

static void what_another_has_set_wrong_is_set_right(void **state)
{
	struct session *session = among();

	(void)state;
	arm(session, "{\"offset\":\"+1h\"}");
	pass(session, NS_PER_MS);
	fake.steering.stepped_ns = 300 * NS_PER_SEC;
	fake.steering.slewed_ns = 0;
	cJSON_Delete(talk(session, "heal", "{}"));
	assert_int_equal(fake.steering.stepped_ns, 0);
	talk_end(session);
}

static void one_that_was_set_meanwhile_is_not_stepped(void **state)
{
	struct session *session = among();

	(void)state;
	arm(session, "{\"offset\":\"+1h\"}");
	fake.steering.stepped_ns = 20 * NS_PER_MS;
	pass(session, NS_PER_MS);
	assert_int_equal(fake.steering.stepped_ns, 20 * NS_PER_MS);
	assert_true(achieved(session, "clock step") == 0);
	fake.steering = (struct fake_steering){0};
	talk_end(session);
}

/* ---- who dies ---- */

static void the_guardian_dies(void **state)
{
	struct session *session = among();

	(void)state;
	arm(session, "{\"offset\":\"+1h\"}");
	pass(session, NS_PER_MS);
	fake.guardian_dies = true;
	pass(session, NS_PER_SEC);
	assert_int_equal(fake.steering.stepped_ns, 0);
	assert_true(achieved(session, "clock off at end") == (double)HOUR_NS);
	assert_true(achieved(session, "clock error since") == 0);
	fake.guardian_dies = false;
	talk_end(session);
}

static void both_die(void **state)
{
	struct session *session = among();

	(void)state;
	arm(session, "{\"offset\":\"+1h\"}");
	pass(session, NS_PER_MS);
	fake.dead = true;
	session_free(session);
	fake_kill();
	assert_int_equal(fake.steering.stepped_ns, HOUR_NS);
	fake.now_ns += 100 * NS_PER_SEC;
	assert_int_equal(recover(), 0);
	assert_int_equal(fake.steering.stepped_ns, 0);
	assert_int_equal(fake.steering.status, 0);
	assert_null(fake_text(NOTE));
	assert_int_equal(recover(), 0);
}

/* ---- after a boot ---- */

static void write_note(int64_t offset_ns, int64_t real_ns)
{
	char text[512];

	snprintf(text, sizeof(text),
		"{\"boot\":\"boot-0\",\"step\":{\"offset_ns\":\"%lld\",\"real_ns\":\"%lld\","
		"\"monotonic_ns\":\"1\",\"raw_ns\":\"1\",\"boot_ns\":\"1\",\"freq\":\"0\","
		"\"tick\":\"10000\",\"status\":\"0\",\"maxerror_us\":\"1\",\"esterror_us\":\"1\"}}",
		(long long)offset_ns, (long long)real_ns);
	fake_write(NOTE, text);
}

static void assert_after_boot(size_t left, const char *part)
{
	struct list said = {0};
	struct host_facts facts;
	struct fail fail = FAIL_INIT;

	assert_int_equal(host_facts(&facts, &fail), 0);
	assert_int_equal(step_note_recover(NOTE, &facts, &said), left);
	assert_int_equal(said.count, *part ? 1 : 0);
	if (*part && !strstr(*(char **)said.items, part))
		fail_msg("\"%s\" is not in: %s", part, *(char **)said.items);
	list_free_texts(&said);
	assert_int_equal(fake_text(NOTE) != NULL, left);
}

static void a_boot_later(void **state)
{
	struct list said = {0};
	struct host_facts facts;
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_after_boot(0, "");
	/* Ahead of what it was: that may be true. */
	fake.steering.status = STA_UNSYNC;
	write_note(HOUR_NS, WALL_NS - LONG_NS);
	assert_after_boot(1, "compare it with another clock");
	assert_int_equal(fake.steering.stepped_ns, 0);
	assert_int_equal(host_facts(&facts, &fail), 0);
	step_note_left(NOTE, &facts, &said);
	assert_int_equal(said.count, 1);
	list_free_texts(&said);
	/* Whoever does not mean the machine leaves it alone. */
	fake.machine_refusal = "it lives elsewhere";
	assert_int_equal(step_note_recover(NOTE, &facts, &said), 0);
	fake.machine_refusal = NULL;
	/* Behind it, but not by an hour. */
	write_note(-HOUR_NS, WALL_NS + 2 * HOUR_NS);
	assert_after_boot(1, "compare it with another clock");
	/* Behind it, and an hour more is not. */
	write_note(-HOUR_NS, WALL_NS + LONG_NS);
	assert_after_boot(0, "came back with it: set right");
	assert_int_equal(fake.steering.stepped_ns, HOUR_NS);
	/* Somebody knows better. */
	fake.steering = (struct fake_steering){0};
	write_note(HOUR_NS, WALL_NS - LONG_NS);
	assert_after_boot(0, "a time service has synchronised it");
	fake_write(NOTE, "{");
	assert_after_boot(1, "then remove");
}

/* ---- what is said ---- */

static void one_of_another_boot_is_looked_into_first(void **state)
{
	struct session *session = among();

	(void)state;
	write_note(HOUR_NS, WALL_NS - LONG_NS);
	assert_null(ask(session, "arm", "{\"offset\":\"+1h\"}"));
	assert_non_null(strstr(talk_error, "run backburn-injector recover"));
	assert_non_null(fake_text(NOTE));
	talk_end(session);
}

static void the_hours_of_a_policy_go_by_the_true_time(void **state)
{
	struct session *session;
	cJSON *killed;

	(void)state;
	fake_write(POLICY_FILE,
		"{\"backburn_policy\":1,\"faults\":{\"allow\":[\"clock_step\",\"kill\"]},"
		"\"hours\":{\"days\":[\"wed\"],\"from\":\"11:00\",\"to\":\"13:00\",\"zone\":"
		"\"UTC\"}}");
	session = among();
	cJSON_Delete(talk(session, "renew", "{\"lease\":\"200s\"}"));
	arm(session, "{\"offset\":\"+30d\"}");
	pass(session, NS_PER_MS);
	killed = kill_ask(session, "arm", "\"exe\":\"/usr/bin/db\"", "", NS_PER_SEC);
	if (!killed)
		fail_msg("%s", talk_error);
	cJSON_Delete(killed);
	cJSON_Delete(talk(session, "heal", "{}"));
	talk_end(session);
}

static void the_dry_run_says_it(void **state)
{
	struct session *session = among();
	cJSON *seen;
	char *said;

	(void)state;
	kill_add(33, 5, "/usr/sbin/chronyd", "chronyd");
	fake_find_process(33)->name = "chronyd";
	seen = ask(session, "inspect", "{\"offset\":\"-1h\"}");
	if (!seen)
		fail_msg("%s", talk_error);
	said = cJSON_PrintUnformatted(seen);
	assert_non_null(strstr(said, "step the clock of the whole machine by -60m"));
	assert_non_null(strstr(said, "chronyd (pid 33) runs here"));
	assert_non_null(strstr(said, "backburn-injector recover"));
	free(said);
	cJSON_Delete(seen);
	assert_int_equal(fake.steering.stepped_ns, 0);
	talk_end(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(true_time_goes_on),
		cmocka_unit_test(slewing_is_seen_through),
		cmocka_unit_test(what_counts_as_undone),
		cmocka_unit_test_setup(what_makes_no_sense_is_refused, begin),
		cmocka_unit_test_setup(only_the_hosts_own_policy_allows_it, begin),
		cmocka_unit_test_setup(only_the_machines_own_injector_does_it, begin),
		cmocka_unit_test_setup(one_at_a_time_has_the_clocks, begin),
		cmocka_unit_test_setup(it_is_noted_stepped_and_set_right, begin),
		cmocka_unit_test_setup(its_deadline_needs_nobody, begin),
		cmocka_unit_test_setup(what_another_has_set_right_is_left, begin),
		cmocka_unit_test_setup(what_another_has_set_wrong_is_set_right, begin),
		cmocka_unit_test_setup(one_that_was_set_meanwhile_is_not_stepped, begin),
		cmocka_unit_test_setup(the_guardian_dies, begin),
		cmocka_unit_test_setup(both_die, begin),
		cmocka_unit_test_setup(a_boot_later, begin),
		cmocka_unit_test_setup(one_of_another_boot_is_looked_into_first, begin),
		cmocka_unit_test_setup(the_hours_of_a_policy_go_by_the_true_time, begin),
		cmocka_unit_test_setup(the_dry_run_says_it, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
