/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "contract/json.h"
#include "contract/memory.h"
#include "controller/exit_code.h"
#include "controller/report/escape.h"
#include "controller/report/report.h"
#include "controller/report/trend.h"
#include "controller/run/reach.h"
#include "controller/run/run_parts.h"

/*
 * `backburn heal --run DIR`: a run's nodes are recovered and looked at once more, and its journal
 * goes on where it ended. What is not needed for that (measures) is not read.
 */

struct earlier {
	struct run *run;
	cJSON *started; /* the journal's first event */
	cJSON *events;  /* a list: of nodes, groups and faults */
};

static bool is_measure(const char *type)
{
	static const char *const measures[] = {
		"window", "operations", "read_back", "source", "final_read", "evidence", NULL};

	for (size_t i = 0; measures[i]; i++)
		if (strcmp(measures[i], type) == 0)
			return true;
	return false;
}

static int take_earlier(void *context, const cJSON *event, struct fail *fail)
{
	struct earlier *earlier = context;

	(void)fail;
	if (!earlier->started)
		earlier->started = cJSON_Duplicate(event, true);
	else if (!is_measure(json_string(event, "event", "")))
		json_append(earlier->events, cJSON_Duplicate(event, true));
	return 0;
}

static char *journal_path(const char *dir)
{
	char *path = NULL;

	if (asprintf(&path, "%s/journal.ndjson", dir) < 0)
		abort();
	return path;
}

static int read_earlier(struct run *run, struct earlier *out, struct fail *fail)
{
	char *path = journal_path(run->options->heal_dir);
	int outcome;

	*out = (struct earlier){.run = run, .events = json_array()};
	outcome = journal_each(path, take_earlier, out, fail);
	free(path);
	return outcome;
}

static void earlier_deinit(struct earlier *earlier)
{
	cJSON_Delete(earlier->started);
	cJSON_Delete(earlier->events);
}

/* --- files ----------------------------------------------------------------------------- */

/* The environment that is named now, else the one that the run was started with. */
static int load_environment(struct run *run, const cJSON *started, struct fail *fail)
{
	const char *path = run->options->environment;

	if (!path)
		path = json_string(started, "environment_file", NULL);
	if (!path)
		return fail_set(fail, FAIL_USAGE,
			"the journal does not say where its environment lies: name it with --on");
	if (reach_load(path, &run->environment, &run->lab, &run->has_lab, fail) < 0)
		return -1;
	if (strcmp(run->environment.name, json_string(started, "environment", "")) == 0)
		return 0;
	return fail_set(fail, FAIL_USAGE, "the run was on environment \"%.63s\", not on \"%.63s\"",
		json_string(started, "environment", "?"), run->environment.name);
}

static int load_earlier_run(struct run *run, struct fail *fail)
{
	struct earlier earlier;
	int outcome = read_earlier(run, &earlier, fail);

	if (outcome == 0)
		outcome = scenario_from_merged(&run->scenario,
			cJSON_Duplicate(
				cJSON_GetObjectItemCaseSensitive(earlier.started, "scenario"),
				true),
			fail);
	if (outcome == 0 &&
		(reach_self_dir(&run->self_dir, fail) < 0 ||
			catalogue_builtin(&run->catalogue, fail) < 0 ||
			load_environment(run, earlier.started, fail) < 0))
		outcome = -1;
	run->dir = must_copy(run->options->heal_dir);
	earlier_deinit(&earlier);
	return outcome;
}

/* --- the journal goes on --------------------------------------------------------------- */

static void drop_actions(struct run *run)
{
	struct action action;

	while (engine_action(run->engine, &action))
		cJSON_Delete(action.data);
}

/* Since the run's zero, by the wall: the monotonic clock may have begun anew in between. */
static int64_t elapsed_ns(const cJSON *started)
{
	struct tm utc = {0};
	time_t now = time(NULL), then;

	if (!strptime(json_string(started, "wall", ""), "%Y-%m-%dT%H:%M:%SZ", &utc))
		return 0;
	then = timegm(&utc);
	return now > then ? (int64_t)(now - then) * NS_PER_SEC : 0;
}

