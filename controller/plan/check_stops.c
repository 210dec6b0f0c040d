/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "contract/json.h"
#include "contract/units.h"
#include "controller/plan/burn.h"
#include "controller/plan/check_parts.h"
#include "controller/plan/cusum_rule.h"

/*
 * Whether what stops a run, and what would wake somebody, can fire: neither never, nor by chance,
 * nor before a claim on the same SLO is decided.
 */

static int64_t all_phases_ns(const struct scenario *scenario)
{
	int64_t sum_ns = 0;

	LIST_EACH(scenario->phases, struct phase_spec, phase)
		sum_ns += phase_longest_ns(phase);
	return sum_ns;
}

static const char *kind_of(const struct stop_rule *rule)
{
	return rule->burn                ? "burn"
		: rule->cusum            ? "cusum"
		: rule->budget_spent > 0 ? "budget_spent"
		: rule->workload         ? "lost_writes"
		: rule->no_good_for_ns   ? "no_good_for"
					 : "no_data_for";
}

/* With nothing but bad events t·rate of them are bad after t, of B·rate·period in the budget. */
static int64_t spends_ns(const struct scenario *scenario, const struct stop_rule *rule)
{
	const struct slo_spec *slo = scenario_slo(scenario, rule->slo);

	return (int64_t)llround(rule->budget_spent * (1 - slo->objective) * (double)slo->period_ns);
}

int64_t stop_rule_fires_ns(const struct scenario *scenario, const struct stop_rule *rule)
{
	const struct slo_spec *slo = rule->slo ? scenario_slo(scenario, rule->slo) : NULL;

	if (slo && rule->burn)
		return burn_fires_ns(rule->burn, slo->objective, slo_least_rate(scenario, slo));
	if (slo && rule->cusum)
		return cusum_fires_ns(scenario, rule);
	if (rule->budget_spent > 0)
		return spends_ns(scenario, rule);
	if (rule->workload)
		return rule->in_reads * scenario_workload(scenario, rule->workload)->read_every_ns;
	return rule->no_good_for_ns ? rule->no_good_for_ns : rule->no_data_for_ns;
}

/* --- burn windows -------------------------------------------------------------------------- */

static bool is_enough(const struct burn_spec *burn, double objective, int64_t events)
{
	return (double)burn_min_bad(burn, objective, events) <=
		burn->rate * (1 - objective) * (double)events + 1e-9;
}

/*
 * The number of events from which `rate` times the budget is min_bad of them, or more. There is
 * one, since a rate above 1 outgrows what comes by chance.
 */
static int64_t events_needed(const struct burn_spec *burn, double objective)
{
	int64_t few = 0, enough = 1;

	while (!is_enough(burn, objective, enough)) {
		few = enough;
		enough *= 2;
	}
	while (enough - few > 1) {
		int64_t middle = few + (enough - few) / 2;

		if (is_enough(burn, objective, middle))
			enough = middle;
		else
			few = middle;
	}
	return enough;
}

static int check_windows(const struct scenario *scenario, const struct slo_spec *slo,
	const struct burn_spec *burn, const char *path, struct fail *fail)
{
	int64_t longest_ns = all_phases_ns(scenario);
	char key_path[JSON_PATH_MAX], slow[DURATION_TEXT_MAX], other[DURATION_TEXT_MAX];

	if (burn_short_ns(burn) > burn->long_ns)
		return fail_at(fail, json_path_key(key_path, path, "short"),
			"the short window of %s is longer than the long one of %s",
			duration_format(burn->short_ns, other),
			duration_format(burn->long_ns, slow));
	if (burn_short_ns(burn) < slo->slice_ns)
		return fail_at(fail, json_path_key(key_path, path, "short"),
			"the short window of %s is shorter than a slice of \"%s\", of %s",
			duration_format(burn_short_ns(burn), other), slo->name,
			duration_format(slo->slice_ns, slow));
	if (burn->long_ns >= longest_ns)
		return fail_at(fail, json_path_key(key_path, path, "long"),
			"can never fire: its window of %s is judged when it is full, and all "
			"phases "
			"last %s at most",
			duration_format(burn->long_ns, slow), duration_format(longest_ns, other));
	return 0;
}

