/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/window.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "contract/memory.h"
#include "controller/prober/attempts_text.h"
#include "controller/prober/runs.h"
#include "controller/prober/text.h"
#include "controller/prober/value.h"
#include "controller/prober/value_text.h"

struct ended_event {
	bool settled, late;
	uint8_t outcome;  /* enum probe_outcome */
	uint8_t attempts; /* of a load */
	int64_t latency_ns;
	double value; /* NAN: none */
};

struct window {
	struct window *next;
	int64_t first_index, count;
	int64_t start_ns, end_ns;
	int64_t settled;
	int64_t lag_max_ns;
	int64_t withheld;
	struct load_share *shares; /* one for each target of a load, without names; else NULL */
	char last_error[TEXT_ERROR_SIZE];
	struct ended_event events[];
};

void windows_init(struct windows *windows, struct schedule schedule, int64_t window_ns,
	const struct list *classes)
{
	*windows = (struct windows){
		.schedule = schedule,
		.window_ns = window_ns,
		.classes = classes,
		.stop_ns = INT64_MAX,
		.earlier = {.value = NAN},
	};
}

static int64_t window_start_ns(const struct windows *windows, int64_t number)
{
	return windows->schedule.start_ns + number * windows->window_ns;
}

static void free_first(struct windows *windows)
{
	struct window *window = windows->first;

	windows->first = window->next;
	if (!windows->first)
		windows->last = NULL;
	free(window->shares);
	free(window);
}

void windows_deinit(struct windows *windows)
{
	while (windows->first)
		free_first(windows);
}

static void open_next(struct windows *windows)
{
	int64_t start_ns = window_start_ns(windows, windows->opened);
	int64_t end_ns = start_ns + windows->window_ns;
	int64_t first_index, count;
	struct window *window;

	if (end_ns > windows->stop_ns)
		end_ns = windows->stop_ns;
	first_index = schedule_first_at(&windows->schedule, start_ns);
	count = schedule_first_at(&windows->schedule, end_ns) - first_index;
	window = must_array(1, sizeof(*window) + (size_t)count * sizeof(window->events[0]));
	window->start_ns = start_ns;
	window->end_ns = end_ns;
	window->first_index = first_index;
	window->count = count;
	if (windows->target_count)
		window->shares = must_array(windows->target_count, sizeof(*window->shares));
	for (int64_t i = 0; i < count; i++)
		window->events[i].value = NAN;
	if (windows->last)
		windows->last->next = window;
	else
		windows->first = window;
	windows->last = window;
	windows->opened++;
}

static bool can_open(const struct windows *windows)
{
	return window_start_ns(windows, windows->opened) < windows->stop_ns;
}

static struct window *window_of(struct windows *windows, int64_t index)
{
	struct window *window = windows->first;

	for (;;) {
		if (!window) {
			assert(can_open(windows));
			open_next(windows);
			window = windows->last;
		}
		if (index < window->first_index + window->count)
			return window;
		window = window->next;
	}
}

void windows_stop(struct windows *windows, int64_t at_ns)
{
	windows->stop_ns = at_ns;
	for (struct window *window = windows->first; window; window = window->next) {
		if (window->end_ns <= at_ns)
			continue;
		assert(window->start_ns <= at_ns && !window->next);
		window->end_ns = at_ns;
		window->count = schedule_first_at(&windows->schedule, at_ns) - window->first_index;
	}
}

void windows_sent(struct windows *windows, int64_t index, int64_t lag_ns)
{
	struct window *window = window_of(windows, index);

	if (lag_ns > window->lag_max_ns)
		window->lag_max_ns = lag_ns;
	if (windows->late_ns && lag_ns > windows->late_ns)
		window->events[index - window->first_index].late = true;
}

void windows_attempted(struct windows *windows, int64_t index, size_t target, bool ok)
{
	struct window *window = window_of(windows, index);

	window->events[index - window->first_index].attempts++;
	window->shares[target].attempts++;
	window->shares[target].failed += !ok;
}

void windows_withheld(struct windows *windows, int64_t index)
{
	window_of(windows, index)->withheld++;
}

void windows_read(struct windows *windows, int64_t index, double value)
{
	struct window *window = window_of(windows, index);

	window->events[index - window->first_index].value = value;
}

void windows_settle(struct windows *windows, int64_t index, enum probe_outcome outcome,
	int64_t latency_ns, const char *error)
{
	struct window *window = window_of(windows, index);
	struct ended_event *event = &window->events[index - window->first_index];

	assert(!event->settled);
	event->settled = true;
	event->outcome = (uint8_t)outcome;
	event->latency_ns = latency_ns;
	if (outcome != OUTCOME_OK)
		event->value = NAN;
	window->settled++;
	if (error)
		text_clean(window->last_error, sizeof(window->last_error), error);
}

/* --- reporting ------------------------------------------------------------------------- */

static struct list count_outcomes(const struct window *window)
{
	int64_t *counts = must_array(OUTCOME_COUNT, sizeof(*counts));

	for (int64_t i = 0; i < window->count; i++)
		counts[window->events[i].outcome]++;
	return (struct list){.items = counts, .count = OUTCOME_COUNT};
}

