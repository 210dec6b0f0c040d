/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "controller/prober/orders.h"
#include "controller/report/story_parts.h"

/* --- latencies over time --------------------------------------------------------------- */

#define BIN_EVENTS_MIN 5.0

int64_t story_bin_ns(int64_t length_ns, double rate)
{
	int64_t bin_ns = NS_PER_SEC;

	while (bin_ns * (BINS_MAX - 1) < length_ns ||
		rate * (double)bin_ns / (double)NS_PER_SEC < BIN_EVENTS_MIN)
		bin_ns *= 2;
	return bin_ns;
}

static struct latency_series *series_of(
	struct story *story, const struct record *record, const struct source_record *source)
{
	const struct probe_spec *probe = scenario_probe(&record->scenario, source->probe);
	struct latency_series *series;

	LIST_EACH(story->latency, struct latency_series, known)
		if (known->probe == probe)
			return known;
	series = list_push(&story->latency, sizeof(*series));
	series->probe = probe;
	series->from_ns = source->start_ns;
	series->bin_ns = story_bin_ns(0, source->rate);
	return series;
}

static void merge_bin(struct latency_bin *into, struct latency_bin *from)
{
	if (!from->histogram)
		return;
	if (!into->histogram) {
		into->histogram = from->histogram;
	} else {
		histogram_merge(into->histogram, from->histogram);
		histogram_free(from->histogram);
	}
	from->histogram = NULL;
}

/* Each two bins become one, so that a run of any length has at most BINS_MAX of them. */
static void widen(struct latency_series *series)
{
	for (size_t i = 0; i < series->count; i++) {
		struct latency_bin bin = series->bins[i];

		series->bins[i] = (struct latency_bin){0};
		merge_bin(&series->bins[i / 2], &bin);
	}
	series->count = (series->count + 1) / 2;
	series->bin_ns *= 2;
}

static struct latency_bin *bin_at(struct latency_series *series, int64_t at_ns)
{
	int64_t since_ns = at_ns > series->from_ns ? at_ns - series->from_ns : 0;
	size_t index;

	while (since_ns / series->bin_ns >= BINS_MAX)
		widen(series);
	index = (size_t)(since_ns / series->bin_ns);
	if (index >= series->count)
		series->count = index + 1;
	return &series->bins[index];
}

static const char *node_or_url(const char *target)
{
	return target && *target ? target : NULL;
}

/* With `first_answer` a probe moves on from a member that does not answer: worth a line. */
static void follow_target(
	struct story *story, const cJSON *event, const struct source_record *source, size_t index)
{
	const char *target = node_or_url(
		json_string(cJSON_GetObjectItemCaseSensitive(event, "window"), "target", NULL));
	char **last;

	while (story->targets.count <= index)
		list_push_text(&story->targets, "");
	last = LIST_AT(story->targets, char *, index);
	if (!target || strcmp(*last, target) == 0)
		return;
	if (**last)
		story_tell(story, journal_time(event, "t_ns"), "probe",
			"%s from %s moved on from %s to %s", source->probe, source->from, *last,
			target);
	free(*last);
	*last = must_copy(target);
}

/* --- members --------------------------------------------------------------------------- */

static struct samples *samples_of(
	struct story *story, const struct slo_spec *slo, const char *member)
{
	struct member_series *series;

	LIST_EACH(story->members, struct member_series, known)
		if (known->slo == slo && strcmp(known->member, member) == 0)
			return &known->samples;
	series = list_push(&story->members, sizeof(*series));
	series->slo = slo;
	series->member = must_copy(member);
	return &series->samples;
}

static void add_members(struct story *story, const struct record *record,
	const struct source_record *source, const struct probe_window *window)
{
	LIST_EACH(window->classes, struct class_runs, runs) {
		const struct slo_spec *slo = scenario_slo(&record->scenario, runs->slo);
		struct samples *samples = samples_of(story, slo, source->to);

		record_add_events(samples, source, window, runs);
	}
}

/* --- windows --------------------------------------------------------------------------- */

void story_add_window(struct story *story, const struct record *record, const cJSON *event)
{
	const struct source_record *source = record_source(record, event);
	const struct probe_window *window = &record->latest_window;
	struct fail fail = FAIL_INIT;
	struct latency_bin *bin;

	follow_target(story, event, source,
		(size_t)(source - (const struct source_record *)record->sources.items));
	if (source->to)
		add_members(story, record, source, window);
	bin = bin_at(series_of(story, record, source),
		schedule_due_ns(&source->schedule, window->first_index));
	if (window->latency.count) {
		if (!bin->histogram)
			bin->histogram = histogram_new();
		histogram_decode(bin->histogram, &window->latency, &fail);
	}
}

