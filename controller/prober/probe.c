/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/memory.h"
#include "controller/prober/alarm.h"
#include "controller/prober/probe_kind.h"
#include "controller/prober/schedule.h"
#include "controller/prober/waiting.h"
#include "controller/prober/window.h"

enum {
	/* Requests of a load that are under way, pauses included: they take memory, no descriptors.
	 */
	UNDER_WAY_MAX = 65536
};

struct probe {
	struct probe_order order;
	const struct reporter *reporter;
	const struct probe_kind *kind;
	void *means; /* of the kind */
	struct alarm *alarm;
	struct windows windows;
	int64_t next_index;  /* of the event to be sent next */
	size_t current;      /* first_answer: index of the target */
	uint64_t generation; /* grows with each change of `current` */
	bool stopped, finished;
	struct event *under_way; /* doubly linked */
	size_t under_way_count;
	struct retry_budget budget;
	struct waiting pausing; /* events that are to be tried again */
};

/* One event under way: in an attempt, or in the pause before the next one. */
struct event {
	struct event *previous, *next;
	struct probe *probe;
	int64_t index;
	int64_t due_ns;
	int64_t attempt_due_ns; /* of the attempt under way, or to come; of the first due_ns */
	int64_t attempts;       /* that were begun */
	size_t target;
	uint64_t generation; /* of the probe when it was sent */
	struct attempt attempt;
};

/* --- reporting ------------------------------------------------------------------------- */

static const struct probe_target *target_at(const struct probe *probe, size_t index)
{
	return LIST_AT(probe->order.targets, struct probe_target, index);
}

/* Of a fixed target there is no name, and nothing to share. */
static void name_shares(const struct probe *probe, struct list *shares)
{
	for (size_t i = 0; i < shares->count; i++) {
		if (!target_at(probe, i)->node) {
			free(shares->items);
			*shares = (struct list){0};
			return;
		}
		LIST_AT(*shares, struct load_share, i)->node = must_copy(target_at(probe, i)->node);
	}
}

static void report(struct probe *probe, struct probe_window *window)
{
	const char *node = target_at(probe, probe->current)->node;

	if (window->load)
		name_shares(probe, &window->load->shares);

	/* Borrowed for the encoding only: shape_free() must not see them. */
	window->probe = probe->order.id;
	if (probe->order.policy == POLICY_FIRST_ANSWER)
		window->target = (char *)node;
	if (probe->order.policy == POLICY_EACH)
		window->to = (char *)node;
	probe->reporter->notify(
		probe->reporter->context, "window", shape_encode(&probe_window_shape, window));
	window->probe = window->target = window->to = NULL;
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
	if (waiting_next_ns(&probe->pausing) < at_ns)
		at_ns = waiting_next_ns(&probe->pausing);
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
	event->due_ns = event->attempt_due_ns = due_ns;
	event->next = probe->under_way;
	if (event->next)
		event->next->previous = event;
	probe->under_way = event;
	probe->under_way_count++;
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
	event->probe->under_way_count--;
	free(event);
}

/* --- one event ------------------------------------------------------------------------- */

