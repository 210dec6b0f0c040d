/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/judge/cusums.h"
#include "controller/judge/record_apply.h"
#include "controller/judge/seconds.h"
#include "controller/judge/slices.h"
#include "controller/plan/check.h"
#include "controller/prober/orders.h"
#include "controller/prober/runs.h"
#include "controller/prober/value_text.h"

/* What probers reported, as the journal keeps it: sources, windows, operations, final reads. */

static_assert(OUTCOME_COUNT <= sizeof(((struct source_record *)NULL)->outcomes) / sizeof(int64_t),
	"a place for each outcome");

/* At the highest rate in the longest window. */
#define WINDOW_EVENTS_MAX ((int64_t)(RATE_MAX * WINDOW_MAX_NS / NS_PER_SEC))

/*
 * Clocks drift apart, but not by minutes. Events that are due later than that nobody can have seen:
 * without this bound a prober could fill our memory with them, 300,000 in a line of sixty bytes.
 */
#define AHEAD_MAX_NS (120 * NS_PER_SEC)

int record_apply_source(struct record *record, const cJSON *event, struct fail *fail)
{
	const struct probe_spec *probe =
		scenario_probe(&record->scenario, json_string(event, "probe", ""));
	double rate = json_number(event, "rate", 0);
	int64_t start_ns = journal_time(event, "start_ns");
	struct source_record *source;

	if (!probe)
		return record_unknown_name(event, "probe", fail);
	if (record->sources.count == RECORD_NAMES_MAX)
		return record_too_many("sources of events", fail);
	if (record_source(record, event) || start_ns == NEVER_NS || rate < RATE_MIN ||
		rate > RATE_MAX)
		return fail_set(fail, FAIL_PEER, "journal: an impossible source of events");
	source = list_push(&record->sources, sizeof(*source));
	record_replace_text(&source->probe, json_string(event, "probe", ""));
	record_replace_text(&source->from, json_string(event, "from", ""));
	record_replace_text(&source->to, json_string(event, "to", NULL));
	source->start_ns = start_ns;
	source->rate = probe->load ? probe_least_rate(probe) : rate;
	source->schedule = (struct schedule){.start_ns = start_ns, .rate = rate};
	if (probe->load)
		source->schedule.arrivals = probe->load->arrivals;
	source->last_heard_ns = start_ns;
	source->latency = histogram_new();
	return 0;
}

static int64_t due_ns(const struct source_record *source, int64_t index)
{
	return schedule_due_ns(&source->schedule, index);
}

/* Every event of the window must be in the runs, or a claim would rest on fewer than it says. */
static int check_runs(const char *runs, int64_t events, struct fail *fail)
{
	int64_t total = 0, count;
	bool good;
	int more;

	while ((more = runs_next(&runs, &good, &count, fail)) > 0) {
		if (count > events - total)
			return fail_set(fail, FAIL_PEER, "window: more runs than events");
		total += count;
	}
	if (more == 0 && total != events)
		return fail_set(fail, FAIL_PEER, "window: fewer runs than events");
	return more;
}

static int check_class(const struct record *record, const struct probe_window *window,
	const struct class_runs *runs, struct fail *fail)
{
	if (!record_sli(record, runs->slo))
		return fail_set(fail, FAIL_PEER, "window: unknown SLO \"%.60s\"", runs->slo);
	return check_runs(runs->runs, window->count, fail);
}

void record_add_events(struct samples *samples, const struct source_record *source,
	const struct probe_window *window, const struct class_runs *runs)
{
	uint64_t *items = must_array((size_t)window->count + 1, sizeof(*items));
	const char *cursor = runs->runs;
	struct fail checked = FAIL_INIT;
	int64_t told = 0, count;
	bool good;

	while (runs_next(&cursor, &good, &count, &checked) > 0)
		for (; count > 0 && told < window->count; count--, told++)
			items[told] =
				samples_item(due_ns(source, window->first_index + told), good);
	samples_add_all(samples, items, (size_t)told);
	free(items);
}

/* Runs of a checked window as a mark for each event; NULL is none, and marks nothing. To be freed.
 */
static bool *marks_of(const char *runs, int64_t count, bool letter)
{
	bool *marks = must_array((size_t)count + 1, sizeof(*marks)), good;
	struct fail checked = FAIL_INIT;
	int64_t at = 0, length;

	while (runs && runs_next(&runs, &good, &length, &checked) > 0)
		for (; length > 0; length--)
			marks[at++] = good == letter;
	return marks;
}

