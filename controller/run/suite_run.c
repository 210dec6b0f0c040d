/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/run/suite_run.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "controller/exit_code.h"
#include "controller/report/report.h"
#include "controller/run/reach.h"
#include "controller/run/run.h"
#include "controller/run/run_dir.h"
#include "controller/run/who.h"

enum {
	TOLD_MAX = 8 * 1024, /* of what a run says of itself */
	LAST_LOOKS = 8
};

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
enum {
	SIGNALS = sizeof(signals) / sizeof(signals[0])
};

struct runner {
	const struct suite_order *order;
	struct suite_result *result;
	char *self_dir;
	uv_loop_t loop;
	uv_signal_t signals[SIGNALS];
	uv_timer_t limit;
	/* The run under way. */
	uv_process_t child;
	uv_pipe_t pipe;
	char told[TOLD_MAX];
	size_t length;
	bool runs, heard; /* it has not ended; it tells nothing more */
	int code;
	bool not_reverted;
};

/* --- what ends it early ---------------------------------------------------------------- */

static void on_signal(uv_signal_t *handle, int number)
{
	struct runner *runner = handle->data;
	/* A closed terminal is as good a reason to stop as SIGTERM. */
	int as = number == SIGINT ? SIGINT : SIGTERM;

	if (!runner->result->stopped)
		runner->result->stopped = EXIT_SIGNAL + as;
	if (runner->runs)
		uv_process_kill(&runner->child, as);
}

static void on_limit(uv_timer_t *timer)
{
	struct runner *runner = timer->data;

	if (!runner->result->stopped)
		runner->result->stopped = EXIT_STOPPED;
	if (runner->runs)
		uv_process_kill(&runner->child, SIGTERM);
}

/* NULL: the next run may begin. */
static const char *why_left_out(const struct runner *runner)
{
	if (runner->result->stopped == EXIT_STOPPED)
		return "left out: the suite reached its run_limit";
	if (runner->result->stopped)
		return "left out: the suite was stopped by a signal";
	if (runner->not_reverted)
		return "left out: the revert of a run before it is not confirmed";
	return NULL;
}

/* --- one run --------------------------------------------------------------------------- */

static void add_words(
	const struct runner *runner, const struct suite_entry *entry, struct list *argv)
{
	const struct suite_order *order = runner->order;
	const char *on = entry->on   ? entry->on
		: order->environment ? order->environment
				     : order->suite->on;
	struct param_values params = suite_params(entry);

	list_push_text(argv, "run");
	list_push_text(argv, entry->file);
	list_push_text(argv, "--runs");
	list_push_text(argv, order->runs_dir);
	list_push_text(argv, "--tell-fd=3");
	if (on) {
		list_push_text(argv, "--on");
		list_push_text(argv, on);
	}
	for (const char *const *word = order->words; *word; word++)
		list_push_text(argv, *word);
	for (size_t i = 0; i < params.count; i++) {
		char *pair = NULL;

		if (asprintf(&pair, "--param=%s=%s", params.items[i].name, params.items[i].text) <
			0)
			abort();
		list_push_text(argv, pair);
		free(pair);
	}
	suite_params_free(&params);
}

static void allocate(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
	struct runner *runner = handle->data;

	(void)wanted;
	/* Nobody says that much: without room nothing more is read. */
	*out = uv_buf_init(
		runner->told + runner->length, (unsigned int)(TOLD_MAX - 1 - runner->length));
}

static void got(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct runner *runner = stream->data;

	(void)buffer;
	if (length < 0) {
		uv_read_stop(stream);
		runner->heard = true;
	} else {
		runner->length += (size_t)length;
	}
}

static void exited(uv_process_t *process, int64_t status, int signal_number)
{
	struct runner *runner = process->data;

	runner->runs = false;
	runner->code = signal_number ? EXIT_SIGNAL + signal_number : (int)status;
	uv_stop(&runner->loop);
}

static int start(struct runner *runner, const struct suite_entry *entry, struct fail *fail)
{
	struct list argv = {0};
	uv_stdio_container_t stdio[] = {{.flags = UV_INHERIT_FD, .data.fd = 0},
		{.flags = UV_INHERIT_FD, .data.fd = 1}, {.flags = UV_INHERIT_FD, .data.fd = 2},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&runner->pipe}};
	uv_process_options_t options = {.exit_cb = exited, .stdio = stdio, .stdio_count = 4};
	char *program = NULL;
	int outcome;

	if (asprintf(&program, "%s/backburn", runner->self_dir) < 0)
		abort();
	list_push_text(&argv, program);
	add_words(runner, entry, &argv);
	options.args = list_vector(&argv);
	options.file = program;
	uv_pipe_init(&runner->loop, &runner->pipe, 0);
	runner->pipe.data = runner->child.data = runner;
	runner->length = 0;
	runner->heard = false;
	outcome = uv_spawn(&runner->loop, &runner->child, &options);
	if (outcome == 0) {
		runner->runs = true;
		uv_read_start((uv_stream_t *)&runner->pipe, allocate, got);
	}
	free(options.args);
	list_free_texts(&argv);
	free(program);
	return outcome ? fail_set(fail, FAIL_SYSTEM, "cannot start a run: %s", uv_strerror(outcome))
		       : 0;
}

