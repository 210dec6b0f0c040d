/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "told.h"

/* A fault on processes in every form: who was hit, what was seen of it, and who came after. */

static cJSON *kill_tree(void)
{
	cJSON *tree = given_tree();

	given_set(tree, "phases[1].faults[0]",
		"{'id':'cut-leader','fault':'kill','on':{'nodes':'leader','processes':{'exe':"
		"'/usr/bin/etcd'}}}");
	return tree;
}

static void services(struct told *told, const char *when, int pid, int restarts)
{
	told_event(told, "services", SECONDS(1),
		"'when':'%s','services':['n2 etcd running'],'runs':[{'node':'n2','service':'etcd',"
		"'pid':%d,'state':'running','restarts':%d}]",
		when, pid, restarts);
}

/* Two on n2: one was killed, and is back as 900; of the other no exit was seen. */
static void told_kill(struct told *told)
{
	told_begin(told, kill_tree());
	services(told, "before", 411, 0);
	told_event(told, "source", 0, "'probe':'put','from':'client','start_ns':0,'rate':50");
	told_event(told, "fault_arming", SECONDS(30),
		"'fault':'cut-leader','on':['n2'],'from':[],'start_ns':%lld,'deadline_ns':%lld,"
		"'at_once':true,'skew_ns':50000",
		(long long)SECONDS(31), (long long)SECONDS(41));
	told_event(told, "fault_armed", SECONDS(30.5),
		"'fault':'cut-leader','node':'n2','role':'on','armed_ns':%lld,'late_ns':0",
		(long long)SECONDS(30.5));
	told_event(told, "phase_started", SECONDS(31), "'phase':'cut','start_ns':%lld",
		(long long)SECONDS(31));
	told_event(told, "evidence", SECONDS(31.1),
		"'fault':'cut-leader','node':'n2','counters':[],'processes':["
		"{'pid':411,'start_ticks':'99','cmdline':'etcd <script> | x','signal':'KILL',"
		"'age_ns':'41200000000','must_exit':true,'sent_ns':'31001000000',"
		"'exited_ns':'31003500000','result':'sent'},"
		"{'pid':412,'start_ticks':'99','cmdline':'etcd -2','signal':'KILL',"
		"'age_ns':'41200000000','must_exit':true,'sent_ns':'31001000000',"
		"'exited_ns':'-1','result':'sent'}]");
	told_event(told, "fault_over", SECONDS(31.1), "'fault':'cut-leader','healed_ns':%lld",
		(long long)SECONDS(31.002));
	told_event(told, "phase_ended", SECONDS(41), "'phase':'cut','how':'time','end_ns':%lld",
		(long long)SECONDS(41));
	services(told, "after", 900, 1);
	told_event(told, "run_ended", SECONDS(71), "'end':true");
}

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
				"partly proven: 2 of 2 processes got SIGKILL"}},
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_shows_the_processes),
		cmocka_unit_test(signal_and_exit_stand_in_the_time_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
