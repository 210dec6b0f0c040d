/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "contract/list.h"
#include "controller/judge/judge_parts.h"

/*
 * Did a fault on machines do anything to them? It hits no packet and no process, so each node tells
 * by a measure what was asked beside what it did. Whether that is as much as was asked is another
 * question (proof_measures.c): here it counts that it is more than nothing.
 */
static bool has_acted(const struct fault_node *node)
{
	LIST_EACH(node->measures, struct measure, measure)
		if (measure->bound == BOUND_ABOUT && measure->count > 0 &&
			fabs(measure->achieved) > measure->tolerance)
			return true;
	return false;
}

static bool acted_on(const struct fault_record *fault, const char *name)
{
	LIST_EACH(fault->nodes, struct fault_node, node)
		if (strcmp(node->node, name) == 0)
			return has_acted(node);
	return false;
}

size_t judge_machines_hit(const struct fault_record *fault)
{
	size_t hit = 0;

	LIST_EACH(fault->on, char *, name)
		hit += acted_on(fault, *name);
	return hit;
}

void judge_machines(const struct fault_record *fault, struct effect_judgement *out)
{
	size_t hit = judge_machines_hit(fault);

	if (fault->start_ns == NEVER_NS || !fault->nodes.count || (!hit && !out->ran_to_its_end)) {
		snprintf(out->text, sizeof(out->text), "never started");
		return;
	}
	out->effect = !hit ? EFFECT_NONE : hit < fault->on.count ? EFFECT_PARTIAL : EFFECT_PROVEN;
	snprintf(out->text, sizeof(out->text), "%.40s on %zu of %zu node%s", judge_did(fault), hit,
		fault->on.count, fault->on.count == 1 ? "" : "s");
}
