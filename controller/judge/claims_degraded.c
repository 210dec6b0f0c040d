/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/judge/degraded.h"
#include "controller/judge/judge_parts.h"
#include "controller/plan/degraded_claims.h"

/* At most so many members that no fault was on may get worse. */

/* Those that count, moved to the front. */
static void keep_counted(
	const struct record *record, const struct degraded_spec *degraded, struct list *changes)
{
	struct member_change *kept = changes->items;
	size_t count = 0;

	LIST_EACH(*changes, const struct member_change, change)
		if (!change->target && !degraded_is_expected(record, degraded, change->member))
			kept[count++] = *change;
	changes->count = count;
}

static void add(struct tally *into, const struct tally *tally)
{
	into->total += tally->total;
	into->bad += tally->bad;
}

static void find_all(
	const struct members_test *test, struct list *changes, struct claim_judgement *out)
{
	LIST_EACH(*changes, struct member_change, change) {
		degraded_find(test, change);
		add(&out->tally, &change->during);
		add(&out->reference, &change->before);
		out->members_worse += change->found == MEMBER_WORSE;
		out->members_kept += change->found == MEMBER_KEPT;
	}
}

/* --- in words ------------------------------------------------------------------------------ */

/* As far as there is room: what does not fit is left out whole. */
static void say_member(
	struct claim_judgement *out, const struct member_change *change, const char *before)
{
	size_t used = strlen(out->text);
	char text[160];
	int length;

	if (!change->during.total || !change->before.total)
		length = snprintf(
			text, sizeof(text), "%s%.40s without events", before, change->member);
	else
		length = snprintf(text, sizeof(text), "%s%.40s %+.3g points (%+.3g to %+.3g)",
			before, change->member, 100 * member_change_difference(change),
			100 * change->interval.lower, 100 * change->interval.upper);
	if (used + (size_t)length < sizeof(out->text))
		memcpy(out->text + used, text, (size_t)length + 1);
}

static void say_those(struct claim_judgement *out, const struct list *changes,
	enum member_finding found, const char *first)
{
	const char *before = first;

	LIST_EACH(*changes, const struct member_change, change) {
		if (change->found != found)
			continue;
		say_member(out, change, before);
		before = ", ";
	}
}

static void say(
	struct claim_judgement *out, const struct members_test *test, const struct list *changes)
{
	size_t open = out->members - out->members_worse - out->members_kept;

	snprintf(out->text, sizeof(out->text),
		"%zu of %zu member%s outside got worse by more than %.4g point%s, at most %lld "
		"may; "
		"%zu did not, %zu can't be told (%.4g %% confidence each way for all together)",
		out->members_worse, out->members, out->members == 1 ? "" : "s", 100 * test->room,
		test->room == 0.01 ? "" : "s", (long long)test->allowed, out->members_kept, open,
		100 * (1 - test->alpha));
	say_those(out, changes, MEMBER_WORSE, ": worse ");
	say_those(out, changes, MEMBER_OPEN, "; open ");
}

static void judge_counted(
	const struct list *changes, const struct members_test *test, struct claim_judgement *out)
{
	out->verdict =
		judge_from_statistics(members_verdict(test, out->members_worse, out->members_kept));
	say(out, test, changes);
	if (out->members <= (size_t)test->allowed)
		snprintf(out->text, sizeof(out->text),
			"only %zu member%s outside, and %lld may get worse: it could not be "
			"violated",
			out->members, out->members == 1 ? " is" : "s are",
			(long long)test->allowed);
}

static void say_nobody(struct claim_judgement *out)
{
	out->verdict = VERDICT_INCONCLUSIVE;
	snprintf(out->text, sizeof(out->text),
		"no member is outside: a fault was on each of them, or it was expected to get "
		"worse");
}

void judge_degraded(const struct record *record, struct claim_judgement *out)
{
	const struct invariant_spec *claim = out->claim;
	const struct degraded_spec *degraded = claim->degraded;
	const struct sli_record *sli = record_sli(record, degraded->slo);
	const struct members_span span = {.slo = sli->slo,
		.in = &claim->in,
		.baseline = &degraded->baseline,
		.skip_first_ns = claim->skip_first_ns};
	struct tally ignored = {0};
	bool complete = judge_tally(record, sli, &claim->in, claim->skip_first_ns, &ignored);
	bool baseline_complete =
		judge_tally(record, sli, &degraded->baseline, claim->skip_first_ns, &ignored);
	struct list changes = degraded_changes(record, &span);

	keep_counted(record, degraded, &changes);
	out->members = changes.count;
	if (changes.count) {
		const struct members_test test = degraded_test(claim, changes.count);

		find_all(&test, &changes, out);
		judge_counted(&changes, &test, out);
	} else {
		say_nobody(out);
	}
	/* What they are compared with must be whole, or it is something else. */
	if (!baseline_complete || (!complete && out->verdict != VERDICT_VIOLATED))
		out->verdict = VERDICT_NOT_JUDGED;
	free(changes.items);
}
