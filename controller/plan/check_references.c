/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/memory.h"
#include "controller/plan/check_parts.h"

static int need_slo(
	const struct scenario *scenario, const char *name, const struct at *at, struct fail *fail)
{
	if (scenario_slo(scenario, name))
		return 0;
	return no_such(at, "SLO", name,
		nearest_named(&scenario->slos, sizeof(struct slo_spec), name), fail);
}

int need_probe(
	const struct scenario *scenario, const char *name, const struct at *at, struct fail *fail)
{
	if (scenario_probe(scenario, name))
		return 0;
	return no_such(at, "probe", name,
		nearest_named(&scenario->probes, sizeof(struct probe_spec), name), fail);
}

static int unique_ids(
	const struct list *list, size_t size, const struct at *base, struct fail *fail)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *id = *(char *const *)((const char *)list->items + i * size);

		for (size_t j = 0; j < i; j++) {
			struct at at = at_index(base, i);

			if (strcmp(*(char *const *)((const char *)list->items + j * size), id) == 0)
				return fail_at(fail, at_key(&at, "id").path,
					"the id \"%s\" stands twice under %s", id, base->path);
		}
	}
	return 0;
}

/* --- groups ---------------------------------------------------------------------------- */

/* Whether `group` is built from `wanted`, in any number of steps; `seen` has a place per group. */
static bool built_from(const struct scenario *scenario, const struct group_spec *group,
	const struct group_spec *wanted, bool *seen)
{
	const struct list in = {.items = (void *)&group->in, .count = group->in ? 1 : 0};
	const struct list *const sources[] = {&in, &group->without, &group->unite};
	size_t index = (size_t)(group - LIST_AT(scenario->groups, struct group_spec, 0));

	if (seen[index])
		return false;
	seen[index] = true;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		LIST_EACH(*sources[i], char *, name) {
			const struct group_spec *other = scenario_group(scenario, *name);

			if (other == wanted || (other && built_from(scenario, other, wanted, seen)))
				return true;
		}
	return false;
}

static int check_cycle(const struct scenario *scenario, const struct group_spec *group,
	const struct at *at, struct fail *fail)
{
	bool *seen = must_array(scenario->groups.count, sizeof(*seen));
	bool circular = built_from(scenario, group, group, seen);

	free(seen);
	if (circular)
		return fail_at(fail, at->path, "the group is defined by itself, round a circle");
	return 0;
}

static int check_where(const struct where_spec *where, const struct text_rules *rules,
	const struct at *at, struct fail *fail)
{
	struct at http = at_key(at, "http"), url = at_key(&http, "url"), exec = at_key(at, "exec");
	struct at tls = at_key(&http, "tls");
	size_t index = 0;

	if (where->http) {
		if (check_placeholders(rules, where->http->url, &url, fail) < 0)
			return -1;
		return where->http->tls
			? check_tls(rules, where->http->tls, where->http->url, &tls, fail)
			: 0;
	}
	LIST_EACH(where->exec, char *, word) {
		struct at place = at_index(&exec, index++);

		if (check_placeholders(rules, *word, &place, fail) < 0)
			return -1;
	}
	return 0;
}

static int check_group(
	const struct scenario *scenario, const struct group_spec *group, struct fail *fail)
{
	struct at base = at_key(NULL, "groups"), at = at_key(&base, group->name);
	struct at where = at_key(&at, "where"), key = at_key(&at, "in");
	const struct text_rules rules = {.scenario = scenario, .node = true};

	if (group->in && need_group(scenario, group->in, &key, fail) < 0)
		return -1;
	key = at_key(&at, "union");
	LIST_EACH(group->unite, char *, name)
		if (need_group(scenario, *name, &key, fail) < 0)
			return -1;
	if (group->where && check_where(group->where, &rules, &where, fail) < 0)
		return -1;
	return check_cycle(scenario, group, &at, fail);
}

/* --- SLOs, workloads ------------------------------------------------------------------- */

static int check_workload(
	const struct scenario *scenario, const struct workload_spec *workload, struct fail *fail)
{
	struct at base = at_key(NULL, "workloads"), at = at_key(&base, workload->name);
	struct at exec = at_key(&at, "exec"), read = at_key(&at, "final_read");
	struct at each = at_key(&read, "from_each");
	const struct text_rules rules = {.scenario = scenario};
	size_t index = 0;

	if (workload->from.count != 1)
		return fail_at(fail, at_key(&at, "from").path,
			"a set workload runs at exactly one node in this version");
	LIST_EACH(workload->exec, char *, word) {
		struct at place = at_index(&exec, index++);

		if (check_placeholders(&rules, *word, &place, fail) < 0)
			return -1;
	}
	return need_group(scenario, workload->final_read->from_each, &each, fail);
}

