/* SPDX-License-Identifier: Apache-2.0 */
#include "told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- lines ----------------------------------------------------------------------------- */

static void put(struct told *told, cJSON *event)
{
	char *text = json_print(event);

	told_line(told, text);
	free(text);
	cJSON_Delete(event);
}

void told_line(struct told *told, const char *text)
{
	assert_true(fprintf(told->file, "%s\n", text) > 0);
}

void told_begin(struct told *told, cJSON *tree)
{
	cJSON *event = given_event_json("run_started", 0,
		"'journal':1,'run':'r1','tool':'backburn test','wall':'2026-01-31T23:59:30Z',"
		"'environment':'lab','scenario_file':'scenarios/x.json',"
		"'command':['backburn','run','x.json','--param','cut_for=it\\u0027s']");

	*told = (struct told){.next_id = 1};
	snprintf(told->dir, sizeof(told->dir), "/tmp/backburn-report-XXXXXX");
	assert_non_null(mkdtemp(told->dir));
	snprintf(told->path, sizeof(told->path), "%s/journal.ndjson", told->dir);
	told->file = fopen(told->path, "we");
	assert_non_null(told->file);
	json_put(event, "scenario", tree);
	put(told, event);
}

void told_end(struct told *told)
{
	char path[160];

	assert_int_equal(fclose(told->file), 0);
	unlink(told->path);
	for (size_t i = 0; report_files[i]; i++) {
		snprintf(path, sizeof(path), "%s/%s", told->dir, report_files[i]);
		unlink(path);
	}
	/* What else were there would be a file that no report should leave. */
	assert_int_equal(rmdir(told->dir), 0);
}

void told_event(struct told *told, const char *type, int64_t at_ns, const char *members_format, ...)
{
	char *members = NULL;
	va_list args;

	va_start(args, members_format);
	assert_true(vasprintf(&members, members_format, args) >= 0);
	va_end(args);
	put(told, given_event_json(type, at_ns, members));
	free(members);
}

/* --- what probes and workloads say ------------------------------------------------------ */

static int64_t good_of(const char *runs)
{
	int64_t good = 0;

	for (; *runs; runs++)
		if (*runs == 'g')
			good += atoll(runs + 1);
	return good;
}

void told_second(struct told *told, const char *runs, int64_t latency_ns)
{
	int64_t good = good_of(runs), start_ns = told->index * 20 * NS_PER_MS;
	int64_t end_ns = start_ns + NS_PER_SEC;
	char latency[96] = "";

	if (good)
		snprintf(latency, sizeof(latency), "{'index':%d,'count':%lld}",
			histogram_index(latency_ns), (long long)good);
	told_event(told, "window", end_ns,
		"'probe':'put','from':'client','window':{'probe':'put','first_index':%lld,"
		"'count':50,'start_ns':'%lld','end_ns':'%lld','outcomes':[%lld,%lld,0,0,0,0],"
		"'classes':[{'slo':'avail','runs':'%s'}],'latency':[%s],'latency_max':'%lldns',"
		"'lag_max':'1ms','target':'n1'}",
		(long long)told->index, (long long)start_ns, (long long)end_ns, (long long)good,
		(long long)(50 - good), runs, latency, (long long)latency_ns);
	told->index += 50;
}

void told_seconds(struct told *told, int count, const char *runs)
{
	for (int i = 0; i < count; i++)
		told_second(told, runs, 3 * NS_PER_MS);
}

void told_writes(struct told *told, int64_t at_ns)
{
	int64_t first = told->next_id, last = first + 49;

	told->next_id = last + 1;
	told_event(told, "operations", at_ns,
		"'workload':'acked','from':'client','window':{'workload':'acked','start_ns':'0',"
		"'end_ns':'1','attempted':[{'first':%lld,'last':%lld}],'acked':[{'first':%lld,"
		"'last':%lld}],'failed':[],'unknown':[]}",
		(long long)first, (long long)last, (long long)first, (long long)last);
}

/* --- a whole run ------------------------------------------------------------------------ */

static const char *const nodes[] = {"n1", "n2", "n3"};

static void begin_nodes(struct told *told)
{
	for (size_t i = 0; i < 3; i++) {
		told_event(told, "node", 0,
			"'node':'%s','host':'%s','kernel':'6.1','tool':'backburn-injector test',"
			"'attach':'tcx','addresses':['10.0.0.%zu']",
			nodes[i], nodes[i], i + 1);
		told_event(told, "audit", 0,
			"'node':'%s','when':'before','state':['link eth0'],'residue':[]", nodes[i]);
	}
	told_event(told, "source", 0, "'probe':'put','from':'client','start_ns':0,'rate':50");
}

