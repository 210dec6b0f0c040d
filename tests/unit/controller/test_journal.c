/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/file.h"
#include "controller/journal/journal.h"
#include "controller/report/progress.h"
#include "controller/report/report.h"
#include "hands.h"

/* A whole run written to a file and read back; what a crash leaves; the reports made of it. */

static char folder[] = "/tmp/backburn-journal-XXXXXX";

static char *file(const char *name)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/%s", folder, name) >= 0);
	return path;
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"journal.ndjson", "torn.ndjson"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char *path = file(names[i]);

		unlink(path);
		free(path);
	}
	return rmdir(folder);
}

static void write_text(const char *path, const char *text, size_t length)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, length, out), length);
	fclose(out);
}

/* What the hands did so far, in a file. */
static char *write_events(const struct hands *hands)
{
	struct journal journal;
	struct fail fail = FAIL_INIT;
	char *path = file("journal.ndjson");

	unlink(path);
	assert_int_equal(journal_open(&journal, path, &fail), 0);
	for (const cJSON *event = hands->journal->child; event; event = event->next)
		assert_int_equal(journal_append(&journal, event, &fail), 0);
	journal_close(&journal);
	return path;
}

/* The journal of a run that held. */
static char *write_journal(struct hands *hands)
{
	hands_init(hands, given_tree());
	assert_true(hands_run(hands, SECONDS(240)));
	return write_events(hands);
}

/* A form of the report of that file. */
static char *form_of(const char *path, void (*form)(FILE *out, const struct report *report))
{
	struct fail fail = FAIL_INIT;
	struct report report;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(report_load(&report, path, &fail), 0);
	form(out, &report);
	fclose(out);
	report_deinit(&report);
	return text;
}

static void what_is_written_judges_the_same(void **state)
{
	(void)state;
	struct hands hands;
	char *path = write_journal(&hands);
	struct record record, expected_record;
	struct judgement judgement, expected = hands_judgement(&hands, &expected_record);
	struct fail fail = FAIL_INIT;

	assert_int_equal(journal_read(path, &record, &fail), 0);
	assert_true(record.ended);
	judge(&record, &judgement);
	assert_int_equal(judgement.exit_code, 0);
	for (size_t i = 0; i < expected.claims.count; i++) {
		const struct claim_judgement *own =
			LIST_AT(judgement.claims, struct claim_judgement, i);

		assert_string_equal(
			own->text, LIST_AT(expected.claims, struct claim_judgement, i)->text);
	}
	judgement_deinit(&judgement);
	judgement_deinit(&expected);
	record_deinit(&record);
	record_deinit(&expected_record);
	hands_deinit(&hands);
	free(path);
}

static void a_journal_is_never_written_over(void **state)
{
	(void)state;
	struct journal journal;
	struct fail fail = FAIL_INIT;
	char *path = file("journal.ndjson");

	assert_int_equal(journal_open(&journal, path, &fail), -1);
	assert_int_equal(fail.error, EEXIST);
	journal_close(&journal);
	free(path);
}

static void every_torn_end_is_read(void **state)
{
	(void)state;
	struct hands hands;
	char *path = write_journal(&hands), *torn = file("torn.ndjson"), *text;
	struct fail fail = FAIL_INIT;
	size_t length, first;

	assert_int_equal(file_read(path, 64 << 20, &text, &length, &fail), 0);
	first = strcspn(text, "\n") + 1;
	/* Some way into the first line there is nothing to read, and that is said. */
	write_text(torn, text, first - 1);
	{
		struct record record;

		assert_int_equal(journal_read(torn, &record, &fail), -1);
		assert_non_null(strstr(fail.text, "the journal is empty"));
	}
	for (size_t cut = first; cut < length; cut += 1 + (length - first) / 60) {
		struct record record;
		struct judgement judgement;

		write_text(torn, text, cut);
		if (journal_read(torn, &record, &fail) < 0)
			fail_msg("%s", fail.text);
		assert_false(record.ended);
		judge(&record, &judgement);
		/* Broken, or something touched and not looked at again. Never a good end. */
		assert_true(judgement.exit_code == 70 || judgement.exit_code == 5);
		judgement_deinit(&judgement);
		record_deinit(&record);
	}
	free(text);
	free(torn);
	free(path);
	hands_deinit(&hands);
}

static void nonsense_is_refused_with_its_line(void **state)
{
	(void)state;
	struct hands hands;
	char *path = write_journal(&hands), *torn = file("torn.ndjson"), *text, *bad = NULL;
	static const struct {
		const char *line, *said;
	} cases[] = {
		{"{\"event\":\"quark\",\"t_ns\":1}", "journal: unknown event \"quark\""},
		{"{}", "journal: unknown event \"\""},
		{"not json", "not valid JSON near \"not json\""},
		{"", "not valid JSON: the text ends before the value does"},
		{"{\"event\":\"stop\",\"why\":\"fun\"}", "journal: unknown reason to stop \"fun\""},
		{"{\"event\":\"fault_over\",\"fault\":\"x\"}",
			"journal: fault_over names the unknown fault \"x\""},
		{"{\"event\":\"source\",\"probe\":\"put\",\"from\":\"c\",\"start_ns\":0,\"rate\":"
		 "0}",
			"journal: an impossible source of events"},
	};
	struct fail fail = FAIL_INIT;
	size_t length;

	assert_int_equal(file_read(path, 64 << 20, &text, &length, &fail), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record record;
		char *expected = NULL;

		assert_true(asprintf(&bad, "%.*s%s\n", (int)strcspn(text, "\n") + 1, text,
				    cases[i].line) >= 0);
		write_text(torn, bad, strlen(bad));
		assert_int_equal(journal_read(torn, &record, &fail), -1);
		assert_true(asprintf(&expected, "%s:2: %s", torn, cases[i].said) >= 0);
		assert_string_equal(fail.text, expected);
		free(expected);
		free(bad);
	}
	free(text);
	free(torn);
	free(path);
	hands_deinit(&hands);
}

