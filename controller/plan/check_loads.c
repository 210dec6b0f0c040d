/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "contract/units.h"
#include "controller/files/loads.h"
#include "controller/plan/check_parts.h"
#include "controller/prober/orders.h"

/* Loads: what their request may be, what they ask of the prober, and whether it comes to pass. */

/* A request that takes longer would be heard of when the run is long over. */
#define LONGEST_MAX_NS (60 * NS_PER_SEC)

static struct at place_of(const struct workload_spec *load)
{
	struct at base = at_key(NULL, "workloads");

	return at_key(&base, load->name);
}

static const struct probe_spec *probe_of(
	const struct scenario *scenario, const struct workload_spec *load)
{
	LIST_EACH(scenario->probes, const struct probe_spec, probe)
		if (probe->load == load)
			return probe;
	return NULL;
}

/* --- arrivals -------------------------------------------------------------------------- */

static int check_arrivals(const struct workload_spec *load, const struct at *at, struct fail *fail)
{
	struct at arrivals = at_key(at, "arrivals");
	size_t step;
	const char *wrong = arrivals_check(&load->arrivals, &step);

	return wrong ? fail_at(fail, at_index(&arrivals, step).path, "%s", wrong) : 0;
}

/* Attempts a second when nothing is answered well: a budget allows few retries at any time. */
static double worst_rate(const struct workload_spec *load)
{
	const struct retry *retry = load->retry;
	double most = arrivals_most(&load->arrivals);

	if (!retry)
		return most;
	if (retry->budget > 0 && 1 + retry->budget < (double)retry->attempts)
		return most * (1 + retry->budget);
	return most * (double)retry->attempts;
}

/* --- retries --------------------------------------------------------------------------- */

static bool heeds_content(const struct retry *retry)
{
	LIST_EACH(retry->on, const int, word)
		if (*word == RETRY_ON_CONTENT)
			return true;
	return false;
}

static int check_retry(const struct workload_spec *load, const struct at *at, struct fail *fail)
{
	struct at retry = at_key(at, "retry");
	int64_t longest_ns = retry_longest_ns(load->retry, load->timeout_ns);
	char longest[DURATION_TEXT_MAX], other[DURATION_TEXT_MAX];

	if (load->retry->backoff_ns > load->retry->max_ns)
		return fail_at(fail, at_key(&retry, "max").path,
			"no pause is longer than %s, and the first one is to be %s",
			duration_format(load->retry->max_ns, other),
			duration_format(load->retry->backoff_ns, longest));
	if (heeds_content(load->retry) && (!load->http->expect || !load->http->expect->body))
		return fail_at(fail, at_key(&retry, "on").path,
			"no attempt ends as \"content\" without \"http.expect.body\"");
	if (worst_rate(load) > RATE_MAX)
		return fail_at(fail, at_key(&retry, "attempts").path,
			"%g requests a second with %lld attempts each are %g attempts a second "
			"when "
			"nothing is answered, and a prober sends at most %g",
			arrivals_most(&load->arrivals), (long long)load->retry->attempts,
			worst_rate(load), (double)RATE_MAX);
	if (longest_ns > LONGEST_MAX_NS)
		return fail_at(fail, retry.path,
			"a request may take %s with all attempts and pauses, and %s at most",
			duration_format(longest_ns, longest),
			duration_format(LONGEST_MAX_NS, other));
	return 0;
}

int check_load(const struct scenario *scenario, const struct workload_spec *load, struct fail *fail)
{
	struct at at = place_of(load);
	const struct probe_spec *probe = probe_of(scenario, load);
	const cJSON *all = cJSON_GetObjectItemCaseSensitive(scenario->merged, "workloads");
	const cJSON *own = cJSON_GetObjectItemCaseSensitive(all, load->name);
	struct request_place place = {.at = at_key(&at, "http"), .outer = at};

	place.own = cJSON_GetObjectItemCaseSensitive(own, "http");
	if (scenario_probe(scenario, load->name) != probe)
		return fail_at(fail, at.path,
			"there is a probe \"%s\", too: claims could not tell them apart",
			load->name);
	if (check_requests(scenario, probe, &place, fail) < 0 ||
		check_arrivals(load, &at, fail) < 0)
		return -1;
	return load->retry ? check_retry(load, &at, fail) : 0;
}