static int take_up(struct run *run, const struct earlier *earlier, struct fail *fail)
{
	const struct engine_options options = {.purpose = PURPOSE_HEAL};
	const cJSON *event;

	run->engine = engine_new(&run->plan, &options, earlier->started, fail);
	if (!run->engine)
		return -1;
	cJSON_ArrayForEach(event, earlier->events)
		if (engine_note(run->engine, cJSON_Duplicate(event, true), fail) < 0)
			return -1;
	drop_actions(run); /* the journal has them already */
	run->zero = uv_hrtime() - (uint64_t)elapsed_ns(earlier->started);
	return 0;
}

static void say_heal(struct run *run, size_t torn)
{
	cJSON *event = journal_event("heal", run_now_ns(run));
	char by[RUN_WHO_MAX];

	run_put_wall(event);
	json_put_string(event, "by", run_who(by));
	if (torn)
		json_put_number(event, "torn_bytes_cut", (double)torn);
	run_write_journal(run, event);
	cJSON_Delete(event);
}

/* A node that is no more has nothing left on it: its namespace took everything with it. */
static void say_gone(struct run *run)
{
	LIST_EACH(engine_record(run->engine)->nodes, struct node_record, node) {
		cJSON *event = journal_event("node_gone", run_now_ns(run));

		json_put_string(event, "node", node->node);
		run_write_journal(run, event);
		cJSON_Delete(event);
	}
}

static int check_nodes(const struct run *run, struct fail *fail)
{
	LIST_EACH(engine_record(run->engine)->nodes, struct node_record, node)
		if (!plan_node(&run->plan, node->node))
			return fail_set(fail, FAIL_REFUSED,
				"the run had node \"%s\", which environment \"%s\" does not "
				"have any more",
				node->node, run->environment.name);
	return 0;
}

/* --- the proof ------------------------------------------------------------------------- */

/* NOT_REVERTED also when a node did not answer. */
static int report_proof(const struct run *run)
{
	char *path = journal_path(run->dir);
	struct report report;
	struct fail fail = FAIL_INIT;
	int code = EXIT_TROUBLE;

	if (report_load(&report, path, &fail) == 0) {
		trend_read(&report, run->dir);
		report_write(&report, run->dir, &fail);
		code = EXIT_HELD;
		LIST_EACH(report.judgement.reverts, struct revert_judgement, revert) {
			printf("%-10s %s: %s\n", revert->node,
				revert->confirmed ? "confirmed" : "NOT CONFIRMED", revert->text);
			if (!revert->confirmed)
				code = EXIT_NOT_REVERTED;
		}
		if (!report.judgement.reverts.count)
			puts("nothing was touched before the run ended");
		printf("the report in %s is up to date\n", run->dir);
		report_deinit(&report);
	}
	if (fail.kind != FAIL_NONE) {
		plain_line(stderr, "backburn: %s", fail.text);
		code = EXIT_TROUBLE;
	}
	free(path);
	return code;
}

static int prove(struct run *run, struct fail *fail)
{
	char *path = journal_path(run->dir);
	struct earlier earlier = {0};
	size_t torn = 0;
	int outcome = read_earlier(run, &earlier, fail);

	if (outcome == 0)
		outcome = take_up(run, &earlier, fail);
	if (outcome == 0)
		outcome = check_nodes(run, fail);
	if (outcome == 0)
		outcome = journal_reopen(&run->journal, path, &torn, fail);
	free(path);
	earlier_deinit(&earlier);
	if (outcome < 0)
		return exit_code_of(fail->kind);
	say_heal(run, torn);
	if (run->has_lab && !lab_is_built(run->lab.name)) {
		say_gone(run);
	} else {
		run_start_renewing(run);
		run_execute(run);
		run_close_all(run);
	}
	journal_close(&run->journal);
	screen_deinit(&run->screen);
	return run->signal ? EXIT_SIGNAL + run->signal : report_proof(run);
}

int run_heal_run(const struct run_options *options)
{
	static const struct run_work work = {
		.load = load_earlier_run, .carry_out = prove, .journals = true};
	struct run_options own = *options;
	char *dir = realpath(options->heal_dir, NULL), *parent;
	int code;

	if (!dir) {
		fprintf(stderr, "backburn: %s: %s\n", options->heal_dir, strerror(errno));
		return EXIT_USAGE;
	}
	parent = must_copy(dir);
	own.heal_dir = dir;
	own.runs_dir = dirname(parent); /* the environment's lock lies there */
	code = run_with(&own, &work);
	free(parent);
	free(dir);
	return code;
}