/* Of a source to one member; NULL: to no one in particular. */
static struct member_sli *member_sli_of(struct source_record *source, const struct slo_spec *slo)
{
	struct member_sli *fresh;

	if (!source->to)
		return NULL;
	LIST_EACH(source->slis, struct member_sli, own)
		if (own->slo == slo)
			return own;
	fresh = list_push(&source->slis, sizeof(*fresh));
	fresh->slo = slo;
	return fresh;
}

/* The events of the window that the prober itself delayed or dropped, which few windows have. */
static void add_spoiled(struct sli_record *sli, struct source_record *source,
	const struct probe_window *window, const struct class_runs *runs)
{
	struct member_sli *member = member_sli_of(source, sli->slo);

	bool *good, *late, *dropped;

	if (!window->late && !window->dropped)
		return;
	good = marks_of(runs->runs, window->count, true);
	late = marks_of(window->late, window->count, false);
	dropped = marks_of(window->dropped, window->count, false);
	for (int64_t i = 0; i < window->count; i++) {
		int64_t at_ns = due_ns(source, window->first_index + i);

		if (late[i])
			samples_add(&sli->late, at_ns, good[i]);
		if (dropped[i])
			samples_add(&sli->dropped, at_ns, good[i]);
		if (late[i] || dropped[i])
			samples_add(&sli->spoiled, at_ns, good[i]);
		if (member && (late[i] || dropped[i]))
			samples_add(&member->spoiled, at_ns, good[i]);
	}
	free(good);
	free(late);
	free(dropped);
}

/* As many as there are events; NULL is a window of a probe that reads none. */
static int check_values(const struct probe_window *window, struct fail *fail)
{
	const char *cursor = window->values;
	int64_t count = 0;
	double value;
	int more = 0;

	if (!cursor)
		return 0;
	while ((more = value_text_next(&cursor, &value, fail)) > 0)
		count++;
	if (more == 0 && count != window->count)
		return fail_set(fail, FAIL_PEER, "window: not a value for each event");
	return more;
}

static void add_values(struct source_record *source, const struct probe_window *window)
{
	const char *cursor = window->values ? window->values : "";
	struct fail checked = FAIL_INIT;
	double value;

	for (int64_t index = window->first_index; value_text_next(&cursor, &value, &checked) > 0;
		index++)
		if (!isnan(value))
			values_add(&source->values, due_ns(source, index), value);
}

/*
 * Where lines could not be read a window may be missing: those behind it are taken all the same,
 * if so many events can have been in the lines. Nothing is proven by such a record.
 */
static bool follows_unread(const struct record *record, const struct source_record *source,
	const struct probe_window *window)
{
	int64_t missing = window->first_index - source->next_index;

	return missing > 0 && missing / WINDOW_EVENTS_MAX < (int64_t)record->unread.lines;
}

/* All of a window is looked at before any of it is taken: the record holds whole events only. */
static int check_window(const struct record *record, const struct source_record *source,
	const struct probe_window *window, int64_t heard_ns, struct fail *fail)
{
	if (window->first_index != source->next_index && !follows_unread(record, source, window))
		return fail_set(fail, FAIL_PEER, "window: begins at event %lld, expected %lld",
			(long long)window->first_index, (long long)source->next_index);
	if (window->count < 0 || window->count > WINDOW_EVENTS_MAX)
		return fail_set(fail, FAIL_PEER, "window: an impossible number of events");
	if (due_ns(source, window->first_index + window->count) > heard_ns + AHEAD_MAX_NS)
		return fail_set(fail, FAIL_PEER, "window: tells of events that are not due yet");
	LIST_EACH(window->classes, struct class_runs, runs)
		if (check_class(record, window, runs, fail) < 0)
			return -1;
	if ((window->late && check_runs(window->late, window->count, fail) < 0) ||
		(window->dropped && check_runs(window->dropped, window->count, fail) < 0))
		return -1;
	if (check_values(window, fail) < 0 ||
		(window->load && load_window_check(window->load, window->count, fail) < 0))
		return -1;
	LIST_EACH(window->outcomes, int64_t, count)
		if (*count < 0 || *count > window->count)
			return fail_set(fail, FAIL_PEER, "window: more outcomes than events");
	LIST_EACH(window->latency, struct histogram_bucket, bucket)
		if (bucket->count > window->count)
			return fail_set(fail, FAIL_PEER, "window: more latencies than events");
	return 0;
}

