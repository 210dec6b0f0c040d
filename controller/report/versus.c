/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/versus.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/measure/comparison.h"

#define ALPHA 0.05

enum {
	STEPS_NEEDED = 10 /* from there on the normal approximation is good */
};

static struct versus_row *add_row(struct list *rows)
{
	return list_push(rows, sizeof(struct versus_row));
}

/* --- what was not the same --------------------------------------------------------------- */

static void add_unlike(struct list *lines, const char *what, const char *first, const char *second)
{
	first = first ? first : "unknown";
	second = second ? second : "unknown";
	if (strcmp(first, second) != 0)
		words_add(lines, "%s: %s, then %s", what, first, second);
}

static void add_key(struct list *keys, const cJSON *one, const cJSON *other)
{
	const cJSON *match = cJSON_GetObjectItemCaseSensitive(other, one->string);

	if (!(match && cJSON_Compare(one, match, true)) && !list_has_text(keys, one->string))
		list_push_text(keys, one->string);
}

/* The parts of the scenario that differ, as both ran it. */
static void compare_scenarios(const struct versus *versus, struct list *lines)
{
	const cJSON *one = versus->first->story.scenario, *other = versus->second->story.scenario;
	const cJSON *item;
	struct list keys = {0};
	char names[WORDS_MAX];

	cJSON_ArrayForEach(item, one)
		add_key(&keys, item, other);
	cJSON_ArrayForEach(item, other)
		add_key(&keys, item, one);
	if (keys.count)
		words_add(lines, "the scenario differs in %s",
			words_join(&keys, names, sizeof(names)));
	list_free_texts(&keys);
}

static void compare_nodes(const struct versus *versus, struct list *lines)
{
	LIST_EACH(versus->first->record.nodes, struct node_record, node) {
		const struct node_record *other = record_node(&versus->second->record, node->node);
		char what[WORDS_MAX];

		snprintf(what, sizeof(what), "kernel of %.80s", node->node);
		if (other)
			add_unlike(lines, what, node->kernel, other->kernel);
		else
			words_add(lines, "node %s was in the first run only", node->node);
	}
	LIST_EACH(versus->second->record.nodes, struct node_record, node)
		if (!record_node(&versus->first->record, node->node))
			words_add(lines, "node %s was in the second run only", node->node);
}

static void compare_groups(const struct versus *versus, struct list *lines)
{
	LIST_EACH(versus->first->record.groups, struct resolved_group, group) {
		const struct resolved_group *other =
			record_group(&versus->second->record, group->group);
		char what[WORDS_MAX], one[WORDS_MAX], two[WORDS_MAX];

		if (!other)
			continue;
		snprintf(what, sizeof(what), "group %.80s", group->group);
		add_unlike(lines, what, words_join(&group->nodes, one, sizeof(one)),
			words_join(&other->nodes, two, sizeof(two)));
	}
}

static void find_unlike(struct versus *versus)
{
	const struct record *first = &versus->first->record, *second = &versus->second->record;

	compare_scenarios(versus, &versus->unlike);
	add_unlike(&versus->unlike, "environment", first->environment, second->environment);
	add_unlike(&versus->unlike, "tool", first->tool, second->tool);
	compare_nodes(versus, &versus->unlike);
	compare_groups(versus, &versus->unlike);
}

/* --- shares of good events --------------------------------------------------------------- */

/* Events of the phase; none when the run never came to it. */
static struct tally phase_tally(const struct report *report, const char *slo, const char *phase)
{
	const struct sli_record *sli = record_sli(&report->record, slo);
	const struct phase_record *own = record_phase(&report->record, phase);

	if (!sli || !own || own->start_ns == NEVER_NS)
		return (struct tally){0};
	return samples_tally(
		&sli->samples, own->start_ns, own->end_ns == NEVER_NS ? INT64_MAX : own->end_ns);
}

static const char *say_share(struct tally tally, char text[WORDS_MAX])
{
	if (tally.total)
		snprintf(text, WORDS_MAX, "%.4g %% of %lld",
			100 * (double)(tally.total - tally.bad) / (double)tally.total,
			(long long)tally.total);
	else
		snprintf(text, WORDS_MAX, "no data");
	return text;
}

