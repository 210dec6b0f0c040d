/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/report/words_predicted.h"
#include "told.h"

/* What was predicted just before a fault, beside what was measured while it acted. */

#define CONNECTION(port)                                                                           \
	"{'local':'10.0.0.2:2380','remote':'10.0.0.1:" port                                        \
	"','peer':'n1','state':'established','listens':true,'program':'etcd','pid':7}"

/* Two of n1 to n2, where the counterparts said nothing; none of n3. */
static void inspected(struct told *told, const char *ways)
{
	told_event(told, "fault_inspected", SECONDS(30),
		"'fault':'cut-leader','node':'n2','result':{'effects':[],'undo':[],'interfaces':[],"
		"'foreign':[],'connections':[" CONNECTION("4711") "," CONNECTION(
			"4712") "],'connection_count':2,'clients':[{'port':2379,'program':'etcd','"
				"pid':7,"
				"'address':'10.0.0.9','connections':5}],'matches':[%s]}",
		ways);
}

#define WAY(direction) "{'direction':'" direction "','peers':['n1','n3']}"
#define BOTH_WAYS WAY("ingress") "," WAY("egress")

/* As told_run(), which has 7 packets to n1 and 5 to n3, and none from there. */
static void begin(struct told *told, const char *ways)
{
	told_begin(told, given_tree());
	told_event(told, "node", 0,
		"'node':'client','host':'client','kernel':'6.1','tool':'t','attach':'tcx',"
		"'addresses':['10.0.0.9'],'labels':{'role':'client'}");
	told_run(told);
	inspected(told, ways);
}

static void finish(struct told *told, struct report *report)
{
	told_run_ends(told, 100);
	told_report(told, report);
}

static void evidence(struct told *told, int to_n1, int to_n3, const char *touched)
{
	told_event(told, "evidence", SECONDS(40),
		"'fault':'cut-leader','node':'n2','counters':["
		"{'peer':'n1','direction':'egress','packets':'%d','segments':'7','bytes':'700',"
		"'first_ns':'31001000000','last_ns':'40000000000'},"
		"{'peer':'n3','direction':'egress','packets':'%d','segments':'5','bytes':'500',"
		"'first_ns':'31002000000','last_ns':'40000000000'}]%s",
		to_n1, to_n3, touched);
}

static void words_of(const struct report *report, size_t link, struct link_words *out)
{
	const struct effect_judgement *own =
		LIST_AT(report->judgement.effects, struct effect_judgement, 0);
	struct predicted predicted;

	predict(&report->record, &predicted);
	assert_true(2 * link + 1 < own->pairs.count);
	words_link(own, predicted_fault(&predicted, "cut-leader"),
		LIST_AT(own->pairs, struct pair_effect, 2 * link), out);
	predicted_free(&predicted);
}

static void end(struct told *told, struct report *report)
{
	report_deinit(report);
	told_end(told);
}

static void what_lived_and_was_hit_is_as_predicted(void **state)
{
	struct told told;
	struct report report;
	struct link_words words;

	(void)state;
	begin(&told, BOTH_WAYS);
	finish(&told, &report);
	words_of(&report, 0, &words);
	assert_string_equal(words.link, "n2 – n1");
	assert_string_equal(words.predicted, "2 live connections: n1 to n2 etcd:2380 (2)");
	assert_string_equal(words.measured, "7 packets dropped to n1, 0 from there");
	assert_string_equal(words.difference, "as predicted; nothing was sent from n1 to n2");
	assert_int_equal(words.tone, TONE_GOOD);
	/* Nothing lived there, and packets were hit all the same. */
	words_of(&report, 1, &words);
	assert_string_equal(words.predicted, "0 live connections");
	assert_string_equal(words.difference,
		"connections that were opened after the nodes were asked or tried to, or traffic "
		"without connections (UDP, ICMP), which no host lists; nothing was sent from n3 to "
		"n2");
	end(&told, &report);
}

static void what_lived_and_was_not_hit_is_explained(void **state)
{
	struct told told;
	struct report report;
	struct link_words words;

	(void)state;
	begin(&told, BOTH_WAYS);
	evidence(&told, 0, 0, "");
	finish(&told, &report);
	words_of(&report, 0, &words);
	assert_string_equal(
		words.difference, "closed before the fault acted, or not used while it did");
	assert_int_equal(words.tone, TONE_OPEN);
	words_of(&report, 1, &words);
	assert_string_equal(words.difference, "nothing lived there, and nothing was sent");
	assert_int_equal(words.tone, TONE_NONE);
	end(&told, &report);
}

static void a_way_that_nobody_predicted_is_named(void **state)
{
	struct told told;
	struct report report;
	struct link_words words;

	(void)state;
	begin(&told, WAY("ingress"));
	finish(&told, &report);
	words_of(&report, 0, &words);
	assert_string_equal(words.difference, "packets from n2 to n1, which no node had predicted");
	assert_int_equal(words.tone, TONE_OPEN);
	end(&told, &report);
}

/* Where the kernel has counted connections they are held against each other. */
static void connections_are_compared_where_they_were_counted(void **state)
{
	static const struct {
		int counted;
		const char *says;
	} cases[] = {
		{2, "as many as predicted; "},
		{5, "3 more than predicted: opened, or tried to be, after the nodes were asked; "},
		{1,
			"1 of the predicted connections were not hit: closed before, or not used "
			"while "
			"the fault acted; "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct told told;
		struct report report;
		struct link_words words;
		char touched[256];

		snprintf(touched, sizeof(touched),
			",'touched':[{'address':'10.0.0.1','peer':'n1','packets':'7','segments':'7'"
			","
			"'connections':'%d','first_ns':'31001000000','last_ns':'40000000000'}],"
			"'touched_more':'0','untold':'0'",
			cases[i].counted);
		begin(&told, BOTH_WAYS);
		evidence(&told, 7, 5, touched);
		finish(&told, &report);
		words_of(&report, 0, &words);
		if (strncmp(words.difference, cases[i].says, strlen(cases[i].says)) != 0)
			fail_msg("%d: %s", cases[i].counted, words.difference);
		assert_non_null(strstr(words.measured,
			cases[i].counted == 1 ? "1 connection, 7 packets"
					      : " connections, 7 packets"));
		end(&told, &report);
	}
}

static void the_page_has_both_side_by_side(void **state)
{
	struct told told;
	struct report report;
	char *html, *json;

	(void)state;
	begin(&told, BOTH_WAYS);
	finish(&told, &report);
	html = told_form(&report, report_html);
	json = told_form(&report, report_json);
	assert_has(html, "Predicted and measured, link by link");
	assert_has(html,
		"<td>2 live connections: n1 to n2 etcd:2380 (2)</td>\n"
		"<td>7 packets dropped to n1, 0 from there</td>\n");
	assert_has(html, "as predicted; nothing was sent from n1 to n2");
	assert_has(html, "client to n2 etcd:2379 (5, not hit itself)");
	assert_has(json, "\"client_address\":\t\"10.0.0.1:4711\"");
	free(html);
	free(json);
	end(&told, &report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lived_and_was_hit_is_as_predicted),
		cmocka_unit_test(what_lived_and_was_not_hit_is_explained),
		cmocka_unit_test(a_way_that_nobody_predicted_is_named),
		cmocka_unit_test(connections_are_compared_where_they_were_counted),
		cmocka_unit_test(the_page_has_both_side_by_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
