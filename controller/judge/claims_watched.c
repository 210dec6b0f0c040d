/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "controller/judge/judge_parts.h"

/*
 * Claims about the numbers that a probe reads. A reading was due at its intended time, and happened
 * within the probe's timeout after it: what is said of a member is only what is sure for both.
 */

/* Two readings further apart than this have a hole between them. */
#define HOLE_PERIODS 2.5

/* Of one probe, all that read it. */
static void find_sources(const struct record *record, const char *probe, struct list *out)
{
	LIST_EACH(record->sources, struct source_record, source)
		if (strcmp(source->probe, probe) == 0)
			*(const struct source_record **)list_push(out, sizeof(source)) = source;
}

static int64_t hole_ns(const struct source_record *source)
{
	return (int64_t)(HOLE_PERIODS / source->rate * 1e9);
}

static const char *member_of(const struct source_record *source)
{
	return source->to ? source->to : source->from;
}

/* How many readings were due in [from, to), and how many there are, of all sources. */
static struct tally count_readings(const struct list *sources, int64_t from_ns, int64_t to_ns)
{
	struct tally tally = {0};

	LIST_EACH(*sources, const struct source_record *, source) {
		const struct values *values = &(*source)->values;
		int64_t there =
			(int64_t)(values_from(values, to_ns) - values_from(values, from_ns));

		tally.total += there;
		tally.bad += (int64_t)((double)(to_ns - from_ns) / 1e9 * (*source)->rate) - there;
	}
	if (tally.bad < 0)
		tally.bad = 0;
	return tally;
}

/* Too much was not seen for what was not seen to be no evidence: `bad` are readings that failed. */
static bool saw_enough(struct tally tally)
{
	return tally.total > tally.bad;
}

/* --- alert_fired ----------------------------------------------------------------------- */

/* The first reading above zero in [from, to]; NEVER_NS: none. */
static int64_t first_firing_ns(const struct list *sources, int64_t from_ns, int64_t to_ns)
{
	int64_t first_ns = NEVER_NS;

	LIST_EACH(*sources, const struct source_record *, source) {
		const struct values *values = &(*source)->values;

		for (size_t i = values_from(values, from_ns);
			i < values->count && values->items[i].at_ns <= to_ns; i++)
			if (values->items[i].value > 0) {
				if (first_ns == NEVER_NS || values->items[i].at_ns < first_ns)
					first_ns = values->items[i].at_ns;
				break;
			}
	}
	return first_ns;
}

/* By the last reading before the instant. */
static bool fired_already(const struct list *sources, int64_t at_ns)
{
	LIST_EACH(*sources, const struct source_record *, source) {
		size_t index = values_from(&(*source)->values, at_ns);

		if (index > 0 && (*source)->values.items[index - 1].value > 0)
			return true;
	}
	return false;
}

static void decide_alert(const struct list *sources, int64_t from_ns, int64_t reported_ns,
	struct claim_judgement *out)
{
	const struct alert_fired_spec *alert = out->claim->alert_fired;
	int64_t until_ns = from_ns + alert->within_ns, first_ns;
	char after[DURATION_TEXT_MAX], within[DURATION_TEXT_MAX];

	duration_format(alert->within_ns, within);
	if (fired_already(sources, from_ns)) {
		out->verdict = VERDICT_INCONCLUSIVE;
		snprintf(out->text, sizeof(out->text),
			"it fired before the instant: nothing is shown");
		return;
	}
	first_ns = first_firing_ns(sources, from_ns, INT64_MAX);
	out->tally = count_readings(sources, from_ns, first_ns == NEVER_NS ? until_ns : first_ns);
	if (first_ns != NEVER_NS)
		out->after_ns = first_ns - from_ns;
	if (first_ns != NEVER_NS && first_ns <= until_ns)
		out->verdict = VERDICT_HELD;
	else if (reported_ns >= until_ns)
		out->verdict = saw_enough(out->tally) ? VERDICT_VIOLATED : VERDICT_INCONCLUSIVE;
	if (first_ns != NEVER_NS)
		snprintf(out->text, sizeof(out->text), "fired %s after the instant; allowed %s",
			duration_human(out->after_ns, after), within);
	else
		snprintf(out->text, sizeof(out->text),
			"quiet in %lld readings, %lld failed; allowed %s",
			(long long)out->tally.total, (long long)out->tally.bad, within);
}

