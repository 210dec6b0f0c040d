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
#include "tests/e2e/host_state.h"
#include "tests/programs.h"

/* What `backburn plan` says before anything is touched, and whether it then comes true. */

static void test_a_plan_touches_nothing(void **state)
{
	char *before = host_state("pair"), *programs = programs_list();
	struct cli_result result;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	cli_run((const char *[]){"plan", cli_file("tests/e2e/files/silent.json"), "--on",
			cli_file("tests/e2e/files/pair-env.json"), "--runs", cli.runs, NULL},
		&result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	/* Its two nodes exchange nothing on that port: red on a terminal, named everywhere. */
	assert_non_null(strstr(result.out, "NOTHING    live connections match now"));
	assert_non_null(strstr(result.out, "virtual IP"));
	assert_non_null(strstr(result.out, "  nodes        1 hit, "));
	cli_result_free(&result);
	cli_end(&cli);
	assert_no_new_programs(programs);
	assert_host_state("pair", before);
}

static void test_a_plan_that_would_be_refused_says_so(void **state)
{
	char *before = host_state("pair");
	struct cli_result result;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	cli_run((const char *[]){"plan", cli_file("tests/e2e/files/empty.json"), "--on",
			cli_file("tests/e2e/files/pair-env.json"), "--runs", cli.runs, NULL},
		&result);
	assert_int_equal(result.code, 4);
	assert_non_null(strstr(result.err, "group \"nobody\" must have at least 1 nodes; 0 found"));
	cli_result_free(&result);
	cli_end(&cli);
	assert_host_state("pair", before);
}

/* "n1 n2": packets that the run counted between the two, in both directions. */
static double counted(const cJSON *summary, const char *a, const char *b)
{
	const cJSON *fault = cJSON_GetArrayItem(cJSON_GetObjectItem(summary, "faults"), 0), *pair;
	double least = -1;

	cJSON_ArrayForEach(pair, cJSON_GetObjectItem(fault, "pairs")) {
		bool there = strcmp(cli_text(pair, "from"), a) == 0 &&
			strcmp(cli_text(pair, "to"), b) == 0;
		bool back = strcmp(cli_text(pair, "from"), b) == 0 &&
			strcmp(cli_text(pair, "to"), a) == 0;

		if ((there || back) && (least < 0 || cli_number(pair, "packets") < least))
			least = cli_number(pair, "packets");
	}
	return least;
}

static cJSON *plan_of_leader_cut(const struct cli *cli)
{
	struct cli_result result;
	cJSON *plan;

	cli_run((const char *[]){"plan", cli_file("scenarios/etcd-leader-cut.json"), "--json",
			"--runs", cli->runs, NULL},
		&result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	plan = cJSON_Parse(result.out);
	assert_non_null(plan);
	cli_result_free(&result);
	return plan;
}

/* The run asked as the plan did; its page has both beside each other, and a plan can follow it. */
static void assert_report_agrees(const struct cli *cli, const cJSON *summary)
{
	const cJSON *fault = cli_first(cJSON_GetObjectItem(summary, "radius"), "faults");
	struct cli_result result;
	char path[256], *html;

	assert_int_equal(cli_number(fault, "link_count"), 4);
	assert_true(cli_number(fault, "connection_count") >= 2);
	snprintf(path, sizeof(path), "%s/report.html", cli_only_run(cli));
	html = cli_read(path);
	assert_non_null(strstr(html, "Predicted and measured, link by link"));
	assert_null(strstr(html, "which no node had predicted"));
	assert_null(strstr(html, "closed before the fault acted"));
	free(html);
	cli_run((const char *[]){"plan", cli_file("scenarios/etcd-leader-cut.json"), "--runs",
			cli->runs, "--param", "cut_for=8s", "--diff", cli_only_run(cli),
			"--fail-if-grew", NULL},
		&result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	assert_non_null(strstr(result.out, "the radius has not grown\n"));
	cli_result_free(&result);
}

static void test_predicted_and_counted_pairs_agree(void **state)
{
	char *before = host_state("etcd");
	struct cli_result result;
	struct cli cli;
	const cJSON *hits, *pair, *connection, *gap, *data;
	cJSON *plan, *summary;
	size_t pairs = 0, peers = 0;

	(void)state;
	cli_begin(&cli);
	cli_run((const char *[]){"lab", "up", cli_file("scenarios/labs/etcd.json"), NULL}, &result);
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
	plan = plan_of_leader_cut(&cli);
	cli_run_steady(&cli,
		(const char *[]){"run", cli_file("scenarios/etcd-leader-cut.json"), "--runs",
			cli.runs, "--param", "cut_for=8s", NULL},
		&result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	cli_result_free(&result);
	summary = cli_summary(&cli);

	/* As whoever reads this scenario's page expects it. */
	gap = cJSON_GetArrayItem(cJSON_GetObjectItem(summary, "gaps"), 0);
	assert_true(cli_number(gap, "gap_s") >= 0.5 && cli_number(gap, "gap_s") <= 5);
	data = cJSON_GetArrayItem(cJSON_GetObjectItem(summary, "data"), 0);
	assert_true(cli_number(data, "lost") == 0 && cli_number(data, "acknowledged") > 1000);

	hits = cJSON_GetObjectItem(
		cJSON_GetArrayItem(cJSON_GetObjectItem(plan, "faults"), 0), "hits");
	cJSON_ArrayForEach(pair, cJSON_GetObjectItem(hits, "pairs")) {
		assert_true(cli_number(pair, "live_connections") > 0);
		assert_true(counted(summary, cli_text(pair, "on"), cli_text(pair, "from")) > 0);
		pairs++;
	}
	assert_int_equal(pairs, 2);
	/* The connections are etcd's own, between members: port 2380 at one end. */
	cJSON_ArrayForEach(connection,
		cJSON_GetObjectItem(
			cJSON_GetObjectItem(cJSON_GetObjectItem(hits, "nodes"),
				cli_text(cJSON_GetArrayItem(cJSON_GetObjectItem(hits, "pairs"), 0),
					"on")),
			"connections")) {
		assert_true(strstr(cli_text(connection, "local"), ":2380") ||
			strstr(cli_text(connection, "remote"), ":2380"));
		peers++;
	}
	assert_true(peers >= 2);
	assert_report_agrees(&cli, summary);
	cJSON_Delete(plan);
	cJSON_Delete(summary);
	cli_run((const char *[]){"lab", "down", "etcd", NULL}, &result);
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
	cli_end(&cli);
	assert_host_state("etcd", before);
}

/* --- what is predicted, held against what the namespaces themselves say ------------------- */

#define FORETOLD "foretold"

/* `plan` of a shipped scenario on that lab, which is up, with more arguments. */
static void plan_on(const struct cli *cli, const char *environment, const char *scenario,
	const char *const *more, struct cli_result *result)
{
	const char *args[CLI_ARGS_MAX] = {
		"plan", cli_file(scenario), "--on", environment, "--runs", cli->runs};
	size_t count = 6;

	while (*more)
		args[count++] = *more++;
	args[count] = NULL;
	cli_run(args, result);
}

static cJSON *plan_json_on(const struct cli *cli, const char *environment, const char *scenario)
{
	struct cli_result result;
	cJSON *plan;

	plan_on(cli, environment, scenario, (const char *[]){"--json", NULL}, &result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	plan = cJSON_Parse(result.out);
	assert_non_null(plan);
	cli_result_free(&result);
	return plan;
}

/* "LOCAL REMOTE" of each established connection in a node, as another program reads the kernel. */
static char *sockets_in(const char *node)
{
	struct cli_result result;
	char *text = calloc(1, 1 << 16), local[96], remote[96];
	size_t used = 1;

	assert_non_null(text);
	text[0] = '\n';
	cli_run((const char *[]){"lab", "exec", FORETOLD, node, "--", "ss", "-tnH", "state",
			"established", NULL},
		&result);
	assert_int_equal(result.code, 0);
	for (const char *line = result.out; line && *line;) {
		if (sscanf(line, "%*s %*s %95s %95s", local, remote) == 2)
			used += (size_t)snprintf(
				text + used, (1 << 16) - used, "%s %s\n", local, remote);
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	cli_result_free(&result);
	return text;
}

static bool is_among(const char *sockets, const char *local, const char *remote)
{
	char line[200];

	snprintf(line, sizeof(line), "\n%s %s\n", local, remote);
	return strstr(sockets, line) != NULL;
}

enum {
	MEMBERS = 3
};
static const char *const members[MEMBERS] = {"n1", "n2", "n3"};

static const char *sockets_of(char *const sockets[MEMBERS], const char *node)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (strcmp(members[i], node) == 0)
			return sockets[i];
	fail_msg("no member %s", node);
	return NULL;
}

/* Connections come and go: what is predicted was there before or after, and at both ends. */
static void assert_is_there(
	const cJSON *connection, char *const before[MEMBERS], char *const after[MEMBERS])
{
	const char *client = cli_text(connection, "client"),
		   *server = cli_text(connection, "server"),
		   *from = cli_text(connection, "client_address"),
		   *to = cli_text(connection, "server_address");

	assert_true(is_among(sockets_of(before, client), from, to) ||
		is_among(sockets_of(after, client), from, to));
	assert_true(is_among(sockets_of(before, server), to, from) ||
		is_among(sockets_of(after, server), to, from));
	assert_string_equal(cli_text(connection, "program"), "etcd");
	assert_non_null(strstr(to, ":2380"));
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(connection, "seen_from_both")));
	assert_false(cJSON_IsTrue(cJSON_GetObjectItem(connection, "unsure")));
}

static bool is_predicted(const cJSON *connections, const char *one, const char *other)
{
	const cJSON *connection;

	cJSON_ArrayForEach(connection, connections) {
		const char *from = cli_text(connection, "client_address"),
			   *to = cli_text(connection, "server_address");

		if ((strcmp(from, one) == 0 && strcmp(to, other) == 0) ||
			(strcmp(from, other) == 0 && strcmp(to, one) == 0))
			return true;
	}
	return false;
}

/* Of the leader's connections to other members: all that lasted are predicted. */
static size_t count_predicted(
	const cJSON *connections, const char *before, const char *after, const char *own_address)
{
	char local[96], remote[96];
	size_t count = 0;

	for (const char *line = before + 1; *line; line = strchr(line, '\n') + 1) {
		assert_int_equal(sscanf(line, "%95s %95s", local, remote), 2);
		if (!is_among(after, local, remote) ||
			(!strstr(local, ":2380") && !strstr(remote, ":2380")) ||
			strncmp(remote, own_address, strlen(own_address)) == 0)
			continue;
		if (!is_predicted(connections, local, remote))
			fail_msg("%s to %s is not predicted", local, remote);
		count++;
	}
	return count;
}

static void look(char *sockets[MEMBERS])
{
	for (size_t i = 0; i < MEMBERS; i++)
		sockets[i] = sockets_in(members[i]);
}

static const char *address_of(const cJSON *plan, const char *node, char out[64])
{
	const cJSON *own = cli_item(cJSON_GetObjectItem(plan, "nodes"), "node", node);

	snprintf(out, 64,
		"%s:", cJSON_GetArrayItem(cJSON_GetObjectItem(own, "addresses"), 0)->valuestring);
	return out;
}

static void assert_agrees(const cJSON *plan, char *before[MEMBERS], char *after[MEMBERS])
{
	const cJSON *fault = cli_first(cJSON_GetObjectItem(plan, "radius"), "faults"),
		    *connections = cJSON_GetObjectItem(fault, "connections"), *connection;
	const char *leader = cJSON_GetArrayItem(cJSON_GetObjectItem(fault, "on"), 0)->valuestring;
	char address[64];

	assert_int_equal(cli_number(fault, "link_count"), 4);
	assert_int_equal(cli_number(fault, "connection_count"), cJSON_GetArraySize(connections));
	cJSON_ArrayForEach(connection, connections) {
		assert_is_there(connection, before, after);
	}
	assert_true(count_predicted(connections, sockets_of(before, leader),
			    sockets_of(after, leader), address_of(plan, leader, address)) >= 2);
}

static void assert_shares(const cJSON *plan)
{
	const cJSON *phase = cli_first(cJSON_GetObjectItem(plan, "radius"), "phases"),
		    *share = cli_item(cJSON_GetObjectItem(phase, "shares"), "of", "role=etcd"),
		    *quorum = cli_first(phase, "quorums");

	assert_true(cli_number(share, "hit") == 1 && cli_number(share, "total") == 3);
	assert_string_equal(cli_text(quorum, "group"), "members");
	assert_true(cli_number(quorum, "left") == 2 && cli_number(quorum, "majority") == 2);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(quorum, "kept")));
}

static void predicted_connections_are_those_of_the_namespaces(
	const struct cli *cli, const char *environment)
{
	char *before[MEMBERS], *after[MEMBERS];
	cJSON *plan;

	look(before);
	plan = plan_json_on(cli, environment, "scenarios/etcd-leader-cut.json");
	look(after);
	assert_agrees(plan, before, after);
	assert_shares(plan);
	cJSON_Delete(plan);
	for (size_t i = 0; i < MEMBERS; i++) {
		free(before[i]);
		free(after[i]);
	}
}

/* As people read it: drawn, within 80 columns, with what the limits say. */
static void a_plan_draws_its_links(const struct cli *cli, const char *environment)
{
	struct cli_result result;
	const char *drawn;

	plan_on(cli, environment, "scenarios/etcd-leader-cut.json", (const char *[]){NULL},
		&result);
	assert_int_equal(result.code, 0);
	drawn = strstr(result.out, "    links (x is what the fault hits)\n");
	assert_non_null(drawn);
	assert_non_null(strstr(drawn, "       +<-x-> n"));
	assert_non_null(strstr(drawn, " etcd:2380 "));
	assert_non_null(strstr(drawn,
		"  members      1 of 3 hit, 33 % (at most 34 %); 2 stay, the quorum of 2 is "
		"kept\n"));
	assert_non_null(strstr(drawn, " (1 of 4 nodes): "));
	assert_non_null(strstr(
		drawn, "the run could begin: `backburn run` with the same arguments does it\n"));
	for (; *drawn; drawn += strcspn(drawn, "\n") + 1)
		assert_true(strcspn(drawn, "\n") <= 80);
	cli_result_free(&result);
}

static void what_exceeds_its_limits_is_refused(const struct cli *cli, const char *environment)
{
	struct cli_result result;

	plan_on(cli, environment, "scenarios/etcd-leader-cut.json",
		(const char *[]){"--set", "guardrails.limits.of_group[0].max_fraction=0.2", NULL},
		&result);
	assert_int_equal(result.code, 4);
	assert_non_null(strstr(result.err,
		"limits: 1 of the 3 nodes of group \"members\" would be hit (0.333); at most 0.2 "
		"is allowed"));
	assert_non_null(strstr(result.out, "33 % (at most 20 %): EXCEEDED"));
	assert_non_null(strstr(result.out, "    not asked: the run would be refused before\n"));
	assert_null(strstr(result.out, "NOTHING"));
	assert_null(strstr(result.out, "the run could begin"));
	cli_result_free(&result);
}

static void write_plan(const struct cli *cli, const char *environment, const char *path)
{
	cJSON *plan = plan_json_on(cli, environment, "scenarios/etcd-leader-cut.json");
	char *text = cJSON_Print(plan);
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	free(text);
	cJSON_Delete(plan);
}

/* A pipeline can stop at a radius that has grown, and does not at one that has not. */
static void a_plan_is_compared_with_an_earlier_one(const struct cli *cli, const char *environment)
{
	struct cli_result result;
	char path[160];
	cJSON *json;

	snprintf(path, sizeof(path), "%s/earlier.json", cli->dir);
	write_plan(cli, environment, path);
	plan_on(cli, environment, "scenarios/etcd-leader-cut.json",
		(const char *[]){"--diff", path, "--fail-if-grew", NULL}, &result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	assert_non_null(strstr(result.out, "the radius has not grown\n"));
	cli_result_free(&result);
	/* Two nodes are hit there, by a fault of another name. */
	plan_on(cli, environment, "scenarios/etcd-majority-lost.json",
		(const char *[]){"--diff", path, "--fail-if-grew", NULL}, &result);
	assert_int_equal(result.code, 1);
	assert_non_null(strstr(result.out, "the radius has GROWN\n"));
	assert_non_null(strstr(result.out, "  - node         cut-leader: n"));
	assert_non_null(strstr(result.err, "backburn: the blast radius has grown"));
	cli_result_free(&result);
	/* Asked for the difference only, it is no failure. */
	plan_on(cli, environment, "scenarios/etcd-majority-lost.json",
		(const char *[]){"--diff", path, "--json", NULL}, &result);
	assert_int_equal(result.code, 0);
	json = cJSON_Parse(result.out);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "diff"), "grew")));
	cJSON_Delete(json);
	cli_result_free(&result);
}

