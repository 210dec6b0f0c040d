/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/units.h"
#include "injector/ledger.h"
#include "injector/lists.h"
#include "injector/mechanisms/chance.h"
#include "injector/mechanisms/lanes.h"
#include "injector/mechanisms/matcher.h"
#include "injector/policy.h"
#include "tests/unit/injector/host_fake.h"

/*
 * The ways of packets through links of our own: how these come and go with the rules that need
 * them, what is refused, and what is told of them afterwards.
 */
static struct list nothing;
static struct port_set no_ports[POLICIES];
static struct prefix address;
static struct endpoint peer = {.node = (char *)"b", .prefixes = {.items = &address, .count = 1}};
static struct list peers = {.items = &peer, .count = 1};
static struct lane_order order;
static struct ledger *ledger;
static struct matcher *matcher;
static struct fail said;

static int begin(void **state)
{
	static const struct ledger_header header = {.boot_id = (char *)"boot-1",
		.session = (char *)"run-1",
		.controller = (char *)"me",
		.pid = 42};

	(void)state;
	fake_reset();
	said = FAIL_INIT;
	memset(&order, 0, sizeof(order));
	assert_int_equal(prefix_parse("10.0.0.2", &address, &said), 0);
	order.spec.delay_ns = 20 * NS_PER_MS;
	assert_int_equal(ledger_open("/run/backburn", &header, &ledger, &said), 0);
	matcher = matcher_new(ATTACH_TCX, &nothing, no_ports);
	matcher_lease(matcher, fake.now_ns + 100 * NS_PER_SEC);
	return 0;
}

/* Whatever the test did, nothing of ours is left when its rules are healed. */
static int end(void **state)
{
	(void)state;
	assert_true(matcher_is_idle(matcher));
	assert_true(fake_is_clean());
	assert_int_equal(ledger_pending(ledger), 0);
	matcher_free(matcher);
	ledger_close(ledger);
	fake_reset();
	list_free(&fake.links);
	return 0;
}

static struct match_rule rule_of(enum bb_action action)
{
	struct match_rule rule = {
		.directions = 1 << BB_INGRESS | 1 << BB_EGRESS,
		.peers = &peers,
		.start_ns = fake.now_ns,
		.deadline_ns = fake.now_ns + 50 * NS_PER_SEC,
		.action = action,
	};

	if (action == BB_HOLD)
		rule.hold = &order;
	else if (action != BB_DROP && action != BB_SHORTEN)
		chance_random(&rule.chance, 0.25);
	return rule;
}

/* NULL when it is refused; `said` says why. */
static struct matcher_rule *try_arm(enum bb_action action)
{
	struct match_rule rule = rule_of(action);
	struct matcher_rule *armed;

	return matcher_arm(matcher, &rule, ledger, &armed, &said) == 0 ? armed : NULL;
}

static struct matcher_rule *arm(enum bb_action action)
{
	struct matcher_rule *armed = try_arm(action);

	if (!armed)
		fail_msg("%s", said.text);
	return armed;
}

static void heal(struct matcher_rule *rule)
{
	if (matcher_heal(matcher, rule, &said) < 0)
		fail_msg("%s", said.text);
	matcher_rule_free(rule);
}

static void assert_said(const char *words)
{
	if (!strstr(said.text, words))
		fail_msg("\"%s\" does not say \"%s\"", said.text, words);
}

static const struct bb_slot *only_slot(void)
{
	const struct bb_slot *found = NULL;

	for (int i = 0; i < BB_SLOTS; i++)
		if (fake.control.slots[i].in_use) {
			assert_null(found);
			found = &fake.control.slots[i];
		}
	assert_non_null(found);
	return found;
}

/* ---- links come and go ---- */

static void no_link_without_need(void **state)
{
	struct matcher_rule *drop = arm(BB_DROP), *shorten = arm(BB_SHORTEN);

	(void)state;
	assert_int_equal(fake.lane_links, 0);
	assert_int_equal(fake.control.wire, 0);
	heal(drop);
	heal(shorten);
}

