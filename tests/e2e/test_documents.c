/* SPDX-License-Identifier: Apache-2.0 */
#include <ftw.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/cli.h"
#include "tests/e2e/host_state.h"
#include "tests/programs.h"

/*
 * Every command that README.md or a page under docs/ shows has a row here: it is run below, in the
 * rows' order, or by another test, which is named. A command without a row fails, and so does a row
 * that no document shows any more.
 */
enum how {
	RUN,       /* here */
	ON_RUNNER, /* here, on the machine "runner" of the lab "two" */
	ELSEWHERE, /* `where` is a test's source that holds `marker` */
};

struct rule {
	const char *command; /* as it is shown, without its remark */
	enum how how;
	int code;
	const char *as; /* what is run in its place, where a name stands for something */
	const char *where, *marker;
};

#define BY(file, text) .how = ELSEWHERE, .where = file, .marker = text

static const struct rule rules[] = {
	/* The first own scenario. */
	{"export PATH=$PWD/build/release/bin:$PATH",
		BY("tests/e2e/test_documents.c", "setenv(\"PATH\"")},
	{"backburn init --lab scenarios/labs/etcd.json first", .how = RUN},
	{"backburn validate first.json", .how = RUN},
	{"backburn plan first.json", .how = RUN},
	{"backburn run first.json", BY("tests/e2e/test_init_run.c", "\"run\"")},
	{"jsonschema -i first.json schema/scenario.v1.json", .how = RUN},

	/* The cluster alone, and what is asked of it. */
	{"backburn lab up scenarios/labs/etcd.json", .how = RUN},
	{"backburn lab exec etcd n1 -- etcdctl --endpoints=http://10.77.0.2:2379 member list",
		.how = RUN},
	{"backburn doctor --on scenarios/env/lab-etcd.json", .how = RUN},
	{"backburn plan scenarios/etcd-leader-killed.json", .how = RUN},
	{"backburn plan scenarios/etcd-follower-crash-loop.json", .how = RUN},
	{"backburn plan scenarios/etcd-follower-cut.json", .how = RUN},
	{"backburn plan scenarios/etcd-slow-zone.json", .how = RUN},
	{"backburn plan scenarios/etcd-follower-loss.json", .how = RUN},
	{"backburn plan scenarios/etcd-follower-duplicate.json", .how = RUN},
	{"backburn plan scenarios/etcd-follower-corrupt.json", .how = RUN},
	{"backburn plan scenarios/etcd-follower-mtu.json", .how = RUN},
	{"backburn plan scenarios/etcd-follower-reorder.json", .how = RUN},
	{"backburn plan scenarios/etcd-follower-rate.json", .how = RUN},
	{"backburn plan scenarios/etcd-bridge.json", .how = RUN},
	{"backburn plan scenarios/etcd-leader-cut.json",
		BY("tests/e2e/test_plan_command.c", "etcd-leader-cut.json")},
	{"backburn plan scenarios/etcd-leader-cut.json --json > earlier.json",
		BY("tests/e2e/test_plan_command.c", "earlier.json")},
	{"backburn plan scenarios/etcd-leader-cut.json --diff earlier.json --fail-if-grew",
		BY("tests/e2e/test_plan_command.c", "\"--fail-if-grew\"")},
	{"backburn heal --on scenarios/env/lab-etcd.json", .how = RUN},
	{"backburn run scenarios/etcd-follower-cut.json", .how = RUN},
	{"backburn lab down etcd", .how = RUN},
	{"backburn run scenarios/etcd-leader-cut.json",
		BY("tests/e2e/test_verdicts.c", "etcd-leader-cut.json")},
	{"backburn run scenarios/etcd-leader-killed.json",
		BY("tests/e2e/test_leader_killed.c", "etcd-leader-killed.json")},
	{"backburn run scenarios/etcd-leader-killed-at-sync.json",
		BY("tests/e2e/test_leader_killed.c", "etcd-leader-killed-at-sync.json")},
	{"backburn plan scenarios/etcd-leader-killed-at-sync.json", .how = RUN},
	{"backburn run scenarios/etcd-follower-crash-loop.json",
		BY("tests/e2e/test_leader_killed.c", "etcd-follower-crash-loop.json")},
	{"backburn run scenarios/etcd-leader-paused.json",
		BY("tests/e2e/test_leader_killed.c", "etcd-leader-paused.json")},
	{"backburn plan scenarios/etcd-leader-paused.json", .how = RUN},
	{"backburn run scenarios/etcd-member-skewed.json",
		BY("tests/e2e/test_leader_killed.c", "etcd-member-skewed.json")},
	{"backburn plan scenarios/etcd-member-skewed.json", .how = RUN},
	{"backburn validate scenarios/etcd-host-clock-stepped.json", .how = RUN},
	/* A lab's nodes have no clock of their own. */
	{"backburn plan scenarios/etcd-host-clock-stepped.json", .how = RUN, .code = 4},
	{"backburn run scenarios/etcd-majority-lost.json",
		BY("tests/e2e/test_verdicts.c", "etcd-majority-lost.json")},
	{"backburn run scenarios/etcd-majority-lost-claim.json",
		BY("tests/e2e/test_verdicts.c", "etcd-majority-lost-claim.json")},
	{"backburn run scenarios/etcd-slow-zone.json",
		BY("tests/e2e/test_network_scenarios.c", "etcd-slow-zone.json")},
	{"backburn run scenarios/etcd-follower-loss.json",
		BY("tests/e2e/test_network_scenarios.c", "etcd-follower-loss.json")},
	{"backburn run scenarios/etcd-follower-duplicate.json",
		BY("tests/e2e/test_network_scenarios.c", "etcd-follower-duplicate.json")},
	{"backburn run scenarios/etcd-follower-corrupt.json",
		BY("tests/e2e/test_network_scenarios.c", "etcd-follower-corrupt.json")},
	{"backburn run scenarios/etcd-follower-mtu.json",
		BY("tests/e2e/test_network_scenarios.c", "etcd-follower-mtu.json")},
	{"backburn run scenarios/etcd-follower-reorder.json",
		BY("tests/e2e/test_network_scenarios.c", "etcd-follower-reorder.json")},
	{"backburn run scenarios/etcd-follower-rate.json",
		BY("tests/e2e/test_network_scenarios.c", "etcd-follower-rate.json")},
	{"backburn run scenarios/etcd-bridge.json",
		BY("tests/e2e/test_network_scenarios.c", "etcd-bridge.json")},
	{"backburn plan scenarios/redis/redis-primary-killed.json",
		BY("tests/e2e/test_redis.c", "redis-primary-killed.json")},
	{"backburn run scenarios/redis/redis-primary-killed.json",
		BY("tests/e2e/test_redis.c", "redis-primary-killed.json")},
	{"backburn plan scenarios/redis/redis-primary-paused.json",
		BY("tests/e2e/test_redis.c", "redis-primary-paused.json")},
	{"backburn run scenarios/redis/redis-primary-paused.json",
		BY("tests/e2e/test_redis.c", "redis-primary-paused.json")},
	{"backburn plan scenarios/redis/redis-primary-cut.json",
		BY("tests/e2e/test_redis.c", "redis-primary-cut.json")},
	{"backburn run scenarios/redis/redis-primary-cut.json",
		BY("tests/e2e/test_redis.c", "redis-primary-cut.json")},
	{"backburn plan scenarios/web/web-one-cut.json", .how = RUN},
	{"backburn plan scenarios/monitored/web-page-fires.json",
		BY("tests/e2e/test_monitored.c", "web-page-fires.json")},
	{"backburn run scenarios/monitored/web-page-fires.json",
		BY("tests/e2e/test_monitored.c", "web-page-fires.json")},
	{"backburn plan scenarios/web/web-one-slow.json", .how = RUN},
	{"backburn run scenarios/web/web-one-slow.json",
		BY("tests/e2e/test_web.c", "web-one-slow.json")},
	{"backburn run scenarios/web/web-one-cut.json",
		BY("tests/e2e/test_web.c", "web-one-cut.json")},
	{"backburn run scenarios/etcd-follower-cut.json --param rejoin_within=500ms",
		BY("tests/e2e/test_second_outage.c", "rejoin_on(\"etcd\"")},
	{"backburn run scenarios/etcd-follower-cut.json --param rejoin_within=500ms --on "
	 "scenarios/prevote/lab-etcd-prevote.json",
		BY("tests/e2e/test_second_outage.c", "rejoin_on(\"etcd-prevote\"")},

	/* Its report. RUN is the run above. */
	{"backburn report backburn-runs/RUN", .how = RUN},
	{"backburn report backburn-runs/20261122-101454-etcd-leader-cut", .how = RUN,
		.as = "backburn report backburn-runs/RUN"},
	{"backburn report journal.ndjson --out report/", .how = RUN,
		.as = "backburn report backburn-runs/RUN/journal.ndjson --out report/"},
	{"backburn runs --index", .how = RUN},
	{"backburn report RUN --single-file", .how = RUN,
		.as = "backburn report backburn-runs/RUN --single-file"},
	{"backburn report --compare RUN RUN2", .how = RUN,
		.as = "backburn report --compare backburn-runs/RUN backburn-runs/RUN"},
	{"backburn report RUN --github", .how = RUN,
		.as = "backburn report backburn-runs/RUN --github"},
	{"backburn heal --run backburn-runs/RUN", .how = RUN},
	{"backburn faults partition", .how = RUN},

	/* The emergency stop. */
	{"backburn halt --on ENVIRONMENT --because \"checkout is down\"",
		BY("tests/e2e/test_halt.c", "\"--because\"")},
	{"backburn halt --on ENVIRONMENT --status", BY("tests/e2e/test_halt.c", "\"--status\"")},
	{"backburn halt --on ENVIRONMENT --release", BY("tests/e2e/test_halt.c", "\"--release\"")},

	/* Two machines over ssh. */
	{"backburn init --host chaos@db1.example --host chaos@db2.example --url "
	 "'http://{node.addr}:8080/health' second",
		.how = RUN},
	{"backburn push --on env/second.json", BY("tests/e2e/test_push.c", "\"push\"")},
	{"backburn doctor --on env/second.json", .how = ON_RUNNER},
	{"backburn plan second.json --on env/second.json", .how = ON_RUNNER},
	{"backburn run second.json --on env/second.json", .how = ON_RUNNER},

	/* Whoever runs this has just run these, or is run by them. */
	{"sudo tools/demo", BY("tools/demo", "backburn run scenarios/etcd-leader-cut.json")},
	{"sudo tools/test", BY("tools/test", "run_ring dev e2e")},
	{"tools/test", BY("tools/test", "run_ring dev e2e")},
	{"tools/test --quick", BY("tools/test", "--quick")},
	{"tools/check", BY("tools/test", "tools/check")},
	/* More of what the ring chaos does; and that each mutation still is one. */
	{"tools/chaos --runs 200 --workers 2",
		BY("tests/chaos/CMakeLists.txt", "backburn-chaos --runs 10")},
	{"tools/chaos --seed 75 --runs 1",
		BY("tests/chaos/CMakeLists.txt", "backburn-chaos --runs 10")},
	{"tools/chaos --mutants", BY("tests/chaos/CMakeLists.txt", "apply --check")},
	{"build/dev/bin/backburn validate scenarios/etcd-leader-cut.json", .how = RUN,
		.as = "backburn validate scenarios/etcd-leader-cut.json"},
	{"build/dev/bin/backburn faults partition", .how = RUN, .as = "backburn faults partition"},
};

