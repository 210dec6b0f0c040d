/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/units.h"
#include "controller/report/words.h"
#include "told.h"

/* A fault on processes in every form: who was hit, what was seen of it, and who came after. */

static void every_form_shows_the_processes(void **state)
{
	static const struct {
		void (*form)(FILE *out, const struct report *report);
		const char *parts[6];
	} forms[] = {
		{report_summary,
			{"partly proven: 2 of 2 processes got SIGKILL, 1 seen to exit",
				"pid 411 on n2, up 41.2s: SIGKILL at T+31.001 s, exit seen 2.50ms "
				"later; etcd runs again as pid 900",
				"etcd <script> | x", "no exit seen",
				"pid 412 on n2 got its signal, and was not seen to exit"}},
		{report_html,
			{"<td class=\"number\">411</td>", "SIGKILL at T+31.001 s",
				"exit seen 2.50ms later", "etcd runs again as pid 900",
				"etcd &lt;script&gt; | x", "n2: pid 411 has exited"}},
		{report_markdown,
			{"| Process | Command line |", "pid 411 on n2", "exit seen 2.50ms later",
				"etcd runs again as pid 900", "\\|"}},
		{report_junit,
			{"fault cut-leader takes effect",
				"partly proven: 2 of 2 processes got SIGKILL", "(kill on n2)",
				"pid 411 on n2, up 41.2s: SIGKILL at T+31.001 s"}},
		{report_json,
			{"\"pid\":\t411", "\"result\":\t\"sent\"", "\"exited_s\":\t31.0035",
				"\"service_pid_after\":\t900", "\"service_restarts\":\t1",
				"\"exited_s\":\tnull"}},
	};
	struct report report;
	struct told told;

	(void)state;
	told_kill(&told);
	told_report(&told, &report);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char *text = told_form(&report, forms[i].form);

		for (size_t j = 0; j < 6 && forms[i].parts[j]; j++)
			assert_has(text, forms[i].parts[j]);
		assert_has_not(text, "packets dropped");
		free(text);
	}
	report_deinit(&report);
	told_end(&told);
}

/* The time line says both, in their order. */
static void signal_and_exit_stand_in_the_time_line(void **state)
{
	struct report report;
	struct told told;
	const char *signal, *exit;
	char *text;

	(void)state;
	told_kill(&told);
	told_report(&told, &report);
	text = told_form(&report, report_text);
	signal = strstr(text, "n2: pid 411 gets SIGKILL");
	exit = strstr(text, "n2: pid 411 has exited");
	assert_non_null(signal);
	assert_non_null(exit);
	assert_true(signal < exit);
	assert_null(strstr(text, "pid 412 has exited"));
	free(text);
	report_deinit(&report);
	told_end(&told);
}

/* `heal --run` looks at a lab's services once more: what it finds is how they are now. */
static void a_later_look_replaces_the_earlier_one(void **state)
{
	struct report report;
	struct told told;
	char *text;

	(void)state;
	told_kill(&told);
	told_event(&told, "services", SECONDS(90),
		"'when':'after','services':['n2 etcd running'],"
		"'runs':[{'node':'n2','service':'etcd','pid':950,'restarts':2}]");
	told_report(&told, &report);
	assert_int_equal(report.record.runs_after.count, 1);
	text = told_form(&report, report_text);
	assert_has(text, "etcd runs again as pid 950");
	assert_has_not(text, "pid 900");
	free(text);
	report_deinit(&report);
	told_end(&told);
}

