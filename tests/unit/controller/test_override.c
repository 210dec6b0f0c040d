/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/files/override.h"
#include "controller/plan/check.h"
#include "given.h"

/* --set PATH=JSON: what it changes, and what is said of a wrong one. */

static char *scenario_file(void)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/leader-cut.json", GIVEN_FILES) > 0);
	return path;
}

/* As `run` does it: loaded, checked, and told where the mistake is. */
static int load(
	const struct param_value *sets, size_t count, struct scenario *out, struct fail *fail)
{
	const struct param_values values = {.sets = sets, .set_count = count};
	struct sources sources = {0};
	char *path = scenario_file();
	int outcome = scenario_load(out, &sources, path, &values, fail);

	if (outcome == 0 && scenario_check(out, given_kept_catalogue(), fail) < 0) {
		sources_explain(&sources, fail);
		scenario_deinit(out);
		outcome = -1;
	}
	sources_deinit(&sources);
	free(path);
	return outcome;
}

static void values_take_their_places(void **state)
{
	static const struct param_value sets[] = {
		{"seed", "9"},
		{"phases[0].for", "\"40s\""},
		{"phases[4]", "{\"id\":\"more\",\"for\":\"1s\"}"},
		{"guardrails.limits.lease", "\"2s\""},
		{"probes[\"put\"].rate", "60"},
		{"params.cut_for.default", "\"12s\""},
		{"seed", "11"},
	};
	struct scenario scenario;
	struct fail fail = FAIL_INIT;

	(void)state;
	if (load(sets, sizeof(sets) / sizeof(sets[0]), &scenario, &fail) < 0)
		fail_msg("%s", fail.text);
	assert_int_equal(scenario.seed, 11);
	assert_int_equal(LIST_AT(scenario.phases, struct phase_spec, 0)->for_ns, SECONDS(40));
	/* Before parameters: one that is put in counts, and values may be one. */
	assert_int_equal(LIST_AT(scenario.phases, struct phase_spec, 1)->for_ns, SECONDS(12));
	assert_int_equal(scenario.phases.count, 5);
	assert_int_equal(scenario.guardrails->limits->lease_ns, SECONDS(2));
	assert_true(scenario_probe(&scenario, "put")->rate == 60);
	/* What ran is what the journal keeps. */
	assert_int_equal(json_number(scenario.merged, "seed", 0), 11);
	scenario_deinit(&scenario);
}

static void mistakes_are_the_command_lines(void **state)
{
	static const struct {
		struct param_value set;
		const char *says;
	} mistakes[] = {
		{{"phases[1].for", "\"x\""},
			"--set phases[1].for: \"x\" is not a duration: a number and one of ns, us, "
			"ms, s, m, h, d"},
		{{"phases[1].faults[0]",
			 "{\"id\":\"cut-leader\",\"fault\":\"partitoin\",\"on\":{"
			 "\"nodes\":\"n1\"}}"},
			"--set phases[1].faults[0]: phases[1].faults[0].fault: no fault named "
			"\"partitoin\" (did you mean \"partition\"?)"},
		{{"guardrails.limits.nods", "1"},
			"--set guardrails.limits.nods: unknown key \"nods\" in limits (did you "
			"mean "
			"\"nodes\"?)"},
		{{"invariants[0].holds.slo", "\"avial\""},
			"--set invariants[0].holds.slo: no SLO named \"avial\" (did you mean "
			"\"avail\"?)"},
		{{"seed", "abc"}, "--set seed: abc is not JSON (a string stands in double quotes)"},
		{{"phases[9].for", "\"1s\""}, "--set phases[9].for: there is no phases[9]"},
		{{"phases[6]", "{}"}, "--set phases[6]: there is no such place"},
		{{"seed.more", "1"}, "--set seed.more: there is no such place"},
		{{"phases[x]", "1"}, "--set phases[x]: not a path like phases[1].faults[0].for"},
		{{"phases..for", "1"},
			"--set phases..for: not a path like phases[1].faults[0].for"},
		{{"use", "[]"},
			"--set use: \"use\" has been read by then; it can only stand in the file"},
		{{"backburn", "2"},
			"--set backburn: \"backburn\" has been read by then; it can only stand in "
			"the file"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct scenario scenario;
		struct fail fail = FAIL_INIT;

		assert_int_equal(load(&mistakes[i].set, 1, &scenario, &fail), -1);
		assert_string_equal(fail.text, mistakes[i].says);
		assert_int_equal(fail.kind, FAIL_USAGE);
	}
}

/* What else is wrong still stands in the file. */
static void other_mistakes_are_the_files(void **state)
{
	static const struct param_value set = {"guardrails.limits.fault", "\"1s\""};
	struct scenario scenario;
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_int_equal(load(&set, 1, &scenario, &fail), -1);
	assert_int_equal(fail.kind, FAIL_BAD_FILE);
	assert_non_null(strstr(fail.text, "leader-cut.json:"));
	assert_non_null(
		strstr(fail.text, "longer than its own limit guardrails.limits.fault of 1s"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_take_their_places),
		cmocka_unit_test(mistakes_are_the_command_lines),
		cmocka_unit_test(other_mistakes_are_the_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
