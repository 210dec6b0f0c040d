/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/units.h"
#include "injector/lists.h"
#include "injector/mechanisms/chance.h"
#include "injector/mechanisms/lanes.h"
#include "tests/unit/injector/plans.h"

/* What the faults on packets ask of the matcher, for each of their parameters. */

enum {
	INTO = 1 << BB_INGRESS,
	OUT_OF = 1 << BB_EGRESS
};

/* One of each kind, with the least that it needs. */
static const struct {
	const char *fault, *with;
	enum bb_action action;
} least[] = {
	{"loss", "'ratio':0.1", BB_LOSE},
	{"corrupt", "'ratio':0.1", BB_CORRUPT},
	{"duplicate", "'ratio':0.1", BB_DUPLICATE},
	{"mtu", "'bytes':1200", BB_SHORTEN},
	{"delay", "'delay':'20ms'", BB_HOLD},
	{"reorder", "'ratio':0.1", BB_HOLD},
	{"rate", "'bandwidth':'1Mbit'", BB_HOLD},
};
enum {
	KINDS = sizeof(least) / sizeof(least[0])
};

static struct plan *plan_least(size_t kind, const char *more, enum fault_role role)
{
	char with[512];

	snprintf(with, sizeof(with), "{%s%s%s}", least[kind].with, *more ? "," : "", more);
	return plan_of(least[kind].fault, with, role);
}

static void assert_planned(const struct plan *plan)
{
	if (!plan)
		fail_msg("%s", plan_refusal);
}

/* ---- what all of them share ---- */

static void each_has_its_action(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct plan *plan = plan_least(i, "", ROLE_ON);
		const struct match_rule *rule;

		assert_planned(plan);
		rule = plan_rule(plan);
		assert_int_equal(rule->action, least[i].action);
		assert_int_equal(rule->directions, INTO | OUT_OF);
		assert_int_equal(rule->protocol, 0);
		assert_int_equal(rule->ports.count, 0);
		assert_int_equal(rule->connections, BB_ALL_CONNECTIONS);
		assert_int_equal(rule->start_ns, 10);
		assert_int_equal(rule->deadline_ns, 20);
		assert_int_equal(rule->flap_period_ns, 0);
		assert_int_equal(!!rule->hold, least[i].action == BB_HOLD);
		assert_string_equal(LIST_AT(*rule->peers, struct endpoint, 0)->node, "b");
		free_plan(plan);
	}
}

static void directions_are_those_that_on_sees(void **state)
{
	static const struct {
		const char *more;
		enum fault_role role;
		unsigned int directions;
		const char *peer;
	} cases[] = {
		{"'direction':'in'", ROLE_ON, INTO, "b"},
		{"'direction':'out'", ROLE_ON, OUT_OF, "b"},
		{"'direction':'both'", ROLE_ON, INTO | OUT_OF, "b"},
		{"'direction':'in'", ROLE_FROM, OUT_OF, "a"},
		{"'direction':'out'", ROLE_FROM, INTO, "a"},
	};

	(void)state;
	for (size_t i = 0; i < KINDS * 5; i++) {
		struct plan *plan = plan_least(i / 5, cases[i % 5].more, cases[i % 5].role);
		const struct match_rule *rule;

		assert_planned(plan);
		rule = plan_rule(plan);
		assert_int_equal(rule->directions, cases[i % 5].directions);
		assert_string_equal(
			LIST_AT(*rule->peers, struct endpoint, 0)->node, cases[i % 5].peer);
		free_plan(plan);
	}
}

