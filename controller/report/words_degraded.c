/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "contract/list.h"
#include "controller/judge/degraded.h"
#include "controller/plan/check.h"
#include "controller/plan/degraded_claims.h"
#include "controller/report/words.h"

/* Who got worse: in claims, and where nobody claims anything. */

/* --- claims -------------------------------------------------------------------------------- */

void words_degraded_statement(const struct invariant_spec *claim, char buffer[WORDS_MAX])
{
	const struct degraded_spec *degraded = claim->degraded;
	char phases[30], before[30], most[WORDS_MAX];

	if (degraded->members)
		snprintf(most, sizeof(most), "at most %lld of %.40s but those hit are",
			(long long)degraded->members, degraded->slo);
	else
		snprintf(most, sizeof(most), "none of %.40s but those hit is", degraded->slo);
	words_join(&claim->in, phases, sizeof(phases));
	words_join(&degraded->baseline, before, sizeof(before));
	snprintf(buffer, WORDS_MAX, "%.90s worse in %s by > %.4g %% than in %s", most, phases,
		100 * degraded->worse_by_at_most, before);
}

/* What is counted are members, not events. */
void words_degraded_claim(const struct claim_judgement *own, struct claim_numbers *out)
{
	snprintf(out->allowed, sizeof(out->allowed), "≤ %lld worse",
		(long long)own->claim->degraded->members);
	snprintf(out->samples, sizeof(out->samples), "%zu member%s", own->members,
		own->members == 1 ? "" : "s");
	if (!own->members)
		return;
	snprintf(out->bad, sizeof(out->bad), "%zu", own->members_worse);
	snprintf(out->measured, sizeof(out->measured), "%zu worse, %zu not, %zu open",
		own->members_worse, own->members_kept,
		own->members - own->members_worse - own->members_kept);
}

/* --- the whole run ------------------------------------------------------------------------- */

enum {
	NODES_SHOWN = 4,   /* in the sentence */
	NODES_LISTED = 40, /* below it */
	PART_MAX = 80
};

static bool is_outside(const struct degraded_node *node)
{
	return !node->target && !node->expected;
}

/* "37 points (33 to 41)": a loss, and its bounds. */
static const char *loss_of(const struct member_change *change, char buffer[PART_MAX])
{
	snprintf(buffer, PART_MAX, "%.3g points (%.3g to %.3g)",
		-100 * member_change_difference(change), -100 * change->interval.upper,
		-100 * change->interval.lower);
	return buffer;
}

static void say_outside(const struct degradation *own, char buffer[SENTENCE_MAX])
{
	int used = snprintf(buffer, SENTENCE_MAX, "%zu node%s got worse that no fault was on",
		own->outside, own->outside == 1 ? "" : "s");
	size_t shown = 0;

	LIST_EACH(own->worse, const struct degraded_node, node) {
		char loss[PART_MAX];

		if (!is_outside(node) || shown == NODES_SHOWN || used >= SENTENCE_MAX)
			continue;
		used += snprintf(buffer + used, (size_t)(SENTENCE_MAX - used), "%s%.20s by %s",
			shown++ ? ", " : ": ", node->node, loss_of(node->worst, loss));
	}
	if (shown < own->outside && used < SENTENCE_MAX)
		snprintf(buffer + used, (size_t)(SENTENCE_MAX - used), ", and %zu more",
			own->outside - shown);
}

static bool any_expected(const struct degradation *own)
{
	LIST_EACH(own->worse, const struct degraded_node, node)
		if (node->expected)
			return true;
	return false;
}

const char *words_degraded(const struct report *report, char buffer[SENTENCE_MAX])
{
	const struct degradation *own = &report->judgement.degradation;
	char asked[WORDS_MAX];

	if (!own->changes.count)
		return NULL;
	if (own->outside)
		say_outside(own, buffer);
	else
		snprintf(buffer, SENTENCE_MAX,
			"no node is proven worse that no fault was on%s, of %.60s asked one by one",
			any_expected(own) ? ", but for those expected to be" : "",
			words_count(own->members, "node", asked));
	return buffer;
}

const char *words_amplification(const struct report *report, char buffer[WORDS_MAX])
{
	const struct degradation *own = &report->judgement.degradation;
	char asked[PART_MAX] = "";

	if (!own->changes.count)
		return NULL;
	if (own->targets_asked < own->targets)
		snprintf(asked, sizeof(asked), " (%zu of them asked)", own->targets_asked);
	snprintf(buffer, WORDS_MAX,
		"amplification %.3g: %zu node%s got worse, a fault was on %zu%s",
		degradation_amplification(own), own->worse.count, own->worse.count == 1 ? "" : "s",
		own->targets, asked);
	return buffer;
}

static const char *why_of(const struct degraded_node *node)
{
	if (node->target)
		return "a fault was on it";
	return node->expected ? "as a claim expects" : "no fault was on it";
}

const char *words_change(const struct degraded_node *node, const struct member_change *change,
	char buffer[WORDS_MAX])
{
	char loss[PART_MAX];

	snprintf(buffer, WORDS_MAX, "worse by %s, %s", loss_of(change, loss), why_of(node));
	return buffer;
}

static double good_share(const struct tally *tally)
{
	return 100 * (double)(tally->total - tally->bad) / (double)tally->total;
}

struct list words_degraded_nodes(const struct report *report)
{
	const struct degradation *own = &report->judgement.degradation;
	struct list lines = {0};

	LIST_EACH(own->worse, const struct degraded_node, node) {
		const struct member_change *worst = node->worst;
		char change[WORDS_MAX];

		if (lines.count == NODES_LISTED) {
			words_add(&lines, "and %zu more", own->worse.count - NODES_LISTED);
			break;
		}
		words_add(&lines, "%s: %.4g %% of %lld good in %s, %.4g %% of %lld before (%s): %s",
			node->node, good_share(&worst->during), (long long)worst->during.total,
			worst->phase->spec->id, good_share(&worst->before),
			(long long)worst->before.total, worst->slo->name,
			words_change(node, worst, change));
	}
	return lines;
}

const char *words_degraded_proof(const struct report *report, char buffer[SENTENCE_MAX])
{
	const struct degradation *own = &report->judgement.degradation;

	if (!own->changes.count)
		return NULL;
	snprintf(buffer, SENTENCE_MAX,
		"Each node in each phase from the first fault on, against itself before; worse "
		"means by more than %.4g point%s, with %.4g %% confidence for all %zu comparisons "
		"together.",
		100 * DEGRADED_ROOM, DEGRADED_ROOM == 0.01 ? "" : "s", 100 * (1 - CLAIM_ALPHA),
		own->changes.count);
	return buffer;
}

enum tone tone_of_degraded(const struct degraded_node *own)
{
	return is_outside(own) ? TONE_BAD : TONE_NONE;
}
