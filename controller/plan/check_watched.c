/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/check_parts.h"

#include "contract/units.h"
#include "controller/prober/orders.h"

/* Claims about the numbers that probes read: what can be said of them before the run. */

const char *claim_watched_probe(const struct invariant_spec *claim)
{
	if (claim->alert_fired)
		return claim->alert_fired->probe;
	if (claim->converges)
		return claim->converges->probe;
	return claim->exactly_one ? claim->exactly_one->probe : NULL;
}

static const struct recovers_from *watched_from(const struct invariant_spec *claim)
{
	if (claim->alert_fired)
		return claim->alert_fired->from;
	return claim->converges ? claim->converges->from : NULL;
}

/* Members are told apart by whom an event went to. */
static int check_members(const struct probe_spec *probe, const struct at *at, struct fail *fail)
{
	if (probe->to && probe->to->policy == POLICY_EACH && probe->from.count == 1)
		return 0;
	return fail_at(fail, at->path,
		"probe \"%s\" must read each member from one node: \"from\" one node, \"to\" a "
		"group with the policy \"each\"",
		probe->name);
}

/* What a reading says holds from its timeout on: the next one must come later. */
static int check_pace(const struct probe_spec *probe, const struct at *at, struct fail *fail)
{
	int64_t period_ns = (int64_t)(1e9 / probe->rate);
	char timeout[DURATION_TEXT_MAX], period[DURATION_TEXT_MAX];

	if (probe->timeout_ns < period_ns)
		return 0;
	return fail_at(fail, at->path,
		"probe \"%s\" can't tell two at one time: its timeout of %s is not shorter than "
		"the %s between two events",
		probe->name, duration_format(probe->timeout_ns, timeout),
		duration_human(period_ns, period));
}

int check_watched(const struct scenario *scenario, const struct invariant_spec *claim,
	const struct at *at, struct fail *fail)
{
	const struct probe_spec *probe = scenario_probe(scenario, claim_watched_probe(claim));
	const struct recovers_from *from = watched_from(claim);
	struct at place = at_key(at, "probe"), key = at_key(at, "from");
	struct at fault = at_key(&key, "fault"), instant = at_key(&key, "instant");

	if (!probe_reads_values(probe))
		return fail_at(fail, place.path,
			"probe \"%s\" reads no number: only types \"metric\" and \"prometheus\" do",
			probe->name);
	if (from && !scenario_fault(scenario, from->fault, NULL))
		return no_such(&fault, "fault", from->fault, NULL, fail);
	if (from && from->instant == INSTANT_BREACH)
		return fail_at(fail, instant.path,
			"numbers have no objective that could be breached: count from start, "
			"effect or healed");
	if (claim->alert_fired)
		return 0;
	if (check_members(probe, &place, fail) < 0)
		return -1;
	return claim->exactly_one ? check_pace(probe, &place, fail) : 0;
}
