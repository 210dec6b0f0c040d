/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/arrivals.h"

#include <math.h>
#include <stddef.h>

#include "controller/prober/orders_table.h"

static const struct field arrival_fields[] = {
	{.key = "rate",
		.kind = FIELD_NUMBER,
		AT(arrival, rate),
		.required = true,
		.min = RATE_MIN,
		.max = RATE_MAX,
		.unit = "requests a second",
		.help = "Requests a second from each node of `from`; of a ramp where it begins."},
	{.key = "to",
		.kind = FIELD_NUMBER,
		AT(arrival, to),
		.min = RATE_MIN,
		.max = RATE_MAX,
		.needs = "for",
		.unit = "requests a second",
		.help = "The rate to which the step goes in a straight line; constant without it."},
	{.key = "for",
		.kind = FIELD_DURATION,
		AT(arrival, for_ns),
		.min = 100 * NS_PER_MS,
		.max = 24.0 * 3600 * NS_PER_SEC,
		.help = "How long the step takes; the last may go without, and the rate that it "
			"ends with holds to the end of the run in any case."},
};
const struct shape arrival_shape = {
	.name = "arrivals",
	.size = sizeof(struct arrival),
	SHAPE_FIELDS(arrival_fields),
	.help = "One step of the rate at which requests come in.",
};

const char *arrivals_check(const struct list *arrivals, size_t *out_step)
{
	for (size_t i = 0; i < arrivals->count; i++) {
		*out_step = i;
		if (i == ARRIVALS_MAX)
			return "more steps than a load can have (64)";
		if (!LIST_AT(*arrivals, struct arrival, i)->for_ns && i + 1 < arrivals->count)
			return "a step without \"for\" never ends: only the last may go without";
	}
	return NULL;
}

/* --- one step ---------------------------------------------------------------------------- */

static double seconds(int64_t ns)
{
	return (double)ns / (double)NS_PER_SEC;
}

static double end_rate(const struct arrival *step)
{
	return step->to > 0 ? step->to : step->rate;
}

/* How much the rate grows each second. */
static double slope(const struct arrival *step)
{
	return step->for_ns ? (end_rate(step) - step->rate) / seconds(step->for_ns) : 0;
}

/* Requests of the step's first `t` seconds. */
static double within(const struct arrival *step, double t)
{
	return step->rate * t + slope(step) * t * t / 2;
}

/*
 * The inverse: seconds until `n` requests have come in. Of the two ways to write the root of the
 * quadratic it is the one that loses nothing where the ramp is flat.
 */
static double when(const struct arrival *step, double n)
{
	double root = sqrt(fmax(step->rate * step->rate + 2 * slope(step) * n, 0));

	return 2 * n / (step->rate + root);
}

/* --- all of them ------------------------------------------------------------------------- */

/* Where a walk through the steps has come to. */
struct walk {
	const struct arrival *step;
	struct arrival rest; /* behind the last step: what it ended with */
	int64_t begin_ns;    /* of `step`, from the start */
	double before;       /* requests of all steps before it */
};

static struct walk walk_begin(const struct list *arrivals)
{
	const struct arrival *last = LIST_AT(*arrivals, const struct arrival, arrivals->count - 1);

	return (struct walk){.step = LIST_AT(*arrivals, const struct arrival, 0),
		.rest = {.rate = end_rate(last)}};
}

static void walk_on(struct walk *walk, const struct list *arrivals)
{
	walk->before += within(walk->step, seconds(walk->step->for_ns));
	walk->begin_ns += walk->step->for_ns;
	if (walk->step == LIST_AT(*arrivals, const struct arrival, arrivals->count - 1))
		walk->step = &walk->rest;
	else
		walk->step++;
}

int64_t arrivals_due_ns(const struct list *arrivals, int64_t index)
{
	struct walk walk = walk_begin(arrivals);
	double n = (double)index;

	while (walk.step->for_ns &&
		n >= walk.before + within(walk.step, seconds(walk.step->for_ns)))
		walk_on(&walk, arrivals);
	return walk.begin_ns + (int64_t)floor(when(walk.step, n - walk.before) * 1e9);
}

double arrivals_before(const struct list *arrivals, int64_t offset_ns)
{
	struct walk walk = walk_begin(arrivals);

	if (offset_ns <= 0)
		return 0;
	while (walk.step->for_ns && offset_ns >= walk.begin_ns + walk.step->for_ns)
		walk_on(&walk, arrivals);
	return walk.before + within(walk.step, seconds(offset_ns - walk.begin_ns));
}

static double rate_at(const struct walk *walk, int64_t offset_ns)
{
	return walk->step->rate + slope(walk->step) * seconds(offset_ns - walk->begin_ns);
}

/* A straight line is lowest at one of its ends. */
double arrivals_least(const struct list *arrivals, int64_t from_ns, int64_t to_ns)
{
	double least = INFINITY;

	for (struct walk walk = walk_begin(arrivals);; walk_on(&walk, arrivals)) {
		int64_t end_ns = walk.step->for_ns ? walk.begin_ns + walk.step->for_ns : INT64_MAX;
		int64_t first_ns = from_ns > walk.begin_ns ? from_ns : walk.begin_ns;
		int64_t last_ns = to_ns < end_ns ? to_ns : end_ns;

		/* Its end is the next one's beginning. */
		if (first_ns <= last_ns && first_ns < end_ns)
			least = fmin(
				least, fmin(rate_at(&walk, first_ns), rate_at(&walk, last_ns)));
		if (to_ns <= end_ns)
			return least;
	}
}

double arrivals_most(const struct list *arrivals)
{
	double most = 0;

	LIST_EACH(*arrivals, const struct arrival, step)
		most = fmax(most, fmax(step->rate, end_rate(step)));
	return most;
}