static void one_wire_serves_all_and_goes_with_the_last_rule(void **state)
{
	static const enum bb_action actions[] = {BB_LOSE, BB_CORRUPT, BB_DUPLICATE};
	struct matcher_rule *rules[3], *drop = arm(BB_DROP);

	(void)state;
	for (int i = 0; i < 3; i++)
		rules[i] = arm(actions[i]);
	assert_int_equal(fake.lane_links, 2);
	assert_int_equal(fake.control.wire, fake_link_named("bb-wire"));
	assert_int_equal(fake.lane_ends.count, 1);
	assert_int_equal(((int *)fake.lane_ends.items)[0], fake_link_named("bb-wire-x"));
	for (int i = 0; i < 3; i++)
		heal(rules[i]);
	/* Others may use it any moment; an idle wire does nothing. */
	assert_true(fake_link_named("bb-wire"));
	heal(drop);
	assert_false(fake_link_named("bb-wire"));
}

static void one_keeper_serves_all(void **state)
{
	struct matcher_rule *first = arm(BB_HOLD), *second = arm(BB_HOLD);
	const struct lane_memory *memory = fake_keeper_memory();

	(void)state;
	assert_int_equal(fake.lane_links, 1);
	assert_non_null(memory);
	assert_int_equal(memory->until_ns, fake.now_ns + 100 * NS_PER_SEC);
	assert_true(memory->lanes[0].active && memory->lanes[1].active);
	assert_int_equal(memory->lanes[0].spec[memory->lanes[0].current].delay_ns, 20 * NS_PER_MS);
	heal(first);
	assert_false(memory->lanes[0].active);
	assert_true(memory->lanes[1].active);
	/* The lease moves on, and the keeper's with it. */
	matcher_lease(matcher, fake.now_ns + 300 * NS_PER_SEC);
	assert_int_equal(memory->until_ns, fake.now_ns + 300 * NS_PER_SEC);
	first = arm(BB_HOLD);
	assert_int_equal(memory->lanes[0].version, 2);
	heal(second);
	assert_true(only_slot()->by_keeper);
	assert_int_equal(only_slot()->lane, fake_link_named("bb-lane"));
	heal(first);
}

static void rates_come_behind_delays(void **state)
{
	struct matcher_rule *rate, *delay;

	(void)state;
	order.spec.rate_bytes = 1000000;
	rate = arm(BB_HOLD);
	assert_true(fake.control.slots[BB_RATE_FIRST].in_use);
	order.spec.rate_bytes = 0;
	delay = arm(BB_HOLD);
	assert_true(fake.control.slots[BB_LANE_FIRST].in_use);
	heal(rate);
	heal(delay);
}

static void netem_is_made_where_it_is_asked_for(void **state)
{
	struct matcher_rule *one, *two;
	char name[16];

	(void)state;
	order.choice = LANE_NETEM;
	one = arm(BB_HOLD);
	assert_false(only_slot()->by_keeper);
	assert_int_equal(only_slot()->lane, fake_link_named("bb-lane0"));
	two = arm(BB_HOLD);
	snprintf(name, sizeof(name), "bb-lane%d", 1);
	assert_true(fake_link_named(name));
	assert_null(fake_keeper_memory());
	heal(one);
	assert_false(fake_link_named("bb-lane0"));
	assert_true(fake_link_named(name));
	heal(two);
}

/* ---- what is refused, and in which words ---- */

static void slots_of_a_stage_may_be_full(void **state)
{
	static const struct {
		enum bb_action action;
		uint64_t rate;
		int most;
		const char *says;
	} stages[] = {
		{BB_DROP, 0, BB_WIRE_FIRST, "32 faults at once that drop packets"},
		{BB_DUPLICATE, 0, BB_LANE_FIRST - BB_WIRE_FIRST,
			"12 faults at once that lose, corrupt or duplicate"},
		{BB_HOLD, 0, BB_RATE_FIRST - BB_LANE_FIRST, "12 faults at once that delay packets"},
		{BB_HOLD, 1000, BB_SLOTS - BB_RATE_FIRST, "8 faults at once that limit a rate"},
	};
	struct matcher_rule *rules[BB_SLOTS];
	int count = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		order.spec.rate_bytes = stages[i].rate;
		for (int j = 0; j < stages[i].most; j++)
			rules[count++] = arm(stages[i].action);
		assert_null(try_arm(stages[i].action));
		assert_int_equal(said.kind, FAIL_REFUSED);
		assert_said(stages[i].says);
	}
	/* A full stage takes no room of another, and one that is healed makes room again. */
	assert_int_equal(count, BB_SLOTS);
	heal(rules[BB_WIRE_FIRST + 4]);
	rules[BB_WIRE_FIRST + 4] = arm(BB_LOSE);
	while (count)
		heal(rules[--count]);
}