static int check_measures(const struct scenario *scenario, struct fail *fail)
{
	struct at slos = at_key(NULL, "slos");

	LIST_EACH(scenario->groups, struct group_spec, group)
		if (check_group(scenario, group, fail) < 0)
			return -1;
	LIST_EACH(scenario->probes, struct probe_spec, probe)
		if (!probe->load && check_probe(scenario, probe, fail) < 0)
			return -1;
	LIST_EACH(scenario->loads, struct workload_spec, load)
		if (check_load(scenario, load, fail) < 0)
			return -1;
	LIST_EACH(scenario->slos, struct slo_spec, slo) {
		struct at at = at_key(&slos, slo->name);

		/* Of one that a claim implies the claim is checked, of a group's its probe. */
		if (slo->implied || slo->observes)
			continue;
		if (check_slo_source(scenario, slo, &at, fail) < 0 ||
			check_good(scenario, slo, &at, fail) < 0)
			return -1;
	}
	LIST_EACH(scenario->workloads, struct workload_spec, workload)
		if (check_workload(scenario, workload, fail) < 0)
			return -1;
	return 0;
}

/* --- phases ---------------------------------------------------------------------------- */

static int unique_fault(const struct scenario *scenario, const struct fault_spec *fault,
	const struct at *at, struct fail *fail)
{
	LIST_EACH(scenario->phases, struct phase_spec, phase) {
		LIST_EACH(phase->faults, struct fault_spec, other) {
			if (other == fault)
				return 0;
			if (strcmp(other->id, fault->id) == 0)
				return fail_at(fail, at_key(at, "id").path,
					"the fault id \"%s\" stands twice", fault->id);
		}
	}
	return 0;
}

static int check_phase(const struct scenario *scenario, const struct catalogue *catalogue,
	const struct phase_spec *phase, struct fail *fail)
{
	struct at base = at_key(NULL, "phases");
	struct at at =
		at_index(&base, (size_t)(phase - LIST_AT(scenario->phases, struct phase_spec, 0)));
	struct at until = at_key(&at, "until"), slo = at_key(&until, "slo");
	struct at faults = at_key(&at, "faults");
	size_t index = 0;

	if (phase->only_if && check_only_if(scenario, phase, &at, fail) < 0)
		return -1;
	if (phase->until && need_slo(scenario, phase->until->slo, &slo, fail) < 0)
		return -1;
	LIST_EACH(phase->faults, struct fault_spec, fault) {
		struct at place = at_index(&faults, index++);

		if (unique_fault(scenario, fault, &place, fail) < 0 ||
			check_fault_kind(scenario, catalogue, fault, &place, fail) < 0)
			return -1;
	}
	return 0;
}

/* --- invariants and guardrails --------------------------------------------------------- */

/* The fault must be one whose evidence says who came back. */
static int check_restarts(const struct scenario *scenario, const struct catalogue *catalogue,
	const struct restarts_spec *restarts, const struct at *at, struct fail *fail)
{
	const struct fault_spec *fault = scenario_fault(scenario, restarts->fault, NULL);
	struct at place = at_key(at, "fault");

	if (!fault)
		return no_such(&place, "fault", restarts->fault, NULL, fail);
	if (!catalogue_find(catalogue, fault->fault)->ends_processes)
		return fail_at(fail, place.path,
			"%s does not tell who is started again after it: name a fault that does, "
			"such as kill",
			fault->fault);
	return 0;
}

static int need_phases(const struct scenario *scenario, const struct list *phases,
	const struct at *at, struct fail *fail)
{
	LIST_EACH(*phases, char *, phase)
		if (!scenario_phase(scenario, *phase))
			return no_such(at, "phase", *phase,
				nearest_named(&scenario->phases, sizeof(struct phase_spec), *phase),
				fail);
	return 0;
}

static int check_reference(const struct scenario *scenario, const struct reference_spec *reference,
	const struct at *at, struct fail *fail)
{
	struct at in = at_key(at, "in"), slo = at_key(at, "slo"), probe = at_key(at, "probe");

	if (need_phases(scenario, &reference->in, &in, fail) < 0 ||
		(reference->probe && need_probe(scenario, reference->probe, &probe, fail) < 0))
		return -1;
	return reference->slo ? need_slo(scenario, reference->slo, &slo, fail) : 0;
}

static int need_workload(
	const struct scenario *scenario, const char *name, const struct at *at, struct fail *fail)
{
	if (scenario_workload(scenario, name))
		return 0;
	return no_such(at, "workload", name,
		nearest_named(&scenario->workloads, sizeof(struct workload_spec), name), fail);
}

