/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "contract/json.h"
#include "controller/exit_code.h"
#include "controller/plan/plan_print.h"
#include "controller/plan/radius.h"
#include "controller/report/escape.h"
#include "controller/report/preview.h"
#include "controller/report/wrap.h"
#include "controller/run/run_parts.h"

/* `backburn plan`: the same engine and the same hands, but nothing is probed or armed. */

static void print_json(
	const struct run *run, const struct preview *preview, const struct difference *difference)
{
	cJSON *json = preview_json(preview);
	char *text;

	if (run->options->earlier)
		json_put(json, "diff", difference_json(difference, run->options->earlier_name));
	text = json_print_indented(json);
	puts(text);
	free(text);
	cJSON_Delete(json);
}

static void print_text(FILE *out, const struct run *run, const struct preview *preview,
	const struct difference *difference)
{
	plan_print(out, run->plan.scenario, run->plan.catalogue);
	preview_print(out, preview);
	if (run->options->earlier)
		preview_difference(out, difference, run->options->earlier_name);
	preview_end(out, preview);
}

/* No wider than a terminal; whole lines where a program reads them. */
static void print_wrapped(
	const struct run *run, const struct preview *preview, const struct difference *difference)
{
	struct preview coloured = *preview;
	size_t width = wrap_width(), length = 0;
	char *text = NULL;
	FILE *out;

	if (!width) {
		print_text(stdout, run, preview, difference);
		return;
	}
	coloured.colours = true;
	out = open_memstream(&text, &length);
	if (!out)
		abort();
	print_text(out, run, &coloured, difference);
	if (fclose(out) != 0)
		abort();
	wrap_lines(stdout, text, width);
	free(text);
}

/* True: it was asked whether the radius has grown, and it has. */
static bool print_all(const struct run *run)
{
	const struct record *record = engine_record(run->engine);
	struct difference difference = {0};
	struct predicted predicted;
	const struct preview preview = {
		.plan = &run->plan, .record = record, .predicted = &predicted};
	bool grew;

	predict(record, &predicted);
	if (run->options->earlier)
		difference_init(&difference, run->options->earlier, &predicted);
	grew = difference.growth.count > 0;
	if (run->options->json)
		print_json(run, &preview, &difference);
	else
		print_wrapped(run, &preview, &difference);
	difference_deinit(&difference);
	predicted_free(&predicted);
	return grew && run->options->fail_if_grew;
}

static int print_plan(const struct run *run)
{
	const struct record *record = engine_record(run->engine);
	bool grew = print_all(run);

	if (record->stop == STOP_NONE && grew)
		fputs("backburn: the blast radius has grown\n", stderr);
	if (record->stop == STOP_NONE)
		return grew ? EXIT_VIOLATED : 0;
	plain_line(stderr, "backburn: %s%s",
		record->stop == STOP_SIGNAL || record->stop == STOP_INTERNAL
			? ""
			: "the run would be refused: ",
		record->stop_text);
	switch (record->stop) {
	case STOP_SIGNAL:
		return EXIT_SIGNAL + record->stop_signal;
	case STOP_INTERNAL:
		return EXIT_TROUBLE;
	default:
		return EXIT_REFUSED;
	}
}

/*
 * As of the run that would be refused: what a node calls wrong use or a wrong file is none of the
 * user's.
 */
static int refusal_code(const struct run *run, const struct fail *fail)
{
	if (run->signal)
		return EXIT_SIGNAL + run->signal;
	if (fail->kind == FAIL_USAGE || fail->kind == FAIL_BAD_FILE)
		return EXIT_REFUSED;
	return exit_code_of(fail->kind);
}

static int plan_on_nodes(struct run *run, struct fail *fail)
{
	const struct engine_options options = {.purpose = PURPOSE_PLAN, .lead_ns = ARM_LEAD_NS};
	cJSON *started = run_started_event(run);
	int code = 0;

	run->engine = engine_new(&run->plan, &options, started, fail);
	cJSON_Delete(started);
	if (!run->engine)
		return exit_code_of(fail->kind);
	run_start_renewing(run);
	if (run_connect(run, fail) < 0 || run_resolve_static(run, fail) < 0 ||
		plan_check_radius(&run->plan, &engine_record(run->engine)->groups, fail) < 0)
		code = refusal_code(run, fail);
	else
		run_execute(run);
	run_close_all(run);
	return code ? code : print_plan(run);
}

int run_plan(const struct run_options *options)
{
	static const struct run_work work = {.load = run_load,
		.carry_out = plan_on_nodes,
		.brings_up = true,
		.asks = true,
		.heeds_halt = true};

	return run_with(options, &work);
}
