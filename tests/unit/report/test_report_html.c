/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "told.h"

/* report.html: what is in it, in which order, and that nothing from outside becomes part of it. */

static char *whole_page(cJSON *tree, int64_t last_id)
{
	struct told told;

	told_begin(&told, tree);
	told_run(&told);
	told_run_ends(&told, last_id);
	return told_finish(&told, report_html);
}

static void in_order(const char *text, const char *const *parts)
{
	for (; *parts; parts++) {
		text = strstr(text, *parts);
		if (!text) {
			fail_msg("\"%s\" is missing, or not in its place", *parts);
			return;
		}
	}
}

static void the_verdict_comes_first(void **state)
{
	static const char *const parts[] = {"<strong>HELD</strong>", "exit code 0",
		"<h1>etcd keeps", "Owner: storage", "href=\"https://wiki.example/etcd-failover\"",
		"What it cost", "<h2>Claims",
		">negative control: the probe must pass through the leader<", "<svg", "Time line",
		"<h2>Data", "What was hit", "Proof of the revert", "What this run can",
		"How to reproduce", "Draft findings", NULL};
	char *text = whole_page(given_tree(), 100);

	(void)state;
	in_order(text, parts);
	free(text);
}

static void numbers_are_the_judgements(void **state)
{
	char *text = whole_page(given_tree(), 100);

	(void)state;
	/* 100 of 3300 events bad in all; 100 of the 500 of the cut. */
	assert_has(text, "<b>100</b>\n<span>of 3300 events bad in avail (3.03 %;");
	assert_has(text, "80 % good (");
	assert_has(text,
		"<b>2.00s</b>\n<span>longest time without a good event in avail (± 20ms), "
		"during cut-leader");
	assert_has(text, "data-label=\"measured\" class=\"measured\">2.00s ± 20ms");
	/* 7 and 5 packets on n2's ways out, none on the ways in. */
	assert_has(
		text, "<td class=\"number\">7 dropped</td>\n<td class=\"number none\">none</td>");
	assert_has(text, "effect <strong class=\"good\">✓ proven");
	free(text);
}

static void there_is_no_script_and_no_style_in_it(void **state)
{
	char *text = whole_page(given_tree(), 100);

	(void)state;
	assert_has_not(text, "<script");
	assert_has_not(text, "<style");
	assert_has_not(text, "style=");
	assert_has_not(text, " onload");
	assert_has_not(text, "src=");
	assert_int_equal(count_of(text, "<link "), 1);
	assert_has(text, "<link rel=\"stylesheet\" href=\"report.css\">");
	free(text);
}

static void a_single_file_needs_no_other(void **state)
{
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 100);
	text = told_finish(&told, report_html_single);
	assert_has_not(text, "<link ");
	assert_has_not(text, "src=");
	assert_int_equal(count_of(text, "<style>"), 1);
	assert_int_equal(count_of(text, "</style>"), 1);
	assert_has(text, "--paper: #ffffff;");
	assert_has(text, "<strong>HELD</strong>");
	free(text);
}

static void nothing_from_outside_is_markup(void **state)
{
	/* U+202E, in a spelling that does not reorder this file for those who read it */
	static const char reordering[] = {(char)0xe2, (char)0x80, (char)0xae, '\0'};
	cJSON *tree = given_tree();
	struct told told;
	char *text;

	(void)state;
	given_set(tree, "title", "'<script>alert(1)</script>'");
	given_set(tree, "hypothesis", "'\\\"><img src=x onerror=y> ]]>'");
	given_set(tree, "owner.team", "'<b>team</b>'");
	given_set(tree, "owner.contact", "'javascript:alert(2)'");
	given_set(tree, "links", "{'<i>':'javascript:alert(3)','ok':'https://x/?a=1&b=2'}");
	given_set(tree, "invariants[1].why", "'</td></tr></table><h1>x'");
	told_begin(&told, tree);
	told_run(&told);
	told_event(&told, "note", SECONDS(67), "'text':'<svg onload=z> \\u0001\\u202e'");
	told_event(&told, "node_lost", SECONDS(67), "'node':'<u>n9','reason':'</ul>'");
	told_run_ends(&told, 100);
	text = told_finish(&told, report_html);
	assert_has_not(text, "<script");
	assert_has_not(text, "<img");
	assert_has_not(text, "<svg onload");
	assert_has_not(text, "<b>team");
	assert_has_not(text, "href=\"javascript");
	assert_has_not(text, "<u>");
	assert_has_not(text, "<i>");
	assert_has_not(text, "\x01");
	assert_has_not(text, reordering);
	assert_int_equal(count_of(text, "<h1>"), 1);
	assert_has(text, "<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>");
	/* An address that is none is shown, not followed. */
	assert_has(text, "<li>&lt;i&gt;: javascript:alert(3)</li>");
	assert_has(text, "href=\"https://x/?a=1&amp;b=2\"");
	free(text);
}

static void a_node_that_is_not_as_before_shows_its_lines(void **state)
{
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 100);
	told_event(&told, "audit", SECONDS(71),
		"'node':'n2','when':'after','state':['qdisc eth0 <clsact>'],'residue':['neighbour "
		"x']");
	text = told_finish(&told, report_html);
	assert_has(text, "<strong>REVERT NOT CONFIRMED</strong> <span>exit code 5");
	assert_has(text, "− link eth0</div>");
	assert_has(text, "+ qdisc eth0 &lt;clsact&gt;</div>");
	assert_has(text, "n2: neighbour x");
	free(text);
}

static void a_run_that_touched_nothing_says_so(void **state)
{
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_event(&told, "stop", 1, "'why':'refused','text':'group rest must have 2 nodes'");
	told_event(&told, "run_ended", 2, "'end':true");
	text = told_finish(&told, report_html);
	assert_has(text, "<strong>REFUSED</strong>");
	assert_has(text, "Group rest must have 2 nodes.");
	assert_has(text, "no node was hit");
	assert_has(text, "No node was looked at, and none was touched.");
	assert_has_not(text, "Over time");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verdict_comes_first),
		cmocka_unit_test(numbers_are_the_judgements),
		cmocka_unit_test(there_is_no_script_and_no_style_in_it),
		cmocka_unit_test(a_single_file_needs_no_other),
		cmocka_unit_test(nothing_from_outside_is_markup),
		cmocka_unit_test(a_node_that_is_not_as_before_shows_its_lines),
		cmocka_unit_test(a_run_that_touched_nothing_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
