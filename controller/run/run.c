/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/run/run.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "contract/json.h"
#include "contract/memory.h"
#include "controller/exit_code.h"
#include "controller/plan/plan_json.h"
#include "controller/plan/radius.h"
#include "controller/report/escape.h"
#include "controller/report/output.h"
#include "controller/report/report.h"
#include "controller/report/trend.h"
#include "controller/run/run_parts.h"
#include "controller/run/tls_files.h"

/* One run from beginning to end: set up, execute or refuse, close, report. */

/* --- the run --------------------------------------------------------------------------- */

static void put_stop(struct run *run, enum stop_kind kind, const struct fail *fail)
{
	cJSON *stop = journal_event("stop", run_now_ns(run));
	struct fail ignored = FAIL_INIT;

	json_put_string(stop, "why", stop_words[kind]);
	json_put_string(stop, "id", "setup");
	json_put_string(stop, "text", fail->text);
	if (kind == STOP_SIGNAL)
		json_put_number(stop, "signal", run->signal);
	engine_note(run->engine, stop, &ignored);
	engine_note(run->engine, journal_event("run_ended", run_now_ns(run)), &ignored);
}

/* Nothing has been armed: the run ends before it began, and its journal says why. */
static void refuse_run(struct run *run, const struct fail *fail)
{
	struct action action;
	enum stop_kind kind = STOP_REFUSED;

	if (run->signal && fail->kind == FAIL_NONE)
		kind = STOP_SIGNAL;
	else if (fail->kind == FAIL_BUSY)
		kind = STOP_LOCKED;
	else if (fail->kind == FAIL_SYSTEM || fail->kind == FAIL_INTERNAL)
		kind = STOP_INTERNAL;
	put_stop(run, kind, fail);
	while (engine_action(run->engine, &action)) {
		if (action.kind == ACTION_JOURNAL)
			run_write_journal(run, action.data);
		cJSON_Delete(action.data);
	}
}

/* Fails when an event could not be kept, or a signal came. */
static int drain_journal(struct run *run, struct fail *fail)
{
	struct action action;

	while (engine_action(run->engine, &action)) {
		run_write_journal(run, action.data);
		cJSON_Delete(action.data);
	}
	return run_await(run, fail);
}

static int write_plan(struct run *run, struct fail *fail)
{
	cJSON *json = plan_to_json(&run->plan, &engine_record(run->engine)->groups);
	int outcome = output_write_json(run->dir, "plan.json", json, fail);

	cJSON_Delete(json);
	return outcome;
}

static int set_up(struct run *run, struct fail *fail)
{
	run_start_renewing(run);
	if (drain_journal(run, fail) < 0 || run_connect(run, fail) < 0 ||
		drain_journal(run, fail) < 0 || run_resolve_static(run, fail) < 0 ||
		plan_check_radius(&run->plan, &engine_record(run->engine)->groups, fail) < 0 ||
		write_plan(run, fail) < 0 || run_connect_probers(run, fail) < 0 ||
		run_note_services(run, fail) < 0)
		return -1;
	return drain_journal(run, fail);
}

/* --- the end ---------------------------------------------------------------------------- */

static void say_summary(const struct run *run, const struct report *report)
{
	putchar('\n');
	report_on_stdout(report);
	printf("\nfiles in %s: journal.ndjson, plan.json", run->dir);
	for (size_t i = 0; report_files[i]; i++)
		printf(", %s", report_files[i]);
	putchar('\n');
	if (report->judgement.exit_code == EXIT_NOT_REVERTED)
		printf("\nrecovers the nodes, and looks at them again:\n  backburn heal --run %s\n",
			run->dir);
}

/* In the form of the events before it, and the only one that no journal has. */
static void say_json(const struct run *run, const struct report *report)
{
	cJSON *event = journal_event("summary", run_now_ns(run));
	char *text;

	json_put_string(event, "directory", run->dir);
	json_put(event, "summary", report_summary_json(report));
	text = json_print(event);
	puts(text);
	free(text);
	cJSON_Delete(event);
}

/* What `backburn report` would have of it: the journal's file says everything. */
static int report_run(const struct run *run)
{
	struct report report;
	struct fail fail = FAIL_INIT;
	char *path = NULL;
	int code = EXIT_TROUBLE;

	if (asprintf(&path, "%s/journal.ndjson", run->dir) < 0)
		abort();
	if (report_load(&report, path, &fail) == 0) {
		code = report.judgement.exit_code;
		trend_read(&report, run->dir);
		/* What could not be written down can't be relied on, whatever it says. */
		if ((report_write(&report, run->dir, &fail) < 0 || run->broken) &&
			code != EXIT_NOT_REVERTED)
			code = EXIT_TROUBLE;
		if (run->options->json)
			say_json(run, &report);
		else
			say_summary(run, &report);
		report_deinit(&report);
	}
	if (fail.kind != FAIL_NONE)
		plain_line(stderr, "backburn: %s", fail.text);
	free(path);
	return code;
}

