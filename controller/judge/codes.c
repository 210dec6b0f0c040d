/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>

#include "controller/exit_code.h"
#include "controller/judge/judge_parts.h"
#include "controller/judge/spill.h"

/*
 * Exit codes and which wins. Each source of a code adds it with a sentence; the table's order is
 * the weight. LOCKED, NOT_STEADY and REFUSED end a run that has not injected what it should have,
 * so that VIOLATED, STOPPED and INCONCLUSIVE can't outweigh them honestly.
 */
static const int weights[] = {EXIT_NOT_REVERTED, EXIT_TROUBLE, EXIT_LOCKED, EXIT_NOT_STEADY,
	EXIT_REFUSED, EXIT_VIOLATED, EXIT_STOPPED, EXIT_INCONCLUSIVE, EXIT_SIGNAL + SIGINT,
	EXIT_SIGNAL + SIGTERM, EXIT_HELD};

static int weight_of(int code)
{
	for (int i = 0; weights[i]; i++)
		if (weights[i] == code)
			return i;
	return (int)(sizeof(weights) / sizeof(weights[0]));
}

int judge_weightier(int a, int b)
{
	return weight_of(a) <= weight_of(b) ? a : b;
}

int judge_known_code(int code)
{
	return weight_of(code) < (int)(sizeof(weights) / sizeof(weights[0])) || code == EXIT_HELD
		? code
		: EXIT_TROUBLE;
}

static void add_code(struct judgement *judgement, int code, const char *reason)
{
	size_t place;

	for (place = 0; place < judgement->code_count; place++)
		if (judgement->codes[place] == code)
			return;
	if (judgement->code_count == CODES_MAX)
		return;
	place = judgement->code_count++;
	for (; place > 0 && weight_of(judgement->codes[place - 1]) > weight_of(code); place--)
		judgement->codes[place] = judgement->codes[place - 1];
	judgement->codes[place] = code;
	if (place == 0)
		snprintf(judgement->reason, sizeof(judgement->reason), "%s", reason);
}

static void add_claim(struct judgement *judgement, const struct claim_judgement *own)
{
	const struct invariant_spec *claim = own->claim;
	char reason[SENTENCE_MAX];

	if (claim->gate != GATE_MUST && claim->gate != GATE_SHOULD)
		return;
	if (own->finding == FINDING_OTHERWISE) {
		snprintf(reason, sizeof(reason), "claim %s is %s%s: %.230s", claim->id,
			verdict_words[own->verdict],
			claim->expect == EXPECT_VIOLATED ? " where a violation was expected" : "",
			own->text);
		add_code(judgement, EXIT_VIOLATED, reason);
	} else if (own->finding == FINDING_UNPROVEN && claim->gate == GATE_MUST) {
		snprintf(reason, sizeof(reason), "claim %s is INCONCLUSIVE: %.230s", claim->id,
			own->text);
		add_code(judgement, EXIT_INCONCLUSIVE, reason);
	}
}

/* A run that was stopped may never have come to a fault; one that was not must have. */
static bool effect_is_missing(const struct record *record, const struct effect_judgement *effect)
{
	if (judge_fault_left_out(record, effect->fault))
		return false;
	if (effect->effect == EFFECT_NOT_INJECTED)
		return record->stop == STOP_NONE && record->ended;
	return effect->effect == EFFECT_NONE && effect->ran_to_its_end;
}

static void add_effects(const struct record *record, struct judgement *judgement)
{
	char reason[SENTENCE_MAX];

	LIST_EACH(judgement->effects, struct effect_judgement, effect) {
		if (!effect_is_missing(record, effect))
			continue;
		snprintf(reason, sizeof(reason), "the effect of fault %s is unproven: %.230s",
			effect->fault->spec->id, effect->text);
		add_code(judgement, EXIT_INCONCLUSIVE, reason);
	}
}

static void add_reverts(struct judgement *judgement)
{
	char reason[SENTENCE_MAX];

	LIST_EACH(judgement->reverts, struct revert_judgement, revert) {
		if (revert->confirmed)
			continue;
		snprintf(reason, sizeof(reason), "the revert is not confirmed on %.60s: %.200s",
			revert->node, revert->text);
		add_code(judgement, EXIT_NOT_REVERTED, reason);
	}
}