static enum tone tone_of_change(struct statistics_interval interval, bool more_is_better)
{
	if (interval.lower <= 0 && interval.upper >= 0)
		return TONE_OPEN;
	return (interval.lower > 0) == more_is_better ? TONE_GOOD : TONE_BAD;
}

static void compare_shares(struct versus_row *row, struct tally before, struct tally after)
{
	struct proportion one = {.x = before.total - before.bad, .n = before.total};
	struct proportion two = {.x = after.total - after.bad, .n = after.total};

	say_share(before, row->first);
	say_share(after, row->second);
	row->tone = TONE_NONE;
	if (!one.n || !two.n)
		return;
	row->compared = true;
	row->difference = (double)two.x / (double)two.n - (double)one.x / (double)one.n;
	row->interval = statistics_newcombe(two, one, ALPHA);
	row->tone = tone_of_change(row->interval, true);
	snprintf(row->change, sizeof(row->change), "%+.3g points (%+.3g to %+.3g)",
		100 * row->difference, 100 * row->interval.lower, 100 * row->interval.upper);
}

static void compare_slis(struct versus *versus)
{
	LIST_EACH(versus->first->record.slis, struct sli_record, sli)
		LIST_EACH(versus->first->record.phases, struct phase_record, phase) {
			const char *slo = sli->slo->name, *id = phase->spec->id;
			struct tally before = phase_tally(versus->first, slo, id);
			struct tally after = phase_tally(versus->second, slo, id);
			struct versus_row *row;

			if (!before.total && !after.total)
				continue;
			row = add_row(&versus->slis);
			snprintf(row->what, sizeof(row->what), "%.63s in %.63s", slo, id);
			compare_shares(row, before, after);
		}
}

/* --- latencies --------------------------------------------------------------------------- */

static const struct latency_series *series_of(const struct report *report, const char *probe)
{
	LIST_EACH(report->story.latency, struct latency_series, series)
		if (strcmp(series->probe->name, probe) == 0)
			return series;
	return NULL;
}

