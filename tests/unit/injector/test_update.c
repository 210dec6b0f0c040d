/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/units.h"
#include "injector/lane/lane.h"
#include "injector/lists.h"
#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/talk.h"

/* Faults whose parameters change while they act. */

#define LONG_NS (60 * NS_PER_SEC)

static void arm(struct session *session, const char *fault, const char *with)
{
	cJSON *armed = talk(session, "arm",
		"{\"id\":\"x\",\"fault\":\"%s\",\"scope\":{},\"role\":\"on\",\"with\":%s,"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[\"10.0.0.1\"]}],"
		"\"from\":[{\"node\":\"b\",\"prefixes\":[\"10.0.0.2\"]}],\"seed\":\"7\","
		"\"start_ns\":\"%lld\",\"deadline_ns\":\"%lld\"}",
		fault, with, (long long)fake.now_ns, (long long)fake.now_ns + LONG_NS);

	if (!armed)
		fail_msg("%s %s: %s", fault, with, talk_error);
	cJSON_Delete(armed);
}

static bool update(struct session *session, const char *with)
{
	cJSON *updated = talk(session, "update", "{\"fault\":\"x\",\"with\":%s}", with);

	cJSON_Delete(updated);
	return updated;
}

static const struct bb_slot *slot_at(int slot)
{
	return &fake.control.slots[slot];
}

/* As 1/1000. */
static int ratio_of(int slot)
{
	const struct bb_chance *chance = &slot_at(slot)->chance[slot_at(slot)->current];

	return (int)((double)chance->hit[0] / (double)BB_CERTAIN * 1000 + 0.5);
}

static const cJSON *fault_of(const cJSON *evidence)
{
	return cJSON_GetObjectItem(evidence, "faults")->child;
}

/* trials of a measure, and what was asked of it; -1: there is none. */
static int64_t trials(const cJSON *evidence, const char *name, double *asked, int64_t *hits)
{
	const cJSON *measure;

	cJSON_ArrayForEach(measure, cJSON_GetObjectItem(fault_of(evidence), "measures")) {
		if (strcmp(cJSON_GetObjectItem(measure, "name")->valuestring, name) != 0 ||
			strcmp(cJSON_GetObjectItem(measure, "direction")->valuestring, "egress") !=
				0)
			continue;
		*asked = cJSON_GetObjectItem(measure, "asked")->valuedouble;
		*hits = atoll(cJSON_GetObjectItem(measure, "hits")->valuestring);
		return atoll(cJSON_GetObjectItem(measure, "count")->valuestring);
	}
	return -1;
}

static void hit(int times)
{
	for (int i = 0; i < times; i++)
		fake_hit("10.0.0.2", BB_WIRE_FIRST, BB_EGRESS);
}

static void assert_trials(
	const cJSON *evidence, const char *name, double asked, int64_t hits, int64_t count)
{
	double told_asked = -1;
	int64_t told_hits = -1, told = trials(evidence, name, &told_asked, &told_hits);

	if (told != count || told_hits != hits || told_asked < asked - 1e-6 ||
		told_asked > asked + 1e-6)
		fail_msg("%s: %d of %d, asked %g", name, (int)told_hits, (int)told, told_asked);
}

/* Trials are of one ratio or of the other, and the sum of hits never falls. */
static void each_part_has_its_own_trials(void **state)
{
	struct session *session = talk_greeted("auto");
	const cJSON *counter, *changes;
	cJSON *evidence;
	int64_t packets = 0;

	(void)state;
	arm(session, "loss", "{\"ratio\":0.1}");
	hit(3);
	assert_true(update(session, "{\"ratio\":0.2}"));
	assert_int_equal(ratio_of(BB_WIRE_FIRST), 200);
	hit(5);
	for (int healed = 0; healed < 2; healed++) {
		evidence = talk(session, healed ? "heal" : "evidence", "{}");
		assert_trials(evidence, "loss", 0.1, 6, 15);
		assert_trials(evidence, "loss after change 1", 0.2, 10, 25);
		if (!healed) {
			assert_true(update(session, "{\"ratio\":0.3}"));
			hit(7);
			assert_true(update(session, "{\"ratio\":0.4}"));
			hit(1);
			cJSON_Delete(evidence);
		}
	}
	assert_trials(evidence, "loss after change 2", 0.3, 14, 35);
	assert_trials(evidence, "loss after change 3", 0.4, 2, 5);
	cJSON_ArrayForEach(counter, cJSON_GetObjectItem(fault_of(evidence), "counters")) {
		packets += atoll(cJSON_GetObjectItem(counter, "packets")->valuestring);
	}
	assert_int_equal(packets, 16);
	changes = cJSON_GetObjectItem(fault_of(evidence), "changes");
	assert_int_equal(cJSON_GetArraySize(changes), 3);
	assert_true(cJSON_GetObjectItem(cJSON_GetObjectItem(changes->child->next, "with"), "ratio")
			    ->valuedouble == 0.3);
	cJSON_Delete(evidence);
	talk_end(session);
}

/* Entries that come while a fault has been changed, and go, take their counts along. */
static void counts_survive_changes_of_the_table(void **state)
{
	struct session *session = talk_greeted("auto");
	cJSON *evidence;

	(void)state;
	arm(session, "loss", "{\"ratio\":0.1}");
	hit(1);
	assert_true(update(session, "{\"ratio\":0.2}"));
	hit(2);
	for (int i = 0; i < 3; i++) {
		char id[8];

		snprintf(id, sizeof(id), "y%d", i);
		cJSON_Delete(talk(session, "arm", "%s",
			talk_order(id, "{}", fake.now_ns, fake.now_ns + LONG_NS)));
		hit(1);
		cJSON_Delete(talk(session, "heal", "{\"faults\":[\"%s\"]}", id));
		hit(1);
	}
	evidence = talk(session, "evidence", "{\"faults\":[\"x\"]}");
	assert_trials(evidence, "loss", 0.1, 2, 5);
	assert_trials(evidence, "loss after change 1", 0.2, 16, 40);
	cJSON_Delete(evidence);
	talk_end(session);
}

static void an_mtu_changes_by_one_store(void **state)
{
	struct session *session = talk_greeted("auto");

	(void)state;
	arm(session, "mtu", "{\"bytes\":1200,\"icmp\":true}");
	assert_int_equal(slot_at(0)->mtu[slot_at(0)->current], 1200);
	assert_true(update(session, "{\"bytes\":600}"));
	assert_int_equal(slot_at(0)->mtu[slot_at(0)->current], 600);
	assert_int_equal(slot_at(0)->mtu[!slot_at(0)->current], 1200);
	assert_true(slot_at(0)->answer);
	talk_end(session);
}

static const struct lane_spec *order_of(int lane)
{
	const struct lane *shared = &fake_keeper_memory()->lanes[lane];

	assert_int_equal(shared->taken, shared->version);
	assert_true(shared->active);
	return &shared->spec[shared->current];
}

static void a_kept_lane_gets_another_order(void **state)
{
	struct session *session = talk_greeted("auto");

	(void)state;
	arm(session, "delay", "{\"delay\":\"20ms\",\"jitter\":\"5ms\"}");
	assert_true(update(session, "{\"delay\":\"60ms\"}"));
	assert_int_equal(order_of(0)->delay_ns, 60 * NS_PER_MS);
	assert_int_equal(order_of(0)->jitter_ns, 5 * NS_PER_MS);
	/* Checked as if it were ordered so at once. */
	assert_false(update(session, "{\"delay\":\"2ms\"}"));
	assert_non_null(strstr(talk_error, "jitter is more than delay"));
	assert_int_equal(order_of(0)->delay_ns, 60 * NS_PER_MS);
	assert_true(update(session, "{\"delay\":\"2ms\",\"jitter\":\"1ms\"}"));
	assert_int_equal(order_of(0)->delay_ns, 2 * NS_PER_MS);
	talk_end(session);
	fake_reset();
	session = talk_greeted("auto");
	arm(session, "rate", "{\"bandwidth\":\"1Mbit\"}");
	assert_true(update(session, "{\"bandwidth\":\"8Mbit\"}"));
	assert_int_equal(order_of(BB_RATE_FIRST - BB_LANE_FIRST)->rate_bytes, 1000000);
	talk_end(session);
}

static void what_can_not_be_changed_is_said(void **state)
{
	static const struct {
		const char *fault, *with, *change, *says;
	} cases[] = {
		{"loss", "{\"ratio\":0.1}", "{\"direction\":\"in\"}",
			"with.direction: can't be changed while it acts; of loss that can: ratio, "
			"correlation"},
		{"loss", "{\"ratio\":0.1}", "{\"type\":\"correlated\",\"correlation\":0.5}",
			"with.type: can't be changed"},
		{"loss", "{\"ratio\":0.1}", "{\"correlation\":0.5}", "does not belong to type"},
		{"loss", "{\"ratio\":0.1}", "{\"ratio\":1.5}", "with.ratio"},
		{"loss", "{\"ratio\":0.1}", "{\"ration\":0.5}", "did you mean \"ratio\""},
		{"loss", "{\"ratio\":0.1}", "{}", "must be an object"},
		{"loss", "{\"ratio\":0.1}", "[0.5]", "must be an object"},
		{"mtu", "{\"bytes\":1200}", "{\"icmp\":true}", "of mtu that can: bytes"},
		{"partition", "{}", "{\"ports\":80}", "of partition that can: nothing"},
		{"delay", "{\"delay\":\"20ms\",\"lane\":\"netem\"}", "{\"delay\":\"30ms\"}",
			"netem"},
		{"delay", "{\"delay\":\"20ms\"}", "{\"keep_order\":false}",
			"of delay that can: delay, jitter, correlation"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct session *session;
		cJSON *evidence;

		fake_reset();
		session = talk_greeted("auto");
		arm(session, cases[i].fault, cases[i].with);
		assert_false(update(session, cases[i].change));
		if (!strstr(talk_error, cases[i].says))
			fail_msg("%s %s: %s", cases[i].fault, cases[i].change, talk_error);
		evidence = talk(session, "evidence", "{}");
		assert_null(cJSON_GetObjectItem(fault_of(evidence), "changes"));
		cJSON_Delete(evidence);
		talk_end(session);
	}
}

static void only_what_acts_is_changed(void **state)
{
	struct session *session = talk_greeted("auto");

	(void)state;
	assert_false(update(session, "{\"ratio\":0.5}"));
	assert_non_null(strstr(talk_error, "no fault \"x\""));
	arm(session, "loss", "{\"ratio\":0.1}");
	cJSON_Delete(talk(session, "heal", "{}"));
	assert_false(update(session, "{\"ratio\":0.5}"));
	assert_non_null(strstr(talk_error, "it is healed"));
	talk_end(session);
}

static void the_policy_is_asked_again(void **state)
{
	struct session *session;

	(void)state;
	fake_write("/etc/backburn/policy.json", "{\"backburn_policy\":1,\"max_loss\":0.3}");
	session = talk_greeted("auto");
	arm(session, "loss", "{\"ratio\":0.1}");
	assert_true(update(session, "{\"ratio\":0.3}"));
	assert_false(update(session, "{\"ratio\":0.4}"));
	assert_non_null(strstr(talk_error, "max_loss"));
	assert_int_equal(ratio_of(BB_WIRE_FIRST), 300);
	talk_end(session);
}

static void changes_have_a_limit(void **state)
{
	struct session *session = talk_greeted("auto");
	char with[32];

	(void)state;
	arm(session, "delay", "{\"delay\":\"20ms\"}");
	for (int i = 0; i < 16; i++) {
		snprintf(with, sizeof(with), "{\"delay\":\"%dms\"}", 21 + i);
		assert_true(update(session, with));
	}
	assert_false(update(session, "{\"delay\":\"50ms\"}"));
	assert_non_null(strstr(talk_error, "16 changes"));
	talk_end(session);
}

/* As a whole or not at all, whichever call fails; and another try is as good as the first. */
static void it_happens_or_does_not(void **state)
{
	(void)state;
	for (int at = 1; at < 8; at++) {
		struct session *session;
		cJSON *evidence;
		bool changed;

		fake_reset();
		session = talk_greeted("auto");
		arm(session, "loss", "{\"ratio\":0.1}");
		hit(2);
		fake.effects = 0;
		fake.fail_at = at;
		changed = update(session, "{\"ratio\":0.2}");
		fake.fail_at = 0;
		assert_int_equal(ratio_of(BB_WIRE_FIRST), changed ? 200 : 100);
		hit(1);
		assert_true(update(session, "{\"ratio\":0.3}"));
		hit(3);
		evidence = talk(session, "evidence", "{}");
		assert_trials(evidence, "loss", 0.1, changed ? 4 : 6, changed ? 10 : 15);
		assert_trials(evidence, changed ? "loss after change 2" : "loss after change 1",
			0.3, 6, 15);
		cJSON_Delete(evidence);
		talk_end(session);
	}
}

/* A keeper that has died holds nothing back: there is nothing to be changed. */
static void a_dead_keeper_takes_no_order(void **state)
{
	struct session *session = talk_greeted("auto");

	(void)state;
	arm(session, "delay", "{\"delay\":\"20ms\"}");
	fake_end_keeper();
	assert_false(update(session, "{\"delay\":\"30ms\"}"));
	assert_non_null(strstr(talk_error, "has died"));
	talk_end(session);
}

/* One that lives and does not look may take the order at any time: the fault is healed. */
static void a_keeper_that_does_not_look_is_not_trusted(void **state)
{
	struct session *session = talk_greeted("auto");
	cJSON *evidence;

	(void)state;
	arm(session, "delay", "{\"delay\":\"20ms\"}");
	fake.keeper_sleeps = true;
	assert_false(update(session, "{\"delay\":\"30ms\"}"));
	assert_non_null(strstr(talk_error, "does not take a new order"));
	assert_false(slot_at(BB_LANE_FIRST)->in_use);
	evidence = talk(session, "evidence", "{}");
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(fault_of(evidence), "healed")));
	cJSON_Delete(evidence);
	talk_end(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_part_has_its_own_trials, talk_reset),
		cmocka_unit_test_setup(counts_survive_changes_of_the_table, talk_reset),
		cmocka_unit_test_setup(an_mtu_changes_by_one_store, talk_reset),
		cmocka_unit_test_setup(a_kept_lane_gets_another_order, talk_reset),
		cmocka_unit_test_setup(what_can_not_be_changed_is_said, talk_reset),
		cmocka_unit_test_setup(only_what_acts_is_changed, talk_reset),
		cmocka_unit_test_setup(the_policy_is_asked_again, talk_reset),
		cmocka_unit_test_setup(changes_have_a_limit, talk_reset),
		cmocka_unit_test_setup(it_happens_or_does_not, talk_reset),
		cmocka_unit_test_setup(a_dead_keeper_takes_no_order, talk_reset),
		cmocka_unit_test_setup(a_keeper_that_does_not_look_is_not_trusted, talk_reset),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_reset();
	list_free(&fake.links);
	return failed;
}
