/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/workload.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/memory.h"
#include "contract/units.h"
#include "controller/prober/alarm.h"
#include "controller/prober/answers.h"
#include "controller/prober/client.h"
#include "controller/prober/ranges.h"
#include "controller/prober/read_back.h"
#include "controller/prober/schedule.h"
#include "controller/prober/text.h"

enum {
	ANSWER_LINE_MAX = 64 * 1024,
	/* Of all lists of one notification, which is one line of at most 1 MiB. */
	WINDOW_RANGES_MAX = 12 * 1024,
	WINDOW_OPERATIONS_MAX = 300 * 1000,
	ERROR_SOURCE_SIZE = 512 /* before it is cleaned and cut */
};

#define RESTART_INTERVAL_NS NS_PER_SEC
/* A process for each. */
#define READ_EVERY_MIN_NS (100 * NS_PER_MS)

/*
 * What became of an operation:
 *   PENDING → ACKED | FAILED | UNKNOWN, by its answer, its timeout or its client's end
 *   UNKNOWN → ACKED, by a late ok; a late fail does not prove that an earlier try left no trace
 */
enum operation_state {
	OPERATION_PENDING,
	OPERATION_ACKED,
	OPERATION_FAILED,
	OPERATION_UNKNOWN,
};

struct workload {
	struct workload_order order;
	const struct reporter *reporter;
	struct alarm *alarm;
	struct schedule schedule;
	struct client *client; /* NULL while none runs */
	int64_t started_ns;    /* when the last client was started */
	struct line_cutter answers;
	uint8_t *states; /* enum operation_state, by id - 1 */
	size_t states_capacity;
	int64_t begun;   /* number of operations begun: ids 1..begun */
	int64_t settled; /* ids 1..settled are not pending */
	int64_t window_start_ns, window_end_ns;
	struct ranges attempted, acked, failed, unknown; /* of the window */
	struct ranges acked_ever;                        /* where it is read back meanwhile */
	struct read_backs *reads;                        /* NULL: read at the end only */
	char last_error[TEXT_ERROR_SIZE];
	bool stopped, finished;
};

