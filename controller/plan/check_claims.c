/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "contract/json.h"
#include "contract/units.h"
#include "controller/files/loads.h"
#include "controller/measure/statistics.h"
#include "controller/plan/check_parts.h"
#include "controller/plan/comparison_claims.h"
#include "controller/plan/degraded_claims.h"
#include "controller/plan/overlap.h"
#include "controller/prober/orders.h"

/*
 * Whether the files can be true: every claim can be shown with the samples it will have, every
 * stop rule can fire and does not fire before a claim on the same SLO is decided, and no fault or
 * run is longer than its own limits.
 */

enum {
	OBJECTIVE_MAX = 160
};

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

double claim_alpha(const struct invariant_spec *claim)
{
	return claim->confidence > 0 ? 1 - claim->confidence : CLAIM_ALPHA;
}

const char *claim_slo(const struct invariant_spec *claim)
{
	if (claim->holds)
		return claim->holds->slo;
	if (claim->recovers)
		return claim->recovers->slo;
	if (claim->compare)
		return claim->compare->slo;
	if (claim->ratio)
		return claim->ratio->slo;
	if (claim->degraded)
		return claim->degraded->slo;
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
	if (claim->compare)
		return "compare";
	if (claim->ratio)
		return "ratio";
	if (claim->degraded)
		return "degraded_at_most";
	if (claim->alert_fired)
		return "alert_fired";
	if (claim->converges)
		return "converges";
	if (claim->exactly_one)
		return "exactly_one";
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

/* Of one open loop, from that time of the run on. */
static double least_rate_from(const struct probe_spec *probe, int64_t from_ns)
{
	return probe->load ? arrivals_least(&probe->load->arrivals, from_ns, INT64_MAX)
			   : probe->rate;
}

double probe_least_rate(const struct probe_spec *probe)
{
	return least_rate_from(probe, 0);
}

double slo_least_rate(const struct scenario *scenario, const struct slo_spec *slo)
{
	const struct probe_spec *probe = scenario_probe(scenario, slo->probe);

	if (slo->slice_ns)
		return (double)NS_PER_SEC / (double)slo->slice_ns;
	return probe_least_rate(probe) * (double)probe_least_sources(scenario, probe);
}

/*
 * The earliest that a phase can begin. A load has sent its first request by then; how much later
 * the phase does begin is not known, so its least rate from there on is what can be promised.
 */
static int64_t earliest_start_ns(const struct scenario *scenario, const struct phase_spec *wanted)
{
	int64_t start_ns = 0;

	LIST_EACH(scenario->phases, struct phase_spec, phase) {
		if (phase == wanted)
			break;
		start_ns += phase_shortest_ns(phase);
	}
	return start_ns;
}

int64_t phases_samples(const struct scenario *scenario, const struct slo_spec *slo,
	const struct list *phases, int64_t skip_first_ns)
{
	const struct probe_spec *probe = scenario_probe(scenario, slo->probe);
	int64_t slices = 0;
	double events = 0;

	LIST_EACH(*phases, char *, id) {
		const struct phase_spec *phase = scenario_phase(scenario, *id);
		int64_t phase_ns = phase_shortest_ns(phase) - skip_first_ns;

		if (phase_ns <= 0)
			continue;
		events += (double)phase_ns / (double)NS_PER_SEC *
			least_rate_from(probe, earliest_start_ns(scenario, phase) + skip_first_ns);
		slices += slo->slice_ns ? phase_ns / slo->slice_ns : 0;
	}
	if (slo->slice_ns)
		return slices;
	return (int64_t)floor(events + 1e-6) * probe_least_sources(scenario, probe);
}

int64_t claim_samples(const struct scenario *scenario, const struct invariant_spec *claim)
{
	return phases_samples(scenario, scenario_slo(scenario, claim_slo(claim)), &claim->in,
		claim->skip_first_ns);
}

/* --- claims ---------------------------------------------------------------------------- */

/* What takes longer than the timeout is bad in any case. */
static int check_quantile(const struct scenario *scenario, const struct holds_spec *holds,
	const char *path, struct fail *fail)
{
	const struct probe_spec *probe = scenario_probe(scenario, holds->probe);
	char key_path[JSON_PATH_MAX], below[DURATION_TEXT_MAX], timeout[DURATION_TEXT_MAX];

	if (holds->below_ns <= probe_longest_ns(probe))
		return 0;
	return fail_at(fail, json_path_key(key_path, path, "below"),
		"no answer can be seen to take %s: probe \"%s\" waits for %s at most",
		duration_format(holds->below_ns, below), holds->probe,
		duration_format(probe_longest_ns(probe), timeout));
}

/* "99 %", "p99 of put below 200ms": what is claimed, in a message. */
static const char *objective_of(
	const struct invariant_spec *claim, const struct slo_spec *slo, char buffer[OBJECTIVE_MAX])
{
	char below[DURATION_TEXT_MAX];

	if (slo->implied)
		snprintf(buffer, OBJECTIVE_MAX, "p%.10g of %.63s below %s", slo->objective * 100,
			slo->probe, duration_format(claim->holds->below_ns, below));
	else
		snprintf(buffer, OBJECTIVE_MAX, "%.10g %%", slo->objective * 100);
	return buffer;
}

static int check_holds(const struct scenario *scenario, const struct invariant_spec *claim,
	const char *path, struct fail *fail)
{
	const struct slo_spec *slo = scenario_slo(scenario, claim->holds->slo);
	int64_t samples = claim_samples(scenario, claim), needed;
	double alpha = claim_alpha(claim);
	char objective[OBJECTIVE_MAX];

	if (slo->implied && check_quantile(scenario, claim->holds, path, fail) < 0)
		return -1;
	objective_of(claim, slo, objective);
	if (claim->expect == EXPECT_VIOLATED) {
		if (samples > 0 && statistics_violating(samples, slo->objective, alpha) <= samples)
			return 0;
		return fail_at(fail, path,
			"a violation of %s cannot be shown: %lld samples, and not even all of "
			"them bad would prove it",
			objective, (long long)samples);
	}
	if (statistics_tolerated(samples, slo->objective, alpha) >= 0)
		return 0;
	needed = statistics_samples_needed(slo->objective, alpha);
	return fail_at(fail, path,
		"%s cannot be shown: this claim will have %lld samples, %lld are needed (a "
		"longer phase, a higher rate or %s)",
		objective, (long long)samples, (long long)needed,
		slo->implied ? "a lower quantile" : "a lower objective");
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
	/* The last slice of time may not be complete. */
	int64_t slice_ns = scenario_slo(subject->scenario, recovers->slo)->slice_ns;
	int64_t needed_ns = recovers->within_ns + recovers->stable_for_ns + slice_ns;
	int64_t left_ns = time_left_ns(
		subject, recovers->from->fault, recovers->from->instant == INSTANT_HEALED);
	char needed[DURATION_TEXT_MAX], left[DURATION_TEXT_MAX];

	if (left_ns >= needed_ns)
		return 0;
	return fail_at(fail, path,
		"cannot be shown: within and stable_for together%s need %s after the fault's %s "
		"instant, the phases leave %s",
		slice_ns ? " and a slice" : "", duration_format(needed_ns, needed),
		instant_words[recovers->from->instant], duration_format(left_ns, left));
}

/* Of a claim about numbers: the phases last until it can be judged. */
static int check_left(const struct subject *subject, const struct recovers_from *from,
	int64_t needed_ns, const char *path, struct fail *fail)
{
	int64_t left_ns = time_left_ns(subject, from->fault, from->instant == INSTANT_HEALED);
	char needed[DURATION_TEXT_MAX], left[DURATION_TEXT_MAX];

	if (left_ns >= needed_ns)
		return 0;
	return fail_at(fail, path,
		"cannot be shown: it needs %s after the fault's %s instant, the phases leave %s",
		duration_format(needed_ns, needed), instant_words[from->instant],
		duration_format(left_ns, left));
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

/* By a test over the events of phases. */
static bool is_tested(const struct invariant_spec *claim)
{
	return claim->holds || claim->compare || claim->ratio || claim->degraded;
}

/* Keys that change what a verdict needs, or does, where that means nothing. */
static int check_extras(const struct invariant_spec *claim, const char *path, struct fail *fail)
{
	char key_path[JSON_PATH_MAX];

	if (claim->in.count && !is_tested(claim) && !claim->exactly_one)
		return fail_at(fail, json_path_key(key_path, path, "in"),
			"\"in\" belongs to \"holds\", \"compare\", \"ratio\", "
			"\"degraded_at_most\" and \"exactly_one\"; what \"%s\" looks at it says "
			"itself",
			claim_kind(claim));
	if (claim->confidence > 0 && !is_tested(claim))
		return fail_at(fail, json_path_key(key_path, path, "confidence"),
			"\"%s\" is decided by what is seen, not by a test that could err",
			claim_kind(claim));
	if (!claim->known_issue)
		return 0;
	json_path_key(key_path, path, "known_issue");
	if (claim->expect == EXPECT_VIOLATED)
		return fail_at(fail, key_path,
			"a negative control is violated when all is well: there is nothing to "
			"excuse");
	if (claim->gate == GATE_PRECONDITION)
		return fail_at(fail, key_path,
			"a precondition that fails ends the run before anything is injected, known "
			"or not");
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
	if (check_extras(claim, path, fail) < 0)
		return -1;
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
	if (claim->compare || claim->ratio)
		return check_comparison(scenario, claim, kind_path, fail);
	if (claim->degraded)
		return check_degraded(scenario, claim, kind_path, fail);
	if (claim->restarts)
		return check_restarts(subject, claim, kind_path, fail);
	if (claim->alert_fired)
		return check_left(subject, claim->alert_fired->from, claim->alert_fired->within_ns,
			kind_path, fail);
	if (claim->converges)
		return check_left(subject, claim->converges->from,
			claim->converges->within_ns + claim->converges->stable_for_ns, kind_path,
			fail);
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
static int check_until(const struct scenario *scenario, const struct phase_spec *phase,
	const char *path, struct fail *fail)
{
	int64_t slice_ns = phase->until ? scenario_slo(scenario, phase->until->slo)->slice_ns : 0;
	char until[JSON_PATH_MAX], key_path[JSON_PATH_MAX], length[DURATION_TEXT_MAX];

	if (!phase->until)
		return 0;
	json_path_key(until, path, "until");
	if (phase->until->good_for_ns < slice_ns)
		return fail_at(fail, json_path_key(key_path, until, "good_for"),
			"is shorter than a slice of \"%s\", of %s: no slice would lie in it",
			phase->until->slo, duration_format(slice_ns, length));
	if (phase->until->good_for_ns <= phase->at_most_ns)
		return 0;
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
		if (check_until(scenario, phase, base, fail) < 0)
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
	if (check_load_times(scenario, fail) < 0)
		return -1;
	return check_stops(scenario, fail);
}
