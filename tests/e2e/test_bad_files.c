/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/cli.h"

/*
 * Files that people get wrong: one change to a good scenario each, and the exact words that
 * `backburn run` answers with, the right line among them. Nothing is touched: no root needed.
 */
struct mistake {
	const char *name;
	const char *what, *by;
	const char *line_of; /* text whose line the message must name */
	const char *says;    /* behind "file:line: " */
};

static const struct mistake mistakes[] = {
	{"malformed", "\"seed\": 3,", "\"seed\": 3", "\"use\"", "not valid JSON near "},
	{"unknown key", "\"title\":", "\"titel\":", "\"titel\"",
		"titel: unknown key \"titel\" in scenario (did you mean \"title\"?)"},
	{"duplicate key", "\"seed\": 3,", "\"seed\": 3, \"seed\": 4,", "\"seed\"",
		"seed: the key \"seed\" stands here twice"},
	{"wrong unit", "\"for\": \"7s\"", "\"for\": \"7 seconds\"", "7 seconds",
		"phases[0].for: \"7 seconds\" is not a duration: a number and one of ns, us, ms, "
		"s, m, "
		"h, d"},
	{"wrong type", "\"for\": \"7s\"", "\"for\": 7", "\"for\": 7",
		"phases[0].for: must be a duration like \"250ms\" or \"1.5s\", not a number"},
	{"ratio above 1", "\"concurrent_faults\": 1,",
		"\"of_group\": [{ \"group\": \"members\", \"max_fraction\": 34 }],",
		"\"max_fraction\"",
		"guardrails.limits.of_group[0].max_fraction: must be a ratio from 0 to 1, not 34"},
	{"unknown fault", "\"fault\": \"partition\"", "\"fault\": \"partitoin\"", "\"partitoin\"",
		"phases[1].faults[0].fault: no fault named \"partitoin\" (did you mean "
		"\"partition\"?)"},
	{"unknown parameter of a fault", "\"from\": { \"nodes\": \"rest\" }",
		"\"from\": { \"nodes\": \"rest\" }, \"with\": { \"directoin\": \"in\" }",
		"\"directoin\"",
		"phases[1].faults[0].with.directoin: unknown key \"directoin\" in partition (did "
		"you "
		"mean \"direction\"?)"},
	{"unknown word", "\"from\": { \"nodes\": \"rest\" }",
		"\"from\": { \"nodes\": \"rest\" }, \"with\": { \"direction\": \"inn\" }",
		"\"inn\"",
		"phases[1].faults[0].with.direction: \"inn\" is not one of both, in, out (did you "
		"mean "
		"\"in\"?)"},
	{"unknown parameter", "{ \"param\": \"cut_for\" }", "{ \"param\": \"cut\" }",
		"{ \"param\": \"cut\" }",
		"phases[1].for: no parameter named \"cut\" is declared under \"params\""},
	{"unknown SLO", "\"slo\": \"avail\", \"from\"", "\"slo\": \"avial\", \"from\"", "avial",
		"invariants[1].recovers.slo: no SLO named \"avial\" (did you mean \"avail\"?)"},
	{"unknown probe", "\"params\":",
		"\"slos\": { \"x\": { \"probe\": \"putt\", \"good\": { \"outcome\": \"ok\" }, "
		"\"objective\": 0.99 } }, \"params\":",
		"putt", "slos.x.probe: no probe named \"putt\" (did you mean \"put\"?)"},
	{"unknown placeholder", "\"params\":",
		"\"probes\": { \"p\": { \"type\": \"http\", \"from\": \"client\", \"url\": "
		"\"http://{nod.addr}/\", \"rate\": 1, \"timeout\": \"1s\" } }, \"params\":",
		"{nod.addr}",
		"probes.p.url: unknown placeholder {nod.addr}; known here: {n}, {uuid}, "
		"{group.NAME.addrs} of a group that exists, {var.NAME}"},
	{"authorities that are not there", "\"params\":",
		"\"probes\": { \"p\": { \"type\": \"http\", \"from\": \"client\", \"url\": "
		"\"https://x/\", \"tls\": { \"ca\": \"/nowhere/ca.pem\" }, \"rate\": 1, "
		"\"timeout\": \"1s\" } }, \"params\":",
		"/nowhere/ca.pem", "probes.p.tls.ca: /nowhere/ca.pem: No such file or directory"},
	{"duplicate id", "\"id\": \"after\"", "\"id\": \"before\"", "\"before\", \"for\": \"12s\"",
		"phases[2].id: the id \"before\" stands twice under phases"},
	{"missing stop_if",
		",\n\t\t\"stop_if\": [\n\t\t\t{ \"id\": \"outage\", \"slo\": \"avail\", "
		"\"no_good_for\": "
		"\"10s\" },\n\t\t\t{ \"id\": \"blind\", \"no_data_for\": \"5s\" }\n\t\t]",
		"", "\"guardrails\"", "guardrails: guardrails needs the key \"stop_if\""},
	{"no reason for no stop rule",
		"{ \"id\": \"outage\", \"slo\": \"avail\", \"no_good_for\": \"10s\" },\n\t\t\t{ "
		"\"id\": "
		"\"blind\", \"no_data_for\": \"5s\" }",
		"", "\"stop_if\"",
		"guardrails.stop_if: an empty stop_if needs \"no_stop_because\": say why nothing "
		"may "
		"stop this run"},
	{"burn rule without a window", "{ \"id\": \"blind\", \"no_data_for\": \"5s\" }",
		"{ \"id\": \"burn\", \"slo\": \"avail\", \"burn\": { \"rate\": 8 } }", "\"burn\"",
		"guardrails.stop_if[1].burn: burn needs the key \"long\""},
	{"burn rule that can't fire", "{ \"id\": \"blind\", \"no_data_for\": \"5s\" }",
		"{ \"id\": \"burn\", \"slo\": \"avail\", \"burn\": { \"rate\": 50, \"long\": "
		"\"60s\" } "
		"}",
		"\"burn\"",
		"guardrails.stop_if[1].burn.long: can never fire: its window of 60s is judged when "
		"it "
		"is full, and all phases last 27s at most"},
	{"fault longer than its limit", "\"fault\": \"30s\"", "\"fault\": \"3s\"",
		"{\n\t\t\t\t\t\"id\": \"cut-leader\"",
		"phases[1].faults[0]: fault \"cut-leader\" would last 8s, longer than its own "
		"limit "
		"guardrails.limits.fault of 3s"},
	{"unprovable claim", "\"for\": \"7s\"", "\"for\": \"5s\"", "\"steady\"",
		"invariants[0].holds: 99 % cannot be shown: this claim will have 250 samples, 299 "
		"are "
		"needed (a longer phase, a higher rate or a lower objective)"},
	{"stop rule sooner than within", "\"no_good_for\": \"10s\"", "\"no_good_for\": \"3s\"",
		"\"outage\"",
		"guardrails.stop_if[0].no_good_for: stop rule \"outage\" fires after 3s without a "
		"good "
		"event, sooner than the 6s that claim \"failover\" allows: the claim could never "
		"be "
		"violated, only stopped"},
	{"stop rule that never fires", "\"no_good_for\": \"10s\"", "\"no_good_for\": \"10m\"",
		"\"outage\"",
		"guardrails.stop_if[0].no_good_for: stop rule \"outage\" can never fire: it needs "
		"longer "
		"than all phases last"},
	{"claim on what comes too late", "\"stable_for\": \"1s\"", "\"stable_for\": \"60s\"",
		"\"failover\"",
		"invariants[1].recovers: cannot be shown: within and stable_for together need 66s "
		"after "
		"the fault's start instant, the phases leave 20s"},
	{"run longer than its limit", "\"run\": \"2m\"", "\"run\": \"20s\"", "\"run\"",
		"guardrails.limits.run: the phases and final reads can take 27s, longer than this "
		"limit "
		"of 20s"},
	{"two rates on one path", "\"id\": \"cut-leader\",\n\t\t\t\t\t\"fault\": \"partition\"",
		"\"id\": \"slow\", \"fault\": \"rate\", \"on\": { \"nodes\": \"leader\" }, "
		"\"from\": { \"nodes\": \"rest\" }, \"with\": { \"bandwidth\": \"2Mbit\" } }, {\n"
		"\"id\": \"cut-leader\", \"fault\": \"rate\", "
		"\"with\": { \"bandwidth\": \"1Mbit\" }",
		"{\n\"id\": \"cut-leader\"",
		"phases[1].faults[1]: rate slow and cut-leader act on the same path at the same "
		"time, and contradict each other: part their times, nodes, directions or ports"},
	{"precondition behind a fault", "\"in\": \"before\", \"holds\"",
		"\"in\": \"cut\", \"holds\"", "\"steady\"",
		"invariants[0]: a precondition must be decided before the first fault; phase "
		"\"cut\" "
		"already has one"},
};

