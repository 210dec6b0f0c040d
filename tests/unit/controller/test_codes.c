/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "controller/judge/judge_parts.h"
#include "given.h"

/* The table of verdicts and exit codes, cell by cell, and which code wins. */

struct given_codes {
	struct record record;
	struct judgement judgement;
	struct claim_judgement claims[4];
	struct effect_judgement effect;
	struct revert_judgement revert;
	struct invariant_spec specs[4];
};

static void add_claim(struct given_codes *given, int gate, enum finding finding)
{
	size_t place = given->judgement.claims.count++;

	given->specs[place] = (struct invariant_spec){.id = (char *)"c", .gate = gate};
	given->claims[place] = (struct claim_judgement){.claim = &given->specs[place],
		.finding = finding,
		.verdict = finding == FINDING_AS_EXPECTED ? VERDICT_HELD
			: finding == FINDING_OTHERWISE || finding == FINDING_KNOWN
			? VERDICT_VIOLATED
			: finding == FINDING_UNPROVEN ? VERDICT_INCONCLUSIVE
						      : VERDICT_NOT_JUDGED};
	given->judgement.claims.items = given->claims;
}

static void add_revert(struct given_codes *given, bool confirmed)
{
	given->revert = (struct revert_judgement){.node = "n1", .confirmed = confirmed};
	given->judgement.reverts = (struct list){.items = &given->revert, .count = 1};
}

static struct given_codes ended_run(enum stop_kind stop, int signal)
{
	return (struct given_codes){.record = {.ended = true, .stop = stop, .stop_signal = signal}};
}

static int code_of(struct given_codes *given)
{
	judge_codes(&given->record, &given->judgement);
	assert_true(given->judgement.code_count > 0);
	assert_int_equal(given->judgement.codes[0], given->judgement.exit_code);
	assert_true(*given->judgement.reason);
	return given->judgement.exit_code;
}

static void every_cell_of_the_table(void **state)
{
	(void)state;
	/* A precondition's own cells (6, 6) are made by the engine, which stops the run. */
	static const struct {
		enum finding finding;
		int codes[4]; /* by gate */
	} cells[] = {
		{FINDING_AS_EXPECTED, {0, 0, 0, 0}},
		{FINDING_OTHERWISE, {[GATE_MUST] = 1, [GATE_SHOULD] = 1}},
		{FINDING_KNOWN, {0, 0, 0, 0}},
		{FINDING_UNPROVEN, {[GATE_MUST] = 2}},
		{FINDING_NOT_JUDGED, {0, 0, 0, 0}},
	};

	for (int gate = 0; gate < 4; gate++)
		for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
			struct given_codes given = ended_run(STOP_NONE, 0);

			add_claim(&given, gate, cells[i].finding);
			assert_int_equal(code_of(&given), cells[i].codes[gate]);
		}
}

