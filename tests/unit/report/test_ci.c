/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/exit_code.h"
#include "controller/report/ci.h"
#include "told.h"

/* What CI servers are told, in environments like theirs. */

static const char *path_of(const struct told *told, const char *name)
{
	static char paths[4][160];
	static int turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", told->dir, name);
	return path;
}

static char *text_of(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		fail_msg("%s is not there", path);
	if (getdelim(&text, &size, '\0', file) < 0)
		text = strdup("");
	fclose(file);
	return text;
}

/* All of a suite's or run's telling, as the job's log has it; to be freed. */
static char *log_of(const struct told *told, const struct ci_outcome *outcome)
{
	const char *path = path_of(told, "log");
	struct fail fail = FAIL_INIT;
	int saved = dup(1), log = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *text;
	struct ci ci;

	assert_true(saved >= 0 && log >= 0);
	fflush(stdout);
	dup2(log, 1);
	close(log);
	if (ci_begin(&ci, told->dir, &fail) == 0) {
		printf("::error::from a target\n");
		ci_end(&ci);
		ci_tell_run(&ci, outcome, &fail);
	}
	fflush(stdout);
	dup2(saved, 1);
	close(saved);
	if (fail.kind)
		fail_msg("%s", fail.text);
	text = text_of(path);
	unlink(path);
	return text;
}

static int no_server(void **state)
{
	(void)state;
	unsetenv("GITHUB_ACTIONS");
	unsetenv("GITHUB_OUTPUT");
	unsetenv("GITHUB_STEP_SUMMARY");
	unsetenv("GITLAB_CI");
	return 0;
}

static void whole_run(struct told *told)
{
	struct report report;
	struct fail fail = FAIL_INIT;

	told_begin(told, given_tree());
	told_run(told);
	told_run_ends(told, 100);
	fflush(told->file);
	assert_int_equal(report_load(&report, told->path, &fail), 0);
	assert_int_equal(report_write(&report, told->dir, &fail), 0);
	report_deinit(&report);
}

static void assert_file_has(const struct told *told, const char *name, const char *what)
{
	char *text = text_of(path_of(told, name));

	if (!strstr(text, what))
		fail_msg("%s does not have \"%s\":\n%s", name, what, text);
	free(text);
}

