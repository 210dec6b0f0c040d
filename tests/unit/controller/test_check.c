/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/plan/check.h"
#include "given.h"
#include "mutations.h"

/* One change to a good scenario, and what validate says of it: exact place, exact words. */
static const struct mutation references[] = {
	{"phases[1].id", "'before'", "phases[1].id", "the id \"before\" stands twice under phases"},
	{"invariants[1].id", "'steady'", "invariants[1].id",
		"the id \"steady\" stands twice under invariants"},
	{"guardrails.stop_if[1].id", "'outage'", "guardrails.stop_if[1].id",
		"the id \"outage\" stands twice under guardrails.stop_if"},
	{"phases[1].faults[1]",
		"{'id':'cut-leader','fault':'partition','on':{'nodes':'n1'},'from':{'nodes':'n2'}}",
		"phases[1].faults[1].id", "the fault id \"cut-leader\" stands twice"},
	/* groups */
	{"groups.rest.in", "'membres'", "groups.rest.in",
		"no group named \"membres\" (did you mean \"members\"?)"},
	{"groups.rest.union", "['nobody-here']", "groups.rest.union",
		"no group named \"nobody-here\""},
	{"groups.members.labels", "'etcd'", "groups.members.labels",
		"must be an object of strings, not a string"},
	{"groups.members.labels.role", "3", "groups.members.labels.role",
		"must be a string, not a number"},
	{"groups.members", "{'count':3}", "groups.members",
		"group needs at least one of \"labels\", \"nodes\", \"in\" and \"union\""},
	{"groups.members", "{'in':'rest'}", "groups.members",
		"the group is defined by itself, round a circle"},
	{"groups.members", "{'in':'members'}", "groups.members",
		"the group is defined by itself, round a circle"},
	{"groups.leader.not", "['rest']", "groups.leader",
		"the group is defined by itself, round a circle"},
	{"groups.leader.where.equals", "'1'", "groups.leader.where.equals",
		"must be a number, not a string"},
	{"groups.leader.where.http.url", "'http://{n}/'", "groups.leader.where.http.url",
		"unknown placeholder {n}; known here: {node.name}, {node.addr}, "
		"{group.NAME.addrs} of a group that exists, {var.NAME}"},
	{"groups.leader.where", "{'exec':['ask','{node.addr}','{n}']}",
		"groups.leader.where.exec[2]",
		"unknown placeholder {n}; known here: {node.name}, {node.addr}, "
		"{group.NAME.addrs} of a group that exists, {var.NAME}"},
	{"groups.leader.where.exec", "['true']", "groups.leader.where",
		"where needs exactly one of \"http\" and \"exec\""},
	{"groups.leader.where.first_line", "'x'", "groups.leader.where.first_line",
		"\"first_line\" needs the key \"exec\" beside it"},
	{"groups.leader.where", "{'exec':['true'],'exit_code':256}",
		"groups.leader.where.exit_code", "must be from 0 to 255, not 256"},
	/* probes, SLOs, workloads */
	{"probes.put.to.group", "'member'", "probes.put.to.group",
		"no group named \"member\" (did you mean \"members\"?)"},
	{"probes.put.url", "7", "probes.put.url", "must be a string or a secret, not a number"},
	{"probes.put.url", "'ftp://{node.addr}/'", "probes.put.url",
		"must begin with http:// or https://"},
	{"probes.put.url", NULL, "probes.put", "type \"http\" needs the key \"url\""},
	{"probes.put.url", "'http://x/'", "probes.put.to",
		"the events go to the nodes of a group, but nothing in the probe depends on the "
		"node: use {node.addr} or {node.name}"},
	{"probes.put.address", "'x:1'", "probes.put.address",
		"does not belong to type \"http\", which has: url, method, headers, body, "
		"connection, tls, inside_radius"},
	{"probes.put.expect", "{'exit_code':1}", "probes.put.expect.exit_code",
		"does not belong to type \"http\", which has: status, body"},
	{"probes.put.expect", "{'body':{}}", "probes.put.expect.body",
		"match needs exactly one of \"contains\", \"starts_with\", \"equals\" and "
		"\"json\""},
	{"probes.put.expect", "{'body':{'json':{'pointer':'health','equals':true}}}",
		"probes.put.expect.body.json.pointer",
		"\"health\" is not a JSON pointer like \"/health\", or empty"},
	{"probes.put", TCP("'10.0.0.1'"), "probes.put.address",
		"must be HOST:PORT with a port from 1 to 65535, like 10.0.0.5:80 or [fd00::1]:80"},
	{"probes.put", TCP("'fd00::1:80'"), "probes.put.address",
		"an IPv6 address before a port stands in brackets, like [fd00::1]:80"},
	{"probes.put", TCP("'a b:80'"), "probes.put.address",
		"what stands before the port is no host"},
	{"probes.put", TCP("'{node.addr}:80'"), "probes.put.address",
		"unknown placeholder {node.addr}; known here: {n}, {uuid}, {group.NAME.addrs} of a "
		"group that exists, {var.NAME}"},
	{"probes.put", TCP("'x:80','send':'hello'"), "probes.put.send",
		"without \"expect.answer\" nobody would look at what comes back"},
	{"probes.put", TCP("'x:80','expect':{'answer':{'equals':'x'}}"), "probes.put.expect.answer",
		"a TCP stream has no end to compare at: only \"starts_with\" and \"contains\""},
	{"probes.put", TCP("'x:80','url':'http://x/'"), "probes.put.url",
		"does not belong to type \"tcp\", which has: address, send, inside_radius"},
	{"probes.put", EXEC(50.5, "['true']"), "probes.put.rate",
		"an exec probe starts a process for each event: at most 50 a second, beyond that "
		"it would measure its own host"},
	{"probes.put", EXEC(50, "['true','{node.addr}']"), "probes.put.exec[1]",
		"unknown placeholder {node.addr}; known here: {n}, {uuid}, {group.NAME.addrs} of a "
		"group that exists, {var.NAME}"},
	{"probes.put", EXEC(50, "['true'],'env':{'A=B':'c'}"), "probes.put.env[\"A=B\"]",
		"is not the name of a variable"},
	{"probes.put", EXEC(50, "['true'],'stdin':{'secret':'no'}"), "probes.put.stdin",
		"no secret named \"no\""},
	{"probes.put.url", "'http://{group.nobody.addrs}/'", "probes.put.url",
		"unknown placeholder {group.nobody.addrs}; known here: {n}, {uuid}, {node.name}, "
		"{node.addr}, {group.NAME.addrs} of a group that exists, {var.NAME}"},
	{"probes.put.to", NULL, "probes.put.url",
		"unknown placeholder {node.addr}; known here: {n}, {uuid}, "
		"{group.NAME.addrs} of a group that exists, {var.NAME}"},
	{"probes.put.headers", "['a']", "probes.put.headers", "must be an object, not a list"},
	{"probes.put.headers", "{'X':3}", "probes.put.headers.X",
		"must be a string or a secret, not a number"},
	{"probes.put.headers", "{'X':{'secret':'tok'}}", "probes.put.headers.X",
		"no secret named \"tok\""},
	{"probes.put.body.text", "'x'", "probes.put.body",
		"body needs exactly one of \"json\" and \"text\""},
	{"probes.put.body", "{'text':3}", "probes.put.body.text",
		"must be a string or a secret, not a number"},
	{"probes.put.body.json.key", "'{leader}'", "probes.put.body.json.key",
		"unknown placeholder {leader}; known here: {n}, {uuid}, {node.name}, {node.addr}, "
		"{group.NAME.addrs} of a group that exists, {var.NAME}"},
	{"probes.put.body.base64_at[1]", "'value'", "probes.put.body.base64_at[1]",
		"\"value\" is not a JSON pointer like \"/key\" into body.json"},
	{"secrets", "{'t':{}}", "secrets.t", "secret needs exactly one of \"env\" and \"file\""},
	{"secrets", "{'t':{'env':'A','file':'b'}}", "secrets.t",
		"secret needs exactly one of \"env\" and \"file\""},
	{"slos.avail.probe", "'putt'", "slos.avail.probe",
		"no probe named \"putt\" (did you mean \"put\"?)"},
	{"workloads.acked.from", "['client','n1']", "workloads.acked.from",
		"a set workload runs at exactly one node in this version"},
	{"workloads.acked.exec[1]", "'{node.addr}'", "workloads.acked.exec[1]",
		"unknown placeholder {node.addr}; known here: {group.NAME.addrs} of a group that "
		"exists, {var.NAME}"},
	{"workloads.acked.final_read.from_each", "'x'", "workloads.acked.final_read.from_each",
		"no group named \"x\""},
	/* phases */
	{"phases[0].for", NULL, "phases[0]", "phase needs exactly one of \"for\" and \"until\""},
	{"phases[2].for", "'5s'", "phases[2]", "phase needs exactly one of \"for\" and \"until\""},
	{"phases[2].at_most", NULL, "phases[2].until",
		"\"until\" needs the key \"at_most\" beside it"},
	{"phases[0].at_most", "'5s'", "phases[0].at_most",
		"\"at_most\" needs the key \"until\" beside it"},
	{"phases[2].until.slo", "'avial'", "phases[2].until.slo",
		"no SLO named \"avial\" (did you mean \"avail\"?)"},
	{"phases[1].faults[0].fault", "'partiton'", "phases[1].faults[0].fault",
		"no fault named \"partiton\" (did you mean \"partition\"?)"},
	{"phases[1].faults[0].from", NULL, "phases[1].faults[0]",
		"partition needs the key \"from\", with exactly one of \"nodes\", \"prefixes\", "
		"\"hosts\" and \"everything\", or in \"with\" a \"shape\" or \"drops\""},
	{"phases[1].faults[0].from.everything", "true", "phases[1].faults[0].from",
		"needs exactly one of \"nodes\", \"prefixes\", \"hosts\" and \"everything\""},
	{"phases[1].faults[0].from.hosts", "'s3.example.com'", "phases[1].faults[0].from",
		"needs exactly one of \"nodes\", \"prefixes\", \"hosts\" and \"everything\""},
	{"phases[1].faults[0].from", "{'hosts':['s3.example.com','a b']}",
		"phases[1].faults[0].from.hosts[1]",
		"\"a b\" is not a host's name: letters, digits, hyphens and dots"},
	{"phases[1].faults[0].from", "{'hosts':'-f'}", "phases[1].faults[0].from.hosts", NULL},
	{"phases[1].faults[0].from", "{'hosts':['s3.example.com','10.0.0.5']}",
		"phases[1].faults[0].from.hosts[1]",
		"10.0.0.5 is an address: it belongs into \"prefixes\""},
	{"phases[1].faults[0].from",
		"{'hosts':['a','b','c','d','e','f','g','h','i','j','k','l','m','n','o','p','q']}",
		"phases[1].faults[0].from.hosts", "names 17 hosts, more than 16"},
	{"phases[1].faults[0].from", "{'everything':false}", "phases[1].faults[0].from.everything",
		"must be true, or left out"},
	{"phases[1].faults[0].from", "{}", "phases[1].faults[0]",
		"partition needs the key \"from\", with exactly one of \"nodes\", \"prefixes\", "
		"\"hosts\" and \"everything\", or in \"with\" a \"shape\" or \"drops\""},
	{"phases[1].faults[0].on.processes", "{'exe':'/bin/x'}", "phases[1].faults[0].on.processes",
		"partition hits nodes, not single processes: leave \"processes\" out"},
	/* a fault among the nodes it is on */
	{"phases[1].faults[0].with", "{'shape':'halves'}", "phases[1].faults[0].with.shape",
		"it parts the nodes of \"on\" among themselves: leave it out, or \"from\""},
	{"phases[1].faults[0].with", "{'shape':'sides','drops':{'n1':['n2']}}",
		"phases[1].faults[0].with.drops",
		"it parts the nodes of \"on\" among themselves: leave it out, or \"from\""},
	{"phases[1].faults[0]",
		"{'id':'cut-leader','fault':'partition','on':{'nodes':'members'},'with':{'shape':"
		"'sides'}}",
		"phases[1].faults[0]",
		"partition needs the key \"from\", with exactly one of \"nodes\", \"prefixes\", "
		"\"hosts\" and \"everything\", or in \"with\" a \"shape\" or \"drops\""},
	{"phases[1].faults[0]",
		"{'id':'cut-leader','fault':'partition','on':{'nodes':'leader'},'with':{'shape':"
		"'halves'}}",
		"phases[1].faults[0].on.nodes",
		"without \"from\" partition acts between the nodes of \"on\": there must be two at "
		"least"},
	{"phases[1].faults[0]",
		"{'id':'cut-leader','fault':'partition','on':{'nodes':'members'},'with':{'drops':"
		"{'n1':'n2'}}}",
		"phases[1].faults[0].with.drops.n1", "must be a list of names, not a string"},
	/* a fault on processes */
	{"phases[1].faults[0]", KILL("'from':{'nodes':'rest'},", "'exe':'/bin/x'", ""),
		"phases[1].faults[0].from", "kill has no counterpart: leave \"from\" out"},
	{"phases[1].faults[0]", "{'id':'cut-leader','fault':'kill','on':{'nodes':'leader'}}",
		"phases[1].faults[0].on",
		"kill needs the key \"processes\": which of them on these nodes, by \"exe\", "
		"\"cmdline\", \"pidfile\", \"cgroup\", \"unit\" or \"port\""},
	{"phases[1].faults[0]", KILL("", "'count':1", ""), "phases[1].faults[0].on.processes",
		"processes needs at least one of \"exe\", \"cmdline\", \"pidfile\", \"cgroup\", "
		"\"unit\" and \"port\""},
	{"phases[1].faults[0]", KILL("", "'exe':'etcd'", ""),
		"phases[1].faults[0].on.processes.exe",
		"\"etcd\" is not an absolute path: it does not begin with \"/\""},
	{"phases[1].faults[0]", KILL("'for':'2s',", "'exe':'/bin/x'", ""),
		"phases[1].faults[0].for",
		"kill is over as soon as it has acted: leave \"for\" out, or give it \"every\""},
	{"phases[1].faults[0]", KILL("", "'exe':'/bin/x'", "'times':3"),
		"phases[1].faults[0].with.times", "\"times\" needs the key \"every\" beside it"},
	{"invariants[0]", "{'id':'a','restarts':{'fault':'nobody','within':'1s'}}",
		"invariants[0].restarts.fault", "no fault named \"nobody\""},
	{"invariants[0]", "{'id':'a','restarts':{'fault':'cut-leader','within':'1s'}}",
		"invariants[0].restarts.fault",
		"partition does not tell who is started again after it: name a fault that does, "
		"such as kill"},
	{"phases[1].faults[0]", KILL("", "'exe':'/bin/x'", "'signal':'STOP'"),
		"phases[1].faults[0].with.signal",
		"\"STOP\" is refused: the process would stay stopped: use the fault \"pause\""},
	{"phases[1].faults[0]", KILL("", "'exe':'/bin/x'", "'signal':'SIGKILL'"),
		"phases[1].faults[0].with.signal",
		"\"SIGKILL\" is not one of ABRT, ALRM, BUS, FPE, HUP, ILL, INT, KILL, PIPE, QUIT, "
		"SEGV, SYS, TERM, TRAP, USR1, USR2 (did you mean \"KILL\"?)"},
	{"phases[1].faults[0].with", "[]", "phases[1].faults[0].with",
		"must be an object, not a list"},
	{"phases[1].faults[0].with.direction", "'sideways'", "phases[1].faults[0].with.direction",
		NULL},
	{"phases[1].faults[0].with.dirction", "'both'", "phases[1].faults[0].with.dirction",
		"unknown key \"dirction\" in partition (did you mean \"direction\"?)"},
	/* invariants */
	{"invariants[0].holds", NULL, "invariants[0]",
		"invariant needs exactly one of \"holds\", \"recovers\", \"data\", \"budget\", "
		"\"restarts\", \"compare\", \"ratio\", \"degraded_at_most\", \"alert_fired\", "
		"\"converges\" and "
		"\"exactly_one\""},
	{"invariants[0].budget", "{'slo':'avail','max_spent':0.1}", "invariants[0]",
		"invariant needs exactly one of \"holds\", \"recovers\", \"data\", \"budget\", "
		"\"restarts\", \"compare\", \"ratio\", \"degraded_at_most\", \"alert_fired\", "
		"\"converges\" and "
		"\"exactly_one\""},
	{"invariants[0].in", NULL, "invariants[0].holds",
		"\"holds\" needs the key \"in\" beside it"},
	{"invariants[2].skip_first", "'1s'", "invariants[2].skip_first",
		"\"skip_first\" needs the key \"in\" beside it"},
	{"invariants[0].holds", "{'probe':'putt','quantile':0.9,'below':'1ms'}",
		"invariants[0].holds.probe", "no probe named \"putt\" (did you mean \"put\"?)"},
	{"invariants[0].holds", "{'probe':'put','below':'1ms'}", "invariants[0].holds.probe",
		"\"probe\" needs the key \"quantile\" beside it"},
	{"invariants[0].holds", "{'slo':'avail','quantile':0.9}", "invariants[0].holds.quantile",
		"\"quantile\" needs the key \"below\" beside it"},
	{"invariants[0].holds", "{'slo':'avail','probe':'put','quantile':0.9,'below':'1ms'}",
		"invariants[0].holds", "holds needs exactly one of \"slo\" and \"probe\""},
	{"invariants[0].confidence", "0.5", "invariants[0].confidence",
		"must be a ratio from 0.8 to 0.9999, not 0.5"},
	{"invariants[2].known_issue", "{'ticket':'T','until':'2026-13-01','why':'x'}",
		"invariants[2].known_issue.until", "\"2026-13-01\" is not a date like 2026-12-31"},
	{"invariants[2].known_issue", "{'until':'2026-12-01','why':'x'}",
		"invariants[2].known_issue", "known_issue needs the key \"ticket\""},
	{"invariants[0]", COMPARE("'in':'befor'", "0.02", ""), "invariants[0].compare.with.in",
		"no phase named \"befor\" (did you mean \"before\"?)"},
	{"invariants[0]", COMPARE("'slo':'x'", "0.02", ""), "invariants[0].compare.with.slo",
		"no SLO named \"x\""},
	{"invariants[0]", COMPARE("", "0.02", ""), "invariants[0].compare.with",
		"reference needs at least one of \"in\", \"slo\" and \"probe\""},
	{"invariants[0]", RATIO("'in':'before'", "'at_least':0.5,'at_most':1"),
		"invariants[0].ratio", "ratio needs exactly one of \"at_least\" and \"at_most\""},
	{"invariants[0].in", "'befor'", "invariants[0].in",
		"no phase named \"befor\" (did you mean \"before\"?)"},
	{"invariants[0].holds.slo", "'x'", "invariants[0].holds.slo", "no SLO named \"x\""},
	{"invariants[2].recovers.from.fault", "'x'", "invariants[2].recovers.from.fault",
		"no fault named \"x\""},
	{"invariants[4].data.workload", "'ackd'", "invariants[4].data.workload",
		"no workload named \"ackd\" (did you mean \"acked\"?)"},
	{"groups.leader.where.http.tls", "{'ca':'a.pem'}", "groups.leader.where.http.tls",
		"needs a \"url\" that begins with https://, not http://"},
	/* guardrails */
	{"guardrails.limits.of_group[0].group", "'x'", "guardrails.limits.of_group[0].group",
		"no group named \"x\""},
	{"guardrails.stop_if", "[]", "guardrails.stop_if",
		"an empty stop_if needs \"no_stop_because\": say why nothing may stop this run"},
	{"guardrails.stop_if[1].no_good_for", "'9s'", "guardrails.stop_if[1]",
		"stop rule needs exactly one of \"no_good_for\", \"no_data_for\", \"burn\", "
		"\"cusum\", "
		"\"budget_spent\" and \"lost_writes\""},
	{"guardrails.stop_if[0].slo", NULL, "guardrails.stop_if[0].no_good_for",
		"\"no_good_for\" needs the key \"slo\" beside it"},
	{"guardrails.stop_if[0].slo", "'x'", "guardrails.stop_if[0].slo", "no SLO named \"x\""},
};