static void add_stop(const struct record *record, struct judgement *judgement)
{
	static const int codes[] = {
		[STOP_GUARDRAIL] = EXIT_STOPPED,
		[STOP_PRECONDITION] = EXIT_NOT_STEADY,
		[STOP_REFUSED] = EXIT_REFUSED,
		[STOP_INTERNAL] = EXIT_TROUBLE,
		[STOP_TIMEOUT] = EXIT_VIOLATED,
		[STOP_LOCKED] = EXIT_LOCKED,
	};
	char reason[SENTENCE_MAX];

	if (record->stop == STOP_NONE)
		return;
	snprintf(reason, sizeof(reason), "%.300s",
		record->stop_text ? record->stop_text : "stopped");
	add_code(judgement,
		record->stop == STOP_SIGNAL ? EXIT_SIGNAL + record->stop_signal
					    : codes[record->stop],
		reason);
}

/* Also when something else had stopped the run before it was seen. */
static void add_spills(struct judgement *judgement)
{
	char text[SPILL_TEXT_MAX], reason[SENTENCE_MAX];

	LIST_EACH(judgement->spills, struct spill, spill) {
		snprintf(reason, sizeof(reason), "spill: %.300s", spill_text(spill, text));
		add_code(judgement, EXIT_STOPPED, reason);
	}
}

const char *judge_headline(int code)
{
	switch (code) {
	case EXIT_HELD:
		return "HELD";
	case EXIT_VIOLATED:
		return "VIOLATED";
	case EXIT_INCONCLUSIVE:
		return "INCONCLUSIVE";
	case EXIT_STOPPED:
	case EXIT_SIGNAL + SIGINT:
	case EXIT_SIGNAL + SIGTERM:
		return "STOPPED";
	case EXIT_REFUSED:
		return "REFUSED";
	case EXIT_NOT_REVERTED:
		return "REVERT NOT CONFIRMED";
	case EXIT_NOT_STEADY:
		return "NOT STEADY BEFORE";
	case EXIT_LOCKED:
		return "LOCKED";
	default:
		return "BROKEN";
	}
}

static const char *headline_of(const struct record *record, int code)
{
	return code == EXIT_TROUBLE && !record->ended ? "CUT OFF" : judge_headline(code);
}

static void say_partial(const struct judgement *judgement, char reason[SENTENCE_MAX], size_t used)
{
	size_t named = 0;

	LIST_EACH(judgement->effects, struct effect_judgement, effect)
		if (effect->effect == EFFECT_PARTIAL && used < SENTENCE_MAX - 80)
			used += (size_t)snprintf(reason + used, SENTENCE_MAX - used, "%s%.40s",
				named++ ? ", " : "; only part of what was meant was hit by ",
				effect->fault->spec->id);
}

/* A run without its faults, or with half of them, must not look like one that stood them. */
static void say_held(
	const struct record *record, const struct judgement *judgement, char reason[SENTENCE_MAX])
{
	bool injected = record->faults.count == 0;
	size_t used = (size_t)snprintf(reason, SENTENCE_MAX, "every gate is met"), left_out = 0;

	LIST_EACH(record->phases, struct phase_record, phase)
		if (phase->left_out && used < SENTENCE_MAX - 64)
			used += (size_t)snprintf(reason + used, SENTENCE_MAX - used, "%s%.40s",
				left_out++ ? ", " : "; left out: ", phase->spec->id);
	LIST_EACH(record->faults, struct fault_record, fault)
		injected = injected || !judge_fault_left_out(record, fault);
	if (!injected)
		snprintf(reason + used, SENTENCE_MAX - used, "; no fault was injected");
	else
		say_partial(judgement, reason, used);
}

void judge_codes(const struct record *record, struct judgement *judgement)
{
	char held[SENTENCE_MAX], unread[SENTENCE_MAX];

	add_spills(judgement);
	add_stop(record, judgement);
	add_reverts(judgement);
	if (judge_unread(record, unread))
		add_code(judgement, EXIT_INCONCLUSIVE, unread);
	LIST_EACH(judgement->claims, struct claim_judgement, claim)
		add_claim(judgement, claim);
	add_effects(record, judgement);
	if (!record->ended)
		add_code(judgement, EXIT_TROUBLE, "the journal ends before the run did");
	say_held(record, judgement, held);
	if (judgement->code_count == 0)
		add_code(judgement, EXIT_HELD, held);
	judgement->exit_code = judgement->codes[0];
	judgement->headline = headline_of(record, judgement->exit_code);
}
