/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "contract/units.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/mechanisms/matcher_parts.h"

/* Rules that change while they act. */

static int make_room(
	const struct matcher *matcher, const struct matcher_rule *rule, struct fail *fail)
{
	size_t counters = matcher_counters(matcher, &matcher->table);

	if (!rule->changes)
		LIST_EACH(matcher->table.counts, const struct match_count, count) {
			counters += count->slot == rule->slot ? BB_DIRECTIONS : 0;
		}
	if (counters <= matcher->sizes.counters)
		return 0;
	return fail_set(fail, FAIL_REFUSED,
		"to count anew needs %zu counters, and there is room for %u", counters,
		matcher->sizes.counters);
}

/* Into the copy that is not in force, with counters at zero; then it is. */
static int change_slot(struct matcher *matcher, struct matcher_rule *rule,
	const struct match_rule *spec, struct fail *fail)
{
	struct bb_slot *slot = &host_matcher_control(matcher->loaded)->slots[rule->slot];
	uint32_t next = !rule->copy;

	if (make_room(matcher, rule, fail) < 0)
		return -1;
	/* The copy that is used now may be one that was in force a moment ago. */
	if (host_now_ns() < rule->changed_ns + MATCHER_IN_FLIGHT_NS)
		host_pause(MATCHER_IN_FLIGHT_NS);
	matcher_settle_before(matcher, rule);
	if (matcher_count_anew(matcher, rule, next, fail) < 0)
		return -1;
	slot->mtu[next] = spec->mtu;
	slot->chance[next] = spec->chance;
	__atomic_store_n(&slot->current, next, __ATOMIC_RELEASE);
	rule->copy = next;
	return 0;
}

static int change_lane(struct matcher *matcher, struct matcher_rule *rule,
	const struct match_rule *spec, bool *out_torn, struct fail *fail)
{
	struct lane_order *before;

	if (!rule->way.by_keeper)
		return fail_set(fail, FAIL_REFUSED,
			"its packets are held back by the kernel's netem, which can't be changed "
			"without losing some: arm it with \"lane\": \"tap\"");
	matcher_settle_before(matcher, rule);
	if (lanes_change(&matcher->lanes, rule->slot - BB_LANE_FIRST, &spec->hold->spec, out_torn,
		    fail) < 0)
		return -1;
	before = must_alloc(sizeof(*before));
	*before = *rule->spec.hold;
	free(rule->hold_before);
	rule->hold_before = before;
	return 0;
}

int matcher_change(struct matcher *matcher, struct matcher_rule *rule,
	const struct match_rule *spec, bool *out_torn, struct fail *fail)
{
	int result = rule->spec.action == BB_HOLD ? change_lane(matcher, rule, spec, out_torn, fail)
						  : change_slot(matcher, rule, spec, fail);

	if (result < 0)
		return -1;
	rule->before = rule->spec;
	rule->before.hold = rule->hold_before;
	rule->before.cgroup = NULL; /* it goes with the parameters before */
	rule->before_counts = true;
	rule->spec.mtu = spec->mtu;
	rule->spec.chance = spec->chance;
	rule->spec.hold = spec->hold;
	rule->spec.cgroup = spec->cgroup;
	rule->changes++;
	rule->changed_ns = host_now_ns();
	return 0;
}