static void packets_are_chosen_alike(void **state)
{
	static const struct {
		const char *word;
		int number;
	} protocols[] = {
		{"any", 0}, {"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"icmp", IPPROTO_ICMP}};

	(void)state;
	for (size_t i = 0; i < KINDS * 4; i++) {
		char more[128];
		struct plan *plan;

		snprintf(more, sizeof(more), "'protocol':'%s'", protocols[i % 4].word);
		plan = plan_least(i / 4, more, ROLE_ON);
		assert_planned(plan);
		assert_int_equal(plan_rule(plan)->protocol, protocols[i % 4].number);
		free_plan(plan);
	}
	for (size_t i = 0; i < KINDS; i++) {
		struct plan *plan = plan_least(i,
			"'ports':[80,'90-99'],'connections':'new','flap':{'on':'1s','off':'2s'}",
			ROLE_ON);
		const struct match_rule *rule;

		assert_planned(plan);
		rule = plan_rule(plan);
		assert_int_equal(rule->ports.count, 2);
		assert_int_equal(rule->ports.ranges[1].high, 99);
		assert_int_equal(rule->connections, BB_NEW_CONNECTIONS);
		assert_int_equal(rule->flap_on_ns, NS_PER_SEC);
		assert_int_equal(rule->flap_period_ns, 3 * NS_PER_SEC);
		free_plan(plan);
		plan = plan_least(i, "'connections':'established','protocol':'tcp'", ROLE_ON);
		assert_planned(plan);
		assert_int_equal(plan_rule(plan)->connections, BB_ESTABLISHED_CONNECTIONS);
		free_plan(plan);
	}
}

static void assert_refused(const char *fault, const char *with, const char *says)
{
	struct plan *plan = plan_of(fault, with, ROLE_ON);

	if (plan)
		fail_msg("%s was planned with %s", fault, with);
	if (!strstr(plan_refusal, says))
		fail_msg("%s, %s: \"%s\" does not say \"%s\"", fault, with, plan_refusal, says);
}

static void what_contradicts_itself_is_refused_by_all(void **state)
{
	static const struct {
		const char *more, *says;
	} wrong[] = {
		{"'protocol':'icmp','ports':[80]", "icmp has no ports"},
		{"'protocol':'udp','connections':'new'", "only TCP has new"},
		{"'protocol':'icmp','connections':'established'", "only TCP has new"},
		{"'protocol':'sctp'", "sctp"},
		{"'direction':'up'", "up"},
		{"'ports':[70000]", "70000"},
		{"'flap':{'on':'1s'}", "off"},
		{"'flap':{'on':'1us','off':'1s'}", "10ms"},
		{"'wrong':1", "wrong"},
	};

	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (size_t j = 0; j < sizeof(wrong) / sizeof(wrong[0]); j++) {
			char with[512];

			snprintf(with, sizeof(with), "{%s,%s}", least[i].with, wrong[j].more);
			assert_refused(least[i].fault, with, wrong[j].says);
		}
}

/* ---- chance ---- */

static void assert_chance(
	const char *fault, const char *with, double ratio, double scatter, uint32_t every)
{
	struct plan *plan = plan_of(fault, with, ROLE_ON);
	const struct bb_chance *chance;

	assert_planned(plan);
	chance = &plan_rule(plan)->chance;
	assert_int_equal(chance->seed, 77);
	assert_int_equal(chance->every, every);
	if (fabs(chance_ratio(chance) - ratio) > 1e-6 ||
		fabs(chance_scatter(chance) - scatter) > 1e-4)
		fail_msg("%s, %s: ratio %.6f, scatter %.6f", fault, with, chance_ratio(chance),
			chance_scatter(chance));
	free_plan(plan);
}

static void losses(void **state)
{
	(void)state;
	assert_chance("loss", "{'ratio':0.03}", 0.03, 1, 0);
	assert_chance("loss", "{'type':'random','ratio':1}", 1, 1, 0);
	assert_chance("loss", "{'type':'correlated','ratio':0.2,'correlation':0.5}", 0.2, 3, 0);
	assert_chance("loss", "{'type':'every','every':50}", 0.02, 0, 50);
	/* All in bad are lost, none in good, unless it is said otherwise. */
	assert_chance("loss", "{'type':'gilbert_elliott','to_bad':0.1,'to_good':0.4}", 0.2, 3, 0);
	assert_chance("loss",
		"{'type':'gilbert_elliott','to_bad':0.5,'to_good':0.5,'loss_bad':0.8,"
		"'loss_good':0.2}",
		0.5, 1, 0);
	/* p31 and p23 are 1, p32 and p14 0, unless it is said otherwise. */
	assert_chance("loss", "{'type':'four_states','p13':0.25}", 0.2, 0.6, 0);
	assert_chance("loss", "{'type':'four_states','p13':0,'p31':1,'p32':0,'p23':1,'p14':0.25}",
		0.2, 0.6, 0);
	assert_chance("loss",
		"{'type':'four_states','p13':0.25,'p31':0.25,'p32':0.5,'p23':0.5,'p14':0.5}",
		3.0 / 7, 3.0 / 7, 0);
}

static void other_chances(void **state)
{
	static const char *const faults[] = {"corrupt", "duplicate"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_chance(faults[i], "{'ratio':0.25}", 0.25, 1, 0);
		assert_chance(faults[i], "{'ratio':0.25,'correlation':0.5}", 0.25, 3, 0);
		assert_chance(faults[i], "{'ratio':0}", 0, 1, 0);
		assert_refused(faults[i], "{}", "ratio");
		assert_refused(faults[i], "{'ratio':1.5}", "from 0 to 1");
		assert_refused(faults[i], "{'ratio':0.5,'correlation':1}", "0.999");
	}
}

static void what_a_loss_can_not_be(void **state)
{
	static const struct {
		const char *with, *says;
	} wrong[] = {
		{"{}", "ratio"},
		{"{'ratio':-0.1}", "from 0 to 1"},
		{"{'ratio':0.1,'correlation':0.5}", "type \"random\", which has: ratio"},
		{"{'type':'correlated','ratio':0.1}", "correlation"},
		{"{'type':'correlated','ratio':0.1,'correlation':1}", "0.999"},
		{"{'type':'every'}", "every"},
		{"{'type':'every','every':0}", "from 1"},
		{"{'type':'every','every':3,'ratio':0.1}", "does not belong to type \"every\""},
		{"{'type':'gilbert_elliott','to_bad':0.1}", "to_good"},
		{"{'type':'gilbert_elliott','to_good':0.1}", "to_bad"},
		{"{'type':'four_states'}", "p13"},
		{"{'type':'four_states','p13':0.6,'p14':0.5}", "p13 + p14"},
		{"{'type':'four_states','p13':0.6,'p31':0.6,'p32':0.5}", "p31 + p32"},
		{"{'type':'bursty','ratio':0.1}", "bursty"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_refused("loss", wrong[i].with, wrong[i].says);
}

/* ---- the others ---- */

static void corruption_is_noticed_unless_asked_otherwise(void **state)
{
	static const struct {
		const char *with;
		bool fix;
	} cases[] = {{"{'ratio':0.1}", false}, {"{'ratio':0.1,'as':'detected'}", false},
		{"{'ratio':0.1,'as':'undetected'}", true}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct plan *plan = plan_of("corrupt", cases[i].with, ROLE_ON);

		assert_planned(plan);
		assert_int_equal(plan_rule(plan)->fix_checksum, cases[i].fix);
		free_plan(plan);
	}
	assert_refused("corrupt", "{'ratio':0.1,'as':'gone'}", "gone");
}

static void lengths(void **state)
{
	struct plan *plan = plan_of("mtu", "{'bytes':1280}", ROLE_ON);

	(void)state;
	assert_planned(plan);
	assert_int_equal(plan_rule(plan)->mtu, 1280);
	free_plan(plan);
	assert_refused("mtu", "{}", "bytes");
	assert_refused("mtu", "{'bytes':67}", "from 68");
	assert_refused("mtu", "{'bytes':65536}", "65535");
}

/* What a lane is told is tested in test_lane_faults.c; here, that it gets there. */
static void orders_to_a_lane(void **state)
{
	static const struct {
		const char *word;
		enum lane_choice choice;
	} lanes[] = {{"auto", LANE_AUTO}, {"tap", LANE_TAP}, {"netem", LANE_NETEM}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char with[128];
		const struct lane_order *hold;
		struct plan *plan;

		snprintf(with, sizeof(with), "{'delay':'20ms','lane':'%s'}", lanes[i].word);
		plan = plan_of("delay", with, ROLE_ON);
		assert_planned(plan);
		hold = plan_rule(plan)->hold;
		assert_int_equal(hold->choice, lanes[i].choice);
		assert_int_equal(hold->spec.delay_ns, 20 * NS_PER_MS);
		assert_int_equal(hold->spec.seed, 77);
		assert_int_equal(hold->spec.rate_bytes, 0);
		free_plan(plan);
		snprintf(with, sizeof(with), "{'bandwidth':'8Mbit','lane':'%s'}", lanes[i].word);
		plan = plan_of("rate", with, ROLE_ON);
		assert_planned(plan);
		assert_int_equal(plan_rule(plan)->hold->spec.rate_bytes, 1000000);
		free_plan(plan);
	}
	assert_refused("delay", "{'delay':'0ms'}", "changes nothing");
	assert_refused("delay", "{'delay':'20ms','lane':'ifb'}", "ifb");
	assert_refused("rate", "{}", "bandwidth");
	assert_refused("reorder", "{}", "ratio");
}

/* ---- what is told before it is done ---- */

static void assert_told(const char *fault, const char *with, const char *const lines[4])
{
	struct list effects = {0}, undo = {0};
	struct plan *plan = plan_of(fault, with, ROLE_ON);

	assert_planned(plan);
	plan_describe(plan, &effects, &undo);
	for (size_t i = 0; i < 2; i++) {
		if (!list_has_text(&effects, lines[i]))
			fail_msg("%s, %s: \"%s\" is not told, but \"%s\"", fault, with, lines[i],
				*LIST_AT(effects, char *, effects.count - 1));
		if (!list_has_text(&undo, lines[2 + i]))
			fail_msg("%s, %s: \"%s\" is not told, but \"%s\"", fault, with,
				lines[2 + i], *LIST_AT(undo, char *, undo.count - 1));
	}
	list_free_texts(&effects);
	list_free_texts(&undo);
	free_plan(plan);
}

#define WIRE_MADE                                                                                  \
	"make the links bb-wire and bb-wire-x, unless they are there: a wire that takes "          \
	"packets apart"
#define WIRE_GONE "remove link bb-wire, when the last fault is healed"
#define LANE_MADE                                                                                  \
	"make the link bb-lane, unless it is there, and start the process that holds "             \
	"packets back"
#define LANE_GONE "end that process, and its link with it, when the last fault is healed"
#define SLOT "(one write to the fault's slot)"
#define LET_GO SLOT ", then let go those that wait"

static void sentences(void **state)
{
	static const struct {
		const char *fault, *with, *told[4];
	} cases[] = {
		{"mtu", "{'bytes':1280}",
			{"drop packets from b that are longer than 1280 bytes (ingress)",
				"drop packets to b that are longer than 1280 bytes (egress)",
				"pass packets from b again " SLOT,
				"pass packets to b again " SLOT}},
		{"loss", "{'ratio':0.1,'protocol':'tcp','ports':80,'direction':'in'}",
			{WIRE_MADE, "lose 10 % of the packets from b (ingress, tcp, ports 80)",
				WIRE_GONE, "pass packets from b again " SLOT}},
		{"loss", "{'type':'every','every':50}",
			{"lose one of 50 packets to b (egress)",
				"lose one of 50 packets from b (ingress)", WIRE_GONE,
				"pass packets to b again " SLOT}},
		{"loss", "{'type':'gilbert_elliott','to_bad':0.01,'to_good':0.04}",
			{"lose 20 % of the packets to b in the long run, not each for itself "
			 "(egress)",
				WIRE_MADE, WIRE_GONE, WIRE_GONE}},
		{"corrupt", "{'ratio':0.001,'connections':'new'}",
			{"turn a bit in 0.1 % of the packets from b, with a checksum that is wrong "
			 "(ingress, new connections)",
				WIRE_MADE, WIRE_GONE,
				"pass packets from b as they are again " SLOT}},
		{"corrupt", "{'ratio':0.001,'as':'undetected','direction':'out'}",
			{"turn a bit in 0.1 % of the packets to b, with a checksum that is right "
			 "(egress)",
				WIRE_MADE, WIRE_GONE, "pass packets to b as they are again " SLOT}},
		{"duplicate", "{'ratio':0.125,'flap':{'on':'1s','off':'1s'}}",
			{"deliver 12.5 % of the packets from b twice (ingress, on and off)",
				WIRE_MADE, WIRE_GONE,
				"pass packets from b as they are again " SLOT}},
		{"delay", "{'delay':'50ms','jitter':'10ms','distribution':'normal'}",
			{LANE_MADE, "delay packets to b by 50ms ± 10ms (normal) (egress)",
				LANE_GONE, "pass packets to b without delay again " LET_GO}},
		{"delay", "{'delay':'50ms','jitter':'10ms','distribution':'pareto'}",
			{LANE_MADE, "delay packets to b by 50ms ± 10ms (pareto) (egress)",
				LANE_GONE, LANE_GONE}},
		{"delay", "{'delay':'50ms','jitter':'10ms'}",
			{LANE_MADE, "delay packets to b by 50ms ± 10ms (uniform) (egress)",
				LANE_GONE, LANE_GONE}},
		{"delay", "{'delay':'50ms','lane':'netem'}",
			{"make a pair of links bb-laneN with a qdisc of the kernel's that holds "
			 "packets back",
				"delay packets from b by 50ms (ingress)",
				"remove that pair of links",
				"pass packets from b without delay again " LET_GO}},
		{"delay", "{'distribution':'trace','trace':['1ms','2ms']}",
			{LANE_MADE, "delay packets to b as a trace of 2 delays says (egress)",
				LANE_GONE, LANE_GONE}},
		{"delay",
			"{'distribution':'table','table':[{'quantile':0,'delay':'1ms'},"
			"{'quantile':1,'delay':'9ms'}]}",
			{LANE_MADE, "delay packets to b as a table says (egress)", LANE_GONE,
				LANE_GONE}},
		{"reorder", "{'ratio':0.25}",
			{LANE_MADE,
				"let 25 % of the packets from b ahead of the others, which wait "
				"10ms (ingress)",
				LANE_GONE, LANE_GONE}},
		{"reorder", "{'gap':5,'delay':'20ms'}",
			{LANE_MADE,
				"let one of 5 packets to b ahead of the others, which wait 20ms "
				"(egress)",
				LANE_GONE, LANE_GONE}},
		{"rate", "{'bandwidth':'1Mbit'}",
			{LANE_MADE,
				"pass packets to b at 1Mbit a second, of which 128KiB may wait "
				"(egress)",
				LANE_GONE, "pass packets to b without delay again " LET_GO}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_told(cases[i].fault, cases[i].with, cases[i].told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_action),
		cmocka_unit_test(directions_are_those_that_on_sees),
		cmocka_unit_test(packets_are_chosen_alike),
		cmocka_unit_test(what_contradicts_itself_is_refused_by_all),
		cmocka_unit_test(losses),
		cmocka_unit_test(other_chances),
		cmocka_unit_test(what_a_loss_can_not_be),
		cmocka_unit_test(corruption_is_noticed_unless_asked_otherwise),
		cmocka_unit_test(lengths),
		cmocka_unit_test(orders_to_a_lane),
		cmocka_unit_test(sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
