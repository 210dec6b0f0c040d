/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/degraded_claims.h"

#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "controller/plan/check.h"
#include "controller/prober/orders.h"

struct members_test degraded_test(const struct invariant_spec *claim, size_t members)
{
	return (struct members_test){.room = claim->degraded->worse_by_at_most,
		.alpha = claim_alpha(claim),
		.members = members,
		.allowed = claim->degraded->members};
}

bool probe_asks_each(const struct probe_spec *probe)
{
	return probe && probe->to && probe->to->policy == POLICY_EACH;
}

/* --- what there will be -------------------------------------------------------------------- */

static const struct probe_spec *probe_of(
	const struct scenario *scenario, const struct invariant_spec *claim)
{
	return scenario_probe(scenario, scenario_slo(scenario, claim->degraded->slo)->probe);
}

static const struct group_spec *group_of(
	const struct scenario *scenario, const struct invariant_spec *claim)
{
	return scenario_group(scenario, probe_of(scenario, claim)->to->group);
}

/* Events at each member: what an SLO by slices makes of them is not looked at. */
static int64_t samples_of_each(const struct scenario *scenario, const struct invariant_spec *claim,
	const struct list *phases)
{
	struct slo_spec by_events = *scenario_slo(scenario, claim->degraded->slo);
	int64_t members = group_of(scenario, claim)->count.min;

	by_events.slice_ns = 0;
	if (!members)
		return 0;
	return phases_samples(scenario, &by_events, phases, claim->skip_first_ns) / members;
}

static enum member_finding found_with(
	const struct members_test *test, const struct degraded_zone *zone, int64_t bad)
{
	const struct proportion during = {.x = zone->samples - bad, .n = zone->samples};
	const struct proportion before = {
		.x = zone->reference_samples, .n = zone->reference_samples};

	return members_judge(test, during, before);
}

/* The least number of bad events with which it is no more `finding`, or is that at last. */
static int64_t least_bad(const struct members_test *test, const struct degraded_zone *zone,
	enum member_finding finding, bool wanted)
{
	int64_t before = -1, from = zone->samples + 1;

	while (from - before > 1) {
		int64_t middle = before + (from - before) / 2;

		if ((found_with(test, zone, middle) == finding) == wanted)
			from = middle;
		else
			before = middle;
	}
	return from;
}

struct degraded_zone degraded_zone(
	const struct scenario *scenario, const struct invariant_spec *claim)
{
	struct degraded_zone zone = {.members = group_of(scenario, claim)->count.min,
		.samples = samples_of_each(scenario, claim, &claim->in),
		.reference_samples = samples_of_each(scenario, claim, &claim->degraded->baseline)};
	const struct members_test test =
		degraded_test(claim, zone.members ? (size_t)zone.members : 1);

	zone.tolerated = least_bad(&test, &zone, MEMBER_KEPT, false) - 1;
	zone.violating = least_bad(&test, &zone, MEMBER_WORSE, true);
	return zone;
}

/* --- can it be shown? ---------------------------------------------------------------------- */

enum {
	TIMES_MAX = 1 << 20
};

static bool is_decided(const struct members_test *test, const struct degraded_zone *zone,
	const struct invariant_spec *claim)
{
	if (found_with(test, zone, zone->samples) != MEMBER_WORSE)
		return false;
	return claim->expect == EXPECT_VIOLATED || found_with(test, zone, 0) == MEMBER_KEPT;
}

static struct degraded_zone scaled(const struct degraded_zone *zone, int64_t times)
{
	return (struct degraded_zone){.samples = zone->samples * times,
		.reference_samples = zone->reference_samples * times};
}

/* How many times as many events would do; every share can be shown with enough of them. */
static int64_t times_needed(const struct members_test *test, const struct degraded_zone *zone,
	const struct invariant_spec *claim)
{
	int64_t few = 1, enough = 2;

	for (; enough < TIMES_MAX; enough *= 2) {
		const struct degraded_zone more = scaled(zone, enough);

		if (is_decided(test, &more, claim))
			break;
		few = enough;
	}
	while (enough - few > 1) {
		int64_t middle = few + (enough - few) / 2;
		const struct degraded_zone more = scaled(zone, middle);

		if (is_decided(test, &more, claim))
			enough = middle;
		else
			few = middle;
	}
	return enough;
}

static int check_samples(const struct scenario *scenario, const struct invariant_spec *claim,
	const char *path, struct fail *fail)
{
	const struct degraded_zone zone = degraded_zone(scenario, claim);
	struct members_test test;
	int64_t times;

	if (!zone.samples || !zone.reference_samples)
		return fail_at(fail, path,
			"cannot be shown: there will be %lld samples of each member, and %lld to "
			"compare with",
			(long long)zone.samples, (long long)zone.reference_samples);
	test = degraded_test(claim, (size_t)zone.members);
	if (is_decided(&test, &zone, claim))
		return 0;
	times = times_needed(&test, &zone, claim);
	return fail_at(fail, path,
		"cannot be shown: there will be %lld samples of each member, and %lld to compare "
		"with; about %lld and %lld are needed even in the best case (longer phases, a "
		"higher rate or a greater worse_by_at_most)",
		(long long)zone.samples, (long long)zone.reference_samples,
		(long long)zone.samples * (long long)times,
		(long long)zone.reference_samples * (long long)times);
}

/* --- what it speaks of --------------------------------------------------------------------- */

static int check_baseline(const struct invariant_spec *claim, const char *path, struct fail *fail)
{
	char key_path[JSON_PATH_MAX];

	json_path_key(key_path, path, "baseline");
	if (!claim->degraded->baseline.count)
		return fail_at(fail, key_path,
			"no phase lies before the first fault: name one to compare with");
	LIST_EACH(claim->degraded->baseline, char *, phase)
		if (list_has_text(&claim->in, *phase))
			return fail_at(fail, key_path,
				"compares phase \"%s\" with itself: name another one, or leave it "
				"out of \"in\"",
				*phase);
	return 0;
}

/* Whether a group may be so large that more than are allowed get worse. */
static int check_members(const struct scenario *scenario, const struct invariant_spec *claim,
	const char *path, struct fail *fail)
{
	const struct group_spec *group = group_of(scenario, claim);
	char key_path[JSON_PATH_MAX];

	if (claim->degraded->members < group->count.max)
		return 0;
	return fail_at(fail, json_path_key(key_path, path, "members"),
		"can never be violated: group \"%s\" has %lld members at most, and %lld may get "
		"worse",
		group->name, (long long)group->count.max, (long long)claim->degraded->members);
}

int check_degraded(const struct scenario *scenario, const struct invariant_spec *claim,
	const char *path, struct fail *fail)
{
	const struct probe_spec *probe = probe_of(scenario, claim);
	char key_path[JSON_PATH_MAX];

	if (!probe_asks_each(probe))
		return fail_at(fail, json_path_key(key_path, path, "slo"),
			"probe \"%s\" can't tell one member from another: its \"to\" needs the "
			"policy \"each\" (a group's \"observe\" makes such a probe)",
			probe->name);
	if (check_baseline(claim, path, fail) < 0 || check_members(scenario, claim, path, fail) < 0)
		return -1;
	return check_samples(scenario, claim, path, fail);
}