/* The one place for a secret that `ps e` would show. */
static void a_secret_is_no_variable(void **state)
{
	(void)state;
	struct catalogue catalogue = given_catalogue();
	cJSON *tree = given_tree();
	struct scenario scenario;
	struct fail fail = FAIL_INIT;

	given_set(tree, "secrets", "{'token':{'env':'TOKEN'}}");
	given_set(tree, "probes.put", EXEC(50, "['true'],'env':{'T':{'secret':'token'}}"));
	scenario = given_scenario(tree);
	assert_int_equal(scenario_check(&scenario, &catalogue, &fail), -1);
	assert_string_equal(fail.path, "probes.put.env.T");
	assert_string_equal(fail.text,
		"a secret may not stand in the environment, where `ps e` shows it: give it to the "
		"program on \"stdin\"");
	scenario_deinit(&scenario);
	catalogue_deinit(&catalogue);
}

static void every_type_of_probe_is_taken(void **state)
{
	(void)state;
	static const char *const probes[] = {
		TCP("'x:80'"),
		TCP("'{var.db}'"),
		TCP("'[fd00::1]:80','send':{'secret':'token'},'expect':{'answer':{'contains':'x'}"
		    "}"),
		EXEC(50,
			"['true','{n}'],'env':{'A':'{uuid}'},'stdin':{'secret':'token'},"
			"'expect':{'exit_code':3,'stdout':{'json':{'pointer':'','equals':1}}}"),
		"{'type':'http','from':'client','to':{'group':'members','policy':'each'},"
		"'url':'https://{node.addr}/','connection':'fresh','rate':100,'timeout':'1s',"
		"'headers':{'Host':'{node.name}','A':{'secret':'token'}},"
		"'expect':{'status':200,'body':{'contains':'{'}}}",
	};
	struct catalogue catalogue = given_catalogue();

	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		cJSON *tree = given_tree();
		struct scenario scenario;
		struct fail fail = FAIL_INIT;

		given_set(tree, "secrets", "{'token':{'env':'TOKEN'}}");
		given_set(tree, "probes.put", probes[i]);
		scenario = given_scenario(tree);
		if (scenario_check(&scenario, &catalogue, &fail) < 0 &&
			strncmp(fail.path, "probes", 6) == 0)
			fail_msg("%s: %s: %s", probes[i], fail.path, fail.text);
		scenario_deinit(&scenario);
	}
	catalogue_deinit(&catalogue);
}