void judge_alert(const struct record *record, struct claim_judgement *out)
{
	const struct alert_fired_spec *alert = out->claim->alert_fired;
	int64_t from_ns = judge_fault_instant(record, alert->from);
	struct list sources = {0};

	if (from_ns == NEVER_NS) {
		snprintf(out->text, sizeof(out->text), "the instant never came");
		return;
	}
	find_sources(record, alert->probe, &sources);
	decide_alert(&sources, from_ns, record_reported_ns(record, alert->probe), out);
	free(sources.items);
}

/* --- converges ------------------------------------------------------------------------- */

struct reading {
	int64_t at_ns;
	size_t source; /* index */
	double value;
};

struct latest {
	int64_t at_ns;
	double value;
};

static int by_time(const void *a, const void *b)
{
	const struct reading *left = a, *right = b;

	return (left->at_ns > right->at_ns) - (left->at_ns < right->at_ns);
}

static void gather_readings(const struct list *sources, int64_t from_ns, struct list *out)
{
	for (size_t s = 0; s < sources->count; s++) {
		const struct source_record *source =
			*LIST_AT(*sources, const struct source_record *, s);

		for (size_t i = values_from(&source->values, from_ns); i < source->values.count;
			i++)
			*(struct reading *)list_push(out, sizeof(struct reading)) =
				(struct reading){source->values.items[i].at_ns, s,
					source->values.items[i].value};
	}
	if (out->count)
		qsort(out->items, out->count, sizeof(struct reading), by_time);
}

/* All have been read lately, and are as near to one another as they must be. */
static bool agree(const struct list *sources, const struct latest *latest, int64_t at_ns,
	double differ_by_at_most)
{
	double least = INFINITY, most = -INFINITY;

	for (size_t s = 0; s < sources->count; s++) {
		int64_t hole = hole_ns(*LIST_AT(*sources, const struct source_record *, s));

		if (latest[s].at_ns == NEVER_NS || at_ns - latest[s].at_ns > hole)
			return false;
		least = fmin(least, latest[s].value);
		most = fmax(most, latest[s].value);
	}
	return most - least <= differ_by_at_most;
}

/* From when on they agreed for stable_for; NEVER_NS: they did not. */
static int64_t agreed_since_ns(
	const struct list *sources, const struct list *readings, const struct converges_spec *spec)
{
	struct latest *latest = must_array(sources->count, sizeof(*latest));
	int64_t since_ns = NEVER_NS, found_ns = NEVER_NS;

	for (size_t s = 0; s < sources->count; s++)
		latest[s].at_ns = NEVER_NS;
	LIST_EACH(*readings, const struct reading, reading) {
		latest[reading->source] = (struct latest){reading->at_ns, reading->value};
		if (!agree(sources, latest, reading->at_ns, spec->differ_by_at_most))
			since_ns = NEVER_NS;
		else if (since_ns == NEVER_NS)
			since_ns = reading->at_ns;
		if (since_ns != NEVER_NS && reading->at_ns - since_ns >= spec->stable_for_ns) {
			found_ns = since_ns;
			break;
		}
	}
	free(latest);
	return found_ns;
}

static void decide_convergence(const struct list *sources, int64_t from_ns, int64_t reported_ns,
	struct claim_judgement *out)
{
	const struct converges_spec *spec = out->claim->converges;
	int64_t needed_ns = from_ns + spec->within_ns + spec->stable_for_ns, since_ns;
	char after[DURATION_TEXT_MAX], within[DURATION_TEXT_MAX];
	struct list readings = {0};

