/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/suite_report.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/units.h"
#include "controller/exit_code.h"
#include "controller/judge/judge.h"
#include "controller/measure/statistics.h"
#include "controller/report/escape.h"
#include "controller/report/output.h"
#include "controller/report/report.h"

#define ALPHA 0.05

/* --- the verdict ----------------------------------------------------------------------- */

static bool is_forgivable(int code)
{
	return code == EXIT_VIOLATED || code == EXIT_INCONCLUSIVE || code == EXIT_STOPPED ||
		code == EXIT_NOT_STEADY;
}

static void add_code(struct suite_result *result, int code, const char *reason)
{
	size_t place;

	code = judge_known_code(code);
	for (place = 0; place < result->code_count; place++)
		if (result->codes[place] == code)
			return;
	if (result->code_count == SUITE_CODES_MAX)
		return;
	place = result->code_count++;
	for (; place > 0 && judge_weightier(code, result->codes[place - 1]) == code; place--)
		result->codes[place] = result->codes[place - 1];
	result->codes[place] = code;
	if (place == 0)
		snprintf(result->reason, sizeof(result->reason), "%s", reason);
}

static void count(struct suite_part *part)
{
	part->held = part->shown = 0;
	LIST_EACH(part->runs, struct suite_run, run) {
		bool held = run->code == EXIT_HELD;

		part->held += held;
		part->shown += held || run->code == EXIT_VIOLATED ||
			run->code == EXIT_INCONCLUSIVE || run->code == EXIT_STOPPED;
	}
	part->chance = part->shown ? statistics_clopper_pearson((int64_t)(part->shown - part->held),
					     (int64_t)part->shown, 2 * ALPHA)
					     .upper
				   : 1;
	part->forgiven = (int64_t)part->held >= suite_must_hold(part->entry) &&
		part->held < part->runs.count;
}

static void judge_part(struct suite_result *result, struct suite_part *part)
{
	bool enough;
	size_t number = 0;

	count(part);
	enough = (int64_t)part->held >= suite_must_hold(part->entry);
	LIST_EACH(part->runs, struct suite_run, run) {
		char reason[SUITE_REASON_MAX];

		number++;
		if (run->code == EXIT_HELD || run->code == SUITE_SKIPPED ||
			(enough && is_forgivable(run->code)))
			continue;
		snprintf(reason, sizeof(reason), "%.150s, run %zu: %.320s", part->entry->file,
			number, run->reason);
		add_code(result, run->code, reason);
	}
}

void suite_judge(struct suite_result *result)
{
	result->code_count = 0;
	LIST_EACH(result->parts, struct suite_part, part)
		judge_part(result, part);
	if (result->stopped == EXIT_STOPPED)
		add_code(result, EXIT_STOPPED, "the suite reached its run_limit");
	else if (result->stopped)
		add_code(result, result->stopped,
			result->stopped == EXIT_SIGNAL + SIGINT ? "stopped by SIGINT (Ctrl-C)"
								: "stopped by SIGTERM");
	if (!result->code_count)
		add_code(result, EXIT_HELD, "every scenario held as often as it must");
	result->exit_code = result->codes[0];
	result->headline = judge_headline(result->exit_code);
}

void suite_result_deinit(struct suite_result *result)
{
	LIST_EACH(result->parts, struct suite_part, part) {
		LIST_EACH(part->runs, struct suite_run, run) {
			free(run->directory);
			free(run->headline);
			free(run->reason);
		}
		free(part->runs.items);
	}
	free(result->parts.items);
	*result = (struct suite_result){0};
}

/* --- words ----------------------------------------------------------------------------- */

static size_t begun(const struct suite_part *part)
{
	size_t sum = 0;

	LIST_EACH(part->runs, struct suite_run, run)
		sum += run->code != SUITE_SKIPPED;
	return sum;
}

const char *suite_say_held(const struct suite_part *part, char *text, size_t size)
{
	int used = snprintf(text, size, "%zu of %zu held", part->held, part->runs.count);

	if (suite_must_hold(part->entry) != part->entry->runs)
		used += snprintf(text + used, size - (size_t)used, ", %lld must",
			(long long)suite_must_hold(part->entry));
	if (begun(part) < part->runs.count)
		used += snprintf(text + used, size - (size_t)used, ", %zu left out",
			part->runs.count - begun(part));
	if (part->shown)
		snprintf(text + used, size - (size_t)used,
			": the chance that one does not is at most %.1f %% (95 %% confidence, %zu "
			"run%s)",
			part->chance * 100, part->shown, part->shown == 1 ? "" : "s");
	return text;
}

