/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/commands/suite_command.h"

#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/exit_code.h"
#include "controller/judge/judge.h"
#include "controller/plan/check.h"
#include "controller/plan/suite_check.h"
#include "controller/report/ci.h"
#include "controller/report/escape.h"
#include "controller/run/suite_run.h"

static void push_pair(struct list *words, const char *option, const struct param_value *pair)
{
	char *word = NULL;

	if (asprintf(&word, "--%s=%s=%s", option, pair->name, pair->text) < 0)
		abort();
	list_push_text(words, word);
	free(word);
}

/* What each run is told as well, as it was told to us. */
static struct list further_words(const struct run_options *options)
{
	struct list words = {0};

	if (strcmp(options->attach, "auto") != 0) {
		list_push_text(&words, "--attach");
		list_push_text(&words, options->attach);
	}
	if (options->wait_lock)
		list_push_text(&words, "--wait-lock");
	if (options->keep_lab)
		list_push_text(&words, "--keep-lab");
	if (options->quiet)
		list_push_text(&words, "--quiet");
	if (options->json)
		list_push_text(&words, "--json");
	for (size_t i = 0; i < options->params.count; i++)
		push_pair(&words, "param", &options->params.items[i]);
	for (size_t i = 0; i < options->params.set_count; i++)
		push_pair(&words, "set", &options->params.sets[i]);
	return words;
}

static void say_json(const struct suite_result *result, const char *dir)
{
	cJSON *event = json_object();
	char *text;

	json_put_string(event, "event", "suite_summary");
	json_put_string(event, "directory", dir);
	json_put(event, "summary", suite_summary_json(result));
	text = json_print(event);
	puts(text);
	free(text);
	cJSON_Delete(event);
}

static void say(
	const struct run_options *options, const struct suite_result *result, const char *dir)
{
	if (options->json) {
		say_json(result, dir);
		return;
	}
	putchar('\n');
	suite_text(stdout, result);
	printf("\nfiles in %s:", dir);
	for (size_t i = 0; suite_report_files[i]; i++)
		printf(" %s", suite_report_files[i]);
	putchar('\n');
	fflush(stdout);
}

/* What could not be written down can't be relied on. */
static int code_of(const struct suite_result *result, bool written)
{
	return written ? result->exit_code : judge_weightier(result->exit_code, EXIT_TROUBLE);
}

static int run_in(const struct suite_order *order, const struct run_options *options,
	const char *dir, struct fail *fail)
{
	struct suite_result result = {0};
	struct ci ci = {0};
	bool written;
	int code;

	if ((options->ci && ci_begin(&ci, options->runs_dir, fail) < 0) ||
		suite_run(order, &result, fail) < 0)
		return exit_code_of(fail->kind);
	suite_judge(&result);
	written = suite_report(&result, dir, fail) == 0;
	say(options, &result, dir);
	if (options->ci) {
		ci_end(&ci);
		written = ci_tell_suite(&ci, &result, dir, fail) == 0 && written;
	}
	code = code_of(&result, written);
	suite_result_deinit(&result);
	return code;
}

static int run_all(const struct run_options *options, const struct suite *suite, struct fail *fail)
{
	struct list words = further_words(options);
	char **vector = list_vector(&words), *dir = NULL;
	const struct suite_order order = {.suite = suite,
		.environment = options->environment,
		.runs_dir = options->runs_dir,
		.words = (const char *const *)vector};
	int code = suite_directory(&order, &dir, fail) < 0 ? exit_code_of(fail->kind)
							   : run_in(&order, options, dir, fail);

	free(dir);
	free(vector);
	list_free_texts(&words);
	return code;
}

static int finish(int code, const struct fail *fail)
{
	if (fail->kind != FAIL_NONE)
		plain_line(stderr, "backburn: %s", fail->text);
	return code;
}

/* Everything that the files can tell is asked before the first run. */
static int check(const struct suite *suite, const char *path, struct fail *fail)
{
	struct catalogue catalogue = {0};
	struct suite_facts facts;
	int outcome = catalogue_builtin(&catalogue, fail);

	if (outcome == 0)
		outcome = suite_check(suite, path, &catalogue, &facts, fail);
	catalogue_deinit(&catalogue);
	return outcome;
}

int suite_command(const struct run_options *options)
{
	struct fail fail = FAIL_INIT;
	struct sources sources = {0};
	struct suite suite;
	int code;

	if (options->params.count || options->params.set_count) {
		fail_set(&fail, FAIL_USAGE,
			"--param and --set are for one scenario; the parameters of a suite's stand "
			"in its file, under \"params\"");
		return finish(EXIT_USAGE, &fail);
	}
	if (suite_load(&suite, &sources, options->scenario, &fail) < 0) {
		sources_deinit(&sources);
		return finish(exit_code_of(fail.kind), &fail);
	}
	sources_deinit(&sources);
	code = check(&suite, options->scenario, &fail) < 0 ? exit_code_of(fail.kind)
							   : run_all(options, &suite, &fail);
	suite_deinit(&suite);
	return finish(code, &fail);
}

/* As each of the runs would be, before the first of them. */
static int load_scenario(const struct run_options *options, struct scenario *out, struct fail *fail)
{
	struct sources sources = {0};
	struct catalogue catalogue = {0};
	int outcome = scenario_load(out, &sources, options->scenario, &options->params, fail);

	if (outcome == 0 &&
		(catalogue_builtin(&catalogue, fail) < 0 ||
			scenario_check(out, &catalogue, fail) < 0)) {
		sources_explain(&sources, fail);
		scenario_deinit(out);
		outcome = -1;
	}
	catalogue_deinit(&catalogue);
	sources_deinit(&sources);
	return outcome;
}

int repeat_command(const struct run_options *options, int64_t runs)
{
	struct fail fail = FAIL_INIT;
	struct scenario scenario;
	struct suite suite;
	int code;

	if (load_scenario(options, &scenario, &fail) < 0)
		return finish(exit_code_of(fail.kind), &fail);
	suite_of_repeats(&suite, options->scenario, scenario.name, runs);
	scenario_deinit(&scenario);
	code = run_all(options, &suite, &fail);
	suite_deinit(&suite);
	return finish(code, &fail);
}

int ci_command(const struct run_options *options)
{
	struct run_options own = *options;
	struct fail fail = FAIL_INIT;
	char *dir = NULL, *refusal = NULL;
	struct ci ci;
	int code;

	if (ci_begin(&ci, options->runs_dir, &fail) < 0)
		return finish(exit_code_of(fail.kind), &fail);
	own.out_dir = &dir;
	own.out_refusal = &refusal;
	code = run_scenario(&own);
	ci_end(&ci);
	if (ci_tell_run(&ci,
		    &(struct ci_outcome){.reason = refusal, .directory = dir, .code = code},
		    &fail) < 0)
		code = judge_weightier(judge_known_code(code), EXIT_TROUBLE);
	free(dir);
	free(refusal);
	return finish(code, &fail);
}
