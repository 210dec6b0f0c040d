/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/host.h"
#include "injector/lane/measures.h"
#include "injector/lists.h"
#include "injector/mechanisms/chance.h"
#include "injector/mechanisms/matcher_parts.h"

/* Where packets of a rule go besides straight on: links they come back to, the wire, lanes. */

/* A deviation that chance exceeds once in a thousand times: z of a two-sided 99.9 % interval. */
#define CHANCE_Z 3.2905267314919255

/* ---- links have numbers ---- */

static bool returns_to(const struct host_link *link)
{
	return link->ethernet && !link->loopback && !lanes_own(link->name);
}

static bool is_there(const struct list *links, uint32_t ifindex)
{
	LIST_EACH(*links, const struct host_link, link) {
		if ((uint32_t)link->ifindex == ifindex && returns_to(link))
			return true;
	}
	return false;
}

static bool has_number(const struct bb_control *control, int ifindex)
{
	for (int i = 0; i < BB_LABEL_LINKS; i++)
		if (control->links[i] == (uint32_t)ifindex)
			return true;
	return false;
}

static int give_number(struct matcher *matcher, int ifindex, struct fail *fail)
{
	struct bb_control *control = host_matcher_control(matcher->loaded);

	for (uint32_t i = 0; i < BB_LABEL_LINKS; i++) {
		if (control->links[i])
			continue;
		if (host_matcher_link(matcher->loaded, ifindex, i, fail) < 0)
			return -1;
		control->links[i] = (uint32_t)ifindex;
		return 0;
	}
	/* Packets of the others pass by the lanes, and are counted as missed. */
	return 0;
}

int matcher_number_links(struct matcher *matcher, const struct list *links, struct fail *fail)
{
	struct bb_control *control = host_matcher_control(matcher->loaded);

	for (int i = 0; i < BB_LABEL_LINKS; i++) {
		if (!control->links[i] || is_there(links, control->links[i]))
			continue;
		host_matcher_link_gone(matcher->loaded, (int)control->links[i]);
		control->links[i] = 0;
	}
	LIST_EACH(*links, const struct host_link, link) {
		if (returns_to(link) && !has_number(control, link->ifindex) &&
			give_number(matcher, link->ifindex, fail) < 0)
			return -1;
	}
	return 0;
}

/* ---- ways ---- */

int matcher_open_way(struct matcher *matcher, struct matcher_rule *rule, struct fail *fail)
{
	struct bb_control *control = host_matcher_control(matcher->loaded);

	switch (rule->spec.action) {
	case BB_DROP:
	case BB_SHORTEN:
		return 0;
	case BB_LOSE:
	case BB_CORRUPT:
	case BB_DUPLICATE:
		return lanes_wire(&matcher->lanes, &control->wire, fail);
	case BB_HOLD:
		return lanes_open(&matcher->lanes, rule->slot - BB_LANE_FIRST, rule->spec.hold,
			&rule->way, fail);
	}
	return 0;
}

/* What may still count: the rule as it is, and as it was up to the last change. */
struct part {
	const struct match_rule *spec;
	int number;    /* how often it had been changed before */
	uint32_t copy; /* of the slot, or of the lane's order */
};

static void measure_lane(const struct matcher *matcher, const struct matcher_rule *rule,
	const struct part *part, struct list *measures)
{
	const struct lane *lane = lanes_kept(&matcher->lanes, rule->slot - BB_LANE_FIRST);

	for (int direction = 0; lane && direction < BB_DIRECTIONS; direction++)
		if (rule->spec.directions & 1u << direction)
			lane_measures(&part->spec->hold->spec,
				&lane->counts[lane->current ^ part->copy][direction], direction,
				measures);
}

/* ---- asked and done ---- */

static struct measure *add(struct list *measures, const char *name, int direction)
{
	struct measure *measure = list_push(measures, sizeof(*measure));

	measure->name = must_copy(name);
	measure->direction = direction;
	return measure;
}

static void add_ratio(const struct match_rule *spec, const struct bb_counter *sums, int direction,
	struct list *measures)
{
	static const char *const names[] = {
		[BB_LOSE] = "loss", [BB_CORRUPT] = "corruption", [BB_DUPLICATE] = "duplication"};
	const struct bb_chance *chance = &spec->chance;
	double asked = chance_ratio(chance), scatter = chance_scatter(chance);
	int64_t hits = 0, count = 0;
	struct measure *measure;