/* `path`: of the object whose "rate" it is. */
static int check_rate(const struct slo_spec *slo, double rate, const char *path, struct fail *fail)
{
	double budget = 1 - slo->objective;
	char key_path[JSON_PATH_MAX];

	if (rate * budget >= 1 - 1e-9)
		return fail_at(fail, json_path_key(key_path, path, "rate"),
			"can never fire: an objective of %.10g %% burns at %.10g times its rate "
			"when "
			"every event is bad, and a rule must lie below that",
			slo->objective * 100, 1 / budget);
	return 0;
}

static int check_burn(const struct scenario *scenario, const struct slo_spec *slo,
	const struct burn_spec *burn, const char *path, struct fail *fail)
{
	double rate = slo_least_rate(scenario, slo), budget = 1 - slo->objective;
	int64_t events = (int64_t)floor((double)burn->long_ns / (double)NS_PER_SEC * rate + 1e-6);
	char key_path[JSON_PATH_MAX], slow[DURATION_TEXT_MAX];

	if (check_rate(slo, burn->rate, path, fail) < 0)
		return -1;
	if (check_windows(scenario, slo, burn, path, fail) < 0)
		return -1;
	if (is_enough(burn, slo->objective, events))
		return 0;
	return fail_at(fail, json_path_key(key_path, path, "long"),
		"too few events: %s hold %lld, of which %.3g are bad at %g times the rate, but "
		"%lld "
		"must be; %lld events are needed (a longer window, a higher rate of the probe%s)",
		duration_format(burn->long_ns, slow), (long long)events,
		burn->rate * budget * (double)events, burn->rate,
		(long long)burn_min_bad(burn, slo->objective, events),
		(long long)events_needed(burn, slo->objective),
		burn->min_bad ? " or a smaller min_bad" : "");
}

/* The keys belong together, and a slice must have an event in it. */
static int check_slice(const struct scenario *scenario, const struct slo_spec *slo,
	const char *path, struct fail *fail)
{
	bool sliced = slo->budgeting == BUDGETING_TIMESLICES;
	double seconds = (double)slo->slice_ns / (double)NS_PER_SEC;
	const struct probe_spec *probe = scenario_probe(scenario, slo->probe);

	if (sliced && !slo->slice_ns)
		return fail_at(fail, path,
			"\"budgeting\": \"timeslices\" needs \"slice\" and \"slice_objective\"");
	if (!sliced && slo->slice_ns)
		return fail_at(fail, path, "a slice needs \"budgeting\": \"timeslices\" beside it");
	if (!sliced || seconds * probe_least_rate(probe) >= 1)
		return 0;
	return fail_at(fail, path,
		"a slice would hold %.2g events, and one without any is not good: a longer slice, "
		"or a "
		"higher rate of probe \"%s\"",
		seconds * probe_least_rate(probe), probe->name);
}

static int check_slo(const struct scenario *scenario, const struct slo_spec *slo, struct fail *fail)
{
	struct at slos = at_key(NULL, "slos"), at = at_key(&slos, slo->name);
	struct at burns = at_key(&at, "burn"), slice = at_key(&at, "slice");
	size_t index = 0;

	if (check_slice(scenario, slo, slice.path, fail) < 0)
		return -1;
	LIST_EACH(slo->burn, struct burn_spec, burn) {
		struct at place = at_index(&burns, index++);

		if (check_burn(scenario, slo, burn, place.path, fail) < 0)
			return -1;
	}
	return 0;
}

/* --- stop rules ---------------------------------------------------------------------------- */

/* What it takes until the rule fires, in a sentence. */
static const char *condition_of(const struct stop_rule *rule)
{
	return rule->no_good_for_ns ? "without a good event" : "at 100 % errors";
}

