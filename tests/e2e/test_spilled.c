/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/e2e/cli.h"
#include "tests/e2e/host_state.h"
#include "tests/planting.h"
#include "tests/programs.h"

/*
 * A defect is planted in the injectors of a real run: they treat the client as what they were told
 * to cut. The run must stop, say whom it hit, and leave nothing.
 */
#define LAB "spilled"

static const char *address_of(const cJSON *journal, const char *node)
{
	const cJSON *event = cli_event(journal, "node", "node", node);

	assert_non_null(event);
	return cJSON_GetStringValue(cJSON_GetArrayItem(cJSON_GetObjectItem(event, "addresses"), 0));
}

/* True when the process is an injector, or whatever else holds a matcher, and knew one of these. */
static bool plant_in(pid_t pid, const cJSON *journal)
{
	static const char *const members[] = {"n1", "n2", "n3"};
	bool planted = false;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		planted |= plant_spill(
			pid, address_of(journal, members[i]), address_of(journal, "client"));
	return planted;
}

/* Those of this run alone: other tests may hold matchers with the same addresses in them. */
static bool is_descendant(pid_t pid, pid_t of)
{
	while (pid > 1 && pid != of) {
		char path[64], line[512];
		const char *behind;
		FILE *stat;

		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		stat = fopen(path, "r");
		pid = 0;
		if (!stat)
			return false;
		if (fgets(line, sizeof(line), stat) && (behind = strrchr(line, ')')) &&
			sscanf(behind + 1, " %*c %d", &pid) != 1)
			pid = 0;
		fclose(stat);
	}
	return pid == of;
}

static int plant_everywhere(pid_t controller, const cJSON *journal)
{
	DIR *processes = opendir("/proc");
	const struct dirent *entry;
	int planted = 0;

	assert_non_null(processes);
	while ((entry = readdir(processes))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (isdigit((unsigned char)*entry->d_name) && is_descendant(pid, controller))
			planted += plant_in(pid, journal);
	}
	closedir(processes);
	return planted;
}

static void assert_told(const struct cli_result *result, const cJSON *summary)
{
	const cJSON *spill = cli_first(summary, "spill");

	if (result->code != 3 || !strstr(result->out, "hit client ("))
		fail_msg("exit %d\n%s\n%s", result->code, result->err, result->out);
	assert_string_equal(cli_text(summary, "verdict"), "STOPPED");
	assert_string_equal(cli_text(summary, "stopped_by"), "guardrail");
	assert_non_null(strstr(cli_text(summary, "reason"), "which it does not name"));
	assert_string_equal(cli_text(spill, "node"), "client");
	assert_string_equal(cli_text(spill, "fault"), "cut-leader");
	assert_true(cli_number(spill, "packets") >= 1);
	assert_true(cli_number(spill, "connections") >= 1);
	assert_int_equal(cli_confirmed(summary), 4 + 1); /* the nodes, and the lab's services */
}

static void what_hits_the_client_stops_the_run(void **state)
{
	char *before = host_state(LAB), *programs = programs_list();
	struct cli_process process;
	struct cli_result result;
	cJSON *journal, *summary;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	cli_start((const char *[]){"run", cli_file("scenarios/etcd-leader-cut.json"), "--on",
			  cli_lab_as(&cli, "etcd", LAB), "--runs", cli.runs, NULL},
		&process);
	journal = cli_await_event(&cli, "phase_started", "phase", "cut", 180);
	assert_true(plant_everywhere(process.pid, journal) >= 2);
	cJSON_Delete(journal);
	cli_wait(&process, 180, &result);
	summary = cli_summary(&cli);
	assert_told(&result, summary);
	cJSON_Delete(summary);
	cli_result_free(&result);
	cli_end(&cli);
	assert_no_new_programs(programs);
	assert_host_state(LAB, before);
}

static int labs_down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){LAB, NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_hits_the_client_stops_the_run),
	};
	int unavailable = cli_unavailable();

	return unavailable ? unavailable : cmocka_run_group_tests(tests, NULL, labs_down);
}