static void every_way_to_stop(void **state)
{
	(void)state;
	static const struct {
		enum stop_kind stop;
		int signal, code;
		const char *headline;
	} cases[] = {
		{STOP_NONE, 0, 0, "HELD"},
		{STOP_GUARDRAIL, 0, 3, "STOPPED"},
		{STOP_SIGNAL, 2, 130, "STOPPED"},
		{STOP_SIGNAL, 15, 143, "STOPPED"},
		{STOP_PRECONDITION, 0, 6, "NOT STEADY BEFORE"},
		{STOP_REFUSED, 0, 4, "REFUSED"},
		{STOP_INTERNAL, 0, 70, "BROKEN"},
		{STOP_TIMEOUT, 0, 1, "VIOLATED"},
		{STOP_LOCKED, 0, 75, "LOCKED"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct given_codes given = ended_run(cases[i].stop, cases[i].signal);

		assert_int_equal(code_of(&given), cases[i].code);
		assert_string_equal(given.judgement.headline, cases[i].headline);
		assert_int_equal(given.judgement.code_count, 1);
	}
}

static void the_heaviest_code_wins(void **state)
{
	(void)state;
	/* 5 > 70 > 1 > 3 > 2 > 130/143 > 0, taken away one by one. */
	struct given_codes given = ended_run(STOP_INTERNAL, 0);

	add_claim(&given, GATE_MUST, FINDING_UNPROVEN);
	add_claim(&given, GATE_MUST, FINDING_OTHERWISE);
	add_revert(&given, false);
	assert_int_equal(code_of(&given), 5);
	assert_int_equal(given.judgement.code_count, 4);
	assert_int_equal(given.judgement.codes[1], 70);
	assert_int_equal(given.judgement.codes[2], 1);
	assert_int_equal(given.judgement.codes[3], 2);
	assert_string_equal(given.judgement.headline, "REVERT NOT CONFIRMED");

	given = ended_run(STOP_INTERNAL, 0);
	add_claim(&given, GATE_MUST, FINDING_OTHERWISE);
	add_revert(&given, true);
	assert_int_equal(code_of(&given), 70);

	given = ended_run(STOP_GUARDRAIL, 0);
	add_claim(&given, GATE_MUST, FINDING_OTHERWISE);
	assert_int_equal(code_of(&given), 1);
	assert_int_equal(given.judgement.codes[1], 3);

	given = ended_run(STOP_GUARDRAIL, 0);
	add_claim(&given, GATE_MUST, FINDING_UNPROVEN);
	assert_int_equal(code_of(&given), 3);
	assert_int_equal(given.judgement.codes[1], 2);

	given = ended_run(STOP_SIGNAL, 2);
	add_claim(&given, GATE_MUST, FINDING_UNPROVEN);
	assert_int_equal(code_of(&given), 2);
	assert_int_equal(given.judgement.codes[1], 130);

	given = ended_run(STOP_SIGNAL, 15);
	add_claim(&given, GATE_SHOULD, FINDING_UNPROVEN);
	assert_int_equal(code_of(&given), 143);
}

static void what_never_ran_is_not_outweighed_by_claims(void **state)
{
	(void)state;
	static const struct {
		enum stop_kind stop;
		int code;
	} cases[] = {{STOP_REFUSED, 4}, {STOP_PRECONDITION, 6}, {STOP_LOCKED, 75}};

	for (size_t i = 0; i < 3; i++) {
		struct given_codes given = ended_run(cases[i].stop, 0);

		add_claim(&given, GATE_MUST, FINDING_OTHERWISE);
		assert_int_equal(code_of(&given), cases[i].code);
		/* …but what was left behind is told first. */
		given = ended_run(cases[i].stop, 0);
		add_revert(&given, false);
		assert_int_equal(code_of(&given), 5);
	}
}

static void an_unproven_effect_is_inconclusive(void **state)
{
	(void)state;
	static const struct {
		enum effect effect;
		bool ran, ended;
		enum stop_kind stop;
		int code;
	} cases[] = {
		{EFFECT_PROVEN, true, true, STOP_NONE, 0},
		{EFFECT_PARTIAL, true, true, STOP_NONE, 0},
		{EFFECT_NONE, true, true, STOP_NONE, 2},
		/* it was cut short: nothing can be asked of it */
		{EFFECT_NONE, false, true, STOP_GUARDRAIL, 3},
		{EFFECT_NOT_INJECTED, false, true, STOP_GUARDRAIL, 3},
		/* a run that went to its end without its fault */
		{EFFECT_NOT_INJECTED, false, true, STOP_NONE, 2},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct given_codes given = ended_run(cases[i].stop, 0);
		struct fault_spec spec = {.id = (char *)"cut"};
		struct fault_record fault = {.spec = &spec};

		given.effect = (struct effect_judgement){
			.fault = &fault, .effect = cases[i].effect, .ran_to_its_end = cases[i].ran};
		given.judgement.effects = (struct list){.items = &given.effect, .count = 1};
		assert_int_equal(code_of(&given), cases[i].code);
	}
}

static void a_journal_without_an_end_is_broken(void **state)
{
	(void)state;
	struct given_codes given = {0};

	assert_int_equal(code_of(&given), 70);
	assert_string_equal(given.judgement.headline, "CUT OFF");
	assert_string_equal(given.judgement.reason, "the journal ends before the run did");
}

static void the_reason_belongs_to_the_code(void **state)
{
	(void)state;
	struct given_codes given = ended_run(STOP_GUARDRAIL, 0);

	given.record.stop_text = (char *)"guardrail outage: no good event";
	add_claim(&given, GATE_MUST, FINDING_OTHERWISE);
	strcpy(given.claims[0].text, "200 of 500 bad");
	given.specs[0].expect = EXPECT_VIOLATED;
	code_of(&given);
	assert_string_equal(given.judgement.reason,
		"claim c is VIOLATED where a violation was expected: 200 of 500 bad");
	given = ended_run(STOP_GUARDRAIL, 0);
	given.record.stop_text = (char *)"guardrail outage: no good event";
	code_of(&given);
	assert_string_equal(given.judgement.reason, "guardrail outage: no good event");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell_of_the_table),
		cmocka_unit_test(every_way_to_stop),
		cmocka_unit_test(the_heaviest_code_wins),
		cmocka_unit_test(what_never_ran_is_not_outweighed_by_claims),
		cmocka_unit_test(an_unproven_effect_is_inconclusive),
		cmocka_unit_test(a_journal_without_an_end_is_broken),
		cmocka_unit_test(the_reason_belongs_to_the_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