static void finish_bin(struct latency_bin *bin)
{
	struct histogram_edges median, p99;

	if (bin->histogram && histogram_quantile(bin->histogram, 0.5, &median) == 0 &&
		histogram_quantile(bin->histogram, 0.99, &p99) == 0) {
		bin->count = bin->histogram->count;
		bin->median_ns = median.upper_ns;
		bin->p99_ns = p99.upper_ns;
	}
	histogram_free(bin->histogram);
	bin->histogram = NULL;
}

void story_finish_latency(struct story *story)
{
	LIST_EACH(story->latency, struct latency_series, series)
		for (size_t i = 0; i < series->count; i++)
			finish_bin(&series->bins[i]);
}

/* --- lost writes ----------------------------------------------------------------------- */

/* Beyond so many all share the last one: their names are nobody's. */
static size_t client_of(struct story *story, const char *name)
{
	for (size_t i = 0; i < story->clients.count; i++)
		if (strcmp(*LIST_AT(story->clients, char *, i), name) == 0)
			return i;
	if (story->clients.count < CLIENTS_MAX)
		list_push_text(&story->clients, name);
	return story->clients.count - 1;
}

void story_add_acks(struct story *story, const struct record *record, const cJSON *event)
{
	size_t client = client_of(story, json_string(event, "from", "?"));
	const cJSON *window = cJSON_GetObjectItemCaseSensitive(event, "window"), *range;
	const struct workload_record *workload =
		record_workload(record, json_string(event, "workload", ""));

	cJSON_ArrayForEach(range, cJSON_GetObjectItemCaseSensitive(window, "acked")) {
		if (story->acks.count == ACKS_MAX)
			return;
		*(struct ack *)list_push(&story->acks, sizeof(struct ack)) =
			(struct ack){.workload = workload,
				.first = json_i64(range, "first", 0),
				.last = json_i64(range, "last", 0),
				.at_ns = journal_time(event, "t_ns"),
				.client = client};
	}
}

static const struct ack *ack_of(
	const struct story *story, const struct workload_record *workload, int64_t id)
{
	LIST_EACH(story->acks, struct ack, ack)
		if (ack->workload == workload && ack->first <= id && id <= ack->last)
			return ack;
	return NULL;
}

static int64_t missed_ns(const struct workload_record *workload, int64_t id)
{
	LIST_EACH(workload->read_backs, struct read_back_record, read)
		LIST_EACH(read->missing.list, struct id_range, range)
			if (range->first <= id && id <= range->last)
				return read->at_ns;
	return NEVER_NS;
}

static void add_loss(
	struct story *story, const struct workload_record *workload, int64_t first, int64_t last)
{
	const struct ack *ack = ack_of(story, workload, first);

	*(struct loss *)list_push(&story->losses, sizeof(struct loss)) =
		(struct loss){.workload = workload,
			.first = first,
			.last = last,
			.acked_ns = ack ? ack->at_ns : NEVER_NS,
			.client = ack ? *LIST_AT(story->clients, char *, ack->client) : NULL,
			.missed_ns = missed_ns(workload, first)};
}

/* Both sets are tidy: walked side by side. */
static void subtract(struct story *story, const struct workload_record *workload,
	const struct ranges *acked, const struct ranges *present)
{
	const struct id_range *hole = present->list.items;
	size_t left = present->list.count, most = story->losses.count + LOSSES_MAX;

	LIST_EACH(acked->list, struct id_range, range) {
		int64_t from = range->first;

		for (; left > 0 && hole->last < from; left--)
			hole++;
		while (left > 0 && hole->first <= range->last && story->losses.count < most) {
			if (hole->first > from)
				add_loss(story, workload, from, hole->first - 1);
			from = hole->last + 1;
			if (from > range->last)
				break;
			hole++;
			left--;
		}
		if (from <= range->last && story->losses.count < most)
			add_loss(story, workload, from, range->last);
	}
}

void story_find_losses(struct story *story, const struct record *record)
{
	LIST_EACH(record->workloads, struct workload_record, workload) {
		struct ranges acked = {0}, present = {0};
		size_t answered = 0;

		LIST_EACH(workload->acked.list, struct id_range, range)
			ranges_add_run(&acked, range->first, range->last);
		LIST_EACH(workload->reads, struct read_record, read) {
			answered += read->ok;
			LIST_EACH(read->present.list, struct id_range, range)
				ranges_add_run(&present, range->first, range->last);
		}
		ranges_tidy(&acked);
		ranges_tidy(&present);
		/* Without an answer nothing is known to be lost. */
		if (answered)
			subtract(story, workload, &acked, &present);
		ranges_deinit(&acked);
		ranges_deinit(&present);
	}
}
