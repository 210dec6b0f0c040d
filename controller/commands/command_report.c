/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "contract/memory.h"
#include "controller/commands/commands.h"
#include "controller/commands/compare_runs.h"
#include "controller/exit_code.h"
#include "controller/report/ci.h"
#include "controller/report/escape.h"
#include "controller/report/report.h"
#include "controller/report/trend.h"

enum {
	OPTION_OUT = 256,
	OPTION_GITHUB,
	OPTION_COMPARE,
	OPTION_SINGLE,
	OPTION_JSON
};
struct arguments {
	const char *run, *second, *out;
	bool github, compare, json, single;
};

static const struct argp_option options[] = {
	{"out", OPTION_OUT, "DIR", 0, "where to write (default: where the journal is)", 0},
	{"github", OPTION_GITHUB, NULL, 0,
		"also print annotations for GitHub Actions, and the summary so that nothing in it "
		"is "
		"taken for a command",
		0},
	{"single-file", OPTION_SINGLE, NULL, 0,
		"put the style sheet into report.html, for a mail or a ticket", 0},
	{"compare", OPTION_COMPARE, NULL, 0,
		"print what changed from RUN to SECOND, and write nothing", 0},
	{"json", OPTION_JSON, NULL, 0, "with --compare: as JSON", 0},
	{0},
};

static void check(const struct arguments *arguments, struct argp_state *state)
{
	if (!arguments->run)
		argp_error(state, "which run? a run directory or a journal's file");
	if (arguments->compare && !arguments->second)
		argp_error(state, "--compare needs two runs");
	if (arguments->second && !arguments->compare)
		argp_error(state, "one run at a time; what is \"%s\"? (--compare takes two)",
			arguments->second);
	if (arguments->json && !arguments->compare)
		argp_error(state, "--json is for --compare; summary.json is a report's");
	if (arguments->compare && (arguments->out || arguments->github || arguments->single))
		argp_error(state, "--compare prints, and writes no report");
}

static error_t take(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case OPTION_OUT:
		arguments->out = argument;
		return 0;
	case OPTION_GITHUB:
		arguments->github = true;
		return 0;
	case OPTION_SINGLE:
		arguments->single = true;
		return 0;
	case OPTION_COMPARE:
		arguments->compare = true;
		return 0;
	case OPTION_JSON:
		arguments->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->second)
			argp_error(state, "what is \"%s\"?", argument);
		*(arguments->run ? &arguments->second : &arguments->run) = argument;
		return 0;
	case ARGP_KEY_END:
		check(arguments, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool is_directory(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* RUN is a directory with a journal in it, or the journal. The caller frees both. */
static void find_journal(const char *run, char **out_journal, char **out_dir)
{
	const char *slash = strrchr(run, '/');

	if (is_directory(run)) {
		*out_dir = must_copy(run);
		if (asprintf(out_journal, "%s/journal.ndjson", run) < 0)
			abort();
	} else {
		*out_journal = must_copy(run);
		*out_dir = must_copy(!slash ? "." : slash == run ? "/" : run);
		if (slash && slash != run)
			(*out_dir)[slash - run] = '\0';
	}
}

static void print_outcome(const struct report *report, const char *dir)
{
	plain_line(stdout, "%s: %s", report->judgement.headline, report->judgement.reason);
	for (size_t i = 0; report_files[i]; i++)
		plain_line(stdout, "%s/%s", dir, report_files[i]);
}

static int print_for_github(const struct report *report, const char *dir, struct fail *fail)
{
	char word[CI_WORD_MAX];

	if (ci_make_word(word, fail) < 0)
		return -1;
	report_annotations(stdout, report);
	printf("::stop-commands::%s\n", word);
	report_summary(stdout, report);
	print_outcome(report, dir);
	printf("::%s::\n", word);
	return 0;
}

static int write_report(const struct arguments *arguments, const struct report *report,
	const char *dir, struct fail *fail)
{
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return fail_errno(fail, errno, "%s", dir);
	if (report_write(report, dir, fail) < 0 ||
		(arguments->single && report_write_single(report, dir, fail) < 0))
		return -1;
	if (arguments->github)
		return print_for_github(report, dir, fail);
	print_outcome(report, dir);
	return 0;
}

static int compare(const struct arguments *arguments, struct fail *fail)
{
	char *first, *second, *first_dir, *second_dir;
	int outcome;

	find_journal(arguments->run, &first, &first_dir);
	find_journal(arguments->second, &second, &second_dir);
	outcome = compare_runs(first, second, arguments->json, fail);
	free(first);
	free(second);
	free(first_dir);
	free(second_dir);
	return outcome < 0 ? EXIT_BAD_FILE : 0;
}

/* The report of one run: its exit code. */
static int write_again(const struct arguments *arguments, struct fail *fail)
{
	struct report report;
	char *journal, *dir;
	int code = 0;

	find_journal(arguments->run, &journal, &dir);
	if (report_load(&report, journal, fail) < 0) {
		code = EXIT_BAD_FILE;
	} else {
		trend_read(&report, dir);
		if (write_report(arguments, &report, arguments->out ? arguments->out : dir, fail) <
			0)
			code = EXIT_TROUBLE;
		report_deinit(&report);
	}
	free(journal);
	free(dir);
	return code;
}

int command_report(int argc, char **argv)
{
	static const struct argp parser = {.options = options,
		.parser = take,
		.args_doc = "RUN\n--compare RUN SECOND",
		.doc = "Writes the report of a run again, from its journal alone: report.html, "
		       "report.txt, report.md, junit.xml and summary.json. A run that was cut off "
		       "is reported up to its journal's end. With --compare: what changed from "
		       "one run to another.\v"
		       "RUN is a run's directory or a journal's file. Exit status: 0 written, "
		       "whatever the verdict; 64 usage; 65 not a journal; 70 not written."};
	struct arguments arguments = {0};
	struct fail fail = FAIL_INIT;
	int code;

	argp_parse(&parser, argc, argv, 0, NULL, &arguments);
	code = arguments.compare ? compare(&arguments, &fail) : write_again(&arguments, &fail);
	if (code) {
		fputs("backburn: ", stderr);
		plain_line(stderr, "%s", fail.text);
	}
	return code;
}
