/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/cusum_rule.h"

#include <math.h>

#include "contract/units.h"
#include "controller/plan/check.h"

#define BETA 0.05

/* What the phases last at the longest, at the rate that the SLO's probe has at least. */
static double events_of_run(const struct scenario *scenario, const struct slo_spec *slo)
{
	double seconds = 0;

	LIST_EACH(scenario->phases, struct phase_spec, phase)
		seconds += (double)phase_longest_ns(phase) / (double)NS_PER_SEC;
	return fmax(1, seconds * slo_least_rate(scenario, slo));
}

struct cusum_test cusum_rule_test(const struct scenario *scenario, const struct stop_rule *rule)
{
	const struct slo_spec *slo = scenario_slo(scenario, rule->slo);
	double budget = 1 - slo->objective;
	double alpha = rule->cusum->false_stop * (1 - BETA) / events_of_run(scenario, slo);

	return cusum_test(budget, rule->cusum->rate * budget, alpha, BETA);
}

int64_t cusum_fires_ns(const struct scenario *scenario, const struct stop_rule *rule)
{
	const struct cusum_test test = cusum_rule_test(scenario, rule);
	double rate = slo_least_rate(scenario, scenario_slo(scenario, rule->slo));

	return (int64_t)llround((double)cusum_least_bad(&test) / rate * (double)NS_PER_SEC);
}
