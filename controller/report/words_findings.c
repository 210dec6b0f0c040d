/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/exit_code.h"
#include "controller/judge/spill.h"
#include "controller/measure/statistics.h"
#include "controller/plan/check.h"
#include "controller/report/trend.h"
#include "controller/report/words.h"

/* What people may make of a run: findings to be owned, and what would tell more next time. */

/* --- findings ---------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void put(
	char *text, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(text, size, format, args);
	va_end(args);
}

#define PUT(member, ...) put((member), sizeof(member), __VA_ARGS__)

static void find_claims(const struct report *report, struct list *findings)
{
	LIST_EACH(report->judgement.claims, struct claim_judgement, own) {
		struct finding_draft *draft;
		char claimed[WORDS_MAX];
		bool held = own->verdict == VERDICT_HELD;

		if (own->finding != FINDING_OTHERWISE && own->finding != FINDING_KNOWN)
			continue;
		draft = list_push(findings, sizeof(*draft));
		words_statement(&report->record.scenario, own->claim, claimed);
		PUT(draft->weakness, "“%.150s” is not so%s", claimed,
			held ? ": it held where a violation was expected" : "");
		PUT(draft->evidence, "claim %.60s: %.240s", own->claim->id, own->text);
		PUT(draft->next,
			held ? "Find out why what should be noticed was not: the probe, or the "
			       "fault."
			     : "Mend the system, or the claim, and run the same scenario again.");
	}
}

/* Losses that a claim allows, or expects, are a weakness all the same. */
static void find_losses(const struct report *report, struct list *findings)
{
	LIST_EACH(report->judgement.data, struct data_summary, own) {
		struct finding_draft *draft;

		if (!own->lost)
			continue;
		draft = list_push(findings, sizeof(*draft));
		PUT(draft->weakness, "Records that were acknowledged are lost");
		PUT(draft->evidence, "%lld of %lld acknowledged writes of %.60s%s",
			(long long)own->lost, (long long)own->acked, own->workload->spec->name,
			own->reads_failed ? ", as far as members could be read" : "");
		PUT(draft->next,
			"Decide who may lose what; let those who may not wait for more "
			"than one member before they acknowledge.");
	}
}

static void find_recoveries(const struct report *report, struct list *findings)
{
	LIST_EACH(report->judgement.outages, struct outage, own) {
		struct finding_draft *draft;

		if (own->rto_ns != NEVER_NS || !words_outage_is_told(report, own))
			continue;
		draft = list_push(findings, sizeof(*draft));
		PUT(draft->weakness, "%.60s did not recover while the run lasted", own->slo->name);
		words_rto(report, own, draft->evidence);
		PUT(draft->next,
			"Lengthen the phase behind the fault, to learn whether it recovers "
			"late or never.");
	}
}

static void find_near_misses(const struct report *report, struct list *findings)
{
	LIST_EACH(report->closest, struct closest, own) {
		struct finding_draft *draft;

		if (!closest_is_near(own))
			continue;
		draft = list_push(findings, sizeof(*draft));
		PUT(draft->weakness, "The run came near to being stopped");
		words_closest(own, draft->evidence);
		PUT(draft->next, "A smaller step first: a shorter fault, or fewer nodes.");
	}
}

static void find_unconfirmed(const struct report *report, struct list *findings)
{
	LIST_EACH(report->judgement.reverts, struct revert_judgement, own) {
		struct finding_draft *draft;

		if (own->confirmed)
			continue;
		draft = list_push(findings, sizeof(*draft));
		PUT(draft->weakness, "%.60s may not be as it was before", own->node);
		PUT(draft->evidence, "%.300s", own->text);
		PUT(draft->next, "backburn heal --run with this run's directory.");
	}
}

static void find_faults(const struct report *report, struct list *findings)
{
	LIST_EACH(report->judgement.effects, struct effect_judgement, own) {
		struct finding_draft *draft;

		if (own->effect != EFFECT_NONE && own->effect != EFFECT_PARTIAL)
			continue;
		draft = list_push(findings, sizeof(*draft));
		PUT(draft->weakness, "Fault %.60s did %s of what was meant", own->fault->spec->id,
			own->effect == EFFECT_NONE ? "nothing" : "only a part");
		PUT(draft->evidence, "%.300s", own->text);
		PUT(draft->next,
			"Look at `backburn plan`: whom it would hit, and with how many "
			"connections.");
	}
}