static char *runs_of_class(const struct window *window, const struct probe_class *class)
{
	bool *good = must_array((size_t)window->count + 1, sizeof(*good));
	char *text;

	for (int64_t i = 0; i < window->count; i++) {
		const struct ended_event *event = &window->events[i];

		good[i] = event->outcome == OUTCOME_OK &&
			(class->latency_lt_ns == 0 || event->latency_ns < class->latency_lt_ns) &&
			(class->attempts_le == 0 || event->attempts <= class->attempts_le) &&
			value_is_within(&class->bounds, event->value);
	}
	text = runs_format(good, window->count);
	free(good);
	return text;
}

static bool is_late(const struct ended_event *event)
{
	return event->late;
}

static bool is_dropped(const struct ended_event *event)
{
	return event->outcome == OUTCOME_DROPPED;
}

/* NULL when there are none, which is the rule. */
static char *runs_of_spoiled(
	const struct window *window, bool (*is_spoiled)(const struct ended_event *event))
{
	bool *good = must_array((size_t)window->count + 1, sizeof(*good));
	int64_t spoiled = 0;
	char *text;

	for (int64_t i = 0; i < window->count; i++) {
		good[i] = !is_spoiled(&window->events[i]);
		spoiled += !good[i];
	}
	text = spoiled ? runs_format(good, window->count) : NULL;
	free(good);
	return text;
}

/*
 * Readings of a counter become rates, between the instants at which they came. Windows are taken
 * in order, so that the first reading of one is compared with the last of those before.
 */
static void make_rates(struct windows *windows, struct window *window)
{
	for (int64_t i = 0; i < window->count; i++) {
		struct ended_event *event = &window->events[i];
		struct reading before = windows->earlier;
		const struct reading now = {event->value,
			schedule_due_ns(&windows->schedule, window->first_index + i) +
				event->latency_ns};

		event->value = NAN;
		/* Answers may overtake each other: then there was no time for it to grow in. */
		if (isnan(now.value) || (!isnan(before.value) && now.at_ns <= before.at_ns))
			continue;
		windows->earlier = now;
		if (!isnan(before.value))
			event->value =
				value_per_second(before.value, now.value, now.at_ns - before.at_ns);
		if (!isfinite(event->value))
			event->value = NAN;
	}
}

static char *values_of(const struct window *window)
{
	double *values = must_array((size_t)window->count + 1, sizeof(*values));
	char *text;

	for (int64_t i = 0; i < window->count; i++)
		values[i] = window->events[i].value;
	text = value_text_format(values, window->count);
	free(values);
	return text;
}

static struct load_window *load_of(struct window *window, size_t target_count)
{
	struct load_window *load = must_alloc(sizeof(*load));
	uint8_t *attempts = must_array((size_t)window->count + 1, sizeof(*attempts));

	for (int64_t i = 0; i < window->count; i++)
		attempts[i] = window->events[i].attempts;
	load->attempts = attempts_text_format(attempts, window->count);
	load->withheld = window->withheld;
	load->shares = (struct list){.items = window->shares, .count = target_count};
	window->shares = NULL;
	free(attempts);
	return load;
}

static struct list judge_classes(const struct window *window, const struct list *classes)
{
	struct class_runs *runs = must_array(classes->count + 1, sizeof(*runs));
	struct class_runs *next = runs;

	LIST_EACH(*classes, const struct probe_class, class) {
		next->slo = must_copy(class->slo);
		next->runs = runs_of_class(window, class);
		next++;
	}
	return (struct list){.items = runs, .count = classes->count};
}

static void sum_latency(const struct window *window, struct probe_window *out)
{
	struct histogram *histogram = histogram_new();

	for (int64_t i = 0; i < window->count; i++)
		if (window->events[i].outcome == OUTCOME_OK)
			histogram_record(histogram, window->events[i].latency_ns);
	out->latency = histogram_encode(histogram);
	out->latency_max_ns = histogram->max_ns;
	histogram_free(histogram);
}

int windows_take(struct windows *windows, int64_t now_ns, struct probe_window *out)
{
	struct window *window;

	/* A window without events is opened by time alone; no sooner, a stop may come before. */
	if (windows_next_end_ns(windows) <= now_ns && !windows->first)
		open_next(windows);
	window = windows->first;
	if (!window || now_ns < window->end_ns || window->settled < window->count)
		return -1;
	if (windows->per_second)
		make_rates(windows, window);
	*out = (struct probe_window){
		.first_index = window->first_index,
		.count = window->count,
		.start_ns = window->start_ns,
		.end_ns = window->end_ns,
		.outcomes = count_outcomes(window),
		.classes = judge_classes(window, windows->classes),
		.lag_max_ns = window->lag_max_ns,
		.late = runs_of_spoiled(window, is_late),
		.dropped = runs_of_spoiled(window, is_dropped),
	};
	sum_latency(window, out);
	if (windows->reads_values)
		out->values = values_of(window);
	if (windows->target_count)
		out->load = load_of(window, windows->target_count);
	if (window->last_error[0]) {
		out->last_error = must_copy(window->last_error);
	}
	free_first(windows);
	return 0;
}

int64_t windows_next_end_ns(const struct windows *windows)
{
	int64_t end_ns;

	if (windows->first)
		return windows->first->end_ns;
	if (!can_open(windows))
		return INT64_MAX; /* stopped, and all taken */
	end_ns = window_start_ns(windows, windows->opened + 1);
	return end_ns < windows->stop_ns ? end_ns : windows->stop_ns;
}

bool windows_done(const struct windows *windows)
{
	return windows->stop_ns != INT64_MAX && !windows->first && !can_open(windows);
}
