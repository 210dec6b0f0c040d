/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/report/words.h"

/* What is to be known within seconds: what was done, and whether all is as before. */

enum {
	FAULTS_SHOWN = 4
};

/* --- the revert -------------------------------------------------------------------------- */

static bool is_compared(const struct report *report, const struct revert_judgement *own)
{
	const struct node_record *node = record_node(&report->record, own->node);

	return !node || node->gone || (node->audited_before && node->audited_after);
}

enum tone tone_of_revert(const struct report *report, const struct revert_judgement *own)
{
	if (!own->confirmed)
		return TONE_BAD;
	return is_compared(report, own) ? TONE_GOOD : TONE_NONE;
}

const char *words_confirmed(const struct report *report, const struct revert_judgement *own)
{
	static const char *const words[] = {[TONE_GOOD] = "confirmed",
		[TONE_BAD] = "NOT CONFIRMED",
		[TONE_OPEN] = "?",
		[TONE_NONE] = "not touched"};

	return words[tone_of_revert(report, own)];
}

struct tallied {
	size_t nodes, gone, recovered, unconfirmed;
	bool touched;
	const struct revert_judgement *services, *first; /* the first one not confirmed */
};

static struct tallied tally(const struct report *report)
{
	struct tallied out = {0};

	LIST_EACH(report->judgement.reverts, struct revert_judgement, own) {
		const struct node_record *node = record_node(&report->record, own->node);

		if (!own->confirmed && !out.unconfirmed++)
			out.first = own;
		if (!node) {
			out.services = own;
			continue;
		}
		out.nodes++;
		out.gone += node->gone;
		out.recovered += own->touched && node->recovered && !node->gone;
		out.touched = out.touched || own->touched;
	}
	return out;
}

static void say_confirmed(
	const struct report *report, const struct tallied *all, char buffer[SENTENCE_MAX])
{
	char nodes[WORDS_MAX], gone[WORDS_MAX] = "", services[WORDS_MAX] = "", count[WORDS_MAX];

	if (all->gone == all->nodes) {
		snprintf(buffer, SENTENCE_MAX,
			"confirmed: %.60s gone with the lab, and all that was done there with it",
			words_count(all->nodes, "node", nodes));
		return;
	}
	if (all->gone)
		snprintf(gone, sizeof(gone), ", %zu of the nodes gone with the lab", all->gone);
	else if (all->recovered)
		snprintf(gone, sizeof(gone), ", %zu of the nodes after a later recovery",
			all->recovered);
	if (all->services)
		snprintf(services, sizeof(services), " and %.80s",
			words_count(report->record.services_after.count, "service", count));
	snprintf(buffer, SENTENCE_MAX, "confirmed: %.60s%.90s as before%.90s",
		words_count(all->nodes, "node", nodes), services, gone);
}

enum tone words_revert(const struct report *report, char buffer[SENTENCE_MAX])
{
	struct tallied all = tally(report);
	char others[WORDS_MAX] = "", count[WORDS_MAX];

	if (all.unconfirmed > 1)
		snprintf(others, sizeof(others), " (and on %.80s)",
			words_count(all.unconfirmed - 1, "other", count));
	if (all.unconfirmed)
		snprintf(buffer, SENTENCE_MAX, "NOT CONFIRMED on %.60s%.60s: %.150s",
			all.first->node, others, all.first->text);
	else if (!all.touched)
		snprintf(buffer, SENTENCE_MAX, "no node was touched");
	else
		say_confirmed(report, &all, buffer);
	return all.unconfirmed ? TONE_BAD : all.touched ? TONE_GOOD : TONE_NONE;
}

/* --- the whole --------------------------------------------------------------------------- */