/* Valid files that don't fit this environment. */
static const struct mistake elsewhere[] = {
	{"unknown group", "\"nodes\": \"rest\"", "\"nodes\": \"rset\"",
		"{\n\t\t\t\t\t\"id\": \"cut-leader\"",
		"phases[1].faults[0]: no group of the scenario and no node of environment "
		"\"lab-etcd\" "
		"is named \"rset\" (did you mean \"rest\"?)"},
};

static int line_of(const char *text, const char *what)
{
	const char *place = strstr(text, what);
	int line = 1;

	if (!place)
		fail_msg("\"%s\" is not in the changed file", what);
	for (; text < place; text++)
		line += *text == '\n';
	return line;
}

static void check_mistake(const struct cli *cli, const struct mistake *mistake, int code)
{
	char *text =
		cli_replaced(cli_file("tests/e2e/files/base.json"), mistake->what, mistake->by);
	char *use = strstr(text, "../../../scenarios"), expected[1024];
	const char *path;
	struct cli_result result;

	/* The copy lies elsewhere: its part is named absolutely, by a shorter or longer text. */
	if (use) {
		char *moved = NULL;

		assert_true(asprintf(&moved, "%.*s%s%s", (int)(use - text), text,
				    cli_file("scenarios"), use + strlen("../../../scenarios")) > 0);
		free(text);
		text = moved;
	}
	path = cli_write(cli, "bad.json", text);
	cli_run((const char *[]){"run", path, "--on", cli_file("scenarios/env/lab-etcd.json"),
			"--runs", cli->runs, NULL},
		&result);
	snprintf(expected, sizeof(expected), "backburn: %s:%d: %s", path,
		line_of(text, mistake->line_of), mistake->says);
	if (strncmp(result.err, expected, strlen(expected)) != 0)
		fail_msg("%s:\n  said      %s  expected  %s", mistake->name, result.err, expected);
	assert_int_equal(result.code, code);
	free(text);
	cli_result_free(&result);
}

static void test_each_mistake_is_named_with_its_line(void **state)
{
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
		check_mistake(&cli, &mistakes[i], 65);
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		check_mistake(&cli, &elsewhere[i], 4);
	assert_int_equal(access(cli.runs, F_OK), -1); /* nothing was begun */
	cli_end(&cli);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_mistake_is_named_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
