/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/plan_print.h"

#include <math.h>

#include "contract/units.h"
#include "controller/measure/statistics.h"
#include "controller/plan/burn.h"
#include "controller/plan/check.h"
#include "controller/plan/comparison_claims.h"
#include "controller/plan/degraded_claims.h"
#include "controller/plan/plan_times.h"
#include "controller/prober/orders.h"

/* --- claims ---------------------------------------------------------------------------- */

static void print_holds(
	FILE *out, const struct scenario *scenario, const struct invariant_spec *claim)
{
	const struct slo_spec *slo = scenario_slo(scenario, claim->holds->slo);
	long long samples = (long long)claim_samples(scenario, claim);
	long long violated =
		(long long)statistics_violating(samples, slo->objective, claim_alpha(claim));

	fprintf(out, "%lld samples", samples);
	if (claim->expect == EXPECT_VIOLATED)
		fprintf(out, "; a violation is expected, and proven from %lld bad", violated);
	else
		fprintf(out,
			"; held with at most %lld bad, violated from %lld; %.2g %% chance of "
			"INCONCLUSIVE at 0.1 %% errors",
			(long long)statistics_tolerated(
				samples, slo->objective, claim_alpha(claim)),
			violated,
			100 *
				statistics_chance_inconclusive(samples, slo->objective,
					claim_alpha(claim), PLAN_BACKGROUND_ERRORS));
}

static double events_a_second(const struct scenario *scenario, const char *slo)
{
	return slo_least_rate(scenario, scenario_slo(scenario, slo));
}

static void print_recovers(
	FILE *out, const struct scenario *scenario, const struct recovers_spec *recovers)
{
	char within[DURATION_TEXT_MAX], stable[DURATION_TEXT_MAX], step[DURATION_TEXT_MAX];
	double rate = events_a_second(scenario, recovers->slo);

	fprintf(out, "within %s of %s's %s, stable for %s (%.0f events); seen to within %s",
		duration_format(recovers->within_ns, within), recovers->from->fault,
		instant_words[recovers->from->instant],
		duration_format(recovers->stable_for_ns, stable),
		floor((double)recovers->stable_for_ns / (double)NS_PER_SEC * rate),
		duration_human((int64_t)((double)NS_PER_SEC / rate), step));
}

static void print_data(FILE *out, const struct scenario *scenario, const struct data_spec *data)
{
	const struct workload_spec *workload = scenario_workload(scenario, data->workload);
	double seconds = (double)plan_times(scenario).shortest_ns / (double)NS_PER_SEC;

	fprintf(out, "at most %lld of about %.0f writes lost, each read back from every member",
		(long long)data->max_lost, floor(seconds * workload->rate));
}

static void print_budget(
	FILE *out, const struct scenario *scenario, const struct budget_spec *budget)
{
	const struct slo_spec *slo = scenario_slo(scenario, budget->slo);
	double period_s = (double)slo->period_ns / (double)NS_PER_SEC;
	double events = events_a_second(scenario, budget->slo) * period_s * (1 - slo->objective);
	char period[DURATION_TEXT_MAX];

	fprintf(out, "at most %.0f bad events: %.4g %% of the error budget of %s",
		floor(budget->max_spent * events), 100 * budget->max_spent,
		duration_format(slo->period_ns, period));
}

static void print_restarts(FILE *out, const struct restarts_spec *restarts)
{
	char within[DURATION_TEXT_MAX];

	fprintf(out, "who is ended by %s is back within %s of each strike", restarts->fault,
		duration_format(restarts->within_ns, within));
}

static void print_comparison(
	FILE *out, const struct scenario *scenario, const struct invariant_spec *claim)
{
	const struct list *in = NULL;
	struct comparison_zone zone;

	if (claim->compare && claim->compare->probe) {
		in = claim->compare->with->in.count ? &claim->compare->with->in : &claim->in;
		fprintf(out, "%lld whole seconds, and %lld to compare with",
			(long long)phases_seconds(scenario, &claim->in, claim->skip_first_ns),
			(long long)phases_seconds(scenario, in, claim->skip_first_ns));
		return;
	}
	zone = comparison_zone(scenario, claim);
	fprintf(out, "%lld samples, and %lld of %s to compare with", (long long)zone.samples,
		(long long)zone.reference_samples,
		comparison_of(scenario, claim).reference_slo->name);
	if (zone.tolerated >= 0)
		fprintf(out,
			"; held with at most %lld bad where those are good, violated from %lld",
			(long long)zone.tolerated, (long long)zone.violating);
}

