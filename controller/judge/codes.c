/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "controller/judge/judge_parts.h"

/*
 * Exit codes and which wins. Each source of a code adds it with a sentence; the table's order is
 * the weight. 75, 6 and 4 end a run that has not injected what it should have, so that 1, 3 and 2
 * can't outweigh them honestly.
 */
static const int weights[] = {5, 70, 75, 6, 4, 1, 3, 2, 130, 143, 0};

static int weight_of(int code)
{
	for (int i = 0; weights[i]; i++)
		if (weights[i] == code)
			return i;
	return (int)(sizeof(weights) / sizeof(weights[0]));
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
		add_code(judgement, 1, reason);
	} else if (own->finding == FINDING_UNPROVEN && claim->gate == GATE_MUST) {
		snprintf(reason, sizeof(reason), "claim %s is INCONCLUSIVE: %.230s", claim->id,
			own->text);
		add_code(judgement, 2, reason);
	}
}

/* A run that was stopped may never have come to a fault; one that was not must have. */
static bool effect_is_missing(const struct record *record, const struct effect_judgement *effect)
{
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
		add_code(judgement, 2, reason);
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
		add_code(judgement, 5, reason);
	}
}

static void add_stop(const struct record *record, struct judgement *judgement)
{
	static const int codes[] = {
		[STOP_GUARDRAIL] = 3,
		[STOP_PRECONDITION] = 6,
		[STOP_REFUSED] = 4,
		[STOP_INTERNAL] = 70,
		[STOP_TIMEOUT] = 1,
		[STOP_LOCKED] = 75,
	};
	char reason[SENTENCE_MAX];

	if (record->stop == STOP_NONE)
		return;
	snprintf(reason, sizeof(reason), "%.300s",
		record->stop_text ? record->stop_text : "stopped");
	add_code(judgement,
		record->stop == STOP_SIGNAL ? 128 + record->stop_signal : codes[record->stop],
		reason);
}

static const char *headline_of(const struct record *record, int code)
{
	switch (code) {
	case 0:
		return "HELD";
	case 1:
		return "VIOLATED";
	case 2:
		return "INCONCLUSIVE";
	case 3:
	case 130:
	case 143:
		return "STOPPED";
	case 4:
		return "REFUSED";
	case 5:
		return "REVERT NOT CONFIRMED";
	case 6:
		return "NOT STEADY BEFORE";
	case 75:
		return "LOCKED";
	default:
		return record->ended ? "BROKEN" : "CUT OFF";
	}
}

void judge_codes(const struct record *record, struct judgement *judgement)
{
	add_stop(record, judgement);
	add_reverts(judgement);
	LIST_EACH(judgement->claims, struct claim_judgement, claim)
		add_claim(judgement, claim);
	add_effects(record, judgement);
	if (!record->ended)
		add_code(judgement, 70, "the journal ends before the run did");
	if (judgement->code_count == 0)
		add_code(judgement, 0, "every gate is met");
	judgement->exit_code = judgement->codes[0];
	judgement->headline = headline_of(record, judgement->exit_code);
}