enum {
	RULES = sizeof(rules) / sizeof(rules[0]),
	LINE_MAX_BYTES = 1024
};

static bool shown[RULES];

/* --- what the documents show ----------------------------------------------------------- */

static bool is_command(const char *text)
{
	static const char *const heads[] = {"backburn ", "sudo ", "export ", "jsonschema ",
		"tools/", "build/", "cmake ", "ctest ", NULL};

	for (size_t i = 0; heads[i]; i++)
		if (strncmp(text, heads[i], strlen(heads[i])) == 0)
			return true;
	return false;
}

static void see_command(const char *document, char *text)
{
	char *remark = strstr(text, " #");
	size_t length;

	if (remark)
		*remark = '\0';
	for (length = strlen(text); length && text[length - 1] == ' '; length--)
		text[length - 1] = '\0';
	for (size_t i = 0; i < RULES; i++)
		if (strcmp(rules[i].command, text) == 0) {
			shown[i] = true;
			return;
		}
	fail_msg("%s shows a command that no test runs: %s", document, text);
}

static void read_document(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[LINE_MAX_BYTES];
	bool fenced = false;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		char *text = line + strspn(line, " ");

		line[strcspn(line, "\n")] = '\0';
		if (strncmp(text, "```", 3) == 0)
			fenced = !fenced;
		else if ((fenced || text - line >= 4) && is_command(text))
			see_command(path, text);
	}
	fclose(file);
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	size_t length = strlen(path);

	(void)status;
	(void)walk;
	if (type == FTW_F && length > 3 && strcmp(path + length - 3, ".md") == 0)
		read_document(path);
	return 0;
}