static void a_journal_begins_with_its_scenario(void **state)
{
	(void)state;
	static const struct {
		const char *line, *said;
	} cases[] = {
		{"{\"event\":\"stop\"}\n", "journal: does not begin with run_started"},
		{"{\"event\":\"run_started\",\"journal\":1}\n",
			"journal: does not begin with run_started"},
		{"{\"event\":\"run_started\",\"journal\":2,\"scenario\":{}}\n",
			"journal: format 2; this version reads format 1"},
		{"{\"event\":\"run_started\",\"journal\":1,\"scenario\":{}}\n",
			"journal: scenario: : scenario needs the key \"backburn\""},
	};
	char *torn = file("torn.ndjson");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record record;
		struct fail fail = FAIL_INIT;

		write_text(torn, cases[i].line, strlen(cases[i].line));
		assert_int_equal(journal_read(torn, &record, &fail), -1);
		assert_non_null(strstr(fail.text, cases[i].said));
	}
	free(torn);
}

/* --- reports ---------------------------------------------------------------------------------- */

static void progress_is_one_line_for_what_matters(void **state)
{
	(void)state;
	struct hands hands;
	char *text = NULL;
	size_t size = 0, lines = 0;
	FILE *out = open_memstream(&text, &size);

	hands_init(&hands, given_tree());
	assert_true(hands_run(&hands, SECONDS(240)));
	for (const cJSON *event = hands.journal->child; event; event = event->next)
		progress_print(out, event);
	fclose(out);
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	/* run, four phases, three groups, three inspected, arming, healed, read back: measures say
	 * nothing */
	assert_int_equal(lines, 14);
	assert_non_null(strstr(text,
		"T+   0.0s  run r1: etcd keeps serving when its leader is cut "
		"off\n"));
	assert_non_null(strstr(text, "group leader: n2\n"));
	assert_non_null(strstr(text, "arming cut-leader on n2 from n1, n3, for at most 10.0s\n"));
	assert_non_null(strstr(text, "healed cut-leader\n"));
	free(text);
	hands_deinit(&hands);
}

static void the_summary_has_all_that_was_judged(void **state)
{
	(void)state;
	static const char *const keys[] = {"summary", "run", "scenario", "verdict", "exit_code",
		"reason", "codes", "stopped_by", "claims", "faults", "gaps", "data", "costs",
		"revert"};
	struct hands hands;
	struct fail fail = FAIL_INIT;
	char *path = write_journal(&hands), *text = form_of(path, report_json);
	const cJSON *claim;
	cJSON *json;

	json = json_parse(text, strlen(text), &fail);
	assert_non_null(json);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!cJSON_HasObjectItem(json, keys[i]))
			fail_msg("no key %s", keys[i]);
	assert_string_equal(json_string(json, "verdict", ""), "HELD");
	assert_true(json_number(json, "exit_code", -1) == 0);
	claim = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "claims"), 2);
	assert_string_equal(json_string(claim, "id", ""), "failover");
	assert_string_equal(json_string(claim, "verdict", ""), "HELD");
	assert_true(json_number(claim, "recovered_after_s", 0) > 1.4);
	assert_int_equal(
		cJSON_GetArraySize(cJSON_GetObjectItem(
			cJSON_GetArrayItem(cJSON_GetObjectItem(json, "faults"), 0), "pairs")),
		4);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "revert")), 5);
	cJSON_Delete(json);
	free(text);
	free(path);
	hands_deinit(&hands);
}

static void the_text_begins_with_the_verdict(void **state)
{
	(void)state;
	struct hands hands;
	char *path, *text;

	hands_init(&hands, given_tree());
	hands.outage_ns = SECONDS(7);
	assert_true(hands_run(&hands, SECONDS(240)));
	path = write_events(&hands);
	text = form_of(path, report_summary);
	assert_memory_equal(text,
		"VIOLATED: etcd keeps serving when its leader is cut off\n"
		"  claim failover is VIOLATED: recovered 7.00s after the fault's start; allowed "
		"5s, "
		"stable for 3s (exit 1)\n",
		149);
	assert_non_null(strstr(text,
		"! failover     VIOLATED (must): avail good again within 5s of the start of "
		"cut-leader\n"));
	assert_non_null(strstr(text, "gap          avail, during cut-leader: 7.0"));
	assert_non_null(strstr(text,
		"n2 to n1: packets dropped 20 (24 segments), on the way back 20 (24 "
		"segments); 1 live connection before\n"));
	free(text);
	free(path);
	hands_deinit(&hands);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_judges_the_same),
		cmocka_unit_test(a_journal_is_never_written_over),
		cmocka_unit_test(every_torn_end_is_read),
		cmocka_unit_test(nonsense_is_refused_with_its_line),
		cmocka_unit_test(a_journal_begins_with_its_scenario),
		cmocka_unit_test(progress_is_one_line_for_what_matters),
		cmocka_unit_test(the_summary_has_all_that_was_judged),
		cmocka_unit_test(the_text_begins_with_the_verdict),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