static void find_spills(const struct report *report, struct list *findings)
{
	LIST_EACH(report->judgement.spills, struct spill, spill) {
		struct finding_draft *draft = list_push(findings, sizeof(*draft));
		char text[SPILL_TEXT_MAX];

		PUT(draft->weakness, "%.60s was hit, and no fault was to hit it",
			spill_name(spill));
		PUT(draft->evidence, "%.300s", spill_text(spill, text));
		PUT(draft->next,
			spill->touched->peer
				? "Look at whose addresses the environment says these are."
				: "Tell the makers of backburn, with the run's directory.");
	}
}

static void find_degraded(const struct report *report, struct list *findings)
{
	struct finding_draft *draft;

	if (!report->judgement.degradation.outside)
		return;
	draft = list_push(findings, sizeof(*draft));
	words_degraded(report, draft->weakness);
	words_degraded_proof(report, draft->evidence);
	PUT(draft->next,
		"Find what ties them to what was hit; if it has to be so, say it: `expected` of a "
		"claim `degraded_at_most`.");
}

struct list words_findings(const struct report *report)
{
	struct list findings = {0};

	find_spills(report, &findings);
	find_unconfirmed(report, &findings);
	find_claims(report, &findings);
	find_losses(report, &findings);
	find_recoveries(report, &findings);
	find_degraded(report, &findings);
	find_faults(report, &findings);
	find_near_misses(report, &findings);
	return findings;
}

/* --- what would tell more ---------------------------------------------------------------- */

/* By how many events such a claim is shown, if none of them is bad. */
static void more_events(
	const struct report *report, const struct claim_judgement *own, struct list *lines)
{
	const struct slo_spec *slo;
	int64_t needed;

	if (own->verdict != VERDICT_INCONCLUSIVE || !own->claim->holds || !own->tally.total)
		return;
	slo = scenario_slo(&report->record.scenario, claim_slo(own->claim));
	needed = slo ? statistics_samples_needed(slo->objective, CLAIM_ALPHA) : 0;
	if (own->tally.total < needed)
		words_add(lines,
			"Claim %s had %lld events; it takes %lld without a bad one to show it: a "
			"longer phase, or a higher rate of its probe.",
			own->claim->id, (long long)own->tally.total, (long long)needed);
	else
		words_add(lines,
			"Claim %s lay too near its objective to tell with %lld events: four times "
			"as many halve what is left open.",
			own->claim->id, (long long)own->tally.total);
}

static void more_runs(const struct report *report, struct list *lines)
{
	int code = report->judgement.exit_code;

	if (code != EXIT_HELD && code != EXIT_VIOLATED)
		return;
	if (!report->trend.count)
		words_add(lines,
			"Run it again: five runs that hold bring the failure chance of the next "
			"below 45 %%, fifty-nine below 5 %%; a suite does it by itself.");
}

static void more_of_probes(const struct report *report, struct list *lines)
{
	struct list late = {0};
	char names[WORDS_MAX];

	LIST_EACH(report->record.scenario.probes, struct probe_spec, probe) {
		int64_t late_ns = 0;

		LIST_EACH(report->record.sources, struct source_record, source)
			if (strcmp(source->probe, probe->name) == 0 && source->lag_max_ns > late_ns)
				late_ns = source->lag_max_ns;
		if (late_ns > probe->timeout_ns / 10)
			list_push_text(&late, probe->name);
	}
	if (late.count)
		words_add(lines,
			"What measures was late itself (%s): a machine with less else to do, or a "
			"lower rate, keeps its delay out of the numbers.",
			words_join(&late, names, sizeof(names)));
	list_free_texts(&late);
}

struct list words_clearer(const struct report *report)
{
	struct list lines = {0};

	if (report->record.unread.lines)
		words_add(&lines, "The journal is damaged: a copy that is whole tells more.");
	if (!report->record.ended)
		words_add(&lines, "Run it again: this one was cut off.");
	LIST_EACH(report->judgement.claims, struct claim_judgement, own)
		more_events(report, own, &lines);
	LIST_EACH(report->judgement.effects, struct effect_judgement, own)
		if (own->effect == EFFECT_NONE)
			words_add(&lines,
				"Fault %s hit nothing: let a probe or a load go over the links "
				"that "
				"it cuts, or aim it elsewhere.",
				own->fault->spec->id);
	more_of_probes(report, &lines);
	more_runs(report, &lines);
	return lines;
}
