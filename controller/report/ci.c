/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/ci.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "contract/file.h"
#include "contract/list.h"
#include "controller/exit_code.h"
#include "controller/judge/judge.h"
#include "controller/report/escape.h"
#include "controller/report/output.h"
#include "controller/report/report.h"

enum {
	SUMMARY_MAX = 1024 * 1024, /* GitHub drops a step's summary above that altogether */
	COPY_MAX = 100 * 1024 * 1024,
	REASON_MAX = 2000 /* GitLab refuses a dotenv file above 5 KiB */
};

int ci_make_word(char word[CI_WORD_MAX], struct fail *fail)
{
	unsigned char bytes[(CI_WORD_MAX - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return fail_errno(fail, errno, "no random numbers");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(word + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static bool is_true(const char *variable)
{
	const char *value = getenv(variable);

	return value && strcmp(value, "true") == 0;
}

/* --- around the output ------------------------------------------------------------------ */

int ci_begin(struct ci *ci, const char *runs_dir, struct fail *fail)
{
	*ci = (struct ci){.runs_dir = runs_dir,
		.kind = is_true("GITHUB_ACTIONS") ? CI_GITHUB
			: is_true("GITLAB_CI")    ? CI_GITLAB
						  : CI_OTHER};
	if (ci->kind == CI_GITHUB) {
		if (ci_make_word(ci->word, fail) < 0)
			return -1;
		printf("::group::backburn run\n::stop-commands::%s\n", ci->word);
	} else if (ci->kind == CI_GITLAB) {
		printf("\x1b[0Ksection_start:%lld:backburn[collapsed=true]\r\x1b[0Kbackburn run\n",
			(long long)time(NULL));
	}
	fflush(stdout); /* before what others print into the same file */
	return 0;
}

void ci_end(const struct ci *ci)
{
	if (ci->kind == CI_GITHUB)
		printf("::%s::\n::endgroup::\n", ci->word);
	else if (ci->kind == CI_GITLAB)
		printf("\x1b[0Ksection_end:%lld:backburn\r\x1b[0K\n", (long long)time(NULL));
	fflush(stdout);
}

/* --- files at a fixed place ------------------------------------------------------------- */

static int copy_file(const char *from_dir, const char *to_dir, const char *name, struct fail *fail)
{
	char *path = NULL, *text;
	size_t length;
	int outcome;

	if (asprintf(&path, "%s/%s", from_dir, name) < 0)
		abort();
	outcome = file_read(path, COPY_MAX, &text, &length, fail);
	free(path);
	if (outcome < 0)
		return -1;
	outcome = output_write(to_dir, name, text, length, fail);
	free(text);
	return outcome;
}

/* One line each, whatever is in it. */
static char *variables(const struct ci_outcome *outcome, const char *const names[4])
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		abort();
	plain_line(out, "%s=%s", names[0], outcome->headline);
	plain_line(out, "%s=%d", names[1], outcome->code);
	plain_line(out, "%s=%.*s", names[2], REASON_MAX, outcome->reason);
	plain_line(out, "%s=%s", names[3], outcome->directory ? outcome->directory : "");
	if (fclose(out) != 0)
		abort();
	return text;
}

/* Of an earlier run nothing may be left that would be taken for this one's. */
static int write_files(const struct ci *ci, const struct ci_outcome *outcome, struct fail *fail)
{
	static const char *const copied[] = {"junit.xml", "report.md", "summary.json"};
	static const char *const names[] = {
		"BACKBURN_VERDICT", "BACKBURN_EXIT_CODE", "BACKBURN_REASON", "BACKBURN_DIRECTORY"};
	char *dir = NULL, *text = variables(outcome, names);
	int result = 0;

	if (asprintf(&dir, "%s/ci", ci->runs_dir) < 0)
		abort();
	if ((mkdir(ci->runs_dir, 0755) < 0 && errno != EEXIST) ||
		(mkdir(dir, 0755) < 0 && errno != EEXIST))
		result = fail_errno(fail, errno, "%s", dir);
	for (size_t i = 0; result == 0 && i < sizeof(copied) / sizeof(copied[0]); i++) {
		char *old = NULL;

		if (asprintf(&old, "%s/%s", dir, copied[i]) < 0)
			abort();
		unlink(old);
		free(old);
		if (outcome->directory)
			result = copy_file(outcome->directory, dir, copied[i], fail);
	}
	if (result == 0)
		result = output_write(dir, "backburn.env", text, strlen(text), fail);
	free(text);
	free(dir);
	return result;
}

/* --- GitHub ---------------------------------------------------------------------------- */

/* At the end of a file that the runner made; one that it did not name is not wanted. */
static int append(const char *variable, const char *text, size_t most, struct fail *fail)
{
	const char *path = getenv(variable);
	size_t length = strlen(text);
	struct stat status;
	int fd, outcome = 0;
	bool known;

	if (!path || !*path)
		return 0;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail_errno(fail, errno, "%s", variable);
	known = fstat(fd, &status) == 0;
	if (known && (size_t)status.st_size + length > most)
		outcome = fail_set(
			fail, FAIL_SYSTEM, "%s: has no room for %zu bytes more", variable, length);
	else if (!known || file_write(fd, text, length) < 0)
		outcome = fail_errno(fail, errno, "%s", variable);
	close(fd);
	return outcome;
}

static int tell_github(const struct ci_outcome *outcome, const char *markdown, struct fail *fail)
{
	static const char *const names[] = {"verdict", "exit_code", "reason", "directory"};
	char *outputs = variables(outcome, names);
	int result = append("GITHUB_OUTPUT", outputs, SUMMARY_MAX, fail);

	free(outputs);
	return append("GITHUB_STEP_SUMMARY", markdown, SUMMARY_MAX, fail) < 0 ? -1 : result;
}

/* The last lines of a job's log are those that people read. */
static void say_outcome(const struct ci *ci, const struct ci_outcome *outcome)
{
	if (ci->kind == CI_GITHUB)
		printf("::stop-commands::%s\n", ci->word);
	plain_line(
		stdout, "%s (exit code %d): %s", outcome->headline, outcome->code, outcome->reason);
	plain_line(stdout, "files in %s/ci%s%s", ci->runs_dir, outcome->directory ? " and " : "",
		outcome->directory ? outcome->directory : "");
	if (ci->kind == CI_GITHUB)
		printf("::%s::\n", ci->word);
	fflush(stdout);
}

/* --- a run, a suite --------------------------------------------------------------------- */

static char *printed(void (*print)(FILE *out, const void *what), const void *what)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		abort();
	print(out, what);
	if (fclose(out) != 0)
		abort();
	return text;
}

static void print_run(FILE *out, const void *report)
{
	report_markdown(out, report);
}

static void print_suite(FILE *out, const void *result)
{
	suite_markdown(out, result);
}

static void print_refusal(FILE *out, const void *what)
{
	const struct ci_outcome *outcome = what;

	fputs("## ", out);
	markdown(out, "%s", outcome->headline);
	fputs("\n\n", out);
	markdown(out, "%s", outcome->reason);
	fputs("\n", out);
}

static int tell(
	const struct ci *ci, const struct ci_outcome *outcome, const char *text, struct fail *fail)
{
	int result = write_files(ci, outcome, fail);

	if (ci->kind == CI_GITHUB && tell_github(outcome, text, fail) < 0)
		result = -1;
	say_outcome(ci, outcome);
	return result;
}

static const char *word_of(int code)
{
	switch (code) {
	case EXIT_USAGE:
		return "WRONG USAGE";
	case EXIT_BAD_FILE:
		return "WRONG FILE";
	default:
		return judge_headline(judge_known_code(code));
	}
}

static int tell_without_journal(
	const struct ci *ci, const struct ci_outcome *refused, struct fail *fail)
{
	const struct ci_outcome outcome = {.headline = word_of(refused->code),
		.reason = refused->reason ? refused->reason
					  : "it ended before it had a journal; its output says why",
		.code = refused->code};
	char *text = printed(print_refusal, &outcome);
	int result;

	if (ci->kind == CI_GITHUB)
		report_annotate_refusal(stdout, outcome.headline, outcome.reason);
	result = tell(ci, &outcome, text, fail);
	free(text);
	return result;
}

static int load(struct report *report, const char *directory, struct fail *fail)
{
	char *path = NULL;
	int outcome;

	if (asprintf(&path, "%s/journal.ndjson", directory) < 0)
		abort();
	outcome = report_load(report, path, fail);
	free(path);
	return outcome;
}

int ci_tell_run(const struct ci *ci, const struct ci_outcome *ended, struct fail *fail)
{
	struct report report;
	struct fail ignored = FAIL_INIT;
	struct ci_outcome outcome = *ended;
	char *text;
	int result;

	if (!ended->directory || load(&report, ended->directory, &ignored) < 0)
		return tell_without_journal(ci, ended, fail);
	outcome.headline = report.judgement.headline;
	outcome.reason = report.judgement.reason;
	if (ci->kind == CI_GITHUB)
		report_annotations(stdout, &report);
	text = printed(print_run, &report);
	result = tell(ci, &outcome, text, fail);
	free(text);
	report_deinit(&report);
	return result;
}

/* What each of its runs has to say, but for those that are as they should be. */
static void annotate_suite(const struct suite_result *result)
{
	LIST_EACH(result->parts, struct suite_part, part)
		LIST_EACH(part->runs, struct suite_run, run) {
			struct fail ignored = FAIL_INIT;
			struct report report;
			if (run->code == 0 || run->code == SUITE_SKIPPED)
				continue;
			if (!run->directory || load(&report, run->directory, &ignored) < 0) {
				report_annotate_refusal(stdout, word_of(run->code), run->reason);
				continue;
			}
			report_annotations(stdout, &report);
			report_deinit(&report);
		}
}

int ci_tell_suite(const struct ci *ci, const struct suite_result *result, const char *directory,
	struct fail *fail)
{
	const struct ci_outcome outcome = {.headline = result->headline,
		.reason = result->reason,
		.directory = directory,
		.code = result->exit_code};
	char *text = printed(print_suite, result);
	int told;

	if (ci->kind == CI_GITHUB)
		annotate_suite(result);
	told = tell(ci, &outcome, text, fail);
	free(text);
	return told;
}
