/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "junit_schema.h"
#include "told.h"

/* junit.xml: which case has which outcome, and that every reader can read it. */

/* --- the schema -------------------------------------------------------------------------- */

static char *junit_of(struct told *told)
{
	char *text = told_finish(told, report_junit);

	assert_junit(text);
	return text;
}

/* Well-formed, and yet refused by one reader or the other. */
static const char *const refused[] = {
	"<testsuites/>",
	/* Jenkins' xUnit plugin */
	"<testsuites name=\"b\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\" "
	"time=\"1.000\">"
	"<testsuite name=\"s\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\" "
	"time=\"1.000\">"
	"<testcase classname=\"c\" name=\"n\" time=\"1.000\"/></testsuite></testsuites>",
	/* GitLab counts the second one as none */
	"<testsuites name=\"b\" tests=\"2\" failures=\"0\" errors=\"0\" time=\"1.000\">"
	"<testsuite name=\"s\" tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"0\" "
	"time=\"1.000\">"
	"<testcase classname=\"c\" name=\"n\" time=\"1.000\"/>"
	"<testcase classname=\"c\" name=\"n\" time=\"1.000\"/></testsuite></testsuites>",
};

static void the_schema_can_say_no(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		bool accepted;

		if (!junit_schema_judges(refused[i], &accepted)) {
			print_message(
				"skipped: there is no xmllint, so no report is held against it\n");
			skip();
		}
		if (accepted)
			fail_msg("taken: %s", refused[i]);
	}
}

/* --- outcomes ----------------------------------------------------------------------------- */

static void a_run_that_held_has_no_failure(void **state)
{
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 100);
	text = junit_of(&told);
	/* six claims, one fault, two stop rules, spill, the run, the revert */
	assert_int_equal(count_of(text, "<testcase "), 12);
	assert_has(text, "tests=\"12\" failures=\"0\" errors=\"0\" skipped=\"0\" time=\"71.000\"");
	assert_has(text, "timestamp=\"2026-01-31T23:59:30Z\"");
	assert_has(text,
		"classname=\"backburn.etcd-leader-cut.before\" name=\"steady\" time=\"30.000\"");
	assert_has(text,
		"classname=\"backburn.etcd-leader-cut.cut\" name=\"fault cut-leader takes "
		"effect\" time=\"10.000\"");
	assert_has(text, "name=\"verdict\" value=\"HELD\"");
	/* The revert is last. */
	assert_has(strstr(text, "classname=\"backburn.etcd-leader-cut.run\""), "name=\"revert\"");
	assert_int_equal(count_of(strstr(text, "name=\"revert\""), "<testcase"), 0);
	free(text);
}

static void a_violation_is_told_in_attribute_and_text(void **state)
{
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 60);
	text = junit_of(&told);
	assert_has(text, "failures=\"1\"");
	assert_has(text, "<failure message=\"VIOLATED: 100 acknowledged of 100 attempted: 40 lost");
	assert_has(text, "type=\"violated\">VIOLATED: 100 acknowledged of 100 attempted: 40 lost");
	free(text);
}

/* The same unproven claim fails where its gate is `must`, and is skipped where it is not. */
static void an_unproven_claim_is_judged_by_its_gate(void **state)
{
	static const char *const gates[] = {"must", "should"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		cJSON *tree = given_tree();
		char gate[16], *text;
		struct told told;

		snprintf(gate, sizeof(gate), "'%s'", gates[i]);
		given_set(tree, "invariants[4].gate", gate);
		told_begin(&told, tree);
		told_run(&told);
		/* Never read back: what became of the writes is unknown. */
		told_event(&told, "run_ended", SECONDS(71), "'end':true");
		text = junit_of(&told);
		assert_has(text,
			i == 0 ? "type=\"inconclusive\">INCONCLUSIVE: 100 acknowledged"
			       : "<skipped message=\"INCONCLUSIVE: 100 acknowledged");
		free(text);
	}
}

static void a_guardrail_has_a_case_of_its_own(void **state)
{
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_event(&told, "stop", SECONDS(3),
		"'why':'guardrail','id':'outage','text':'avail had no good event for 12s'");
	told_event(&told, "run_ended", SECONDS(4), "'end':true");
	text = junit_of(&told);
	assert_has(text,
		"classname=\"backburn.etcd-leader-cut.guardrail\" name=\"outage\" "
		"time=\"0.000\"><failure message=\"avail had no good event for 12s\" "
		"type=\"guardrail\">");
	assert_has(text, "name=\"blind\" time=\"0.000\"></testcase>");
	assert_has(text, "name=\"comes to its end\" time=\"4.000\"><skipped");
	/* What was not judged is not passed. */
	assert_has(text, "name=\"failover\" time=\"0.000\"><skipped message=\"NOT JUDGED");
	free(text);
}

static void trouble_of_the_tool_is_an_error(void **state)
{
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_event(&told, "stop", SECONDS(3), "'why':'internal','text':'out of luck'");
	told_event(&told, "run_ended", SECONDS(4), "'end':true");
	text = junit_of(&told);
	assert_has(text, "errors=\"1\"");
	assert_has(text, "<error message=\"out of luck\" type=\"internal\">out of luck</error>");
	free(text);
}

static void hostile_names_leave_it_well_formed(void **state)
{
	cJSON *tree = given_tree();
	struct told told;
	char *text;

	(void)state;
	given_set(tree, "owner.team", "'x'");
	told_begin(&told, tree);
	told_run(&told);
	told_event(&told, "stop", SECONDS(67),
		"'why':'guardrail','id':'spill','text':'<![CDATA[ ]]> & \\\"q\\\" "
		"\\u0001\\u001b[0m "
		"\\ufffe \xff'");
	told_event(&told, "run_ended", SECONDS(71), "'end':true");
	text = junit_of(&told);
	assert_has(text, "&lt;![CDATA[ ]]&gt; &amp; &quot;q&quot; [0m \xef\xbf\xbd \xef\xbf\xbd");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_schema_can_say_no),
		cmocka_unit_test(a_run_that_held_has_no_failure),
		cmocka_unit_test(a_violation_is_told_in_attribute_and_text),
		cmocka_unit_test(an_unproven_claim_is_judged_by_its_gate),
		cmocka_unit_test(a_guardrail_has_a_case_of_its_own),
		cmocka_unit_test(trouble_of_the_tool_is_an_error),
		cmocka_unit_test(hostile_names_leave_it_well_formed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
