/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/judge/radius.h"
#include "controller/report/graph.h"
#include "told.h"

/* The blast radius: who was meant, what lived there, and what was hit. */

static const struct radius_node *node_of(const struct radius *radius, const char *name)
{
	LIST_EACH(radius->nodes, struct radius_node, node)
		if (strcmp(node->name, name) == 0)
			return node;
	fail_msg("no node %s", name);
	return NULL;
}

static const struct radius_link *link_of(const struct radius *radius, const char *a, const char *b)
{
	const struct radius_node *first = radius->nodes.items;

	LIST_EACH(radius->links, struct radius_link, link)
		if (strcmp(first[link->a].name, a) == 0 && strcmp(first[link->b].name, b) == 0)
			return link;
	fail_msg("no link %s to %s", a, b);
	return NULL;
}

static void inspected(struct told *told)
{
	told_event(told, "fault_inspected", SECONDS(30),
		"'fault':'cut-leader','node':'n2','result':{'effects':[],'undo':[],'interfaces':[],"
		"'foreign':[],'connections':[{'local':'10.0.0.2:2380','remote':'10.0.0.1:4711',"
		"'peer':'n1','state':'established'},{'local':'10.0.0.2:2380','remote':"
		"'10.0.0.1:4712','peer':'n1','state':'established'}],'connection_count':2,"
		"'processes':[]}");
}

static void begin(struct told *told, struct report *report)
{
	told_begin(told, given_tree());
	told_run(told);
	inspected(told);
	told_event(told, "node", 0,
		"'node':'client','host':'client','kernel':'6.1','tool':'t','attach':'tcx',"
		"'addresses':['10.0.0.9']");
	told_run_ends(told, 100);
	told_report(told, report);
}

static void a_graph_has_each_node_and_link_once(void **state)
{
	struct told told;
	struct report report;
	struct radius radius;

	(void)state;
	begin(&told, &report);
	radius_init(&radius, &report.record, &report.judgement);
	assert_int_equal(radius.nodes.count, 4);
	assert_int_equal(node_of(&radius, "n2")->role, RADIUS_TARGET);
	assert_true(node_of(&radius, "n2")->hit);
	assert_int_equal(node_of(&radius, "n1")->role, RADIUS_PEER);
	assert_true(node_of(&radius, "n1")->hit);
	assert_int_equal(node_of(&radius, "client")->role, RADIUS_APART);
	assert_false(node_of(&radius, "client")->hit);
	assert_true(node_of(&radius, "client")->known);
	assert_int_equal(radius.links.count, 2);
	assert_int_equal(link_of(&radius, "n1", "n2")->packets, 7);
	assert_int_equal(link_of(&radius, "n1", "n2")->connections, 2);
	assert_int_equal(link_of(&radius, "n2", "n3")->packets, 5);
	assert_int_equal(link_of(&radius, "n2", "n3")->connections, 0);
	radius_deinit(&radius);
	report_deinit(&report);
	told_end(&told);
}

static void a_fault_is_told_as_declared_predicted_and_measured(void **state)
{
	struct told told;
	struct report report;
	char *html, *markdown;

	(void)state;
	begin(&told, &report);
	html = told_form(&report, report_html);
	markdown = told_form(&report, report_markdown);
	assert_has(html, "<td>n2, against n1, n3</td>");
	assert_has(html, "<td>2 live connections on 1 of 2 links</td>");
	assert_has(html, "12 packets dropped on 2 of 2 links");
	assert_has(markdown, "2 live connections on 1 of 2 links");
	/* In its phase, and in no other. */
	assert_has(html,
		"<th scope=\"row\">n2<small>target</small>\n</th><td>–</td><td><div>"
		"<b>cut-leader</b>: 12 packets dropped</div></td><td>–</td><td>–</td></tr>");
	assert_has(html, "<b>cut-leader</b>, counterpart: 7 packets dropped");
	free(html);
	free(markdown);
	report_deinit(&report);
	told_end(&told);
}

/* The client is named by no fault, and packets of it were hit all the same. */
static void spill_is_told_in_every_form(void **state)
{
	static const char told_so[] = "fault cut-leader on n2 hit client (10.0.0.9), which it does "
				      "not name: 4 packets of 1 connection";
	struct told told;
	struct report report;
	char *forms[5];

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_event(&told, "node", 0, "'node':'client','addresses':['10.0.0.9']");
	told_event(&told, "evidence", SECONDS(41),
		"'fault':'cut-leader','node':'n2','counters':[{'peer':'n1','direction':'egress',"
		"'packets':'7','segments':'7','bytes':'700','first_ns':'31001000000','last_ns':"
		"'40000000000'}],'touched':[{'address':'10.0.0.9','packets':'4','segments':'4',"
		"'connections':'1','first_ns':'31001000000','last_ns':'32000000000'}]");
	told_run_ends(&told, 100);
	told_report(&told, &report);
	assert_int_equal(report.judgement.exit_code, 3);
	assert_has(report.judgement.reason, told_so);
	forms[0] = told_form(&report, report_html);
	forms[1] = told_form(&report, report_text);
	forms[2] = told_form(&report, report_markdown);
	forms[3] = told_form(&report, report_junit);
	forms[4] = told_form(&report, report_json);
	assert_has(forms[0], told_so);
	assert_has(forms[0], "client (spill)");
	assert_has(forms[0], "spill</strong> cut-leader: 4 packets");
	assert_has(forms[0], "<td>10.0.0.9</td>\n<td><strong class=\"bad\">");
	assert_has(forms[0], "A dashed ring around a node is spill");
	assert_has(forms[0], "client was hit, and no fault was to hit it");
	assert_has(forms[1], "! spill        fault cut-leader on n2 hit client (10.0.0.9), which");
	assert_has(forms[2], "spill: fault cut-leader on n2 hit client");
	assert_has(forms[3], "name=\"spill\"");
	assert_has(forms[3], "type=\"spill\"");
	assert_has(forms[4], "\"counted_at\"");
	assert_has(forms[4], "\"touched\"");
	for (size_t i = 0; i < 5; i++)
		free(forms[i]);
	report_deinit(&report);
	told_end(&told);
}

