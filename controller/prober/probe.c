/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/probe.h"
#include "contract/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/prober/alarm.h"
#include "controller/prober/expand.h"
#include "controller/prober/http.h"
#include "controller/prober/schedule.h"
#include "controller/prober/text.h"
#include "controller/prober/window.h"

struct probe {
	struct probe_order order;
	const struct reporter *reporter;
	struct http *http;
	struct alarm *alarm;
	struct windows windows;
	int64_t next_index;  /* of the event to be sent next */
	size_t current;      /* first_answer: index of the target */
	uint64_t generation; /* grows with each change of `current` */
	bool stopped, finished;
	struct event *under_way; /* doubly linked */
};

enum {
	ERROR_SOURCE_SIZE = 512 /* before it is cleaned and cut */
};

/* One event under way. */
struct event {
	struct event *previous, *next;
	struct probe *probe;
	int64_t index;
	int64_t due_ns;
	size_t target;
	uint64_t generation; /* of the probe when it was sent */
};

/* What one event sends; all owned. */
struct rendered {
	char *url;
	char *body;
	struct list headers; /* of char * */
};

/* --- reporting ------------------------------------------------------------------------- */

static const struct probe_target *target_at(const struct probe *probe, size_t index)
{
	return LIST_AT(probe->order.targets, struct probe_target, index);
}

static void report(struct probe *probe, struct probe_window *window)
{
	const char *node = target_at(probe, probe->current)->node;

	/* Borrowed for the encoding only: shape_free() must not see them. */
	window->probe = probe->order.id;
	if (probe->order.policy == POLICY_FIRST_ANSWER)
		window->target = (char *)node;
	probe->reporter->notify(
		probe->reporter->context, "window", shape_encode(&probe_window_shape, window));
	window->probe = window->target = NULL;
	shape_free(&probe_window_shape, window);
}

static void report_finished_windows(struct probe *probe)
{
	struct probe_window window;
	int64_t now_ns = clock_now_ns();

	while (windows_take(&probe->windows, now_ns, &window) == 0)
		report(probe, &window);
	if (windows_done(&probe->windows) && !probe->finished) {
		probe->finished = true;
		probe->reporter->finished(probe->reporter->context);
	}
}

/* An end that has passed needs no alarm: its last event to settle will bring us back. */
static void set_alarm(struct probe *probe)
{
	int64_t at_ns = INT64_MAX, end_ns = windows_next_end_ns(&probe->windows);

	if (!probe->stopped)
		at_ns = schedule_due_ns(&probe->windows.schedule, probe->next_index);
	if (end_ns > clock_now_ns() && end_ns < at_ns)
		at_ns = end_ns;
	alarm_set(probe->alarm, at_ns);
}

/* --- events under way ------------------------------------------------------------------ */

static struct event *event_new(struct probe *probe, int64_t index, int64_t due_ns)
{
	struct event *event = must_alloc(sizeof(*event));

	event->probe = probe;
	event->index = index;
	event->due_ns = due_ns;
	event->generation = probe->generation;
	event->next = probe->under_way;
	if (event->next)
		event->next->previous = event;
	probe->under_way = event;
	return event;
}

static void event_free(struct event *event)
{
	if (event->previous)
		event->previous->next = event->next;
	else
		event->probe->under_way = event->next;
	if (event->next)
		event->next->previous = event->previous;
	free(event);
}

/* --- one event ------------------------------------------------------------------------- */

static void format_error(const struct event *event, const char *text, char *out, size_t size)
{
	const char *node = target_at(event->probe, event->target)->node;

	snprintf(out, size, "%s%s%s", node ? node : "", node ? ": " : "", text);
}

/*
 * Only an event that went to the current target speaks against it; by generation, not by name,
 * so that a burst of failures still in flight can't drive the probe around the whole ring.
 */
static void move_on(struct probe *probe, const struct event *event)
{
	if (probe->order.policy != POLICY_FIRST_ANSWER || event->generation != probe->generation)
		return;
	probe->current = (probe->current + 1) % probe->order.targets.count;
	probe->generation++;
}

static void settle(struct event *event, enum probe_outcome outcome, const char *error)
{
	struct probe *probe = event->probe;
	int64_t latency_ns = clock_now_ns() - event->due_ns;
	char text[ERROR_SOURCE_SIZE];

	if (outcome == OUTCOME_OK && latency_ns > probe->order.timeout_ns) {
		outcome = OUTCOME_TIMEOUT;
		error = "answered after the timeout";
	}
	format_error(event, error, text, sizeof(text));
	windows_settle(&probe->windows, event->index, outcome, latency_ns,
		outcome == OUTCOME_OK ? NULL : text);
	if (outcome != OUTCOME_OK && outcome != OUTCOME_DROPPED)
		move_on(probe, event);
	event_free(event);
}

static bool is_expected(const struct list *statuses, int status)
{
	if (statuses->count == 0)
		return status >= 200 && status < 400;
	LIST_EACH(*statuses, int64_t, expected) {
		if (*expected == status)
			return true;
	}
	return false;
}

static void on_done(void *context, const struct http_result *result)
{
	struct event *event = context;
	struct probe *probe = event->probe;
	char text[32];

	switch (result->ending) {
	case HTTP_TIMED_OUT:
		settle(event, OUTCOME_TIMEOUT, result->text);
		break;
	case HTTP_NO_CONNECTION:
		settle(event, OUTCOME_CONNECT, result->text);
		break;
	case HTTP_BROKEN:
		settle(event, OUTCOME_BROKEN, result->text);
		break;
	case HTTP_ANSWERED:
		snprintf(text, sizeof(text), "HTTP %d", result->status);
		settle(event,
			is_expected(&probe->order.expect_status, result->status) ? OUTCOME_OK
										 : OUTCOME_STATUS,
			text);
		break;
	}
	report_finished_windows(probe);
	set_alarm(probe);
}

