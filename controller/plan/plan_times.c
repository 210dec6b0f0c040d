/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/plan_times.h"

#include <string.h>

#include "controller/plan/check.h"

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The slowest recovery that a claim of that SLO allows; 0 when none speaks of it. */
static int64_t slowest_recovery_ns(const struct scenario *scenario, const char *slo)
{
	int64_t slowest_ns = 0;

	LIST_EACH(scenario->invariants, struct invariant_spec, claim)
		if (claim->recovers && strcmp(claim->recovers->slo, slo) == 0)
			slowest_ns = larger(slowest_ns, claim->recovers->within_ns);
	return slowest_ns;
}

static int64_t phase_expected_ns(const struct scenario *scenario, const struct phase_spec *phase)
{
	if (!phase->until)
		return phase->for_ns;
	return smaller(phase->at_most_ns,
		slowest_recovery_ns(scenario, phase->until->slo) + phase->until->good_for_ns);
}

/* Groups that are asked for, at their first use; the wait is only an upper bound. */
static int64_t longest_waits_ns(const struct scenario *scenario)
{
	int64_t total_ns = 0;

	LIST_EACH(scenario->groups, struct group_spec, group)
		if (group->where)
			total_ns += group->within_ns;
	return total_ns;
}

struct plan_times plan_times(const struct scenario *scenario)
{
	struct plan_times times = {0};
	int64_t quiesce_ns = 0, read_ns = 0;

	LIST_EACH(scenario->phases, struct phase_spec, phase) {
		int64_t lead_ns = phase->faults.count ? ARM_LEAD_NS : 0;

		/* One that may be left out takes no time at the least. */
		if (!phase->only_if)
			times.shortest_ns += lead_ns + phase_shortest_ns(phase);
		times.expected_ns += lead_ns + phase_expected_ns(scenario, phase);
		times.longest_ns += lead_ns + phase_longest_ns(phase);
	}
	LIST_EACH(scenario->workloads, struct workload_spec, workload) {
		quiesce_ns = larger(quiesce_ns, workload->final_read->quiesce_ns);
		read_ns = larger(read_ns, workload->final_read->timeout_ns);
	}
	times.shortest_ns += quiesce_ns;
	times.expected_ns += quiesce_ns;
	times.longest_ns += quiesce_ns + read_ns + longest_waits_ns(scenario);
	times.longest_ns = smaller(times.longest_ns, scenario->guardrails->limits->run_ns);
	return times;
}

int64_t plan_heal_ns(const struct scenario *scenario, const struct catalogue *catalogue)
{
	int64_t longest_ns = 0;

	LIST_EACH(scenario->phases, struct phase_spec, phase) {
		int64_t phase_ns = phase_longest_ns(phase);

		LIST_EACH(phase->faults, struct fault_spec, fault)
			longest_ns = larger(longest_ns,
				fault_end_ns(catalogue, fault, phase_ns) - fault->at_ns);
	}
	return smaller(longest_ns, ANSWER_PATIENCE_NS + scenario->guardrails->limits->lease_ns);
}
