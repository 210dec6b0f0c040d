/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "told.h"

/* report.md and the workflow commands: first things first, never too long, nothing foreign in it.
 */

static void the_verdict_comes_first(void **state)
{
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 100);
	text = told_finish(&told, report_markdown);
	assert_int_equal(strncmp(text, "## ✅ HELD: etcd keeps serving", 30), 0);
	assert_has(text, "[runbook](<https://wiki.example/etcd-failover>)");
	assert_has(text,
		"| ✅ noticed | avail ≥ 99 % in cut | must | VIOLATED, as expected | 500 | 100 | ≤ "
		"1 |");
	assert_int_equal(count_of(text, "<details>"), count_of(text, "</details>"));
	assert_has(text, "| cut-leader | n2 | n1 | not asked | 7 | 0 |");
	assert_has_not(text, "Cut here");
	free(text);
}

/* Each note is a row; many of them are more than GitHub takes. */
static void it_is_never_too_long(void **state)
{
	struct told told;
	char *text, note[400];

	(void)state;
	memset(note, '|', sizeof(note) - 1); /* each of which becomes two */
	note[sizeof(note) - 1] = '\0';
	told_begin(&told, given_tree());
	told_run(&told);
	for (int i = 0; i < 1000; i++)
		told_event(&told, "note", SECONDS(50), "'text':'%s'", note);
	told_run_ends(&told, 100);
	text = told_finish(&told, report_markdown);
	assert_true(strlen(text) < 64 * 1024);
	assert_true(strlen(text) > 50 * 1024);
	assert_int_equal(count_of(text, "<details>"), count_of(text, "</details>"));
	assert_has(text, "How events ended");
	assert_has(text, "What this run can't tell");
	assert_has(text, "*Cut here: the whole report is in report.html and report.txt.*\n");
	free(text);
}

static void a_single_huge_piece_is_left_out(void **state)
{
	cJSON *tree = given_tree();
	struct told told;
	char *text, *long_text = malloc(100003);

	(void)state;
	assert_non_null(long_text);
	memset(long_text, 'x', 100002);
	long_text[0] = long_text[100001] = '\'';
	long_text[100002] = '\0';
	given_set(tree, "title", long_text);
	free(long_text);
	told_begin(&told, tree);
	told_run(&told);
	text = told_finish(&told, report_markdown);
	assert_true(strlen(text) < 64 * 1024);
	assert_has(text, "Cut here");
	free(text);
}

static void nothing_from_outside_has_a_meaning(void **state)
{
	cJSON *tree = given_tree();
	struct told told;
	char *text;

	(void)state;
	given_set(tree, "title", "'a | b `c` <img src=x> @all\\n# d'");
	given_set(tree, "links", "{'x':'javascript:y'}");
	told_begin(&told, tree);
	told_run(&told);
	told_run_ends(&told, 100);
	text = told_finish(&told, report_markdown);
	assert_has(text,
		"a \\| b \\`c\\` &lt;img src=x&gt; @\xe2\x80\x8b"
		"all \\# d\n");
	assert_has(text, "x: javascript:y");
	assert_has_not(text, "](<javascript");
	free(text);
}

/* --- workflow commands -------------------------------------------------------------------- */

static void a_finding_is_an_annotation(void **state)
{
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 60);
	text = told_finish(&told, report_annotations);
	assert_int_equal(
		strncmp(text,
			"::error file=scenarios/x.json,line=1,title=VIOLATED%3A etcd keeps "
			"serving",
			60),
		0);
	assert_has(text,
		"\n::error file=scenarios/x.json,line=1,title=claim no-loss%3A VIOLATED::100 "
		"acknowledged of 100 attempted: 40 lost");
	/* What is as expected needs none. */
	assert_has_not(text, "claim noticed");
	free(text);
}

/* The journal names its scenario's file; the line is looked for in it as it is now. */
static void an_annotation_stands_at_its_claim(void **state)
{
	char path[128], *text, *line;
	struct told told, other;
	cJSON *event;
	FILE *file;

	(void)state;
	told_begin(&told, given_tree());
	snprintf(path, sizeof(path), "%s/x.json", told.dir);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs("{ \"invariants\": [\n  { \"id\": \"steady\" },\n  {\n    \"id\": \"no-loss\" } ] "
	      "}\n",
		file);
	fclose(file);
	told_run(&told);
	told_run_ends(&told, 60);
	/* The same journal with that file's name in its first line. */
	assert_int_equal(fflush(told.file), 0);
	told_begin(&other, given_tree());
	assert_int_equal(ftruncate(fileno(other.file), 0), 0);
	rewind(other.file);
	event = given_event_json("run_started", 0, "'journal':1,'run':'r2'");
	json_put_string(event, "scenario_file", path);
	json_put(event, "scenario", given_tree());
	line = json_print(event);
	told_line(&other, line);
	free(line);
	cJSON_Delete(event);
	told_run(&other);
	told_run_ends(&other, 60);
	text = told_finish(&other, report_annotations);
	unlink(path);
	assert_has(text, "line=3,title=claim no-loss");
	free(text);
	told_end(&told);
}

static void a_message_can_not_become_a_command(void **state)
{
	cJSON *tree = given_tree();
	struct told told;
	char *text;

	(void)state;
	given_set(tree, "title", "'x\\n::set-env name=A::b, %0A'");
	told_begin(&told, tree);
	told_run(&told);
	told_run_ends(&told, 100);
	text = told_finish(&told, report_annotations);
	assert_int_equal(count_of(text, "\n::"), 0);
	assert_has(text, "title=HELD%3A x %3A%3Aset-env name=A%3A%3Ab%2C %250A::");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verdict_comes_first),
		cmocka_unit_test(it_is_never_too_long),
		cmocka_unit_test(a_single_huge_piece_is_left_out),
		cmocka_unit_test(nothing_from_outside_has_a_meaning),
		cmocka_unit_test(a_finding_is_an_annotation),
		cmocka_unit_test(an_annotation_stands_at_its_claim),
		cmocka_unit_test(a_message_can_not_become_a_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