static void test_each_command_has_a_row(void **state)
{
	(void)state;
	read_document(cli_file("README.md"));
	assert_int_equal(nftw(cli_file("docs"), visit, 16, FTW_PHYS), 0);
	for (size_t i = 0; i < RULES; i++)
		if (!shown[i])
			fail_msg("no document shows this any more: %s", rules[i].command);
}

static void test_what_others_run_is_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < RULES; i++) {
		char *text;

		if (rules[i].how != ELSEWHERE)
			continue;
		text = cli_read(cli_file(rules[i].where));
		if (!strstr(text, rules[i].marker))
			fail_msg("%s has no %s, so nobody runs: %s", rules[i].where,
				rules[i].marker, rules[i].command);
		free(text);
	}
}

/* --- running them ---------------------------------------------------------------------- */

static const char *only_run_here(void)
{
	static char path[256];
	glob_t matches;

	assert_int_equal(glob("backburn-runs/2*", 0, NULL, &matches), 0);
	snprintf(path, sizeof(path), "%s", matches.gl_pathv[0]);
	globfree(&matches);
	return path;
}

/* Split at blanks; what stands in single quotes has none here, so the quotes just go. */
static void split(char *text, const char **argv, size_t room)
{
	size_t count = 0;

	for (char *save = NULL, *word = strtok_r(text, " ", &save); word;
		word = strtok_r(NULL, " ", &save)) {
		size_t length = strlen(word);

		assert_true(count + 1 < room);
		if (word[0] == '\'' && length > 1 && word[length - 1] == '\'') {
			word[length - 1] = '\0';
			word++;
		}
		argv[count++] = word;
	}
	argv[count] = NULL;
}