static const char *word_of(const struct suite_run *run)
{
	if (run->code == SUITE_SKIPPED)
		return "SKIPPED";
	return run->headline ? run->headline : judge_headline(judge_known_code(run->code));
}

void suite_text(FILE *out, const struct suite_result *result)
{
	char text[256], lasted[DURATION_TEXT_MAX];

	LIST_EACH(result->parts, struct suite_part, part) {
		plain_line(
			out, "%s: %s", part->entry->file, suite_say_held(part, text, sizeof(text)));
		LIST_EACH(part->runs, struct suite_run, run)
			plain_line(out, "  %-13s %s%s%s", word_of(run), run->reason,
				run->directory ? ": " : "", run->directory ? run->directory : "");
	}
	plain_line(out, "%s: suite %s: %s (%s, exit code %d)", result->headline,
		result->suite->name, result->reason, duration_human(result->lasted_ns, lasted),
		result->exit_code);
}

void suite_markdown(FILE *out, const struct suite_result *result)
{
	char text[256], lasted[DURATION_TEXT_MAX];

	fputs("# ", out);
	markdown(out, "%s: %s", result->headline,
		result->suite->title ? result->suite->title : result->suite->name);
	fputs("\n\n", out);
	markdown(out, "%s. Exit code %d, started %s, took %s.", result->reason, result->exit_code,
		result->started, duration_human(result->lasted_ns, lasted));
	fputs("\n\n| scenario | run | verdict | code | why | directory "
	      "|\n|---|---|---|---|---|---|\n",
		out);
	LIST_EACH(result->parts, struct suite_part, part) {
		size_t number = 0;

		LIST_EACH(part->runs, struct suite_run, run) {
			fputs("| ", out);
			markdown(out, "%s", part->entry->file);
			fprintf(out, " | %zu | ", ++number);
			markdown(out, "%s", word_of(run));
			if (run->code == SUITE_SKIPPED)
				fputs(" | | ", out);
			else
				fprintf(out, " | %d | ", run->code);
			markdown(out, "%s", run->reason);
			fputs(" | ", out);
			markdown(out, "%s", run->directory ? run->directory : "");
			fputs(" |\n", out);
		}
	}
	fputc('\n', out);
	LIST_EACH(result->parts, struct suite_part, part) {
		fputs("* ", out);
		markdown(out, "%s: %s%s", part->entry->file,
			suite_say_held(part, text, sizeof(text)),
			part->forgiven ? "; as many as must have" : "");
		fputc('\n', out);
	}
}

/* --- JUnit ----------------------------------------------------------------------------- */

/* How the run is told from others of its suite, in the names of its cases: nothing, or ".run2". */
struct run_mark {
	size_t entry; /* from 1: of those with the same file, in the suite's order */
	size_t run;   /* from 1: of its entry */
	char suffix[64];
};

/* A run without a journal has one case, which says why. */
static void junit_without_journal(FILE *out, const struct suite_part *part,
	const struct suite_run *run, const struct run_mark *mark, struct junit_sums *sums)
{
	bool skipped = run->code == SUITE_SKIPPED;

	fputs("\t<testsuite name=\"", out);
	markup(out, "%s%s", part->entry->file, mark->suffix);
	fprintf(out, "\" tests=\"1\" failures=\"0\" errors=\"%d\" skipped=\"%d\" time=\"0.000\">\n",
		!skipped, skipped);
	fprintf(out, "\t\t<testcase classname=\"backburn.suite%s\" name=\"",
		mark->entry > 1 ? mark->suffix : "");
	markup(out, "%s, run %zu", part->entry->file, mark->run);
	fprintf(out, "\" time=\"0.000\"><%s message=\"", skipped ? "skipped" : "error");
	markup(out, "%s", run->reason);
	fputs(skipped ? "\">" : "\" type=\"run\">", out);
	markup(out, "%s", run->reason);
	fprintf(out, "</%s></testcase>\n\t</testsuite>\n", skipped ? "skipped" : "error");
	sums->tests++;
	sums->errors += !skipped;
	sums->skipped += skipped;
}

static void junit_run(FILE *out, const struct suite_part *part, const struct suite_run *run,
	const struct run_mark *mark, struct junit_sums *sums)
{
	struct fail fail = FAIL_INIT;
	struct report report;
	char *path = NULL;

	if (run->directory && asprintf(&path, "%s/journal.ndjson", run->directory) < 0)
		abort();
	if (path && report_load(&report, path, &fail) == 0) {
		report_junit_suite(out, &report, mark->suffix, sums);
		report_deinit(&report);
	} else {
		junit_without_journal(out, part, run, mark, sums);
	}
	free(path);
}

