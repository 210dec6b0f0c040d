/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/asker_run.h"

#include <stdbool.h>
#include <stdlib.h>

#include <uv.h>

#include "contract/units.h"
#include "controller/prober/client.h"

#define AT(type, member) .offset = offsetof(struct type, member)

static const struct field run_fields[] = {
	{.key = "argv",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(ask_run, argv),
		.required = true},
	{.key = "timeout",
		.kind = FIELD_DURATION,
		AT(ask_run, timeout_ns),
		.required = true,
		.min = NS_PER_MS,
		.max = 60.0 * NS_PER_SEC},
};
const struct shape ask_run_shape = {
	.name = "run", .size = sizeof(struct ask_run), SHAPE_FIELDS(run_fields)};

static const struct field ran_fields[] = {
	{.key = "exit_code", .kind = FIELD_INTEGER, AT(ask_ran, exit_code), .required = true},
	{.key = "first_line",
		.kind = FIELD_STRING,
		AT(ask_ran, first_line),
		.required = true,
		.allow_empty = true},
};
const struct shape ask_ran_shape = {
	.name = "ran", .size = sizeof(struct ask_ran), SHAPE_FIELDS(ran_fields)};

/* One program, in an event loop of its own: whoever asks waits for it. */
struct running {
	uv_timer_t timer;
	struct client *client;
	struct ask_ran *ran;
	size_t used;   /* of its first line */
	bool has_line; /* and what follows is dropped */
	bool late;
	int signal;
};

static void on_output(void *context, const char *bytes, size_t count)
{
	struct running *running = context;
	struct ask_ran *ran = running->ran;

	for (size_t i = 0; i < count && !running->has_line; i++) {
		char c = bytes[i];

		running->has_line = c == '\n' || running->used == sizeof(ran->line) - 1;
		if (!running->has_line)
			ran->line[running->used++] = (char)(c >= ' ' && c < 0x7f ? c : '?');
	}
	ran->line[running->used] = '\0';
}

static void on_late(uv_timer_t *timer)
{
	struct running *running = timer->data;

	running->late = true;
	client_kill(running->client);
}

static void on_gone(void *context, const struct client_end *end)
{
	struct running *running = context;

	running->signal = end->signal;
	running->ran->exit_code = end->status;
	uv_close((uv_handle_t *)&running->timer, NULL);
}

static int run_in(
	uv_loop_t *loop, const struct ask_run *run, struct running *running, struct fail *fail)
{
	static const struct list no_variables;
	const char *program = *LIST_AT(run->argv, char *, 0);
	const struct client_command command = {
		.argv = &run->argv, .env = &no_variables, .name = program, .no_input = true};
	const struct client_events events = {
		.bytes = on_output, .gone = on_gone, .context = running};
	int outcome = client_start(loop, &command, &events, &running->client, fail);

	if (outcome == 0) {
		uv_timer_init(loop, &running->timer);
		running->timer.data = running;
		uv_timer_start(
			&running->timer, on_late, (uint64_t)(run->timeout_ns / NS_PER_MS), 0);
	}
	/* Until all is closed, also what could not be started. */
	uv_run(loop, UV_RUN_DEFAULT);
	if (outcome < 0)
		return -1;
	if (running->late)
		return fail_set(fail, FAIL_PEER, "%.80s did not end in time", program);
	if (running->signal)
		return fail_set(
			fail, FAIL_PEER, "%.80s was ended by signal %d", program, running->signal);
	return 0;
}

int asker_run(const struct ask_run *run, struct ask_ran *ran, struct fail *fail)
{
	struct running running = {.ran = ran};
	uv_loop_t loop;
	int outcome = uv_loop_init(&loop);

	ran->line[0] = '\0';
	ran->first_line = ran->line;
	if (outcome < 0)
		return fail_errno(fail, outcome, "an event loop");
	outcome = run_in(&loop, run, &running, fail);
	if (uv_loop_close(&loop) < 0)
		abort();
	return outcome;
}