static void a_name_that_is_taken_is_left_alone(void **state)
{
	static const struct {
		const char *name;
		enum bb_action action;
		enum lane_choice choice;
		const char *says;
	} taken[] = {
		{"bb-wire", BB_LOSE, LANE_AUTO, "there is a link bb-wire already"},
		{"bb-wire-x", BB_LOSE, LANE_AUTO, "bb-wire-x already"},
		{"bb-lane", BB_HOLD, LANE_TAP, "there is a link bb-lane already"},
		{"bb-lane0", BB_HOLD, LANE_NETEM, "there is a link bb-lane0 already"},
		{"bb-lane0-x", BB_HOLD, LANE_NETEM, "bb-lane0-x already"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		order.choice = taken[i].choice;
		fake_add_link(77, taken[i].name);
		assert_null(try_arm(taken[i].action));
		assert_said(taken[i].says);
		assert_int_equal(fake_link_named(taken[i].name), 77);
		assert_int_equal(ledger_pending(ledger), 0);
		assert_true(matcher_is_idle(matcher));
		fake_remove_link(77);
	}
}

static void a_keeper_that_does_not_start_leaves_nothing(void **state)
{
	struct matcher_rule *rule;

	(void)state;
	fake.fail_name = "keeper_start";
	order.choice = LANE_TAP;
	assert_null(try_arm(BB_HOLD));
	assert_said("kept by a process");
	assert_true(fake_is_clean());
	/* Where any will do, the kernel's is the second choice. */
	order.choice = LANE_AUTO;
	rule = arm(BB_HOLD);
	assert_false(only_slot()->by_keeper);
	heal(rule);
}

static void a_lane_without_its_exit_is_none(void **state)
{
	struct matcher_rule *drop = arm(BB_DROP);

	(void)state;
	order.choice = LANE_TAP;
	fake.fail_name = "exit_attach";
	assert_null(try_arm(BB_LOSE));
	assert_null(try_arm(BB_HOLD));
	assert_null(fake_keeper_memory());
	assert_false(fake_link_named("bb-wire") || fake_link_named("bb-lane"));
	heal(drop);
}

/* What could not be removed is not taken for one that works: packets would vanish in it. */
static void half_a_wire_is_made_anew(void **state)
{
	struct matcher_rule *drop = arm(BB_DROP), *loss = NULL;
	int left = 0;

	(void)state;
	for (int call = 1; !loss; call++) {
		fake.fail_at = fake.effects + call;
		fake.fail_more = 1000;
		loss = try_arm(BB_LOSE);
		fake.fail_at = 0;
		if (loss)
			break;
		left += fake_link_named("bb-wire") != 0;
		loss = arm(BB_LOSE);
		assert_int_equal(fake.lane_ends.count, 1);
		assert_int_equal(fake.control.wire, fake_link_named("bb-wire"));
		assert_int_equal(((int *)fake.lane_ends.items)[0], fake_link_named("bb-wire-x"));
		heal(loss);
		heal(drop);
		assert_true(fake_is_clean());
		drop = arm(BB_DROP);
		loss = NULL;
	}
	assert_true(left > 1);
	heal(loss);
	heal(drop);
}

/* ---- a keeper that dies ---- */

static void faults_of_a_dead_keeper_come_first(void **state)
{
	struct matcher_rule *old = arm(BB_HOLD), *wire = arm(BB_LOSE), *young;

	(void)state;
	fake_end_keeper();
	order.choice = LANE_TAP;
	assert_null(try_arm(BB_HOLD));
	assert_int_equal(said.kind, FAIL_REFUSED);
	assert_said("the process that keeps packets has died");
	heal(old);
	/* Nobody waits for its lanes any more: another one is started. */
	young = arm(BB_HOLD);
	assert_non_null(fake_keeper_memory());
	assert_int_equal(fake.keeper, fake_link_named("bb-lane"));
	heal(wire);
	heal(young);
}

static void a_dead_keeper_is_not_waited_for(void **state)
{
	struct matcher_rule *rule = arm(BB_HOLD);
	int64_t before_ns = fake.now_ns;

	(void)state;
	fake_keeper_memory()->lanes[0].counts[1][BB_EGRESS].waiting = 5;
	fake_end_keeper();
	heal(rule);
	assert_true(fake.now_ns - before_ns < 10 * NS_PER_MS);
}

static void one_that_lets_nothing_go_is_not_waited_for_long(void **state)
{
	struct matcher_rule *rule = arm(BB_HOLD);
	int64_t before_ns = fake.now_ns;

	(void)state;
	fake_keeper_memory()->lanes[0].counts[1][BB_EGRESS].waiting = 5;
	heal(rule);
	assert_in_range(fake.now_ns - before_ns, 200 * NS_PER_MS, 250 * NS_PER_MS);
}

/* ---- links have numbers ---- */

static int number_of(int ifindex)
{
	LIST_EACH(fake.numbered, const struct fake_number, link) {
		if (link->ifindex != ifindex)
			continue;
		assert_int_equal(fake.control.links[link->number], ifindex);
		return (int)link->number;
	}
	return -1;
}

static void links_are_numbered_as_they_come_and_go(void **state)
{
	struct matcher_rule *rule;
	int eth1;

	(void)state;
	fake_add_link(20, "tun0");
	((struct host_link *)fake.links.items)[fake.links.count - 1].ethernet = false;
	rule = arm(BB_LOSE);
	eth1 = number_of(3);
	assert_int_equal(fake.numbered.count, 2);
	assert_true(number_of(2) >= 0 && eth1 >= 0);
	/* Neither loopback, nor what has no Ethernet header, nor lanes. */
	assert_int_equal(number_of(1), -1);
	assert_int_equal(number_of(20), -1);
	assert_int_equal(number_of(fake_link_named("bb-wire")), -1);
	fake_remove_link(2);
	fake_add_link(21, "eth2");
	assert_int_equal(matcher_links_changed(matcher, &said), 0);
	assert_int_equal(number_of(2), -1);
	assert_int_equal(number_of(3), eth1);
	assert_true(number_of(21) >= 0 && number_of(21) != eth1);
	assert_int_equal(number_of(fake_link_named("bb-wire-x")), -1);
	heal(rule);
}

/* More links than numbers: those without one are passed by, and that is no failure. */
static void more_links_than_numbers(void **state)
{
	struct matcher_rule *rule;

	(void)state;
	for (int i = 0; i < BB_LABEL_LINKS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "veth%d", i);
		fake_add_link(1000 + i, name);
	}
	rule = arm(BB_LOSE);
	assert_int_equal(fake.numbered.count, BB_LABEL_LINKS);
	heal(rule);
}