static void every_form_shows_the_strikes(void **state)
{
	static const struct {
		void (*form)(FILE *out, const struct report *report);
		const char *parts[7];
	} forms[] = {
		{report_summary,
			{"2 of 2 processes got SIGKILL, 2 seen to exit, in 2 strikes; 1 more found "
			 "nobody",
				"strike 1 on n2 at T+31.000 s: 1 of 1 hit, the cgroup in one go, 1 "
				"ended; back as pid 511 after 2.50s",
				"strike 2 on n2 at T+33.000 s: nobody hit: no process with <exe>",
				"strike 3 on n2 at T+35.000 s: 1 of 1 hit, 1 ended; 0 of 1 back "
				"4.50s later",
				"back in time after 1 of 2 strikes; strike 3 on n2: 0 of 1 back "
				"4.50s later; allowed 3s"}},
		{report_text, {"n2: strike 2 hits nobody", "n2: pid 511 has begun"}},
		{report_html,
			{"what cut-leader ends runs again within 3s", "strike 1 on n2",
				"back as pid 511 after 2.50s", "no process with &lt;exe&gt;",
				"<td class=\"number\">411</td>", "VIOLATED"}},
		{report_markdown,
			{"| Strike | What became of it |", "strike 2 on n2", "back as pid 511",
				"what cut-leader ends runs again within 3s"}},
		{report_junit,
			{"back in time after 1 of 2 strikes", "in 2 strikes; 1 more found nobody"}},
		{report_json,
			{"\"kind\":\t\"restarts\"", "\"strikes\":\t2", "\"not_back_in_time\":\t1",
				"\"back_pid\":\t511", "\"looked_until_s\":\t39.5",
				"\"trouble\":\t\"no process with <exe>\"",
				"\"whole_cgroup\":\ttrue"}},
	};
	struct report report;
	struct told told;

	(void)state;
	told_loop(&told);
	told_report(&told, &report);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char *text = told_form(&report, forms[i].form);

		for (size_t j = 0; j < 7 && forms[i].parts[j]; j++)
			assert_has(text, forms[i].parts[j]);
		free(text);
	}
	report_deinit(&report);
	told_end(&told);
}

/* While it goes on: one strike is told by its processes, a trap by its calls, many by the last. */
static void what_was_done_so_far_is_told(void **state)
{
	struct fault_record *fault;
	struct process_evidence *process;
	struct report report;
	struct told told;
	char text[SENTENCE_MAX];

	(void)state;
	told_kill(&told);
	told_report(&told, &report);
	fault = LIST_AT(report.record.faults, struct fault_record, 0);
	words_acted(fault, text);
	assert_string_equal(text, "2 of 2 processes hit");
	process = LIST_AT(
		LIST_AT(fault->nodes, struct fault_node, 0)->processes, struct process_evidence, 1);
	process->trap = strdup("fsync");
	process->calls = 57;
	process->result = SIGNAL_NOT_SENT;
	words_acted(fault, text);
	assert_string_equal(text, "1 of 2 processes hit, 57 calls so far");
	report_deinit(&report);
	told_end(&told);

	told_loop(&told);
	told_report(&told, &report);
	words_acted(LIST_AT(report.record.faults, struct fault_record, 0), text);
	assert_string_equal(text, "strike 3: 1 of 1 hit, 1 ended; 0 of 1 back 4.50s later");
	report_deinit(&report);
	told_end(&told);
}

/* One that was there before, and one that came to a cgroup that is skewed as a whole. */
static void a_skewed_clock_is_told(void **state)
{
	static const struct {
		const char *how, *text;
		int64_t readings;
	} cases[] = {
		{"detour",
			"pid 411 on n2, up 41.2s: read another time from T+31.001 s, for 10.0s, 57 "
			"readings answered",
			57},
		{"gate",
			"pid 412 on n2, started later: read another time from T+31.001 s, for "
			"10.0s, 1 "
			"reading answered",
			1},
	};
	struct fault_record *fault;
	struct report report;
	struct told told;
	char *all;

	(void)state;
	told_kill(&told);
	told_report(&told, &report);
	fault = LIST_AT(report.record.faults, struct fault_record, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct process_evidence *process =
			LIST_AT(LIST_AT(fault->nodes, struct fault_node, 0)->processes,
				struct process_evidence, i);
		const struct process_effect own = {.node = "n2", .process = process};
		char text[SENTENCE_MAX];

		process->how = strdup(cases[i].how);
		process->times = cases[i].readings;
		process->held_ns = 10 * NS_PER_SEC;
		words_process(&report.record, &own, text);
		assert_has(text, cases[i].text);
	}
	all = told_form(&report, report_markdown);
	assert_has(all, "is about what programs ask the vDSO");
	free(all);
	report_deinit(&report);
	told_end(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_shows_the_processes),
		cmocka_unit_test(signal_and_exit_stand_in_the_time_line),
		cmocka_unit_test(a_later_look_replaces_the_earlier_one),
		cmocka_unit_test(every_form_shows_the_strikes),
		cmocka_unit_test(what_was_done_so_far_is_told),
		cmocka_unit_test(a_skewed_clock_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
