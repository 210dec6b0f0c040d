/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/list.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "controller/prober/client.h"
#include "controller/prober/probe_kind.h"
#include "controller/prober/text.h"
#include "controller/prober/value.h"

/*
 * Probes that run a program for each event. The attempt is over at its timeout, the child only
 * when it has been reaped: until then it counts against the bound, so that programs that can't
 * even be killed don't pile up.
 */
enum {
	CHILDREN_MAX = 64,
	DESCRIPTORS_EACH = 6, /* three pairs, for the moment of the fork */
	STDOUT_MAX = 64 * 1024,
	PATH_TEXT_MAX = 4096,
};

struct children {
	uv_loop_t *loop;
	int capacity, count;
	struct child *first; /* doubly linked */
};

struct child {
	struct child *previous, *next;
	struct children *children;
	const struct attempt *attempt; /* NULL once it is over */
	struct client *client;         /* NULL once it is gone */
	uv_timer_t timer;
	struct text_kept output;
};

/* --- the order ------------------------------------------------------------------------- */

/*
 * Arguments and environment are shown by `ps`, so no secret is put into them, whatever the order
 * says; only its input gets them.
 */
static struct event_values without_secrets(const struct event_values *values)
{
	struct event_values open = *values;

	open.secrets = NULL;
	return open;
}

/* Better told before the run than by every event of it. */
static bool can_be_run(const char *program)
{
	const char *path = client_search_path();
	char text[PATH_TEXT_MAX];

	if (strchr(program, '/'))
		return access(program, X_OK) == 0;
	while (*path) {
		size_t length = strcspn(path, ":");
		int size = snprintf(text, sizeof(text), "%.*s/%s", (int)length, path, program);

		if (length > 0 && size < (int)sizeof(text) && access(text, X_OK) == 0)
			return true;
		path += length + (path[length] == ':');
	}
	return false;
}

static int check_program(const char *word, const struct event_values *values, struct fail *fail)
{
	char *program;
	bool runs;

	if (expand_text(word, values, &program, fail) < 0)
		return -1;
	runs = can_be_run(program);
	free(program);
	if (!runs)
		return fail_set(fail, FAIL_REFUSED,
			"there is no program \"%.200s\" here that user %u may run", word,
			(unsigned int)geteuid());
	return 0;
}

static int check(struct probe_order *order, const struct event_values *values, struct fail *fail)
{
	const struct exec_order *exec = order->exec;
	const struct event_values open = without_secrets(values);

	if (order->rate > EXEC_RATE_MAX)
		return fail_set(fail, FAIL_USAGE, "a process for each event: at most %d a second",
			EXEC_RATE_MAX);
	LIST_EACH(exec->argv, char *, word)
		if (probe_try_text(*word, &open, "exec", fail) < 0)
			return -1;
	LIST_EACH(exec->env, char *, variable) {
		if (!strchr(*variable, '=') || **variable == '=')
			return fail_set(
				fail, FAIL_USAGE, "env: a variable is not of the form NAME=value");
		if (probe_try_text(*variable, &open, "env", fail) < 0)
			return -1;
	}
	if (probe_try_text(exec->input, values, "input", fail) < 0)
		return -1;
	return check_program(*LIST_AT(exec->argv, char *, 0), &open, fail);
}

/* --- the end of a child ---------------------------------------------------------------- */

static void on_timer_closed(uv_handle_t *handle)
{
	struct child *child = handle->data;

	text_kept_deinit(&child->output);
	free(child);
}

static void child_free(struct child *child)
{
	struct children *children = child->children;

	if (child->previous)
		child->previous->next = child->next;
	else
		children->first = child->next;
	if (child->next)
		child->next->previous = child->previous;
	children->count--;
	uv_close((uv_handle_t *)&child->timer, on_timer_closed);
}

/* Ends the attempt; the child goes on until it is reaped. */
static void settle(struct child *child, const struct attempt_end *end)
{
	const struct attempt *attempt = child->attempt;

	child->attempt = NULL;
	uv_timer_stop(&child->timer);
	attempt->done(attempt->context, end);
}

static void on_timeout(uv_timer_t *timer)
{
	struct child *child = timer->data;

	client_kill(child->client);
	settle(child,
		&(struct attempt_end){.outcome = OUTCOME_TIMEOUT,
			.text = "still running at its timeout: killed"});
}

static void on_output(void *context, const char *bytes, size_t count)
{
	struct child *child = context;

	if (!child->attempt || text_keep(&child->output, bytes, count, STDOUT_MAX) == 0)
		return;
	client_kill(child->client);
	settle(child,
		&(struct attempt_end){.outcome = OUTCOME_BROKEN,
			.text = "it wrote more than can be compared: killed"});
}