static void what_is_no_earlier_plan_is_refused_before_anything(void **state)
{
	struct cli_result result;
	struct cli cli;
	const char *path;
	char says[256];

	(void)state;
	cli_begin(&cli);
	path = cli_write(&cli, "other.json", "{\"backburn\": 1}");
	snprintf(says, sizeof(says),
		"backburn: %s: is neither a plan that `backburn plan --json` wrote nor a run's "
		"directory\n",
		path);
	cli_run((const char *[]){"plan", cli_file("tests/e2e/files/silent.json"), "--on",
			cli_file("tests/e2e/files/pair-env.json"), "--runs", cli.runs, "--diff",
			path, NULL},
		&result);
	assert_int_equal(result.code, 65);
	assert_string_equal(result.err, says);
	assert_string_equal(result.out, "");
	cli_result_free(&result);
	cli_run((const char *[]){"plan", cli_file("tests/e2e/files/silent.json"), "--fail-if-grew",
			NULL},
		&result);
	assert_int_equal(result.code, 64);
	assert_non_null(strstr(result.err, "--fail-if-grew: since when? (--diff EARLIER)"));
	cli_result_free(&result);
	cli_end(&cli);
}

static bool has_ss(void)
{
	struct cli_result result;
	bool has;

	cli_run_program((const char *[]){"ss", "-V", NULL}, &result);
	has = result.code == 0;
	cli_result_free(&result);
	return has;
}