static void rendered_deinit(struct rendered *rendered)
{
	free(rendered->url);
	free(rendered->body);
	LIST_EACH(rendered->headers, char *, header) {
		free(*header);
	}
	free(rendered->headers.items);
}

/* Can't fail in what probe_check() has tried; if it does, the event is lost as a defect. */
static int render(const struct probe_order *order, const struct event *event, struct rendered *out)
{
	struct event_values values = event_values_of(order->seed, event->index);
	const char *url = target_at(event->probe, event->target)->url;
	struct fail fail = FAIL_INIT;
	int outcome = expand_text(url, &values, &out->url, &fail);

	out->headers.items = calloc(order->headers.count + 1, sizeof(char *));
	if (!out->headers.items)
		abort();
	for (; outcome == 0 && out->headers.count < order->headers.count; out->headers.count++)
		outcome = expand_text(*LIST_AT(order->headers, char *, out->headers.count), &values,
			LIST_AT(out->headers, char *, out->headers.count), &fail);
	if (outcome == 0 && order->body)
		outcome = expand_text(order->body, &values, &out->body, &fail);
	if (outcome == 0 && order->body_json)
		outcome = expand_json(
			order->body_json, &order->base64_at, &values, &out->body, &fail);
	return outcome;
}

static size_t choose_target(const struct probe *probe, int64_t index)
{
	if (probe->order.policy == POLICY_ANY)
		return (size_t)(((uint64_t)probe->order.seed + (uint64_t)index) %
			probe->order.targets.count);
	return probe->current;
}

static void begin_event(struct probe *probe, int64_t index, int64_t due_ns)
{
	struct event *event = event_new(probe, index, due_ns);
	int64_t lag_ns = clock_now_ns() - due_ns;
	struct rendered rendered = {0};

	event->target = choose_target(probe, index);
	windows_sent(&probe->windows, index, lag_ns);
	if (lag_ns >= probe->order.timeout_ns) {
		settle(event, OUTCOME_DROPPED, "dropped: the prober came to it after its timeout");
	} else if (render(&probe->order, event, &rendered) < 0) {
		settle(event, OUTCOME_DROPPED, "dropped: the request could not be made");
	} else {
		struct http_request request = {
			.method = probe->order.method,
			.url = rendered.url,
			.headers = &rendered.headers,
			.body = rendered.body,
			.limit_ns = probe->order.timeout_ns - lag_ns,
			.done = on_done,
			.context = event,
		};

		if (http_send(probe->http, &request) < 0)
			settle(event, OUTCOME_DROPPED, "dropped: all connections are in use");
	}
	rendered_deinit(&rendered);
}

static void begin_due_events(struct probe *probe)
{
	int64_t now_ns = clock_now_ns();

	for (;;) {
		int64_t index = probe->next_index;
		int64_t due_ns = schedule_due_ns(&probe->windows.schedule, index);

		if (due_ns > now_ns)
			break;
		probe->next_index++;
		begin_event(probe, index, due_ns);
	}
	http_flush(probe->http);
}

static void on_alarm(void *context)
{
	struct probe *probe = context;

	if (!probe->stopped)
		begin_due_events(probe);
	report_finished_windows(probe);
	set_alarm(probe);
}

/* --- life ------------------------------------------------------------------------------ */

int probe_new(struct probe_order *order, int capacity, const struct reporter *reporter,
	struct probe **out, struct fail *fail)
{
	struct probe *probe = must_alloc(sizeof(*probe));
	struct schedule schedule = {.start_ns = order->start_ns, .rate = order->rate};

	probe->reporter = reporter;
	if (http_new(reporter->loop, capacity, &probe->http, fail) < 0 ||
		alarm_new(reporter->loop, on_alarm, probe, &probe->alarm, fail) < 0) {
		http_free(probe->http);
		free(probe);
		return -1;
	}
	probe->order = *order;
	memset(order, 0, sizeof(*order));
	windows_init(&probe->windows, schedule, probe->order.window_ns, &probe->order.classes);
	set_alarm(probe);
	*out = probe;
	return 0;
}

void probe_free(struct probe *probe)
{
	if (!probe)
		return;
	http_free(probe->http);
	for (struct event *event = probe->under_way, *next; event; event = next) {
		next = event->next;
		free(event);
	}
	alarm_free(probe->alarm);
	windows_deinit(&probe->windows);
	shape_free(&probe_order_shape, &probe->order);
	free(probe);
}

const char *probe_id(const struct probe *probe)
{
	return probe->order.id;
}

void probe_stop(struct probe *probe)
{
	int64_t stop_ns;

	if (probe->stopped)
		return;
	begin_due_events(probe);
	probe->stopped = true;
	/* Behind everything that was begun, and not behind anything that was not. */
	stop_ns = clock_now_ns() + 1;
	if (stop_ns > schedule_due_ns(&probe->windows.schedule, probe->next_index))
		stop_ns = schedule_due_ns(&probe->windows.schedule, probe->next_index);
	windows_stop(&probe->windows, stop_ns);
	report_finished_windows(probe);
	set_alarm(probe);
}

bool probe_is_done(const struct probe *probe)
{
	return probe->finished;
}
