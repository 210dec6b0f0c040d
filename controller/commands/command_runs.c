/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "controller/commands/commands.h"
#include "controller/exit_code.h"
#include "controller/report/escape.h"
#include "controller/report/output.h"
#include "controller/report/report.h"
#include "controller/report/run_list.h"

/* The runs of a directory, their verdicts, and how each scenario went over time. */

enum {
	OPTION_ALL = 256,
	OPTION_INDEX,
	OPTION_JSON,
	SHOWN = 20
};

struct arguments {
	const char *runs_dir;
	bool all, index, json;
};

static const struct argp_option options[] = {
	{"all", OPTION_ALL, NULL, 0, "list all of them, and not the latest 20", 0},
	{"index", OPTION_INDEX, NULL, 0, "write DIR/index.html, a page that links to their reports",
		0},
	{"json", OPTION_JSON, NULL, 0, "print all as JSON", 0},
	{0},
};

static error_t take(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case OPTION_ALL:
		arguments->all = true;
		return 0;
	case OPTION_INDEX:
		arguments->index = true;
		return 0;
	case OPTION_JSON:
		arguments->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->runs_dir)
			argp_error(state, "one directory; what is \"%s\"?", argument);
		arguments->runs_dir = argument;
		return 0;
	case ARGP_KEY_END:
		if (arguments->index && arguments->json)
			argp_error(state, "--index writes, --json prints: one of them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int write_index(const char *dir, const struct list *entries, struct fail *fail)
{
	struct output output;

	output_begin(&output);
	run_list_html(output.out, entries);
	if (output_end(&output, dir, "index.html", fail) < 0 || report_write_css(dir, fail) < 0)
		return -1;
	plain_line(stdout, "%s/index.html", dir);
	return 0;
}

static void print_json(const struct list *entries)
{
	cJSON *json = run_list_json(entries);
	char *text = json_print_indented(json);

	puts(text);
	free(text);
	cJSON_Delete(json);
}

static int list_runs(const struct arguments *arguments, struct fail *fail)
{
	struct list entries;
	int outcome = run_list_read(arguments->runs_dir, &entries, fail);

	if (outcome < 0)
		return -1;
	if (arguments->index)
		outcome = write_index(arguments->runs_dir, &entries, fail);
	else if (arguments->json)
		print_json(&entries);
	else
		run_list_text(stdout, &entries, arguments->all ? 0 : SHOWN);
	run_list_free(&entries);
	return outcome;
}

int command_runs(int argc, char **argv)
{
	static const struct argp parser = {.options = options,
		.parser = take,
		.args_doc = "[DIR]",
		.doc = "Lists the runs in DIR (default: backburn-runs) with their verdicts, the "
		       "latest first, and how each scenario went over time.\v"
		       "Exit status: 0 listed; 64 usage; 70 DIR can't be read or written."};
	struct arguments arguments = {0};
	struct fail fail = FAIL_INIT;

	argp_parse(&parser, argc, argv, 0, NULL, &arguments);
	if (!arguments.runs_dir)
		arguments.runs_dir = "backburn-runs";
	if (list_runs(&arguments, &fail) == 0)
		return 0;
	plain_line(stderr, "backburn: %s", fail.text);
	return EXIT_TROUBLE;
}