static void cut(struct told *told)
{
	told_event(told, "group_resolved", SECONDS(30), "'group':'leader','nodes':['n2']");
	told_event(told, "fault_arming", SECONDS(30),
		"'fault':'cut-leader','on':['n2'],'from':['n1','n3'],'start_ns':%lld,"
		"'deadline_ns':%lld,'skew_ns':50000",
		(long long)SECONDS(31), (long long)SECONDS(41));
	for (size_t i = 0; i < 3; i++)
		told_event(told, "fault_armed", SECONDS(30.5),
			"'fault':'cut-leader','node':'%s','role':'%s','armed_ns':%lld,'late_ns':0",
			nodes[i], i == 1 ? "on" : "from", (long long)SECONDS(30.5));
	told_event(told, "phase_started", SECONDS(31), "'phase':'cut','start_ns':%lld",
		(long long)SECONDS(31));
	told_seconds(told, 2, "b50");
	told_seconds(told, 8, "g50");
	told_event(told, "evidence", SECONDS(40),
		"'fault':'cut-leader','node':'n2','counters':["
		"{'peer':'n1','direction':'egress','packets':'7','segments':'7','bytes':'700',"
		"'first_ns':'31001000000','last_ns':'40000000000'},"
		"{'peer':'n3','direction':'egress','packets':'5','segments':'5','bytes':'500',"
		"'first_ns':'31002000000','last_ns':'40000000000'}]");
	told_event(told, "fault_over", SECONDS(41), "'fault':'cut-leader','healed_ns':%lld",
		(long long)SECONDS(41));
	told_event(told, "phase_ended", SECONDS(41), "'phase':'cut','how':'time','end_ns':%lld",
		(long long)SECONDS(41));
}

static void phase(struct told *told, const char *id, int64_t from_ns, int seconds)
{
	int64_t end_ns = from_ns + seconds * NS_PER_SEC;

	told_event(told, "phase_started", from_ns, "'phase':'%s','start_ns':%lld", id,
		(long long)from_ns);
	told_seconds(told, seconds, "g50");
	told_event(told, "phase_ended", end_ns, "'phase':'%s','how':'time','end_ns':%lld", id,
		(long long)end_ns);
}

void told_run(struct told *told)
{
	begin_nodes(told);
	told_writes(told, SECONDS(1));
	phase(told, "before", 0, 30);
	told_seconds(told, 1, "g50");
	cut(told);
	phase(told, "settle", SECONDS(41), 5);
	told_writes(told, SECONDS(46));
	phase(told, "after", SECONDS(46), 20);
}

#define MEASURE(name, direction, unit, bound, rest)                                                \
	"{'name':'" name "','direction':'" direction "','unit':'" unit "','bound':'" bound         \
	"'," rest "}"

void told_slow(struct told *told)
{
	told_event(told, "fault_arming", SECONDS(30),
		"'fault':'cut-leader','on':['n2'],'from':['n1','n3'],'start_ns':%lld,"
		"'deadline_ns':%lld,'did':'delayed','skew_ns':50000",
		(long long)SECONDS(31), (long long)SECONDS(41));
	told_event(told, "evidence", SECONDS(41),
		"'fault':'cut-leader','node':'n2','counters':["
		"{'peer':'n1','direction':'egress','packets':'7','segments':'9','bytes':'700',"
		"'matched':'90','first_ns':'31001000000','last_ns':'40000000000'},"
		"{'peer':'n3','direction':'egress','packets':'5','segments':'5','bytes':'500',"
		"'matched':'5','first_ns':'31002000000','last_ns':'40000000000'}],'measures':[%s]",
		/* clang-format off */
		MEASURE("loss", "egress", "ratio", "about",
			"'asked':0.01,'achieved':0.048,'count':'1000','hits':'48'") ","
		MEASURE("loss", "ingress", "ratio", "about",
			"'asked':0.01,'achieved':0,'count':'12','hits':'0'") ","
		MEASURE("delay p50", "egress", "ns", "about",
			"'asked':50000000,'achieved':50100000,'tolerance':1000000,"
			"'count':'812','hits':'0'") ","
		MEASURE("rate", "egress", "bit/s", "at_most",
			"'asked':10000000,'achieved':9800000,'tolerance':500000,"
			"'count':'812','hits':'0'") ","
		MEASURE("lane full", "egress", "packets", "at_most",
			"'asked':0,'achieved':35,'count':'812','hits':'0'") ","
		MEASURE("longest", "egress", "ns", "none",
			"'achieved':61234567,'count':'812','hits':'0'"));
	/* clang-format on */
}

void told_run_ends(struct told *told, int64_t last_id)
{
	int64_t probed_ns = told->index * 20 * NS_PER_MS, end_ns = probed_ns + SECONDS(5);

	told_event(told, "final_read", probed_ns + SECONDS(4),
		"'workload':'acked','result':{'workload':'acked','reads':["
		"{'node':'n1','ok':true,'present':[{'first':1,'last':%lld}],'duplicates':0},"
		"{'node':'n2','ok':true,'present':[{'first':1,'last':%lld}],'duplicates':0}]}",
		(long long)last_id, (long long)last_id);
	for (size_t i = 0; i < 3; i++)
		told_event(told, "audit", end_ns,
			"'node':'%s','when':'after','state':['link eth0'],'residue':[]", nodes[i]);
	told_event(told, "run_ended", end_ns, "'end':true");
}

/* --- a kill ----------------------------------------------------------------------------- */

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