/* RUN is the only run that there is, wherever the command has it. */
static void name_run(const char *command, char text[LINE_MAX_BYTES])
{
	static const char placeholder[] = "backburn-runs/RUN";
	size_t used = 0;

	while (*command) {
		const char *run = strstr(command, placeholder);
		size_t before = run ? (size_t)(run - command) : strlen(command);

		used += (size_t)snprintf(text + used, LINE_MAX_BYTES - used, "%.*s%s", (int)before,
			command, run ? only_run_here() : "");
		assert_true(used < LINE_MAX_BYTES);
		command += before + (run ? strlen(placeholder) : 0);
	}
}

static void run_rule(const struct rule *rule)
{
	static const char *const inside[] = {"nsenter", "--net=/run/netns/bb-two-runner", "--"};
	const char *argv[CLI_ARGS_MAX];
	char text[LINE_MAX_BYTES];
	struct cli_result result;
	size_t first = 0;

	for (; rule->how == ON_RUNNER && first < 3; first++)
		argv[first] = inside[first];
	name_run(rule->as ? rule->as : rule->command, text);
	print_message("$ %s\n", text);
	split(text, argv + first, CLI_ARGS_MAX - first);
	cli_run_program(argv, &result);
	if (result.code != rule->code)
		fail_msg("%s: exit %d, expected %d\n%s\n%s", rule->command, result.code, rule->code,
			result.out, result.err);
	cli_result_free(&result);
}

/* The page of etcd-follower-cut promises these words. */
static void assert_never_breached(void)
{
	char path[300], *text;

	snprintf(path, sizeof(path), "%s/report.txt", only_run_here());
	text = cli_replaced(path, "never breached; allowed 2s from the fault's start", "");
	free(text);
}

static void run_rules(enum how how)
{
	for (size_t i = 0; i < RULES; i++)
		if (rules[i].how == how)
			run_rule(&rules[i]);
}

static void lab(const char *verb, const char *what)
{
	struct cli_result result;

	cli_run((const char *[]){"lab", verb, what, NULL}, &result);
	if (result.code != 0)
		fail_msg("lab %s %s: exit %d\n%s", verb, what, result.code, result.err);
	cli_result_free(&result);
}

/* A place as a new user has it: the scenarios, the programs in the path, an empty folder. */
static void enter(struct cli *cli)
{
	const char *build = getenv("BACKBURN_BUILD"), *path = getenv("PATH");
	char *with_ours = NULL;

	assert_true(build && path);
	cli_begin(cli);
	assert_int_equal(chdir(cli->dir), 0);
	assert_int_equal(symlink(cli_file("scenarios"), "scenarios"), 0);
	/* tests/bin has a program called ssh. */
	assert_true(asprintf(&with_ours, "%s/bin:%s/tests/bin:%s", build, build, path) > 0);
	assert_int_equal(setenv("PATH", with_ours, 1), 0);
	free(with_ours);
}

static void test_each_command_does_what_it_says(void **state)
{
	char *before = host_state("etcd"), *two = host_state("two"), *programs = programs_list();
	struct cli cli;

	(void)state;
	enter(&cli);
	run_rules(RUN);
	assert_never_breached();
	lab("up", cli_file("tests/e2e/files/two-lab.json"));
	run_rules(ON_RUNNER);
	lab("down", "two");
	assert_int_equal(chdir("/"), 0);
	cli_end(&cli);
	assert_no_new_programs(programs);
	assert_host_state("two", two);
	assert_host_state("etcd", before);
}

static int down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){"etcd", "two", "web", NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_command_has_a_row),
		cmocka_unit_test(test_what_others_run_is_there),
		cmocka_unit_test(test_each_command_does_what_it_says),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, down);
}
