/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "contract/json.h"
#include "contract/units.h"
#include "controller/measure/statistics.h"
#include "controller/plan/check.h"
#include "controller/plan/overlap.h"
#include "controller/prober/orders.h"

/*
 * Whether the files can be true: every claim can be shown with the samples it will have, every
 * stop rule can fire and does not fire before a claim on the same SLO is decided, and no fault or
 * run is longer than its own limits.
 */

struct subject {
	const struct scenario *scenario;
	const struct catalogue *catalogue;
};

int64_t phase_shortest_ns(const struct phase_spec *phase)
{
	return phase->until ? phase->until->good_for_ns : phase->for_ns;
}

int64_t phase_longest_ns(const struct phase_spec *phase)
{
	return phase->until ? phase->at_most_ns : phase->for_ns;
}

int64_t fault_end_ns(
	const struct catalogue *catalogue, const struct fault_spec *fault, int64_t phase_ns)
{
	int64_t end_ns = fault->for_ns ? fault->at_ns + fault->for_ns : phase_ns;

	if (catalogue_at_once(catalogue, fault->fault, fault->with))
		end_ns = fault->at_ns;
	return end_ns < phase_ns ? end_ns : phase_ns;
}

const char *claim_slo(const struct invariant_spec *claim)
{
	if (claim->holds)
		return claim->holds->slo;
	if (claim->recovers)
		return claim->recovers->slo;
	return claim->budget ? claim->budget->slo : NULL;
}

const char *claim_kind(const struct invariant_spec *claim)
{
	if (claim->holds)
		return "holds";
	if (claim->recovers)
		return "recovers";
	if (claim->restarts)
		return "restarts";
	return claim->data ? "data" : "budget";
}

const struct phase_spec *claim_last_phase(
	const struct scenario *scenario, const struct invariant_spec *claim)
{
	const struct phase_spec *last = NULL;

	LIST_EACH(claim->in, char *, id) {
		const struct phase_spec *phase = scenario_phase(scenario, *id);

		/* The scenario has its phases in one list, in the order of time. */
		if (!last || phase > last)
			last = phase;
	}
	return last;
}

/* How many nodes that names of nodes and groups mean, at the least. */
static int64_t least_nodes(const struct scenario *scenario, const struct list *names)
{
	int64_t least = 0;

	LIST_EACH(*names, char *, name) {
		const struct group_spec *group = scenario_group(scenario, *name);

		least += group ? group->count.min : 1;
	}
	return least;
}

int64_t probe_least_sources(const struct scenario *scenario, const struct probe_spec *probe)
{
	int64_t sources = least_nodes(scenario, &probe->from);

	if (probe->to && probe->to->policy == POLICY_EACH)
		sources *= scenario_group(scenario, probe->to->group)->count.min;
	return sources;
}

int64_t claim_samples(const struct scenario *scenario, const struct invariant_spec *claim)
{
	const struct slo_spec *slo = scenario_slo(scenario, claim_slo(claim));
	const struct probe_spec *probe = scenario_probe(scenario, slo->probe);
	int64_t total_ns = 0;

	LIST_EACH(claim->in, char *, id) {
		int64_t phase_ns = phase_shortest_ns(scenario_phase(scenario, *id));

		if (phase_ns > claim->skip_first_ns)
			total_ns += phase_ns - claim->skip_first_ns;
	}
	return (int64_t)floor((double)total_ns / (double)NS_PER_SEC * probe->rate + 1e-6) *
		probe_least_sources(scenario, probe);
}

/* --- claims ---------------------------------------------------------------------------- */

static int check_holds(const struct scenario *scenario, const struct invariant_spec *claim,
	const char *path, struct fail *fail)
{
	const struct slo_spec *slo = scenario_slo(scenario, claim->holds->slo);
	int64_t samples = claim_samples(scenario, claim), needed;

	if (claim->expect == EXPECT_VIOLATED) {
		if (samples > 0 &&
			statistics_violating(samples, slo->objective, CLAIM_ALPHA) <= samples)
			return 0;
		return fail_at(fail, path,
			"a violation of %g %% cannot be shown: %lld samples, and not even all of "
			"them bad would prove it",
			slo->objective * 100, (long long)samples);
	}
	if (statistics_tolerated(samples, slo->objective, CLAIM_ALPHA) >= 0)
		return 0;
	needed = statistics_samples_needed(slo->objective, CLAIM_ALPHA);
	return fail_at(fail, path,
		"%.10g %% cannot be shown: this claim will have %lld samples, %lld are needed (a "
		"longer phase, a higher rate or a lower objective)",
		slo->objective * 100, (long long)samples, (long long)needed);
}