/* A line "directory PATH" or "refused TEXT" of what it told; to be freed. */
static char *told(const struct runner *runner, const char *what)
{
	const char *line = runner->told;
	size_t length = strlen(what);

	while (*line) {
		const char *end = strchrnul(line, '\n');

		if (strncmp(line, what, length) == 0 && line[length] == ' ')
			return strndup(line + length + 1, (size_t)(end - line) - length - 1);
		line = *end ? end + 1 : end;
	}
	return NULL;
}

/* Verdict and reason as the run's own report has them. */
static void read_verdict(struct suite_run *run)
{
	struct fail fail = FAIL_INIT;
	struct report report;
	char *path = NULL;

	if (asprintf(&path, "%s/journal.ndjson", run->directory) < 0)
		abort();
	if (report_load(&report, path, &fail) == 0) {
		run->headline = must_copy(report.judgement.headline);
		if (report.judgement.exit_code == run->code)
			run->reason = must_copy(report.judgement.reason);
		report_deinit(&report);
	}
	free(path);
}

static void take_end(struct runner *runner, struct suite_run *run)
{
	/* It is in the pipe by now, and nobody else should hold that. */
	for (int i = 0; i < LAST_LOOKS && !runner->heard; i++)
		uv_run(&runner->loop, UV_RUN_NOWAIT);
	runner->told[runner->length] = '\0';
	run->code = runner->code;
	run->directory = told(runner, "directory");
	if (run->directory)
		read_verdict(run);
	if (!run->reason)
		run->reason = told(runner, "refused");
	if (!run->reason && asprintf(&run->reason, "it ended with %d", run->code) < 0)
		abort();
	runner->not_reverted |= run->code == EXIT_NOT_REVERTED;
}

static void no_more(uv_handle_t *handle)
{
	(void)handle;
}

static void carry_out(struct runner *runner, const struct suite_entry *entry, struct suite_run *run)
{
	const char *left_out = why_left_out(runner);
	struct fail fail = FAIL_INIT;

	if (left_out) {
		run->code = SUITE_SKIPPED;
		run->reason = must_copy(left_out);
		return;
	}
	if (start(runner, entry, &fail) < 0) {
		run->code = EXIT_TROUBLE;
		run->reason = must_copy(fail.text);
	} else {
		while (runner->runs)
			uv_run(&runner->loop, UV_RUN_DEFAULT);
		take_end(runner, run);
	}
	uv_close((uv_handle_t *)&runner->child, no_more);
	uv_close((uv_handle_t *)&runner->pipe, no_more);
	uv_run(&runner->loop, UV_RUN_NOWAIT);
}

/* --- all of them ----------------------------------------------------------------------- */

static void begin(struct runner *runner)
{
	int64_t limit_ns = runner->order->suite->run_limit_ns;

	say_when(runner->result->started);
	uv_loop_init(&runner->loop);
	for (int i = 0; i < SIGNALS; i++) {
		uv_signal_init(&runner->loop, &runner->signals[i]);
		runner->signals[i].data = runner;
		uv_signal_start(&runner->signals[i], on_signal, signals[i]);
	}
	uv_timer_init(&runner->loop, &runner->limit);
	runner->limit.data = runner;
	if (limit_ns)
		uv_timer_start(&runner->limit, on_limit, (uint64_t)(limit_ns / NS_PER_MS), 0);
}

static void finish(struct runner *runner)
{
	for (int i = 0; i < SIGNALS; i++)
		uv_close((uv_handle_t *)&runner->signals[i], no_more);
	uv_close((uv_handle_t *)&runner->limit, no_more);
	uv_run(&runner->loop, UV_RUN_DEFAULT);
	uv_loop_close(&runner->loop);
	free(runner->self_dir);
}

int suite_run(const struct suite_order *order, struct suite_result *out, struct fail *fail)
{
	struct runner *runner = must_alloc(sizeof(*runner));
	uint64_t began = uv_hrtime();

	runner->order = order;
	runner->result = out;
	if (reach_self_dir(&runner->self_dir, fail) < 0) {
		free(runner);
		return -1;
	}
	*out = (struct suite_result){.suite = order->suite, .environment = order->environment};
	begin(runner);
	LIST_EACH(order->suite->scenarios, struct suite_entry, entry) {
		struct suite_part *part = list_push(&out->parts, sizeof(*part));

		part->entry = entry;
		for (int64_t i = 0; i < entry->runs; i++)
			carry_out(runner, entry, list_push(&part->runs, sizeof(struct suite_run)));
	}
	out->lasted_ns = (int64_t)(uv_hrtime() - began);
	finish(runner);
	free(runner);
	return 0;
}

int suite_directory(const struct suite_order *order, char **out_dir, struct fail *fail)
{
	char *name = NULL, *whole;
	int outcome;

	if (asprintf(&name, "suite-%s", order->suite->name) < 0)
		abort();
	outcome = run_dir_make(order->runs_dir, name, &whole, out_dir, fail);
	if (outcome == 0)
		free(whole);
	free(name);
	return outcome;
}