__attribute__((format(printf, 2, 3))) static void note(
	struct workload *workload, const char *format, ...)
{
	char text[ERROR_SOURCE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text_clean(workload->last_error, sizeof(workload->last_error), text);
}

/* --- windows --------------------------------------------------------------------------- */

static void report_window(struct workload *workload, int64_t end_ns)
{
	struct ranges *all[] = {
		&workload->attempted, &workload->acked, &workload->failed, &workload->unknown};
	struct workload_window window;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		ranges_tidy(all[i]);
	window = (struct workload_window){
		.workload = workload->order.id,
		.start_ns = workload->window_start_ns,
		.end_ns = end_ns,
		.attempted = workload->attempted.list,
		.acked = workload->acked.list,
		.failed = workload->failed.list,
		.unknown = workload->unknown.list,
		.last_error = workload->last_error[0] ? workload->last_error : NULL,
	};
	workload->reporter->notify(workload->reporter->context, "operations",
		shape_encode(&workload_window_shape, &window));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		ranges_deinit(all[i]);
	workload->last_error[0] = '\0';
	workload->window_start_ns = end_ns;
	if (end_ns == workload->window_end_ns)
		workload->window_end_ns += workload->order.window_ns;
}

static void report_finished_windows(struct workload *workload)
{
	int64_t now_ns = clock_now_ns();

	while (!workload->finished && now_ns >= workload->window_end_ns)
		report_window(workload, workload->window_end_ns);
	/* Too much for one line: a window may end early, the next begins there. */
	if (!workload->finished && now_ns > workload->window_start_ns &&
		workload->acked.list.count + workload->failed.list.count +
				workload->unknown.list.count >
			WINDOW_RANGES_MAX)
		report_window(workload, now_ns);
	if (workload->finished || !workload->stopped || workload->settled < workload->begun)
		return;
	if (now_ns > workload->window_start_ns)
		report_window(workload, now_ns);
	workload->finished = true;
	if (workload->client)
		client_close_input(workload->client);
	workload->reporter->finished(workload->reporter->context);
}

/* --- operations ------------------------------------------------------------------------ */

static void settle(struct workload *workload, int64_t id, enum operation_state state)
{
	struct ranges *lists[] = {
		[OPERATION_ACKED] = &workload->acked,
		[OPERATION_FAILED] = &workload->failed,
		[OPERATION_UNKNOWN] = &workload->unknown,
	};

	workload->states[id - 1] = (uint8_t)state;
	ranges_add(lists[state], id);
	if (state == OPERATION_ACKED && workload->reads)
		ranges_add(&workload->acked_ever, id);
	while (workload->settled < workload->begun &&
		workload->states[workload->settled] != OPERATION_PENDING)
		workload->settled++;
}

static int64_t due_ns_of(const struct workload *workload, int64_t id)
{
	return schedule_due_ns(&workload->schedule, id - 1);
}

static void settle_timed_out(struct workload *workload)
{
	int64_t before_ns = clock_now_ns() - workload->order.timeout_ns;

	for (int64_t id; workload->settled < workload->begun;) {
		id = workload->settled + 1;
		if (due_ns_of(workload, id) > before_ns)
			break;
		note(workload, "operation %lld was not answered in time", (long long)id);
		settle(workload, id, OPERATION_UNKNOWN);
	}
}

static void settle_all_pending(struct workload *workload)
{
	for (int64_t id = workload->settled + 1; id <= workload->begun; id++)
		if (workload->states[id - 1] == OPERATION_PENDING)
			settle(workload, id, OPERATION_UNKNOWN);
}

static void on_answer(void *context, const char *line, bool cut_off)
{
	struct workload *workload = context;
	struct answer answer;
	uint8_t state;

	if (answer_parse(line, &answer) < 0 || answer.id > workload->begun) {
		note(workload, "the client printed what is no answer%s: %s",
			cut_off ? " (cut off)" : "", line);
		return;
	}
	state = workload->states[answer.id - 1];
	if (answer.kind == ANSWER_OK && (state == OPERATION_PENDING || state == OPERATION_UNKNOWN))
		settle(workload, answer.id, OPERATION_ACKED);
	else if (answer.kind == ANSWER_FAIL && state == OPERATION_PENDING)
		settle(workload, answer.id, OPERATION_FAILED);
	else if (answer.kind == ANSWER_UNKNOWN && state == OPERATION_PENDING)
		settle(workload, answer.id, OPERATION_UNKNOWN);
	else if (state != OPERATION_UNKNOWN)
		note(workload, "the client answered operation %lld twice", (long long)answer.id);
	if (answer.kind != ANSWER_OK)
		note(workload, "operation %lld: %s", (long long)answer.id, answer.reason);
}

static void begin_operation(struct workload *workload, int64_t due_ns)
{
	int64_t id = ++workload->begun;
	char line[32];
	int length = snprintf(line, sizeof(line), "add %lld\n", (long long)id);

	if ((size_t)id > workload->states_capacity) {
		workload->states_capacity = workload->states_capacity * 2 + 1024;
		workload->states = realloc(workload->states, workload->states_capacity);
		if (!workload->states)
			abort();
	}
	workload->states[id - 1] = OPERATION_PENDING;
	ranges_add(&workload->attempted, id);
	/* What no client has been told certainly did not happen. */
	if (clock_now_ns() - due_ns >= workload->order.timeout_ns) {
		note(workload, "operation %lld: the prober came to it too late", (long long)id);
		settle(workload, id, OPERATION_FAILED);
	} else if (!workload->client) {
		settle(workload, id, OPERATION_FAILED);
	} else if (client_send(workload->client, line, (size_t)length) < 0) {
		note(workload, "operation %lld: the client does not read", (long long)id);
		settle(workload, id, OPERATION_FAILED);
	}
}

static void begin_due_operations(struct workload *workload)
{
	int64_t now_ns = clock_now_ns();

	for (;;) {
		int64_t due_ns = due_ns_of(workload, workload->begun + 1);

		if (due_ns > now_ns)
			return;
		begin_operation(workload, due_ns);
	}
}

/* --- the client ------------------------------------------------------------------------ */

static void set_alarm(struct workload *workload);

static void on_bytes(void *context, const char *bytes, size_t count)
{
	struct workload *workload = context;

	line_cutter_feed(&workload->answers, bytes, count, on_answer, workload);
	report_finished_windows(workload);
	set_alarm(workload);
}

static void on_gone(void *context, const struct client_end *end)
{
	struct workload *workload = context;

	workload->client = NULL;
	if (workload->finished)
		return;
	note(workload, "%s%s%s", end->how, *end->last_words ? ": " : "", end->last_words);
	settle_all_pending(workload);
	report_finished_windows(workload);
	set_alarm(workload);
}

static int start_client(struct workload *workload, struct fail *fail)
{
	const struct client_command command = {
		.argv = &workload->order.argv, .env = &workload->order.env, .name = "the client"};
	const struct client_events events = {
		.bytes = on_bytes, .gone = on_gone, .context = workload};

	workload->started_ns = clock_now_ns();
	line_cutter_deinit(&workload->answers);
	line_cutter_init(&workload->answers, ANSWER_LINE_MAX);
	return client_start(workload->reporter->loop, &command, &events, &workload->client, fail);
}

static void restart_client(struct workload *workload)
{
	struct fail fail = FAIL_INIT;

	if (workload->client || workload->stopped ||
		clock_now_ns() < workload->started_ns + RESTART_INTERVAL_NS)
		return;
	if (start_client(workload, &fail) < 0)
		note(workload, "%s", fail.text);
}

/* --- time ------------------------------------------------------------------------------ */

static void set_alarm(struct workload *workload)
{
	int64_t at_ns = workload->window_end_ns;

	if (workload->finished) {
		alarm_set(workload->alarm, INT64_MAX);
		return;
	}
	if (!workload->stopped) {
		int64_t due_ns = due_ns_of(workload, workload->begun + 1);
		int64_t restart_ns = workload->started_ns + RESTART_INTERVAL_NS;

		if (due_ns < at_ns)
			at_ns = due_ns;
		if (!workload->client && restart_ns < at_ns)
			at_ns = restart_ns;
	}
	if (workload->settled < workload->begun) {
		int64_t late_ns =
			due_ns_of(workload, workload->settled + 1) + workload->order.timeout_ns;

		if (late_ns < at_ns)
			at_ns = late_ns;
	}
	alarm_set(workload->alarm, at_ns);
}

static void on_alarm(void *context)
{
	struct workload *workload = context;

	restart_client(workload);
	if (!workload->stopped)
		begin_due_operations(workload);
	settle_timed_out(workload);
	report_finished_windows(workload);
	set_alarm(workload);
}

/* --- life ------------------------------------------------------------------------------ */

int workload_check(const struct workload_order *order, struct fail *fail)
{
	double operations = order->rate * (double)order->window_ns / 1e9;

	if (operations > WINDOW_OPERATIONS_MAX)
		return fail_set(fail, FAIL_USAGE,
			"rate × window is %.0f, more than a report can hold (%d)", operations,
			WINDOW_OPERATIONS_MAX);
	if (order->read_every_ns &&
		(order->read_every_ns < READ_EVERY_MIN_NS || !order->read_timeout_ns))
		return fail_set(fail, FAIL_USAGE,
			"it can't be read back that often, or without a time to answer in");
	LIST_EACH(order->env, char *, variable) {
		if (!strchr(*variable, '=') || **variable == '=')
			return fail_set(fail, FAIL_USAGE,
				"a variable of the environment is not \"NAME=value\"");
	}
	return 0;
}

int workload_new(struct workload_order *order, const struct reporter *reporter,
	struct workload **out, struct fail *fail)
{
	struct workload *workload = must_alloc(sizeof(*workload));

