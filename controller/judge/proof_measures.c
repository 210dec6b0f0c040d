/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/judge/judge_parts.h"

/* --- measures: did the fault do as much as was asked? ---------------------------------- */

const char *const measure_finding_words[] = {[MEASURE_AS_ASKED] = "as asked",
	[MEASURE_DIFFERS] = "differs",
	[MEASURE_TOO_FEW] = "too few",
	[MEASURE_ONLY_TOLD] = "told"};

/*
 * A run has a measure for each node and direction, and none of them should differ by chance: at
 * this level one in a thousand does.
 */
#define MEASURE_ALPHA 0.001

/* Above that the exact interval takes too long, and Wilson's differs from it by nothing. */
#define EXACT_MAX 10000000

/*
 * Clopper and Pearson's interval is the exact two-sided binomial test turned round: a ratio lies
 * outside of it when the test rejects that ratio. So what is shown can't contradict the finding.
 */
static struct statistics_interval interval_of(const struct measure *measure)
{
	if (measure->count <= 0)
		return (struct statistics_interval){.lower = 0, .upper = 1};
	if (measure->count > EXACT_MAX)
		return statistics_wilson(measure->hits, measure->count, MEASURE_ALPHA);
	return statistics_clopper_pearson(measure->hits, measure->count, MEASURE_ALPHA);
}

/* So few trials that not even none hit would tell what was asked from nothing at all. */
static bool has_too_few(const struct measure *measure)
{
	if (measure->count <= 0)
		return true;
	if (measure->bound != BOUND_ABOUT || measure->asked <= 0 || measure->asked >= 1)
		return false;
	return 2 * exp((double)measure->count * log1p(-measure->asked)) >= MEASURE_ALPHA;
}

static enum measure_finding find_ratio(
	const struct measure *measure, const struct statistics_interval *interval)
{
	bool above = interval->lower > measure->asked + measure->tolerance;
	bool below = interval->upper < measure->asked - measure->tolerance;

	if (measure->count > 0 && (above || (below && measure->bound == BOUND_ABOUT)))
		return MEASURE_DIFFERS;
	return has_too_few(measure) ? MEASURE_TOO_FEW : MEASURE_AS_ASKED;
}

/* A count of packets needs no samples to be one: none is none. */
static enum measure_finding find_amount(const struct measure *measure)
{
	double above = measure->achieved - measure->asked;

	if (measure->count <= 0 && measure->unit != MEASURE_COUNT)
		return MEASURE_TOO_FEW;
	if (above > measure->tolerance ||
		(measure->bound == BOUND_ABOUT && -above > measure->tolerance))
		return MEASURE_DIFFERS;
	return MEASURE_AS_ASKED;
}

void judge_measure(const char *node, const struct measure *measure, struct measure_judgement *out)
{
	*out = (struct measure_judgement){
		.node = node, .measure = measure, .finding = MEASURE_ONLY_TOLD};
	if (measure->unit == MEASURE_RATIO)
		out->interval = interval_of(measure);
	if (measure->bound == BOUND_NONE)
		return;
	out->finding = measure->unit == MEASURE_RATIO ? find_ratio(measure, &out->interval)
						      : find_amount(measure);
}

/* Nodes answer in any order; a report should not. Those of one node stay in theirs. */
static int by_node(const void *a, const void *b)
{
	const struct measure_judgement *left = a, *right = b;
	int order = strcmp(left->node, right->node);

	if (order)
		return order;
	return (left->measure > right->measure) - (left->measure < right->measure);
}

void judge_measures(const struct fault_record *fault, struct effect_judgement *out)
{
	LIST_EACH(fault->nodes, struct fault_node, node)
		LIST_EACH(node->measures, struct measure, measure) {
			struct measure_judgement *own =
				list_push(&out->measures, sizeof(struct measure_judgement));

			judge_measure(node->node, measure, own);
			own->directed = !fault->spec->on->processes && !fault->machine;
			out->measures_differing += own->finding == MEASURE_DIFFERS;
		}
	if (out->measures.count)
		qsort(out->measures.items, out->measures.count, sizeof(struct measure_judgement),
			by_node);
}