/* "cut-leader: partition on n1, from n2, n3, for 10s; effect proven". */
static void add_fault(struct list *list, const struct effect_judgement *own)
{
	const struct fault_record *fault = own->fault;
	struct glance *glance = list_push(list, sizeof(*glance));
	char what[SENTENCE_MAX], length[DURATION_TEXT_MAX], when[WORDS_MAX] = "", at[WORDS_MAX];
	bool known = fault->start_ns != NEVER_NS && own->effect != EFFECT_NOT_INJECTED;

	if (known && fault->at_once)
		snprintf(when, sizeof(when), ", at %.40s", words_at(fault->start_ns, at));
	else if (known && fault->healed_ns != NEVER_NS)
		snprintf(when, sizeof(when), ", for %s",
			words_step(fault->healed_ns - fault->start_ns, length));
	words_fault(fault, what);
	glance->tone = tone_of_effect(own);
	if (own->effect == EFFECT_NOT_INJECTED)
		snprintf(glance->text, sizeof(glance->text), "%.60s (%.20s): %.60s",
			fault->spec->id, fault->spec->fault, own->text);
	else
		snprintf(glance->text, sizeof(glance->text), "%.60s: %.170s%.50s; effect %s",
			fault->spec->id, what, when, effect_words[own->effect]);
}

/* "9 of 11 claims are as expected; not as expected: failover; unproven: rejoin". */
static void add_claims(struct list *list, const struct list *claims)
{
	struct list otherwise = {0}, open = {0};
	struct glance *glance;
	size_t expected = 0;
	char names[120], unproven[120];

	LIST_EACH(*claims, struct claim_judgement, own) {
		expected += own->finding == FINDING_AS_EXPECTED;
		if (own->finding == FINDING_OTHERWISE)
			list_push_text(&otherwise, own->claim->id);
		else if (own->finding != FINDING_AS_EXPECTED)
			list_push_text(&open, own->claim->id);
	}
	if (claims->count) {
		glance = list_push(list, sizeof(*glance));
		glance->tone = otherwise.count ? TONE_BAD : open.count ? TONE_OPEN : TONE_GOOD;
		snprintf(glance->text, sizeof(glance->text),
			"%zu of %zu claim%s as expected%s%s%s%s", expected, claims->count,
			claims->count == 1 ? " is" : "s are",
			otherwise.count ? "; not as expected: " : "",
			words_join(&otherwise, names, sizeof(names)),
			open.count ? "; unproven: " : "",
			words_join(&open, unproven, sizeof(unproven)));
	}
	list_free_texts(&otherwise);
	list_free_texts(&open);
}

/* Beyond the first few as well: what is not as asked is to be known. */
static void add_differing(struct list *list, const struct list *effects)
{
	char text[SENTENCE_MAX];

	LIST_EACH(*effects, struct effect_judgement, own) {
		struct glance *glance;

		if (!words_differing(own, text))
			continue;
		glance = list_push(list, sizeof(*glance));
		glance->tone = TONE_OPEN;
		memcpy(glance->text, text, sizeof(text));
	}
}

/* What a fault did to others is to be known. */
static void add_degraded(struct list *list, const struct report *report)
{
	struct glance *glance;
	char text[SENTENCE_MAX];

	if (!report->judgement.degradation.outside || !words_degraded(report, text))
		return;
	glance = list_push(list, sizeof(*glance));
	glance->tone = TONE_BAD;
	memcpy(glance->text, text, sizeof(text));
}

struct list words_glance(const struct report *report)
{
	const struct list *effects = &report->judgement.effects;
	struct list list = {0};
	struct glance *revert;
	char text[SENTENCE_MAX];
	enum tone tone;

	add_claims(&list, &report->judgement.claims);
	for (size_t i = 0; i < effects->count && i < FAULTS_SHOWN; i++)
		add_fault(&list, LIST_AT(*effects, struct effect_judgement, i));
	if (effects->count > FAULTS_SHOWN) {
		struct glance *more = list_push(&list, sizeof(*more));
		char count[WORDS_MAX];

		more->tone = TONE_NONE;
		snprintf(more->text, sizeof(more->text), "and %.80s more, below",
			words_count(effects->count - FAULTS_SHOWN, "fault", count));
	}
	add_differing(&list, effects);
	add_degraded(&list, report);
	tone = words_revert(report, text);
	revert = list_push(&list, sizeof(*revert));
	revert->tone = tone;
	snprintf(revert->text, sizeof(revert->text), "%s%.300s", tone == TONE_NONE ? "" : "revert ",
		text);
	return list;
}