/* The probe that a claim names itself; NULL: it names none. */
static const char *claim_probe(const struct invariant_spec *claim)
{
	if (claim->holds)
		return claim->holds->probe;
	if (claim->compare)
		return claim->compare->probe;
	return claim_watched_probe(claim);
}

static int check_invariant(const struct scenario *scenario, const struct catalogue *catalogue,
	const struct invariant_spec *claim, const struct at *at, struct fail *fail)
{
	struct at in = at_key(at, "in"), kind = at_key(at, claim_kind(claim));
	struct at slo = at_key(&kind, "slo"), from = at_key(&kind, "from");
	struct at probe = at_key(&kind, "probe");
	struct at workload = at_key(&kind, "workload"), fault = at_key(&from, "fault");

	if (need_phases(scenario, &claim->in, &in, fail) < 0)
		return -1;
	if (claim_probe(claim) && need_probe(scenario, claim_probe(claim), &probe, fail) < 0)
		return -1;
	if (claim_slo(claim) && need_slo(scenario, claim_slo(claim), &slo, fail) < 0)
		return -1;
	if (claim->compare || claim->ratio) {
		struct at reference = at_key(&kind, claim->compare ? "with" : "to");

		if (check_reference(scenario,
			    claim->compare ? claim->compare->with : claim->ratio->to, &reference,
			    fail) < 0)
			return -1;
	}
	if (claim->degraded) {
		struct at baseline = at_key(&kind, "baseline");

		if (need_phases(scenario, &claim->degraded->baseline, &baseline, fail) < 0)
			return -1;
	}
	if (claim_watched_probe(claim) && check_watched(scenario, claim, &kind, fail) < 0)
		return -1;
	if (claim->recovers && !scenario_fault(scenario, claim->recovers->from->fault, NULL))
		return no_such(&fault, "fault", claim->recovers->from->fault, NULL, fail);
	if (claim->restarts &&
		check_restarts(scenario, catalogue, claim->restarts, &kind, fail) < 0)
		return -1;
	if (!claim->data)
		return 0;
	if (scenario_load_named(scenario, claim->data->workload))
		return fail_at(fail, workload.path,
			"workload \"%s\" is a load: it has no data that could be lost",
			claim->data->workload);
	return need_workload(scenario, claim->data->workload, &workload, fail);
}

static int check_guardrails(const struct scenario *scenario, struct fail *fail)
{
	struct at base = at_key(NULL, "guardrails"), limits = at_key(&base, "limits");
	struct at stops = at_key(&base, "stop_if"), groups = at_key(&limits, "of_group");
	const struct guardrails_spec *guardrails = scenario->guardrails;
	size_t index = 0;

	LIST_EACH(guardrails->limits->of_group, struct group_limit, limit) {
		struct at at = at_index(&groups, index++), group = at_key(&at, "group");

		if (need_group(scenario, limit->group, &group, fail) < 0)
			return -1;
	}
	if (!guardrails->stop_if.count && !guardrails->no_stop_because)
		return fail_at(fail, stops.path,
			"an empty stop_if needs \"no_stop_because\": say why nothing may stop this "
			"run");
	index = 0;
	LIST_EACH(guardrails->stop_if, struct stop_rule, rule) {
		struct at at = at_index(&stops, index++), slo = at_key(&at, "slo");
		struct at workload = at_key(&at, "workload");

		if ((rule->slo && need_slo(scenario, rule->slo, &slo, fail) < 0) ||
			(rule->workload &&
				need_workload(scenario, rule->workload, &workload, fail) < 0))
			return -1;
	}
	return unique_ids(&guardrails->stop_if, sizeof(struct stop_rule), &stops, fail);
}

int check_references(
	const struct scenario *scenario, const struct catalogue *catalogue, struct fail *fail)
{
	struct at phases = at_key(NULL, "phases"), invariants = at_key(NULL, "invariants");
	size_t index = 0;

	if (unique_ids(&scenario->phases, sizeof(struct phase_spec), &phases, fail) < 0 ||
		unique_ids(&scenario->invariants, sizeof(struct invariant_spec), &invariants,
			fail) < 0 ||
		check_measures(scenario, fail) < 0)
		return -1;
	LIST_EACH(scenario->phases, struct phase_spec, phase)
		if (check_phase(scenario, catalogue, phase, fail) < 0)
			return -1;
	LIST_EACH(scenario->invariants, struct invariant_spec, claim) {
		struct at at = at_index(&invariants, index++);

		if (check_invariant(scenario, catalogue, claim, &at, fail) < 0)
			return -1;
	}
	return check_guardrails(scenario, fail);
}