/* ---- what is told ---- */

static const struct measure *find_measure(const struct list *measures, const char *name)
{
	LIST_EACH(*measures, const struct measure, measure) {
		if (strcmp(measure->name, name) == 0)
			return measure;
	}
	return NULL;
}

static void free_told(struct list *counters, struct list *measures)
{
	LIST_EACH(*counters, struct counter, counter) {
		free(counter->peer);
	}
	LIST_EACH(*measures, struct measure, measure) {
		shape_free(&measure_shape, measure);
	}
	list_free(counters);
	list_free(measures);
}

static void tell(const struct matcher_rule *rule, struct list *counters, struct list *measures)
{
	*counters = *measures = (struct list){0};
	matcher_count(matcher, rule, counters);
	matcher_measure(matcher, rule, measures);
}

static void assert_lane_told(const struct matcher_rule *rule, int64_t missed)
{
	struct list counters, measures;
	const struct measure *measure;

	tell(rule, &counters, &measures);
	measure = find_measure(&measures, "late p50");
	assert_non_null(measure);
	assert_int_equal(measure->count, 3);
	measure = find_measure(&measures, "passed by");
	assert_non_null(measure);
	assert_int_equal(measure->count, missed);
	assert_int_equal(measure->bound, BOUND_AT_MOST);
	free_told(&counters, &measures);
}