/* --- SLOs ------------------------------------------------------------------------------ */

int check_slo_source(const struct scenario *scenario, const struct slo_spec *slo,
	const struct at *at, struct fail *fail)
{
	struct at probe = at_key(at, "probe"), workload = at_key(at, "workload");

	if (!slo->workload && scenario_load_named(scenario, slo->probe))
		return fail_at(
			fail, probe.path, "\"%s\" is a load: name it as \"workload\"", slo->probe);
	if (!slo->workload)
		return need_probe(scenario, slo->probe, &probe, fail);
	if (scenario_load_named(scenario, slo->workload))
		return 0;
	if (scenario_workload(scenario, slo->workload))
		return fail_at(fail, workload.path,
			"workload \"%s\" is a set: only a load has requests that an SLO counts",
			slo->workload);
	return no_such(&workload, "load", slo->workload,
		nearest_named(&scenario->loads, sizeof(struct workload_spec), slo->workload), fail);
}

/* --- in the run ------------------------------------------------------------------------ */

/* Steps that begin when all is over are a mistake in their lengths, or in those of phases. */
static int check_steps(const struct workload_spec *load, int64_t run_ns, struct fail *fail)
{
	struct at at = place_of(load), arrivals = at_key(&at, "arrivals");
	char begins[DURATION_TEXT_MAX], ends[DURATION_TEXT_MAX];
	int64_t begin_ns = 0;
	size_t index = 0;

	LIST_EACH(load->arrivals, const struct arrival, step) {
		struct at place = at_index(&arrivals, index++);

		if (begin_ns >= run_ns)
			return fail_at(fail, place.path,
				"begins %s after the first request, and all phases last %s at most",
				duration_format(begin_ns, begins), duration_format(run_ns, ends));
		begin_ns += step->for_ns;
	}
	return 0;
}

/* Nothing is told of a window while one of its requests is still tried. */
static int check_silence(const struct scenario *scenario, const struct stop_rule *rule,
	const struct at *at, struct fail *fail)
{
	const struct slo_spec *slo = rule->slo ? scenario_slo(scenario, rule->slo) : NULL;
	char limit[DURATION_TEXT_MAX], longest[DURATION_TEXT_MAX];

	LIST_EACH(scenario->probes, const struct probe_spec, probe) {
		if (!probe->load || (slo && strcmp(slo->probe, probe->name) != 0) ||
			rule->no_data_for_ns > probe_longest_ns(probe))
			continue;
		return fail_at(fail, at_key(at, "no_data_for").path,
			"stop rule \"%s\" could fire while all is well: a request of load \"%s\" "
			"may take %s with all attempts and pauses, and is told of after that; the "
			"rule waits for %s",
			rule->id, probe->name, duration_format(probe_longest_ns(probe), longest),
			duration_format(rule->no_data_for_ns, limit));
	}
	return 0;
}

int check_load_times(const struct scenario *scenario, struct fail *fail)
{
	struct at guardrails = at_key(NULL, "guardrails"), stops = at_key(&guardrails, "stop_if");
	int64_t run_ns = 0;
	size_t index = 0;

	LIST_EACH(scenario->phases, struct phase_spec, phase)
		run_ns += phase_longest_ns(phase);
	LIST_EACH(scenario->loads, const struct workload_spec, load)
		if (check_steps(load, run_ns, fail) < 0)
			return -1;
	LIST_EACH(scenario->guardrails->stop_if, const struct stop_rule, rule) {
		struct at place = at_index(&stops, index++);

		if (rule->no_data_for_ns && check_silence(scenario, rule, &place, fail) < 0)
			return -1;
	}
	return 0;
}
