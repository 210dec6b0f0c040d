/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/list.h"
#include "controller/report/output.h"
#include "controller/report/run_list.h"

/* A directory of runs: what is one, in which order, and that nothing in it becomes markup. */

static char runs[64];
static struct list made; /* of char *: what is to be removed, the latest last */

static void write_file(const char *directory, const char *file, const char *text)
{
	struct fail fail = FAIL_INIT;
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", runs, directory);
	if (mkdir(path, 0755) == 0)
		list_push_text(&made, path);
	assert_int_equal(output_write(path, file, text, strlen(text), &fail), 0);
	snprintf(path, sizeof(path), "%s/%s/%s", runs, directory, file);
	list_push_text(&made, path);
}

static void write_run(const char *directory, const char *scenario, int code, double rto_s)
{
	char text[512];

	snprintf(text, sizeof(text),
		"{\"summary\":1,\"scenario\":\"%s\",\"environment\":\"lab\",\"started\":"
		"\"2026-01-31T23:59:30Z\",\"lasted_s\":60.5,\"verdict\":\"%s\",\"exit_code\":%d,"
		"\"reason\":\"because\",\"gaps\":[{\"rto_s\":0.5},{\"rto_s\":%g},{\"rto_s\":null}],"
		"\"costs\":[{\"events\":100,\"bad\":3},{\"events\":50,\"bad\":1}]}",
		scenario, code ? "VIOLATED" : "HELD", code, rto_s);
	write_file(directory, "summary.json", text);
	write_file(directory, "journal.ndjson", "{}\n");
}

static int begin(void **state)
{
	(void)state;
	snprintf(runs, sizeof(runs), "/tmp/backburn-runs-XXXXXX");
	return mkdtemp(runs) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	for (size_t i = made.count; i-- > 0;)
		remove(((char **)made.items)[i]);
	list_free_texts(&made);
	return rmdir(runs);
}

static struct list listed(void)
{
	struct fail fail = FAIL_INIT;
	struct list entries;

	if (run_list_read(runs, &entries, &fail) < 0)
		fail_msg("%s", fail.text);
	return entries;
}

static const struct run_entry *entry_at(const struct list *entries, size_t index)
{
	assert_true(index < entries->count);
	return (const struct run_entry *)entries->items + index;
}

static void the_latest_run_comes_first(void **state)
{
	struct list entries, names;

	(void)state;
	write_run("20260101-100000-a", "a", 0, 2.5);
	write_run("20260103-100000-a", "a", 1, 1);
	write_run("20260102-100000-b", "b", 0, 1);
	/* None of these is a run. */
	write_file("ci", "summary.json", "{}");
	write_file("notes", "notes.txt", "x");
	entries = listed();
	assert_int_equal(entries.count, 3);
	assert_string_equal(entry_at(&entries, 0)->directory, "20260103-100000-a");
	assert_string_equal(entry_at(&entries, 2)->directory, "20260101-100000-a");
	assert_true(entry_at(&entries, 2)->rto_s == 2.5);
	assert_true(entry_at(&entries, 2)->events == 150 && entry_at(&entries, 2)->bad == 4);
	assert_int_equal(entry_at(&entries, 0)->exit_code, 1);
	names = run_list_names(&entries);
	assert_int_equal(names.count, 2);
	assert_string_equal(((char **)names.items)[0], "a");
	list_free_texts(&names);
	run_list_free(&entries);
}

static char *printed(const struct list *entries, size_t most)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	run_list_text(out, entries, most);
	assert_int_equal(fclose(out), 0);
	return text;
}

static char *page(const struct list *entries)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	run_list_html(out, entries);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void a_list_may_be_cut_and_says_so(void **state)
{
	struct list entries;
	char *text;

	(void)state;
	write_run("20260101-100000-a", "a", 0, 2.5);
	write_run("20260102-100000-a", "a", 1, 1);
	entries = listed();
	text = printed(&entries, 1);
	assert_non_null(strstr(text, "✗ VIOLATED    20260102-100000-a on lab\n"));
	assert_null(strstr(text, "20260101-100000-a"));
	assert_non_null(strstr(text, "… and 1 earlier ones (--all)\n"));
	/* The oldest stands left, and all count. */
	assert_non_null(strstr(text, "✓✗  1 of 2 held\n"));
	free(text);
	text = printed(&entries, 0);
	assert_non_null(strstr(text, "1m01s, 4 of 150 bad, RTO 2.50s\n") ||
		strstr(text, "60.5s, 4 of 150 bad, RTO 2.50s\n"));
	free(text);
	run_list_free(&entries);
}

static void what_has_no_verdict_is_listed_with_the_reason(void **state)
{
	struct list entries;
	char *text, *html;

	(void)state;
	write_file("20260104-100000-c", "journal.ndjson", "{}\n");
	write_file("20260105-100000-d", "summary.json", "{\"a\":1,\"a\":2}");
	entries = listed();
	assert_int_equal(entries.count, 2);
	text = printed(&entries, 0);
	assert_non_null(strstr(text, "summary.json: the key \"a\" stands here twice\n"));
	assert_non_null(strstr(text, run_without_verdict));
	html = page(&entries);
	assert_non_null(strstr(html, "<h2>Without a verdict</h2>"));
	/* There is no report to go to. */
	assert_null(strstr(html, "<a "));
	free(text);
	free(html);
	run_list_free(&entries);
}

static void nothing_in_it_is_markup(void **state)
{
	struct list entries;
	char *html;

	(void)state;
	write_run("20260106-<b>", "<script>x</script>", 0, 1);
	write_run("20260107-100000-a", "a", 0, 1);
	entries = listed();
	html = page(&entries);
	assert_null(strstr(html, "<script"));
	assert_null(strstr(html, "<b>"));
	assert_null(strstr(html, "style="));
	assert_non_null(strstr(html, "&lt;script&gt;"));
	assert_non_null(strstr(html, "<a href=\"20260107-100000-a/report.html\">"));
	/* What is no plain name is not followed. */
	assert_null(strstr(html, "href=\"20260106"));
	free(html);
	run_list_free(&entries);
}

static void a_trend_is_bounded(void **state)
{
	struct list entries;
	char *html, *text;
	size_t marks = 0;

	(void)state;
	for (int i = 0; i < RUNS_TREND_MAX + 5; i++) {
		char name[64];

		snprintf(name, sizeof(name), "20260101-1000%02d-a", i);
		write_run(name, "a", i < 5 ? 1 : 0, i);
	}
	entries = listed();
	html = page(&entries);
	for (const char *at = html; (at = strstr(at, "<g><rect")); at++)
		marks++;
	assert_int_equal(marks, RUNS_TREND_MAX);
	text = printed(&entries, 1);
	/* The five that are left out are the oldest. */
	assert_non_null(strstr(text, "…✓"));
	assert_non_null(strstr(text, "40 of 45 held"));
	free(text);
	free(html);
	run_list_free(&entries);
}

static void a_directory_that_is_not_there_is_said(void **state)
{
	struct fail fail = FAIL_INIT;
	struct list entries;

	(void)state;
	assert_int_equal(run_list_read("/nowhere/at/all", &entries, &fail), -1);
	assert_string_equal(fail.text, "/nowhere/at/all: No such file or directory");
	assert_int_equal(entries.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_latest_run_comes_first),
		TEST(a_list_may_be_cut_and_says_so),
		TEST(what_has_no_verdict_is_listed_with_the_reason),
		TEST(nothing_in_it_is_markup),
		TEST(a_trend_is_bounded),
		cmocka_unit_test(a_directory_that_is_not_there_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