/* Time from a fault's end (or start) to the end of the last phase, at the least. */
static int64_t time_left_ns(const struct subject *subject, const char *id, bool from_end)
{
	const struct scenario *scenario = subject->scenario;
	const struct phase_spec *own = NULL;
	const struct fault_spec *fault = scenario_fault(scenario, id, &own);
	int64_t phase_ns = phase_shortest_ns(own), left_ns;

	left_ns = from_end ? phase_ns - fault_end_ns(subject->catalogue, fault, phase_ns)
			   : phase_ns - fault->at_ns;
	for (const struct phase_spec *later = own + 1;
		later < LIST_AT(scenario->phases, struct phase_spec, scenario->phases.count);
		later++)
		left_ns += later->only_if ? 0 : phase_shortest_ns(later);
	return left_ns;
}

static int check_recovers(const struct subject *subject, const struct invariant_spec *claim,
	const char *path, struct fail *fail)
{
	const struct recovers_spec *recovers = claim->recovers;
	int64_t left_ns = time_left_ns(
		subject, recovers->from->fault, recovers->from->instant == INSTANT_HEALED);
	char needed[DURATION_TEXT_MAX], left[DURATION_TEXT_MAX];

	if (left_ns >= recovers->within_ns + recovers->stable_for_ns)
		return 0;
	return fail_at(fail, path,
		"cannot be shown: within and stable_for together need %s after the fault's %s "
		"instant, the phases leave %s",
		duration_format(recovers->within_ns + recovers->stable_for_ns, needed),
		instant_words[recovers->from->instant], duration_format(left_ns, left));
}

/*
 * A node looks for those that are not back yet in steps of an eighth of the time that has passed:
 * so late it may say that they are not.
 */
static int check_restarts(const struct subject *subject, const struct invariant_spec *claim,
	const char *path, struct fail *fail)
{
	const struct restarts_spec *restarts = claim->restarts;
	int64_t needed_ns = restarts->within_ns + restarts->within_ns / 4 + NS_PER_SEC;
	int64_t left_ns = time_left_ns(subject, restarts->fault, true);
	char needed[DURATION_TEXT_MAX], left[DURATION_TEXT_MAX];

	if (left_ns >= needed_ns)
		return 0;
	return fail_at(fail, path,
		"cannot be shown: after the last strike %s are needed to see that somebody is not "
		"back, the phases leave %s",
		duration_human(needed_ns, needed), duration_format(left_ns, left));
}

static int check_precondition(const struct scenario *scenario, const struct invariant_spec *claim,
	const char *path, struct fail *fail)
{
	const struct phase_spec *last = claim_last_phase(scenario, claim);

	LIST_EACH(scenario->phases, struct phase_spec, phase) {
		if (phase->faults.count)
			return fail_at(fail, path,
				"a precondition must be decided before the first fault; phase "
				"\"%s\" already has one",
				phase->id);
		if (phase == last)
			break;
	}
	return 0;
}

/* What may never be decided is no gate. */
static int check_certain(const struct scenario *scenario, const struct invariant_spec *claim,
	const char *path, struct fail *fail)
{
	LIST_EACH(claim->in, char *, id)
		if (scenario_phase(scenario, *id)->only_if)
			return fail_at(fail, path,
				"a precondition must always be decided; phase \"%s\" may be left "
				"out",
				*id);
	return 0;
}

static int check_claim(const struct subject *subject, const struct invariant_spec *claim,
	const char *path, struct fail *fail)
{
	const struct scenario *scenario = subject->scenario;
	char kind_path[JSON_PATH_MAX];

	json_path_key(kind_path, path, claim_kind(claim));
	if (claim->gate == GATE_PRECONDITION && !claim->holds)
		return fail_at(fail, kind_path, "only \"holds\" can be a precondition");
	if (claim->gate == GATE_PRECONDITION &&
		(check_certain(scenario, claim, path, fail) < 0 ||
			check_precondition(scenario, claim, path, fail) < 0))
		return -1;
	if (claim->holds)
		return check_holds(scenario, claim, kind_path, fail);
	if (claim->recovers)
		return check_recovers(subject, claim, kind_path, fail);
	if (claim->restarts)
		return check_restarts(subject, claim, kind_path, fail);
	return 0;
}

/* --- limits ---------------------------------------------------------------------------- */

static int check_fault_times(const struct subject *subject, const struct phase_spec *phase,
	const struct fault_spec *fault, const char *path, struct fail *fail)
{
	const struct limits_spec *limits = subject->scenario->guardrails->limits;
	int64_t longest_ns =
		fault_end_ns(subject->catalogue, fault, phase_longest_ns(phase)) - fault->at_ns;
	char long_text[DURATION_TEXT_MAX], limit_text[DURATION_TEXT_MAX];
	char key_path[JSON_PATH_MAX];

	if (fault->at_ns >= phase_shortest_ns(phase))
		return fail_at(fail, json_path_key(key_path, path, "at"),
			"lies behind the end of phase \"%s\"", phase->id);
	if (fault->for_ns && fault->at_ns + fault->for_ns > phase_longest_ns(phase))
		return fail_at(fail, json_path_key(key_path, path, "for"),
			"reaches over the end of phase \"%s\", which lasts %s", phase->id,
			duration_format(phase_longest_ns(phase), long_text));
	if (longest_ns > limits->fault_ns)
		return fail_at(fail, path,
			"fault \"%s\" would last %s, longer than its own limit "
			"guardrails.limits.fault "
			"of %s",
			fault->id, duration_format(longest_ns, long_text),
			duration_format(limits->fault_ns, limit_text));
	return 0;
}