static int run_in_directory(struct run *run, struct fail *fail)
{
	const struct engine_options options = {.lead_ns = ARM_LEAD_NS};
	struct fail trouble = FAIL_INIT;
	cJSON *started;

	if (run_open_directory(run, fail) < 0)
		return exit_code_of(fail->kind);
	started = run_started_event(run);
	run->engine = engine_new(&run->plan, &options, started, fail);
	cJSON_Delete(started);
	if (!run->engine)
		return exit_code_of(fail->kind);
	if (set_up(run, &trouble) < 0)
		refuse_run(run, &trouble);
	else
		run_execute(run);
	run_close_all(run);
	journal_close(&run->journal);
	screen_deinit(&run->screen);
	return report_run(run);
}

static void run_free(struct run *run)
{
	engine_free(run->engine);
	plan_deinit(&run->plan);
	if (run->has_lab)
		lab_file_deinit(&run->lab);
	environment_deinit(&run->environment);
	catalogue_deinit(&run->catalogue);
	secrets_deinit(&run->secrets);
	tls_files_deinit(&run->tls);
	scenario_deinit(&run->scenario);
	sources_deinit(&run->sources);
	for (size_t i = 0; i < run->node_count; i++) {
		cJSON_Delete(run->nodes[i].audit_state);
		cJSON_Delete(run->nodes[i].audit_residue);
	}
	free(run->nodes);
	free(run->probers);
	screen_deinit(&run->screen);
	free(run->run_id);
	free(run->dir);
	free(run->self_dir);
	free(run->environment_file);
	if (run->lock_fd >= 0)
		close(run->lock_fd);
	free(run);
}

static int read_what_probes_need(struct run *run, struct fail *fail)
{
	if (secrets_complete(&run->secrets, &run->scenario, run->options->scenario, fail) < 0)
		return -1;
	if (tls_files_read(&run->tls, &run->scenario, &run->sources, &run->secrets.list, fail) <
		0) {
		sources_explain(&run->sources, fail);
		return -1;
	}
	return 0;
}

static bool asks_by_tls(const struct scenario *scenario)
{
	LIST_EACH(scenario->groups, struct group_spec, group)
		if (group->where && group->where->http && group->where->http->tls)
			return true;
	return false;
}

static int set_out(struct run *run, const struct run_work *work, struct fail *fail)
{
	if (work->load(run, fail) < 0)
		return -1;
	/* Before the first child could inherit them. */
	secrets_take(&run->secrets, &run->scenario);
	if ((work->probes || (work->asks && asks_by_tls(&run->scenario))) &&
		read_what_probes_need(run, fail) < 0)
		return -1;
	return run_prepare(run, work->brings_up, fail);
}

int run_with(const struct run_options *options, const struct run_work *work)
{
	struct run *run = must_alloc(sizeof(*run));
	struct fail fail = FAIL_INIT;
	int code;

	run->options = options;
	/* Nobody of its children is to hold it open. */
	if (options->tell_fd)
		fcntl(options->tell_fd, F_SETFD, FD_CLOEXEC);
	run->loop = uv_default_loop();
	run->lock_fd = -1;
	run->journal.fd = -1;
	run->probes_at_ns = NEVER_NS;
	screen_init(&run->screen, options->quiet, options->json && work->journals);
	run_start_handles(run);
	run->journals = work->journals;
	run->heeds_halt = work->heeds_halt;
	if (set_out(run, work, &fail) < 0)
		code = exit_code_of(fail.kind);
	else
		code = work->carry_out(run, &fail);
	if (fail.kind != FAIL_NONE) {
		plain_line(stderr, "backburn: %s", fail.text);
		run_tell(run, "refused", fail.text);
	}
	/* A signal while the lab was built ends that, and is the reason that counts. */
	uv_run(run->loop, UV_RUN_NOWAIT);
	if (run->signal && !run->engine)
		code = EXIT_SIGNAL + run->signal;
	if (run->brought_up && !options->keep_lab) {
		struct fail down = FAIL_INIT;

		if (lab_down(run->lab.name, &down) < 0)
			plain_line(stderr, "backburn: lab %s: %s", run->lab.name, down.text);
	}
	run_close_handles(run);
	run_free(run);
	return code;
}

int run_scenario(const struct run_options *options)
{
	static const struct run_work work = {.load = run_load,
		.carry_out = run_in_directory,
		.brings_up = true,
		.probes = true,
		.journals = true,
		.heeds_halt = true};

	return run_with(options, &work);
}
