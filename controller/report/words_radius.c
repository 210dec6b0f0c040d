/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "contract/list.h"
#include "controller/judge/radius.h"
#include "controller/report/words.h"

/* The blast radius in words: declared, predicted just before, measured. */

/* Nodes that some fault was on, each once. */
static void nodes_hit(const struct record *record, struct list *out)
{
	LIST_EACH(record->faults, struct fault_record, fault)
		LIST_EACH(fault->on, char *, node)
			if (fault->start_ns != NEVER_NS && !list_has_text(out, *node))
				list_push_text(out, *node);
}

void words_radius(const struct report *report, char buffer[SENTENCE_MAX])
{
	const struct limits_spec *limits = report->record.scenario.guardrails
		? report->record.scenario.guardrails->limits
		: NULL;
	struct list hit = {0};
	char names[160], most[48] = "";

	nodes_hit(&report->record, &hit);
	if (limits && limits->nodes)
		snprintf(most, sizeof(most), "; at most %lld at a time were declared",
			(long long)limits->nodes);
	if (hit.count)
		snprintf(buffer, SENTENCE_MAX, "%zu node%s hit: %s%s", hit.count,
			hit.count == 1 ? "" : "s", words_join(&hit, names, sizeof(names)), most);
	else
		snprintf(buffer, SENTENCE_MAX, "no node was hit%s", most);
	list_free_texts(&hit);
}

/* --- one fault ------------------------------------------------------------------------- */

static void say_declared(const struct fault_record *fault, char text[SENTENCE_MAX])
{
	char on[120], from[120], wanted[120];

	words_join(&fault->on, on, sizeof(on));
	if (!fault->on.count)
		snprintf(text, SENTENCE_MAX, "groups that were never resolved");
	else if (fault->spec->on->processes)
		snprintf(text, SENTENCE_MAX, "%s: processes with %s", on,
			process_selector_text(fault->spec->on->processes, wanted, sizeof(wanted)));
	else if (fault->from.count)
		snprintf(text, SENTENCE_MAX, "%s, against %s", on,
			words_join(&fault->from, from, sizeof(from)));
	else
		snprintf(text, SENTENCE_MAX, fault->machine ? "%s" : "%s, against each other", on);
}

static void say_predicted(
	const struct fault_record *fault, const struct radius_share *share, char text[SENTENCE_MAX])
{
	if (fault->spec->on->processes)
		snprintf(text, SENTENCE_MAX, "%zu process%s", share->found,
			share->found == 1 ? "" : "es");
	else if (fault->machine)
		snprintf(text, SENTENCE_MAX, "%zu machine%s", fault->on.count,
			fault->on.count == 1 ? "" : "s");
	else if (share->connections == NEVER_NS)
		snprintf(text, SENTENCE_MAX, "not asked");
	else
		snprintf(text, SENTENCE_MAX, "%lld live connection%s on %zu of %zu link%s",
			(long long)share->connections, share->connections == 1 ? "" : "s",
			share->links_live, share->links, share->links == 1 ? "" : "s");
}

static void say_measured(const struct effect_judgement *own, const struct radius_share *share,
	char text[SENTENCE_MAX])
{
	const struct fault_record *fault = own->fault;

	if (own->effect == EFFECT_NOT_INJECTED)
		snprintf(text, SENTENCE_MAX, "%s", effect_words[own->effect]);
	else if (fault->spec->on->processes && judge_struck_again(own))
		snprintf(text, SENTENCE_MAX, "%zu strikes", own->strikes.count);
	else if (fault->spec->on->processes)
		snprintf(text, SENTENCE_MAX, "%zu of %zu process%s hit", share->processes_hit,
			share->processes, share->processes == 1 ? "" : "es");
	else if (fault->machine)
		snprintf(text, SENTENCE_MAX, "%zu of %zu machine%s hit", judge_machines_hit(fault),
			fault->on.count, fault->on.count == 1 ? "" : "s");
	else
		snprintf(text, SENTENCE_MAX, "%lld packets %.40s on %zu of %zu link%s",
			(long long)share->packets, judge_did(fault), share->links_hit, share->links,
			share->links == 1 ? "" : "s");
}

void words_radius_of(const struct effect_judgement *own, struct radius_words *out)
{
	struct radius_share share = radius_share(own);

	say_declared(own->fault, out->declared);
	say_predicted(own->fault, &share, out->predicted);
	say_measured(own, &share, out->measured);
}