	workload->order = *order;
	workload->reporter = reporter;
	workload->schedule = (struct schedule){.start_ns = order->start_ns, .rate = order->rate};
	workload->window_start_ns = order->start_ns;
	workload->window_end_ns = order->start_ns + order->window_ns;
	if (alarm_new(reporter->loop, on_alarm, workload, &workload->alarm, fail) < 0 ||
		(order->read_every_ns &&
			read_backs_new(&workload->order, reporter, &workload->acked_ever,
				&workload->reads, fail) < 0) ||
		start_client(workload, fail) < 0) {
		read_backs_free(workload->reads);
		alarm_free(workload->alarm);
		line_cutter_deinit(&workload->answers);
		free(workload);
		return -1;
	}
	memset(order, 0, sizeof(*order));
	set_alarm(workload);
	*out = workload;
	return 0;
}

void workload_free(struct workload *workload)
{
	struct ranges *all[4];

	if (!workload)
		return;
	if (workload->client)
		client_discard(workload->client);
	read_backs_free(workload->reads);
	ranges_deinit(&workload->acked_ever);
	alarm_free(workload->alarm);
	line_cutter_deinit(&workload->answers);
	all[0] = &workload->attempted;
	all[1] = &workload->acked;
	all[2] = &workload->failed;
	all[3] = &workload->unknown;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		ranges_deinit(all[i]);
	shape_free(&workload_order_shape, &workload->order);
	free(workload->states);
	free(workload);
}

const char *workload_id(const struct workload *workload)
{
	return workload->order.id;
}

void workload_stop(struct workload *workload)
{
	if (workload->stopped)
		return;
	begin_due_operations(workload);
	workload->stopped = true;
	read_backs_stop(workload->reads);
	report_finished_windows(workload);
	set_alarm(workload);
}

bool workload_is_done(const struct workload *workload)
{
	return workload->finished;
}

void workload_kill(struct workload *workload)
{
	if (workload->client)
		client_kill(workload->client);
	read_backs_kill(workload->reads);
}