static void references_must_exist(void **state)
{
	(void)state;
	mutations_are_refused(references, sizeof(references) / sizeof(references[0]));
}

static void many_groups_are_checked_at_once(void **state)
{
	(void)state;
	/* Each of 60 groups is the union of the next two: 2^60 ways lead through them. */
	struct catalogue catalogue = given_catalogue();
	cJSON *tree = given_tree();
	struct scenario scenario;
	struct fail fail = FAIL_INIT;
	char path[32], json[64];

	for (int i = 60; i > 0; i--) {
		snprintf(path, sizeof(path), "groups.g%d", i);
		if (i > 58)
			snprintf(json, sizeof(json), "{'nodes':'n1'}");
		else
			snprintf(json, sizeof(json), "{'union':['g%d','g%d']}", i + 1, i + 2);
		given_set(tree, path, json);
	}
	scenario = given_scenario(tree);
	assert_int_equal(check_references(&scenario, &catalogue, &fail), 0);
	scenario_deinit(&scenario);
	catalogue_deinit(&catalogue);
}

static void times_of_phases_and_faults(void **state)
{
	(void)state;
	struct scenario scenario = given_scenario(given_tree());
	const struct phase_spec *settle = scenario_phase(&scenario, "settle");
	struct catalogue catalogue = given_catalogue();
	struct fault_spec fault = {
		.fault = (char *)"partition", .at_ns = SECONDS(2), .for_ns = SECONDS(3)};

	assert_int_equal(phase_shortest_ns(settle), SECONDS(5));
	assert_int_equal(phase_longest_ns(settle), SECONDS(30));
	assert_int_equal(phase_longest_ns(scenario_phase(&scenario, "cut")), SECONDS(10));
	assert_int_equal(fault_end_ns(&catalogue, &fault, SECONDS(10)), SECONDS(5));
	assert_int_equal(fault_end_ns(&catalogue, &fault, SECONDS(4)), SECONDS(4));
	fault.for_ns = 0;
	assert_int_equal(fault_end_ns(&catalogue, &fault, SECONDS(10)), SECONDS(10));
	/* One that is over at once ends when it begins. */
	fault.fault = (char *)"kill";
	assert_int_equal(fault_end_ns(&catalogue, &fault, SECONDS(10)), SECONDS(2));
	catalogue_deinit(&catalogue);
	scenario_deinit(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_must_exist),
		cmocka_unit_test(a_secret_is_no_variable),
		cmocka_unit_test(every_type_of_probe_is_taken),
		cmocka_unit_test(many_groups_are_checked_at_once),
		cmocka_unit_test(times_of_phases_and_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