static void read_value(struct child *child, const char *output)
{
	char why[VALUE_WHY_SIZE];
	double value;
	struct attempt_end end = {.outcome = OUTCOME_OK, .value = &value};

	if (value_read(child->attempt->order->value, output, child->output.length, &value, why) < 0)
		end = (struct attempt_end){
			.outcome = OUTCOME_CONTENT, .text = why, .quote = output};
	settle(child, &end);
}

static void judge(struct child *child, const struct client_end *how)
{
	const struct exec_order *order = child->attempt->order->exec;
	const char *output = child->output.bytes ? child->output.bytes : "";
	char why[TEXT_MATCH_WHY_SIZE], text[TEXT_MATCH_WHY_SIZE + 32];
	struct attempt_end end = {
		.outcome = OUTCOME_OK, .text = how->how, .quote = how->last_words};

	if (how->signal) {
		end.outcome = OUTCOME_BROKEN;
	} else if (how->status != order->expect_exit_code) {
		end.outcome = OUTCOME_STATUS;
	} else if (order->expect_stdout &&
		!text_match_fits(order->expect_stdout, output, child->output.length)) {
		text_match_say(order->expect_stdout, why);
		snprintf(text, sizeof(text), "what it wrote %s", why);
		end = (struct attempt_end){
			.outcome = OUTCOME_CONTENT, .text = text, .quote = output};
	}
	if (end.outcome == OUTCOME_OK && child->attempt->order->value)
		read_value(child, output);
	else
		settle(child, &end);
}

static void on_gone(void *context, const struct client_end *end)
{
	struct child *child = context;

	child->client = NULL;
	if (child->attempt)
		judge(child, end);
	child_free(child);
}

/* --- one attempt ----------------------------------------------------------------------- */

static int render_all(const struct list *texts, const struct event_values *values, struct list *out,
	struct fail *fail)
{
	LIST_EACH(*texts, char *, text) {
		char *expanded;

		if (expand_text(*text, values, &expanded, fail) < 0)
			return -1;
		list_push_text(out, expanded);
		free(expanded);
	}
	return 0;
}

static int start(struct child *child, struct fail *fail)
{
	const struct exec_order *order = child->attempt->order->exec;
	const struct event_values *values = &child->attempt->values;
	const struct event_values open = without_secrets(values);
	struct list argv = {0}, env = {0};
	const struct client_command command = {
		.argv = &argv, .env = &env, .name = "it", .no_input = !order->input};
	bool looks = order->expect_stdout || child->attempt->order->value;
	const struct client_events events = {
		.bytes = looks ? on_output : NULL, .gone = on_gone, .context = child};
	char *input = NULL;
	int outcome = -1;

	if (render_all(&order->argv, &open, &argv, fail) == 0 &&
		render_all(&order->env, &open, &env, fail) == 0 &&
		(!order->input || expand_text(order->input, values, &input, fail) == 0))
		outcome = client_start(
			child->children->loop, &command, &events, &child->client, fail);
	if (outcome == 0 && input) {
		client_send(child->client, input, strlen(input));
		client_close_input(child->client);
	}
	list_free_texts(&argv);
	list_free_texts(&env);
	free(input);
	return outcome;
}

static struct child *child_new(struct children *children, const struct attempt *attempt)
{
	struct child *child = must_alloc(sizeof(*child));

	child->children = children;
	child->attempt = attempt;
	child->next = children->first;
	if (child->next)
		child->next->previous = child;
	children->first = child;
	children->count++;
	uv_timer_init(children->loop, &child->timer);
	child->timer.data = child;
	return child;
}

static int begin(void *means, const struct attempt *attempt, struct fail *fail)
{
	struct children *children = means;
	struct child *child;

	if (children->count == children->capacity)
		return fail_set(fail, FAIL_BUSY, "%d of them are still running", children->count);
	child = child_new(children, attempt);
	if (start(child, fail) < 0) {
		child_free(child);
		return -1;
	}
	/* uv counts from the beginning of this turn, which a fork makes long. */
	uv_update_time(children->loop);
	uv_timer_start(&child->timer, on_timeout,
		(uint64_t)((attempt->limit_ns + NS_PER_MS - 1) / NS_PER_MS), 0);
	return 0;
}

/* --- life ------------------------------------------------------------------------------ */

static int open_means(uv_loop_t *loop, const struct probe_order *order, int capacity,
	void **out_means, struct fail *fail)
{
	struct children *children = must_alloc(sizeof(*children));

	(void)order;
	(void)fail;
	children->loop = loop;
	children->capacity = capacity;
	*out_means = children;
	return 0;
}

static void close_means(void *means)
{
	struct children *children = means;

	if (!children)
		return;
	while (children->first) {
		client_discard(children->first->client);
		child_free(children->first);
	}
	free(children);
}

const struct probe_kind probe_kind_exec = {
	.name = "exec",
	.descriptors = DESCRIPTORS_EACH,
	.attempts_max = CHILDREN_MAX,
	.check = check,
	.open = open_means,
	.close = close_means,
	.begin = begin,
};