void told_kill(struct told *told)
{
	told_begin(told, kill_tree());
	services(told, "before", 411, 0);
	told_event(told, "source", 0, "'probe':'put','from':'client','start_ns':0,'rate':50");
	told_seconds(told, 31, "g50");
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
	told_seconds(told, 1, "b50");
	told_seconds(told, 9, "g50");
	told_event(told, "fault_over", SECONDS(31.1), "'fault':'cut-leader','healed_ns':%lld",
		(long long)SECONDS(31.002));
	told_event(told, "phase_ended", SECONDS(41), "'phase':'cut','how':'time','end_ns':%lld",
		(long long)SECONDS(41));
	services(told, "after", 900, 1);
	told_event(told, "run_ended", SECONDS(71), "'end':true");
}

void told_loop(struct told *told)
{
	cJSON *tree = kill_tree();

	given_set(tree, "phases[1].faults[0].with", "{'every':'2s','times':3}");
	given_set(tree, "invariants[0]",
		"{'id':'again','restarts':{'fault':'cut-leader','within':'3s'}}");
	told_begin(told, tree);
	told_event(told, "source", 0, "'probe':'put','from':'client','start_ns':0,'rate':50");
	told_seconds(told, 31, "g50");
	told_event(told, "fault_arming", SECONDS(30),
		"'fault':'cut-leader','on':['n2'],'from':[],'start_ns':%lld,'deadline_ns':%lld,"
		"'skew_ns':50000",
		(long long)SECONDS(31), (long long)SECONDS(41));
	told_event(told, "fault_armed", SECONDS(30.5),
		"'fault':'cut-leader','node':'n2','role':'on','armed_ns':%lld,'late_ns':0",
		(long long)SECONDS(30.5));
	told_event(told, "phase_started", SECONDS(31), "'phase':'cut','start_ns':%lld",
		(long long)SECONDS(31));
	told_event(told, "evidence", SECONDS(36),
		"'fault':'cut-leader','node':'n2','counters':[],'processes':["
		"{'pid':411,'start_ticks':'99','cmdline':'etcd','signal':'KILL','age_ns':'1',"
		"'must_exit':true,'sent_ns':'31000000000','exited_ns':'31001000000',"
		"'result':'sent','strike':1},"
		"{'pid':511,'start_ticks':'99','cmdline':'etcd','signal':'KILL','age_ns':'1',"
		"'must_exit':true,'sent_ns':'35000000000','exited_ns':'35001000000',"
		"'result':'sent','strike':3}],'strikes':["
		"{'at_ns':'31000000000','whole':true,'chosen':1,'sent':1,'exited':1,'wanted':1,"
		"'back':1,'back_pid':511,'back_ns':'33500000000','looked_ns':'33600000000'},"
		"{'at_ns':'33000000000','chosen':0,'sent':0,'exited':0,'wanted':0,'back':0,"
		"'back_ns':'-1','looked_ns':'-1','trouble':'no process with <exe>'},"
		"{'at_ns':'35000000000','chosen':1,'sent':1,'exited':1,'wanted':1,'back':0,"
		"'back_ns':'-1','looked_ns':'39500000000'}]");
	told_seconds(told, 10, "g50");
	told_event(told, "fault_over", SECONDS(36), "'fault':'cut-leader','healed_ns':%lld",
		(long long)SECONDS(35.002));
	told_event(told, "phase_ended", SECONDS(41), "'phase':'cut','how':'time','end_ns':%lld",
		(long long)SECONDS(41));
	told_event(told, "run_ended", SECONDS(71), "'end':true");
}

/* --- members ----------------------------------------------------------------------------- */

void told_member_second(struct told *told, const char *member, int64_t first, const char *runs)
{
	long long good = good_of(runs);

	told_event(told, "window", (first + 50) * 20 * NS_PER_MS,
		"'probe':'put','from':'client','to':'%s','window':{'probe':'put','first_index':%"
		"lld,"
		"'count':50,'start_ns':'0','end_ns':'0','outcomes':[%lld,%lld,0,0,0,0],"
		"'classes':[{'slo':'avail','runs':'%s'}],'latency':[],'latency_max':'0ns',"
		"'lag_max':'1ms','target':'%s'}",
		member, (long long)first, good, 50 - good, runs, member);
}

/* --- reports ---------------------------------------------------------------------------- */

void told_report(struct told *told, struct report *report)
{
	struct fail fail = FAIL_INIT;

	assert_int_equal(fflush(told->file), 0);
	if (report_load(report, told->path, &fail) < 0)
		fail_msg("%s", fail.text);
}

char *told_form(const struct report *report, void (*form)(FILE *out, const struct report *report))
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	form(out, report);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(strlen(text), length);
	return text;
}

char *told_finish(struct told *told, void (*form)(FILE *out, const struct report *report))
{
	struct report report;
	char *text;

	told_report(told, &report);
	text = told_form(&report, form);
	report_deinit(&report);
	told_end(told);
	return text;
}

void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%.20000s", part, text);
}

void assert_has_not(const char *text, const char *part)
{
	const char *place = strstr(text, part);

	if (place)
		fail_msg("\"%s\" is in: %.200s", part, place);
}

size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (text = strstr(text, part); text; text = strstr(text + 1, part))
		count++;
	return count;
}