	for (size_t i = 0; i < spec->peers->count; i++) {
		hits += (int64_t)sums[i * BB_DIRECTIONS + (size_t)direction].segments;
		count += (int64_t)sums[i * BB_DIRECTIONS + (size_t)direction].matched;
	}
	measure = add(measures, names[spec->action], direction);
	measure->unit = MEASURE_RATIO;
	measure->bound = BOUND_ABOUT;
	measure->asked = asked;
	measure->achieved = count ? (double)hits / (double)count : 0;
	measure->hits = hits;
	measure->count = count;
	if (count && chance->every)
		measure->tolerance = 1.0 / (double)count;
	else if (count && scatter != 1)
		measure->tolerance = CHANCE_Z * sqrt(asked * (1 - asked) / (double)count * scatter);
}

static void measure_ratio(const struct matcher *matcher, const struct matcher_rule *rule,
	const struct part *part, struct list *measures)
{
	struct bb_counter *sums =
		must_alloc(rule->spec.peers->count * BB_DIRECTIONS * sizeof(*sums));

	matcher_sum(matcher, rule, part->copy, sums);
	for (int direction = 0; direction < BB_DIRECTIONS; direction++)
		if (rule->spec.directions & 1u << direction)
			add_ratio(part->spec, sums, direction, measures);
	free(sums);
}

/* "loss after change 2": measures of one fault have names of their own. */
static void name_part(struct list *measures, size_t first, int number)
{
	for (size_t i = first; number && i < measures->count; i++) {
		struct measure *measure = LIST_AT(*measures, struct measure, i);
		char *name;

		if (asprintf(&name, "%s after change %d", measure->name, number) < 0)
			abort();
		free(measure->name);
		measure->name = name;
	}
}

static void measure_part(const struct matcher *matcher, const struct matcher_rule *rule,
	const struct part *part, struct list *measures)
{
	size_t first = measures->count;

	if (rule->way.by_keeper)
		measure_lane(matcher, rule, part, measures);
	if (rule->spec.action == BB_LOSE || rule->spec.action == BB_CORRUPT ||
		rule->spec.action == BB_DUPLICATE)
		measure_ratio(matcher, rule, part, measures);
	name_part(measures, first, part->number);
}

/* A lane's copies count from the one in force, a slot's from the first. */
static uint32_t copy_of(const struct matcher_rule *rule, bool before)
{
	return rule->spec.action == BB_HOLD ? before : rule->copy ^ before;
}

static void measure_before(
	const struct matcher *matcher, const struct matcher_rule *rule, struct list *measures)
{
	if (rule->before_counts)
		measure_part(matcher, rule,
			&(struct part){&rule->before, rule->changes - 1, copy_of(rule, true)},
			measures);
}

static void measure_parts(
	const struct matcher *matcher, const struct matcher_rule *rule, struct list *measures)
{
	measure_before(matcher, rule, measures);
	measure_part(matcher, rule,
		&(struct part){&rule->spec, rule->changes, copy_of(rule, false)}, measures);
}

void matcher_settle_before(struct matcher *matcher, struct matcher_rule *rule)
{
	measure_before(matcher, rule, &rule->measured);
	rule->before_counts = false;
}

int matcher_close_way(struct matcher *matcher, struct matcher_rule *rule, struct fail *fail)
{
	int result;

	if (rule->spec.action != BB_HOLD || !rule->way.ifindex)
		return 0;
	result = lanes_close(&matcher->lanes, rule->slot - BB_LANE_FIRST, fail);
	if (rule->way.by_keeper)
		measure_parts(matcher, rule, &rule->measured);
	rule->way = (struct lane_way){0};
	return result;
}

/* Packets that came by on a link without a lane, or while the lane was out of order. */
static void add_missed(uint64_t missed, struct list *measures)
{
	struct measure *measure;

	if (!missed)
		return;
	measure = add(measures, "passed by", BB_EGRESS);
	measure->unit = MEASURE_COUNT;
	measure->bound = BOUND_AT_MOST;
	measure->achieved = (double)missed;
	measure->count = (int64_t)missed;
}

static void add_copies(const struct list *from, struct list *to)
{
	LIST_EACH(*from, const struct measure, measure) {
		struct measure *copy = list_push(to, sizeof(*copy));

		*copy = *measure;
		copy->name = must_copy(measure->name);
	}
}

void matcher_measure(
	const struct matcher *matcher, const struct matcher_rule *rule, struct list *measures)
{
	uint64_t missed = rule->missed;

	add_copies(&rule->measured, measures);
	if (rule->spec.action != BB_HOLD || rule->way.by_keeper)
		measure_parts(matcher, rule, measures);
	if (matcher->loaded && matcher->rules[rule->slot] == rule)
		missed += host_matcher_control(matcher->loaded)->slots[rule->slot].missed;
	add_missed(missed, measures);
}