static void print_degraded(
	FILE *out, const struct scenario *scenario, const struct invariant_spec *claim)
{
	const struct degraded_zone zone = degraded_zone(scenario, claim);

	fprintf(out, "%lld samples of each of %lld member%s, and %lld of each to compare with",
		(long long)zone.samples, (long long)zone.members, zone.members == 1 ? "" : "s",
		(long long)zone.reference_samples);
	if (zone.tolerated >= 0)
		fprintf(out,
			"; where those are good, a member is no worse with at most %lld bad, worse "
			"from %lld",
			(long long)zone.tolerated, (long long)zone.violating);
}

static void print_watched(
	FILE *out, const struct scenario *scenario, const struct invariant_spec *claim)
{
	const struct probe_spec *probe = scenario_probe(scenario, claim_watched_probe(claim));

	fprintf(out, "by the numbers that %s reads, %g a second%s", probe->name, probe->rate,
		probe->to && probe->to->policy == POLICY_EACH ? " of each member" : "");
}

static void print_claim(
	FILE *out, const struct scenario *scenario, const struct invariant_spec *claim)
{
	fprintf(out, "  %-12s %-8s %-12s ", claim->id, claim_kind(claim), gate_words[claim->gate]);
	if (claim->holds)
		print_holds(out, scenario, claim);
	else if (claim->recovers)
		print_recovers(out, scenario, claim->recovers);
	else if (claim->data)
		print_data(out, scenario, claim->data);
	else if (claim->compare || claim->ratio)
		print_comparison(out, scenario, claim);
	else if (claim->degraded)
		print_degraded(out, scenario, claim);
	else if (claim->restarts)
		print_restarts(out, claim->restarts);
	else if (claim_watched_probe(claim))
		print_watched(out, scenario, claim);
	else if (claim->budget)
		print_budget(out, scenario, claim->budget);
	fputc('\n', out);
}

/* --- stop rules, limits ---------------------------------------------------------------- */

static void print_stop_rules(FILE *out, const struct scenario *scenario)
{
	const struct guardrails_spec *guardrails = scenario->guardrails;
	char text[DURATION_TEXT_MAX];

	fputs("stop rules (they end the run early)\n", out);
	LIST_EACH(guardrails->stop_if, struct stop_rule, rule)
		fprintf(out, "  %-12s fires after %s %s\n", rule->id,
			duration_format(stop_rule_fires_ns(scenario, rule), text),
			rule->no_data_for_ns     ? "without data"
				: rule->workload ? "with every write lost"
						 : "at 100 % errors");
	if (!guardrails->stop_if.count)
		fprintf(out, "  none, because: %s\n", guardrails->no_stop_because);
}

/* When somebody would be told, by the SLOs that say so. */
static void print_on_call(FILE *out, const struct scenario *scenario)
{
	char text[DURATION_TEXT_MAX];
	bool any = false;

	LIST_EACH(scenario->slos, struct slo_spec, slo)
		LIST_EACH(slo->burn, struct burn_spec, burn) {
			if (!any)
				fputs("on call\n", out);
			any = true;
			fprintf(out, "  %-12s %s after %s at 100 %% errors\n", slo->name,
				burn_severity_words[burn->severity],
				duration_format(burn_fires_ns(burn, slo->objective,
							slo_least_rate(scenario, slo)),
					text));
		}
}

static void print_times(
	FILE *out, const struct scenario *scenario, const struct catalogue *catalogue)
{
	const struct plan_times times = plan_times(scenario);
	char low[DURATION_TEXT_MAX], about[DURATION_TEXT_MAX], high[DURATION_TEXT_MAX],
		limit[DURATION_TEXT_MAX], heal[DURATION_TEXT_MAX];

	fprintf(out,
		"time\n"
		"  run          %s at least, about %s, %s at most; it is stopped after %s\n",
		duration_format(times.shortest_ns, low), duration_format(times.expected_ns, about),
		duration_format(times.longest_ns, high),
		duration_format(scenario->guardrails->limits->run_ns, limit));
	if (plan_heal_ns(scenario, catalogue))
		fprintf(out,
			"  heal         after Ctrl-C or SIGTERM at once where nodes answer, %s at "
			"most\n",
			duration_format(plan_heal_ns(scenario, catalogue), heal));
	else
		fputs("  heal         nothing: each fault is over as soon as it has acted\n", out);
}

void plan_print(FILE *out, const struct scenario *scenario, const struct catalogue *catalogue)
{
	fprintf(out, "%s: %s\n", scenario->name, scenario->title);
	print_times(out, scenario, catalogue);
	fputs("claims (name, kind, gate, and what each needs)\n", out);
	LIST_EACH(scenario->invariants, struct invariant_spec, claim)
		print_claim(out, scenario, claim);
	print_stop_rules(out, scenario);
	print_on_call(out, scenario);
}
