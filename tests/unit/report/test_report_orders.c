/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "told.h"

/* What people order while a run goes on, or have ordered before: phases left out, notes, halts. */

/* Before, and then nothing but the end: the cut depends on a verdict that did not come. */
static void begin_without_cut(struct told *told)
{
	cJSON *tree = given_tree();

	given_set(tree, "phases[1].only_if", "{'invariant':'steady','verdict':'violated'}");
	told_begin(told, tree);
	told_event(told, "source", 0, "'probe':'put','from':'client','start_ns':0,'rate':50");
	told_event(told, "phase_started", 0, "'phase':'before','start_ns':0");
	told_seconds(told, 30, "g50");
	told_event(told, "phase_ended", SECONDS(30), "'phase':'before','how':'time','end_ns':%lld",
		(long long)SECONDS(30));
}

static void end_without_cut(struct told *told)
{
	told_event(told, "phase_left_out", SECONDS(30.3),
		"'phase':'cut','invariant':'steady','verdict':'HELD','wanted':'violated',"
		"'text':'0 of 1500 bad'");
	told_event(told, "phase_started", SECONDS(30.3), "'phase':'settle','start_ns':%lld",
		(long long)SECONDS(30.3));
	told_seconds(told, 20, "g50");
	told_event(told, "run_ended", SECONDS(51), "'x':1");
}

static void a_phase_left_out_is_told(void **state)
{
	static const char why[] = "phase cut was left out: steady was not violated";
	struct told told;
	char *text;

	(void)state;
	begin_without_cut(&told);
	end_without_cut(&told);
	text = told_finish(&told, report_text);
	assert_has(text, "phase cut is left out: steady is"); /* lines are wrapped */
	assert_has(text, why);
	free(text);

	begin_without_cut(&told);
	end_without_cut(&told);
	text = told_finish(&told, report_json);
	assert_has(text, "\"phases_left_out\":\t[\"cut\"]");
	free(text);

	/* CI is told that there was nothing to fail. */
	begin_without_cut(&told);
	end_without_cut(&told);
	text = told_finish(&told, report_junit);
	assert_has(text,
		"name=\"fault cut-leader takes effect\" time=\"0.000\"><skipped message=\"not "
		"injected: its phase was left out");
	assert_has(text, "<skipped message=\"NOT JUDGED: phase cut was left out: steady was not ");
	free(text);
}

/* A note is a stranger's word in every form. */
static void a_note_is_told_with_who_and_escaped(void **state)
{
	struct told told;
	char *text;

	(void)state;
	for (int form = 0; form < 3; form++) {
		told_begin(&told, given_tree());
		told_run(&told);
		told_event(&told, "note", SECONDS(35),
			"'by':'root on <gate>','text':'saw <script>alert(1)</script> | @all'");
		told_run_ends(&told, 100);
		text = told_finish(&told,
			form == 0           ? report_text
				: form == 1 ? report_html
					    : report_markdown);
		if (form == 0)
			assert_has(text, "root on <gate> notes: saw");
		else
			assert_has_not(text, "<script>");
		if (form == 1)
			assert_has(text, "root on &lt;gate&gt; notes: saw &lt;script&gt;");
		if (form == 2)
			assert_has_not(text, " @all");
		free(text);
	}
}

static void a_halt_is_the_reason(void **state)
{
	struct told told;
	char *text;

	(void)state;
	begin_without_cut(&told);
	told_event(&told, "stop", SECONDS(30.2),
		"'why':'guardrail','id':'halt','text':'halt engaged by root on gate because of "
		"smoke'");
	told_event(&told, "run_ended", SECONDS(31), "'x':1");
	text = told_finish(&told, report_junit);
	assert_has(text,
		"<property name=\"reason\" value=\"halt engaged by root on gate because of "
		"smoke\"/>");
	assert_has(text,
		"name=\"comes to its end\" time=\"31.000\"><failure message=\"halt engaged by "
		"root");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_phase_left_out_is_told),
		cmocka_unit_test(a_note_is_told_with_who_and_escaped),
		cmocka_unit_test(a_halt_is_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