static int add_window(struct record *record, struct source_record *source,
	const struct probe_window *window, int64_t heard_ns, struct fail *fail)
{
	size_t i = 0;

	if (check_window(record, source, window, heard_ns, fail) < 0 ||
		histogram_decode(source->latency, &window->latency, fail) < 0)
		return -1;
	LIST_EACH(window->classes, struct class_runs, runs) {
		struct sli_record *sli = record_sli(record, runs->slo);

		record_add_events(
			sli->slo->slice_ns ? &sli->events : &sli->samples, source, window, runs);
		if (source->to)
			record_add_events(
				&member_sli_of(source, sli->slo)->samples, source, window, runs);
		add_spoiled(sli, source, window, runs);
	}
	add_values(source, window);
	if (window->load)
		load_told_add(&source->load, &source->schedule, window->first_index, window->load);
	LIST_EACH(window->outcomes, int64_t, count)
		if (i < OUTCOME_COUNT)
			source->outcomes[i++] += *count;
	if (window->last_error)
		record_replace_text(&source->last_error, window->last_error);
	if (window->lag_max_ns > source->lag_max_ns)
		source->lag_max_ns = window->lag_max_ns;
	seconds_add(&record->seconds, source->probe, due_ns(source, window->first_index), window);
	source->next_index = window->first_index + window->count;
	source->last_heard_ns = heard_ns;
	LIST_EACH(record->slis, struct sli_record, sli) {
		if (strcmp(sli->slo->probe, source->probe) != 0)
			continue;
		if (sli->slo->slice_ns)
			slices_update(record, sli);
		cusums_update(record, sli);
	}
	return 0;
}

int record_apply_window(struct record *record, const cJSON *event, struct fail *fail)
{
	struct source_record *source = record_source(record, event);
	struct probe_window window;
	int outcome;

	if (!source)
		return record_unknown_name(event, "probe", fail);
	if (shape_decode(&probe_window_shape, record_member(event, "window"), "window", &window,
		    fail) < 0)
		return -1;
	outcome = add_window(record, source, &window, journal_time(event, "t_ns"), fail);
	shape_free(&probe_window_shape, &record->latest_window);
	record->latest_window = window;
	return outcome;
}

static int add_ranges(struct ranges *into, const struct list *list, struct fail *fail)
{
	LIST_EACH(*list, struct id_range, range) {
		if (range->first < 0 || range->last < range->first)
			return fail_set(fail, FAIL_PEER, "operations: an impossible range of ids");
		ranges_add_run(into, range->first, range->last);
	}
	return 0;
}

int record_apply_operations(struct record *record, const cJSON *event, struct fail *fail)
{
	struct workload_record *own = record_workload(record, json_string(event, "workload", ""));
	struct workload_window window;
	int outcome;

	if (!own)
		return record_unknown_name(event, "workload", fail);
	if (shape_decode(&workload_window_shape, record_member(event, "window"), "window", &window,
		    fail) < 0)
		return -1;
	outcome = add_ranges(&own->attempted, &window.attempted, fail) < 0 ||
		add_ranges(&own->acked, &window.acked, fail) < 0 ||
		add_ranges(&own->failed, &window.failed, fail) < 0 ||
		add_ranges(&own->unknown, &window.unknown, fail) < 0;
	shape_free(&workload_window_shape, &window);
	return outcome ? -1 : 0;
}

int record_apply_final_read(struct record *record, const cJSON *event, struct fail *fail)
{
	struct workload_record *own = record_workload(record, json_string(event, "workload", ""));
	struct final_read_result result;
	int outcome = 0;

	if (!own)
		return record_unknown_name(event, "workload", fail);
	if (shape_decode(&final_read_result_shape, record_member(event, "result"), "result",
		    &result, fail) < 0)
		return -1;
	LIST_EACH(result.reads, struct member_read, read) {
		struct read_record *kept = list_push(&own->reads, sizeof(*kept));

		record_replace_text(&kept->node, read->node);
		record_replace_text(&kept->reason, read->reason);
		kept->ok = read->ok;
		if (outcome == 0)
			outcome = add_ranges(&kept->present, &read->present, fail);
		ranges_tidy(&kept->present);
	}
	own->read_done = true;
	own->read_ns = journal_time(event, "t_ns");
	shape_free(&final_read_result_shape, &result);
	return outcome;
}