/* One value for each step that lies in the phase whole; the caller frees them. */
static struct value_sample steps_of(
	const struct report *report, const char *probe, const char *phase_id, bool p99)
{
	const struct latency_series *series = series_of(report, probe);
	struct value_sample out = {.values = calloc(BINS_MAX, sizeof(double))};
	const struct phase_record *phase = record_phase(&report->record, phase_id);

	if (!out.values)
		abort();
	for (size_t i = 0; series && phase && phase->start_ns != NEVER_NS && i < series->count;
		i++) {
		const struct latency_bin *bin = &series->bins[i];
		int64_t from_ns = series->from_ns + (int64_t)i * series->bin_ns;

		if (bin->count && from_ns >= phase->start_ns && phase->end_ns != NEVER_NS &&
			from_ns + series->bin_ns <= phase->end_ns)
			out.values[out.count++] = (double)(p99 ? bin->p99_ns : bin->median_ns);
	}
	return out;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void say_latency(struct value_sample sample, char text[WORDS_MAX])
{
	char human[DURATION_TEXT_MAX];

	if (!sample.count) {
		snprintf(text, WORDS_MAX, "no data");
		return;
	}
	qsort(sample.values, sample.count, sizeof(double), by_value);
	snprintf(text, WORDS_MAX, "%s, %zu steps",
		duration_human((int64_t)sample.values[sample.count / 2], human), sample.count);
}

static const char *signed_duration(double ns, char text[DURATION_TEXT_MAX + 1])
{
	char human[DURATION_TEXT_MAX];

	snprintf(text, DURATION_TEXT_MAX + 1, "%c%s", ns < 0 ? '-' : '+',
		duration_human((int64_t)fabs(ns), human));
	return text;
}

static void compare_steps(
	struct versus_row *row, struct value_sample before, struct value_sample after)
{
	char shift[DURATION_TEXT_MAX + 1], least[DURATION_TEXT_MAX + 1],
		most[DURATION_TEXT_MAX + 1];

	say_latency(before, row->first);
	say_latency(after, row->second);
	row->tone = TONE_NONE;
	if (before.count < STEPS_NEEDED || after.count < STEPS_NEEDED) {
		snprintf(row->change, sizeof(row->change), "fewer than %d steps in one of them",
			STEPS_NEEDED);
		return;
	}
	row->compared = true;
	row->difference = statistics_mann_whitney(after, before).shift;
	row->interval = statistics_shift(after, before, ALPHA);
	row->tone = tone_of_change(row->interval, false);
	snprintf(row->change, sizeof(row->change), "%s (%s to %s)",
		signed_duration(row->difference, shift),
		signed_duration(row->interval.lower, least),
		signed_duration(row->interval.upper, most));
}

static void add_latency(struct versus *versus, const char *probe, const char *phase, bool p99)
{
	struct value_sample before = steps_of(versus->first, probe, phase, p99);
	struct value_sample after = steps_of(versus->second, probe, phase, p99);

	if (before.count || after.count) {
		struct versus_row *row = add_row(&versus->latencies);

		snprintf(row->what, sizeof(row->what), "%s of %.63s in %.63s",
			p99 ? "p99" : "median", probe, phase);
		compare_steps(row, before, after);
	}
	free(before.values);
	free(after.values);
}

static void compare_latencies(struct versus *versus)
{
	LIST_EACH(versus->first->story.latency, struct latency_series, series)
		LIST_EACH(versus->first->record.phases, struct phase_record, phase) {
			add_latency(versus, series->probe->name, phase->spec->id, false);
			add_latency(versus, series->probe->name, phase->spec->id, true);
		}
}

/* --- single numbers: they have no interval ------------------------------------------------ */

static const struct outage *outage_like(const struct report *report, const struct outage *wanted)
{
	LIST_EACH(report->judgement.outages, struct outage, own)
		if (strcmp(own->slo->name, wanted->slo->name) == 0 &&
			strcmp(own->fault->spec->id, wanted->fault->spec->id) == 0)
			return own;
	return NULL;
}

static void say_rto(const struct outage *outage, char text[WORDS_MAX])
{
	char human[DURATION_TEXT_MAX];

	if (!outage)
		snprintf(text, WORDS_MAX, "no such fault");
	else if (outage->rto_ns == NEVER_NS)
		snprintf(text, WORDS_MAX, "not known to have recovered");
	else if (!outage->rto_ns)
		snprintf(text, WORDS_MAX, "not breached");
	else
		snprintf(text, WORDS_MAX, "%s", duration_human(outage->rto_ns, human));
}

static void compare_recoveries(struct versus *versus)
{
	LIST_EACH(versus->first->judgement.outages, struct outage, own) {
		struct versus_row *row = add_row(&versus->recoveries);

		row->tone = TONE_NONE;
		snprintf(row->what, sizeof(row->what), "RTO in %.63s, %.63s", own->slo->name,
			own->fault->spec->id);
		say_rto(own, row->first);
		say_rto(outage_like(versus->second, own), row->second);
	}
}

static const struct claim_judgement *claim_like(const struct report *report, const char *id)
{
	LIST_EACH(report->judgement.claims, struct claim_judgement, own)
		if (strcmp(own->claim->id, id) == 0)
			return own;
	return NULL;
}

/* Only the second's finding is good or bad; that both agree is no change. */
static void compare_verdicts(struct versus *versus)
{
	LIST_EACH(versus->first->judgement.claims, struct claim_judgement, own) {
		const struct claim_judgement *other = claim_like(versus->second, own->claim->id);
		struct versus_row *row = add_row(&versus->verdicts);

		snprintf(row->what, sizeof(row->what), "%.63s", own->claim->id);
		words_verdict(own, row->first);
		if (other)
			words_verdict(other, row->second);
		else
			snprintf(row->second, sizeof(row->second), "no such claim");
		row->tone =
			!other || other->finding == own->finding ? TONE_NONE : tone_of_claim(other);
	}
}

void versus_init(struct versus *versus, const struct report *first, const struct report *second)
{
	*versus = (struct versus){.first = first, .second = second};
	find_unlike(versus);
	compare_slis(versus);
	compare_latencies(versus);
	compare_recoveries(versus);
	compare_verdicts(versus);
}

void versus_deinit(struct versus *versus)
{
	list_free_texts(&versus->unlike);
	free(versus->slis.items);
	free(versus->latencies.items);
	free(versus->recoveries.items);
	free(versus->verdicts.items);
	*versus = (struct versus){0};
}
