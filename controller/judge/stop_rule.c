/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/stop_rule.h"

#include <stdio.h>

#include "contract/units.h"
#include "controller/judge/judge_parts.h"
#include "controller/plan/burn.h"

static double smaller(double a, double b)
{
	return a < b ? a : b;
}

/* Both windows must burn: the slower one says how near it is. One that is not full is no sign. */
static void look_at_burn(const struct record *record, struct rule_look *look)
{
	const struct slo_spec *slo = scenario_slo(&record->scenario, look->rule->slo);

	look->burn = record_burn(record, slo, look->rule->burn);
	look->fires = look->burn.fires;
	if (look->burn.full)
		look->share = smaller(look->burn.long_rate, look->burn.short_rate) /
			look->rule->burn->rate;
}

static void look_at_cusum(const struct record *record, struct rule_look *look)
{
	look->cusum = record_cusum(record, look->rule);
	look->fires = look->cusum->reached;
	look->share = look->fires ? 1 : look->cusum->sum / look->cusum->test.limit;
}

static void look_at_budget(const struct record *record, struct rule_look *look)
{
	const struct sli_record *sli = record_sli(record, look->rule->slo);

	look->spent =
		judge_budget_spent(record, sli, samples_tally(&sli->samples, 0, INT64_MAX).bad);
	look->share = look->spent / look->rule->budget_spent;
	look->fires = look->share >= 1 - 1e-9;
}

static void look_at_writes(const struct record *record, struct rule_look *look)
{
	const struct stop_rule *rule = look->rule;

	look->lost = record_lost_writes(record_workload(record, rule->workload), rule->in_reads);
	look->share = (double)look->lost.missing / (double)(rule->lost_writes + 1);
	look->fires = look->lost.missing > rule->lost_writes;
}

struct rule_look record_rule(
	const struct record *record, const struct stop_rule *rule, int64_t now_ns)
{
	struct rule_look look = {.rule = rule};

	if (rule->burn) {
		look_at_burn(record, &look);
		return look;
	}
	if (rule->cusum) {
		look_at_cusum(record, &look);
		return look;
	}
	if (rule->budget_spent > 0) {
		look_at_budget(record, &look);
		return look;
	}
	if (rule->workload) {
		look_at_writes(record, &look);
		return look;
	}
	look.silence = record_silence(record, rule, now_ns);
	look.share = (double)look.silence.reached_ns / (double)look.silence.limit_ns;
	look.fires = look.silence.reached_ns >= look.silence.limit_ns;
	return look;
}

/* --- words --------------------------------------------------------------------------------- */

const char *rule_why(const struct rule_look *look, char buffer[RULE_TEXT_MAX])
{
	const struct stop_rule *rule = look->rule;
	const struct source_record *source = look->silence.source;
	char limit[DURATION_TEXT_MAX], brief[DURATION_TEXT_MAX], most[PERCENT_TEXT_MAX];

	if (rule->burn)
		snprintf(buffer, RULE_TEXT_MAX,
			"%.63s burns its error budget %.3g times as fast as it may over %s, and "
			"%.3g times over %s; at %g the run stops",
			rule->slo, look->burn.long_rate,
			duration_format(rule->burn->long_ns, limit), look->burn.short_rate,
			duration_format(burn_short_ns(rule->burn), brief), rule->burn->rate);
	else if (rule->cusum)
		snprintf(buffer, RULE_TEXT_MAX,
			"%g times as many events of %.63s are bad as may be; chance makes it look "
			"so in at most %s of runs",
			rule->cusum->rate, rule->slo, percent_human(rule->cusum->false_stop, most));
	else if (rule->budget_spent > 0)
		snprintf(buffer, RULE_TEXT_MAX, "%.63s has spent %s of its error budget", rule->slo,
			percent_human(rule->budget_spent, most));
	else if (rule->workload)
		snprintf(buffer, RULE_TEXT_MAX,
			"%lld acknowledged writes of %.63s are missing from each of the last %lld "
			"reads; above %lld the run stops",
			(long long)look->lost.missing, rule->workload, (long long)rule->in_reads,
			(long long)rule->lost_writes);
	else if (source)
		snprintf(buffer, RULE_TEXT_MAX, "probe %.63s from %.63s%s%.63s sent no data for %s",
			source->probe, source->from, source->to ? " to " : "",
			source->to ? source->to : "",
			duration_format(look->silence.limit_ns, limit));
	else
		snprintf(buffer, RULE_TEXT_MAX, "no good event of %.63s for %s", rule->slo,
			duration_format(look->silence.limit_ns, limit));
	return buffer;
}

const char *rule_way(const struct rule_look *look, char buffer[RULE_TEXT_MAX])
{
	const struct stop_rule *rule = look->rule;
	char limit[DURATION_TEXT_MAX], spent[PERCENT_TEXT_MAX], most[PERCENT_TEXT_MAX];

	if (rule->burn && !look->burn.full)
		snprintf(buffer, RULE_TEXT_MAX, "its window of %s is not full yet",
			duration_format(rule->burn->long_ns, limit));
	else if (rule->burn)
		snprintf(buffer, RULE_TEXT_MAX, "budget burns at %.1f of %g times its rate",
			smaller(look->burn.long_rate, look->burn.short_rate), rule->burn->rate);
	else if (rule->cusum)
		snprintf(buffer, RULE_TEXT_MAX, "the sum is at %.1f of %.1f", look->cusum->sum,
			look->cusum->test.limit);
	else if (rule->budget_spent > 0)
		snprintf(buffer, RULE_TEXT_MAX, "%s of %s of the error budget",
			percent_human(look->spent, spent), percent_human(rule->budget_spent, most));
	else if (rule->workload && look->lost.reads < rule->in_reads)
		snprintf(buffer, RULE_TEXT_MAX, "%lld of the first %lld reads are answered",
			(long long)look->lost.reads, (long long)rule->in_reads);
	else if (rule->workload)
		snprintf(buffer, RULE_TEXT_MAX,
			"%lld acknowledged writes are missing from the last %lld reads, %lld may "
			"be",
			(long long)look->lost.missing, (long long)rule->in_reads,
			(long long)rule->lost_writes);
	else
		snprintf(buffer, RULE_TEXT_MAX, "%.1fs of %s %s",
			(double)look->silence.reached_ns / (double)NS_PER_SEC,
			duration_format(look->silence.limit_ns, limit),
			rule->no_good_for_ns ? "without a good event" : "without data");
	return buffer;
}