static void a_plan_foretells_what_is_there(void **state)
{
	struct cli_result result;
	char lab[160], environment[160];
	struct cli cli;

	(void)state;
	if (!has_ss())
		skip();
	cli_begin(&cli);
	snprintf(environment, sizeof(environment), "%s", cli_lab_as(&cli, "etcd", FORETOLD));
	snprintf(lab, sizeof(lab), "%s/" FORETOLD ".json", cli.dir);
	cli_run((const char *[]){"lab", "up", lab, NULL}, &result);
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
	predicted_connections_are_those_of_the_namespaces(&cli, environment);
	a_plan_draws_its_links(&cli, environment);
	what_exceeds_its_limits_is_refused(&cli, environment);
	a_plan_is_compared_with_an_earlier_one(&cli, environment);
	cli_run((const char *[]){"lab", "down", FORETOLD, NULL}, &result);
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
	cli_end(&cli);
}

static int down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){"etcd", "pair", FORETOLD, NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_plan_touches_nothing),
		cmocka_unit_test(test_a_plan_that_would_be_refused_says_so),
		cmocka_unit_test(what_is_no_earlier_plan_is_refused_before_anything),
		cmocka_unit_test(a_plan_foretells_what_is_there),
		cmocka_unit_test(test_predicted_and_counted_pairs_agree),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, down);
}