static void measures_of_a_healed_fault_stay(void **state)
{
	struct matcher_rule *rule = arm(BB_HOLD);
	struct lane_counts *counts = &fake_keeper_memory()->lanes[0].counts[1][BB_EGRESS];
	struct list counters, measures;

	(void)state;
	counts->came = counts->left = counts->segments = 3;
	for (int i = 0; i < 3; i++) {
		histogram_record(&counts->delay, 20 * NS_PER_MS);
		histogram_record(&counts->late, 1000);
	}
	/* Until its order is seen these are another fault's. */
	tell(rule, &counters, &measures);
	assert_int_equal(measures.count, 0);
	free_told(&counters, &measures);
	fake_keeper_looks();
	fake.control.slots[BB_LANE_FIRST].missed = 2;
	assert_lane_told(rule, 2);
	assert_int_equal(matcher_heal(matcher, rule, &said), 0);
	assert_true(matcher_is_idle(matcher));
	assert_lane_told(rule, 2);
	matcher_rule_free(rule);
}

static void a_ratio_is_told_beside_what_was_asked(void **state)
{
	struct matcher_rule *rule = arm(BB_LOSE);
	struct list counters, measures;
	const struct measure *measure;

	(void)state;
	for (int i = 0; i < 5; i++)
		fake_hit("10.0.0.2", BB_WIRE_FIRST, BB_INGRESS);
	for (size_t i = 0; i < fake.counters.count; i++)
		((struct fake_counter *)fake.counters.items)[i].counter.matched = 40;
	for (int healed = 0; healed < 2; healed++) {
		tell(rule, &counters, &measures);
		assert_int_equal(measures.count, 2);
		measure = LIST_AT(measures, struct measure, 0);
		assert_string_equal(measure->name, "loss");
		assert_int_equal(measure->direction, BB_INGRESS);
		assert_true(measure->asked == 0.25);
		assert_true(measure->achieved == 10.0 / 40);
		assert_int_equal(measure->hits, 10);
		assert_int_equal(measure->count, 40);
		assert_int_equal(LIST_AT(measures, struct measure, 1)->hits, 0);
		free_told(&counters, &measures);
		if (!healed)
			assert_int_equal(matcher_heal(matcher, rule, &said), 0);
	}
	matcher_rule_free(rule);
}

int main(void)
{
#define LANES_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		LANES_TEST(no_link_without_need),
		LANES_TEST(one_wire_serves_all_and_goes_with_the_last_rule),
		LANES_TEST(one_keeper_serves_all),
		LANES_TEST(rates_come_behind_delays),
		LANES_TEST(netem_is_made_where_it_is_asked_for),
		LANES_TEST(slots_of_a_stage_may_be_full),
		LANES_TEST(a_name_that_is_taken_is_left_alone),
		LANES_TEST(a_keeper_that_does_not_start_leaves_nothing),
		LANES_TEST(a_lane_without_its_exit_is_none),
		LANES_TEST(half_a_wire_is_made_anew),
		LANES_TEST(faults_of_a_dead_keeper_come_first),
		LANES_TEST(a_dead_keeper_is_not_waited_for),
		LANES_TEST(one_that_lets_nothing_go_is_not_waited_for_long),
		LANES_TEST(links_are_numbered_as_they_come_and_go),
		LANES_TEST(more_links_than_numbers),
		LANES_TEST(measures_of_a_healed_fault_stay),
		LANES_TEST(a_ratio_is_told_beside_what_was_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
