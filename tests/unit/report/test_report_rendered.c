/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "controller/report/escape.h"
#include "rendered.h"
#include "told.h"

/* report.md as GitHub shows it: tables are tables, and what came from outside is text. */

static const char *const links[] = {"https://wiki.example/etcd-failover", NULL};

static char *html_of(char *markdown)
{
	char *html = rendered(markdown);

	free(markdown);
	return html;
}

static void an_honest_run_has_tables(void **state)
{
	struct told told;
	char *html;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 60);
	html = html_of(told_finish(&told, report_markdown));
	assert_has(html, "<h2>❌ VIOLATED: etcd keeps serving");
	assert_has(html, "<td>✅ noticed</td>");
	assert_has(html, "<a href=\"https://wiki.example/etcd-failover\">runbook</a>");
	assert_int_equal(assert_tables_are_whole(html), 5);
	assert_int_equal(count_of(html, "<details>"), count_of(html, "</details>"));
	assert_tags_are_ours(html, links);
	free(html);
}

/* As JSON text between the quotes of given_json(). */
static char *quoted(const char *text)
{
	cJSON *string = cJSON_CreateString(text);
	char *whole = cJSON_PrintUnformatted(string), *inside;

	assert_non_null(whole);
	inside = strndup(whole + 1, strlen(whole) - 2);
	cJSON_free(whole);
	cJSON_Delete(string);
	return inside;
}

static void set_text(cJSON *tree, const char *path, const char *text)
{
	char *json = NULL;

	assert_true(asprintf(&json, "'%s'", text) > 0);
	given_set(tree, path, json);
	free(json);
}

static char *run_that_says(const char *text)
{
	cJSON *tree = given_tree();
	char *own = quoted(text);
	struct told told;

	set_text(tree, "title", own);
	set_text(tree, "hypothesis", own);
	set_text(tree, "owner.team", own);
	set_text(tree, "links.runbook", own);
	set_text(tree, "invariants[1].why", own);
	told_begin(&told, tree);
	told_run(&told);
	told_event(&told, "note", SECONDS(50), "'by':'%s','text':'%s'", own, own);
	told_event(&told, "audit", SECONDS(67),
		"'node':'n2','when':'after','state':['%s'],'residue':['%s']", own, own);
	told_event(&told, "stop", SECONDS(67), "'why':'refused','id':'x','text':'%s'", own);
	told_event(&told, "run_ended", SECONDS(71), "'end':true");
	free(own);
	return told_finish(&told, report_markdown);
}

static void what_comes_from_outside_is_text(void **state)
{
	char *plain = html_of(run_that_says("x")), *html;
	size_t tables = assert_tables_are_whole(plain), tags = count_of(plain, "<");

	(void)state;
	for (size_t i = 0; hostile_texts[i]; i++) {
		/* A link that somebody gives as such is one. */
		const char *const given[] = {hostile_texts[i], NULL};

		html = html_of(run_that_says(hostile_texts[i]));
		assert_tags_are_ours(html, escape_is_link(hostile_texts[i]) ? given : NULL);
		assert_int_equal(assert_tables_are_whole(html), tables);
		if (count_of(html, "<") != tags + (escape_is_link(hostile_texts[i]) ? 2 : 0))
			fail_msg("\"%s\" has made another page:\n%s", hostile_texts[i], html);
		free(html);
	}
	free(plain);
}

/* As they are, the parser makes more than text of most of them: it is no blind one. */
static void without_escapes_they_are_more_than_text(void **state)
{
	size_t count = 0, seen = 0;

	(void)state;
	for (; hostile_texts[count]; count++) {
		char *html = rendered(hostile_texts[count]);

		seen += count_of(html, "<") != 2 || count_of(html, "<p>") != 1;
		free(html);
	}
	assert_true(seen * 2 > count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_honest_run_has_tables),
		cmocka_unit_test(what_comes_from_outside_is_text),
		cmocka_unit_test(without_escapes_they_are_more_than_text),
	};
	char *html = rendered("*x*");

	if (!html) {
		print_message("skipped: there is no cmark-gfm\n");
		return 77;
	}
	free(html);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