/* Names don't change from one suite to the next, and none is there twice. */
static struct run_mark mark_of(
	const struct suite_result *result, const struct suite_part *part, size_t run)
{
	struct run_mark mark = {.entry = 1, .run = run};
	char entry[32] = "", number[32] = "";

	LIST_EACH(result->parts, struct suite_part, other)
		mark.entry += other < part && strcmp(other->entry->file, part->entry->file) == 0;
	if (mark.entry > 1)
		snprintf(entry, sizeof(entry), ".entry%zu", mark.entry);
	if (part->runs.count > 1)
		snprintf(number, sizeof(number), ".run%zu", run);
	snprintf(mark.suffix, sizeof(mark.suffix), "%s%s", entry, number);
	return mark;
}

void suite_junit(FILE *out, const struct suite_result *result)
{
	struct junit_sums sums = {0};
	char *text = NULL;
	size_t length = 0;
	FILE *suites = open_memstream(&text, &length);

	if (!suites)
		abort();
	LIST_EACH(result->parts, struct suite_part, part) {
		size_t number = 0;

		LIST_EACH(part->runs, struct suite_run, run) {
			const struct run_mark mark = mark_of(result, part, ++number);

			junit_run(suites, part, run, &mark, &sums);
		}
	}
	if (fclose(suites) != 0)
		abort();
	report_junit_begin(out, &sums, result->lasted_ns);
	fwrite(text, 1, length, out);
	fputs("</testsuites>\n", out);
	free(text);
}

/* --- JSON ------------------------------------------------------------------------------ */

static cJSON *run_json(const struct suite_run *run)
{
	cJSON *json = json_object();

	json_put_string(json, "verdict", word_of(run));
	json_put(json, "exit_code",
		run->code == SUITE_SKIPPED ? cJSON_CreateNull() : cJSON_CreateNumber(run->code));
	json_put_string(json, "reason", run->reason);
	json_put(json, "directory",
		run->directory ? cJSON_CreateString(run->directory) : cJSON_CreateNull());
	return json;
}

static cJSON *part_json(const struct suite_result *result, const struct suite_part *part)
{
	cJSON *json = json_object(), *runs = json_array();
	const char *on = part->entry->on ? part->entry->on
		: result->environment    ? result->environment
					 : result->suite->on;
	char text[256];

	json_put_string(json, "file", part->entry->file);
	json_put(json, "on", on ? cJSON_CreateString(on) : cJSON_CreateNull());
	json_put(json, "params",
		part->entry->params ? cJSON_Duplicate(part->entry->params, true) : json_object());
	json_put_number(json, "must_hold", (double)suite_must_hold(part->entry));
	json_put_number(json, "held", (double)part->held);
	json_put_number(json, "shown", (double)part->shown);
	json_put_number(json, "chance_not_held_at_most", part->chance);
	json_put_string(json, "text", suite_say_held(part, text, sizeof(text)));
	LIST_EACH(part->runs, struct suite_run, run)
		json_append(runs, run_json(run));
	json_put(json, "runs", runs);
	return json;
}

cJSON *suite_summary_json(const struct suite_result *result)
{
	cJSON *json = json_object(), *codes = json_array(), *parts = json_array();

	json_put_number(json, "suite_summary", 1);
	json_put_string(json, "suite", result->suite->name);
	json_put_string(json, "started", result->started);
	json_put_number(json, "lasted_s", (double)result->lasted_ns / (double)NS_PER_SEC);
	json_put_string(json, "verdict", result->headline);
	json_put_number(json, "exit_code", result->exit_code);
	json_put_string(json, "reason", result->reason);
	for (size_t i = 0; i < result->code_count; i++)
		json_append(codes, cJSON_CreateNumber(result->codes[i]));
	json_put(json, "codes", codes);
	LIST_EACH(result->parts, struct suite_part, part)
		json_append(parts, part_json(result, part));
	json_put(json, "scenarios", parts);
	return json;
}

/* --- files ----------------------------------------------------------------------------- */

const char *const suite_report_files[] = {"report.md", "junit.xml", "summary.json", NULL};

static int write_form(const struct suite_result *result, const char *dir, const char *name,
	void (*print)(FILE *out, const struct suite_result *result), struct fail *fail)
{
	struct output output;

	output_begin(&output);
	print(output.out, result);
	return output_end(&output, dir, name, fail);
}

int suite_report(const struct suite_result *result, const char *dir, struct fail *fail)
{
	cJSON *json = suite_summary_json(result);
	int outcome = output_write_json(dir, "summary.json", json, fail);

	cJSON_Delete(json);
	if (outcome == 0)
		outcome = write_form(result, dir, "report.md", suite_markdown, fail);
	if (outcome == 0)
		outcome = write_form(result, dir, "junit.xml", suite_junit, fail);
	return outcome;
}