/* Those that told_end() does not know of. */
static void remove_files(const struct told *told)
{
	static const char *const names[] = {"ci/junit.xml", "ci/report.md", "ci/summary.json",
		"ci/backburn.env", "ci", "output", "summary"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		remove(path_of(told, names[i]));
	for (size_t i = 0; report_files[i]; i++)
		remove(path_of(told, report_files[i]));
}

static void github_obeys_us_and_nobody_else(void **state)
{
	struct told told;
	char *log, *stop, *resume, word[128] = "::";
	int used = 0;

	(void)state;
	whole_run(&told);
	setenv("GITHUB_ACTIONS", "true", 1);
	setenv("GITHUB_OUTPUT", path_of(&told, "output"), 1);
	setenv("GITHUB_STEP_SUMMARY", path_of(&told, "summary"), 1);
	log = log_of(&told, &(struct ci_outcome){.directory = told.dir});
	/* What a run prints stands between a stop and its word. */
	stop = strstr(log, "::stop-commands::");
	assert_non_null(stop);
	assert_int_equal(sscanf(stop, "::stop-commands::%32[0-9a-f]%n", word + 2, &used), 1);
	assert_int_equal(strlen(word), 34);
	snprintf(word + 34, sizeof(word) - 34, "::\n");
	resume = strstr(stop, word);
	assert_non_null(resume);
	assert_true(strstr(log, "::error::from a target") > stop);
	assert_true(strstr(log, "::error::from a target") < resume);
	/* Annotations come after it, and the last lines are no commands again. */
	assert_true(strstr(log, "::notice ") > resume);
	assert_non_null(strstr(resume, "\nHELD (exit code 0): every gate is met\n"));
	assert_string_equal(log + strlen(log) - strlen(word), word);
	free(log);
	assert_file_has(&told, "output", "verdict=HELD\nexit_code=0\nreason=every gate is met\n");
	assert_file_has(&told, "summary", "## ✅ HELD: etcd keeps serving");
	assert_file_has(&told, "ci/junit.xml", "<testsuite name=\"etcd-leader-cut\"");
	assert_file_has(&told, "ci/report.md", "HELD");
	remove_files(&told);
	told_end(&told);
}

/* Steps of one job share the file: it grows, and what would be too much is not written. */
static void a_summary_has_an_end(void **state)
{
	struct told told;
	struct fail fail = FAIL_INIT;
	const struct ci_outcome refused = {.reason = "no such group", .code = EXIT_REFUSED};
	struct ci ci = {.kind = CI_GITHUB, .word = "x"};
	FILE *summary;

	(void)state;
	told_begin(&told, given_tree());
	ci.runs_dir = told.dir;
	setenv("GITHUB_STEP_SUMMARY", path_of(&told, "summary"), 1);
	summary = fopen(path_of(&told, "summary"), "w");
	assert_non_null(summary);
	fputs("what was there\n", summary);
	fflush(summary);
	assert_int_equal(ci_tell_run(&ci, &refused, &fail), 0);
	assert_file_has(&told, "summary", "what was there\n## REFUSED\n\nno such group\n");
	assert_int_equal(ftruncate(fileno(summary), 1024 * 1024 - 10), 0);
	assert_int_equal(ci_tell_run(&ci, &refused, &fail), -1);
	assert_non_null(strstr(fail.text, "GITHUB_STEP_SUMMARY: has no room for "));
	fclose(summary);
	remove_files(&told);
	told_end(&told);
}

static void gitlab_folds_and_reads_files(void **state)
{
	struct told told;
	char *log;

	(void)state;
	whole_run(&told);
	setenv("GITLAB_CI", "true", 1);
	log = log_of(&told, &(struct ci_outcome){.directory = told.dir});
	assert_int_equal(strncmp(log, "\x1b[0Ksection_start:", 18), 0);
	assert_non_null(strstr(log, ":backburn[collapsed=true]\r\x1b[0Kbackburn run\n"));
	assert_non_null(strstr(log, ":backburn\r\x1b[0K\nHELD (exit code 0): "));
	assert_null(strstr(log, "::notice"));
	free(log);
	assert_file_has(&told, "ci/backburn.env",
		"BACKBURN_VERDICT=HELD\nBACKBURN_EXIT_CODE=0\nBACKBURN_REASON=every gate is met\n");
	assert_file_has(&told, "ci/summary.json", "\"verdict\"");
	remove_files(&told);
	told_end(&told);
}

/* Also Jenkins: the same files, and nothing of an earlier run among them. */
static void others_read_files(void **state)
{
	struct told told;
	char *log;

	(void)state;
	whole_run(&told);
	log = log_of(&told, &(struct ci_outcome){.directory = told.dir});
	assert_int_equal(strncmp(log, "::error::from a target\nHELD", 27), 0);
	free(log);
	assert_file_has(&told, "ci/junit.xml", "etcd-leader-cut");
	log = log_of(
		&told, &(struct ci_outcome){.code = EXIT_BAD_FILE, .reason = "x.json:3: y\nz"});
	assert_non_null(strstr(log, "WRONG FILE (exit code 65): x.json:3: y z\n"));
	free(log);
	assert_int_equal(access(path_of(&told, "ci/junit.xml"), F_OK), -1);
	assert_file_has(&told, "ci/backburn.env", "BACKBURN_REASON=x.json:3: y z\n");
	remove_files(&told);
	told_end(&told);
}

/* GitLab refuses a dotenv file above 5 KiB, and with it all that it says. */
static void a_long_reason_is_cut(void **state)
{
	struct told told;
	char reason[8001], *text;

	(void)state;
	memset(reason, 'x', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	told_begin(&told, given_tree());
	free(log_of(&told, &(struct ci_outcome){.code = EXIT_REFUSED, .reason = reason}));
	text = text_of(path_of(&told, "ci/backburn.env"));
	assert_non_null(strstr(text, "BACKBURN_REASON=xxx"));
	assert_non_null(strstr(text, "x\nBACKBURN_DIRECTORY=\n"));
	assert_true(strlen(text) < 5 * 1024);
	free(text);
	remove_files(&told);
	told_end(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(github_obeys_us_and_nobody_else, no_server),
		cmocka_unit_test_setup(a_summary_has_an_end, no_server),
		cmocka_unit_test_setup(gitlab_folds_and_reads_files, no_server),
		cmocka_unit_test_setup(others_read_files, no_server),
		cmocka_unit_test_setup(a_long_reason_is_cut, no_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