/* A condition over a time that the phase does not have would always run out. */
static int check_until(const struct phase_spec *phase, const char *path, struct fail *fail)
{
	char until[JSON_PATH_MAX], key_path[JSON_PATH_MAX], length[DURATION_TEXT_MAX];

	if (!phase->until || phase->until->good_for_ns <= phase->at_most_ns)
		return 0;
	json_path_key(until, path, "until");
	return fail_at(fail, json_path_key(key_path, until, "good_for"),
		"phase \"%s\" ends after %s, before its condition can be met", phase->id,
		duration_format(phase->at_most_ns, length));
}

static int check_phases(const struct subject *subject, struct fail *fail)
{
	const struct scenario *scenario = subject->scenario;
	const struct limits_spec *limits = scenario->guardrails->limits;
	char base[JSON_PATH_MAX], path[JSON_PATH_MAX], sum[DURATION_TEXT_MAX],
		limit[DURATION_TEXT_MAX];
	int64_t total_ns = 0;
	size_t i = 0;

	LIST_EACH(scenario->phases, struct phase_spec, phase) {
		size_t j = 0;

		json_path_index(base, "phases", i++);
		if (check_until(phase, base, fail) < 0)
			return -1;
		json_path_key(base, base, "faults");
		LIST_EACH(phase->faults, struct fault_spec, fault)
			if (check_fault_times(subject, phase, fault,
				    json_path_index(path, base, j++), fail) < 0)
				return -1;
		if (limits->concurrent_faults &&
			overlap_most(subject->catalogue, phase) > (size_t)limits->concurrent_faults)
			return fail_at(fail, base,
				"%zu faults at one time; guardrails.limits.concurrent_faults "
				"allows %lld",
				overlap_most(subject->catalogue, phase),
				(long long)limits->concurrent_faults);
		total_ns += phase_longest_ns(phase);
	}
	LIST_EACH(scenario->workloads, struct workload_spec, workload)
		total_ns += workload->final_read->quiesce_ns;
	if (total_ns > limits->run_ns)
		return fail_at(fail, "guardrails.limits.run",
			"the phases and final reads can take %s, longer than this limit of %s",
			duration_format(total_ns, sum), duration_format(limits->run_ns, limit));
	return 0;
}

/* --- stop rules ------------------------------------------------------------------------ */

static int check_rule_against(const struct scenario *scenario, const struct stop_rule *rule,
	const char *path, struct fail *fail)
{
	char rule_text[DURATION_TEXT_MAX], within_text[DURATION_TEXT_MAX];

	LIST_EACH(scenario->invariants, struct invariant_spec, claim) {
		if (!claim->recovers || strcmp(claim->recovers->slo, rule->slo) != 0 ||
			rule->no_good_for_ns >= claim->recovers->within_ns)
			continue;
		return fail_at(fail, path,
			"stop rule \"%s\" fires after %s without a good event, sooner than the %s "
			"that claim \"%s\" allows: the claim could never be violated, only stopped",
			rule->id, duration_format(rule->no_good_for_ns, rule_text),
			duration_format(claim->recovers->within_ns, within_text), claim->id);
	}
	return 0;
}

static int check_stop_rules(const struct scenario *scenario, struct fail *fail)
{
	const struct guardrails_spec *guardrails = scenario->guardrails;
	char path[JSON_PATH_MAX], key_path[JSON_PATH_MAX];
	int64_t longest_ns = 0;
	size_t index = 0;

	LIST_EACH(scenario->phases, struct phase_spec, phase)
		longest_ns += phase_longest_ns(phase);
	LIST_EACH(guardrails->stop_if, struct stop_rule, rule) {
		int64_t fires_ns =
			rule->no_good_for_ns ? rule->no_good_for_ns : rule->no_data_for_ns;

		json_path_index(path, "guardrails.stop_if", index++);
		json_path_key(key_path, path, rule->no_good_for_ns ? "no_good_for" : "no_data_for");
		if (fires_ns >= longest_ns)
			return fail_at(fail, key_path,
				"stop rule \"%s\" can never fire: it needs longer than all phases "
				"last",
				rule->id);
		if (rule->no_good_for_ns && check_rule_against(scenario, rule, key_path, fail) < 0)
			return -1;
	}
	return 0;
}

int check_claims(
	const struct scenario *scenario, const struct catalogue *catalogue, struct fail *fail)
{
	const struct subject subject = {.scenario = scenario, .catalogue = catalogue};
	char path[JSON_PATH_MAX];
	size_t index = 0;

	if (check_phases(&subject, fail) < 0)
		return -1;
	LIST_EACH(scenario->invariants, struct invariant_spec, claim)
		if (check_claim(&subject, claim, json_path_index(path, "invariants", index++),
			    fail) < 0)
			return -1;
	return check_stop_rules(scenario, fail);
}