static char *error_text(const struct event *event, const struct attempt_end *end)
{
	const char *node = target_at(event->probe, event->target)->node;
	const char *quote = event->probe->order.secrets.count ? NULL : end->quote;
	char *text = NULL;

	if (asprintf(&text, "%s%s%s%s%s", node ? node : "", node ? ": " : "", end->text,
		    quote && *quote ? ": " : "", quote ? quote : "") < 0)
		abort();
	return text;
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

static void settle(struct event *event, const struct attempt_end *end)
{
	struct probe *probe = event->probe;
	int64_t latency_ns = clock_now_ns() - event->due_ns;
	char *text;

	if (end->value)
		windows_read(&probe->windows, event->index, *end->value);
	text = end->outcome == OUTCOME_OK ? NULL : error_text(event, end);
	windows_settle(&probe->windows, event->index, end->outcome, latency_ns, text);
	free(text);
	event_free(event);
}

/* False when it is not to be tried again: it ended well, its attempts or the budget are used up. */
static bool try_again(struct event *event, enum probe_outcome outcome)
{
	struct probe *probe = event->probe;
	const struct retry *retry = probe->order.load ? probe->order.load->retry : NULL;

	if (!retry || outcome == OUTCOME_OK || event->attempts >= retry->attempts ||
		!retry_heeds(retry, (int)outcome))
		return false;
	if (!retry_budget_spend(&probe->budget, retry)) {
		windows_withheld(&probe->windows, event->index);
		return false;
	}
	event->attempt_due_ns = clock_now_ns() +
		retry_pause_ns(retry, probe->order.seed, event->index, event->attempts);
	waiting_add(&probe->pausing, event->attempt_due_ns, event);
	return true;
}

static void attempt_ended(struct event *event, const struct attempt_end *end)
{
	static const struct attempt_end late = {
		OUTCOME_TIMEOUT, "answered after the timeout", NULL, NULL};
	struct probe *probe = event->probe;

	if (end->outcome == OUTCOME_OK &&
		clock_now_ns() - event->attempt_due_ns > probe->order.timeout_ns)
		end = &late;
	if (probe->order.load)
		windows_attempted(
			&probe->windows, event->index, event->target, end->outcome == OUTCOME_OK);
	if (end->outcome != OUTCOME_OK && end->outcome != OUTCOME_DROPPED)
		move_on(probe, event);
	if (!try_again(event, end->outcome))
		settle(event, end);
}

static void on_done(void *context, const struct attempt_end *end)
{
	struct event *event = context;
	struct probe *probe = event->probe;

	attempt_ended(event, end);
	report_finished_windows(probe);
	set_alarm(probe);
}

/* With each attempt one further, so that a retry finds another target. */
static size_t choose_target(const struct probe *probe, const struct event *event)
{
	if (probe->order.policy == POLICY_ANY)
		return (size_t)(((uint64_t)probe->order.seed + (uint64_t)event->index +
					(uint64_t)event->attempts) %
			probe->order.targets.count);
	return probe->current;
}

static void attempt_init(struct event *event, int64_t lag_ns)
{
	const struct probe_order *order = &event->probe->order;

	event->attempt = (struct attempt){
		.order = order,
		.values = event_values_of(order->seed, event->index),
		.limit_ns = order->timeout_ns - lag_ns,
		.done = on_done,
		.context = event,
	};
	event->attempt.values.target = target_at(event->probe, event->target);
	event->attempt.values.secrets = &order->secrets;
}

/* For a reason of the prober's own. */
static void drop(struct event *event, const char *why)
{
	char text[sizeof(((struct fail *)NULL)->text) + 16];

	snprintf(text, sizeof(text), "dropped: %s", why);
	settle(event, &(struct attempt_end){.outcome = OUTCOME_DROPPED, .text = text});
}

static void begin_attempt(struct event *event)
{
	struct probe *probe = event->probe;
	int64_t lag_ns = clock_now_ns() - event->attempt_due_ns;
	struct fail fail = FAIL_INIT;

	event->target = choose_target(probe, event);
	event->generation = probe->generation;
	windows_sent(&probe->windows, event->index, lag_ns);
	if (lag_ns >= probe->order.timeout_ns) {
		drop(event, "the prober came to it after its timeout");
		return;
	}
	attempt_init(event, lag_ns);
	event->attempts++;
	/* Where begin() succeeds the event may be over already. */
	if (probe->kind->begin(probe->means, &event->attempt, &fail) < 0)
		drop(event, fail.text);
}

static void begin_event(struct probe *probe, int64_t index, int64_t due_ns)
{
	struct event *event = event_new(probe, index, due_ns);

	if (probe->order.load && probe->order.load->retry)
		retry_budget_earn(&probe->budget, probe->order.load->retry);
	if (probe->under_way_count > UNDER_WAY_MAX)
		drop(event, "too many requests are under way");
	else
		begin_attempt(event);
}

static void flush(struct probe *probe)
{
	if (probe->kind->flush)
		probe->kind->flush(probe->means);
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
	flush(probe);
}

static void begin_due_retries(struct probe *probe)
{
	int64_t now_ns = clock_now_ns();
	struct event *event;

	if (waiting_next_ns(&probe->pausing) > now_ns)
		return;
	while ((event = waiting_take(&probe->pausing, now_ns)))
		begin_attempt(event);
	flush(probe);
}

static void on_alarm(void *context)
{
	struct probe *probe = context;

	if (!probe->stopped)
		begin_due_events(probe);
	begin_due_retries(probe);
	report_finished_windows(probe);
	set_alarm(probe);
}

/* --- life ------------------------------------------------------------------------------ */

int probe_new(struct probe_order *order, int capacity, const struct reporter *reporter,
	struct probe **out, struct fail *fail)
{
	struct probe *probe = must_alloc(sizeof(*probe));
	struct schedule schedule = {.start_ns = order->start_ns, .rate = order->rate};

	if (order->load)
		schedule.arrivals = order->load->arrivals;
	probe->reporter = reporter;
	/* First of all: what the order lends to its means must lie where it stays. */
	probe->order = *order;
	probe->kind = probe_kind_of(order);
	if (probe->kind->open(reporter->loop, &probe->order, capacity, &probe->means, fail) < 0 ||
		alarm_new(reporter->loop, on_alarm, probe, &probe->alarm, fail) < 0) {
		probe->kind->close(probe->means);
		free(probe);
		return -1;
	}
	memset(order, 0, sizeof(*order));
	windows_init(&probe->windows, schedule, probe->order.window_ns, &probe->order.classes);
	probe->windows.target_count = probe->order.load ? probe->order.targets.count : 0;
	probe->budget = retry_budget_full();
	probe->windows.late_ns = probe->order.timeout_ns / 10;
	probe->windows.reads_values = probe->order.value != NULL;
	probe->windows.per_second = probe->order.value && probe->order.value->per_second;
	set_alarm(probe);
	*out = probe;
	return 0;
}

void probe_free(struct probe *probe)
{
	if (!probe)
		return;
	probe->kind->close(probe->means);
	for (struct event *event = probe->under_way, *next; event; event = next) {
		next = event->next;
		free(event);
	}
	alarm_free(probe->alarm);
	waiting_deinit(&probe->pausing);
	windows_deinit(&probe->windows);
	shape_free(&probe_order_shape, &probe->order);
	free(probe);
}

bool probe_is(const struct probe *probe, const struct probe_order *order)
{
	return strcmp(probe->order.id, order->id) == 0 &&
		(probe->order.policy != POLICY_EACH || order->policy != POLICY_EACH ||
			strcmp(target_at(probe, 0)->node,
				LIST_AT(order->targets, struct probe_target, 0)->node) == 0);
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