	gather_readings(sources, from_ns, &readings);
	since_ns = agreed_since_ns(sources, &readings, spec);
	free(readings.items);
	out->tally = count_readings(sources, from_ns, needed_ns);
	duration_format(spec->within_ns, within);
	if (since_ns != NEVER_NS) {
		out->after_ns = since_ns - from_ns;
		out->verdict = out->after_ns <= spec->within_ns ? VERDICT_HELD : VERDICT_VIOLATED;
		snprintf(out->text, sizeof(out->text),
			"%zu members agreed %s after the instant; allowed %s", sources->count,
			duration_human(out->after_ns, after), within);
		return;
	}
	if (reported_ns >= needed_ns)
		out->verdict = saw_enough(out->tally) ? VERDICT_VIOLATED : VERDICT_INCONCLUSIVE;
	snprintf(out->text, sizeof(out->text),
		"%zu members did not agree in %lld readings, %lld failed; allowed %s",
		sources->count, (long long)out->tally.total, (long long)out->tally.bad, within);
}

void judge_convergence(const struct record *record, struct claim_judgement *out)
{
	const struct converges_spec *spec = out->claim->converges;
	int64_t from_ns = judge_fault_instant(record, spec->from);
	struct list sources = {0};

	if (from_ns == NEVER_NS) {
		snprintf(out->text, sizeof(out->text), "the instant never came");
		return;
	}
	find_sources(record, spec->probe, &sources);
	decide_convergence(&sources, from_ns, record_reported_ns(record, spec->probe), out);
	free(sources.items);
}

/* --- exactly_one ----------------------------------------------------------------------- */

/* A member was, or was not, the one from one reading to a later one, as far as both are sure. */
struct stretch {
	const struct source_record *source;
	int64_t from_ns, to_ns;
	bool is_one;
};

static void add_stretch(struct list *out, struct stretch stretch)
{
	if (stretch.to_ns > stretch.from_ns)
		*(struct stretch *)list_push(out, sizeof(stretch)) = stretch;
}

/* Of one source in [from, to): readings in a row that say the same. */
static void add_stretches(const struct source_record *source, const struct exactly_one_spec *spec,
	int64_t timeout_ns, const int64_t bounds[2], struct list *out)
{
	const struct values *values = &source->values;
	struct stretch own = {.source = source, .from_ns = NEVER_NS};
	int64_t last_ns = NEVER_NS;

	for (size_t i = values_from(values, bounds[0]);
		i < values->count && values->items[i].at_ns < bounds[1]; i++) {
		int64_t at_ns = values->items[i].at_ns;
		bool is_one = values->items[i].value == spec->equals;

		if (last_ns == NEVER_NS || is_one != own.is_one ||
			at_ns - last_ns > hole_ns(source)) {
			if (last_ns != NEVER_NS)
				add_stretch(out, own);
			own.from_ns = at_ns + timeout_ns;
			own.is_one = is_one;
		}
		own.to_ns = last_ns = at_ns;
	}
	if (last_ns != NEVER_NS)
		add_stretch(out, own);
}

struct rivalry {
	int64_t two_ns, none_ns; /* the longest of each */
	int64_t two_at_ns;
	const struct source_record *first, *second;
};

static int by_beginning(const void *a, const void *b)
{
	const struct stretch *left = a, *right = b;

	return (left->from_ns > right->from_ns) - (left->from_ns < right->from_ns);
}

/*
 * Two that were the one at the same time: the longest such time. Stretches of one member never
 * overlap, so that of those which began before the one that reaches furthest overlaps most.
 */
static void find_two(const struct list *sorted, struct rivalry *out)
{
	const struct stretch *furthest = NULL;

	LIST_EACH(*sorted, const struct stretch, own) {
		int64_t to_ns;

		if (!own->is_one)
			continue;
		to_ns = furthest && furthest->to_ns < own->to_ns ? furthest->to_ns : own->to_ns;
		if (furthest && to_ns - own->from_ns > out->two_ns)
			*out = (struct rivalry){to_ns - own->from_ns, out->none_ns, own->from_ns,
				furthest->source, own->source};
		if (!furthest || own->to_ns > furthest->to_ns)
			furthest = own;
	}
}

struct edge {
	int64_t at_ns;
	int change; /* of how many are sure not to be the one */
};

static int by_edge(const void *a, const void *b)
{
	const struct edge *left = a, *right = b;

	if (left->at_ns != right->at_ns)
		return left->at_ns > right->at_ns ? 1 : -1;
	return left->change - right->change;
}