static int check_rule_against(const struct scenario *scenario, const struct stop_rule *rule,
	const char *path, struct fail *fail)
{
	int64_t fires_ns = stop_rule_fires_ns(scenario, rule);
	char rule_text[DURATION_TEXT_MAX], within_text[DURATION_TEXT_MAX];

	LIST_EACH(scenario->invariants, struct invariant_spec, claim) {
		if (!claim->recovers || strcmp(claim->recovers->slo, rule->slo) != 0 ||
			fires_ns >= claim->recovers->within_ns)
			continue;
		return fail_at(fail, path,
			"stop rule \"%s\" fires after %s %s, sooner than the %s that claim \"%s\" "
			"allows: the claim could never be violated, only stopped",
			rule->id, duration_format(fires_ns, rule_text), condition_of(rule),
			duration_format(claim->recovers->within_ns, within_text), claim->id);
	}
	return 0;
}

/* The workload exists. */
static int check_lost_writes(const struct scenario *scenario, const struct stop_rule *rule,
	const char *path, struct fail *fail)
{
	char key_path[JSON_PATH_MAX];

	if (rule->slo)
		return fail_at(fail, json_path_key(key_path, path, "slo"),
			"\"lost_writes\" is of a workload, not of an SLO");
	if (!scenario_workload(scenario, rule->workload)->read_every_ns)
		return fail_at(fail, json_path_key(key_path, path, "lost_writes"),
			"can never fire: workload \"%s\" is read at the end only, and needs "
			"\"read_every\"",
			rule->workload);
	return 0;
}

static int check_rule(const struct scenario *scenario, const struct stop_rule *rule,
	const char *path, struct fail *fail)
{
	char key_path[JSON_PATH_MAX], needs[DURATION_TEXT_MAX];
	int64_t fires_ns;

	json_path_key(key_path, path, kind_of(rule));
	if (rule->workload && check_lost_writes(scenario, rule, path, fail) < 0)
		return -1;
	if (rule->burn &&
		check_burn(scenario, scenario_slo(scenario, rule->slo), rule->burn, key_path,
			fail) < 0)
		return -1;
	if (rule->cusum &&
		check_rate(scenario_slo(scenario, rule->slo), rule->cusum->rate, key_path, fail) <
			0)
		return -1;
	fires_ns = stop_rule_fires_ns(scenario, rule);
	if (rule->no_good_for_ns && fires_ns <= scenario_slo(scenario, rule->slo)->slice_ns)
		return fail_at(fail, key_path,
			"stop rule \"%s\" would always fire: good slices of \"%s\" lie %s apart",
			rule->id, rule->slo,
			duration_format(scenario_slo(scenario, rule->slo)->slice_ns, needs));
	if (rule->budget_spent > 0 && fires_ns >= all_phases_ns(scenario))
		return fail_at(fail, key_path,
			"stop rule \"%s\" can never fire: with every event bad it would need %s, "
			"longer than all phases last",
			rule->id, duration_human(fires_ns, needs));
	if (fires_ns >= all_phases_ns(scenario))
		return fail_at(fail, key_path,
			"stop rule \"%s\" can never fire: it needs longer than all phases last",
			rule->id);
	return rule->no_data_for_ns || rule->workload
		? 0
		: check_rule_against(scenario, rule, key_path, fail);
}

int check_stops(const struct scenario *scenario, struct fail *fail)
{
	char path[JSON_PATH_MAX];
	size_t index = 0;

	LIST_EACH(scenario->slos, struct slo_spec, slo)
		if (check_slo(scenario, slo, fail) < 0)
			return -1;
	LIST_EACH(scenario->guardrails->stop_if, struct stop_rule, rule)
		if (check_rule(scenario, rule, json_path_index(path, "guardrails.stop_if", index++),
			    fail) < 0)
			return -1;
	return 0;
}