/* Of two links that were meant one was hit: the first sentence says so, and the picture shows it.
 */
static void half_of_what_was_meant_is_in_the_verdict(void **state)
{
	struct told told;
	struct report report;
	char *html;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_event(&told, "evidence", SECONDS(41),
		"'fault':'cut-leader','node':'n2','counters':[{'peer':'n1','direction':'egress',"
		"'packets':'7','segments':'7','bytes':'700','first_ns':'31001000000','last_ns':"
		"'40000000000'}]");
	told_run_ends(&told, 100);
	told_report(&told, &report);
	assert_string_equal(report.judgement.reason,
		"every gate is met; only part of what was meant was hit by cut-leader");
	html = told_form(&report, report_html);
	assert_has(html, "7 packets dropped on 1 of 2 links");
	assert_has(html, "A dotted line was meant, had no connection, and nothing was hit on it.");
	free(html);
	report_deinit(&report);
	told_end(&told);
}

static void processes_are_a_radius_too(void **state)
{
	struct told told;
	struct report report;
	char *html;

	(void)state;
	told_kill(&told);
	told_report(&told, &report);
	html = told_form(&report, report_html);
	assert_has(html, "<td>n2: processes with exe /usr/bin/etcd</td>");
	assert_has(html, "1 of 2 processes hit");
	assert_has(html, "<b>cut-leader</b>: 1 hit</div>");
	free(html);
	report_deinit(&report);
	told_end(&told);
}

static void a_run_without_a_fault_has_no_picture(void **state)
{
	struct told told;
	char *html;

	(void)state;
	told_begin(&told, given_tree());
	told_event(&told, "stop", 1, "'why':'refused','text':'group rest must have 2 nodes'");
	told_event(&told, "run_ended", 2, "'end':true");
	html = told_finish(&told, report_html);
	assert_has(html, "no node was hit");
	/* Its faults never found out whom they mean. */
	assert_has(html, "groups that were never resolved");
	free(html);
}

/* --- many ------------------------------------------------------------------------------- */

static char *printed(const struct radius *radius, void (*print)(FILE *, const struct radius *))
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	print(out, radius);
	assert_int_equal(fclose(out), 0);
	return text;
}

enum {
	MANY = 500
};

static void add_many(struct radius *radius, char names[MANY][16])
{
	for (size_t i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "node%03zu", i);
		*(struct radius_node *)list_push(&radius->nodes, sizeof(struct radius_node)) =
			(struct radius_node){.name = names[i],
				.role = i == 499     ? RADIUS_TARGET
					: i % 2 == 0 ? RADIUS_PEER
						     : RADIUS_APART,
				.known = true,
				.hit = i == 499};
	}
	for (size_t i = 0; i < MANY - 1; i += 2)
		*(struct radius_link *)list_push(&radius->links, sizeof(struct radius_link)) =
			(struct radius_link){.a = i, .b = 499, .packets = (int64_t)i};
}

static void a_picture_of_many_is_bounded_and_says_so(void **state)
{
	static char names[MANY][16];
	struct radius radius = {0};
	char *graph, *key;

	(void)state;
	add_many(&radius, names);
	graph = printed(&radius, graph_print);
	key = printed(&radius, graph_print_key);
	assert_int_equal(count_of(graph, "<text "), GRAPH_NODES_MAX + GRAPH_NODES_MAX - 2);
	/* Whoever is hit is there, wherever its name stands. */
	assert_has(graph, ">node499<");
	assert_true(strlen(graph) < 8192);
	assert_has(key, "Not drawn: 486 more nodes. Not drawn: 237 more links. ");
	free(graph);
	free(key);
	radius_deinit(&radius);
}

static void nobody_makes_a_picture_of_nothing(void **state)
{
	struct radius radius = {0};
	char *graph = printed(&radius, graph_print), *key = printed(&radius, graph_print_key);

	(void)state;
	assert_has(graph, "</svg>");
	assert_string_equal(key, "");
	free(graph);
	free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_graph_has_each_node_and_link_once),
		cmocka_unit_test(a_fault_is_told_as_declared_predicted_and_measured),
		cmocka_unit_test(spill_is_told_in_every_form),
		cmocka_unit_test(half_of_what_was_meant_is_in_the_verdict),
		cmocka_unit_test(processes_are_a_radius_too),
		cmocka_unit_test(a_run_without_a_fault_has_no_picture),
		cmocka_unit_test(a_picture_of_many_is_bounded_and_says_so),
		cmocka_unit_test(nobody_makes_a_picture_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