/* The longest time in which all members were sure not to be the one. */
static void find_none(const struct list *stretches, size_t members, struct rivalry *out)
{
	struct list edges = {0};
	int64_t since_ns = NEVER_NS;
	size_t sure = 0;

	LIST_EACH(*stretches, const struct stretch, own) {
		if (own->is_one)
			continue;
		*(struct edge *)list_push(&edges, sizeof(struct edge)) =
			(struct edge){own->from_ns, 1};
		*(struct edge *)list_push(&edges, sizeof(struct edge)) =
			(struct edge){own->to_ns, -1};
	}
	if (edges.count)
		qsort(edges.items, edges.count, sizeof(struct edge), by_edge);
	LIST_EACH(edges, const struct edge, edge) {
		sure = edge->change > 0 ? sure + 1 : sure - 1;
		if (sure == members)
			since_ns = edge->at_ns;
		else if (since_ns != NEVER_NS) {
			if (edge->at_ns - since_ns > out->none_ns)
				out->none_ns = edge->at_ns - since_ns;
			since_ns = NEVER_NS;
		}
	}
	free(edges.items);
}

/* False when the phase is missing or was cut short. */
static bool look_at_phase(const struct record *record, const struct list *sources, const char *id,
	struct rivalry *rivalry, struct claim_judgement *out)
{
	const struct exactly_one_spec *spec = out->claim->exactly_one;
	const struct phase_record *phase = record_phase(record, id);
	int64_t reported_ns = record_reported_ns(record, spec->probe);
	int64_t bounds[2] = {phase->start_ns + out->claim->skip_first_ns,
		phase->end_ns == NEVER_NS ? reported_ns : phase->end_ns};
	struct list stretches = {0};
	struct tally tally;

	if (phase->start_ns == NEVER_NS)
		return false;
	LIST_EACH(*sources, const struct source_record *, source)
		add_stretches(*source, spec,
			scenario_probe(&record->scenario, spec->probe)->timeout_ns, bounds,
			&stretches);
	if (stretches.count)
		qsort(stretches.items, stretches.count, sizeof(struct stretch), by_beginning);
	find_two(&stretches, rivalry);
	find_none(&stretches, sources->count, rivalry);
	free(stretches.items);
	tally = count_readings(sources, bounds[0], bounds[1]);
	out->tally.total += tally.total;
	out->tally.bad += tally.bad;
	return phase->end_ns != NEVER_NS && strcmp(phase->how, "stopped") != 0 &&
		reported_ns >= phase->end_ns;
}

static void say_rivalry(const struct rivalry *rivalry, size_t members, struct claim_judgement *out)
{
	char length[DURATION_TEXT_MAX], none[DURATION_TEXT_MAX];

	duration_human(rivalry->none_ns, none);
	if (rivalry->two_ns)
		snprintf(out->text, sizeof(out->text),
			"%.60s and %.60s both, for %s at least from T+%.3f s on",
			member_of(rivalry->first), member_of(rivalry->second),
			duration_human(rivalry->two_ns, length), (double)rivalry->two_at_ns / 1e9);
	else
		snprintf(out->text, sizeof(out->text),
			"never two of %zu members at one time in %lld readings, %lld failed; none "
			"for %s at the longest",
			members, (long long)out->tally.total, (long long)out->tally.bad, none);
}

void judge_exactly_one(const struct record *record, struct claim_judgement *out)
{
	const struct exactly_one_spec *spec = out->claim->exactly_one;
	struct rivalry rivalry = {0};
	struct list sources = {0};
	bool complete = true;

	find_sources(record, spec->probe, &sources);
	LIST_EACH(out->claim->in, char *, id)
		complete = look_at_phase(record, &sources, *id, &rivalry, out) && complete;
	out->after_ns = rivalry.two_ns;
	out->measured = (double)rivalry.none_ns / 1e9;
	if (rivalry.two_ns ||
		(spec->none_for_at_most_ns && rivalry.none_ns > spec->none_for_at_most_ns))
		out->verdict = VERDICT_VIOLATED;
	else if (complete)
		out->verdict = saw_enough(out->tally) ? VERDICT_HELD : VERDICT_INCONCLUSIVE;
	say_rivalry(&rivalry, sources.count, out);
	free(sources.items);
}
